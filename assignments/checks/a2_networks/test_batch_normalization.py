"""Public checks of the batch-normalization notebook: small tables, and numerical gradients."""

import numpy as np

from assignments.checks.a2_networks.batch_normalization import check_not_copied, check_on_its_own
from assignments.families.checks import Checks
from assignments.standins.a2_networks.batch_normalization import (
    batchnorm,
    batchnorm_alt,
    layernorm,
)

#: Features of type float32 whose mean is thousands of times their deviation.
FAR = np.array([[5001], [5003]], np.float32)
ONE, ZERO = np.ones(1, np.float32), np.zeros(1, np.float32)
UNTOUCHED = "x, gamma and beta are not changed."

# --- batch_normalization-batchnorm ----------------------------------------------------------------

batchnorm_train = (
    Checks("batch_normalization-batchnorm-train", batchnorm.forward, ((5, 3),))
    .by_hand(
        "Features (1, 3), (10, 50) and (0, 4) become (-1, 1), before gamma and beta.",
        x=[[1, 10, 0], [3, 50, 4]], gamma=[2, 3, 1], beta=[0, 5, 0],
        bn_param={"mode": "train", "eps": 0.0}, out=[[-2, 2, -1], [2, 8, 1]],
    )
    .by_hand(
        "With a variance of 4 and eps = 5, the feature is divided by sqrt(4 + 5).",
        x=[[1], [5]], gamma=[1], beta=[0], bn_param={"mode": "train", "eps": 5.0},
        out=[[-2 / 3], [2 / 3]],
    )
    .holds(
        "With gamma 1 and beta 0, each feature has mean 0 and standard deviation 1.",
        batchnorm.forward.check_standardised,
        ((20, 4),),
    )
    .by_hand(
        "A batch of mean 3 and variance 4 moves the running averages a quarter of the way.",
        x=[[1], [5]], gamma=[1], beta=[0],
        bn_param={
            "mode": "train", "momentum": 0.75, "eps": 1.0, "running_mean": [1], "running_var": [2],
        },
        running_mean=[1.5], running_var=[2.5],
    )
    .untouched(UNTOUCHED)
    .by_hand(
        "Features of type float32 around 5000 lose nothing.",
        x=FAR, gamma=ONE, beta=ZERO, bn_param={"mode": "train"}, out=[[-1], [1]], atol=1e-3,
        beyond=True,
    )
    .single()
)  # fmt: skip

batchnorm_test = (
    Checks("batch_normalization-batchnorm-test", batchnorm.forward, ((5, 3), "test"))
    .by_hand(
        "A single example is normalised by the running averages, and then scaled and shifted.",
        x=[[4, 2]], gamma=[5, 2], beta=[1, 0],
        bn_param={"mode": "test", "eps": 1.0, "running_mean": [2, -1], "running_var": [3, 8]},
        out=[[6, 2]],
    )
    .by_hand(
        "The running averages stay as they are.",
        x=[[0, 1], [2, 5], [-1, 3]], gamma=[1, 1], beta=[0, 0],
        bn_param={"mode": "test", "running_mean": [1, 2], "running_var": [4, 9]},
        running_mean=[1, 2], running_var=[4, 9],
    )
    .untouched(UNTOUCHED)
    .single()
)  # fmt: skip

#: One feature of four examples: x_hat is (-1, -1, 1, 1), std is 2, and gamma is 3.
ON_PAPER = {
    "x": [[1], [1], [5], [5]], "gamma": [3], "beta": [1], "bn_param": {"mode": "train", "eps": 0.0},
    "dout": [[8], [0], [0], [0]],
    "dbeta": [8], "dgamma": [-8], "dx": [[6], [-6], [0], [0]],
}  # fmt: skip


def backward_checks(question, layer):
    return (
        Checks(f"batch_normalization-{question}", layer.backward, ((5, 3),))
        .by_hand(
            "For x = (1, 1, 5, 5) and dout = (8, 0, 0, 0), the gradients are those found on paper.",
            **ON_PAPER,
        )
        .holds(
            "dx asks neither to shift nor to stretch a feature, since both would change nothing.",
            layer.backward.check_balanced,
            ((6, 5), "train", 0.0),
        )
        .numerical(
            "dx, dgamma and dbeta are the numerical gradients of your batchnorm_forward.",
            ((5, 3),),
        )
        .untouched("dout is not changed.")
        .single()
    )


batchnorm_backward = backward_checks("batchnorm-backward", batchnorm)
batchnorm_backward_alt = (
    backward_checks("batchnorm-backward-alt", batchnorm_alt)
    .holds("It does without batchnorm_backward.", check_on_its_own, ((5, 3),), rule=True)
    .holds(
        "It does not repeat the steps of batchnorm_backward.",
        check_not_copied,
        ((5, 3),),
        rule=True,
    )
)

# --- batch_normalization-layernorm ----------------------------------------------------------------

layernorm_forward = (
    Checks("batch_normalization-layernorm-forward", layernorm.forward, ((5, 3),))
    .by_hand(
        "Examples (1, 3), (10, 50) and (4, 0) become (-1, 1) and (1, -1), before gamma and beta.",
        x=[[1, 3], [10, 50], [4, 0]], gamma=[2, 3], beta=[0, 5], ln_param={"eps": 0.0},
        out=[[-2, 8], [-2, 8], [2, 2]],
    )
    .by_hand(
        "With a variance of 4 and eps = 5, the example is divided by sqrt(4 + 5).",
        x=[[1, 5]], gamma=[1, 1], beta=[0, 0], ln_param={"eps": 5.0}, out=[[-2 / 3, 2 / 3]],
    )
    .holds(
        "With gamma = 1 and beta = 0, each example has the mean 0 and the standard deviation 1.",
        layernorm.forward.check_standardised,
        ((4, 30),),
    )
    .untouched(UNTOUCHED)
    .by_hand(
        "An example of type float32 around 5000 loses nothing.",
        x=FAR.T, gamma=np.ones(2, np.float32), beta=np.zeros(2, np.float32), ln_param={},
        out=[[-1, 1]], atol=1e-3, beyond=True,
    )
    .single()
)  # fmt: skip

layernorm_backward = (
    Checks("batch_normalization-layernorm-backward", layernorm.backward, ((5, 3),))
    .by_hand(
        "For one example (1, 1, 5, 5) and dout = (8, 0, 0, 0), the gradients are right.",
        x=[[1, 1, 5, 5]], gamma=[3, 2, 2, 2], beta=[1, 1, 1, 1], ln_param={"eps": 0.0},
        dout=[[8, 0, 0, 0]],
        dbeta=[8, 0, 0, 0], dgamma=[-8, 0, 0, 0], dx=[[6, -6, 0, 0]],
    )
    .holds(
        "dx asks neither to shift nor to stretch an example, since both would change nothing.",
        layernorm.backward.check_balanced,
        ((6, 5), 0.0),
    )
    .numerical(
        "dx, dgamma and dbeta are the numerical gradients of your layernorm_forward.", ((4, 5),)
    )
    .numerical("They are so for a single example, whose dbeta is dout.", ((1, 6),))
    .untouched("dout is not changed.")
    .single()
)  # fmt: skip
