"""Public checks of the batch-normalization notebook: small tables, and numerical gradients."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from assignments.checks.a1_classifiers.two_layer_net import check_slopes, forward
from assignments.checks.a2_networks.batch_normalization import (
    BACKWARD,
    BACKWARD_ALT,
    LAYERNORM_BACKWARD,
    PARTS,
    batchnorm,
    check_no_call,
    check_not_copied,
    check_running,
    check_shape,
    gradients,
)
from assignments.compare import assert_close, assert_single, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.standins.a2_networks import batch_normalization as standins
from assignments.student import CheckFailed, Student


@question("batch_normalization-batchnorm-train")
def test_train_by_hand(student, rng):
    """Features (1, 3), (10, 50) and (0, 4) become (-1, 1), before gamma and beta."""
    x = np.array([[1.0, 10.0, 0.0], [3.0, 50.0, 4.0]])
    gamma, beta = np.array([2.0, 3.0, 1.0]), np.array([0.0, 5.0, 0.0])
    out = batchnorm(student, x, gamma, beta, {"mode": "train", "eps": 0.0})
    want = np.array([[-2.0, 2.0, -1.0], [2.0, 8.0, 1.0]])
    assert_close(out, want, "out", show=True)


@question("batch_normalization-batchnorm-train")
def test_train_eps(student, rng):
    """With a variance of 4 and eps = 5, the feature is divided by sqrt(4 + 5)."""
    x = np.array([[1.0], [5.0]])
    out = batchnorm(student, x, np.ones(1), np.zeros(1), {"mode": "train", "eps": 5.0})
    assert_close(out, np.array([[-2.0], [2.0]]) / 3, "out", show=True)


@question("batch_normalization-batchnorm-train")
def test_train_mean_and_deviation(student, rng):
    """Each feature has then beta as its mean and gamma as its standard deviation."""
    x = rng.normal(5, 3, size=(20, 4))
    gamma, beta = np.arange(1.0, 5.0), np.array([7.0, 0.0, -2.0, 1.0])
    out = to_array(batchnorm(student, x, gamma, beta, {"mode": "train"}), "out")
    check_shape(out, x.shape)
    assert_close(out.mean(axis=0), beta, _("the mean of each feature in out"))
    what = _("the standard deviation of each feature in out")
    assert_close(out.std(axis=0), gamma, what, rtol=1e-4)


@question("batch_normalization-batchnorm-train")
def test_train_running(student, rng):
    """Two batches of mean 3 and variance 4 move the running averages a quarter of the way each."""
    start = {"running_mean": np.array([1.0]), "running_var": np.array([2.0])}
    settings = student.put({"mode": "train", "momentum": 0.75, "eps": 1.0, **start})
    for mean, var in ((1.5, 2.5), (1.875, 2.875)):
        student.batchnorm_forward(np.array([[1.0], [5.0]]), np.ones(1), np.zeros(1), settings)
        check_running(student, settings, np.array([mean]), np.array([var]), show=True)


@question("batch_normalization-batchnorm-train")
def test_train_inputs(student, rng):
    """x, gamma and beta are not changed."""
    check_inputs(student, "batchnorm_forward", rng, {"mode": "train"})


@question("batch_normalization-batchnorm-train")
def test_train_single_precision(student, rng):
    """Features of type float32 around 5000 stay of this type, and lose nothing."""
    x = np.array([[5001.0], [5003.0]], np.float32)
    gamma, beta = np.ones(1, np.float32), np.zeros(1, np.float32)
    out = batchnorm(student, x, gamma, beta, {"mode": "train"})
    assert_close(out, np.array([[-1.0], [1.0]]), "out", atol=1e-3)
    assert_single(out=out)


@question("batch_normalization-batchnorm-test")
def test_test_by_hand(student, rng):
    """A single example is normalised by the running averages, and then scaled and shifted."""
    settings = {"mode": "test", "eps": 1.0}
    settings |= {"running_mean": np.array([2.0, -1.0]), "running_var": np.array([3.0, 8.0])}
    gamma, beta = np.array([5.0, 2.0]), np.array([1.0, 0.0])
    out = batchnorm(student, np.array([[4.0, 2.0]]), gamma, beta, settings)
    assert_close(out, np.array([[6.0, 2.0]]), "out", show=True)


@question("batch_normalization-batchnorm-test")
def test_test_running(student, rng):
    """The running averages stay as they are."""
    mean, var = np.array([1.0, 2.0]), np.array([4.0, 9.0])
    settings = student.put({"mode": "test", "running_mean": mean, "running_var": var})
    student.batchnorm_forward(rng.normal(size=(5, 2)), np.ones(2), np.zeros(2), settings)
    check_running(student, settings, mean, var, show=True)


@question("batch_normalization-batchnorm-test")
def test_test_inputs(student, rng):
    """x, gamma and beta are not changed."""
    mean, var = rng.normal(size=3), rng.uniform(1, 2, size=3)
    settings = {"mode": "test", "running_mean": mean, "running_var": var}
    check_inputs(student, "batchnorm_forward", rng, settings)


@question("batch_normalization-batchnorm-test")
def test_test_single_precision(student, rng):
    """Where all inputs have the type float32, so has out."""
    ones = np.ones(2, np.float32)
    settings = {"mode": "test", "running_mean": ones, "running_var": ones}
    assert_single(out=batchnorm(student, np.ones((3, 2), np.float32), ones, ones, settings))


@question("batch_normalization-batchnorm-backward")
def test_backward_by_hand(student, rng):
    """For x = (1, 1, 5, 5) and dout = (8, 0, 0, 0), the gradients are those found on paper."""
    check_by_hand(student, BACKWARD)


@question("batch_normalization-batchnorm-backward")
def test_backward_neither_shifts_nor_stretches(student, rng):
    """dx asks neither to shift nor to stretch a feature, since both would change nothing."""
    check_no_shift_no_stretch(student, rng, BACKWARD, axis=0)


@question("batch_normalization-batchnorm-backward")
def test_backward_numerical(student, rng):
    """dx, dgamma and dbeta are the numerical gradients of your batchnorm_forward."""
    check_batchnorm_numerical(student, rng, BACKWARD)


@question("batch_normalization-batchnorm-backward")
def test_backward_inputs(student, rng):
    """dout is not changed, and all stays in single precision."""
    check_backward_inputs(student, rng, BACKWARD, {"mode": "train"})


@question("batch_normalization-batchnorm-backward-alt")
def test_backward_alt_by_hand(student, rng):
    """For x = (1, 1, 5, 5) and dout = (8, 0, 0, 0), the gradients are those found on paper."""
    check_by_hand(student, BACKWARD_ALT)


@question("batch_normalization-batchnorm-backward-alt")
def test_backward_alt_neither_shifts_nor_stretches(student, rng):
    """dx asks neither to shift nor to stretch a feature, since both would change nothing."""
    check_no_shift_no_stretch(student, rng, BACKWARD_ALT, axis=0)


@question("batch_normalization-batchnorm-backward-alt")
def test_backward_alt_numerical(student, rng):
    """dx, dgamma and dbeta are the numerical gradients of your batchnorm_forward."""
    check_batchnorm_numerical(student, rng, BACKWARD_ALT)


@question("batch_normalization-batchnorm-backward-alt")
def test_backward_alt_inputs(student, rng):
    """dout is not changed, and all stays in single precision."""
    check_backward_inputs(student, rng, BACKWARD_ALT, {"mode": "train"})


@question("batch_normalization-batchnorm-backward-alt")
def test_backward_alt_on_its_own(student, rng):
    """It does without batchnorm_backward."""
    check_by_hand(student, BACKWARD_ALT)
    check_no_call(student)


@question("batch_normalization-batchnorm-backward-alt")
def test_backward_alt_not_copied(student, rng):
    """It does not repeat the steps of batchnorm_backward."""
    check_by_hand(student, BACKWARD_ALT)
    check_not_copied(student)


@question("batch_normalization-layernorm-forward")
def test_layernorm_by_hand(student, rng):
    """Examples (1, 3), (10, 50) and (4, 0) become (-1, 1) and (1, -1), before gamma and beta."""
    x = np.array([[1.0, 3.0], [10.0, 50.0], [4.0, 0.0]])
    gamma, beta = np.array([2.0, 3.0]), np.array([0.0, 5.0])
    out, _cache = forward(student, "layernorm_forward", x, gamma, beta, {"eps": 0.0})
    want = np.array([[-2.0, 8.0], [-2.0, 8.0], [2.0, 2.0]])
    assert_close(out, want, "out", show=True)


@question("batch_normalization-layernorm-forward")
def test_layernorm_eps(student, rng):
    """With a variance of 4 and eps = 5, the example is divided by sqrt(4 + 5)."""
    x, settings = np.array([[1.0, 5.0]]), {"eps": 5.0}
    out, _cache = forward(student, "layernorm_forward", x, np.ones(2), np.zeros(2), settings)
    assert_close(out, np.array([[-2.0, 2.0]]) / 3, "out", show=True)


@question("batch_normalization-layernorm-forward")
def test_layernorm_mean_and_deviation(student, rng):
    """With gamma = 1 and beta = 0, each example has the mean 0 and the standard deviation 1."""
    x = rng.normal(5, 3, size=(4, 30))
    out, _cache = forward(student, "layernorm_forward", x, np.ones(30), np.zeros(30), {})
    out = to_array(out, "out")
    check_shape(out, x.shape)
    assert_close(out.mean(axis=1), np.zeros(4), _("the mean of each example in out"))
    what = _("the standard deviation of each example in out")
    assert_close(out.std(axis=1), np.ones(4), what, rtol=1e-4)


@question("batch_normalization-layernorm-forward")
def test_layernorm_inputs(student, rng):
    """x, gamma and beta are not changed."""
    check_inputs(student, "layernorm_forward", rng, {})


@question("batch_normalization-layernorm-forward")
def test_layernorm_single_precision(student, rng):
    """An example of type float32 around 5000 stays of this type, and loses nothing."""
    x, ones = np.array([[5001.0, 5003.0]], np.float32), np.ones(2, np.float32)
    out, _cache = forward(student, "layernorm_forward", x, ones, 0 * ones, {})
    assert_close(out, np.array([[-1.0, 1.0]]), "out", atol=1e-3)
    assert_single(out=out)


@question("batch_normalization-layernorm-backward")
def test_layernorm_backward_by_hand(student, rng):
    """For one example (1, 1, 5, 5) and dout = (8, 0, 0, 0), the gradients are right."""
    x, dout = np.array([[1.0, 1.0, 5.0, 5.0]]), np.array([[8.0, 0.0, 0.0, 0.0]])
    gamma = np.array([3.0, 2.0, 2.0, 2.0])
    _out, cache = forward(student, "layernorm_forward", x, gamma, np.ones(4), {"eps": 0.0})
    dx, dgamma, dbeta = gradients(student, LAYERNORM_BACKWARD, dout, cache)
    assert_close(dbeta, np.array([8.0, 0.0, 0.0, 0.0]), "dbeta", show=True)
    assert_close(dgamma, np.array([-8.0, 0.0, 0.0, 0.0]), "dgamma", show=True)
    assert_close(dx, np.array([[6.0, -6.0, 0.0, 0.0]]), "dx", show=True)


@question("batch_normalization-layernorm-backward")
def test_layernorm_backward_neither_shifts_nor_stretches(student, rng):
    """dx asks neither to shift nor to stretch an example, since both would change nothing."""
    check_no_shift_no_stretch(student, rng, LAYERNORM_BACKWARD, axis=1)


@question("batch_normalization-layernorm-backward")
def test_layernorm_backward_numerical(student, rng):
    """dx, dgamma and dbeta are the numerical gradients of your layernorm_forward."""
    x, dout = rng.normal(2, 1, size=(2, 4, 5))
    arrays = [x, rng.normal(1, 1, size=5), rng.normal(size=5), {"eps": 0.5}]
    check_numerical(student, LAYERNORM_BACKWARD, arrays, dout)


@question("batch_normalization-layernorm-backward")
def test_layernorm_backward_one_example(student, rng):
    """They are so for a single example, whose dbeta is dout."""
    x, dout = rng.normal(2, 1, size=(2, 1, 6))
    arrays = [x, rng.normal(1, 1, size=6), rng.normal(size=6), {}]
    check_numerical(student, LAYERNORM_BACKWARD, arrays, dout)


@question("batch_normalization-layernorm-backward")
def test_layernorm_backward_inputs(student, rng):
    """dout is not changed, and all stays in single precision."""
    check_backward_inputs(student, rng, LAYERNORM_BACKWARD, {})


def check_inputs(
    student: Student, name: str, rng: np.random.Generator, settings: Mapping[str, Any]
) -> None:
    """Does a layer leave x, gamma and beta alone?"""
    x, gamma, beta = rng.normal(2, 1, size=(5, 3)), rng.normal(size=3), rng.normal(size=3)
    student.call(name, x, gamma, beta, dict(settings), keep=True)
    assert_unchanged(student.changed, {0: "x", 1: "gamma", 2: "beta"})


def check_backward_inputs(
    student: Student, rng: np.random.Generator, backward: str, settings: Mapping[str, Any]
) -> None:
    """Does the backward pass leave dout alone, and keep single precision?"""
    x, dout = rng.normal(2, 1, size=(2, 5, 3)).astype(np.float32)
    gamma = beta = rng.uniform(1.5, 2, size=3).astype(np.float32)
    name = f"{backward.split('_')[0]}_forward"
    _out, cache = forward(student, name, x, gamma, beta, dict(settings))
    parts = gradients(student, backward, dout, cache)
    assert_unchanged(student.changed, {0: "dout"})
    assert_single(**dict(zip(PARTS, parts, strict=True)))


# --- shared with the hidden checks ---------------------------------------------------------------


def check_by_hand(student: Student, backward: str) -> None:
    """One feature of four examples: x_hat is (-1, -1, 1, 1), std is 2, and gamma is 3."""
    x, dout = np.array([[1.0], [1.0], [5.0], [5.0]]), np.array([[8.0], [0.0], [0.0], [0.0]])
    settings = {"mode": "train", "eps": 0.0}
    _out, cache = forward(
        student, "batchnorm_forward", x, np.array([3.0]), np.array([1.0]), settings
    )
    dx, dgamma, dbeta = gradients(student, backward, dout, cache)
    assert_close(dbeta, np.array([8.0]), "dbeta", show=True)
    assert_close(dgamma, np.array([-8.0]), "dgamma", show=True)
    assert_close(dx, np.array([[6.0], [-6.0], [0.0], [0.0]]), "dx", show=True)


def check_no_shift_no_stretch(
    student: Student, rng: np.random.Generator, backward: str, axis: int
) -> None:
    """Are the sums of dx, and of dx times what is normalised, 0 along an axis?"""
    x, dout = rng.normal(2, 1, size=(2, 6, 5))
    gamma, beta = rng.uniform(1, 2, size=5), np.zeros(5)
    name = f"{backward.split('_')[0]}_forward"
    _out, cache = forward(student, name, x, gamma, beta, {"mode": "train", "eps": 0.0})
    dx = to_array(gradients(student, backward, dout, cache)[0], "dx")
    check_shape(dx, x.shape, "dx")
    along = _("the examples") if axis == 0 else _("the features")
    size = 1e-9 * max(1.0, float(np.abs(dx).max()))
    if np.abs(dx.sum(axis=axis)).max() > size:
        raise CheckFailed(
            _("the sum of dx over {along} is not 0").format(along=along),
            _("is the path through the mean right?"),
        )
    x_hat = (x - x.mean(axis=axis, keepdims=True)) / x.std(axis=axis, keepdims=True)
    if np.abs((dx * x_hat).sum(axis=axis)).max() > size:
        raise CheckFailed(
            _("the sum of dx * x_hat over {along} is not 0").format(along=along),
            _("is the path through the standard deviation right?"),
        )


def check_batchnorm_numerical(student: Student, rng: np.random.Generator, backward: str) -> None:
    """Are the gradients of a random layer the numerical gradients of its outputs?"""
    x, dout = rng.normal(2, 1, size=(2, 5, 3))
    settings = {"mode": "train", "eps": 0.5}
    arrays = [x, rng.normal(1, 1, size=3), rng.normal(size=3), settings]
    check_numerical(student, backward, arrays, dout)


def check_numerical(student: Student, backward: str, arrays: list, dout: np.ndarray) -> None:
    """Are the gradients numerical ones? Where the outputs are wrong, theirs say nothing."""
    layer = backward.split("_")[0]
    name = f"{layer}_forward"
    out, _cache = forward(student, name, *arrays)
    try:
        right, _cache = getattr(standins, name)(*arrays[:3], dict(arrays[3]))
        assert_close(out, right, "out")
    except CheckFailed as failure:
        reason = _("{name} is wrong here, so its gradients say nothing; mend it first")
        raise CheckFailed(reason.format(name=name)) from failure
    check_slopes(student, layer, arrays, dout, PARTS, backward)
