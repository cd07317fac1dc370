"""A query that turns: attention scores, attention weights, and the answer among the values."""

import numpy as np

from assignments.messages import N_, _
from assignments.play.explore import Control, Drawing, Play, new_figure
from assignments.plots import MARKERS, PALETTE

#: The keys of the notebook's first figure, in degrees; their length is 1.
KEYS = (75, 20, -35, 160)
VALUES = np.array([[0.15, 0.85], [0.9, 0.95], [0.85, 0.1], [0.1, 0.15]])


def draw(angle: int = 30, length: float = 4.0) -> Drawing:
    """Draw a query among four keys, the attention weights, and the weighted mean of the values.

    Args:
        angle: of the query, in degrees.
        length: of the query.
    """
    turn = np.radians(KEYS)
    keys = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    direction = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    scores = keys @ (length * direction) / np.sqrt(2)
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    answer = weights @ VALUES
    figure = new_figure(11, 3.5)
    left, middle, right = figure.subplots(1, 3)
    for number, (x, y) in enumerate(keys):
        arrow = {"arrowstyle": "-|>", "color": PALETTE[number], "lw": 2, "shrinkA": 0}
        left.annotate("", (x, y), (0, 0), arrowprops=arrow)
        left.text(1.2 * x, 1.2 * y, f"{number + 1}", ha="center", va="center", size=11)
    end = 0.36 * np.sqrt(length) * direction  # the root, so that the longest query still fits
    arrow = {"arrowstyle": "-|>", "color": "black", "lw": 3.5, "shrinkA": 0, "shrinkB": 0}
    left.annotate("", end, (0, 0), arrowprops=arrow)
    left.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal", xticks=[], yticks=[])
    left.set_title(_("keys, and the query at {angle}°").format(angle=angle))
    names = [f"{number + 1}" for number in range(4)]
    bars = middle.bar(names, weights, color=PALETTE[:4])
    middle.bar_label(bars, [f"{w:.2f}" for w in weights], padding=2)
    middle.set(ylim=(0, 1.12), title=_("attention weights"), xlabel=_("key"))
    middle.spines[["top", "right"]].set_visible(False)
    right.fill(*VALUES.T, color="0.93", zorder=0)
    for number, (value, weight) in enumerate(zip(VALUES, weights, strict=True)):
        right.plot(*zip(value, answer, strict=True), color=PALETTE[number], lw=0.5 + 7 * weight)
        right.plot(*value, MARKERS[number], color=PALETTE[number], markersize=12)
        outwards = 1.28 * (value - 0.5) + 0.5
        right.text(*outwards, f"{number + 1}", ha="center", va="center", size=11)
    right.plot(*answer, "*", color="black", markersize=17, zorder=3)
    right.set(xlim=(-0.15, 1.15), ylim=(-0.15, 1.15), xticks=[], yticks=[], aspect="equal")
    right.set_title(_("four values and the answer"))
    told = ", ".join(f"{w:.2f}" for w in weights)
    return figure, _(
        "Left: four keys as thin arrows at 75, 20, -35 and 160 degrees, and the query as a thick "
        "one at {angle} degrees, of length {length:g}. Middle: the attention weights of the keys: "
        "{told}. Right: four values as points, and the answer, a star among them, nearest to value "
        "{nearest}."
    ).format(
        angle=angle,
        length=length,
        told=told,
        nearest=1 + np.linalg.norm(VALUES - answer, axis=1).argmin(),
    )


attention = Play(
    number=11,
    draw=draw,
    caption=N_(
        "A query (black) among four keys, the weights that softmax makes of their scores, and the "
        "answer (star), the weighted mean of four values."
    ),
    controls={
        "angle": Control(N_("angle of the query"), tuple(range(-180, 181, 10))),
        "length": Control(N_("length of the query"), (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)),
    },
)
