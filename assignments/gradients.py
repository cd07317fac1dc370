"""Numerical gradients in float64, to hold analytic ones against."""

from collections.abc import Callable, Sequence

import numpy as np

from assignments.messages import _

__all__ = ["gradient_check", "numerical_gradient", "one_by_one"]


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
    with np.errstate(invalid="ignore"):  # infinity minus infinity is NaN
        return ((values[0::2] - values[1::2]) / (2 * h)).reshape(x.shape)


def gradient_check(
    f: Callable[[np.ndarray], float],
    x: np.ndarray,
    analytic: np.ndarray,
    places: int = 6,
    h: float = 1e-5,
    seed: int = 0,
) -> float:
    """Hold a gradient against central differences at a few places chosen at random, and show both.

    Args:
        f: a function of an array, with one number as its value.
        x: the point, of any shape; it stays as it is.
        analytic: the gradient to check, of the shape of ``x``.
        places: how many coordinates.
        h: the step.
        seed: which coordinates.

    Returns:
        The largest relative error, ``|a - n| / max(|a| + |n|, 1e-8)``.
    """
    x = np.array(x, np.float64)
    chosen = np.random.default_rng(seed).choice(x.size, min(places, x.size), replace=False)
    errors = []
    for index in zip(*np.unravel_index(chosen, x.shape), strict=True):
        here = x[index]
        x[index] = here + h
        above = float(f(x))
        x[index] = here - h
        below = float(f(x))
        x[index] = here
        numerical, given = (above - below) / (2 * h), float(analytic[index])
        errors.append(abs(given - numerical) / max(abs(given) + abs(numerical), 1e-8))
        place = ", ".join(str(int(number)) for number in index)
        print(
            _(
                "[{place}]  numerical {numerical:+.8f}  yours {given:+.8f}  error {error:.1e}"
            ).format(place=place, numerical=numerical, given=given, error=errors[-1])
        )
    return max(errors)
