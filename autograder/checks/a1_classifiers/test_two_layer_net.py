"""Hidden checks of the two-layer-net notebook, against PyTorch's layers and automatic gradients.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own; special cases follow. Inputs keep away from the kinks of ReLU and of the hinge, where
more than one gradient is right.
"""

import numpy as np

from assignments.standins.a1_classifiers.two_layer_net import (
    affine,
    net,
    relu,
    scores_and_labels,
    softmax,
    svm,
)
from autograder.families.hidden import Hidden

# A layer that lost points is served whole: one half could not read the other half's cache.
AFFINE, RELU = ("affine_forward", "affine_backward"), ("relu_forward", "relu_backward")
MODEL = {
    "two_layer_net-affine-forward": AFFINE,
    "two_layer_net-affine-backward": AFFINE,
    "two_layer_net-relu-forward": RELU,
    "two_layer_net-relu-backward": RELU,
    "two_layer_net-model-init": ("TwoLayerNet.__init__",),
}
MODEL_WITH_LOSS = {**MODEL, "two_layer_net-softmax-loss": ("softmax_loss",)}


# --- two_layer_net-affine and two_layer_net-relu --------------------------------------------------

AFFINE_SIZE = ((5, 3, 2, 4), 6)

affine_forward = (
    Hidden("two_layer_net-affine-forward", affine.forward, AFFINE_SIZE)
    .values("Images of several channels get the outputs that PyTorch computes.", weight=3)
    .sizes("So do examples that are rows already.", ((7, 5), 3))
    .sizes(
        "So do a single example, examples of one number, and a single output.",
        ((1, 4, 3), 5), ((6, 1), 4), ((4, 2, 3), 1),
    )
    .repeated()
)  # fmt: skip

affine_backward = (
    Hidden(
        "two_layer_net-affine-backward", affine.backward, AFFINE_SIZE,
        builds_on={"two_layer_net-affine-forward": ("affine_forward",)},
    )
    .gradients("dw", weight=2)
    .gradients("dx", weight=2)
    .gradients("db", weight=1.5)
    .sizes(
        "All three are right for rows, for a single example and for a single output.",
        ((4, 6), 3), ((1, 3, 2), 4), ((5, 2, 2), 1),
    )
    .repeated(times=2)
)  # fmt: skip

relu_forward = (
    Hidden("two_layer_net-relu-forward", relu.forward, (6, 7))
    .values("The outputs are those of PyTorch's ReLU.", weight=2)
    .sizes("They are so for inputs of any shape.", (5,), (2, 3, 4), (2, 1, 3, 2), (1, 1))
    .repeated()
)

relu_backward = (
    Hidden(
        "two_layer_net-relu-backward", relu.backward, (7, 6),
        builds_on={"two_layer_net-relu-forward": ("relu_forward",)},
    )
    .gradients("dx", weight=2)
    .sizes("It is so for inputs of any shape.", (9,), (2, 3, 4), (3, 1, 2, 2))
    .repeated(times=2)
)  # fmt: skip


# --- two_layer_net-svm-loss and two_layer_net-softmax-loss ----------------------------------------


def huge_scores(rng):
    x, y = scores_and_labels(rng)
    x = x + rng.choice([-5000.0, 0.0, 5000.0], size=(len(x), 1))
    x[:2] += [[9000.0], [-9000.0]]
    return x, y


def no_probability(rng):
    x, y = scores_and_labels(rng)
    x[np.arange(len(x)), y] -= rng.uniform(800, 4000, size=len(x))
    return x, y


LOSS = "The loss is the one that PyTorch computes."
GRADIENT = "dx is the gradient of PyTorch."
ODD_BATCHES = "Both are right for a single example, for two classes and for many examples."

svm_loss = (
    Hidden("two_layer_net-svm-loss", svm)
    .values(LOSS, "loss", weight=2)
    .values(GRADIENT, "dx", weight=3)
    .sizes(ODD_BATCHES, (1, 6), (7, 2), (40, 3))
    .repeated()
)

softmax_loss = (
    Hidden("two_layer_net-softmax-loss", softmax)
    .values(LOSS, "loss", weight=2)
    .values(GRADIENT, "dx", weight=2)
    .sizes(ODD_BATCHES, (1, 6), (7, 2), (40, 3))
    .cases("Both are right where all scores of an example are huge, or far below zero.",
           huge_scores)
    .cases("Both are right where the right class has a probability too small for a float.",
           no_probability, beyond=True)
    .repeated()
)  # fmt: skip


# --- two_layer_net-model -------------------------------------------------------------------------

SMALL = {"input_dim": 7, "hidden_dim": 6, "num_classes": 4}
LARGE = {"input_dim": 90, "hidden_dim": 110, "num_classes": 70}
IMAGES = {**SMALL, "input_dim": 12, "shape": (3, 2, 2)}

model_init = (
    Hidden("two_layer_net-model-init", net.init)
    .sizes(
        "W1, b1, W2 and b2 have the right shapes, whatever the dimensions, and the biases are 0.",
        {"input_dim": 6, "hidden_dim": 4, "num_classes": 3},
        {"input_dim": 5, "hidden_dim": 9, "num_classes": 2, "weight_scale": 0.3},
        weight=2,
    )
    .holds(
        "Both weights scatter around 0, with the standard deviation weight_scale.",
        net.init.check_spread,
        *({**LARGE, "weight_scale": scale} for scale in (0.003, 0.4)),
        weight=2,
    )
    .holds(
        "Without arguments it is made for CIFAR-10: 3072 inputs, 100 hidden units, 10 classes.",
        net.init.check_defaults,
        {},
        weight=0.5,
    )
)

model_scores = (
    Hidden("two_layer_net-model-scores", net.scores, SMALL, builds_on=MODEL)
    .values("Without labels, loss returns the scores that PyTorch computes.", weight=3)
    .sizes("It does so for images, and for a single one.", {"N": 5, **IMAGES}, {"N": 1, **IMAGES})
    .repeated(times=2, size=IMAGES)
)

model_loss = (
    Hidden("two_layer_net-model-loss", net.loss, builds_on=MODEL_WITH_LOSS)
    .sizes(
        "With regularisation, the loss is the one that PyTorch computes.",
        {**SMALL, "reg": 0.6},
        weight=2,
    )
    .sizes("Without regularisation, it is so, too.", SMALL)
    .sizes("It is so for a single image.", {**IMAGES, "N": 1, "reg": 0.2}, weight=0.5)
)

model_gradients = (
    Hidden("two_layer_net-model-gradients", net.gradients, {**SMALL, "reg": 0.6},
           builds_on=MODEL_WITH_LOSS)
    .values("With regularisation, grads has the right gradients of W2 and b2.",
            "W2", "b2", weight=2)
    .values("With regularisation, grads has the right gradients of W1 and b1.",
            "W1", "b1", weight=2)
    .sizes("All four are right without regularisation, for images of any shape.",
           {**IMAGES, "N": 5, "shape": (2, 3, 2)}, weight=2)
    .repeated()
)  # fmt: skip
