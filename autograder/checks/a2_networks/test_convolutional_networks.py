"""Hidden checks of the convolutional-networks notebook, against PyTorch's layers and gradients.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own: nothing is square, strides do not come out even, nothing is centred on zero. Special
cases follow.
"""

import numpy as np
import torch
from torch.nn import functional as F

from assignments.checks.a1_classifiers.two_layer_net import (
    check_shape,
    check_spread,
    forward,
    get_params,
)
from assignments.checks.a2_networks.convolutional_networks import (
    CONV_PARTS,
    NAMES,
    NORM_PARTS,
    check_shapes,
    make_model,
    pooling,
    random_params,
)
from assignments.compare import assert_close, assert_unchanged, to_array, unpack
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed
from autograder.checks.a1_classifiers.networks import RightNet, leaf

#: The given fast layers answer these questions; the network is built of them.
WITHHELD = dict.fromkeys(
    (
        "convolutional_networks-conv-forward",
        "convolutional_networks-conv-backward",
        "convolutional_networks-max-pool-forward",
        "convolutional_networks-max-pool-backward",
    ),
    frozenset({"assignments.fast_layers", "assignments.layers"}),
)

# A layer that lost points is served whole: one half could not read the other half's cache.
BEFORE_CONV = {"convolutional_networks-conv-forward": ("conv_forward_naive",)}
BEFORE_POOL = {"convolutional_networks-max-pool-forward": ("max_pool_forward_naive",)}
SPATIAL = "convolutional_networks-spatial-batchnorm-forward"
BEFORE_SPATIAL = {SPATIAL: ("spatial_batchnorm_forward",)}
BEFORE_GROUP = {"convolutional_networks-spatial-groupnorm-forward": ("spatial_groupnorm_forward",)}

# A network may also stand on the layers of this notebook.
CONV, POOL = ((f"{name}_forward_naive", f"{name}_backward_naive") for name in ("conv", "max_pool"))
MODEL = {
    "convolutional_networks-conv-forward": CONV,
    "convolutional_networks-conv-backward": CONV,
    "convolutional_networks-max-pool-forward": POOL,
    "convolutional_networks-max-pool-backward": POOL,
    "convolutional_networks-model-init": ("ThreeLayerConvNet.__init__",),
}

#: How far inputs keep away from a kink.
MARGIN = 1e-3


# --- convolutional_networks-conv-forward ---------------------------------------------------------


def conv_inputs(rng, N=2, C=3, H=7, W=10, filters=4, HH=3, WW=4):
    """x, w and b, none centred on zero."""
    x = rng.normal(0.3, 1, size=(N, C, H, W))
    w = rng.normal(0.2, 1, size=(filters, C, HH, WW))
    return x, w, rng.normal(0.5, 2, size=filters)


def conv(x, w, b, stride, pad):
    return F.conv2d(leaf(x), leaf(w), leaf(b), stride=stride, padding=pad)


def check_conv(student, arrays, stride, pad, what="out", **tolerance):
    param = {"stride": stride, "pad": pad}
    out, _cache = forward(student, "conv_forward_naive", *arrays, param)
    assert_close(out, conv(*arrays, stride, pad), what, **tolerance)


@question("convolutional_networks-conv-forward", weight=3)
def test_conv_forward_values(student, rng):
    """Images of three channels are right, with filters of 3 x 4, padding and a stride of 2."""
    check_conv(student, conv_inputs(rng), 2, 1)


@question("convolutional_networks-conv-forward")
def test_conv_forward_plain(student, rng):
    """It is right without padding and with stride 1."""
    check_conv(student, conv_inputs(rng, H=5, W=6, HH=2, WW=3), 1, 0)


@question("convolutional_networks-conv-forward")
def test_conv_forward_settings(student, rng):
    """It is right for other strides and paddings, also where a window does not fit in the end."""
    for (H, W, HH, WW), stride, pad in (
        ((8, 6, 3, 3), 3, 0),
        ((5, 9, 2, 4), 3, 2),
        ((6, 4, 5, 2), 4, 3),
        ((4, 7, 4, 7), 1, 0),
    ):
        what = f"out ({H} x {W} pixels, filters {HH} x {WW}, stride {stride}, pad {pad})"
        check_conv(student, conv_inputs(rng, H=H, W=W, HH=HH, WW=WW), stride, pad, what)


@question("convolutional_networks-conv-forward")
def test_conv_forward_sizes(student, rng):
    """It is right for a single image, a single channel, a single filter, and filters of 1 x 1."""
    for N, C, filters, size in ((1, 2, 3, 3), (3, 1, 2, 3), (2, 3, 1, 2), (2, 4, 5, 1)):
        what = f"out ({N} images, {C} channels, {filters} filters of {size} x {size})"
        arrays = conv_inputs(rng, N, C, 5, 4, filters, size, size)
        check_conv(student, arrays, 1, 1, what)


@question("convolutional_networks-conv-forward", weight=0.5)
def test_conv_forward_single_precision(student, rng):
    """It is right for images and filters in single precision."""
    arrays = [array.astype(np.float32) for array in conv_inputs(rng)]
    check_conv(student, arrays, 2, 1, rtol=1e-4, atol=1e-5)


@question("convolutional_networks-conv-forward", weight=0.5, rule=True)
def test_conv_forward_inputs(student, rng):
    """x, w, b and conv_param are as they were, and the outputs are right."""
    arrays = conv_inputs(rng)
    result = student.call("conv_forward_naive", *arrays, {"stride": 1, "pad": 1}, keep=True)
    assert_unchanged(student.changed, {0: "x", 1: "w", 2: "b", 3: "conv_param"})
    assert_close(result.get("[0]"), conv(*arrays, 1, 1), "out")


# --- convolutional_networks-conv-backward --------------------------------------------------------


def layer_backward(student, names, arrays, settings, parts, function, rng, dtype=np.float64):
    """What the student's backward returns, what PyTorch does, both by part, and what it changed."""
    leaves = [leaf(array) for array in arrays]
    out = function(*leaves)
    dout = rng.normal(0.2, 1, size=out.shape).astype(dtype)
    _out, cache = forward(student, names.format("forward"), *arrays, *settings)
    backward = names.format("backward")
    result = student.call(backward, dout, cache)
    changed = student.changed
    got = [result] if len(parts) == 1 else unpack(result, backward, parts)
    want = torch.autograd.grad(out, leaves, torch.from_numpy(dout.astype(np.float64)))
    return dict(zip(parts, got, strict=True)), dict(zip(parts, want, strict=True)), changed


def conv_backward(student, rng, arrays, stride, pad, dtype=np.float64):
    return layer_backward(
        student,
        "conv_{}_naive",
        [array.astype(dtype) for array in arrays],
        [{"stride": stride, "pad": pad}],
        CONV_PARTS,
        lambda x, w, b: F.conv2d(x, w, b, stride=stride, padding=pad),
        rng,
        dtype,
    )


@question("convolutional_networks-conv-backward", weight=2, builds_on=BEFORE_CONV)
def test_conv_backward_dw(student, rng):
    """dw is the gradient that PyTorch finds."""
    got, want, _changed = conv_backward(student, rng, conv_inputs(rng), 2, 1)
    factors = {"the number of images": 2, "the number of windows of an image": 12}
    assert_close(got["dw"], want["dw"], "dw", factors=factors)


@question("convolutional_networks-conv-backward", weight=2, builds_on=BEFORE_CONV)
def test_conv_backward_dx(student, rng):
    """dx is the gradient that PyTorch finds, in the shape of x."""
    got, want, _changed = conv_backward(student, rng, conv_inputs(rng), 2, 1)
    assert_close(got["dx"], want["dx"], "dx")


@question("convolutional_networks-conv-backward", builds_on=BEFORE_CONV)
def test_conv_backward_db(student, rng):
    """db is the gradient that PyTorch finds."""
    got, want, _changed = conv_backward(student, rng, conv_inputs(rng), 2, 1)
    factors = {"the number of images": 2, "the number of windows of an image": 12}
    assert_close(got["db"], want["db"], "db", factors=factors)


@question("convolutional_networks-conv-backward", builds_on=BEFORE_CONV)
def test_conv_backward_no_padding(student, rng):
    """All three are right without padding."""
    got, want, _changed = conv_backward(student, rng, conv_inputs(rng, H=5, W=6, HH=2, WW=3), 1, 0)
    for part in CONV_PARTS:
        assert_close(got[part], want[part], part)


@question("convolutional_networks-conv-backward", builds_on=BEFORE_CONV)
def test_conv_backward_settings(student, rng):
    """All three are right for other strides and paddings, and where pixels are in no window."""
    for (N, C, H, W, filters, HH, WW), stride, pad in (
        ((1, 2, 8, 6, 3, 3, 3), 3, 0),
        ((3, 1, 5, 9, 2, 2, 4), 3, 2),
        ((2, 2, 6, 4, 1, 5, 2), 4, 3),
        ((2, 3, 4, 4, 2, 1, 1), 2, 0),
    ):
        arrays = conv_inputs(rng, N, C, H, W, filters, HH, WW)
        got, want, _changed = conv_backward(student, rng, arrays, stride, pad)
        for part in CONV_PARTS:
            what = f"{part} ({H} x {W} pixels, filters {HH} x {WW}, stride {stride}, pad {pad})"
            assert_close(got[part], want[part], what)


@question("convolutional_networks-conv-backward", weight=0.5, builds_on=BEFORE_CONV)
def test_conv_backward_single_precision(student, rng):
    """All three are right in single precision."""
    got, want, _changed = conv_backward(student, rng, conv_inputs(rng), 2, 1, np.float32)
    for part in CONV_PARTS:
        assert_close(got[part], want[part], part, rtol=1e-4, atol=1e-5)


@question("convolutional_networks-conv-backward", weight=0.5, builds_on=BEFORE_CONV, rule=True)
def test_conv_backward_inputs(student, rng):
    """dout is as it was, and dw is right."""
    got, want, changed = conv_backward(student, rng, conv_inputs(rng), 1, 1)
    assert_unchanged(changed, {0: "dout"})
    assert_close(got["dw"], want["dw"], "dw")


# --- convolutional_networks-max-pool-forward -----------------------------------------------------

#: H, W, pool_height, pool_width, stride
POOLINGS = ((6, 8, 3, 3, 1), (7, 9, 3, 2, 2), (9, 5, 2, 3, 4), (5, 6, 2, 5, 3), (4, 6, 4, 6, 1))


def max_pool(x, height, width, stride):
    return F.max_pool2d(x, (height, width), stride)


def check_max_pool(student, x, height, width, stride, what="out", **tolerance):
    out, _cache = forward(student, "max_pool_forward_naive", x, pooling(height, width, stride))
    assert_close(out, max_pool(leaf(x), height, width, stride), what, **tolerance)


@question("convolutional_networks-max-pool-forward", weight=2)
def test_max_pool_forward_values(student, rng):
    """Windows that are not square and overlap are right, also where all numbers are negative."""
    x = rng.normal(-1, 1, size=(2, 3, 8, 10))
    x[0, 0] -= 9
    check_max_pool(student, x, 2, 3, 2)


@question("convolutional_networks-max-pool-forward")
def test_max_pool_forward_even(student, rng):
    """Windows of 2 x 2 with stride 2 are right."""
    check_max_pool(student, rng.normal(size=(3, 2, 4, 6)), 2, 2, 2)


@question("convolutional_networks-max-pool-forward")
def test_max_pool_forward_settings(student, rng):
    """It is right for other windows and strides, also where a window does not fit in the end."""
    for H, W, height, width, stride in POOLINGS:
        what = f"out ({H} x {W} pixels, windows of {height} x {width}, stride {stride})"
        x = rng.normal(-0.5, 1, size=(2, 2, H, W))
        check_max_pool(student, x, height, width, stride, what)


@question("convolutional_networks-max-pool-forward", weight=0.5, rule=True)
def test_max_pool_forward_inputs(student, rng):
    """x and pool_param are as they were, and the outputs are right, in single precision."""
    x = rng.normal(size=(2, 3, 5, 6)).astype(np.float32)
    result = student.call("max_pool_forward_naive", x, pooling(2, 2, 2), keep=True)
    assert_unchanged(student.changed, {0: "x", 1: "pool_param"})
    assert_close(result.get("[0]"), max_pool(leaf(x), 2, 2, 2), "out", rtol=1e-5)


# --- convolutional_networks-max-pool-backward ----------------------------------------------------


def max_pool_backward(student, rng, x, height, width, stride):
    """dx as the student and as PyTorch has it, and what the call changed."""
    got, want, changed = layer_backward(
        student,
        "max_pool_{}_naive",
        [x],
        [pooling(height, width, stride)],
        ("dx",),
        lambda x: max_pool(x, height, width, stride),
        rng,
        x.dtype.type,
    )
    return got["dx"], want["dx"], changed


@question("convolutional_networks-max-pool-backward", weight=2, builds_on=BEFORE_POOL)
def test_max_pool_backward_values(student, rng):
    """With windows that are not square and overlap, dx is the gradient that PyTorch finds."""
    x = rng.normal(-1, 1, size=(2, 3, 8, 10))
    dx, want, _changed = max_pool_backward(student, rng, x, 2, 3, 2)
    assert_close(dx, want, "dx")


@question("convolutional_networks-max-pool-backward", weight=1.5, builds_on=BEFORE_POOL)
def test_max_pool_backward_even(student, rng):
    """It is so for windows of 2 x 2 with stride 2, which do not overlap."""
    x = rng.normal(size=(3, 2, 4, 6))
    dx, want, _changed = max_pool_backward(student, rng, x, 2, 2, 2)
    assert_close(dx, want, "dx")


@question("convolutional_networks-max-pool-backward", builds_on=BEFORE_POOL)
def test_max_pool_backward_settings(student, rng):
    """It is so for other windows and strides, also where pixels are in no window."""
    for H, W, height, width, stride in POOLINGS:
        x = rng.normal(-0.5, 1, size=(2, 2, H, W))
        dx, want, _changed = max_pool_backward(student, rng, x, height, width, stride)
        what = f"dx ({H} x {W} pixels, windows of {height} x {width}, stride {stride})"
        assert_close(dx, want, what)


@question("convolutional_networks-max-pool-backward", builds_on=BEFORE_POOL)
def test_max_pool_backward_ties(student, rng):
    """Of several equal maxima, the first of the window gets everything."""
    x = rng.integers(-1, 2, size=(2, 3, 7, 8)).astype(np.float64)
    for height, width, stride in ((2, 2, 2), (3, 2, 1), (2, 3, 2)):
        dx, want, _changed = max_pool_backward(student, rng, x, height, width, stride)
        assert_close(dx, want, f"dx (windows of {height} x {width}, stride {stride})")


@question("convolutional_networks-max-pool-backward", weight=0.5, builds_on=BEFORE_POOL, rule=True)
def test_max_pool_backward_inputs(student, rng):
    """dout is as it was, and dx is right, in single precision."""
    x = rng.normal(size=(2, 2, 6, 5)).astype(np.float32)
    dx, want, changed = max_pool_backward(student, rng, x, 3, 2, 2)
    assert_unchanged(changed, {0: "dout"})
    assert_close(dx, want, "dx", rtol=1e-5)


# --- convolutional_networks-model-init -----------------------------------------------------------


@question("convolutional_networks-model-init", weight=2)
def test_model_init_shapes(student, rng):
    """All six arrays have the right shapes, whatever the sizes; odd ones are rounded down."""
    for sizes in (((2, 7, 10), 4, 3, 6, 5), ((1, 8, 5), 3, 5, 9, 2), ((3, 6, 6), 2, 1, 4, 7)):
        check_shapes(get_params(student.ThreeLayerConvNet(*sizes), NAMES), *sizes)


@question("convolutional_networks-model-init")
def test_model_init_biases(student, rng):
    """The biases are 0."""
    params = get_params(student.ThreeLayerConvNet((2, 6, 8), 5, 3, 7, 4, weight_scale=0.3), NAMES)
    for name in ("b1", "b2", "b3"):
        assert_close(params[name], np.zeros(params[name].shape), name)


@question("convolutional_networks-model-init", weight=2)
def test_model_init_scale(student, rng):
    """All weights scatter around 0, with the standard deviation weight_scale."""
    for scale in (0.003, 0.4):
        model = student.ThreeLayerConvNet((3, 8, 6), 30, 5, 40, 60, weight_scale=scale)
        params = get_params(model, NAMES)
        for name in ("W1", "W2", "W3"):
            check_spread(params, name, scale)
            if np.unique(params[name]).size < params[name].size / 2:
                raise CheckFailed(
                    _("the numbers in {name} repeat; each is to be drawn anew").format(name=name)
                )


@question("convolutional_networks-model-init", weight=0.5)
def test_model_init_defaults(student, rng):
    """Without arguments it is made for CIFAR-10: 32 filters of 7 x 7, 100 hidden units."""
    params = get_params(student.ThreeLayerConvNet(), NAMES)
    check_shapes(params, (3, 32, 32), 32, 7, 100, 10)
    for name in ("W1", "W2", "W3"):
        check_spread(params, name, 1e-3)


@question("convolutional_networks-model-init", weight=0.5)
def test_model_init_precision(student, rng):
    """All arrays have the dtype that was asked for, single precision by default."""
    for dtype, settings in ((np.float32, {}), (np.float64, {"dtype": np.float64})):
        params = get_params(student.ThreeLayerConvNet((1, 4, 6), 2, 3, 5, 3, **settings), NAMES)
        for name in NAMES:
            if params[name].dtype != dtype:
                reason = _("{name} is {got}, where {want} is expected")
                raise CheckFailed(
                    reason.format(name=name, got=params[name].dtype, want=dtype.__name__)
                )


# --- convolutional_networks-model-scores ---------------------------------------------------------


class Net(RightNet):
    """A random network on random images."""

    NAMES = NAMES

    def __init__(self, student, rng, reg=0.0, size=(2, 7, 6), N=4, filter_size=3):
        self.reg = reg
        self.y = rng.integers(5, size=N)
        while True:
            self.params = random_params(rng, size, 3, filter_size, 4, 5)
            self.X = rng.normal(0.2, 1, size=(N, *size))
            with torch.no_grad():
                clear = self._is_clear()
            if clear:
                break
        self.student = student
        self.model = make_model(student, self.params, size, reg)

    def _is_clear(self):
        """Do all numbers keep away from the kinks of ReLU and of the maximum?"""
        leaves = self.leaves()
        before = self.convolved(*leaves[:2])
        windows = F.unfold(before.flatten(0, 1)[:, None], 2, stride=2)
        top = F.relu(windows).topk(2, dim=1).values
        apart = torch.where(top[:, 0] > 0, top[:, 0] - top[:, 1], torch.inf)
        hidden = self.hidden(*leaves[:4])
        kinks = (before.abs(), apart, hidden.abs())
        both_signs = (hidden > 0).any() and (hidden < 0).any()
        return min(float(k.min()) for k in kinks) > MARGIN and bool(both_signs)

    def convolved(self, W1, b1):
        return F.conv2d(leaf(self.X), W1, b1, padding="same")

    def hidden(self, W1, b1, W2, b2):
        pooled = F.max_pool2d(F.relu(self.convolved(W1, b1)), 2)
        return F.linear(pooled.flatten(1), W2.T, b2)

    def scores(self, W1, b1, W2, b2, W3, b3):
        return F.linear(F.relu(self.hidden(W1, b1, W2, b2)), W3.T, b3)


@question("convolutional_networks-model-scores", weight=3, builds_on=MODEL)
def test_model_scores_values(student, rng):
    """Without labels, loss returns the scores that PyTorch computes."""
    net = Net(student, rng)
    assert_close(net.model.loss(net.X), net.right_scores(), "scores")


@question("convolutional_networks-model-scores", builds_on=MODEL)
def test_model_scores_sizes(student, rng):
    """It does so for a single image, other filters, and images of other sizes."""
    for size, N, filter_size in (((1, 8, 8), 1, 5), ((3, 4, 9), 3, 1)):
        net = Net(student, rng, size=size, N=N, filter_size=filter_size)
        what = f"scores ({N} images of {size[1]} x {size[2]} pixels)"
        assert_close(net.model.loss(net.X), net.right_scores(), what)


@question("convolutional_networks-model-scores", weight=0.5, builds_on=MODEL)
def test_model_scores_precision(student, rng):
    """With dtype float32 the scores are in single precision, also of images in double precision."""
    net = Net(student, rng)
    model = make_model(student, net.params, net.X.shape[1:], dtype=np.float32)
    scores = to_array(model.loss(net.X), "scores")
    assert_close(scores, net.right_scores(), "scores", rtol=1e-4, atol=1e-5)
    if scores.dtype != np.float32:
        reason = _("{name} is {got}, where {want} is expected")
        raise CheckFailed(reason.format(name="scores", got=scores.dtype, want="float32"))


@question("convolutional_networks-model-scores", weight=0.5, builds_on=MODEL, rule=True)
def test_model_scores_inputs(student, rng):
    """X is as it was, and the scores are right, also when asked for again."""
    net = Net(student, rng)
    for _call in range(2):
        scores = net.model.loss(net.X)
        assert_unchanged(student.changed, {0: "X"})
        assert_close(scores, net.right_scores(), "scores")


# --- convolutional_networks-model-loss -----------------------------------------------------------


@question("convolutional_networks-model-loss", weight=2, builds_on=MODEL)
def test_model_loss_regularisation(student, rng):
    """With regularisation, the loss is the one that PyTorch computes."""
    Net(student, rng, reg=0.6).check_loss("loss (reg = 0.6)")


@question("convolutional_networks-model-loss", builds_on=MODEL)
def test_model_loss_value(student, rng):
    """Without regularisation, it is so, too."""
    Net(student, rng).check_loss("loss (reg = 0)")


# --- convolutional_networks-model-gradients ------------------------------------------------------


@question("convolutional_networks-model-gradients", weight=2, builds_on=MODEL, cpu=10)
def test_model_gradients_affine(student, rng):
    """With regularisation, grads has the right gradients of W2, b2, W3 and b3."""
    Net(student, rng, reg=0.6).check_gradients("W2", "b2", "W3", "b3")


@question("convolutional_networks-model-gradients", weight=2, builds_on=MODEL, cpu=10)
def test_model_gradients_convolution(student, rng):
    """With regularisation, grads has the right gradients of W1 and b1."""
    Net(student, rng, reg=0.6).check_gradients("W1", "b1")


@question("convolutional_networks-model-gradients", weight=2, builds_on=MODEL, cpu=10)
def test_model_gradients_without_regularisation(student, rng):
    """All six are right without regularisation, for images and filters of other sizes."""
    Net(student, rng, size=(3, 4, 9), N=3, filter_size=1).check_gradients(*NAMES)


@question("convolutional_networks-model-gradients", weight=0.5, builds_on=MODEL, rule=True)
def test_model_gradients_inputs(student, rng):
    """Computing them leaves X, y and the parameters as they were."""
    net = Net(student, rng, reg=0.4)
    result = net.model.loss(net.X, net.y)
    assert_unchanged(student.changed, {0: "X", 1: "y"})
    for name, value in get_params(net.model, NAMES).items():
        if not np.array_equal(value, net.params[name]):
            raise CheckFailed(
                _("loss changes params[{name!r}]; leave steps to the solver").format(name=name)
            )
    unpack(result, "loss", ("loss", "grads"))
    net.check_gradients("b3")


# --- convolutional_networks-spatial-batchnorm-forward --------------------------------------------


def channel_inputs(rng, N=3, C=4, H=2, W=5):
    """x whose channels, images and rows differ in mean and spread, gamma and beta, both (C,)."""
    x = rng.normal(size=(N, C, H, W)) * rng.uniform(0.5, 3, size=(1, C, 1, 1))
    x += rng.normal(size=(1, C, 1, 1)) + rng.normal(size=(N, 1, 1, 1)) + rng.normal(size=(H, 1))
    return x, rng.uniform(0.5, 2, size=C), rng.normal(size=C)


def running(rng, C=4):
    """Running averages."""
    return {"running_mean": rng.normal(size=C), "running_var": rng.uniform(0.5, 3, size=C)}


@question("convolutional_networks-spatial-batchnorm-forward", weight=2)
def test_spatial_batchnorm_forward_values(student, rng):
    """In training, the outputs are those of PyTorch."""
    x, gamma, beta = channel_inputs(rng)
    out, _cache = forward(
        student, "spatial_batchnorm_forward", x, gamma, beta, {"mode": "train", **running(rng)}
    )
    want = F.batch_norm(leaf(x), None, None, leaf(gamma), leaf(beta), training=True)
    assert_close(out, want, "out")


@question("convolutional_networks-spatial-batchnorm-forward", weight=2)
def test_spatial_batchnorm_forward_test(student, rng):
    """In the test they are, too, from running averages, gamma and beta that are not 0 and 1."""
    for eps in (1e-5, 0.2):
        x, gamma, beta = channel_inputs(rng)
        averages = running(rng)
        want = F.batch_norm(
            leaf(x), *map(torch.tensor, averages.values()), leaf(gamma), leaf(beta), eps=eps
        )
        bn_param = {"mode": "test", "eps": eps, **averages}
        out, _cache = forward(student, "spatial_batchnorm_forward", x, gamma, beta, bn_param)
        assert_close(out, want, f"out (eps = {eps})")


@question("convolutional_networks-spatial-batchnorm-forward")
def test_spatial_batchnorm_forward_running(student, rng):
    """Training moves the running averages in bn_param, by means over images and places."""
    x, gamma, beta = channel_inputs(rng)
    averages = running(rng)
    bn_param = student.put({"mode": "train", "momentum": 0.7, **averages})
    result = student.call("spatial_batchnorm_forward", x, gamma, beta, bn_param, keep=True)
    for name, moment in (("running_mean", np.mean), ("running_var", np.var)):
        want = 0.7 * averages[name] + 0.3 * moment(x, axis=(0, 2, 3))
        assert_close(bn_param.get(f"[{name!r}]"), want, f"bn_param[{name!r}]")
    want = F.batch_norm(leaf(x), None, None, leaf(gamma), leaf(beta), training=True)
    assert_close(result.get("[0]"), want, "out")


@question("convolutional_networks-spatial-batchnorm-forward", weight=0.5)
def test_spatial_batchnorm_forward_sizes(student, rng):
    """It is right for a single image, a single channel, and no running averages yet."""
    for N, C, H, W in ((1, 3, 4, 3), (4, 1, 3, 2), (5, 6, 1, 1)):
        x, gamma, beta = channel_inputs(rng, N, C, H, W)
        out, _cache = forward(
            student, "spatial_batchnorm_forward", x, gamma, beta, {"mode": "train"}
        )
        want = F.batch_norm(leaf(x), None, None, leaf(gamma), leaf(beta), training=True)
        assert_close(out, want, f"out (x of shape {x.shape})")


# --- convolutional_networks-spatial-batchnorm-backward -------------------------------------------


def spatial_backward(student, rng, *sizes):
    return layer_backward(
        student,
        "spatial_batchnorm_{}",
        channel_inputs(rng, *sizes),
        [{"mode": "train"}],
        NORM_PARTS,
        lambda x, gamma, beta: F.batch_norm(x, None, None, gamma, beta, training=True),
        rng,
    )


@question(
    "convolutional_networks-spatial-batchnorm-backward",
    weight=2,
    builds_on=BEFORE_SPATIAL,
)
def test_spatial_batchnorm_backward_dx(student, rng):
    """dx is the gradient that PyTorch finds, in the shape of x."""
    got, want, _changed = spatial_backward(student, rng)
    assert_close(got["dx"], want["dx"], "dx")


@question(
    "convolutional_networks-spatial-batchnorm-backward",
    builds_on=BEFORE_SPATIAL,
)
def test_spatial_batchnorm_backward_parameters(student, rng):
    """dgamma and dbeta are, too, one number for each channel."""
    got, want, _changed = spatial_backward(student, rng)
    factors = {"the number of images": 3, "the number of places": 10, "N * H * W": 30}
    for part in ("dgamma", "dbeta"):
        assert_close(got[part], want[part], part, factors=factors)


@question(
    "convolutional_networks-spatial-batchnorm-backward",
    weight=0.5,
    builds_on=BEFORE_SPATIAL,
    rule=True,
)
def test_spatial_batchnorm_backward_sizes(student, rng):
    """All three are right for a single image and a single channel, and dout is as it was."""
    for sizes in ((1, 3, 4, 3), (4, 1, 3, 2)):
        got, want, changed = spatial_backward(student, rng, *sizes)
        assert_unchanged(changed, {0: "dout"})
        for part in NORM_PARTS:
            assert_close(got[part], want[part], f"{part} (x of shape {sizes})")


# --- convolutional_networks-spatial-groupnorm-forward --------------------------------------------


def group_inputs(rng, N=3, C=6, H=2, W=5):
    """x, gamma and beta, both (1, C, 1, 1)."""
    x, gamma, beta = channel_inputs(rng, N, C, H, W)
    return x, gamma.reshape(1, C, 1, 1), beta.reshape(1, C, 1, 1)


def group_norm(x, gamma, beta, G, eps=1e-5):
    return F.group_norm(x, G, gamma.flatten(), beta.flatten(), eps)


def check_group_norm(student, arrays, G, gn_param, what="out", **tolerance):
    out, _cache = forward(student, "spatial_groupnorm_forward", *arrays, G, gn_param)
    check_shape({"out": to_array(out, "out")}, "out", arrays[0].shape)
    want = group_norm(*map(leaf, arrays), G, gn_param.get("eps", 1e-5))
    assert_close(out, want, what, **tolerance)


@question("convolutional_networks-spatial-groupnorm-forward", weight=2)
def test_spatial_groupnorm_forward_values(student, rng):
    """Groups of three channels are those of PyTorch."""
    check_group_norm(student, group_inputs(rng), 2, {})


@question("convolutional_networks-spatial-groupnorm-forward")
def test_spatial_groupnorm_forward_groups(student, rng):
    """It is right for other numbers of groups, from one for all to one for each channel."""
    for C, G in ((6, 1), (6, 3), (6, 6), (8, 4), (1, 1)):
        arrays = group_inputs(rng, 2, C, 3, 2)
        check_group_norm(student, arrays, G, {}, f"out ({C} channels, {G} groups)")


@question("convolutional_networks-spatial-groupnorm-forward", weight=0.5)
def test_spatial_groupnorm_forward_eps(student, rng):
    """eps is taken from gn_param, and added to the variance."""
    check_group_norm(student, group_inputs(rng), 3, {"eps": 0.3})


@question("convolutional_networks-spatial-groupnorm-forward", weight=0.5, rule=True)
def test_spatial_groupnorm_forward_inputs(student, rng):
    """A single image in single precision is right, and x, gamma and beta are as they were."""
    arrays = [array.astype(np.float32) for array in group_inputs(rng, 1, 4, 3, 3)]
    result = student.call("spatial_groupnorm_forward", *arrays, 2, {}, keep=True)
    assert_unchanged(student.changed, {0: "x", 1: "gamma", 2: "beta"})
    want = group_norm(*map(leaf, arrays), 2)
    assert_close(result.get("[0]"), want, "out", rtol=1e-4, atol=1e-5)


# --- convolutional_networks-spatial-groupnorm-backward -------------------------------------------


def group_backward(student, rng, G=2, eps=1e-5, sizes=(3, 6, 2, 5), dtype=np.float64):
    return layer_backward(
        student,
        "spatial_groupnorm_{}",
        [array.astype(dtype) for array in group_inputs(rng, *sizes)],
        [G, {"eps": eps}],
        NORM_PARTS,
        lambda x, gamma, beta: group_norm(x, gamma, beta, G, eps),
        rng,
        dtype,
    )


@question("convolutional_networks-spatial-groupnorm-backward", weight=2, builds_on=BEFORE_GROUP)
def test_spatial_groupnorm_backward_dx(student, rng):
    """dx is the gradient that PyTorch finds, in the shape of x."""
    got, want, _changed = group_backward(student, rng)
    assert_close(got["dx"], want["dx"], "dx")


@question("convolutional_networks-spatial-groupnorm-backward", builds_on=BEFORE_GROUP)
def test_spatial_groupnorm_backward_parameters(student, rng):
    """dgamma and dbeta are, too, in the shape (1, C, 1, 1)."""
    got, want, _changed = group_backward(student, rng)
    factors = {"the number of images": 3, "the number of places": 10, "N * H * W": 30}
    for part in ("dgamma", "dbeta"):
        assert_close(got[part], want[part], part, factors=factors)


@question("convolutional_networks-spatial-groupnorm-backward", builds_on=BEFORE_GROUP)
def test_spatial_groupnorm_backward_groups(student, rng):
    """All three are right for other numbers of groups, and with a large eps."""
    for G, eps, sizes in ((1, 0.4, (2, 3, 3, 2)), (4, 1e-5, (1, 8, 2, 3)), (5, 0.4, (2, 5, 3, 4))):
        got, want, _changed = group_backward(student, rng, G, eps, sizes)
        for part in NORM_PARTS:
            assert_close(got[part], want[part], f"{part} ({sizes[1]} channels, {G} groups)")


@question(
    "convolutional_networks-spatial-groupnorm-backward",
    weight=0.5,
    builds_on=BEFORE_GROUP,
    rule=True,
)
def test_spatial_groupnorm_backward_inputs(student, rng):
    """In single precision all three are right, and dout is as it was."""
    got, want, changed = group_backward(student, rng, 3, dtype=np.float32)
    assert_unchanged(changed, {0: "dout"})
    for part in NORM_PARTS:
        assert_close(got[part], want[part], part, rtol=1e-3, atol=1e-4)
