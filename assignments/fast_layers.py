"""Convolution and max pooling without loops over images or pixels, fast enough to train with.

Names, arguments and results are those of the functions ``..._naive`` in the notebook
``convolutional_networks``. Every loop here goes over the few places *within* a window: what lies at
one place of all windows at once is a view of the images, shifted and thinned out. Stacked, these
views make the convolution of an image one matrix product (Chellapilla, Puri and Simard, High
performance convolutional neural networks for document processing, 2006).
"""

from functools import reduce

import numpy as np

from assignments.messages import _

__all__ = [
    "conv_backward_fast",
    "conv_forward_fast",
    "max_pool_backward_fast",
    "max_pool_forward_fast",
]


def conv_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict
) -> tuple[np.ndarray, tuple]:
    """Slide filters over images.

    Args:
        x: (N, C, H, W). w: (F, C, HH, WW). b: (F,).
        conv_param: ``stride``, and ``pad``, the zeros added on each side of height and width.

    Returns:
        out (N, F, H_out, W_out), with H_out = (H + 2 pad - HH) // stride + 1 and likewise W_out,
        and the cache for :func:`conv_backward_fast`.
    """
    pad, stride = conv_param["pad"], conv_param["stride"]
    num_filters, _channels, *size = w.shape
    places = _places(np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)]), size, stride)
    N, _channels, *out_size = places[0].shape
    columns = np.stack(places, axis=2).reshape(N, w[0].size, -1)
    out = w.reshape(num_filters, -1) @ columns + b[:, np.newaxis]
    return out.reshape(N, num_filters, *out_size), (columns, x.shape, w, conv_param)


def conv_backward_fast(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dout (N, F, H_out, W_out) and the cache of :func:`conv_forward_fast` -> dx, dw, db."""
    columns, (N, C, H, W), w, conv_param = cache
    pad, stride = conv_param["pad"], conv_param["stride"]
    num_filters, _C, *size = w.shape
    rows = dout.reshape(N, num_filters, -1)
    dw = (rows @ columns.swapaxes(1, 2)).sum(axis=0).reshape(w.shape)
    dcolumns = w.reshape(num_filters, -1).T @ rows
    dcolumns = dcolumns.reshape(N, C, -1, *dout.shape[2:])
    dpadded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dcolumns.dtype)
    for number, place in enumerate(_places(dpadded, size, stride)):
        place += dcolumns[:, :, number]
    return dpadded[:, :, pad : pad + H, pad : pad + W], dw, rows.sum(axis=(0, 2))


def max_pool_forward_fast(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, tuple]:
    """Take the largest number of each window; windows may overlap.

    Args:
        x: (N, C, H, W).
        pool_param: ``pool_height``, ``pool_width``, ``stride``.

    Returns:
        out (N, C, H_out, W_out), with H_out = (H - pool_height) // stride + 1 and likewise W_out,
        and the cache for :func:`max_pool_backward_fast`.
    """
    out = reduce(np.maximum, _pool_places(x, pool_param))
    return np.array(out), (x, out, pool_param)


def max_pool_backward_fast(dout: np.ndarray, cache: tuple) -> np.ndarray:
    """dout (N, C, H_out, W_out) and the cache of :func:`max_pool_forward_fast` -> dx.

    Of several equal maxima, the first of the window gets the gradient, row by row.
    """
    x, out, pool_param = cache
    dx = np.zeros(x.shape, dout.dtype)
    remaining = dout.copy()
    for place, dplace in zip(
        _pool_places(x, pool_param), _pool_places(dx, pool_param), strict=True
    ):
        gradient = remaining * (place == out)
        dplace += gradient
        remaining -= gradient
    return dx


def _pool_places(x: np.ndarray, pool_param: dict) -> list[np.ndarray]:
    size = pool_param["pool_height"], pool_param["pool_width"]
    return _places(x, size, pool_param["stride"])


def _places(x: np.ndarray, size: tuple[int, int] | list[int], stride: int) -> list[np.ndarray]:
    """For each place of a window, row by row, what lies there in all windows.

    Each is a view of x, (N, C, H_out, W_out): writing to it writes to x.
    """
    height, width = size
    # Where the last window begins, plus one.
    rows, columns = x.shape[2] - height + 1, x.shape[3] - width + 1
    if rows < 1 or columns < 1:
        raise ValueError(
            _("a window of {window} does not fit into {image} pixels").format(
                window=f"{height} x {width}", image=f"{x.shape[2]} x {x.shape[3]}"
            )
        )
    return [
        x[:, :, i : i + rows : stride, j : j + columns : stride]
        for i in range(height)
        for j in range(width)
    ]
