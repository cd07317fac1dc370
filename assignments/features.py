"""Two descriptions of an image by hand: where it has edges in which direction, and which colours.

Both are given to the students, as functions of one image; the notebook ``features`` explains them.
"""

import numpy as np

__all__ = ["color_histogram_hsv", "hog_feature"]

#: A cell of HOG has so many pixels both ways, and a histogram of so many directions.
CELL, DIRECTIONS = 8, 9


def color_histogram_hsv(
    im: np.ndarray, nbin: int = 10, xmin: float = 0, xmax: float = 255, normalized: bool = True
) -> np.ndarray:
    """Which hues an image has: a histogram of the H of HSV.

    Each pixel votes for its hue as strongly as it is coloured, with saturation times value, the
    difference of its strongest and its weakest colour: white, grey and black have no hue.

    Args:
        im: (H, W, 3) image, RGB, numbers from xmin to xmax of any type.
        nbin: how many ranges the circle of hues is divided into, beginning with red.
        xmin, xmax: what black and full colour are.
        normalized: divide by the sum of all votes.

    Returns:
        (nbin,) float64; zeros for an image without colour.
    """
    im = (np.asarray(im, np.float64) - xmin) / (xmax - xmin)
    red, green, blue = im[..., 0], im[..., 1], im[..., 2]
    highest = im.max(axis=-1)
    colour = highest - im.min(axis=-1)
    span = np.where(colour > 0, colour, 1)
    # Six sextants from red over yellow, green, cyan, blue and magenta back to red.
    hue = np.where(
        highest == red,
        (green - blue) / span % 6,
        np.where(highest == green, 2 + (blue - red) / span, 4 + (red - green) / span),
    )
    which = (hue / 6 * nbin).astype(int) % nbin
    votes = np.bincount(which.ravel(), weights=colour.ravel(), minlength=nbin)
    total = votes.sum()
    return votes / total if normalized and total > 0 else votes


def hog_feature(im: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients: how strong edges are, by place and direction.

    Every pixel of the grey image votes for the direction of its gradient, as strongly as the
    gradient is long. A vote is shared between the nearest two of 9 directions from 0 to 180 degrees
    (an edge from dark to bright counts like one from bright to dark) and between the nearest cells
    of 8 x 8 pixels. Each block of 2 x 2 neighbouring cells is brought to length 1, cut off at 0.2
    and brought to length 1 again, so that pale and strong edges count alike.

    After Dalal and Triggs, Histograms of oriented gradients for human detection, CVPR 2005.

    Args:
        im: (H, W, 3) or (H, W) image of any numeric type, H and W at least 16.

    Returns:
        float64 array of length (H // 8 - 1) * (W // 8 - 1) * 36: block by block, in each block its
        cells, in each cell its 9 directions. An image of 32 x 32 pixels has 324.

    Raises:
        ValueError: the image is of another shape, or too small.
    """
    im = np.asarray(im, np.float64)
    if im.ndim not in (2, 3) or min(im.shape[:2]) < 2 * CELL:
        raise ValueError(
            f"hog_feature takes one image, (H, W, 3) or (H, W) with H and W from {2 * CELL} up, "
            f"not an array of shape {im.shape}"
        )
    cells = _direction_histograms(im if im.ndim == 2 else im.mean(axis=2))
    blocks = np.concatenate(
        [cells[:-1, :-1], cells[:-1, 1:], cells[1:, :-1], cells[1:, 1:]], axis=2
    )
    blocks = np.minimum(_to_unit_length(blocks), 0.2)
    return _to_unit_length(blocks).ravel()


def _direction_histograms(grey: np.ndarray) -> np.ndarray:
    """The votes of each cell for each direction, (H // 8, W // 8, 9)."""
    down, right = np.gradient(grey)
    strength = np.hypot(down, right)
    direction = np.arctan2(down, right) % np.pi / np.pi * DIRECTIONS
    lower = direction.astype(int)
    share = direction - lower
    height, width = grey.shape
    rows, columns = np.indices((height, width), sparse=True)
    votes = np.zeros((*grey.shape, DIRECTIONS))
    votes[rows, columns, lower % DIRECTIONS] = strength * (1 - share)
    votes[rows, columns, (lower + 1) % DIRECTIONS] = strength * share
    by_row = np.tensordot(_shares(grey.shape[0]), votes, axes=(1, 0))
    by_column = np.tensordot(_shares(grey.shape[1]), by_row, axes=(1, 1))
    return by_column.swapaxes(0, 1)


def _shares(pixels: int) -> np.ndarray:
    """How much of each pixel's vote each cell gets along one axis, (cells, pixels).

    A pixel half-way between the centres of two cells gives one half to each.
    """
    cells = np.arange(pixels // CELL)
    place = (np.arange(pixels) + 0.5) / CELL - 0.5
    return (1 - np.abs(place - cells[:, np.newaxis])).clip(0)


def _to_unit_length(vectors: np.ndarray) -> np.ndarray:
    """Vectors along the last axis at length 1; one of length 0 stays 0."""
    return vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-3)
