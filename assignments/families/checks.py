"""The checks of one question, each a line: the sentence, and the cases that it is about."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Self, TypeVar, Unpack

import numpy as np

from assignments.compare import Tolerance, assert_single
from assignments.families.exercise import Exercise, as_arrays
from assignments.messages import N_
from assignments.questions import Battery
from assignments.student import Student

__all__ = ["SINGLE", "Checks"]

#: Results in single precision, compared with those in double precision.
SINGLE: Tolerance = {"rtol": 1e-4, "atol": 1e-5}

E = TypeVar("E", bound=Exercise)


class Checks(Battery, Generic[E]):
    """The checks of a question that asks for one exercise::

        conv_forward = (
            Checks("convolutional_networks-conv-forward", conv.forward)
            .by_hand("A filter of 1 x 2 adds the neighbour.", x=[[1, 2, 3]], w=[[1, 1]], out=[3, 5])
            .untouched()
        )

    Args:
        exercise: what is asked.
        usual: a size on which each wrong formula gives an answer of its own.
        builds_on, cpu: of all checks; see :class:`assignments.questions.Marker`.
    """

    def __init__(
        self,
        question: str,
        exercise: E,
        usual: Any = (),
        *,
        builds_on: Mapping[str, tuple[str, ...]] | None = None,
        cpu: float | None = None,
    ) -> None:
        super().__init__(question, builds_on, cpu)
        self.exercise = exercise
        self.usual = usual

    def by_hand(self, sentence: str, weight: float = 1, **example: Any) -> Self:
        """An example that one follows by hand: the reason of a failure states what is expected.

        Args:
            example: arguments and parts of the answer by name, lists for arrays of real numbers;
                ``rtol`` where what is expected is rounded.
        """
        tolerance: Any = {n: example.pop(n) for n in ("rtol", "atol") if n in example}
        case, want = self.exercise.by_hand(as_arrays(example))

        @self.add("by_hand", sentence, weight)
        def check_by_hand(student: Student, rng: np.random.Generator) -> None:
            only = tuple(want) if len(want) == 1 else ()
            self.exercise.check(student, case, only, want=want, show=True, **tolerance)

        return self

    def sizes(
        self,
        sentence: str,
        *sizes: Any,
        weight: float = 1,
        only: Sequence[str] = (),
        beyond: bool = False,
        **tolerance: Unpack[Tolerance],
    ) -> Self:
        """Right on random cases of these sizes."""

        @self.add("sizes", sentence, weight, beyond=beyond)
        def check_sizes(student: Student, rng: np.random.Generator) -> None:
            for size in sizes:
                case = self.exercise.draw(rng, size)
                note = self.exercise.note(case)
                self.exercise.check(student, case, only, note, **tolerance)

        return self

    def cases(
        self,
        sentence: str,
        *draws: Callable[[np.random.Generator], Sequence[Any]],
        weight: float = 1,
        only: Sequence[str] = (),
        beyond: bool = False,
        **tolerance: Unpack[Tolerance],
    ) -> Self:
        """Right on what these functions draw."""

        @self.add("cases", sentence, weight, beyond=beyond)
        def check_cases(student: Student, rng: np.random.Generator) -> None:
            for draw in draws:
                self.exercise.check(student, draw(rng), only, **tolerance)

        return self

    def untouched(
        self,
        sentence: str = N_("Nothing that is passed in is changed."),
        size: Any = None,
        weight: float = 1,
    ) -> Self:
        """What is passed in is left alone, whatever comes out."""

        @self.add("untouched", sentence, weight, rule=True, beyond=True)
        def check_untouched(student: Student, rng: np.random.Generator) -> None:
            case = self.exercise.draw(rng, self.usual if size is None else size)
            answer = self.exercise.call(student, case)
            self.exercise.assert_untouched(student, case, answer)

        return self

    def single(self, weight: float = 0.5, **tolerance: Unpack[Tolerance]) -> Self:
        """Results in single precision where all inputs are."""

        @self.add("single", self.exercise.IN_SINGLE, weight, beyond=True)
        def check_single(student: Student, rng: np.random.Generator) -> None:
            case = self.exercise.single(self.exercise.draw(rng, self.usual))
            got = self.exercise.check(student, case, **(tolerance or SINGLE))
            assert_single(**got)

        return self

    def numerical(self, sentence: str, *sizes: Any, weight: float = 1) -> Self:
        """The gradients are the numerical ones of what the student's own code computes."""
        return self.holds(sentence, self.exercise.check_numerical, *sizes, weight=weight)

    def holds(
        self,
        sentence: str,
        check: Callable[[Student, Any], Any],
        *sizes: Any,
        weight: float = 1,
        beyond: bool = False,
    ) -> Self:
        """What a check of the exercise says holds for random cases of these sizes."""

        @self.add(check.__name__.removeprefix("check_"), sentence, weight, beyond=beyond)
        def check_holds(student: Student, rng: np.random.Generator) -> None:
            for size in sizes:
                check(student, self.exercise.draw(rng, size))

        return self
