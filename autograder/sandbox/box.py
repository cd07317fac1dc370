"""A sandbox, and the wire through which checks talk to the notebook in it."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from assignments.messages import _
from assignments.values import TooLarge
from autograder.sandbox.backend import Backend, Meter, Opened
from autograder.sandbox.groups import Group
from autograder.sandbox.limits import Breach, Limits, MachineFault
from autograder.sandbox.protected import Protected
from autograder.sandbox.unprotected import Unprotected
from autograder.sandbox.wire import Connection, Malformed

__all__ = ["PROTECTIONS", "Sandbox", "Wire"]

#: What ``--sandbox`` may say.
PROTECTIONS = ("bubblewrap", "none")


class Sandbox:
    """Runs one notebook at a time, and nothing of it is left for the next.

    Use it as a context manager, in a thread that outlives it: the kernel ends a sandbox with the
    thread that started it.

    Args:
        packages: distributions to mount.
        limits: what student code may use.
        protection: ``"bubblewrap"``, or ``"none"`` for one's own code on one's own machine.
        group: the control group under which it makes its own; None to make one where that can be
            done, False to do without.
        preload: modules to import once for all notebooks; NumPy, and torch where it is mounted, if
            not given.
    """

    def __init__(
        self,
        packages: Iterable[str] = ("numpy",),
        limits: Limits | None = None,
        protection: str = "bubblewrap",
        group: Group | bool | None = None,
        preload: Iterable[str] | None = None,
    ) -> None:
        self.packages = set(packages)
        self.limits = (limits or Limits()).for_packages(self.packages)
        self.protection = protection
        if preload is None:
            preload = {"numpy", "torch"} & {"numpy", *self.packages}
        self._backend: Backend = (
            Unprotected(preload, self.limits)
            if protection == "none"
            else Protected(self.packages, preload, self.limits, group)
        )
        self._wire: Wire | None = None

    def __enter__(self) -> "Sandbox":
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            SandboxUnavailable: it does not start; the message says why.
        """
        self.kill()
        self._backend.start()

    def open(self) -> "Wire":
        """A new process for a notebook, and the wire to it; the wire before, if any, is closed.

        Raises:
            SandboxUnavailable: it does not start; the message says why.
        """
        self._hang_up()
        opened = self._backend.open()
        assert self.meter is not None
        self._wire = Wire(self, opened, self.meter)
        return self._wire

    def restart(self) -> None:
        """End it with all that runs in it, and start a new one."""
        self.start()

    def kill(self) -> None:
        """End it at once; nothing inside survives."""
        self._hang_up()
        self._backend.kill()

    def close(self, wire: "Wire") -> None:
        """End what runs at the other end of a wire, and what it left behind."""
        if wire is self._wire:
            self._hang_up()
            self._backend.close()

    def _hang_up(self) -> None:
        if self._wire is not None:
            self._wire.hang_up()
            self._wire = None

    @property
    def meter(self) -> Meter | None:
        """Counts what all processes inside use; None while there are none."""
        return self._backend.meter

    def usage(self) -> tuple[float, int]:
        """Processor seconds used so far by all processes inside, and bytes of memory in use now."""
        return (0.0, 0) if self.meter is None else (self.meter.cpu(), self.meter.memory())


class Wire:
    """A transport (see :mod:`assignments.student`) into a sandbox, under limits.

    The limits count from the last :meth:`rest`, which the grader calls before each question. Every
    request has a number, which its reply carries; so have calls out of the sandbox.
    """

    def __init__(self, sandbox: Sandbox, opened: Opened, meter: Meter) -> None:
        self.sandbox = sandbox
        self.limits = sandbox.limits
        self._meter = meter
        self._pid = opened.pid
        self._connection = Connection(opened.sock, self._watch)
        self._requests = 0
        self._answers = 0
        self.rest()

    def rest(self, cpu: float | None = None, wall: float | None = None) -> None:
        """Begin a new question: all counts start at zero.

        Args:
            cpu: processor seconds that this question may use, if not the usual.
            wall: seconds that it may keep us waiting, if not the usual.
        """
        self._cpu_limit = self.limits.cpu if cpu is None else cpu
        self._wall_limit = self.limits.wall if wall is None else wall
        self._cpu_before = self._meter.cpu()
        self._delay_before = self._delay()
        self._waited = 0.0
        self._asked: float | None = None
        self._calls_out = 0

    def spent(self) -> tuple[float, float]:
        """Processor seconds since the last rest, and seconds of waiting that count."""
        waited = self._waiting()
        delay = max(self._delay() - self._delay_before, 0.0)
        return max(self._meter.cpu() - self._cpu_before, 0.0), max(waited - delay, 0.0)

    def __call__(self, message: dict, answer: Callable[[dict], dict]) -> dict:
        """Send a message and bring the reply; answer served functions meanwhile.

        After any exception but TooLarge the wire is closed.

        Raises:
            Breach: the student's code went beyond a limit, ended or sent what is no answer.
            MachineFault: ours failed meanwhile.
            TooLarge: the message may not cross; nothing was sent.
        """
        self._asked = time.monotonic()
        try:
            self._send(self._requests + 1, message)
            self._requests += 1
            while True:
                number, reply = self._receive()
                if "call_out" not in reply:
                    if number != self._requests:
                        raise Breach("protocol")
                    return reply
                if number != self._answers + 1:
                    raise Breach("protocol")
                self._answer(number, reply["call_out"], answer)
        except (Breach, MachineFault):
            self.hang_up()
            raise
        except TooLarge:
            raise
        except Exception as error:
            self.hang_up()
            raise MachineFault(f"{type(error).__name__}: {error}") from error
        except BaseException:
            self.hang_up()
            raise
        finally:
            self._waited = self._waiting()
            self._asked = None

    def _send(self, number: int, message: dict) -> None:
        try:
            self._connection.send([number, message])
        except OSError:
            raise self._ended() from None

    def _receive(self) -> tuple[int, dict]:
        try:
            frame = self._connection.receive()
        except Malformed:
            raise Breach("protocol") from None
        except (EOFError, OSError):
            raise self._ended() from None
        if type(frame) is not list or [type(part) for part in frame] != [int, dict]:
            raise Breach("protocol")
        return frame[0], frame[1]

    def _ended(self) -> Breach:
        return Breach("memory" if self._meter.out_of_memory() else "exit")

    def _answer(self, number: int, request: Any, answer: Callable[[dict], dict]) -> None:
        """Answer a served function, whose arguments the student's code chose."""
        if type(request) is not dict:
            raise Breach("protocol")
        self._calls_out += 1
        if self._calls_out > self.limits.calls_out:
            raise Breach("calls")
        if self._connection.received_bytes > self.limits.served_bytes:
            reply = _error(_("the arguments are too large for a function of the course"))
        else:
            try:
                reply = answer(request)
            except TooLarge as error:
                reply = _error(str(error))
        try:
            self._send(number, reply)
        except TooLarge as error:
            self._send(number, _error(str(error)))
        self._answers = number

    def load(self, cells: list[dict[str, Any]], outline: dict[str, list[str]]) -> list[int]:
        """Hand over a notebook; returns the number of the cell of each step to run."""
        try:
            reply = self({"op": "load", "cells": cells, "outline": outline}, _refuse)
        except TooLarge:
            raise Breach("memory") from None
        numbers = reply.get("value")
        if type(numbers) is not list or not all(type(n) is int for n in numbers):
            raise Breach("protocol")
        return numbers

    def run(self, step: int) -> None:
        """Run one step of the notebook."""
        self({"op": "run", "step": step}, _refuse)

    def skip(self, step: int, reason: str) -> None:
        """Do not run a step; its names are missing for this reason."""
        self({"op": "skip", "step": step, "reason": reason}, _refuse)

    def close(self) -> None:
        """End the notebook's process, and what it left behind."""
        self.hang_up()
        self.sandbox.close(self)

    def hang_up(self) -> None:
        """Say and hear nothing more."""
        self._connection.close()

    def _watch(self) -> None:
        """Is a limit reached?"""
        try:
            if self._meter.cpu() - self._cpu_before > self._cpu_limit:
                raise Breach("cpu")
            if self._meter.out_of_memory():
                raise Breach("memory")
        except OSError as error:
            raise MachineFault(f"the sandbox's use cannot be read: {error}") from error
        waiting = self._waiting()
        if waiting > self._wall_limit and (
            waiting > self.limits.wall_hard or self.spent()[1] > self._wall_limit
        ):
            raise Breach("wall")

    def _waiting(self) -> float:
        """Seconds that we waited for replies since the last rest."""
        return self._waited + (0.0 if self._asked is None else time.monotonic() - self._asked)

    def _delay(self) -> float:
        """Seconds that the notebook's process and this one were kept from a core, so far."""
        return run_delay(str(self._pid)) + run_delay("thread-self")


def run_delay(process: str) -> float:
    """Seconds that the main thread of a process has waited for a core; 0 where Linux does not say.

    Args:
        process: its number, or ``"thread-self"`` for the thread that asks.
    """
    try:
        with open(f"/proc/{process}/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def _refuse(_request: dict) -> dict:
    return _error(_("nothing of other notebooks can be called while this one is loaded"))


def _error(text: str) -> dict:
    return {"error": {"type": "LookupError", "message": text, "cell": 0, "line": 0}}
