"""Hidden checks of the two-layer-net notebook, against PyTorch's layers and automatic gradients.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own; special cases follow. Inputs keep away from the kinks of ReLU and of the hinge, where
more than one gradient is right.
"""

import numpy as np
from torch.nn import functional as F

from assignments.checks.a1_classifiers.two_layer_net import (
    NAMES,
    check_shape,
    check_spread,
    get_params,
    make_model,
    random_params,
)
from assignments.compare import assert_close, assert_unchanged, unpack
from assignments.messages import _
from assignments.questions import question
from assignments.standins.a1_classifiers.two_layer_net import (
    affine,
    relu,
    scores_and_labels,
    softmax,
    svm,
)
from assignments.student import CheckFailed
from autograder.checks.a1_classifiers.networks import RightNet, leaf
from autograder.families.layers import backward_checks, forward_checks
from autograder.families.losses import loss_checks

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


# --- two_layer_net-affine and two_layer_net-relu --------------------------------------------------

BEFORE_AFFINE = {"two_layer_net-affine-forward": ("affine_forward",)}
BEFORE_RELU = {"two_layer_net-relu-forward": ("relu_forward",)}
AFFINE_SIZE = ((5, 3, 2, 4), 6)
ODD_AFFINE_SIZES = [((1, 4, 3), 5), ((6, 1), 4), ((4, 2, 3), 1)]

affine_forward = forward_checks(
    "two_layer_net-affine-forward",
    affine,
    AFFINE_SIZE,
    {
        "So do examples that are rows already.": [((7, 5), 3)],
        "So do a single example, examples of one number, and a single output.": ODD_AFFINE_SIZES,
    },
    values="Images of several channels get the outputs that PyTorch computes.",
    single=False,
)

affine_backward = backward_checks(
    "two_layer_net-affine-backward",
    affine,
    AFFINE_SIZE,
    {
        "All three are right for rows, for a single example and for a single output.": [
            ((4, 6), 3), ((1, 3, 2), 4), ((5, 2, 2), 1),
        ]
    },
    parts={("dw",): 2, ("dx",): 2, ("db",): 1.5},
    single=False,
    builds_on=BEFORE_AFFINE,
)  # fmt: skip

relu_forward = forward_checks(
    "two_layer_net-relu-forward",
    relu,
    (6, 7),
    {"They are so for inputs of any shape.": [(5,), (2, 3, 4), (2, 1, 3, 2), (1, 1)]},
    values="The outputs are those of PyTorch's ReLU.",
    weight=2,
    single=False,
)

relu_backward = backward_checks(
    "two_layer_net-relu-backward",
    relu,
    (7, 6),
    {"It is so for inputs of any shape.": [(9,), (2, 3, 4), (3, 1, 2, 2)]},
    parts={("dx",): 2},
    single=False,
    builds_on=BEFORE_RELU,
)


# --- two_layer_net-svm-loss and two_layer_net-softmax-loss ----------------------------------------

ODD_BATCHES = {
    "Both are right for a single example, for two classes and for many examples.": [
        (1, 6), (7, 2), (40, 3),
    ]
}  # fmt: skip


def huge_scores(rng):
    x, y = scores_and_labels(rng)
    x = x + rng.choice([-5000.0, 0.0, 5000.0], size=(len(x), 1))
    x[:2] += [[9000.0], [-9000.0]]
    return x, y


def no_probability(rng):
    x, y = scores_and_labels(rng)
    x[np.arange(len(x)), y] -= rng.uniform(800, 4000, size=len(x))
    return x, y


svm_loss = loss_checks("two_layer_net-svm-loss", svm, (), ODD_BATCHES, weights=(2, 3))
softmax_loss = loss_checks(
    "two_layer_net-softmax-loss",
    softmax,
    (),
    {
        **ODD_BATCHES,
        "Both are right where all scores of an example are huge, or far below zero.": huge_scores,
        "Both are right where the right class has a probability too small for a float.": (
            no_probability
        ),
    },
)


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
        return affine.twin(F.relu(affine.twin(leaf(self.X), W1, b1)), W2, b2)


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
