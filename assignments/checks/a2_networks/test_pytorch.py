"""Public checks of the pytorch notebook: small networks, some of them to be followed by hand."""

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.checks.a2_networks.pytorch import (
    SCALE,
    WEIGHTS_FILE,
    check_evaluation,
    check_plain_number,
    check_trained,
    looped,
    module,
    moved,
    sequence,
    three_layer_convnet,
    two_layer_fc,
)
from assignments.compare import assert_close
from assignments.families.checks import Checks
from assignments.families.result import Result
from assignments.messages import _
from assignments.questions import Battery

# --- networks ------------------------------------------------------------------------------------

fc = (
    Checks("pytorch-two-layer-fc", two_layer_fc, {"N": 2, "shape": (3,), "H": 2, "C": 2})
    # Hidden units: 3 and 1 for the first example; 0 (before ReLU -2) and 4 for the second.
    .by_hand("A network with two hidden units, to be followed by hand, gives the right scores.",
             x=[[1, 2], [-3, 1]], params=([[1, -1], [1, 1]], [[1, 0], [-2, 2]]),
             scores=[[1, 2], [-8, 8]])
    # The hidden units are the numbers themselves.
    .by_hand("Images of shape (3, 2, 2) are read as rows of 12 numbers.",
             x=np.arange(24.0).reshape(2, 3, 2, 2),
             params=(np.eye(12), np.eye(12)[:, [0, 5, 11]]), scores=[[0, 5, 11], [12, 17, 23]])
    .by_hand("In double precision all is double: 2**30 times ((1 + 2**-30) - 1) is 1, and not 0.",
             x=[[1 + 2**-30, 1]], params=([[1.0], [-1.0]], [[2.0**30]]), scores=[[1]])
    .holds("The scores have the dtype of x and the parameters.", two_layer_fc.check_dtype,
           {"N": 2, "shape": (3,)})
    .holds("backward leads from the scores to both parameters.", two_layer_fc.check_gradients,
           {"N": 2, "shape": (3,)})
    .untouched()
)  # fmt: skip


def middle(size, factor):
    """A filter of one channel that multiplies."""
    kernel = np.zeros((1, 1, size, size))
    kernel[0, 0, size // 2, size // 2] = factor
    return kernel


PIXELS = np.array([3.0, -3, 10]).reshape(3, 1, 1, 1)
# 3 -> 7 -> 6; -3 -> 0 (before ReLU -5) -> 20; 10 -> 21 -> 0 (before ReLU -22).
FOLLOWED = [[6.5, -5.75], [20.5, -19.75], [0.5, 0.25]]
CONVNET = {"N": 2, "C": 1, "size": (3, 2), "channels": (2, 2), "classes": 3}

convnet = (
    Checks("pytorch-three-layer-convnet", three_layer_convnet, CONVNET)
    .by_hand("Images of one pixel go through with the right numbers.", x=PIXELS,
             params=(middle(5, 2), [1], middle(3, -2), [20], [[1, -1]], [0.5, 0.25]),
             scores=FOLLOWED)
    .by_hand("The affine layer reads channel by channel, and in each row by row.",
             x=np.array([[[[1.0, 2]]]]),
             params=(middle(5, 1), [0], np.concatenate([middle(3, 1), middle(3, 10)]), [0, 0],
                     np.eye(4), [0, 0, 0, 0]),
             scores=[[1, 2, 10, 20]])
    .sizes("Four images of 6 x 7 pixels give four rows of five scores.",
           {"size": (6, 7), "channels": (2, 4), "classes": 5})
    .holds("The scores have the dtype of x and the parameters.", three_layer_convnet.check_dtype,
           CONVNET)
    .holds("backward leads from the scores to all six parameters.",
           three_layer_convnet.check_gradients, CONVNET)
    .untouched()
)  # fmt: skip

FC_W = np.zeros((2, 32 * 32))
FC_W[:, 0] = 1, -1
BY_HAND: Any = {
    "in_channel": 1, "channel_1": 1, "channel_2": 1, "num_classes": 2,
    "params": {"conv1.weight": middle(5, 2), "conv1.bias": [1.0], "conv2.weight": middle(3, -2),
               "conv2.bias": [20.0], "fc.weight": FC_W, "fc.bias": [0.5, 0.25]},
    "x": np.broadcast_to(PIXELS, (3, 1, 32, 32)).copy(), "scores": FOLLOWED, "rtol": 1e-5,
}  # fmt: skip
ONE_COLOUR = "With filters that look at their middle only, images of one colour are scored right."

three_layers = (
    Checks("pytorch-module", module, ((1, 1, 1, 2), 1))
    .holds("The module has the layers conv1, conv2 and fc, with parameters of the right shapes.",
           module.check_parameters, ((3, 12, 8, 10),))
    .by_hand(ONE_COLOUR, **BY_HAND)
    .holds("backward leads from the scores to all parameters.", module.check_gradients,
           ((1, 2, 3, 4), 2))
    .untouched("x is not changed.")
)  # fmt: skip

sequential = (
    Checks("pytorch-sequential", sequence)
    .holds("The result is an nn.Sequential with six parameters of the right shapes.",
           sequence.check_layers, ((3, 12, 8, 10),))
    .by_hand(ONE_COLOUR, **BY_HAND)
)  # fmt: skip


# --- loops over batches --------------------------------------------------------------------------


def identity(student):
    """A model of two classes whose scores are its inputs."""
    model = student.make("torch.nn.Linear", 2, 2, False)
    model.set("weight.data", torch.eye(2))
    return model


def batch(rows, labels):
    return torch.tensor(rows), torch.tensor(labels)


accuracy = Battery("pytorch-accuracy")


@accuracy.check()
def by_hand(student, rng):
    """Of seven examples in two batches five are right: four of five, and one of two."""
    batches = [
        batch([[6.0, 7.0], [3.0, 2.0], [0.0, 1.0], [5.0, 4.0], [-1.0, 2.0]], [1, 0, 1, 0, 0]),
        batch([[3.0, 2.0], [0.0, 2.0]], [0, 0]),
    ]
    share = looped(student, "accuracy", identity(student), batches)
    assert_close(share, 5 / 7, _("the accuracy"), show=True)


@accuracy.check()
def modes(student, rng):
    """The model is evaluated in eval mode, without gradients, and left in the mode it came in."""
    for was_training in (True, False):
        model = student.make("watched", identity(student))
        check_evaluation(student, model, [batch([[1.0, 1.0]], [0])], was_training)


@accuracy.check()
def devices(student, rng):
    """Batches that lie on another device than the model are moved."""
    batches = moved(student, [batch([[1.0, 0.0]], [0])])
    share = looped(student, "accuracy", identity(student), batches)
    assert_close(share, 1.0, _("the accuracy"), show=True)


train_epoch = Battery("pytorch-train-epoch")

ONES = batch([[1.0, 1.0]], [1])
# Both classes have the probability 1/2: the loss is ln 2, and its gradient with respect to the
# scores is 1/2 and -1/2.
STEP = [[0.0, -1.0], [1.0, 2.0]]


def train(student, model, batches, rate):
    optimizer = student.make("torch.optim.SGD", model.parameters(), rate)
    return looped(student, "train_epoch", model, batches, optimizer)


@train_epoch.check()
def one_step(student, rng):
    """One step for one example and two classes, to be followed by hand."""
    model = identity(student)
    loss = train(student, model, [ONES], 2.0)
    assert_close(loss, np.log(2), _("the mean loss"), show=True, rtol=1e-5)
    assert_close(model.get("weight"), STEP, _("the weights after the step"), show=True)


@train_epoch.check()
def two_batches(student, rng):
    """Two equal batches give two steps, the second along its own gradient alone."""
    x, y = batch([[2.0, 0.0], [0.0, 2.0]], [1, 1])
    model, want = identity(student), torch.eye(2)
    train(student, model, [(x, y), (x, y)], 0.5)
    for _step in range(2):
        # The gradient of the mean cross-entropy: probabilities less 1 for the right class.
        want -= 0.5 * (torch.softmax(x @ want.T, dim=1) - F.one_hot(y, 2)).T @ x / 2
    assert_close(model.get("weight"), want, _("the weights after two steps"), show=True)


@train_epoch.check()
def old_gradients(student, rng):
    """Gradients that the weights hold before the epoch do not count."""
    model = identity(student)
    model.set("weight.grad", torch.ones(2, 2))
    train(student, model, [ONES], 2.0)
    assert_close(model.get("weight"), STEP, _("the weights after the step"), show=True)


@train_epoch.check()
def mean_loss(student, rng):
    """The mean loss over batches of two examples and one is right, a number, and in train mode."""
    model = student.make("watched", identity(student))
    model.eval()
    # Two losses of ln 2, and one of ln 4/3.
    batches = [(torch.ones(2, 2), torch.tensor([0, 1])), batch([[0.0, np.log(3)]], [1])]
    loss = train(student, model, [(x.float(), y) for x, y in batches], 0.0)
    check_plain_number(student)
    want = (2 * np.log(2) + np.log(4 / 3)) / 3
    assert_close(loss, want, _("the mean loss"), show=True, rtol=1e-5)
    check_trained(model, batches)


@train_epoch.check()
def elsewhere(student, rng):
    """Batches that lie on another device than the model are moved."""
    loss = train(student, identity(student), moved(student, [ONES]), 0.0)
    assert_close(loss, np.log(2), _("the mean loss"), show=True, rtol=1e-5)


best = Result("pytorch-best", WEIGHTS_FILE, SCALE).shown(60, images=200)
