"""Descents into a long valley, ten times as curved across as along.

It is the valley of the notebook ``fully_connected_nets``: 0.05 x² + 0.5 y² from its lowest point.
"""

import numpy as np

from assignments.messages import _
from assignments.play.explore import Drawing, new_figure, powers_of_ten
from assignments.plots import PALETTE

CURVATURE = np.array([0.1, 1.0])
LOWEST = np.array([3.0, 0.0])
START = np.array([-7.0, 2.0])
STEPS = 40


def descend(rate: float, momentum: float = 0.0, noise: float = 0.0) -> np.ndarray:
    """The places (STEPS + 1, 2) of a descent.

    Args:
        rate: the learning rate.
        momentum: the part of its last step that a step keeps.
        noise: standard deviation of what is added to both numbers of each gradient.
    """
    rng = np.random.default_rng(0)
    places, step = [START], np.zeros(2)
    for _step in range(STEPS):
        gradient = CURVATURE * (places[-1] - LOWEST) + noise * rng.normal(size=2)
        step = momentum * step - rate * gradient
        places.append(places[-1] + step)
    return np.array(places)


def draw_descent(places: np.ndarray, title: str) -> Drawing:
    """Draw a descent on the contours of the valley, and beside it the loss at each step."""
    across, up = np.meshgrid(np.linspace(-8, 7, 61), np.linspace(-3, 3, 41))
    figure = new_figure(10, 3.4)
    left, right = figure.subplots(1, 2, width_ratios=(1.6, 1))
    grid = _height(np.stack([across, up], axis=-1))
    left.contour(across, up, grid, 14, colors="0.75", linewidths=0.8)
    left.plot(*places.T, ".-", color=PALETTE[0], markersize=5, linewidth=1)
    left.plot(*START, "s", color=PALETTE[1], markersize=8)
    left.plot(*places[-1], "o", color=PALETTE[4], markersize=8)
    left.plot(*LOWEST, "x", color="black", markersize=9)
    left.set(title=title, xlim=(-8, 7), ylim=(-3, 3), xticks=[], yticks=[])
    losses = _height(places)
    right.plot(losses, color=PALETTE[0], linewidth=2)
    right.set(yscale="log", ylim=(1e-4, 1e4), xlabel=_("step"), ylabel=_("loss"))
    powers_of_ten(right.yaxis, range(-4, 5, 2))
    right.spines[["top", "right"]].set_visible(False)
    return figure, _(
        "{title}. Left: a path of {steps} steps through a long valley, drawn as contours, from a "
        "square to a circle, {away:.2g} away from the lowest point, a cross. Right: the loss by "
        "step, on a logarithmic scale, from {first:.2g} to {last:.2g}."
    ).format(
        title=title,
        steps=STEPS,
        away=np.linalg.norm(places[-1] - LOWEST),
        first=losses[0],
        last=losses[-1],
    )


def _height(places: np.ndarray) -> np.ndarray:
    """The height of places (..., 2) above the lowest point."""
    return 0.5 * (places - LOWEST) ** 2 @ CURVATURE
