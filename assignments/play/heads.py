"""From (N, T, D) to (N, h, T, d): how the numbers of each word are shared out among the heads."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from assignments.messages import N_, _
from assignments.play.explore import Control, Drawing, Play, new_figure
from assignments.plots import PALETTE

WORDS = ("a", "red", "crab", "sits")
T, D = len(WORDS), 12
#: What is done to the array, by what the slider says of it.
RIGHT, WRONG = N_("reshape, transpose"), N_("reshape only")


def draw(num_heads: int = 3, steps: str = RIGHT) -> Drawing:
    """Draw the numbers of four words in one row each, and what each head gets of them.

    Args:
        num_heads: h, which divides D = 12.
        steps: RIGHT, or WRONG, which has the right shape and mixes words with heads.
    """
    d = D // num_heads
    # Each number is known by its word and its place: 100 * word + place.
    x = 100 * np.arange(T)[:, None] + np.arange(D)
    if steps == RIGHT:
        shared = x.reshape(T, num_heads, d).transpose(1, 0, 2)
        title = _("reshape(N, T, h, d), then transpose(1, 2)")
    else:
        shared = x.reshape(num_heads, T, d)
        title = _("reshape(N, h, T, d) at once: wrong")
    figure = new_figure(11, 4.6)
    above, below = figure.subplots(2, 1)
    _table(above, x, (0, 0), d)
    above.set_title(_("x, of shape (N, T, D) = (1, {T}, {D}): a row a word").format(T=T, D=D))
    for row, word in enumerate(WORDS):
        above.text(-0.2, row + 0.5, word, ha="right", va="center")
    gap = 1.0
    for head in range(num_heads):
        corner = head * (d + gap)
        _table(below, shared[head], (corner, 0), d)
        name = _("head {number}").format(number=head + 1)
        below.text(corner + d / 2, -0.25, name, ha="center", va="bottom")
    shape = f"(N, h, T, d) = (1, {num_heads}, {T}, {d})"
    below.set_title(f"{title}\n{shape}", pad=16)
    for axis in (above, below):
        axis.set(xlim=(-1.5, D + gap * (num_heads - 1) + 0.1), ylim=(T + 0.1, -0.6), aspect="equal")
        axis.axis("off")
    words = ", ".join(WORDS[number // 100] for number in shared[0, :, 0])
    return figure, _(
        "Above: a table with a row for each of the words a, red, crab and sits, and 12 numbers in "
        "each, coloured by the {h} heads that they are for. Below, {title}: {h} tables of {T} rows "
        "and {d} columns. The rows of head 1 begin with numbers of the words {words}."
    ).format(h=num_heads, title=title, T=T, d=d, words=words)


def _table(axis: Axes, numbers: np.ndarray, corner: tuple[float, float], d: int) -> None:
    """Draw numbers (rows, columns) with the first letter of their word, and their place."""
    words, places = np.divmod(numbers, 100)
    rows, columns = numbers.shape
    x, y = corner
    colours = [[to_rgba(PALETTE[place // d], 0.45) for place in line] for line in places]
    axis.imshow(colours, extent=(x, x + columns, y + rows, y), interpolation="nearest")
    axis.vlines(x + np.arange(columns + 1), y, y + rows, color="white", lw=1.5)
    axis.hlines(y + np.arange(rows + 1), x, x + columns, color="white", lw=1.5)
    for row, column in np.ndindex(numbers.shape):
        text = f"{WORDS[words[row, column]][0]}{places[row, column]}"
        axis.text(
            x + column + 0.5, y + row + 0.5, text, ha="center", va="center", fontsize=8,
            in_layout=False,  # so many texts take time
        )  # fmt: skip


heads = Play(
    number=10,
    draw=draw,
    caption=N_(
        "The numbers of four words, each known by the first letter of its word and its place in "
        "the row, with a colour for each head. In the end every head has a row for every word."
    ),
    controls={
        "num_heads": Control(N_("heads h"), (1, 2, 3, 4, 6)),
        "steps": Control(N_("steps"), (RIGHT, WRONG)),
    },
)
