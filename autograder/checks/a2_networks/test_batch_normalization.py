"""Hidden checks of the batch-normalization notebook, against PyTorch and numerical gradients.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own: eps, gamma and beta all matter, and there are neither as many examples as features nor
so many that N and N - 1 are alike. Special cases follow.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as F

from assignments.checks.a1_classifiers.two_layer_net import forward
from assignments.checks.a2_networks.batch_normalization import (
    BACKWARD,
    BACKWARD_ALT,
    LAYERNORM_BACKWARD,
    PARTS,
    batchnorm,
    check_no_call,
    check_not_copied,
    check_running,
    gradients,
)
from assignments.compare import assert_close, assert_single, assert_unchanged
from assignments.gradients import numerical_gradient, one_by_one
from assignments.questions import question

EPS = 0.4
#: (N, D): a single example, a batch of two, a single feature, many examples.
SIZES = [(1, 4), (2, 5), (6, 1), (60, 3)]

Layer = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def inputs(rng, N=7, D=4):
    """x, gamma and beta; each feature has a mean, a spread and parameters of its own."""
    x = rng.normal(rng.normal(0, 2, size=D), rng.uniform(0.5, 2, size=D), size=(N, D))
    gamma = rng.uniform(0.5, 2, size=D) * rng.choice([-1, 1], size=D)
    return x, gamma, rng.normal(0, 2, size=D)


def far_away(rng, N, D, axis):
    """x in single precision, with a mean that is thousands of times its standard deviation."""
    shape = (1, D) if axis == 0 else (N, 1)
    offset = rng.uniform(1500, 3000, size=shape) * rng.choice([-1, 1], size=shape)
    return (offset + rng.normal(0, 0.4, size=(N, D))).astype(np.float32)


def single(*arrays):
    return tuple(array.astype(np.float32) for array in arrays)


def tensor(array) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def batch_norm(eps: float = EPS) -> Layer:
    """PyTorch's batch normalisation in training."""
    # F.batch_norm refuses a batch of one example.
    return lambda x, gamma, beta: torch.batch_norm(
        x, gamma, beta, None, None, True, 0.0, eps, False
    )


def layer_norm(eps: float = EPS) -> Layer:
    """PyTorch's layer normalisation."""
    return lambda x, gamma, beta: F.layer_norm(x, x.shape[1:], gamma, beta, eps)


def right(layer: Layer, *arrays: np.ndarray) -> np.ndarray:
    """What a layer of PyTorch's returns, in double precision."""
    return layer(*map(tensor, arrays)).detach().numpy()


# --- batch_normalization-batchnorm-train ---------------------------------------------------------


def check_train(student, arrays, eps=EPS, what="out", **tolerance):
    out = batchnorm(student, *arrays, {"mode": "train", "eps": eps})
    assert_close(out, right(batch_norm(eps), *arrays), what, **tolerance)
    return out


@question("batch_normalization-batchnorm-train", weight=4)
def test_train_values(student, rng):
    """In training the outputs are those of PyTorch's batch normalisation."""
    check_train(student, inputs(rng))


@question("batch_normalization-batchnorm-train")
def test_train_sizes(student, rng):
    """They are so for a batch of one or two, for one feature and for many examples."""
    for N, D in SIZES:
        check_train(student, inputs(rng, N, D), what=f"out ({N} examples, {D} features)")


@question("batch_normalization-batchnorm-train", weight=0.5)
def test_train_defaults(student, rng):
    """They are so with the default eps, also where a feature is the same for all examples."""
    x, gamma, beta = inputs(rng)
    x[:, 1] = 2.5
    out = batchnorm(student, x, gamma, beta, {"mode": "train"})
    assert_close(out, right(batch_norm(1e-5), x, gamma, beta), "out")


@question("batch_normalization-batchnorm-train")
def test_train_far_away(student, rng):
    """They are so in single precision for features far away from zero."""
    x = far_away(rng, 20, 3, axis=0)
    _x, gamma, beta = inputs(rng, 20, 3)
    # Rounding the mean to single precision costs about one part in a thousand here.
    check_train(student, (x, *single(gamma, beta)), eps=1e-5, rtol=1e-2, atol=1e-2)


@question("batch_normalization-batchnorm-train", weight=0.5)
def test_train_single(student, rng):
    """Inputs in single precision give outputs in single precision."""
    assert_single(out=check_train(student, single(*inputs(rng))))


@question("batch_normalization-batchnorm-train", weight=0.5, rule=True)
def test_train_inputs(student, rng):
    """x, gamma and beta are as they were, and the outputs are right."""
    arrays = inputs(rng)
    result = student.call("batchnorm_forward", *arrays, {"mode": "train", "eps": EPS}, keep=True)
    assert_unchanged(student.changed, {0: "x", 1: "gamma", 2: "beta"})
    assert_close(result.get("[0]"), right(batch_norm(), *arrays), "out")


def follow(averages, batches, momentum):
    """The running averages after some batches, from PyTorch's means and variances."""
    mean, var = map(torch.tensor, averages)
    for x, _gamma, _beta in batches:
        batch_var, batch_mean = torch.var_mean(torch.tensor(x), 0, correction=0)
        mean, var = batch_mean.lerp(mean, momentum), batch_var.lerp(var, momentum)
    return mean.numpy(), var.numpy()


@question("batch_normalization-batchnorm-train", weight=3)
def test_train_running(student, rng):
    """Over several batches the running averages in bn_param move as the docstring says."""
    start = rng.normal(size=4), rng.uniform(1, 3, size=4)
    settings = {"mode": "train", "eps": EPS, "momentum": 0.7}
    kept = student.put({**settings, "running_mean": start[0], "running_var": start[1]})
    batches = [inputs(rng), inputs(rng, N=3), inputs(rng, N=5)]
    for count, batch in enumerate(batches, start=1):
        batchnorm(student, *batch, kept)
        check_running(student, kept, *follow(start, batches[:count], 0.7))


@question("batch_normalization-batchnorm-train", weight=0.5)
def test_train_running_defaults(student, rng):
    """Where bn_param names none, they begin at zero, and the momentum is 0.9."""
    kept = student.put({"mode": "train"})
    batches = [inputs(rng), inputs(rng)]
    for batch in batches:
        batchnorm(student, *batch, kept)
    check_running(student, kept, *follow((np.zeros(4), np.zeros(4)), batches, 0.9))


# --- batch_normalization-batchnorm-test ----------------------------------------------------------


def stored(rng, D=4):
    """Settings of test mode, with running averages."""
    mean, var = rng.normal(0, 2, size=D), rng.uniform(0.1, 3, size=D)
    return {"mode": "test", "eps": EPS, "running_mean": mean, "running_var": var}


def right_in_test(arrays, settings):
    x, gamma, beta = map(tensor, arrays)
    mean, var = (tensor(settings[name]) for name in ("running_mean", "running_var"))
    return F.batch_norm(x, mean.detach(), var.detach(), gamma, beta, eps=settings["eps"]).detach()


@question("batch_normalization-batchnorm-test", weight=3)
def test_test_values(student, rng):
    """In test mode the outputs are those that PyTorch computes from the running averages."""
    arrays, settings = inputs(rng), stored(rng)
    out = batchnorm(student, *arrays, settings)
    assert_close(out, right_in_test(arrays, settings), "out")


@question("batch_normalization-batchnorm-test")
def test_test_alone(student, rng):
    """An example gets the same outputs alone as among others."""
    (x, gamma, beta), settings = inputs(rng, N=3), stored(rng)
    for example in x:
        arrays = example[np.newaxis], gamma, beta
        out = batchnorm(student, *arrays, settings)
        assert_close(out, right_in_test(arrays, settings), "out")


@question("batch_normalization-batchnorm-test")
def test_test_running(student, rng):
    """The running averages stay as they are from call to call, and the outputs are right."""
    settings = {**stored(rng), "momentum": 0.5}
    kept = student.put(settings)
    for _call in range(2):
        arrays = inputs(rng)
        out = batchnorm(student, *arrays, kept)
        assert_close(out, right_in_test(arrays, settings), "out")
        check_running(student, kept, settings["running_mean"], settings["running_var"])


@question("batch_normalization-batchnorm-test", weight=0.5)
def test_test_single(student, rng):
    """Inputs and running averages in single precision give such outputs."""
    arrays, settings = single(*inputs(rng)), stored(rng)
    for name in ("running_mean", "running_var"):
        settings[name] = settings[name].astype(np.float32)
    out = batchnorm(student, *arrays, settings)
    assert_close(out, right_in_test(arrays, settings), "out")
    assert_single(out=out)


@question("batch_normalization-batchnorm-test", weight=0.5, rule=True)
def test_test_inputs(student, rng):
    """x, gamma and beta are as they were, and the outputs are right."""
    arrays, settings = inputs(rng), stored(rng)
    result = student.call("batchnorm_forward", *arrays, settings, keep=True)
    assert_unchanged(student.changed, {0: "x", 1: "gamma", 2: "beta"})
    assert_close(result.get("[0]"), right_in_test(arrays, settings), "out")


# --- backward passes -----------------------------------------------------------------------------

LAYERS = {BACKWARD: batch_norm, BACKWARD_ALT: batch_norm, LAYERNORM_BACKWARD: layer_norm}


def right_gradients(layer, arrays, dout):
    leaves = [tensor(array) for array in arrays]
    found = torch.autograd.grad(layer(*leaves), leaves, tensor(dout))
    return dict(zip(PARTS, (gradient.numpy() for gradient in found), strict=True))


def go_forward(student, backward, arrays):
    """The cache of the student's layer that a backward function belongs to."""
    name = backward.split("_")[0] + "_forward"
    return forward(student, name, *arrays, {"mode": "train", "eps": EPS})[1]


def compare(student, backward, arrays, dout, parts=PARTS, note=""):
    """Hold dx, dgamma or dbeta against PyTorch's, after a forward call of the student's."""
    cache = go_forward(student, backward, arrays)
    got = dict(zip(PARTS, gradients(student, backward, dout, cache), strict=True))
    want = right_gradients(LAYERS[backward](), arrays, dout)
    factors = {"the number of examples": len(dout), "the number of features": dout.shape[1]}
    for part in parts:
        assert_close(got[part], want[part], part + note, factors=factors)
    return got


def compare_values(student, rng, backward, *parts):
    compare(student, backward, inputs(rng), rng.normal(1, 1, size=(7, 4)), parts or PARTS)


def compare_sizes(student, rng, backward):
    for N, D in SIZES:
        arrays, dout = inputs(rng, N, D), rng.normal(size=(N, D))
        compare(student, backward, arrays, dout, note=f" ({N} examples, {D} features)")


def compare_single(student, rng, backward):
    arrays, dout = single(*inputs(rng)), rng.normal(size=(7, 4)).astype(np.float32)
    assert_single(**compare(student, backward, arrays, dout))


def compare_twice(student, rng, backward):
    """Neither dout nor the cache is used up."""
    arrays, dout = inputs(rng), rng.normal(size=(7, 4))
    cache = go_forward(student, backward, arrays)
    want = right_gradients(LAYERS[backward](), arrays, dout)
    for _call in range(2):
        got = gradients(student, backward, dout, cache)
        assert_unchanged(student.changed, {0: "dout"})
        for part, gradient in zip(PARTS, got, strict=True):
            assert_close(gradient, want[part], part)


def compare_numerical(student, rng, backward):
    """dx as the gradient of a loss in which all outputs play together, for N = 2 and N = 3."""
    for N in (2, 3):
        (x, gamma, beta), target = inputs(rng, N, D=3), rng.normal(size=(N, 3))

        def distance(x, gamma=gamma, beta=beta, target=target):
            return right(LAYERS[backward](), x, gamma, beta) - target

        def loss(x, distance=distance):
            return np.sum(distance(x) ** 2) ** 2

        dout = 4 * np.sum(distance(x) ** 2) * distance(x)
        dx = gradients(student, backward, dout, go_forward(student, backward, (x, gamma, beta)))[0]
        want = numerical_gradient(one_by_one(loss), x)
        assert_close(dx, want, f"dx ({N} examples)", rtol=1e-5, atol=1e-6)


# --- batch_normalization-batchnorm-backward ------------------------------------------------------

# A layer whose forward lost points is served whole: its cache could not be relied on.
BEFORE_BACKWARD = {"batch_normalization-batchnorm-train": ("batchnorm_forward",)}


@question("batch_normalization-batchnorm-backward", weight=3, builds_on=BEFORE_BACKWARD)
def test_backward_dx(student, rng):
    """dx is the gradient that PyTorch finds."""
    compare_values(student, rng, BACKWARD, "dx")


@question("batch_normalization-batchnorm-backward", weight=1.5, builds_on=BEFORE_BACKWARD)
def test_backward_dgamma_dbeta(student, rng):
    """dgamma and dbeta are the gradients that PyTorch finds."""
    compare_values(student, rng, BACKWARD, "dgamma", "dbeta")


@question("batch_normalization-batchnorm-backward", builds_on=BEFORE_BACKWARD)
def test_backward_sizes(student, rng):
    """All three are right for a batch of one or two, for one feature and for many examples."""
    compare_sizes(student, rng, BACKWARD)


@question("batch_normalization-batchnorm-backward", builds_on=BEFORE_BACKWARD)
def test_backward_slopes(student, rng):
    """dx agrees with the numerical gradient of a loss in which all examples play together."""
    compare_numerical(student, rng, BACKWARD)


@question("batch_normalization-batchnorm-backward", weight=0.5, builds_on=BEFORE_BACKWARD)
def test_backward_single(student, rng):
    """Inputs in single precision give right gradients in single precision."""
    compare_single(student, rng, BACKWARD)


@question(
    "batch_normalization-batchnorm-backward", weight=0.5, builds_on=BEFORE_BACKWARD, rule=True
)
def test_backward_twice(student, rng):
    """dout is as it was, and calling it again gives the same right gradients."""
    compare_twice(student, rng, BACKWARD)


# --- batch_normalization-batchnorm-backward-alt --------------------------------------------------


@question("batch_normalization-batchnorm-backward-alt", weight=3, builds_on=BEFORE_BACKWARD)
def test_backward_alt_values(student, rng):
    """dx, dgamma and dbeta are the gradients that PyTorch finds."""
    compare_values(student, rng, BACKWARD_ALT)


@question("batch_normalization-batchnorm-backward-alt", weight=1.5, builds_on=BEFORE_BACKWARD)
def test_backward_alt_sizes(student, rng):
    """They are so for a batch of one or two, for one feature and for many examples."""
    compare_sizes(student, rng, BACKWARD_ALT)


@question(
    "batch_normalization-batchnorm-backward-alt", weight=3.5, builds_on=BEFORE_BACKWARD, rule=True
)
def test_backward_alt_own_way(student, rng):
    """They are right, without batchnorm_backward and without its steps."""
    compare_values(student, rng, BACKWARD_ALT)
    check_no_call(student)
    check_not_copied(student)


@question(
    "batch_normalization-batchnorm-backward-alt", weight=1, builds_on=BEFORE_BACKWARD, rule=True
)
def test_backward_alt_not_copied(student, rng):
    """They are right, and not the steps of batchnorm_backward again."""
    compare_values(student, rng, BACKWARD_ALT)
    check_not_copied(student)


@question("batch_normalization-batchnorm-backward-alt", weight=0.25, builds_on=BEFORE_BACKWARD)
def test_backward_alt_single(student, rng):
    """Inputs in single precision give right gradients in single precision."""
    compare_single(student, rng, BACKWARD_ALT)


@question(
    "batch_normalization-batchnorm-backward-alt", weight=0.25, builds_on=BEFORE_BACKWARD, rule=True
)
def test_backward_alt_twice(student, rng):
    """dout is as it was, and calling it again gives the same right gradients."""
    compare_twice(student, rng, BACKWARD_ALT)


# --- batch_normalization-layernorm-forward -------------------------------------------------------


def check_layernorm(student, arrays, eps=EPS, what="out", **tolerance):
    out, _cache = forward(student, "layernorm_forward", *arrays, {"eps": eps})
    assert_close(out, right(layer_norm(eps), *arrays), what, **tolerance)
    return out


@question("batch_normalization-layernorm-forward", weight=3)
def test_layernorm_values(student, rng):
    """The outputs are those of PyTorch's layer normalisation."""
    check_layernorm(student, inputs(rng))


@question("batch_normalization-layernorm-forward")
def test_layernorm_sizes(student, rng):
    """They are so for one or two examples, for one feature and for many examples."""
    for N, D in [*SIZES, (5, 5)]:
        check_layernorm(student, inputs(rng, N, D), what=f"out ({N} examples, {D} features)")


@question("batch_normalization-layernorm-forward")
def test_layernorm_far_away(student, rng):
    """They are so in single precision for examples far away from zero."""
    x = far_away(rng, 3, 20, axis=1)
    _x, gamma, beta = inputs(rng, 3, 20)
    check_layernorm(student, (x, *single(gamma, beta)), eps=1e-5, rtol=1e-2, atol=1e-2)


@question("batch_normalization-layernorm-forward", weight=0.5)
def test_layernorm_defaults(student, rng):
    """They are so with the default eps, also for an example whose features are all the same."""
    x, gamma, beta = inputs(rng)
    x[1] = 2.5
    out, _cache = forward(student, "layernorm_forward", x, gamma, beta, {})
    assert_close(out, right(layer_norm(1e-5), x, gamma, beta), "out")


@question("batch_normalization-layernorm-forward", weight=0.5)
def test_layernorm_single(student, rng):
    """Inputs in single precision give outputs in single precision."""
    assert_single(out=check_layernorm(student, single(*inputs(rng))))


@question("batch_normalization-layernorm-forward", weight=0.5, rule=True)
def test_layernorm_inputs(student, rng):
    """x, gamma and beta are as they were, and the outputs are right."""
    arrays = inputs(rng)
    result = student.call("layernorm_forward", *arrays, {"eps": EPS}, keep=True)
    assert_unchanged(student.changed, {0: "x", 1: "gamma", 2: "beta"})
    assert_close(result.get("[0]"), right(layer_norm(), *arrays), "out")


# --- batch_normalization-layernorm-backward ------------------------------------------------------

BEFORE_LAYERNORM = {"batch_normalization-layernorm-forward": ("layernorm_forward",)}


@question("batch_normalization-layernorm-backward", weight=3, builds_on=BEFORE_LAYERNORM)
def test_layernorm_backward_dx(student, rng):
    """dx is the gradient that PyTorch finds."""
    compare_values(student, rng, LAYERNORM_BACKWARD, "dx")


@question("batch_normalization-layernorm-backward", weight=1.5, builds_on=BEFORE_LAYERNORM)
def test_layernorm_backward_dgamma_dbeta(student, rng):
    """dgamma and dbeta are the gradients that PyTorch finds."""
    compare_values(student, rng, LAYERNORM_BACKWARD, "dgamma", "dbeta")


@question("batch_normalization-layernorm-backward", builds_on=BEFORE_LAYERNORM)
def test_layernorm_backward_sizes(student, rng):
    """All three are right for one or two examples, for one feature and for many examples."""
    compare_sizes(student, rng, LAYERNORM_BACKWARD)


@question("batch_normalization-layernorm-backward", builds_on=BEFORE_LAYERNORM)
def test_layernorm_backward_slopes(student, rng):
    """dx agrees with the numerical gradient of a loss in which all examples play together."""
    compare_numerical(student, rng, LAYERNORM_BACKWARD)


@question("batch_normalization-layernorm-backward", weight=0.5, builds_on=BEFORE_LAYERNORM)
def test_layernorm_backward_single(student, rng):
    """Inputs in single precision give right gradients in single precision."""
    compare_single(student, rng, LAYERNORM_BACKWARD)


@question(
    "batch_normalization-layernorm-backward", weight=0.5, builds_on=BEFORE_LAYERNORM, rule=True
)
def test_layernorm_backward_twice(student, rng):
    """dout is as it was, and calling it again gives the same right gradients."""
    compare_twice(student, rng, LAYERNORM_BACKWARD)
