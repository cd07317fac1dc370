"""Public checks of the two-layer-net notebook: small numbers, and numerical gradients."""

import math

import numpy as np

from assignments.checks.a1_classifiers.softmax import LABELS, SCORES
from assignments.families.checks import Checks
from assignments.standins.a1_classifiers.two_layer_net import (
    affine,
    dead_units,
    leaky,
    net,
    relu,
    softmax,
    svm,
)

affine_forward = (
    Checks("two_layer_net-affine-forward", affine.forward, ((2, 3, 2), 4))
    .by_hand(
        "The two examples (1, 2) and (3, 4) get the outputs that you can compute in your head.",
        x=[[1, 2], [3, 4]], w=[[1, 0, 10], [0, 1, 100]], b=[0.5, 0, -1],
        out=[[1.5, 2, 209], [3.5, 4, 429]],
    )
    .by_hand(
        "Examples that are small images are read row by row, as NumPy reads them.",
        x=[[[0, 1], [2, 3]], [[4, 5], [6, 7]]], w=np.eye(4), b=[10, 20, 30, 40],
        out=[[10, 21, 32, 43], [14, 25, 36, 47]],
    )
    .untouched()
)  # fmt: skip

affine_backward = (
    Checks("two_layer_net-affine-backward", affine.backward, ((3, 4), 2))
    .numerical(
        "dx, dw and db agree with the numerical gradients of your affine_forward.", ((3, 4), 2)
    )
    .numerical(
        "For examples that are images, dx has the shape of x, dw that of w and db that of b.",
        ((2, 3, 2), 4),
    )
    .untouched("dout is not changed.")
)

relu_forward = (
    Checks("two_layer_net-relu-forward", relu.forward, (2, 3))
    .by_hand(
        "Negative numbers become 0, all others stay.",
        x=[[-2, 0, 0.5], [3, -0.1, 1]], out=[[0, 0, 0.5], [3, 0, 1]],
    )
    .untouched("x is not changed.")
)  # fmt: skip

relu_backward = (
    Checks("two_layer_net-relu-backward", relu.backward, (3, 4))
    .numerical("dx agrees with the numerical gradient of your relu_forward.", (3, 4))
    .untouched("dout is not changed.")
)

svm_loss = (
    Checks("two_layer_net-svm-loss", svm, (5, 4))
    .by_hand(
        "The loss of two examples is right: margins 2.5 and 0 in one, 0.5 and 0.7 in the other.",
        x=[[1, 2.5, -3], [0.2, 0.4, 0.7]], y=np.array([0, 2]),
        loss=(2.5 + 0.5 + 0.7) / 2,
    )
    .by_hand(
        "For scores 1, 2, 3 (right: the first) and 0, 3, 1 (right: the second), dx is right.",
        x=[[1, 2, 3], [0, 3, 1]], y=np.array([0, 1]), dx=[[-1, 0.5, 0.5], [0, 0, 0]],
    )
    .numerical("dx agrees with the numerical gradient of your loss.", (5, 4))
    .untouched()
)  # fmt: skip

softmax_loss = (
    Checks("two_layer_net-softmax-loss", softmax, (5, 4))
    .by_hand(
        "For p = 1/8, 3/8, 4/8 (the second is right) and 4/8, 3/8, 1/8 (the third) so is the loss.",
        x=SCORES, y=LABELS, loss=(math.log(8 / 3) + math.log(8)) / 2,
    )
    .by_hand(
        "There, dx is half of (1/8, -5/8, 4/8) and half of (4/8, 3/8, -7/8).",
        x=SCORES, y=LABELS, dx=[[1 / 16, -5 / 16, 4 / 16], [4 / 16, 3 / 16, -7 / 16]],
    )
    .numerical("dx agrees with the numerical gradient of your loss.", (5, 4))
    .untouched()
    .by_hand(
        "Scores of thousands are no trouble: the loss is neither infinite nor NaN.",
        x=[[0, 2000], [-3000, -3000]], y=np.array([0, 1]),
        loss=(2000 + math.log(2)) / 2, dx=[[-0.5, 0.5], [0.25, -0.25]],
    )
)  # fmt: skip

NET = {"N": 6, "input_dim": 4, "hidden_dim": 5, "num_classes": 3}

model_init = (
    Checks("two_layer_net-model-init", net.init)
    .sizes(
        "W1, b1, W2 and b2 have the right shapes, and the biases are 0.",
        {"input_dim": 7, "hidden_dim": 5, "num_classes": 3},
    )
    .holds(
        "The weights scatter around 0 with the standard deviation weight_scale.",
        net.init.check_spread,
        {"input_dim": 80, "hidden_dim": 100, "num_classes": 50, "weight_scale": 0.02},
    )
)

model_scores = (
    Checks("two_layer_net-model-scores", net.scores, {**NET, "shape": (2, 2)})
    # Hidden units: 2 + 0 - 1 = 1, and 2 - 3 - 1 = -2, which ReLU sets to 0.
    .by_hand(
        "A tiny network with two hidden units gives the scores that you can compute by hand.",
        input_dim=2, hidden_dim=2, num_classes=3,
        W1=[[2, 2], [0, -3]], b1=[-1, -1], W2=[[1, -2, 0.5], [7, 7, 7]], b2=[0, 1, 0],
        X=[[1, 1]], scores=[[1, -1, 0.5]],
    )
    .sizes("Images of shape (2, 2, 3) go in as they are.",
           {**NET, "input_dim": 12, "shape": (2, 2, 3)})
    .untouched("X is not changed.")
)  # fmt: skip

model_loss = (
    Checks("two_layer_net-model-loss", net.loss)
    .by_hand(
        "With all scores equal, the loss of four classes is log 4.",
        input_dim=2, hidden_dim=2, num_classes=4,
        W1=[[1, 0.5], [-1, 1]], b1=[0.5, 0], W2=np.zeros((2, 4)), b2=np.zeros(4),
        X=[[1, 0], [2, -1], [0.5, 1]], y=np.array([0, 3, 1]), loss=math.log(4),
    )
    # All scores are equal, so what is beyond log 2 is regularisation.
    .by_hand(
        "With reg = 0.1, half of 0.1 times the sum of all squared weights is added.",
        input_dim=2, hidden_dim=3, num_classes=2, reg=0.1,
        W1=np.full((2, 3), 2.0), b1=[5, 0, 0], W2=[[1, 1], [3, 3], [0, 0]], b2=[4, 4],
        X=[[1, 0], [2, -1], [0.5, 1]], y=np.array([0, 1, 1]),
        loss=math.log(2) + 0.05 * (6 * 2**2 + 2 * 1**2 + 2 * 3**2),
    )
)  # fmt: skip

model_gradients = (
    Checks("two_layer_net-model-gradients", net.gradients, {**NET, "reg": 0.5})
    .numerical("The four gradients agree with the numerical gradients of your loss.", NET)
    .holds(
        "What reg = 1 adds to them is the gradient of the regularisation.",
        net.gradients.check_regularisation,
        {**NET, "reg": 1.0},
    )
    .untouched("X, y and the parameters are not changed.")
)

star_leaky = (
    Checks("two_layer_net-star-leaky", leaky.forward, (2, 3))
    .by_hand(
        "With a slope of 0.1, negative numbers shrink to a tenth, and all others stay.",
        x=[[-2, 0, 0.5], [3, -0.1, 1]], slope=0.1, out=[[-0.2, 0, 0.5], [3, -0.01, 1]],
    )
    .untouched("x is not changed.")
    .about(leaky.backward, (3, 4))
    .numerical("dx agrees with the numerical gradient of your leaky_relu_forward.", (3, 4))
    .sizes("dx is right, whatever the slope that forward got.", (5, 3))
    .untouched("dout is not changed.")
    .about(dead_units, (6, 5))
    .by_hand(
        "Of three units, the one that is 0 for both images is dead; one that answers once is not.",
        hidden=[[0, 0, 2], [0, 1, 3]], count=1,
    )
    .sizes("The dead among many units are counted.", (8, 30), (1, 12))
)  # fmt: skip
