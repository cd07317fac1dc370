"""An exercise: what the student's code is asked, and the right answer beside it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Unpack

import numpy as np

from assignments.compare import Tolerance, assert_close, assert_unchanged
from assignments.messages import N_
from assignments.student import Student

__all__ = ["Exercise", "Parts", "as_arrays", "in_single_precision", "shapes_of"]


class Exercise(ABC):
    """One call of the student's code, whose answer has named parts.

    A *case* is all that is passed in: as a rule a tuple in the order of ``arguments``.

    Attributes:
        name: of the function that answers, as reasons tell it.
        arguments: the names of what is passed in.
        inputs: draws a case: ``inputs(rng, *size)``.
    """

    name: str
    arguments: tuple[str, ...]
    inputs: Callable[..., Sequence[Any]]

    #: What is said of results in single precision, and of a call that leaves its arguments alone.
    IN_SINGLE: ClassVar[str] = N_("Inputs in single precision give results in single precision.")
    UNTOUCHED: ClassVar[str] = N_("What is passed in is as it was, and the results are right.")

    @abstractmethod
    def call(self, student: Student, case: Any) -> Any:
        """The student's answer to a case, as it comes."""

    @abstractmethod
    def read(self, answer: Any, case: Any) -> dict[str, Any]:
        """The parts of an answer by name."""

    @abstractmethod
    def right(self, case: Any) -> dict[str, Any]:
        """The right parts by name, in double precision."""

    def draw(self, rng: np.random.Generator, size: Any) -> Any:
        """A random case of some size."""
        return self.inputs(rng, **size) if isinstance(size, Mapping) else self.inputs(rng, *size)

    def by_hand(self, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The case and the right parts of an example written down by hand.

        Arguments that have a default may be left out.
        """
        return tuple(given.pop(name) for name in self.arguments if name in given), given

    def single(self, case: Any) -> Any:
        """The case in single precision."""
        return in_single_precision(case)

    def factors(self, case: Any) -> dict[str, float]:
        """What an answer is too large or too small by where a mean or a sum is missing."""
        return {}

    def watched(self, case: Any) -> dict[int | str, str]:
        """The arguments of the call that it must leave alone: place and name."""
        return dict(enumerate(self.arguments))

    def note(self, case: Any) -> str:
        """What tells a case from others."""
        return shapes_of(self.arguments, case)

    # --- comparisons ------------------------------------------------------------------------------

    def check(
        self,
        student: Student,
        case: Any,
        only: Sequence[str] = (),
        note: str = "",
        want: Mapping[str, Any] | None = None,
        show: bool = False,
        **tolerance: Unpack[Tolerance],
    ) -> dict[str, Any]:
        """Are the parts of the answer right?

        Args:
            only: names of parts, all by default.
            note: what the reason adds to the name of a part.
            want: the right parts, where they are known beforehand.
            show: state what is expected; only of what a student can follow by hand.

        Returns:
            The answer, by part.
        """
        got = self.read(self.call(student, case), case)
        want = self.right(case) if want is None else want
        if len(only) == 1:
            self.look_at(student, only[0])
        factors = self.factors(case)
        for part in only or want:
            named = part + note
            assert_close(got[part], want[part], named, factors=factors, show=show, **tolerance)
        return got

    def look_at(self, student: Student, part: str) -> None:  # noqa: B027 (most have nothing to do)
        """Let one part of the last reply alone tell of mistakes."""

    def assert_untouched(self, student: Student, case: Any, answer: Any) -> None:
        """Did the call that came last, with this answer, leave what it was given alone?"""
        assert_unchanged(student.changed, self.watched(case))

    def check_numerical(self, student: Student, case: Any) -> None:
        """Are the gradients of the answer the numerical ones of the student's own function?"""
        raise NotImplementedError(f"{type(self).__name__} has no gradients")

    def check_untouched(self, student: Student, case: Any, times: int = 1) -> None:
        """Does the call leave what it is given alone, and is it right, also when repeated?"""
        for _time in range(times):
            answer = self.call(student, case)
            self.assert_untouched(student, case, answer)
            got, want = self.read(answer, case), self.right(case)
            for part in want:
                assert_close(got[part], want[part], part, factors=self.factors(case))


class Parts(dict):
    """Parts by name, and others that are looked up when they are asked for."""

    def __init__(self, parts: Mapping[str, Any], look_up: Callable[[str], Any]) -> None:
        super().__init__(parts)
        self._look_up = look_up

    def __missing__(self, name: str) -> Any:
        return self._look_up(name)


def as_arrays(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is written down by hand: lists become arrays of real numbers, in settings, too."""

    def array(value: Any) -> Any:
        if isinstance(value, Mapping):
            return as_arrays(value)
        if isinstance(value, list) and not any(map(callable, value)):
            return np.array(value, dtype=float)
        return value

    return {name: array(value) for name, value in given.items()}


def in_single_precision(case: Any) -> tuple[Any, ...]:
    """The case with all real arrays in single precision, those in settings, too."""

    def single(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: single(item) for key, item in value.items()}
        real = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return value.astype(np.float32) if real else value

    return tuple(map(single, case))


def shapes_of(names: Sequence[str], case: Any) -> str:
    """What tells a case from another: ``" (x 4 x 5, stride 2)"``."""
    told = []
    for name, value in zip(names, case, strict=False):
        if isinstance(value, np.ndarray):
            told.append(f"{name} {' x '.join(map(str, value.shape))}")
        elif isinstance(value, Mapping):
            told += [f"{key} {one}" for key, one in value.items() if isinstance(one, int | str)]
        elif isinstance(value, int | float | str):
            told.append(f"{name} {value}")
    return f" ({', '.join(told)})"
