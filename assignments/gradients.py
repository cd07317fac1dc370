"""Numerical gradients in float64, to hold analytic ones against."""

from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["numerical_gradient", "one_by_one"]


def one_by_one(f: Callable[[np.ndarray], float]) -> Callable[[list[np.ndarray]], list[float]]:
    """Turn a function of one input into one of many, as :func:`numerical_gradient` asks for."""
    return lambda inputs: [f(x) for x in inputs]


def numerical_gradient(
    f_many: Callable[[list[np.ndarray]], Sequence[float]], x: np.ndarray, h: float = 1e-5
) -> np.ndarray:
    """The gradient of a scalar function by central differences.

    ``(f(x + h e_i) - f(x - h e_i)) / 2h`` in each coordinate, with an error of order ``h**2``.

    Args:
        f_many: takes a list of inputs and returns the value of each. Over the wire of the sandbox
            that is one message (``student.batch``) where single calls would be thousands; for an
            ordinary function use :func:`one_by_one`.
        x: the point, of any shape.
        h: the step.

    Returns:
        An array of the shape of ``x``, float64.
    """
    x = np.asarray(x, np.float64)
    inputs = []
    for index in np.ndindex(x.shape):
        for step in (h, -h):
            moved = x.copy()
            moved[index] += step
            inputs.append(moved)
    values = np.asarray([float(value) for value in f_many(inputs)])
    return ((values[0::2] - values[1::2]) / (2 * h)).reshape(x.shape)
