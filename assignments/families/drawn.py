"""A function that draws at random: no answer is the right one, but each tells what was drawn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from assignments.compare import to_array, unpack
from assignments.families.exercise import Exercise
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student

__all__ = ["Draw", "Drawn", "check_mean", "check_share"]

#: How far a mean may be from what is expected, in standard deviations.
SIGMAS = 6.0


class Draw(NamedTuple):
    """What goes in, and the seed of the generator that goes in last."""

    arguments: Sequence[Any]
    seed: int


@dataclass(frozen=True)
class Drawn(Exercise):
    """A function ``name(*arguments, rng)`` that draws from a NumPy generator, in any order.

    Attributes:
        outputs: the names of the results. Each is made of the argument at its place.
    """

    name: str

    outputs: ClassVar[tuple[str, ...]] = ("out",)

    def inputs(self, rng: np.random.Generator, *arguments: Any) -> Sequence[Any]:  # type: ignore[override]
        """The arguments themselves, where nothing else is said."""
        return arguments

    def drawn(self, *results_and_arguments: Any) -> dict[str, Any]:
        """What was drawn, as arrays by name, read from the results of a call.

        Raises:
            CheckFailed: the function cannot have drawn that.
        """
        raise NotImplementedError

    def draw(self, rng: np.random.Generator, size: Any) -> Draw:
        return Draw(super().draw(rng, size), int(rng.integers(2**31)))

    def generator(self, student: Student, case: Draw) -> Remote:
        """The generator, made on the student's side."""
        return student.make("numpy.random.default_rng", case.seed)

    def call(self, student: Student, case: Draw) -> Any:
        return student.call(self.name, *case.arguments, self.generator(student, case))

    def parts(self, answer: Any) -> list[Any]:
        """The results of a call."""
        several = len(self.outputs) > 1
        return unpack(answer, self.name, self.outputs) if several else [answer]

    def read(self, answer: Any, case: Draw) -> dict[str, Any]:
        return self.drawn(*self.parts(answer), *case.arguments)

    def right(self, case: Draw) -> dict[str, Any]:
        return {}

    def note(self, case: Draw) -> str:
        return ""

    def several(
        self, student: Student, case: Draw, times: int, rng: Remote | None = None
    ) -> dict[str, np.ndarray]:
        """What is drawn by calls one after the other: (times, ...) each."""
        rng = rng or self.generator(student, case)
        answers = student.batch([(self.name, *case.arguments, rng)] * times)
        drawn = [self.read(answer, case) for answer in answers]
        return {name: np.stack([one[name] for one in drawn]) for name in drawn[0]}

    def check_chance(self, student: Student, case: Draw) -> None:
        """Does all chance come from the generator that is passed?"""
        rng = self.generator(student, case)
        first, second = (self.several(student, case, 6, rng) for _time in range(2))
        again = self.several(student, case, 6)
        if any(np.array_equal(first[name], second[name]) for name in first):
            raise CheckFailed(
                _("calling it twice with the same rng draws the same twice"),
                _("chance is to come from rng alone, not from a generator of its own or np.random"),
            )
        if not all(np.array_equal(first[name], again[name]) for name in first):
            raise CheckFailed(
                _("equal generators give different results"),
                _("chance is to come from rng alone, not from np.random"),
            )

    def check_kept(self, student: Student, case: Draw) -> None:
        """Are arguments left alone, and has each result the dtype of what it is made of?"""
        answer = self.call(student, case)
        self.assert_untouched(student, case, answer)
        for name, result, given in zip(
            self.outputs, self.parts(answer), case.arguments, strict=False
        ):
            got = to_array(result, name).dtype
            if got != given.dtype:
                reason = _("{what} has dtype {got}, where {want} went in")
                raise CheckFailed(
                    reason.format(what=name, got=got, want=given.dtype),
                    _("a NumPy float64 number, or np.empty(shape), makes all of it float64")
                    if got == np.float64
                    else "",
                )
        self.read(answer, case)


def check_mean(values: np.ndarray, mean: float, spread: float, reason: str) -> None:
    """Is the mean of random numbers that scatter so as close to what is expected as chance allows?

    Raises:
        CheckFailed: it is not, with this reason.
    """
    number = np.size(values)
    if abs(np.sum(values) - number * mean) > SIGMAS * spread * math.sqrt(number):
        raise CheckFailed(reason)


def check_share(happened: np.ndarray, share: float, reason: str) -> None:
    """Did something with this probability happen as often as chance allows?

    Raises:
        CheckFailed: it did not, with this reason.
    """
    check_mean(happened, share, math.sqrt(share * (1 - share)), reason)
