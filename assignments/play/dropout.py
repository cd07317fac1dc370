"""Dropout as an ensemble: thinned networks, their average, and the full network."""

from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from assignments.messages import N_, _
from assignments.play.explore import Control, Drawing, Play, new_figure, powers_of_ten
from assignments.plots import MARKERS, PALETTE

UNITS = 100
COUNTS = (1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 100)
_SIDE = np.linspace(-2.6, 2.6, 60)
_GRID = np.stack(np.meshgrid(_SIDE, _SIDE), axis=-1).reshape(-1, 2)


def draw(keep: float = 0.5, count: int = 8) -> Drawing:
    """Draw where thinned networks, their average and the full network change their mind.

    Args:
        keep: the probability to keep a unit, in training and in the thinned networks.
        count: thinned networks.
    """
    X, y, full, thinned, spread = _networks(keep)
    means = np.cumsum(thinned, axis=0) / np.arange(1, len(thinned) + 1)[:, None]
    apart = np.sqrt(((means - full) ** 2).mean(axis=1))
    figure = new_figure(10, 4.0)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    shape = len(_SIDE), len(_SIDE)
    for scores in thinned[: min(count, 20)]:
        left.contour(_SIDE, _SIDE, scores.reshape(shape), [0], colors="0.7", linewidths=0.7)
    mean = means[count - 1]
    left.contour(_SIDE, _SIDE, mean.reshape(shape), [0], colors=PALETTE[0], linewidths=3)
    left.contour(
        _SIDE, _SIDE, full.reshape(shape), [0], colors=PALETTE[4], linewidths=2, linestyles="--"
    )
    for label in range(2):
        left.scatter(
            *X[y == label].T, s=28, color=PALETTE[2 + label], marker=MARKERS[label],
            edgecolor="white", linewidth=0.5, zorder=3,
        )  # fmt: skip
    left.set(xticks=[], yticks=[], title=_("keep {keep:g}").format(keep=keep))
    lines: dict[str, dict[str, Any]] = {
        _("thinned network"): {"color": "0.7"},
        _("average of {count}").format(count=count): {"color": PALETTE[0], "linewidth": 3},
        _("full network"): {"color": PALETTE[4], "linewidth": 2, "linestyle": "--"},
    }
    handles = [Line2D([], [], label=name, **style) for name, style in lines.items()]
    left.legend(handles=handles, loc="lower right", fontsize=8, framealpha=0.9)
    numbers = np.arange(1, len(apart) + 1)
    right.plot(
        numbers, spread / np.sqrt(numbers), color="0.5", linestyle=":", linewidth=2,
        label=_("expected: 1 / root of their number"),
    )  # fmt: skip
    right.plot(numbers, apart, color=PALETTE[0], linewidth=2, label=_("this time"))
    right.plot(count, apart[count - 1], "o", color=PALETTE[0], markersize=9)
    right.set(xscale="log", yscale="log", ylim=(5e-3, 5), xlabel=_("thinned networks averaged"))
    right.set_ylabel(_("distance of their average\nfrom the full network"))
    right.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    right.minorticks_off()
    powers_of_ten(right.yaxis, (-2, -1, 0))
    right.legend(frameon=False, loc="lower left")
    right.spines[["top", "right"]].set_visible(False)
    agree = [((s > 0) == (full > 0)).mean() for s in (thinned[0], mean)]
    return figure, _(
        "Left: points of two classes, and where networks change from one class to the other: "
        "{shown} thinned networks as thin lines, the average of {count} and the full network as "
        "thick ones. Of the plane, the first thinned network gives {one:.0%} to the same class as "
        "the full one, the average {many:.0%}. Right: the average comes closer to the full network "
        "with every network, to {apart:.2g} for {count}."
    ).format(shown=min(count, 20), count=count, one=agree[0], many=agree[1], apart=apart[count - 1])


@lru_cache(maxsize=8)
def _networks(keep: float) -> tuple[Any, ...]:
    """Points (N, 2) and labels (N,); scores on the grid of the full network and of thinned ones;
    the root mean squared distance that one of these has from the full one."""
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], 30)
    turn = rng.uniform(0, np.pi, 60) + np.pi * y
    X = 1.2 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    X += np.where(y[:, None], [0.6, 0.35], [-0.6, -0.35]) + rng.normal(0, 0.3, X.shape)
    W, b = rng.normal(size=(2, UNITS)), rng.normal(size=UNITS)
    hidden, on_grid = np.maximum(X @ W + b, 0), np.maximum(_GRID @ W + b, 0)
    # The mean squared error over all masks, in one piece: it is that of the full network, and a
    # penalty (Wager, Wang and Liang, "Dropout training as adaptive regularization", 2013).
    penalty = (1 - keep) / keep * (hidden**2).sum(axis=0) + 1e-2
    V = np.linalg.solve(hidden.T @ hidden + np.diag(penalty), hidden.T @ (2 * y - 1))
    masks = (rng.random((COUNTS[-1], UNITS)) < keep) / keep
    spread = np.sqrt((1 - keep) / keep * ((on_grid * V) ** 2).sum(axis=1).mean())
    return X, y, on_grid @ V, (masks * V) @ on_grid.T, spread


dropout = Play(
    number=6,
    draw=draw,
    caption=N_(
        "Networks with 100 hidden units of which each is kept with some probability: where each "
        "of them parts the two classes, where their average does, and where the full network does."
    ),
    controls={
        "keep": Control(N_("keep"), (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)),
        "count": Control(N_("thinned networks"), COUNTS),
    },
)
