"""Mixing weights: what mixup and CutMix make of two images, and how alpha draws their weights."""

import math
from functools import lru_cache

import numpy as np
from matplotlib.patches import Rectangle

from assignments.data import load_data
from assignments.messages import N_, _
from assignments.play.explore import Control, Drawing, Play, new_figure
from assignments.plots import PALETTE

ALPHAS = (0.1, 0.2, 0.4, 0.7, 1.0, 2.0, 4.0, 8.0)


def draw(alpha: float = 0.4, weight: float = 0.7) -> Drawing:
    """Draw two images and their mixtures, and the distribution that weights are drawn from.

    Args:
        alpha: of the distribution Beta(alpha, alpha).
        weight: of the first image, from 0 to 1.
    """
    first, second, names = _images()
    mixed = weight * first + (1 - weight) * second
    side = round(len(first) * math.sqrt(1 - weight))
    corner = (len(first) - side) // 2
    cut = first.copy()
    cut[corner : corner + side, corner : corner + side] = second[
        corner : corner + side, corner : corner + side
    ]
    share = 1 - side**2 / len(first) ** 2  # of the first image, as it really is
    figure = new_figure(11, 3.3)
    panels = figure.subplots(1, 5, width_ratios=(1, 1, 1, 1, 1.7))
    titles = [
        names[0],
        names[1],
        _("mixup\n{a:.2f} {first}, {b:.2f} {second}").format(
            a=weight, b=1 - weight, first=names[0], second=names[1]
        ),
        _("CutMix\n{a:.2f} {first}, {b:.2f} {second}").format(
            a=share, b=1 - share, first=names[0], second=names[1]
        ),
    ]
    for axis, image, title in zip(panels, (first, second, mixed, cut), titles, strict=False):
        axis.imshow(image)
        axis.set_title(title, fontsize=9)
        axis.axis("off")
    if 0 < side < len(first):
        frame = Rectangle((corner - 0.5, corner - 0.5), side, side, fill=False, edgecolor="white")
        panels[3].add_patch(frame)
    weights = np.linspace(0.005, 0.995, 199)
    density = _beta(weights, alpha)
    panels[4].fill_between(weights, density, color=PALETTE[5], alpha=0.6)
    panels[4].plot(weights, density, color=PALETTE[0])
    panels[4].axvline(weight, color=PALETTE[4], linewidth=3, clip_on=False)
    panels[4].set(xlim=(0, 1), ylim=(0, 4), yticks=[], xlabel=_("weight of the first image"))
    panels[4].set_title(_("drawn from Beta({alpha:g}, {alpha:g})").format(alpha=alpha), fontsize=9)
    panels[4].spines[["top", "right", "left"]].set_visible(False)
    where = _("at both ends") if alpha < 1 else _("in the middle") if alpha > 1 else _("nowhere")
    return figure, _(
        "An image of class {first}, one of class {second}; both laid on top of each other with the "
        "weights {a:.2f} and {b:.2f}; the first with a square of the second, with the labels "
        "{share:.2f} and {rest:.2f}. Right: the density of Beta({alpha:g}, {alpha:g}), "
        "highest {where}."
    ).format(
        first=names[0],
        second=names[1],
        a=weight,
        b=1 - weight,
        share=share,
        rest=1 - share,
        alpha=alpha,
        where=where,
    )


def _beta(x: np.ndarray, alpha: float) -> np.ndarray:
    """The density of Beta(alpha, alpha)."""
    log_norm = 2 * math.lgamma(alpha) - math.lgamma(2 * alpha)
    return np.exp((alpha - 1) * (np.log(x) + np.log1p(-x)) - log_norm)


@lru_cache(maxsize=1)
def _images() -> tuple[np.ndarray, np.ndarray, tuple[str, str]]:
    """Two images (32, 32, 3) of floats from 0 to 1, and the names of their classes."""
    data = load_data("emoji10", num_train=50, num_test=1)
    chosen = [int(np.flatnonzero(data.y_train == label)[0]) for label in (3, 8)]
    first, second = (data.X_train[index] / 255 for index in chosen)
    return first, second, (data.class_names[3], data.class_names[8])


mixup = Play(
    number=8,
    draw=draw,
    caption=N_(
        "Two images, what mixup and CutMix make of them with one weight, and the distribution from "
        "which training draws such weights."
    ),
    controls={
        "alpha": Control("alpha", ALPHAS),
        "weight": Control(
            N_("weight"), (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
        ),
    },
)
