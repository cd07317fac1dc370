"""Public checks of the pytorch notebook: small networks, some of them to be followed by hand."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F

from assignments.checks.a2_networks.pytorch import (
    CONVNET_PARAMS,
    MODULE_PARAMS,
    SCALE,
    WEIGHTS_FILE,
    check_dtype,
    check_evaluation,
    check_parameters,
    check_recording,
    check_sequential,
    check_shape,
    convnet_params,
    gradient_of,
    moved,
    scores_and_gradients,
    walk_back,
)
from assignments.compare import assert_close, assert_unchanged
from assignments.families.result import Result
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Remote, Student, explained

#: Three images of one pixel, for the example that is followed by hand.
PIXELS = torch.tensor([3.0, -3.0, 10.0]).reshape(3, 1, 1, 1)


@question("pytorch-two-layer-fc")
def test_fc_by_hand(student, rng):
    """A network with two hidden units, to be followed by hand, gives the right scores."""
    x = torch.tensor([[1.0, 2.0], [-3.0, 1.0]])
    w1, w2 = torch.tensor([[1.0, -1.0], [1.0, 1.0]]), torch.tensor([[1.0, 0.0], [-2.0, 2.0]])
    # hidden units: 3 and 1 for the first example; 0 (before ReLU -2) and 4 for the second
    want = np.array([[1.0, 2.0], [-8.0, 8.0]])
    with explained(network_errors()):
        scores = student.two_layer_fc(x, [w1, w2])
    check_shape(scores, (2, 2))
    assert_close(scores, want, _("the scores"), show=True)


@question("pytorch-two-layer-fc")
def test_fc_images(student, rng):
    """Images of shape (3, 2, 2) are read as rows of 12 numbers."""
    x = torch.arange(24.0).reshape(2, 3, 2, 2)
    w1 = torch.eye(12)  # the hidden units are the numbers themselves
    with explained(network_errors()):
        scores = student.two_layer_fc(x, [w1, torch.eye(12)[:, [0, 5, 11]]])
    check_shape(scores, (2, 3))
    want = [[0.0, 5.0, 11.0], [12.0, 17.0, 23.0]]
    assert_close(scores, want, _("the scores"), show=True)


@question("pytorch-two-layer-fc")
def test_fc_dtype(student, rng):
    """In double precision all is double: 2**30 times ((1 + 2**-30) - 1) is 1, and not 0."""
    rows = [[1 + 2**-30, 1]], [[1.0], [-1.0]], [[2.0**30]]
    x, w1, w2 = (torch.tensor(part, dtype=torch.float64) for part in rows)
    scores = student.two_layer_fc(x, [w1, w2])
    check_shape(scores, (1, 1))
    check_dtype(scores, torch.float64)
    assert_close(scores, [[1.0]], _("the scores"), show=True)


@question("pytorch-two-layer-fc")
def test_fc_gradients(student, rng):
    """backward leads from the scores to both parameters."""
    x, w1, w2 = torch.ones(1, 1), torch.full((1, 1), 2.0), torch.full((1, 1), 5.0)
    _scores, gradients = scores_and_gradients(
        student, "two_layer_fc", x, [w1, w2], ["w1", "w2"], torch.ones(1, 1)
    )
    for got, want, name in zip(gradients, (5.0, 2.0), ("w1", "w2"), strict=True):
        assert_close(got, [[want]], _("the gradient of {name}").format(name=name), show=True)


@question("pytorch-two-layer-fc")
def test_fc_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.two_layer_fc(torch.ones(2, 3), [-torch.ones(3, 2), torch.ones(2, 2)])
    assert_unchanged(student.changed, {0: "x", 1: "params"})


@question("pytorch-three-layer-convnet")
def test_convnet_by_hand(student, rng):
    """Images of one pixel go through with the right numbers."""
    with explained(network_errors()):
        scores = student.three_layer_convnet(PIXELS, params_by_hand(1))
    assert_scores_by_hand(scores)


@question("pytorch-three-layer-convnet")
def test_convnet_order(student, rng):
    """The affine layer reads channel by channel, and in each row by row."""
    one, ten = torch.zeros(2, 1, 1, 5, 5)
    one[0, 0, 2, 2], ten[0, 0, 2, 2] = 1.0, 10.0
    two_channels = torch.cat([one, ten])[:, :, 1:4, 1:4]
    params = [one, torch.zeros(1), two_channels, torch.zeros(2), torch.eye(4), torch.zeros(4)]
    with explained(network_errors()):
        scores = student.three_layer_convnet(torch.tensor([1.0, 2.0]).reshape(1, 1, 1, 2), params)
    check_shape(scores, (1, 4))
    want = [[1.0, 2.0, 10.0, 20.0]]
    assert_close(scores, want, _("the scores"), show=True)


@question("pytorch-three-layer-convnet")
def test_convnet_shape(student, rng):
    """Four images of 6 x 7 pixels give four rows of five scores."""
    x, params = torch.ones(4, 3, 6, 7), convnet_params(rng, 3, 2, 4, 42, 5)
    with explained(network_errors()):
        scores = student.three_layer_convnet(x, params)
    check_shape(scores, (4, 5))


@question("pytorch-three-layer-convnet")
def test_convnet_dtype(student, rng):
    """In double precision the scores have double precision, too."""
    x = torch.ones(1, 1, 2, 2, dtype=torch.float64)
    params = [p.double() for p in convnet_params(rng, 1, 2, 2, 4, 3)]
    scores = student.three_layer_convnet(x, params)
    check_shape(scores, (1, 3))
    check_dtype(scores, torch.float64)


@question("pytorch-three-layer-convnet")
def test_convnet_gradients(student, rng):
    """backward leads from the scores to all six parameters."""
    x, params = torch.ones(1, 1, 2, 2), convnet_params(rng, 1, 2, 2, 4, 3)
    dout = torch.ones(1, 3)
    scores_and_gradients(student, "three_layer_convnet", x, params, CONVNET_PARAMS, dout)


@question("pytorch-three-layer-convnet")
def test_convnet_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.three_layer_convnet(torch.ones(2, 1, 3, 3), convnet_params(rng, 1, 2, 2, 9, 2))
    assert_unchanged(student.changed, {0: "x", 1: "params"})


@question("pytorch-module")
def test_module_parameters(student, rng):
    """The module has the layers conv1, conv2 and fc, and their parameters have the right shapes."""
    check_parameters(student, student.ThreeLayerConvNet(3, 12, 8, 10), 3, 12, 8, 10)


@question("pytorch-module")
def test_module_by_hand(student, rng):
    """With filters that look at their middle only, images of one colour get the right scores."""
    model = student.ThreeLayerConvNet(1, 1, 1, 2)
    check_parameters(student, model, 1, 1, 1, 2)
    load_by_hand(model, MODULE_PARAMS)
    with explained(network_errors()):
        scores = model(PIXELS.expand(3, 1, 32, 32))
    assert_scores_by_hand(scores)


@question("pytorch-module")
def test_module_inputs(student, rng):
    """x is not changed."""
    model = student.ThreeLayerConvNet(1, 1, 1, 2)
    check_parameters(student, model, 1, 1, 1, 2)
    with explained(network_errors()):
        model(-torch.ones(1, 1, 32, 32), keep=True)
    assert_unchanged(student.changed, {0: "x"})


@question("pytorch-module")
def test_module_gradients(student, rng):
    """backward leads from the scores to all parameters."""
    model = student.ThreeLayerConvNet(1, 2, 3, 4)
    check_parameters(student, model, 1, 2, 3, 4)
    with explained(network_errors()):
        out = model(torch.ones(2, 1, 32, 32), keep=True)
    check_shape(out.get(), (2, 4))
    walk_back(student, out, torch.ones(2, 4))
    for name in MODULE_PARAMS:
        gradient_of(model, name, name)


@question("pytorch-sequential")
def test_sequential_layers(student, rng):
    """The result is an nn.Sequential with six parameters of the right shapes."""
    with explained(network_errors()):
        model = student.sequential_convnet(3, 12, 8, 10)
    check_sequential(model, 3, 12, 8, 10)


@question("pytorch-sequential")
def test_sequential_by_hand(student, rng):
    """With filters that look at their middle only, images of one colour get the right scores."""
    model = student.sequential_convnet(1, 1, 1, 2)
    load_by_hand(model, check_sequential(model, 1, 1, 1, 2))
    with explained(network_errors()):
        scores = model(PIXELS.expand(3, 1, 32, 32))
    assert_scores_by_hand(scores)


@question("pytorch-accuracy")
def test_accuracy_by_hand(student, rng):
    """Of seven examples in two batches five are right: four of five, and one of two."""
    model = identity(student, 2)
    scores = torch.tensor([[6.0, 7.0], [3.0, 2.0], [0.0, 1.0], [5.0, 4.0], [-1.0, 2.0]])
    batches = [
        (scores, torch.tensor([1, 0, 1, 0, 0])),
        (torch.tensor([[3.0, 2.0], [0.0, 2.0]]), torch.tensor([0, 0])),
    ]
    classes = _("argmax over dim=1, the classes, gives a label for each example")
    with explained(loop_errors() | {"must match the size of tensor b": classes}):
        share = student.accuracy(model, batches)
    assert_close(share, 5 / 7, _("the accuracy"), show=True)


@question("pytorch-accuracy")
def test_accuracy_modes(student, rng):
    """The model is evaluated in eval mode, without gradients, and left in the mode it came in."""
    for was_training in (True, False):
        watched = student.make("watched", identity(student, 2))
        model = student.make("torch.nn.Sequential", watched)
        model.train(was_training)
        student.accuracy(model, [(torch.ones(1, 2), torch.tensor([0]))])
        check_evaluation(watched, 1, was_training)
        check_recording(watched, torch.ones(1, 2))


@question("pytorch-accuracy")
def test_accuracy_devices(student, rng):
    """Batches that lie on another device than the model are moved."""
    batches = moved(student, [(torch.tensor([[1.0, 0.0]]), torch.tensor([0]))])
    with explained(loop_errors()):
        share = student.accuracy(identity(student, 2), batches)
    assert_close(share, 1.0, _("the accuracy"), show=True)


@question("pytorch-train-epoch")
def test_train_step(student, rng):
    """One step for one example and two classes, to be followed by hand."""
    model = identity(student, 2)
    optimizer = student.make("torch.optim.SGD", model.parameters(), 2.0)
    batches = [(torch.tensor([[1.0, 1.0]]), torch.tensor([1]))]
    # Both classes have the probability 1/2: the loss is ln 2, and its gradient with respect to the
    # scores is 1/2 and -1/2.
    with explained(loop_errors()):
        loss = student.train_epoch(model, batches, optimizer)
    assert_close(loss, np.log(2), _("the mean loss"), show=True, rtol=1e-5)
    want = [[0.0, -1.0], [1.0, 2.0]]
    assert_close(model.get("weight"), want, _("the weights after the step"), show=True)


@question("pytorch-train-epoch")
def test_train_two_batches(student, rng):
    """Two equal batches give two steps, the second along its own gradient alone."""
    x, y = torch.tensor([[2.0, 0.0], [0.0, 2.0]]), torch.tensor([1, 1])
    model = identity(student, 2)
    optimizer = student.make("torch.optim.SGD", model.parameters(), 0.5)
    student.train_epoch(model, [(x, y), (x, y)], optimizer)
    want = torch.eye(2)
    for _step in range(2):
        # The gradient of the mean cross-entropy: probabilities less 1 for the right class.
        want -= 0.5 * (torch.softmax(x @ want.T, dim=1) - F.one_hot(y, 2)).T @ x / 2
    assert_close(model.get("weight"), want, _("the weights after two steps"), show=True)


@question("pytorch-train-epoch")
def test_train_old_gradients(student, rng):
    """Gradients that the weights hold before the epoch do not count."""
    model = identity(student, 2)
    model.set("weight.grad", torch.ones(2, 2))
    optimizer = student.make("torch.optim.SGD", model.parameters(), 2.0)
    student.train_epoch(model, [(torch.tensor([[1.0, 1.0]]), torch.tensor([1]))], optimizer)
    want = [[0.0, -1.0], [1.0, 2.0]]
    assert_close(model.get("weight"), want, _("the weights after the step"), show=True)


@question("pytorch-train-epoch")
def test_train_mean_loss(student, rng):
    """The mean loss over batches of two examples and one is right, a number, and in train mode."""
    inner = identity(student, 2)
    model = student.make("watched", inner)
    model.eval()
    optimizer = student.make("torch.optim.SGD", inner.parameters(), 0.0)
    batches = [
        (torch.ones(2, 2), torch.tensor([0, 1])),  # each has the loss ln 2
        (torch.tensor([[0.0, np.log(3)]]).float(), torch.tensor([1])),  # ln 4/3
    ]
    with explained(loop_errors()):
        loss = student.train_epoch(model, batches, optimizer)
    if getattr(student.transcript[-1].value, "requires_grad", False):
        raise CheckFailed(
            _("the mean loss still holds the graphs of all batches"), _("add up loss.item()")
        )
    want = (2 * np.log(2) + np.log(4 / 3)) / 3
    assert_close(loss, want, _("the mean loss"), show=True, rtol=1e-5)
    if not all(training for training, _recorded in model.get("seen")):
        raise CheckFailed(_("the model is trained in eval mode; call model.train() before"))
    if model.get("training") is not True:
        raise CheckFailed(_("the model is left in eval mode"))


@question("pytorch-train-epoch")
def test_train_devices(student, rng):
    """Batches that lie on another device than the model are moved."""
    model = identity(student, 2)
    optimizer = student.make("torch.optim.SGD", model.parameters(), 0.0)
    batches = moved(student, [(torch.ones(1, 2), torch.tensor([0]))])
    with explained(loop_errors()):
        loss = student.train_epoch(model, batches, optimizer)
    assert_close(loss, np.log(2), _("the mean loss"), show=True, rtol=1e-5)


best = Result("pytorch-best", WEIGHTS_FILE, SCALE).shown(60, images=200)


# --- shared with the hidden checks ---------------------------------------------------------------


def network_errors() -> dict[str, str]:
    """Parts of PyTorch's messages about a network, and what a mistake that leads there may be."""
    return {
        "shapes cannot be multiplied": _(
            "print the shapes before the product: is each example a row, is a weight transposed?"
        ),
        "Kernel size can't be greater": _("is padding missing? It is 2 for 5 x 5, and 1 for 3 x 3"),
        "channels, but got": _("a layer gets another number of channels than it was made for"),
        "is not a Module subclass": _(
            "a sequence takes layers: nn.ReLU(), with brackets, not F.relu"
        ),
    }


def loop_errors() -> dict[str, str]:
    """The same about a loop over batches."""
    return {
        "'list' object has no attribute": _("a loader need only give batches; count what comes"),
        "on the same device": _("move x and y: x.to(device) returns what was moved"),
        "not implemented for 'Long'": _("cross_entropy takes the scores first, then the labels"),
        "does not require grad": _("is the loss computed under no_grad, or with loss.item()?"),
    }


def params_by_hand(pixels: int) -> list[torch.Tensor]:
    """Filters that look only at their middle, for the example that is followed by hand."""
    middle = torch.zeros(1, 1, 5, 5)
    middle[0, 0, 2, 2] = 2.0
    fc_w = torch.zeros(pixels, 2)
    fc_w[0] = torch.tensor([1.0, -1.0])
    second = -middle[:, :, 1:4, 1:4]
    return [middle, torch.ones(1), second, torch.full((1,), 20.0), fc_w, torch.tensor([0.5, 0.25])]


def load_by_hand(model: Remote, names: Sequence[str]) -> None:
    """The same example for a model of images of 32 x 32 pixels."""
    params = params_by_hand(32 * 32)
    params[4] = params[4].T.contiguous()
    model.load_state_dict(dict(zip(names, params, strict=True)))


def assert_scores_by_hand(scores: object) -> None:
    """3 -> 7 -> 6; -3 -> 0 (before ReLU -5) -> 20; 10 -> 21 -> 0 (before ReLU -22)."""
    check_shape(scores, (3, 2))
    want = [[6.5, -5.75], [20.5, -19.75], [0.5, 0.25]]
    assert_close(scores, want, _("the scores"), show=True, rtol=1e-5)


def identity(student: Student, size: int) -> Remote:
    """A model whose scores are its inputs: a linear layer with the identity as weight."""
    model = student.make("torch.nn.Linear", size, size, False)
    model.set("weight.data", torch.eye(size))
    return model
