"""The fast layers give what PyTorch gives, whatever the sizes."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from assignments import layers
from assignments.fast_layers import (
    conv_backward_fast,
    conv_forward_fast,
    max_pool_backward_fast,
    max_pool_forward_fast,
)

# N, C, H, W; F, HH, WW; stride, pad
CONVOLUTIONS = [
    (2, 3, 6, 7, 4, 3, 3, 1, 1),
    (3, 2, 7, 9, 5, 3, 4, 2, 1),
    (1, 1, 8, 5, 1, 2, 5, 3, 0),
    (2, 4, 4, 4, 3, 1, 1, 2, 2),
    (2, 2, 5, 6, 3, 5, 2, 4, 3),
]
# N, C, H, W; pool_height, pool_width, stride
POOLINGS = [
    (2, 3, 6, 8, 2, 2, 2),
    (2, 3, 7, 9, 3, 2, 2),
    (1, 2, 8, 7, 3, 3, 1),
    (3, 1, 9, 6, 2, 3, 4),
]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def close(got, want, dtype):
    assert got.dtype == dtype
    tolerance = 1e-4 if dtype == np.float32 else 1e-10
    np.testing.assert_allclose(got, want.detach().numpy(), rtol=tolerance, atol=tolerance)


def leaves(*arrays):
    return [torch.from_numpy(array.copy()).requires_grad_() for array in arrays]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", CONVOLUTIONS)
def test_convolution_agrees_with_torch(rng, sizes, dtype):
    N, C, H, W, filters, HH, WW, stride, pad = sizes
    arrays = [
        rng.normal(size=shape).astype(dtype)
        for shape in ((N, C, H, W), (filters, C, HH, WW), (filters,))
    ]
    x, w, b = leaves(*arrays)
    want = F.conv2d(x, w, b, stride=stride, padding=pad)
    out, cache = conv_forward_fast(*arrays, {"stride": stride, "pad": pad})
    close(out, want, dtype)
    dout = rng.normal(size=out.shape).astype(dtype)
    want = torch.autograd.grad(want, (x, w, b), torch.from_numpy(dout))
    for got, gradient in zip(conv_backward_fast(dout, cache), want, strict=True):
        close(got, gradient, dtype)


@pytest.mark.parametrize("values", ["normal", "ties"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", POOLINGS)
def test_pooling_agrees_with_torch(rng, sizes, dtype, values):
    *shape, height, width, stride = sizes
    x = rng.normal(size=shape) if values == "normal" else rng.integers(-2, 1, size=shape)
    x = x.astype(dtype)
    (leaf,) = leaves(x)
    want = F.max_pool2d(leaf, (height, width), stride)
    pool_param = {"pool_height": height, "pool_width": width, "stride": stride}
    out, cache = max_pool_forward_fast(x, pool_param)
    close(out, want, dtype)
    dout = rng.normal(size=out.shape).astype(dtype)
    (want,) = torch.autograd.grad(want, leaf, torch.from_numpy(dout))
    close(max_pool_backward_fast(dout, cache), want, dtype)


def test_nothing_is_changed(rng):
    x, w, b = rng.normal(size=(2, 3, 5, 5)), rng.normal(size=(4, 3, 3, 3)), rng.normal(size=4)
    pool_param = {"pool_height": 1, "pool_width": 1, "stride": 1}
    before = [array.copy() for array in (x, w, b)]
    out, cache = conv_forward_fast(x, w, b, {"stride": 1, "pad": 1})
    conv_backward_fast(out, cache)
    pooled, cache = max_pool_forward_fast(x, pool_param)
    max_pool_backward_fast(pooled, cache)
    pooled[:] = 0  # no view of x
    for array, was in zip((x, w, b), before, strict=True):
        assert np.array_equal(array, was)


def test_a_window_larger_than_the_image_is_named():
    pool_param = {"pool_height": 3, "pool_width": 2, "stride": 1}
    with pytest.raises(ValueError, match="3 x 2 does not fit into 2 x 5 pixels"):
        max_pool_forward_fast(np.zeros((1, 1, 2, 5)), pool_param)


def test_layers_in_one_piece_agree_with_torch(rng):
    arrays = [rng.normal(size=shape) for shape in ((2, 3, 7, 6), (4, 3, 3, 3), (4,))]
    conv_param = {"stride": 1, "pad": 1}
    pool_param = {"pool_height": 2, "pool_width": 3, "stride": 2}
    x, w, b = leaves(*arrays)
    rectified = F.relu(F.conv2d(x, w, b, padding=1))
    pooled = F.max_pool2d(rectified, (2, 3), 2)
    for name, want, params in (
        ("conv_relu", rectified, [conv_param]),
        ("conv_relu_pool", pooled, [conv_param, pool_param]),
    ):
        out, cache = getattr(layers, f"{name}_forward")(*arrays, *params)
        close(out, want, np.float64)
        dout = rng.normal(size=out.shape)
        gradients = torch.autograd.grad(want, (x, w, b), torch.from_numpy(dout), retain_graph=True)
        found = getattr(layers, f"{name}_backward")(dout, cache)
        for got, gradient in zip(found, gradients, strict=True):
            close(got, gradient, np.float64)
