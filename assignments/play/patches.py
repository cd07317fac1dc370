"""Patches of an image as tokens: how many there are, how long each is, and what attention costs."""

from functools import lru_cache

import numpy as np
from matplotlib.patches import Rectangle

from assignments.data import load_data
from assignments.messages import N_, _, ngettext
from assignments.play.explore import Control, Drawing, Play, new_figure, powers_of_ten
from assignments.plots import PALETTE

SIZE = 32


def draw(patch_size: int = 8, token: int = 6) -> Drawing:
    """Draw an image cut into patches, one of them as a row of numbers, and how many there are.

    Args:
        patch_size: P, in pixels.
        token: which patch to show, counted row by row from 0; the last one is the limit.
    """
    image = _image()
    across = SIZE // patch_size
    count = across**2
    token = min(token, count - 1)
    row, column = divmod(token, across)
    top, left_edge = row * patch_size, column * patch_size
    patch = image[top : top + patch_size, left_edge : left_edge + patch_size]
    figure = new_figure(11, 3.9)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.2, 1, 1.3))
    left.imshow(image)
    for line in np.arange(0, SIZE + 1, patch_size) - 0.5:
        left.plot([line, line], [-0.5, SIZE - 0.5], color="white", lw=0.8)
        left.plot([-0.5, SIZE - 0.5], [line, line], color="white", lw=0.8)
    if patch_size >= 4:
        for number in range(count):
            i, j = divmod(number, across)
            left.text(
                j * patch_size + 0.1, i * patch_size + 0.1, str(number), va="top", fontsize=6,
                color="black",
                bbox={"facecolor": "white", "alpha": 0.6, "edgecolor": "none", "pad": 0.6},
            )  # fmt: skip
    frame = (left_edge - 0.5, top - 0.5)
    left.add_patch(Rectangle(frame, patch_size, patch_size, fill=False, edgecolor=PALETTE[0], lw=4))
    title = ngettext(
        "{count} patch of {P} x {P} pixels", "{count} patches of {P} x {P} pixels", count
    )
    left.set_title(title.format(count=count, P=patch_size))
    middle.imshow(patch)
    middle.set_title(_("token {token}: 3 · {P} · {P} = {numbers} numbers").format(
        token=token, P=patch_size, numbers=patch.size
    ), fontsize=10)  # fmt: skip
    for axis in (left, middle):
        axis.axis("off")
    amounts = {
        _("tokens"): count,
        _("numbers in a patch"): patch.size,
        _("pairs that attention\ncompares"): count**2,
    }
    bars = right.barh(list(amounts), list(amounts.values()), color=PALETTE[:3])
    right.bar_label(bars, [f"{value:,}" for value in amounts.values()], padding=3)
    right.set(xscale="log", xlim=(0.8, 3e7))
    powers_of_ten(right.xaxis, range(0, 8, 2))
    right.invert_yaxis()
    right.spines[["top", "right"]].set_visible(False)
    return figure, _(
        "Left: an image of 32 x 32 pixels cut into {count} patches of {P} x {P}, with patch "
        "{token} framed, row {row}, column {column}. Middle: this patch, {numbers} numbers. Right: "
        "bars for {count} tokens, {numbers} numbers in each, and {pairs} pairs."
    ).format(
        count=count,
        P=patch_size,
        token=token,
        row=row + 1,
        column=column + 1,
        numbers=patch.size,
        pairs=count**2,
    )


@lru_cache(maxsize=1)
def _image() -> np.ndarray:
    """An image (32, 32, 3) uint8."""
    return load_data("emoji10", num_train=5, num_test=1).X_train[4]


patches = Play(
    number=12,
    draw=draw,
    caption=N_(
        "An image cut into patches. Each becomes one token; attention compares every token with "
        "every other."
    ),
    controls={
        "patch_size": Control(N_("patch size"), (1, 2, 4, 8, 16, 32)),
        "token": Control(N_("token"), tuple(range(64))),
    },
)
