"""Hidden checks of the two-layer-net notebook, against PyTorch's layers and automatic gradients.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own; special cases follow. Inputs keep away from the kinks of ReLU and of the hinge, where
more than one gradient is right.
"""

import numpy as np
import torch
from torch.nn import functional as F

from assignments.checks.a1_classifiers.test_svm import only
from assignments.checks.a1_classifiers.test_two_layer_net import (
    NAMES,
    check_shape,
    check_spread,
    forward,
    get_params,
    make_model,
    random_params,
    unpack,
)
from assignments.compare import assert_close, assert_unchanged
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed
from autograder.checks.a1_classifiers.networks import RightNet, leaf

# A layer that lost points is served whole: one half could not read the other half's cache.
AFFINE, RELU = ("affine_forward", "affine_backward"), ("relu_forward", "relu_backward")
LAYERS = {
    "two_layer_net-affine-forward": AFFINE,
    "two_layer_net-affine-backward": AFFINE,
    "two_layer_net-relu-forward": RELU,
    "two_layer_net-relu-backward": RELU,
}
MODEL = {**LAYERS, "two_layer_net-model-init": ("TwoLayerNet.__init__",)}
MODEL_WITH_LOSS = {**MODEL, "two_layer_net-softmax-loss": ("softmax_loss",)}

#: How far inputs keep away from a kink.
MARGIN = 0.02


# --- two_layer_net-affine-forward ----------------------------------------------------------------


def affine_inputs(rng, shape=(5, 3, 2, 4), outputs=6):
    """x, w and b, none centred on zero."""
    inputs = int(np.prod(shape[1:]))
    x = rng.normal(0.3, 1, size=shape)
    return x, rng.normal(0.2, 1, size=(inputs, outputs)), rng.normal(0.5, 2, size=outputs)


def affine(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return F.linear(x.flatten(start_dim=1), w.T, b)


def check_affine_forward(student, x, w, b, what="out"):
    out, _cache = forward(student, "affine_forward", x, w, b)
    assert_close(out, affine(leaf(x), leaf(w), leaf(b)), what)


@question("two_layer_net-affine-forward", weight=3)
def test_affine_forward_values(student, rng):
    """Images of several channels get the outputs that PyTorch computes."""
    check_affine_forward(student, *affine_inputs(rng))


@question("two_layer_net-affine-forward")
def test_affine_forward_rows(student, rng):
    """So do examples that are rows already."""
    check_affine_forward(student, *affine_inputs(rng, (7, 5), 3))


@question("two_layer_net-affine-forward")
def test_affine_forward_sizes(student, rng):
    """So do a single example, examples of one number, and a single output."""
    for shape, outputs in (((1, 4, 3), 5), ((6, 1), 4), ((4, 2, 3), 1)):
        what = f"out (x of shape {shape}, {outputs} outputs)"
        check_affine_forward(student, *affine_inputs(rng, shape, outputs), what)


@question("two_layer_net-affine-forward", weight=0.5, rule=True)
def test_affine_forward_inputs(student, rng):
    """x, w and b are as they were, and the outputs are right."""
    x, w, b = affine_inputs(rng)
    result = student.call("affine_forward", x, w, b, keep=True)
    assert_unchanged(student.changed, {0: "x", 1: "w", 2: "b"})
    assert_close(result.get("[0]"), affine(leaf(x), leaf(w), leaf(b)), "out")


# --- two_layer_net-affine-backward ---------------------------------------------------------------

AFFINE_PARTS = ("dx", "dw", "db")
BEFORE_AFFINE = {"two_layer_net-affine-forward": ("affine_forward",)}


def affine_backward(student, rng, shape=(5, 3, 2, 4), outputs=6):
    """What the student's affine_backward returns, and what is right, each for dx, dw and db."""
    arrays = affine_inputs(rng, shape, outputs)
    dout = rng.normal(size=(shape[0], outputs))
    _out, cache = forward(student, "affine_forward", *arrays)
    got = unpack(student.affine_backward(dout, cache), "affine_backward", AFFINE_PARTS)
    leaves = [leaf(array) for array in arrays]
    want = torch.autograd.grad(affine(*leaves), leaves, leaf(dout))
    return dict(zip(AFFINE_PARTS, got, strict=True)), dict(zip(AFFINE_PARTS, want, strict=True))


@question("two_layer_net-affine-backward", weight=2, builds_on=BEFORE_AFFINE)
def test_affine_backward_dw(student, rng):
    """dw is the gradient that PyTorch finds."""
    got, want = affine_backward(student, rng)
    assert_close(got["dw"], want["dw"], "dw", factors={"the number of examples": 5})


@question("two_layer_net-affine-backward", weight=2, builds_on=BEFORE_AFFINE)
def test_affine_backward_dx(student, rng):
    """dx is the gradient that PyTorch finds, in the shape of x."""
    got, want = affine_backward(student, rng)
    assert_close(got["dx"], want["dx"], "dx")


@question("two_layer_net-affine-backward", weight=1.5, builds_on=BEFORE_AFFINE)
def test_affine_backward_db(student, rng):
    """db is the gradient that PyTorch finds."""
    got, want = affine_backward(student, rng)
    assert_close(got["db"], want["db"], "db", factors={"the number of examples": 5})


@question("two_layer_net-affine-backward", builds_on=BEFORE_AFFINE)
def test_affine_backward_sizes(student, rng):
    """All three are right for rows, for a single example and for a single output."""
    for shape, outputs in (((4, 6), 3), ((1, 3, 2), 4), ((5, 2, 2), 1)):
        got, want = affine_backward(student, rng, shape, outputs)
        for part in AFFINE_PARTS:
            what = f"{part} (x of shape {shape}, {outputs} outputs)"
            assert_close(got[part], want[part], what)


@question("two_layer_net-affine-backward", weight=0.5, builds_on=BEFORE_AFFINE, rule=True)
def test_affine_backward_twice(student, rng):
    """dout is as it was, and calling it again gives the same right gradients."""
    x, w, b = affine_inputs(rng)
    dout = rng.normal(size=(5, 6))
    _out, cache = forward(student, "affine_forward", x, w, b)
    for _call in range(2):
        result = student.affine_backward(dout, cache)
        assert_unchanged(student.changed, {0: "dout"})
        _dx, dw, _db = unpack(result, "affine_backward", AFFINE_PARTS)
        leaves = [leaf(x), leaf(w), leaf(b)]
        assert_close(dw, torch.autograd.grad(affine(*leaves), leaves[1], leaf(dout))[0], "dw")


# --- two_layer_net-relu-forward ------------------------------------------------------------------


def away_from_zero(rng, shape, least=MARGIN):
    """Numbers of both signs, none close to zero."""
    return rng.choice([-1.0, 1.0], size=shape) * (least + rng.exponential(size=shape))


@question("two_layer_net-relu-forward", weight=2)
def test_relu_forward_values(student, rng):
    """The outputs are those of PyTorch's ReLU."""
    x = away_from_zero(rng, (6, 7))
    out, _cache = forward(student, "relu_forward", x)
    assert_close(out, F.relu(leaf(x)), "out")


@question("two_layer_net-relu-forward")
def test_relu_forward_shapes(student, rng):
    """They are so for inputs of any shape, and for zeros."""
    for shape in ((5,), (2, 3, 4), (2, 1, 3, 2), (1, 1)):
        x = away_from_zero(rng, shape)
        x.flat[0] = 0
        out, _cache = forward(student, "relu_forward", x)
        assert_close(out, F.relu(leaf(x)), f"out (x of shape {shape})")


@question("two_layer_net-relu-forward", weight=0.5, rule=True)
def test_relu_forward_inputs(student, rng):
    """x is as it was, and the outputs are right."""
    x = away_from_zero(rng, (4, 5))
    result = student.call("relu_forward", x, keep=True)
    assert_unchanged(student.changed, {0: "x"})
    assert_close(result.get("[0]"), F.relu(leaf(x)), "out")


# --- two_layer_net-relu-backward -----------------------------------------------------------------

BEFORE_RELU = {"two_layer_net-relu-forward": ("relu_forward",)}


def check_relu_backward(student, rng, shape):
    x, dout = away_from_zero(rng, shape), away_from_zero(rng, shape)
    _out, cache = forward(student, "relu_forward", x)
    dx = student.relu_backward(dout, cache)
    changed = student.changed
    inputs = leaf(x)
    want = torch.autograd.grad(F.relu(inputs), inputs, leaf(dout))[0]
    assert_close(dx, want, f"dx (x of shape {shape})")
    return changed


@question("two_layer_net-relu-backward", weight=2, builds_on=BEFORE_RELU)
def test_relu_backward_values(student, rng):
    """dx is the gradient that PyTorch finds."""
    check_relu_backward(student, rng, (7, 6))


@question("two_layer_net-relu-backward", builds_on=BEFORE_RELU)
def test_relu_backward_shapes(student, rng):
    """It is so for inputs of any shape."""
    for shape in ((9,), (2, 3, 4), (3, 1, 2, 2)):
        check_relu_backward(student, rng, shape)


@question("two_layer_net-relu-backward", weight=0.5, builds_on=BEFORE_RELU, rule=True)
def test_relu_backward_inputs(student, rng):
    """dout is as it was, and dx is right."""
    assert_unchanged(check_relu_backward(student, rng, (4, 5)), {0: "dout"})


# --- two_layer_net-svm-loss ----------------------------------------------------------------------


def hinge(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    # PyTorch divides by the number of classes as well.
    return F.multi_margin_loss(x, y, margin=1.0) * x.shape[1]


def scores_and_labels(rng, num=9, classes=5):
    """Scores with margins of every kind, none close to the kink of the hinge."""
    y = rng.integers(classes, size=num)
    while True:
        x = rng.normal(0.4, 1.2, size=(num, classes))
        if np.abs(x - x[np.arange(num), y][:, None] + 1).min() > MARGIN:
            return x, y


def loss_and_gradient(function, x, y):
    inputs = leaf(x)
    loss = function(inputs, torch.from_numpy(y))
    return loss, torch.autograd.grad(loss, inputs)[0]


def check_loss(student, name, function, x, y, parts=("loss", "dx"), note="", **tolerance):
    """Compare loss, dx or both with PyTorch's."""
    result = unpack(student.call(name, x, y), name, ("loss", "dx"))
    if len(parts) == 1:
        only(student, ("loss", "dx").index(parts[0]), result)
    wanted = loss_and_gradient(function, x, y)
    factors = {"the number of examples": len(x), "the number of classes": x.shape[1]}
    for part, got, want in zip(("loss", "dx"), result, wanted, strict=True):
        if part in parts:
            assert_close(got, want, part + note, factors=factors, **tolerance)


def check_loss_sizes(student, rng, name, function):
    for num, classes in ((1, 6), (7, 2), (40, 3)):
        note = f" ({num} examples, {classes} classes)"
        check_loss(student, name, function, *scores_and_labels(rng, num, classes), note=note)


def check_loss_inputs(student, rng, name, function):
    x, y = scores_and_labels(rng)
    result = student.call(name, x, y)
    assert_unchanged(student.changed, {0: "x", 1: "y"})
    loss, _dx = unpack(result, name, ("loss", "dx"))
    assert_close(loss, loss_and_gradient(function, x, y)[0], "loss")


@question("two_layer_net-svm-loss", weight=2)
def test_svm_loss_value(student, rng):
    """The loss is the one that PyTorch computes."""
    check_loss(student, "svm_loss", hinge, *scores_and_labels(rng), parts=("loss",))


@question("two_layer_net-svm-loss", weight=3)
def test_svm_loss_gradient(student, rng):
    """dx is the gradient that PyTorch finds."""
    check_loss(student, "svm_loss", hinge, *scores_and_labels(rng), parts=("dx",))


@question("two_layer_net-svm-loss")
def test_svm_loss_sizes(student, rng):
    """Both are right for a single example, for two classes and for many examples."""
    check_loss_sizes(student, rng, "svm_loss", hinge)


@question("two_layer_net-svm-loss", weight=0.5, rule=True)
def test_svm_loss_inputs(student, rng):
    """x and y are as they were, and the loss is right."""
    check_loss_inputs(student, rng, "svm_loss", hinge)


# --- two_layer_net-softmax-loss ------------------------------------------------------------------


@question("two_layer_net-softmax-loss", weight=2)
def test_softmax_loss_value(student, rng):
    """The loss is the one that PyTorch computes."""
    x, y = scores_and_labels(rng)
    check_loss(student, "softmax_loss", F.cross_entropy, x, y, parts=("loss",))


@question("two_layer_net-softmax-loss", weight=2)
def test_softmax_loss_gradient(student, rng):
    """dx is the gradient that PyTorch finds."""
    x, y = scores_and_labels(rng)
    check_loss(student, "softmax_loss", F.cross_entropy, x, y, parts=("dx",))


@question("two_layer_net-softmax-loss")
def test_softmax_loss_sizes(student, rng):
    """Both are right for a single example, for two classes and for many examples."""
    check_loss_sizes(student, rng, "softmax_loss", F.cross_entropy)


@question("two_layer_net-softmax-loss")
def test_softmax_loss_large(student, rng):
    """Both are right where all scores of an example are huge, or all are far below zero."""
    x, y = scores_and_labels(rng)
    x = x + rng.choice([-5000.0, 0.0, 5000.0], size=(len(x), 1))
    x[:2] += [[9000.0], [-9000.0]]
    check_loss(student, "softmax_loss", F.cross_entropy, x, y)


@question("two_layer_net-softmax-loss")
def test_softmax_loss_certain(student, rng):
    """Both are right where the right class has a probability too small for a float."""
    x, y = scores_and_labels(rng)
    x[np.arange(len(x)), y] -= rng.uniform(800, 4000, size=len(x))
    check_loss(student, "softmax_loss", F.cross_entropy, x, y)


@question("two_layer_net-softmax-loss", weight=0.5, rule=True)
def test_softmax_loss_inputs(student, rng):
    """x and y are as they were, and the loss is right."""
    check_loss_inputs(student, rng, "softmax_loss", F.cross_entropy)


# --- two_layer_net-model-init --------------------------------------------------------------------


@question("two_layer_net-model-init")
def test_model_init_shapes(student, rng):
    """W1, b1, W2 and b2 have the right shapes, whatever the dimensions."""
    for D, H, C in ((6, 4, 3), (5, 9, 2)):
        params = get_params(student.TwoLayerNet(input_dim=D, hidden_dim=H, num_classes=C))
        for name, shape in zip(NAMES, ((D, H), (H,), (H, C), (C,)), strict=True):
            check_shape(params, name, shape)


@question("two_layer_net-model-init")
def test_model_init_biases(student, rng):
    """The biases are 0."""
    model = student.TwoLayerNet(input_dim=6, hidden_dim=8, num_classes=5, weight_scale=0.3)
    params = get_params(model)
    for name in ("b1", "b2"):
        assert_close(params[name], np.zeros(params[name].shape), name)


@question("two_layer_net-model-init", weight=2)
def test_model_init_scale(student, rng):
    """Both weights scatter around 0, with the standard deviation weight_scale."""
    for scale in (0.003, 0.4):
        model = student.TwoLayerNet(90, 110, 70, scale)
        params = get_params(model)
        for name in ("W1", "W2"):
            check_spread(params, name, scale)
            if np.unique(params[name]).size < params[name].size / 2:
                raise CheckFailed(
                    _("the numbers in {name} repeat; each is to be drawn anew").format(name=name)
                )


@question("two_layer_net-model-init", weight=0.5)
def test_model_init_defaults(student, rng):
    """Without arguments it is made for CIFAR-10: 3072 inputs, 100 hidden units, 10 classes."""
    params = get_params(student.TwoLayerNet())
    for name, shape in zip(NAMES, ((3072, 100), (100,), (100, 10), (10,)), strict=True):
        check_shape(params, name, shape)
    for name in ("W1", "W2"):
        check_spread(params, name, 1e-3)


# --- two_layer_net-model-scores ------------------------------------------------------------------


class Net(RightNet):
    """A random network with random data."""

    NAMES = NAMES

    def __init__(self, student, rng, reg=0.0, shape=(7,), N=8, H=6, C=4):
        self.D = int(np.prod(shape))
        self.reg = reg
        self.y = rng.integers(C, size=N)
        while True:
            self.params = random_params(rng, self.D, H, C)
            self.X = rng.normal(0.2, 1, size=(N, *shape))
            before = self.X.reshape(N, -1) @ self.params["W1"] + self.params["b1"]
            both_signs = (before > 0).any() and (before < 0).any()
            if np.abs(before).min() > MARGIN and both_signs:
                break
        self.student = student
        self.model = make_model(student, self.params, reg)

    def scores(self, W1, b1, W2, b2):
        return affine(F.relu(affine(leaf(self.X), W1, b1)), W2, b2)


@question("two_layer_net-model-scores", weight=3, builds_on=MODEL)
def test_model_scores_values(student, rng):
    """Without labels, loss returns the scores that PyTorch computes."""
    net = Net(student, rng)
    assert_close(net.model.loss(net.X), net.right_scores(), "scores")


@question("two_layer_net-model-scores", builds_on=MODEL)
def test_model_scores_images(student, rng):
    """It does so for images, and for a single one."""
    for N in (5, 1):
        net = Net(student, rng, shape=(3, 2, 2), N=N)
        assert_close(net.model.loss(net.X), net.right_scores(), f"scores ({N} images)")


@question("two_layer_net-model-scores", weight=0.5, builds_on=MODEL, rule=True)
def test_model_scores_inputs(student, rng):
    """X is as it was, and the scores are right, also when asked for again."""
    net = Net(student, rng, shape=(2, 1, 3))
    for _call in range(2):
        scores = net.model.loss(net.X)
        assert_unchanged(student.changed, {0: "X"})
        assert_close(scores, net.right_scores(), "scores")


# --- two_layer_net-model-loss --------------------------------------------------------------------


@question("two_layer_net-model-loss", weight=2, builds_on=MODEL_WITH_LOSS)
def test_model_loss_regularisation(student, rng):
    """With regularisation, the loss is the one that PyTorch computes."""
    Net(student, rng, reg=0.6).check_loss("loss (reg = 0.6)")


@question("two_layer_net-model-loss", builds_on=MODEL_WITH_LOSS)
def test_model_loss_value(student, rng):
    """Without regularisation, it is so, too."""
    Net(student, rng).check_loss("loss (reg = 0)")


@question("two_layer_net-model-loss", weight=0.5, builds_on=MODEL_WITH_LOSS)
def test_model_loss_one_image(student, rng):
    """It is so for a single image."""
    Net(student, rng, reg=0.2, shape=(2, 2, 3), N=1).check_loss()


# --- two_layer_net-model-gradients ---------------------------------------------------------------


@question("two_layer_net-model-gradients", weight=2, builds_on=MODEL_WITH_LOSS)
def test_model_gradients_second_layer(student, rng):
    """With regularisation, grads has the right gradients of W2 and b2."""
    Net(student, rng, reg=0.6).check_gradients("W2", "b2")


@question("two_layer_net-model-gradients", weight=2, builds_on=MODEL_WITH_LOSS)
def test_model_gradients_first_layer(student, rng):
    """With regularisation, grads has the right gradients of W1 and b1."""
    Net(student, rng, reg=0.6).check_gradients("W1", "b1")


@question("two_layer_net-model-gradients", weight=2, builds_on=MODEL_WITH_LOSS)
def test_model_gradients_without_regularisation(student, rng):
    """All four are right without regularisation, for images of any shape."""
    Net(student, rng, shape=(2, 3, 2), N=5).check_gradients(*NAMES)


@question("two_layer_net-model-gradients", weight=0.5, builds_on=MODEL_WITH_LOSS, rule=True)
def test_model_gradients_inputs(student, rng):
    """Computing them leaves X, y and the parameters as they were."""
    net = Net(student, rng, reg=0.4)
    result = net.model.loss(net.X, net.y)
    assert_unchanged(student.changed, {0: "X", 1: "y"})
    for name, value in get_params(net.model).items():
        if not np.array_equal(value, net.params[name]):
            raise CheckFailed(
                _("loss changes params[{name!r}]; leave steps to the solver").format(name=name)
            )
    unpack(result, "loss", ("loss", "grads"))
    net.check_gradients("b2")
