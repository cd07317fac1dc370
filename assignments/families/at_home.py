"""What the check at home asks of a layer or a loss, on small inputs, beside examples by hand."""

from collections.abc import Mapping

import numpy as np

from assignments.compare import assert_single
from assignments.families.layer import Layer, in_single_precision
from assignments.families.loss import Loss
from assignments.questions import Battery
from assignments.student import Student

__all__ = ["backward_at_home", "forward_at_home", "loss_at_home"]


def forward_at_home(question: str, layer: Layer, small: tuple, *, single: bool = False) -> Battery:
    """Of a forward function: nothing is changed in place; single precision stays single."""
    checks = Battery(question)

    @checks.add("inputs", "Nothing that is passed in is changed.", rule=True)
    def check_inputs(student: Student, rng: np.random.Generator) -> None:
        layer.check_inputs(student, layer.inputs(rng, *small))

    if single:

        @checks.add("single", "Inputs in single precision give results in single precision.")
        def check_single(student: Student, rng: np.random.Generator) -> None:
            arguments = in_single_precision(layer.inputs(rng, *small))
            assert_single(**layer.call(student, arguments)[0])

    return checks


def backward_at_home(
    question: str, layer: Layer, small: Mapping[str, tuple], *, single: bool = False
) -> Battery:
    """Of a backward function: its gradients are those of the student's forward function.

    Args:
        small: sizes, by the sentence that is said of each; ``{gradients}`` and ``{forward}`` stand
            for names.
    """
    checks = Battery(question)
    gradients = ", ".join(f"d{name}" for name in layer.arguments)
    for sentence, size in small.items():

        @checks.add("numerical", sentence, gradients=gradients, forward=layer.forward)
        def check_numerical(student: Student, rng: np.random.Generator, size: tuple = size) -> None:
            arguments = layer.inputs(rng, *size)
            layer.check_numerical(student, arguments, layer.douts(rng, arguments))

    usual = next(iter(small.values()))
    douts = ", ".join(f"d{name}" for name in layer.outputs)

    @checks.add("douts", "{douts} is not changed.", rule=True, douts=douts)
    def check_douts(student: Student, rng: np.random.Generator) -> None:
        arguments = layer.inputs(rng, *usual)
        layer.check_douts(student, arguments, layer.douts(rng, arguments))

    if single:

        @checks.add("single", "Inputs in single precision give gradients in single precision.")
        def check_single(student: Student, rng: np.random.Generator) -> None:
            arguments = in_single_precision(layer.inputs(rng, *usual))
            _outs, cache = layer.call(student, arguments)
            parts = list(layer.parts(arguments))
            douts = layer.douts(rng, arguments)
            assert_single(**layer.gradients(student, douts, cache, parts))

    return checks


def loss_at_home(question: str, loss: Loss, small: tuple) -> Battery:
    """Of a loss: its gradient is that of the student's own loss, and nothing is changed."""
    checks = Battery(question)

    @checks.add("numerical", "{dx} is the numerical gradient of your loss.", dx=loss.parts[1])
    def check_numerical(student: Student, rng: np.random.Generator) -> None:
        loss.check_numerical(student, loss.inputs(rng, *small))

    @checks.add("inputs", "Nothing that is passed in is changed.", rule=True)
    def check_inputs(student: Student, rng: np.random.Generator) -> None:
        loss.check_inputs(student, loss.inputs(rng, *small))

    return checks
