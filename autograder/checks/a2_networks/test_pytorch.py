"""Hidden checks of the pytorch notebook: products, PyTorch's own layers and loops, new images."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from assignments.checks.a2_networks.pytorch import (
    SCALE,
    WEIGHTS_FILE,
    check_evaluation,
    check_plain_number,
    check_trained,
    looped,
    module,
    moved,
    normal,
    sequence,
    three_layer_convnet,
    two_layer_fc,
)
from assignments.compare import assert_close
from assignments.questions import Battery
from autograder.families.hidden import Hidden
from autograder.families.result import HeldOutResult

#: What source/a2_networks/pytorch.ipynb saved when it ran last (tools/run_notebooks.py).
FILES = {WEIGHTS_FILE: Path(__file__).with_name(WEIGHTS_FILE).read_bytes()}


# --- networks ------------------------------------------------------------------------------------

KEPT = "x and params are as they were, and the scores are right."
DTYPE = "The scores have the precision of the inputs, double or single."

fc = (
    Hidden("pytorch-two-layer-fc", two_layer_fc)
    .values("The scores of images are right.", weight=3)
    .holds("The gradients of both parameters, by backward on the scores, are right.",
           two_layer_fc.check_gradients, {"shape": (8,)}, weight=2)
    .sizes("They are right for one example, for one hidden unit and for vectors.",
           {"N": 1}, {"H": 1, "shape": (6,)}, {"N": 3, "shape": (1, 5, 4), "C": 2}, weight=0.5)
    .holds(DTYPE, two_layer_fc.check_dtype, {}, weight=0.5)
    .repeated(KEPT)
)  # fmt: skip

convnet = (
    Hidden("pytorch-three-layer-convnet", three_layer_convnet)
    .values("The scores of images that are not square are right.", weight=3)
    .holds("The gradients of all six parameters, by backward on the scores, are right.",
           three_layer_convnet.check_gradients, {"size": (5, 8)}, weight=2)
    .sizes("They are right for one image, one channel, and an image of 3 x 2 pixels.",
           {"N": 1}, {"C": 1, "channels": (1, 5)}, {"size": (3, 2), "channels": (4, 1)},
           weight=0.5)
    .holds(DTYPE, three_layer_convnet.check_dtype, {}, weight=0.5)
    .repeated(KEPT)
)  # fmt: skip

three_layers = (
    Hidden("pytorch-module", module, ((1, 2, 2, 3), 2))
    .holds("The parameters of conv1, conv2 and fc have the right shapes; there are no others.",
           module.check_parameters, ((2, 7, 5, 4),), weight=2)
    .sizes("With given weights its scores are right.", ((2, 4, 3, 5),), weight=3)
    .holds("backward on the scores leads to the gradients of all parameters.",
           module.check_gradients, ((2, 3, 2, 4), 2), weight=2)
    .sizes("Scores are right for one image and one channel.", ((1, 3, 2, 3), 1))
    .repeated("x is as it was.")
)  # fmt: skip

sequential = (
    Hidden("pytorch-sequential", sequence)
    .holds("It is an nn.Sequential with six parameters of the right shapes.",
           sequence.check_layers, ((2, 6, 5, 3),), weight=2)
    .sizes("With given weights its scores are right.", ((2, 4, 3, 5),), ((1, 1, 2, 3), 1), weight=3)
)  # fmt: skip


# --- loops over batches --------------------------------------------------------------------------

SIZES = (7, 7, 3)


def linear_and_norm():
    return nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4)).double()


class Classifier:
    """A linear layer and batch normalisation, inside and, as the oracle, here; and batches.

    Args:
        telling: whether sloppier ways of counting are to give another accuracy.
    """

    def __init__(self, student, rng, sizes=SIZES, telling=False):
        self.student, self.oracle = student, linear_and_norm()
        self.draw(rng, sizes)
        while telling and not self.tells():
            self.draw(rng, sizes)
        parts = student.make("torch.nn.Linear", 6, 4), student.make("torch.nn.BatchNorm1d", 4)
        self.inner = student.make("torch.nn.Sequential", *parts)
        self.inner.double()
        self.inner.load_state_dict(dict(self.oracle.state_dict()))
        self.model = student.make("watched", self.inner)

    def draw(self, rng, sizes):
        state = [
            normal(rng, 4, 6), normal(rng, 4),
            torch.from_numpy(rng.uniform(0.5, 2, size=4)), normal(rng, 4),
            normal(rng, 4, scale=2.0), torch.from_numpy(rng.uniform(0.3, 6, size=4)),
            torch.tensor(5),
        ]  # fmt: skip
        self.load(self.oracle, state)
        self.batches = [
            (normal(rng, N, 6, scale=2.0), torch.from_numpy(rng.integers(4, size=N))) for N in sizes
        ]

    @staticmethod
    def load(model, values):
        return model.load_state_dict(dict(zip(model.state_dict(), values, strict=True)))

    def check_state(self):
        """Are parameters and running averages those of the oracle?"""
        state = self.inner.state_dict()
        for name, want in self.oracle.state_dict().items():
            assert_close(state[name], want, f"{name}, as it is left,", rtol=1e-5, atol=1e-7)

    # --- accuracy ---

    def counts(self, training=False):
        """The share that is right of all examples, and what sloppier ways of counting give."""
        oracle = linear_and_norm().train(training)
        self.load(oracle, self.oracle.state_dict().values())
        sizes, scores = [len(y) for _x, y in self.batches], [oracle(x) for x, _y in self.batches]
        right, of_all = (
            [
                (score.argmax(dim) == y).double().mean().item()
                for score, (_x, y) in zip(scores, self.batches, strict=True)
            ]
            for dim in (1, None)
        )
        want, *others = (np.average(shares, weights=sizes) for shares in (right, of_all))
        return want, [*others, np.mean(right), right[-1]]

    def tells(self):
        want, others = self.counts()
        in_training, more = self.counts(training=True)
        others += [in_training, *more, 0.0, 1.0]
        return 0 < others[2] < 1 and others[0] and min(abs(want - one) for one in others) > 0.02

    # --- training ---

    def train(self, batches=None, keep=False):
        """What train_epoch returns, for SGD with momentum."""
        optimizer = self.student.make("torch.optim.SGD", self.model.parameters(), 0.2, 0.6)
        arguments = self.model, batches or self.batches, optimizer
        return looped(self.student, "train_epoch", *arguments, keep=keep)

    def train_oracle(self):
        """The right mean loss; the oracle is trained as the model should be."""
        oracle, losses = self.oracle.train(), []
        optimizer = torch.optim.SGD(oracle.parameters(), 0.2, 0.6)
        for x, y in self.batches:
            optimizer.zero_grad()
            chosen = torch.log_softmax(oracle(x), dim=1)[torch.arange(len(y)), y]
            (-chosen.mean()).backward()
            optimizer.step()
            losses += (-chosen).tolist()
        return float(np.mean(losses))


accuracy = Battery("pytorch-accuracy")


@accuracy.check(weight=3)
def value(student, rng):
    """A model that comes in train mode is evaluated in eval mode, over batches of any size."""
    classifier = Classifier(student, rng, telling=True)
    share = looped(student, "accuracy", classifier.model, classifier.batches)
    assert_close(share, classifier.counts()[0], "the accuracy")


@accuracy.check(rule=True)
def modes(student, rng):
    """No gradients are recorded, and the model is left in the mode in which it came."""
    for was_training in (True, False):
        classifier = Classifier(student, rng)
        check_evaluation(student, classifier.model, classifier.batches, was_training)


@accuracy.check()
def devices(student, rng):
    """Batches that lie on another device than the model are moved."""
    classifier = Classifier(student, rng, telling=True)
    share = looped(student, "accuracy", classifier.model, moved(student, classifier.batches))
    assert_close(share, classifier.counts()[0], "the accuracy")


train_epoch = Battery("pytorch-train-epoch")


@train_epoch.check(weight=2)
def loss(student, rng):
    """The mean loss is that of all examples, each before its step, with batches of any size."""
    classifier = Classifier(student, rng)
    assert_close(classifier.train(), classifier.train_oracle(), "the mean loss", rtol=1e-5)


@train_epoch.check(weight=3)
def parameters(student, rng):
    """The parameters after three steps are right, as are batch normalisation's averages."""
    classifier = Classifier(student, rng)
    classifier.train(keep=True)  # mistakes with the same loss differ in what they leave
    classifier.train_oracle()
    classifier.check_state()


@train_epoch.check(rule=True)
def mode(student, rng):
    """A model that comes in eval mode is trained in train mode, and left in it."""
    classifier = Classifier(student, rng)
    classifier.model.eval()
    classifier.train()
    check_trained(classifier.model, classifier.batches)
    classifier.train_oracle()
    classifier.check_state()


@train_epoch.check()
def old_gradients(student, rng):
    """Gradients that the parameters hold beforehand do not count."""
    classifier = Classifier(student, rng)
    classifier.inner.eval()  # so that the averages stay as they are
    out = classifier.inner(classifier.batches[0][0], keep=True)
    student.backward(out, normal(rng, SIZES[0], 4))
    classifier.inner.train()
    classifier.train()
    classifier.train_oracle()
    classifier.check_state()


@train_epoch.check()
def elsewhere(student, rng):
    """Batches that lie on another device than the model are moved."""
    classifier = Classifier(student, rng)
    told = classifier.train(moved(student, classifier.batches))
    assert_close(told, classifier.train_oracle(), "the mean loss", rtol=1e-5)


@train_epoch.check(weight=0.5)
def plain_number(student, rng):
    """The mean loss is right, and a number that does not keep the graphs of the epoch."""
    classifier = Classifier(student, rng, sizes=(5, 2))
    told = classifier.train()
    check_plain_number(student)
    assert_close(told, classifier.train_oracle(), "the mean loss", rtol=1e-5)


best = HeldOutResult("pytorch-best", WEIGHTS_FILE, SCALE, cpu=20).heldout()
