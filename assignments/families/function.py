"""A function or method: arguments in, results out, and the same in another form beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from assignments.compare import unpack
from assignments.families.exercise import Exercise
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student

__all__ = ["Function", "Method", "make"]


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
        off_by: numbers that an answer is wrong by where a mean or a sum is missing, by what they
            are, each a function of the arguments.
    """

    name: str
    twin: Callable[..., Any]
    inputs: Callable[..., Sequence[Any]] = as_given
    arguments: tuple[str, ...] = ("x",)
    outputs: tuple[str, ...] = ("out",)
    off_by: Mapping[str, Callable[..., float]] = field(default_factory=dict)

    def standin(self) -> Callable[..., Any]:
        """The function itself, by the twin, for somebody who comes without it."""
        return self.twin

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

    def factors(self, case: Any) -> dict[str, float]:
        return {_(what): number(*case) for what, number in self.off_by.items()}

    def look_at(self, student: Student, part: str) -> None:
        if len(self.outputs) > 1:
            student.narrow(self.outputs.index(part))


def make(student: Student, kind: str, **attributes: Any) -> Remote:
    """An object of the student's class, with these attributes."""
    made = student.call(kind, keep=True)
    for name, value in attributes.items():
        made.set(name, value)
    return made


@dataclass(frozen=True)
class Method(Function):
    """A method of an object that has attributes; its name is ``"Class.method"``.

    Attributes:
        attributes: how many of the arguments are attributes, which the call is to leave alone;
            they come first.
        make: makes the object, as :func:`make` does.
    """

    attributes: int = 1
    make: Callable[..., Remote] = make

    def call(self, student: Student, case: Any) -> tuple[Remote, Any]:
        kind, method = self.name.split(".")
        made = self.make(student, kind, **self.attributes_of(case))
        return made, getattr(made, method)(*case[self.attributes :])

    def attributes_of(self, case: Any) -> dict[str, Any]:
        """What the object has."""
        return dict(zip(self.arguments[: self.attributes], case, strict=False))

    def read(self, answer: tuple[Remote, Any], case: Any) -> dict[str, Any]:
        return super().read(answer[1], case)

    def watched(self, case: Any) -> dict[int | str, str]:
        return dict(enumerate(self.arguments[self.attributes :]))

    def assert_untouched(self, student: Student, case: Any, answer: tuple[Remote, Any]) -> None:
        super().assert_untouched(student, case, answer)
        for name, value in self.attributes_of(case).items():
            if not np.array_equal(answer[0].get(name), value):
                reason = _("the call changes self.{name} in place; work on a copy")
                raise CheckFailed(reason.format(name=name))
