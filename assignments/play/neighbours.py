"""k, and the regions into which k nearest neighbours divide the plane."""

from functools import lru_cache

import numpy as np
from matplotlib.colors import ListedColormap

from assignments.messages import N_, _
from assignments.play.explore import Control, Drawing, Play, new_figure
from assignments.plots import DASHES, MARKERS, PALETTE

KS = (1, 2, 3, 5, 8, 12, 15, 20, 30, 45, 60, 80, 100, 120)
CENTRES = np.array([[0.0, 0.0], [2.2, 0.4], [0.9, 2.2]])
CORNERS = (-2.6, 4.8, -2.6, 4.6)  # left, right, bottom, top
GRID = (90, 80)  # columns, rows


def draw(k: int = 15) -> Drawing:
    """Draw the regions of k nearest neighbours, and how often they are right for every k."""
    X, y, _new, _y_new, regions, on_training, on_new = _measured()
    figure = new_figure(10, 3.9)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    left.imshow(
        regions[KS.index(k)], cmap=ListedColormap(PALETTE[:3]), vmin=0, vmax=2, alpha=0.3,
        origin="lower", extent=CORNERS, aspect="auto", interpolation="nearest",
    )  # fmt: skip
    for label in range(3):
        left.scatter(
            *X[y == label].T, s=24, color=PALETTE[label], marker=MARKERS[label], edgecolor="white",
            linewidth=0.5,
        )  # fmt: skip
    left.set(title=f"k = {k}", xticks=[], yticks=[], xlim=CORNERS[:2], ylim=CORNERS[2:])
    names = _("training points"), _("new points")
    for number, (name, line) in enumerate(zip(names, (on_training, on_new), strict=True)):
        right.plot(
            KS, line, color=("black", PALETTE[4])[number], linestyle=DASHES[number], marker="o",
            markersize=4, label=name,
        )  # fmt: skip
    at = KS.index(k)
    right.plot(
        [k, k], [on_training[at], on_new[at]], "o", markersize=11, color="none",
        markeredgecolor="black",
    )  # fmt: skip
    right.axvline(k, color="0.6", linewidth=1, zorder=0)
    right.set(xscale="log", xlabel="k", ylabel=_("accuracy"), ylim=(0.35, 1.03))
    right.set_xticks(KS[::2], [str(k) for k in KS[::2]])
    right.minorticks_off()
    right.legend(frameon=False, loc="lower left")
    right.spines[["top", "right"]].set_visible(False)
    return figure, _(
        "Left: 120 points of three classes, and the plane divided by the votes of the {k} nearest. "
        "Right: accuracy by k; for k = {k} it is {training:.2f} on these points and {new:.2f} on "
        "2000 new ones."
    ).format(k=k, training=on_training[at], new=on_new[at])


@lru_cache(maxsize=1)
def _measured() -> tuple[np.ndarray, ...]:
    """Points and labels, new points and labels; regions and two accuracies for each of KS."""
    rng = np.random.default_rng(5)
    y = np.repeat([0, 1, 2], (60, 45, 15))
    X = CENTRES[y] + rng.normal(0, 0.85, size=(120, 2))
    y_new = np.repeat([0, 1, 2], (1000, 750, 250))
    new = CENTRES[y_new] + rng.normal(0, 0.85, size=(2000, 2))
    across, up = np.meshgrid(np.linspace(*CORNERS[:2], GRID[0]), np.linspace(*CORNERS[2:], GRID[1]))
    grid = np.stack([across.ravel(), up.ravel()], axis=1)
    regions = _winners(grid, X, y).reshape(len(KS), *across.shape)
    on_training = (_winners(X, X, y) == y).mean(axis=1)
    on_new = (_winners(new, X, y) == y_new).mean(axis=1)
    return X, y, new, y_new, regions, on_training, on_new


def _winners(places: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(len(KS), len(places)): the class with most votes; the first one where several have."""
    nearest = np.argsort(((places[:, None] - X) ** 2).sum(axis=2), axis=1)
    votes = np.cumsum(np.eye(3, dtype=np.int16)[y[nearest]], axis=1)
    return votes[:, np.array(KS) - 1].argmax(axis=2).T


neighbours = Play(
    number=1,
    draw=draw,
    caption=N_(
        "How the k nearest of 120 points divide the plane, and how often they are right, on these "
        "points and on 2000 new ones from the same three clouds."
    ),
    controls={"k": Control("k", KS)},
)
