"""Jobs for a fence that do what a submission might make the grader do."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec


class Said(msgspec.Struct, tag=True, frozen=True):
    text: str


class Other(msgspec.Struct, tag=True, frozen=True):
    number: int


@dataclass(frozen=True)
class Act:
    """Say something, then act in one of some ways, then say more."""

    way: str
    seconds: float = 600.0
    tells: ClassVar[Any] = Said

    def run(self, assignment, group) -> Iterator[msgspec.Struct]:
        yield Said(f"{assignment.name} in {os.getpid()}")
        match self.way:
            case "raise":
                raise OverflowError("an integer of a student's")
            case "exit":
                os._exit(3)
            case "spin":
                while True:
                    pass
            case "sleep":
                time.sleep(self.seconds)
            case "compute":
                end = time.process_time() + self.seconds
                while time.process_time() < end:
                    pass
            case "allocate":
                kept = bytearray(2**29)
                kept[::4096] = b"x" * len(kept[::4096])
                time.sleep(600)
            case "babble":
                yield Other(1)
            case "flood":
                for _ in range(1000):
                    yield Said("x" * 2**20)
        yield Said("done")
