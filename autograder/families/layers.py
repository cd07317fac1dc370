"""The hidden batteries of a layer: of its forward function, and of its backward function."""

from collections.abc import Mapping, Sequence

import numpy as np

from assignments.compare import Tolerance, assert_close, assert_single
from assignments.families.layer import Layer, in_single_precision, shapes_of
from assignments.gradients import numerical_gradient, one_by_one
from assignments.questions import Battery
from assignments.student import Student

__all__ = ["backward_checks", "forward_checks"]

#: Results in single precision, compared with those in double precision.
SINGLE: Tolerance = {"rtol": 1e-4, "atol": 1e-5}

Sizes = Mapping[str, Sequence[tuple]]
BuildsOn = Mapping[str, tuple[str, ...]]


def forward_checks(
    question: str,
    layer: Layer,
    usual: tuple,
    also: Sizes,
    *,
    values: str,
    weight: float = 3,
    single: bool = True,
    builds_on: BuildsOn | None = None,
) -> Battery:
    """What is checked of a forward function.

    Args:
        usual: a size on which each wrong formula gives an answer of its own.
        also: sizes that break things, by the sentence that says which.
        values: the sentence of the check on the usual size.
        weight: its weight.
        single: whether results in single precision are asked for.
        builds_on: see :class:`assignments.questions.Marker`.
    """
    checks = Battery(question, builds_on)

    @checks.add("values", values, weight)
    def check_values(student: Student, rng: np.random.Generator) -> None:
        layer.check_forward(student, layer.inputs(rng, *usual))

    for sentence, sizes in also.items():

        @checks.add("sizes", sentence)
        def check_sizes(
            student: Student, rng: np.random.Generator, sizes: Sequence[tuple] = sizes
        ) -> None:
            for size in sizes:
                arguments = layer.inputs(rng, *size)
                layer.check_forward(student, arguments, shapes_of(layer.arguments, arguments))

    if single:

        @checks.add("single", "Inputs in single precision give results in single precision.", 0.5)
        def check_single(student: Student, rng: np.random.Generator) -> None:
            arguments = in_single_precision(layer.inputs(rng, *usual))
            assert_single(**layer.check_forward(student, arguments, **SINGLE))

    @checks.add("inputs", "What is passed in is as it was, and the results are right.", 0.5, True)
    def check_inputs(student: Student, rng: np.random.Generator) -> None:
        layer.check_inputs(student, layer.inputs(rng, *usual))

    return checks


def backward_checks(
    question: str,
    layer: Layer,
    usual: tuple,
    also: Sizes,
    *,
    parts: Mapping[tuple[str, ...], float],
    single: bool = True,
    together: Sequence[tuple] = (),
    builds_on: BuildsOn | None = None,
) -> Battery:
    """What is checked of a backward function.

    Args:
        usual, also, single, builds_on: as of :func:`forward_checks`.
        parts: the gradients that are checked together, with the weight of each such check.
        together: sizes of a loss in which all examples play together, whose numerical gradient
            with respect to the first argument is compared.
    """
    checks = Battery(question, builds_on)

    for names, weight in parts.items():
        sentence = (
            "{names} is the gradient that PyTorch finds."
            if len(names) == 1
            else "{names} are the gradients that PyTorch finds."
        )

        @checks.add("_".join(names), sentence, weight, names=_listed(names))
        def check_parts(
            student: Student, rng: np.random.Generator, names: tuple[str, ...] = names
        ) -> None:
            arguments = layer.inputs(rng, *usual)
            layer.check_backward(student, arguments, layer.douts(rng, arguments), names)

    for sentence, sizes in also.items():

        @checks.add("sizes", sentence)
        def check_sizes(
            student: Student, rng: np.random.Generator, sizes: Sequence[tuple] = sizes
        ) -> None:
            for size in sizes:
                arguments = layer.inputs(rng, *size)
                note = shapes_of(layer.arguments, arguments)
                douts = layer.douts(rng, arguments)
                layer.check_backward(student, arguments, douts, note=note)

    if together:

        @checks.add(
            "together", "They agree with numerical gradients of a loss of all examples together."
        )
        def check_together(student: Student, rng: np.random.Generator) -> None:
            for size in together:
                _check_together(layer, student, layer.inputs(rng, *size), rng)

    if single:

        @checks.add("single", "Inputs in single precision give right gradients in it.", 0.5)
        def check_single(student: Student, rng: np.random.Generator) -> None:
            arguments = in_single_precision(layer.inputs(rng, *usual))
            douts = layer.douts(rng, arguments)
            assert_single(**layer.check_backward(student, arguments, douts, **SINGLE))

    douts = ", ".join(f"d{name}" for name in layer.outputs)
    sentence = "{douts} is as it was, and a second call gives the same right gradients."

    @checks.add("twice", sentence, 0.5, True, douts=douts)
    def check_twice(student: Student, rng: np.random.Generator) -> None:
        arguments = layer.inputs(rng, *usual)
        layer.check_backward(student, arguments, layer.douts(rng, arguments), times=2)

    return checks


def _check_together(
    layer: Layer, student: Student, arguments: Sequence, rng: np.random.Generator
) -> None:
    """The gradient of the fourth power of a distance: all outputs play together in it."""
    (name,) = layer.outputs
    target = rng.normal(size=layer.right(arguments)[name].shape)

    def distance(x: np.ndarray) -> np.ndarray:
        return layer.right((x, *arguments[1:]))[name] - target

    here = distance(arguments[0])
    dout = 4 * np.sum(here**2) * here
    _outs, cache = layer.call(student, arguments)
    part = f"d{layer.arguments[0]}"
    got = layer.gradients(student, [dout], cache, list(layer.parts(arguments)))[part]
    loss = one_by_one(lambda x: float(np.sum(distance(x) ** 2) ** 2))
    want = numerical_gradient(loss, arguments[0])
    note = shapes_of(layer.arguments, arguments)
    assert_close(got, want, part + note, rtol=1e-5, atol=1e-6)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
