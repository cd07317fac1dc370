"""Hidden checks of the batch-normalization notebook, against PyTorch and numerical gradients.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own: eps, gamma and beta all matter, and there are neither as many examples as features nor
so many that N and N - 1 are alike. Special cases follow.
"""

from typing import Any

from assignments.checks.a2_networks.batch_normalization import check_not_copied, check_own_way
from assignments.families.exercise import in_single_precision
from assignments.standins.a2_networks.batch_normalization import (
    batchnorm,
    batchnorm_alt,
    layernorm,
    norm_arrays,
)
from autograder.families.hidden import Hidden

USUAL = (7, 4)
#: (N, D): a single example, a batch of two, a single feature, many examples.
SIZES = [((1, 4),), ((2, 5),), ((6, 1),), ((60, 3),)]
AVERAGES = ("running_mean", "running_var")


def defaults(rng):
    """A feature, and an example, that are the same everywhere; bn_param names what it has to."""
    x, gamma, beta = norm_arrays(rng, USUAL)
    x[:, 1], x[1] = 2.5, 2.5
    return x, gamma, beta, {"mode": "train"}


def far_away(shape, axis):
    """Single precision, with means that are thousands of times the standard deviation."""

    def draw(rng):
        means = [1 if other == axis else size for other, size in enumerate(shape)]
        offset = rng.uniform(1500, 3000, size=means) * rng.choice([-1, 1], size=means)
        _x, *parameters = norm_arrays(rng, shape)
        return in_single_precision(
            (offset + rng.normal(0, 0.4, size=shape), *parameters, {"mode": "train"})
        )

    return draw


# Rounding a mean to single precision costs about one part in a thousand there.
ROUNDED: dict[str, Any] = {"rtol": 1e-2, "atol": 1e-2}

# --- batch_normalization-batchnorm ----------------------------------------------------------------

batchnorm_train = (
    Hidden("batch_normalization-batchnorm-train", batchnorm.forward, (USUAL,))
    .values("In training the outputs are those of PyTorch's batch normalisation.", weight=4)
    .sizes("They are so for a batch of one or two, for one feature and for many examples.", *SIZES)
    .cases("They are so with the default eps, also where a feature is the same for all examples.",
           defaults, weight=0.5)
    .cases("They are so in single precision for features far away from zero.",
           far_away((20, 3), axis=0), beyond=True, **ROUNDED)
    .single()
    .repeated()
    .values("The running averages in bn_param move as the docstring says.", *AVERAGES, weight=3)
    .cases("Where bn_param names none, they begin at zero, and the momentum is 0.9.",
           defaults, only=AVERAGES, weight=0.5)
)  # fmt: skip

batchnorm_test = (
    Hidden("batch_normalization-batchnorm-test", batchnorm.forward, (USUAL, "test"))
    .values("In test mode the outputs are those that PyTorch computes from the running averages.",
            weight=3)
    .sizes("They are so for a single example.", ((1, 4), "test"))
    .values("The running averages stay as they are, and the outputs are right.", *AVERAGES, "out")
    .single()
    .repeated()
)  # fmt: skip

# A layer whose forward lost points is served whole: its cache could not be relied on.
BEFORE = {"batch_normalization-batchnorm-train": ("batchnorm_forward",)}
#: A loss in which all examples play together.
TOGETHER = [((2, 3),), ((3, 3),)]

batchnorm_backward = (
    Hidden("batch_normalization-batchnorm-backward", batchnorm.backward, (USUAL,),
           builds_on=BEFORE)
    .gradients("dx", weight=3)
    .gradients("dgamma", "dbeta", weight=1.5)
    .sizes("All three are right for a batch of one or two, for one feature and for many examples.",
           *SIZES)
    .together(*TOGETHER)
    .single()
    .repeated(times=2)
)  # fmt: skip

batchnorm_backward_alt = (
    Hidden("batch_normalization-batchnorm-backward-alt", batchnorm_alt.backward, (USUAL,),
           builds_on=BEFORE)
    .gradients("dx", "dgamma", "dbeta", weight=3)
    .sizes("They are so for a batch of one or two, for one feature and for many examples.",
           *SIZES, weight=1.5)
    .holds("They are right, without batchnorm_backward and without its steps.",
           check_own_way, (USUAL,), weight=3.5, rule=True)
    .holds("They are right, and not the steps of batchnorm_backward again.",
           check_not_copied, (USUAL,), rule=True)
    .single(weight=0.25)
    .repeated(times=2, weight=0.25)
)  # fmt: skip

# --- batch_normalization-layernorm ----------------------------------------------------------------

layernorm_forward = (
    Hidden("batch_normalization-layernorm-forward", layernorm.forward, (USUAL,))
    .values("The outputs are those of PyTorch's layer normalisation.", weight=3)
    .sizes("They are so for one or two examples, for one feature and for many examples.",
           *SIZES, ((5, 5),))
    .cases("They are so in single precision for examples far away from zero.",
           far_away((3, 20), axis=1), beyond=True, **ROUNDED)
    .cases("They are so with the default eps, also for an example whose features are all the same.",
           defaults, weight=0.5)
    .single()
    .repeated()
)  # fmt: skip

layernorm_backward = (
    Hidden("batch_normalization-layernorm-backward", layernorm.backward, (USUAL,),
           builds_on={"batch_normalization-layernorm-forward": ("layernorm_forward",)})
    .gradients("dx", weight=3)
    .gradients("dgamma", "dbeta", weight=1.5)
    .sizes("All three are right for one or two examples, for one feature and for many examples.",
           *SIZES)
    .together(*TOGETHER)
    .single()
    .repeated(times=2)
)  # fmt: skip
