"""Window, stride and padding of a convolution, and the size of what comes out."""

import numpy as np
from matplotlib import colormaps
from matplotlib.patches import Rectangle

from assignments.messages import N_, _
from assignments.play.explore import Control, Drawing, Play, new_figure
from assignments.plots import PALETTE, SEQUENTIAL

SIZE = 7  # pixels of the image, both ways


def draw(window: int = 3, stride: int = 2, padding: int = 1, place: int = 6) -> Drawing:
    """Draw the windows of a convolution on an image of 7 x 7 pixels, and its output.

    Args:
        window: rows and columns of the filter.
        stride: how far it moves.
        padding: zeros around the image, on each side.
        place: which number of the output, counted row by row from 1; the last one is the limit.
    """
    padded = SIZE + 2 * padding
    size = 1 + (padded - window) // stride
    row, column = divmod(min(place, size * size) - 1, size)
    covered = np.zeros((padded, padded), int)
    for i, j in np.ndindex(size, size):
        covered[i * stride :, j * stride :][:window, :window] += 1
    figure = new_figure(10, 4.2)
    left, right = figure.subplots(1, 2)
    inner = covered[padding : padding + SIZE, padding : padding + SIZE]
    side = np.arange(padded)
    outside = (side < padding) | (side >= padding + SIZE)
    colours = colormaps[SEQUENTIAL].with_extremes(bad="0.85")
    left.imshow(
        np.ma.masked_where(outside[:, None] | outside, covered), cmap=colours, vmin=0,
        vmax=max(9, inner.max()),
    )  # fmt: skip
    for (i, j), count in np.ndenumerate(inner):
        ink = "black" if count > max(9, inner.max()) / 2 else "white"
        left.text(padding + j, padding + i, f"{count}", ha="center", va="center", color=ink)
    corner = column * stride - 0.5, row * stride - 0.5
    left.add_patch(Rectangle(corner, window, window, fill=False, edgecolor=PALETTE[4], lw=4))
    left.set_title(_("in how many windows each pixel is"))
    out = np.zeros((size, size))
    right.imshow(out, cmap="Greys", vmin=0, vmax=1, extent=(-0.5, size - 0.5, size - 0.5, -0.5))
    for i, j in np.ndindex(size, size):
        right.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor="0.7", lw=1))
    right.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color=PALETTE[4]))
    middle, reach = size / 2 - 0.5, padded / 2 + 0.1  # on the scale of the image
    right.set(xlim=(middle - reach, middle + reach), ylim=(middle + reach, middle - reach))
    right.set_aspect("equal")
    right.set_title(
        _("output: 1 + floor(({size} + 2*{padding} - {window}) / {stride}) = {out}").format(
            size=SIZE, padding=padding, window=window, stride=stride, out=size
        )
    )
    for axis in (left, right):
        axis.axis("off")
    return figure, _(
        "Left: an image of 7 x 7 pixels with a padding of {padding}; a window of "
        "{window} x {window} is marked. A pixel is in {least} to {most} windows, {unseen} pixels "
        "are in none. Right: the output of {out} x {out} numbers, with the one of this window "
        "marked, row {row}, column {column}."
    ).format(
        padding=padding,
        window=window,
        least=inner.min(),
        most=inner.max(),
        unseen=(inner == 0).sum(),
        out=size,
        row=row + 1,
        column=column + 1,
    )


convolution = Play(
    number=7,
    draw=draw,
    caption=N_(
        "An image of 7 x 7 pixels with its padding (grey), one window of a filter, and the number "
        "of the output that it gives. In so many windows a pixel is, so many sums of the output it "
        "is in, and so many terms its gradient has."
    ),
    controls={
        "window": Control(N_("window"), (1, 2, 3, 4, 5, 6, 7)),
        "stride": Control(N_("stride"), (1, 2, 3, 4)),
        "padding": Control(N_("padding"), (0, 1, 2, 3)),
        "place": Control(N_("output number"), tuple(range(1, 50))),
    },
)
