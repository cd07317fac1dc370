"""A function: arguments in, one result or several out, and the same by another form beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assignments.compare import unpack
from assignments.families.exercise import Exercise
from assignments.student import Student

__all__ = ["Function"]


def as_given(rng: np.random.Generator, *arguments: Any) -> Sequence[Any]:
    """Arguments that are given, not drawn."""
    return arguments


@dataclass(frozen=True)
class Function(Exercise):
    """A function ``name(*arguments) -> result``, or a tuple of results.

    Attributes:
        twin: the same in another form, from NumPy, SciPy or PyTorch.
        inputs: draws the arguments; without it, a size is all of them.
        outputs: the names of the results.
    """

    name: str
    twin: Callable[..., Any]
    inputs: Callable[..., Sequence[Any]] = as_given
    arguments: tuple[str, ...] = ("x",)
    outputs: tuple[str, ...] = ("out",)

    def call(self, student: Student, case: Any) -> Any:
        return student.call(self.name, *case)

    def read(self, answer: Any, case: Any) -> dict[str, Any]:
        several = len(self.outputs) > 1
        found = unpack(answer, self.name, self.outputs) if several else [answer]
        return dict(zip(self.outputs, found, strict=True))

    def right(self, case: Any) -> dict[str, Any]:
        found = self.twin(*case)
        several = found if len(self.outputs) > 1 else (found,)
        return dict(zip(self.outputs, several, strict=True))

    def look_at(self, student: Student, part: str) -> None:
        if len(self.outputs) > 1:
            student.narrow(self.outputs.index(part))
