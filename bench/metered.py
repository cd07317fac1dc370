"""A fence whose jobs say at their end how much processor time they used, sandboxes and all.

Not in the file of a benchmark: a job is imported where it runs, with whatever stands beside it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from autograder.course import Assignment
from autograder.fence import Account, Fence, Place
from autograder.grading import Settings
from autograder.sandbox.groups import Group
from autograder.sandbox.tree import Tree
from autograder.template import Job

__all__ = ["MeteredFence", "Used"]


class Used(msgspec.Struct, tag=True, frozen=True):
    """Processor seconds of a job and of all that it started."""

    seconds: float


@dataclass(frozen=True)
class Metered:
    """A job that tells at its end what it used."""

    job: Job

    @property
    def tells(self) -> Any:
        return self.job.tells | Used

    def run(self, assignment: Assignment, group: Group | None) -> Iterator[msgspec.Struct]:
        meter, used = group or Tree(os.getpid(), 0), 0.0
        for event in self.job.run(assignment, group):
            # Without a group of the kernel's, what a sandbox used is gone when that has ended.
            used = max(used, meter.cpu())
            yield event
        yield Used(max(used, meter.cpu()))


class MeteredFence(Fence):
    """A fence that notes what each job used.

    Args:
        used: gets the job and its processor seconds when it is done. A job that was stopped is
            not noted.
    """

    def __init__(
        self, used: list[tuple[Any, float]], assignment: Assignment, settings: Settings
    ) -> None:
        super().__init__(assignment, settings)
        self._used = used

    def run(self, job: Job, account: Account, place: Place | None = None) -> Iterator:
        metered: Any = Metered(job)
        for told in super().run(metered, account, place):
            if isinstance(told, Used):
                self._used.append((job, told.seconds))
            else:
                yield told
