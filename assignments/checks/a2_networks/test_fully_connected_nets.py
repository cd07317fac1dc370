"""Public checks of the fully-connected-nets notebook: small networks, and first steps by hand."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from assignments.compare import assert_close, to_array
from assignments.families.checks import Checks
from assignments.families.model import get_gradient, model_loss
from assignments.families.update_rule import UpdateRule
from assignments.messages import _
from assignments.standins.a2_networks.fully_connected_nets import (
    adadelta_rule,
    adagrad_rule,
    adam_rule,
    adamw_rule,
    momentum_rule,
    nesterov_rule,
    net,
    rmsprop_rule,
)
from assignments.student import CheckFailed

NORMALIZATIONS = (None, "batchnorm", "layernorm")
NET = {"N": 6, "input_dim": 4, "hidden_dims": [5, 3], "num_classes": 3}


# --- the network ---------------------------------------------------------------------------------

SMALL = {"hidden_dims": [5, 4], "input_dim": 7, "num_classes": 3}

init = (
    Checks("fully_connected_nets-init", net.init)
    .sizes("With hidden layers of 5 and 4 units, W1 to W3 and b1 to b3 have the right shapes.",
           SMALL)
    .sizes("With normalisation, each hidden layer has a gamma of ones and a beta of zeros.",
           {**SMALL, "normalization": "layernorm"})
    .holds(
        "Weights scatter around 0 with the standard deviation weight_scale; biases are 0.",
        net.init.check_spread,
        {"hidden_dims": [80, 60], "input_dim": 50, "num_classes": 40, "weight_scale": 0.02},
    )
    .holds(
        "All parameters are of the type that dtype says.",
        net.init.check_precision,
        *({**SMALL, "normalization": "batchnorm", "dtype": d} for d in (np.float32, np.float64)),
    )
)  # fmt: skip

scores = (
    Checks("fully_connected_nets-scores", net.scores, {**NET, "dtype": np.float32})
    # Hidden units: 2 + 0 - 1 = 1 and 2 - 3 - 1 = -2, which becomes 0; then -3 + 4 = 1.
    .by_hand(
        "A tiny network with two hidden layers gives the scores that you can compute by hand.",
        hidden_dims=(2, 1), input_dim=2, num_classes=3,
        W1=[[2, 2], [0, -3]], b1=[-1, -1], W2=[[-3], [100]], b2=[4],
        W3=[[1, -2, 0.5]], b3=[0, 0, 1], X=[[1, 1]], scores=[[1, -2, 1.5]],
    )
    .sizes(
        "Networks of one to four hidden layers give scores for images of shape (2, 2, 3).",
        *(
            {"N": 3, "shape": (2, 2, 3), "input_dim": 12, "hidden_dims": dims, "num_classes": 4}
            for dims in ([5], [5, 4], [3, 5, 4], [4, 3, 5, 2])
        ),
    )
    .untouched("X is not changed.")
    .holds("With dtype float32 the scores are float32.", net.scores.check_precision,
           {**NET, "dtype": np.float32}, beyond=True)
)  # fmt: skip

loss = (
    Checks("fully_connected_nets-loss", net.loss)
    .by_hand(
        "With all scores equal, the loss of four classes is log 4.",
        hidden_dims=(2,), input_dim=2, num_classes=4,
        W1=[[1, 0.5], [-1, 1]], b1=[0.5, 0], W2=np.zeros((2, 4)), b2=np.zeros(4),
        X=[[1, 0], [2, -1], [0.5, 1]], y=np.array([0, 3, 1]), loss=math.log(4),
    )
    # All scores are equal, so what is beyond log 2 is regularisation.
    .by_hand(
        "With reg = 0.1, half of 0.1 times the sum of all squared weights is added, and no more.",
        hidden_dims=(3,), input_dim=2, num_classes=2, normalization="layernorm", reg=0.1,
        W1=np.full((2, 3), 2.0), b1=[5, 0, 0], gamma1=[3, 3, 3], beta1=[1, 1, 1],
        W2=[[1, 1], [4, 4], [0, 0]], b2=[4, 4],
        X=[[1, 0], [2, -1], [0.5, 1]], y=np.array([0, 1, 1]),
        loss=math.log(2) + 0.05 * (6 * 4 + 2 * 1 + 2 * 16),
    )
)  # fmt: skip

gradients = (
    Checks("fully_connected_nets-gradients", net.gradients, {**NET, "reg": 0.5})
    .numerical(
        "With one and with three hidden layers, the gradients are the numerical ones of your loss.",
        {**NET, "hidden_dims": [5]},
        {**NET, "hidden_dims": [4, 5, 3]},
    )
    .holds("What reg = 1 adds to them is the gradient of the regularisation.",
           net.gradients.check_regularisation, {**NET, "reg": 1.0})
    .holds("reg adds nothing to the gradients of gamma and beta, once there are any.",
           net.gradients.check_regularisation, {**NET, "reg": 1.0, "normalization": "layernorm"})
    .untouched("X, y and the parameters are not changed.")
)  # fmt: skip

extras = (
    Checks("fully_connected_nets-normalization-dropout", net.gradients)
    .numerical(
        "With normalisation, with dropout and with both, all gradients are the numerical ones.",
        *(
            {**NET, "hidden_dims": [6, 5], "normalization": kind, **dropout}
            for kind in NORMALIZATIONS
            for dropout in ({}, {"dropout_keep_ratio": 0.7, "seed": 1})
            if kind or dropout
        ),
    )
    .holds("reg adds nothing to the gradients of gamma and beta.",
           net.gradients.check_regularisation, {**NET, "reg": 1.0, "normalization": "batchnorm"})
)  # fmt: skip


@extras.check()
def layernorm_by_hand(student, rng):
    """A layer with layer normalisation before its ReLU: 3 and 1 become 1 and -1, then 3 and 0."""
    case, want = net.scores.by_hand(
        {
            "hidden_dims": (2,), "input_dim": 2, "num_classes": 2, "normalization": "layernorm",
            "W1": np.array([[2.0, 1.0], [1.0, 0.0]]), "b1": np.zeros(2),
            "gamma1": np.array([2.0, 3.0]), "beta1": np.ones(2),
            "W2": np.eye(2), "b2": np.array([0.0, -1.0]),
            "X": np.ones((1, 2)), "scores": np.array([[3.0, -1.0]]),
        }
    )  # fmt: skip
    net.scores.check(student, case, want=want, rtol=1e-4, show=True)


@extras.check()
def modes(student, rng):
    """Without y, an image's scores do not depend on the other images, and nothing is dropped."""
    case = net.net(rng, 4, input_dim=6, hidden_dims=[20, 20], num_classes=3,
                   normalization="batchnorm")  # fmt: skip
    dropping = to_array(case.changed(dropout_keep_ratio=0.5).made(student).loss(case.X), "scores")
    plain = case.made(student)
    scores = to_array(plain.loss(case.X), "scores", ndim=2)
    if not np.allclose(plain.loss(case.X[:2]), scores[:2]):
        raise CheckFailed(_("the scores of two images change when two others are left out"))
    if not np.allclose(dropping, scores):
        raise CheckFailed(_("without y, dropout changes the scores"))


@extras.check()
def running_averages(student, rng):
    """After training on the same batch again and again, a test normalises as training does."""
    for hidden_dims in ([7], [5, 6]):
        case = net.net(rng, **{**NET, "hidden_dims": hidden_dims}, normalization="batchnorm")
        model = case.made(student)
        for _call in range(200):
            told = to_array(model_loss(model, case.X, case.y)[0], "loss", ndim=0)
        scores = to_array(model.loss(case.X), "scores", ndim=2)
        scores = scores - scores.max(axis=1, keepdims=True)
        right = scores[np.arange(len(case.y)), case.y]
        if not np.isclose(np.mean(np.log(np.exp(scores).sum(axis=1)) - right), told, rtol=1e-4):
            raise CheckFailed(_("after 200 calls with y, the scores without y have another loss"))


@extras.check()
def batchnorm_takes_the_bias(student, rng):
    """Batch normalisation subtracts what a bias before it adds: that bias has the gradient 0."""
    case = net.net(rng, **{**NET, "hidden_dims": [6]}, normalization="batchnorm")
    _loss, grads = model_loss(case.made(student), case.X, case.y)
    assert_close(get_gradient(grads, "b1"), np.zeros(6), "grads['b1']")


@extras.check()
def dropout_keeps(student, rng):
    """In training, dropout keeps the right share of hidden units, normalised ones, too."""
    for normalization in (None, "layernorm"):
        settings = {"hidden_dims": [500], "input_dim": 6, "num_classes": 4, "seed": 0}
        case = net.net(rng, 1, **settings, normalization=normalization, dropout_keep_ratio=0.8)
        # All units are 5.
        fixed = {"W1": np.zeros((6, 500)), "b1": np.full(500, 5.0), "beta1": np.full(500, 5.0)}
        case.params.update({name: value for name, value in fixed.items() if name in case.params})
        _loss, grads = model_loss(case.made(student), case.X, case.y)
        # Nothing is learned by the weights of a unit that was dropped.
        dW2 = to_array(get_gradient(grads, "W2"), "grads['W2']", ndim=2)
        kept = np.mean(np.any(dW2, axis=1))
        if abs(kept - 0.8) > 0.1:
            raise CheckFailed(
                _("with dropout_keep_ratio 0.8, a share of {kept:.2g} is kept").format(kept=kept)
            )
        if not np.all(to_array(get_gradient(grads, "b2"), "grads['b2']")):
            raise CheckFailed(_("a score is dropped, too"))


# --- update rules --------------------------------------------------------------------------------


def rule(name: str, declared: UpdateRule) -> Checks[UpdateRule]:
    """What is checked of every rule; what is peculiar to it is added."""
    return Checks(f"fully_connected_nets-{name}", declared).holds(
        "next_w has the type of w, also in single precision.",
        declared.check_kept,
        {"shape": (3,), "steps": 2},
        beyond=True,
    )


def state(**remembered: Any) -> dict[str, Any]:
    """What is remembered before a step, as arrays."""
    return {n: np.array(v) if isinstance(v, list) else v for n, v in remembered.items()}


HALF: Mapping[str, float] = {"learning_rate": 0.1, "momentum": 0.5}

sgd_momentum = rule("sgd-momentum", momentum_rule).by_hand(
    "Two steps by hand: one downhill, and one without a gradient, by half of the velocity.",
    config=HALF, w=[1, 2], dw=[[10, -20], [0, 0]],
    next_w=[[0, 4], [-0.5, 5]], velocity=[-0.5, 1],
)  # fmt: skip

nesterov = rule("nesterov", nesterov_rule).by_hand(
    "Two steps by hand, the second without a gradient.",
    config=HALF, w=[1, 2], dw=[[10, -20], [0, 0]],
    next_w=[[-0.5, 5], [-0.75, 5.5]], velocity=[-0.5, 1],
)  # fmt: skip

adagrad = rule("adagrad", adagrad_rule).by_hand(
    "Two steps by hand: 9 and 25 in the cache and an epsilon of 1 make steps of 3/4 and 4/6.",
    config={"learning_rate": 1.0, "epsilon": 1.0}, w=[1, 2], dw=[[3, -4], [4, 3]],
    next_w=[[1 - 3 / 4, 2 + 4 / 5], [1 - 3 / 4 - 4 / 6, 2 + 4 / 5 - 3 / 6]], cache=[25, 25],
)  # fmt: skip

QUARTER: Mapping[str, float] = {"decay_rate": 0.25, "epsilon": 4.0}
adadelta = (
    rule("adadelta", adadelta_rule)
    .by_hand(
        "A step by hand: cache 12, so a step of 2 / 4 times the gradient 4; and delta 3.",
        config=QUARTER, w=[1, 2], dw=[[4, -4]], next_w=[[-1, 4]], cache=[12, 12], delta=[3, 3],
    )
    .by_hand(
        "From cache 36 and delta 12, the cache becomes 21, and the step is 4 / 5 of the gradient.",
        config={**QUARTER, **state(cache=[36.0], delta=[12.0])}, w=[1], dw=[[4]], next_w=[[-2.2]],
    )
)  # fmt: skip

rmsprop = rule("rmsprop", rmsprop_rule).by_hand(
    "Two steps by hand: the cache is 4 and 1, then a quarter less, for lack of a gradient.",
    config={"learning_rate": 1.0, "decay_rate": 0.75, "epsilon": 0.5},
    w=[1, 2], dw=[[4, -2], [0, 0]],
    next_w=[[1 - 4 / 2.5, 2 + 2 / 1.5]] * 2, cache=[3, 0.75],
)  # fmt: skip

# Corrected, m = (2, -1) is divided by 3/4, and v = (12, 3) by 7/16.
m_hat, v_hat, first = np.array([2, -1]) / 0.75, np.array([12, 3]) / 0.4375, [1 / 9, 2.8]
adam = (
    rule("adam", adam_rule)
    .by_hand(
        "The first step has the length of the learning rate, whatever the gradient.",
        config={"learning_rate": 0.1}, w=[1, 2, 3], dw=[[0.1, -1000, 5]],
        next_w=[[0.9, 2.1, 2.9]], rtol=1e-5,
    )
    .by_hand("A step without a gradient moves nothing, but counts: t is 1.",
             config={}, w=[1, 2], dw=[[0, 0]], next_w=[[1, 2]], t=1)
    .by_hand("After three such steps, the next one makes t 4.",
             config=state(m=[0.0, 0.0], v=[0.0, 0.0], t=3), w=[1, 2], dw=[[0, 0]],
             next_w=[[1, 2]], t=4)
    .by_hand(
        "A second step by hand, without a gradient: m is 2 and 1 there, v is 12 and 3, t is 2.",
        config={"learning_rate": 1.0, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0},
        w=[1, 2], dw=[[8, -4], [0, 0]],
        next_w=[first, first - m_hat / (np.sqrt(v_hat) + 1)], m=[2, -1], v=[12, 3], t=2,
    )
)  # fmt: skip

DECAY: Mapping[str, float] = {"learning_rate": 0.1, "weight_decay": 0.5}
adamw = (
    rule("adamw", adamw_rule)
    .by_hand("Without a gradient, each weight shrinks by a part of learning_rate * weight_decay.",
             config=DECAY, w=[1, -20], dw=[[0, 0]], next_w=[[0.95, -19]], m=[0, 0])
    .by_hand("The first step has the length of the learning rate, and the decay besides.",
             config=DECAY, w=[1, -20], dw=[[3, 0.02]], next_w=[[0.85, -19.1]], rtol=1e-5)
    .by_hand("Without a config, the learning rate is 0.001 and weight_decay 0.01.",
             w=[1000], dw=[[0]], next_w=[[999.99]], weight_decay=0.01, learning_rate=0.001,
             rtol=1e-9)
)  # fmt: skip
