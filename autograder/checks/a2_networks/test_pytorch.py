"""Hidden checks of the pytorch notebook: NumPy, PyTorch's own layers and loops, unseen images."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

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
    convnet_params,
    gradient_of,
    layer_shapes,
    moved,
    scores_and_gradients,
    walk_back,
)
from assignments.compare import assert_close, assert_unchanged
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed
from autograder.families.result import HeldOutResult

#: What source/a2_networks/pytorch.ipynb saved when it ran last (tools/run_notebooks.py).
FILES = {WEIGHTS_FILE: Path(__file__).with_name(WEIGHTS_FILE).read_bytes()}


def normal(rng, *shape, scale=1.0):
    return torch.from_numpy(rng.normal(0, scale, size=shape))


def single(tensors):
    return [tensor.float() for tensor in tensors]


# --- pytorch-two-layer-fc ------------------------------------------------------------------------


def fc_case(rng, N=7, shape=(2, 3, 2), H=9, C=5):
    D = int(np.prod(shape))
    return normal(rng, N, *shape), [normal(rng, D, H), normal(rng, H, C)]


def want_fc(x, params):
    """By NumPy."""
    w1, w2 = (p.numpy() for p in params)
    hidden = np.einsum("nd,dh->nh", x.numpy().reshape(len(x), -1), w1)
    return np.einsum("nh,hc->nc", hidden * (hidden > 0), w2)


@question("pytorch-two-layer-fc", weight=3)
def test_fc_scores(student, rng):
    """The scores of images are those that NumPy computes."""
    x, params = fc_case(rng)
    assert_close(student.two_layer_fc(x, params), want_fc(x, params), "the scores")


@question("pytorch-two-layer-fc", weight=2)
def test_fc_gradients(student, rng):
    """The gradients of both parameters, by backward on the scores, are right."""
    x, params = fc_case(rng, shape=(8,))
    dout = normal(rng, 7, 5)
    _scores, got = scores_and_gradients(student, "two_layer_fc", x, params, ("w1", "w2"), dout)
    model = nn.Sequential(nn.Linear(8, 9, bias=False), nn.ReLU(), nn.Linear(9, 5, bias=False))
    load(model.double(), [p.T for p in params])
    model(x).backward(dout)
    for gradient, p, name in zip(got, model.parameters(), ("w1", "w2"), strict=True):
        assert_close(gradient, p.grad.T, f"the gradient of {name}")


@question("pytorch-two-layer-fc")
def test_fc_sizes(student, rng):
    """They are right for one example, for one hidden unit, for vectors and in single precision."""
    for sizes in ({"N": 1}, {"H": 1, "shape": (6,)}, {"N": 3, "shape": (1, 5, 4), "C": 2}):
        x, params = fc_case(rng, **sizes)
        assert_close(student.two_layer_fc(x, params), want_fc(x, params), f"the scores ({sizes})")
    x, params = fc_case(rng)
    scores = student.two_layer_fc(x.float(), single(params))
    check_dtype(scores, torch.float32)
    assert_close(scores, want_fc(x, params), "the scores in single precision")


@question("pytorch-two-layer-fc", weight=0.5, rule=True)
def test_fc_inputs(student, rng):
    """x and params are as they were, and the scores are right."""
    x, params = fc_case(rng)
    scores = student.two_layer_fc(x, params)
    assert_unchanged(student.changed, {0: "x", 1: "params"})
    assert_close(scores, want_fc(x, params), "the scores")


# --- pytorch-three-layer-convnet -----------------------------------------------------------------


def load(model, tensors):
    """Give a module's parameters and buffers, in its own order, these values."""
    names = list(model.state_dict())
    model.load_state_dict(dict(zip(names, tensors, strict=True)))
    return model


def convnet(C, channel_1, channel_2, pixels, classes):
    """PyTorch's own layers, as the oracle of three questions."""
    return nn.Sequential(
        nn.Conv2d(C, channel_1, (5, 5), padding="same"), nn.ReLU(),
        nn.Conv2d(channel_1, channel_2, (3, 3), padding="same"), nn.ReLU(),
        nn.Flatten(), nn.Linear(channel_2 * pixels, classes),
    ).double()  # fmt: skip


def convnet_case(rng, N=4, C=3, size=(7, 6), channel_1=4, channel_2=5, classes=6):
    """Images, parameters in the order of CONVNET_PARAMS, and the oracle with these parameters."""
    sizes = (C, channel_1, channel_2, size[0] * size[1], classes)
    params = [p.double() for p in convnet_params(rng, *sizes)]
    model = load(convnet(*sizes), [*params[:4], params[4].T, params[5]])
    return normal(rng, N, C, *size), params, model


@question("pytorch-three-layer-convnet", weight=3)
def test_convnet_scores(student, rng):
    """The scores of images that are not square are those of PyTorch's layers."""
    x, params, model = convnet_case(rng)
    assert_close(student.three_layer_convnet(x, params), model(x), "the scores")


@question("pytorch-three-layer-convnet", weight=2)
def test_convnet_gradients(student, rng):
    """The gradients of all six parameters, by backward on the scores, are right."""
    x, params, model = convnet_case(rng, size=(5, 8))
    dout = normal(rng, 4, 6)
    _scores, got = scores_and_gradients(
        student, "three_layer_convnet", x, params, CONVNET_PARAMS, dout
    )
    model(x).backward(dout)
    for gradient, p, name in zip(got, model.parameters(), CONVNET_PARAMS, strict=True):
        want = p.grad.T if name == "fc_w" else p.grad
        assert_close(gradient, want, f"the gradient of {name}")


@question("pytorch-three-layer-convnet")
def test_convnet_sizes(student, rng):
    """They are right for one image, one channel, an image of 3 x 2 pixels, single precision."""
    for sizes in ({"N": 1}, {"C": 1, "channel_1": 1}, {"size": (3, 2), "channel_2": 1}):
        x, params, model = convnet_case(rng, **sizes)
        scores = student.three_layer_convnet(x, params)
        assert_close(scores, model(x), f"the scores ({sizes})")
    x, params, model = convnet_case(rng)
    scores = student.three_layer_convnet(x.float(), single(params))
    check_dtype(scores, torch.float32)
    assert_close(scores, model(x), "the scores in single precision")


@question("pytorch-three-layer-convnet", weight=0.5, rule=True)
def test_convnet_inputs(student, rng):
    """x and params are as they were, and the scores are right."""
    x, params, model = convnet_case(rng)
    scores = student.three_layer_convnet(x, params)
    assert_unchanged(student.changed, {0: "x", 1: "params"})
    assert_close(scores, model(x), "the scores")


# --- pytorch-module and pytorch-sequential -------------------------------------------------------


def model_case(rng, *sizes):
    """Random parameters for a network of images of 32 x 32 pixels, and the oracle with them."""
    C, channel_1, channel_2, classes = sizes
    tensors = [
        normal(rng, *shape, scale=1 if len(shape) == 1 else np.prod(shape[1:]) ** -0.5)
        for shape in layer_shapes(*sizes)
    ]
    return tensors, load(convnet(C, channel_1, channel_2, 1024, classes), tensors)


def give(model, names, tensors):
    model.load_state_dict(dict(zip(names, tensors, strict=True)))


@question("pytorch-module", weight=2)
def test_module_parameters(student, rng):
    """The parameters of conv1, conv2 and fc have the right shapes, and there are no others."""
    sizes = {"in_channel": 2, "channel_1": 7, "channel_2": 5, "num_classes": 4}
    check_parameters(student, student.ThreeLayerConvNet(**sizes), *sizes.values())


@question("pytorch-module", weight=3)
def test_module_scores(student, rng):
    """With given weights its scores are those of PyTorch's layers."""
    check_scores_of_module(student, rng, (2, 4, 3, 5), 3)


@question("pytorch-module", weight=2)
def test_module_gradients(student, rng):
    """backward on the scores leads to the gradients of all parameters."""
    sizes = (2, 3, 2, 4)
    tensors, oracle = model_case(rng, *sizes)
    model = student.ThreeLayerConvNet(*sizes)
    model.double()
    give(model, MODULE_PARAMS, tensors)
    x, dout = normal(rng, 2, 2, 32, 32), normal(rng, 2, 4)
    walk_back(student, model(x, keep=True), dout)
    oracle(x).backward(dout)
    for name, p in zip(MODULE_PARAMS, oracle.parameters(), strict=True):
        assert_close(gradient_of(model, name, name), p.grad, f"the gradient of {name}")


@question("pytorch-module")
def test_module_sizes(student, rng):
    """Scores are right for one image and one channel, in eval mode."""
    check_scores_of_module(student, rng, (1, 1, 2, 3), 1, evaluate=True)


@question("pytorch-module", weight=0.5, rule=True)
def test_module_inputs(student, rng):
    """x is as it was."""
    check_scores_of_module(student, rng, (1, 2, 2, 3), 2)
    assert_unchanged(student.changed, {0: "x"})


def check_scores_of_module(student, rng, sizes, N, evaluate=False):
    tensors, oracle = model_case(rng, *sizes)
    model = student.ThreeLayerConvNet(*sizes)
    model.double()
    give(model, MODULE_PARAMS, tensors)
    if evaluate:
        model.eval()
    x = normal(rng, N, sizes[0], 32, 32)
    assert_close(model(x), oracle(x), "the scores")


@question("pytorch-sequential", weight=2)
def test_sequential_layers(student, rng):
    """It is an nn.Sequential with six parameters of the right shapes."""
    check_sequential(student.sequential_convnet(2, 6, 5, 3), 2, 6, 5, 3)


@question("pytorch-sequential", weight=3)
def test_sequential_scores(student, rng):
    """With given weights its scores are those of PyTorch's layers."""
    for sizes, N in (((2, 4, 3, 5), 3), ((1, 1, 2, 3), 1)):
        tensors, oracle = model_case(rng, *sizes)
        model = student.sequential_convnet(*sizes)
        names = check_sequential(model, *sizes)
        model.double()
        give(model, names, tensors)
        x = normal(rng, N, sizes[0], 32, 32)
        assert_close(model(x), oracle(x), "the scores")


# --- pytorch-accuracy ----------------------------------------------------------------------------

SIZES = (7, 7, 3)


class Classifier:
    """A linear layer and batch normalisation, inside and, as the oracle, here."""

    def __init__(self, student, rng, D=6, C=4):
        state = [
            normal(rng, C, D), normal(rng, C),
            torch.from_numpy(rng.uniform(0.5, 2, size=C)), normal(rng, C),
            normal(rng, C, scale=2.0), torch.from_numpy(rng.uniform(0.3, 6, size=C)),
            torch.tensor(5),
        ]  # fmt: skip
        self.student = student
        self.oracle = load(nn.Sequential(nn.Linear(D, C), nn.BatchNorm1d(C)).double(), state)
        linear = student.make("torch.nn.Linear", D, C)
        inner = student.make("torch.nn.Sequential", linear, student.make("torch.nn.BatchNorm1d", C))
        inner.double()
        inner.load_state_dict(dict(self.oracle.state_dict()))
        self.inner = inner
        self.model = student.make("watched", inner)
        self.D, self.C = D, C

    def state(self):
        return self.inner.state_dict()

    def check_state(self, what):
        for name, want in self.oracle.state_dict().items():
            assert_close(self.state()[name], want, f"{what} ({name})", rtol=1e-5, atol=1e-7)


def evaluation_case(student, rng, sizes=SIZES):
    """A classifier, batches, and its accuracy, which sloppier ways of counting do not give."""
    while True:
        classifier = Classifier(student, rng)
        batches = [
            (normal(rng, N, classifier.D), torch.from_numpy(rng.integers(4, size=N))) for N in sizes
        ]
        in_modes = []
        for mode in (True, False):
            oracle = load(
                nn.Sequential(nn.Linear(classifier.D, 4), nn.BatchNorm1d(4)).double(),
                classifier.oracle.state_dict().values(),
            ).train(mode)
            right = [(oracle(x).argmax(1) == y).double().mean().item() for x, y in batches]
            in_modes += [np.average(right, weights=sizes), np.mean(right), right[-1]]
        want = in_modes[3]
        others = [*in_modes[:3], *in_modes[4:], 0.0, 1.0]
        last = in_modes[5]  # not 0 or 1, as by rounding
        if 0 < last < 1 and min(abs(want - other) for other in others) > 0.02:
            return classifier, batches, want


@question("pytorch-accuracy", weight=3)
def test_accuracy_value(student, rng):
    """A model that comes in train mode is evaluated in eval mode, over batches of any size."""
    classifier, batches, want = evaluation_case(student, rng)
    assert_close(student.accuracy(classifier.model, batches), want, "the accuracy")


@question("pytorch-accuracy", weight=1, rule=True)
def test_accuracy_modes(student, rng):
    """No gradients are recorded, and the model is left in the mode in which it came."""
    for was_training in (True, False):
        classifier, batches, _want = evaluation_case(student, rng)
        classifier.model.train(was_training)
        student.accuracy(classifier.model, batches)
        check_evaluation(classifier.model, len(batches), was_training)
        classifier.check_state("the model after the evaluation")
        check_recording(classifier.model, batches[0][0])


@question("pytorch-accuracy")
def test_accuracy_devices(student, rng):
    """Batches that lie on another device than the model are moved."""
    classifier, batches, want = evaluation_case(student, rng)
    assert_close(student.accuracy(classifier.model, moved(student, batches)), want, "the accuracy")


# --- pytorch-train-epoch -------------------------------------------------------------------------


class Epoch:
    """A classifier, batches, an optimizer with momentum; the right answers beside them."""

    def __init__(self, student, rng, sizes=SIZES):
        self.classifier = Classifier(student, rng)
        self.student = student
        self.batches = [
            (normal(rng, N, 6, scale=2.0), torch.from_numpy(rng.integers(4, size=N))) for N in sizes
        ]
        inside = self.classifier.model.parameters()
        self.optimizer = student.make("torch.optim.SGD", inside, 0.2, 0.6)

    def want(self):
        """Train the oracle, by the chain rule for the scores; return the mean loss."""
        oracle = self.classifier.oracle.train()
        parameters = list(oracle.parameters())
        velocity = [torch.zeros_like(p) for p in parameters]
        losses = []
        for x, y in self.batches:
            scores = oracle(x)
            chosen = torch.log_softmax(scores, dim=1)[torch.arange(len(y)), y]
            gradients = torch.autograd.grad(-chosen.mean(), parameters)
            losses += (-chosen).tolist()
            with torch.no_grad():
                for p, v, gradient in zip(parameters, velocity, gradients, strict=True):
                    v.mul_(0.6).add_(gradient)
                    p.sub_(0.2 * v)
        return float(np.mean(losses))

    def run(self, batches=None, keep=False):
        batches = batches or self.batches
        arguments = (self.classifier.model, batches, self.optimizer)
        return self.student.call("train_epoch", *arguments, keep=keep)


@question("pytorch-train-epoch", weight=2)
def test_train_loss(student, rng):
    """The mean loss is that of all examples, each before its step, with batches of any size."""
    epoch = Epoch(student, rng)
    assert_close(epoch.run(), epoch.want(), "the mean loss", rtol=1e-5)


@question("pytorch-train-epoch", weight=3)
def test_train_parameters(student, rng):
    """The parameters after three steps are right, as are batch normalisation's averages."""
    epoch = Epoch(student, rng)
    epoch.run(keep=True)  # mistakes with the same loss differ in what they leave
    epoch.want()
    epoch.classifier.check_state("the model after the epoch")


@question("pytorch-train-epoch", rule=True)
def test_train_mode(student, rng):
    """A model that comes in eval mode is trained in train mode, and left in it."""
    epoch = Epoch(student, rng)
    model = epoch.classifier.model
    model.eval()
    epoch.run()
    seen = model.get("seen")
    if not seen or not all(training for training, _recorded in seen):
        raise CheckFailed(_("the model is trained in eval mode; call model.train() before"))
    if len(seen) != len(epoch.batches):
        raise CheckFailed(
            _("the model was called {seen} times for {batches} batches").format(
                seen=len(seen), batches=len(SIZES)
            )
        )
    if model.get("training") is not True:
        raise CheckFailed(_("after the epoch, the model is in eval mode"))
    epoch.want()
    epoch.classifier.check_state("the model after the epoch")


@question("pytorch-train-epoch")
def test_train_old_gradients(student, rng):
    """Gradients that the parameters hold beforehand do not count."""
    epoch = Epoch(student, rng)
    inner = epoch.classifier.inner
    inner.eval()  # so that the averages stay as they are
    student.backward(inner(epoch.batches[0][0], keep=True), normal(rng, SIZES[0], 4))
    inner.train()
    epoch.run()
    epoch.want()
    epoch.classifier.check_state("the model after the epoch")


@question("pytorch-train-epoch")
def test_train_devices(student, rng):
    """Batches that lie on another device than the model are moved."""
    epoch = Epoch(student, rng)
    loss = epoch.run(moved(student, epoch.batches))
    assert_close(loss, epoch.want(), "the mean loss", rtol=1e-5)


@question("pytorch-train-epoch", weight=0.5)
def test_train_plain_number(student, rng):
    """The mean loss is right, and a number that does not keep the graphs of the epoch."""
    epoch = Epoch(student, rng, sizes=(5, 2))
    loss = epoch.run()
    if getattr(student.transcript[-1].value, "requires_grad", False):
        raise CheckFailed(
            _("the mean loss still holds the graphs of all batches; take loss.item()")
        )
    assert_close(loss, epoch.want(), "the mean loss", rtol=1e-5)


# --- pytorch-best --------------------------------------------------------------------------------

best = HeldOutResult("pytorch-best", WEIGHTS_FILE, SCALE, cpu=20).heldout()
