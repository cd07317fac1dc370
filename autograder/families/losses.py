"""The hidden battery of a loss."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from assignments.families.layer import shapes_of
from assignments.families.loss import Loss
from assignments.questions import Battery
from assignments.student import Student

__all__ = ["loss_checks"]


def loss_checks(
    question: str,
    loss: Loss,
    usual: tuple,
    also: Mapping[str, Sequence[tuple] | Callable[[np.random.Generator], Sequence[Any]]],
    *,
    weights: tuple[float, float] = (2, 2),
    builds_on: Mapping[str, tuple[str, ...]] | None = None,
) -> Battery:
    """What is checked of a loss.

    Args:
        usual: a size on which each wrong formula gives an answer of its own.
        also: by the sentence that says which, sizes that break things, or a function that draws
            the arguments.
        weights: of the loss and of the gradient on the usual size.
        builds_on: see :class:`assignments.questions.Marker`.
    """
    checks = Battery(question, builds_on)
    sentences = ("The loss is the one that PyTorch computes.", "{dx} is the gradient of PyTorch.")

    for part, sentence, weight in zip(loss.parts, sentences, weights, strict=True):

        @checks.add("value" if part == "loss" else "gradient", sentence, weight, dx=loss.parts[1])
        def check_part(student: Student, rng: np.random.Generator, part: str = part) -> None:
            loss.check(student, loss.inputs(rng, *usual), (part,))

    for sentence, cases in also.items():

        @checks.add("cases", sentence)
        def check_cases(student: Student, rng: np.random.Generator, cases: Any = cases) -> None:
            drawn = [cases(rng)] if callable(cases) else [loss.inputs(rng, *c) for c in cases]
            for arguments in drawn:
                loss.check(student, arguments, note=shapes_of(loss.arguments, arguments))

    @checks.add("inputs", "What is passed in is as it was, and the loss is right.", 0.5, True)
    def check_inputs(student: Student, rng: np.random.Generator) -> None:
        loss.check_inputs(student, loss.inputs(rng, *usual))

    return checks
