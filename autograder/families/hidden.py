"""What only hidden checks ask: usual cases part by part, single precision, repeated calls."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from assignments.compare import assert_close
from assignments.families.checks import SINGLE, Checks, E
from assignments.families.layer import Backward
from assignments.gradients import numerical_gradient, one_by_one
from assignments.messages import N_
from assignments.student import Student

__all__ = ["SINGLE", "Hidden"]


class Hidden(Checks[E]):
    """The hidden checks of a question that asks for one exercise."""

    def values(self, sentence: str, *only: str, weight: float = 1) -> Self:
        """Right on the usual size; of the answer, these parts alone."""

        @self.add("values", sentence, weight)
        def check_values(student: Student, rng: np.random.Generator) -> None:
            self.exercise.check(student, self.exercise.draw(rng, self.usual), only)

        return self

    def gradients(self, *only: str, weight: float = 1) -> Self:
        """These gradients are right on the usual size."""
        sentence = (
            N_("{names} is the gradient that PyTorch finds.")
            if len(only) == 1
            else N_("{names} are the gradients that PyTorch finds.")
        )

        @self.add("_".join(only), sentence, weight, names=", ".join(only))
        def check_gradients(student: Student, rng: np.random.Generator) -> None:
            self.exercise.check(student, self.exercise.draw(rng, self.usual), only)

        return self

    def repeated(
        self, sentence: str = "", times: int = 1, size: Any = None, weight: float = 0.5
    ) -> Self:
        """What is passed in is left alone, and the answer is right, also when asked for again."""

        @self.add("repeated", sentence or self.exercise.UNTOUCHED, weight, True, beyond=True)
        def check_repeated(student: Student, rng: np.random.Generator) -> None:
            case = self.exercise.draw(rng, self.usual if size is None else size)
            self.exercise.check_untouched(student, case, times)

        return self

    def together(self, *sizes: Sequence, only: Sequence[str] = (), weight: float = 1) -> Self:
        """Gradients, that of the first argument by default, are those of a loss of all examples."""

        @self.add(
            "together",
            N_("They agree with numerical gradients of a loss of all examples together."),
            weight,
        )
        def check_together(student: Student, rng: np.random.Generator) -> None:
            assert isinstance(self.exercise, Backward)
            for size in sizes:
                _check_together(self.exercise, student, rng, size, only)

        return self


def _check_together(
    backward: Backward,
    student: Student,
    rng: np.random.Generator,
    size: Sequence,
    only: Sequence[str],
) -> None:
    """Gradients of the fourth power of a distance: all outputs play together in it."""
    arguments = backward.layer.inputs(rng, *size)
    forward, (name,) = backward.layer.forward, backward.layer.outputs
    target = rng.normal(size=forward.right(arguments)[name].shape)

    def distance(*given: np.ndarray) -> np.ndarray:
        return forward.right(given)[name] - target

    here = distance(*arguments)
    case = (*arguments, 4 * np.sum(here**2) * here)
    got = backward.read(backward.call(student, case), case)
    places = backward.layer.gradients(arguments)
    for part in only or list(places)[:1]:
        place = places[part]

        def loss(value: np.ndarray, place: int = place) -> float:
            moved = distance(*arguments[:place], value, *arguments[place + 1 :])
            return float(np.sum(moved**2) ** 2)

        want = numerical_gradient(one_by_one(loss), arguments[place])
        assert_close(got[part], want, part + backward.note(case), rtol=1e-5, atol=1e-6)
