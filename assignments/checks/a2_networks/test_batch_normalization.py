"""Public checks of the batch-normalization notebook: small tables, and gradients against slopes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from assignments.checks.a1_classifiers.test_two_layer_net import check_slopes, forward, unpack
from assignments.compare import assert_close, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Student, StudentError
from assignments.syntax import names_read, same_code

PARTS = ("dx", "dgamma", "dbeta")
BACKWARD, BACKWARD_ALT = "batchnorm_backward", "batchnorm_backward_alt"
LAYERNORM_BACKWARD = "layernorm_backward"

NO_ROOT = _("it is divided by the variance: is the root missing?")
SAMPLE_VARIANCE = _("the variance is that of a sample, divided by one less; drop ddof=1")
BESIDE_ROOT = _("eps is added to the root; it belongs under the root, to the variance")
NO_EPS = _("eps is missing")
NO_SCALE = _("gamma and beta are missing")
EXCHANGED = _("gamma and beta are exchanged")
SHIFT_FIRST = _("beta is added before gamma multiplies; the other way round")


@question("batch_normalization-batchnorm-train")
def test_train_by_hand(student, rng):
    """Features (1, 3), (10, 50) and (0, 4) become (-1, 1), before gamma and beta."""
    x = np.array([[1.0, 10.0, 0.0], [3.0, 50.0, 4.0]])
    gamma, beta = np.array([2.0, 3.0, 1.0]), np.array([0.0, 5.0, 0.0])
    out = batchnorm(student, x, gamma, beta, {"mode": "train", "eps": 0.0})
    want = np.array([[-2.0, 2.0, -1.0], [2.0, 8.0, 1.0]])
    known = mistakes_by_hand(x, gamma, beta, axis=0)
    used = {
        _("the running mean is subtracted; in training take the mean of the batch"): x,
        _("the running mean, moved already, is subtracted; take the mean of the batch"): x
        - 0.1 * x.mean(axis=0),
    }
    for sentence, centred in used.items():
        known[sentence] = gamma * centred / np.sqrt((centred**2).mean(axis=0)) + beta
    assert_close(out, want, "out", known=known, show=True)


@question("batch_normalization-batchnorm-train")
def test_train_eps(student, rng):
    """With a variance of 4 and eps = 5, the feature is divided by sqrt(4 + 5)."""
    x = np.array([[1.0], [5.0]])
    out = batchnorm(student, x, np.ones(1), np.zeros(1), {"mode": "train", "eps": 5.0})
    centred = np.array([[-2.0], [2.0]])
    known = {BESIDE_ROOT: centred / 7, NO_EPS: centred / 2, NO_ROOT: centred / 9}
    assert_close(out, centred / 3, "out", known=known, show=True)


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
    settings = student.put({"mode": "train", "momentum": 0.75, "eps": 0.0})
    x = np.array([[1.0], [5.0]])
    exchanged = _("momentum and 1 - momentum are exchanged")
    latest = _("this is of the last batch alone; move towards it")
    known = {
        "running_mean": {exchanged: [2.25], latest: [3.0]},
        "running_var": {
            exchanged: [3.0],
            latest: [4.0],
            SAMPLE_VARIANCE: [2.0],
            _("this is the running standard deviation; keep the variance"): [0.5],
        },
    }
    for mean, var in ((0.75, 1.0), (1.3125, 1.75)):
        student.batchnorm_forward(x, np.ones(1), np.zeros(1), settings)
        mean, var = np.array([mean]), np.array([var])
        check_running(student, settings, mean, var, known=known, show=True)
        known = {}


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
    want = np.array([[-1.0], [1.0]])
    known = {
        _("the variance is lost in the rounding: subtract the mean first, then square"): want
        / np.sqrt(1e-5),
    }
    assert_close(out, want, "out", atol=1e-3, known=known)
    check_single(out=out)


@question("batch_normalization-batchnorm-test")
def test_test_by_hand(student, rng):
    """A single example is normalised by the running averages, and then scaled and shifted."""
    settings = {"mode": "test", "eps": 1.0}
    settings |= {"running_mean": np.array([2.0, -1.0]), "running_var": np.array([3.0, 8.0])}
    gamma, beta = np.array([5.0, 2.0]), np.array([1.0, 0.0])
    out = batchnorm(student, np.array([[4.0, 2.0]]), gamma, beta, settings)
    centred = np.array([[2.0, 3.0]])
    known = {
        NO_SCALE: [[1.0, 1.0]],
        _("gamma is missing"): [[2.0, 1.0]],
        _("beta is missing"): [[5.0, 2.0]],
        SHIFT_FIRST: gamma * (1 + beta),
        _("mean and variance are those of this batch, of one example"): [beta],
        NO_ROOT: centred / [4, 9] * gamma + beta,
        BESIDE_ROOT: centred / (np.sqrt([3, 8]) + 1) * gamma + beta,
        NO_EPS: centred / np.sqrt([3, 8]) * gamma + beta,
        _("the mean is not subtracted"): np.array([[4.0, 2.0]]) / [2, 3] * gamma + beta,
        _("parentheses are missing around x - running_mean"): [[20.0, 4 + 1 / 3]],
    }
    assert_close(out, np.array([[6.0, 2.0]]), "out", known=known, show=True)


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
    check_single(out=batchnorm(student, np.ones((3, 2), np.float32), ones, ones, settings))


@question("batch_normalization-batchnorm-backward")
def test_backward_by_hand(student, rng):
    """For x = (1, 1, 5, 5) and dout = (8, 0, 0, 0), the gradients are those found on paper."""
    check_by_hand(student, BACKWARD)


@question("batch_normalization-batchnorm-backward")
def test_backward_neither_shifts_nor_stretches(student, rng):
    """dx asks neither to shift nor to stretch a feature, since both would change nothing."""
    check_no_shift_no_stretch(student, rng, BACKWARD, axis=0)


@question("batch_normalization-batchnorm-backward")
def test_backward_slopes(student, rng):
    """dx, dgamma and dbeta are slopes of your batchnorm_forward, tried out number by number."""
    check_batchnorm_slopes(student, rng, BACKWARD)


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
def test_backward_alt_slopes(student, rng):
    """dx, dgamma and dbeta are slopes of your batchnorm_forward, tried out number by number."""
    check_batchnorm_slopes(student, rng, BACKWARD_ALT)


@question("batch_normalization-batchnorm-backward-alt")
def test_backward_alt_inputs(student, rng):
    """dout is not changed, and all stays in single precision."""
    check_backward_inputs(student, rng, BACKWARD_ALT, {"mode": "train"})


@question("batch_normalization-batchnorm-backward-alt")
def test_backward_alt_on_its_own(student, rng):
    """It is another way to the gradients, not batchnorm_backward again."""
    check_by_hand(student, BACKWARD_ALT)
    check_own_way(student)


@question("batch_normalization-layernorm-forward")
def test_layernorm_by_hand(student, rng):
    """Examples (1, 3), (10, 50) and (4, 0) become (-1, 1) and (1, -1), before gamma and beta."""
    x = np.array([[1.0, 3.0], [10.0, 50.0], [4.0, 0.0]])
    gamma, beta = np.array([2.0, 3.0]), np.array([0.0, 5.0])
    out, _cache = forward(student, "layernorm_forward", x, gamma, beta, {"eps": 0.0})
    want = np.array([[-2.0, 8.0], [-2.0, 8.0], [2.0, 2.0]])
    known = mistakes_by_hand(x, gamma, beta, axis=1)
    assert_close(out, want, "out", known=known, show=True)


@question("batch_normalization-layernorm-forward")
def test_layernorm_eps(student, rng):
    """With a variance of 4 and eps = 5, the example is divided by sqrt(4 + 5)."""
    x, settings = np.array([[1.0, 5.0]]), {"eps": 5.0}
    out, _cache = forward(student, "layernorm_forward", x, np.ones(2), np.zeros(2), settings)
    centred = np.array([[-2.0, 2.0]])
    known = {BESIDE_ROOT: centred / 7, NO_EPS: centred / 2, NO_ROOT: centred / 9}
    assert_close(out, centred / 3, "out", known=known, show=True)


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
    """x, gamma and beta are not changed, and all stays in single precision."""
    check_inputs(student, "layernorm_forward", rng, {})
    ones = np.ones(4, np.float32)
    x = rng.normal(size=(3, 4)).astype(np.float32)
    check_single(out=forward(student, "layernorm_forward", x, ones, ones, {})[0])


@question("batch_normalization-layernorm-backward")
def test_layernorm_backward_by_hand(student, rng):
    """For one example (1, 1, 5, 5) and dout = (8, 0, 0, 0), the gradients are right."""
    x, dout = np.array([[1.0, 1.0, 5.0, 5.0]]), np.array([[8.0, 0.0, 0.0, 0.0]])
    gamma = np.array([3.0, 2.0, 2.0, 2.0])
    _out, cache = forward(student, "layernorm_forward", x, gamma, np.ones(4), {"eps": 0.0})
    dx, dgamma, dbeta = gradients(student, LAYERNORM_BACKWARD, dout, cache)
    axis = _("summed over the features; all examples share a gamma and a beta, so sum over these")
    known: dict[str, Any] = {axis: [8.0], _("dgamma and dbeta are exchanged"): [-8.0, 0, 0, 0]}
    assert_close(dbeta, np.array([8.0, 0.0, 0.0, 0.0]), "dbeta", known=known, show=True)
    known = {
        axis: [-8.0],
        _("gamma is in it; dgamma is the sum of dout * x_hat"): [-24.0, 0, 0, 0],
        _("x_hat is missing; dgamma is the sum of dout * x_hat"): [8.0, 0, 0, 0],
    }
    assert_close(dgamma, np.array([-8.0, 0.0, 0.0, 0.0]), "dgamma", known=known, show=True)
    known = {
        _("mean and std are taken as constants; they depend on x"): [[12.0, 0, 0, 0]],
        _("the means run over the examples, axis 0; take those over the features"): [
            [-12.0, 0, 0, 0]
        ],
        _("gamma is missing"): [[2.0, -2, 0, 0]],
        _("gamma multiplies at the end; it belongs inside, to dout"): [[6.0, -4, 0, 0]],
        _("the part that goes through the mean is missing"): [[9.0, -3, 3, 3]],
        _("the part that goes through std is missing"): [[9.0, -3, -3, -3]],
        _("sums where means are wanted, or divided by the number of examples"): [
            [-12.0, -24, 0, 0]
        ],
    }
    assert_close(dx, np.array([[6.0, -6.0, 0.0, 0.0]]), "dx", known=known, show=True)


@question("batch_normalization-layernorm-backward")
def test_layernorm_backward_neither_shifts_nor_stretches(student, rng):
    """dx asks neither to shift nor to stretch an example, since both would change nothing."""
    check_no_shift_no_stretch(student, rng, LAYERNORM_BACKWARD, axis=1)


@question("batch_normalization-layernorm-backward")
def test_layernorm_backward_slopes(student, rng):
    """dx, dgamma and dbeta are slopes of your layernorm_forward, tried out number by number."""
    x, dout = rng.normal(2, 1, size=(2, 4, 5))
    arrays = [x, rng.normal(1, 1, size=5), rng.normal(size=5), {}]
    check_slopes(student, "layernorm", arrays, dout, PARTS)


@question("batch_normalization-layernorm-backward")
def test_layernorm_backward_one_example(student, rng):
    """They are so for a single example, whose dbeta is dout."""
    x, dout = rng.normal(2, 1, size=(2, 1, 6))
    arrays = [x, rng.normal(1, 1, size=6), rng.normal(size=6), {}]
    check_slopes(student, "layernorm", arrays, dout, PARTS)


@question("batch_normalization-layernorm-backward")
def test_layernorm_backward_inputs(student, rng):
    """dout is not changed, and all stays in single precision."""
    check_backward_inputs(student, rng, LAYERNORM_BACKWARD, {})


def mistakes_by_hand(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, axis: int
) -> dict[str, np.ndarray]:
    """What known mistakes make of x, normalised along an axis with eps = 0."""

    def normalised(x: np.ndarray, axis: int | None) -> np.ndarray:
        return (x - x.mean(axis=axis, keepdims=True)) / x.std(axis=axis, keepdims=True)

    x_hat = normalised(x, axis)
    var = x.var(axis=axis, keepdims=True)
    other = (
        _("mean and variance run over the features, axis 1; take the examples, axis 0"),
        _("mean and variance run over the examples, axis 0; take the features, axis 1"),
    )[axis]
    tables = {
        other: normalised(x, 1 - axis),
        _("there is one mean and variance for the whole table; which axis?"): normalised(x, None),
        NO_ROOT: x_hat / np.sqrt(var),
        SAMPLE_VARIANCE: x_hat / np.sqrt(2),
        _("the mean is not subtracted"): x / np.sqrt(var),
    }
    return {
        NO_SCALE: x_hat,
        EXCHANGED: beta * x_hat + gamma,
        SHIFT_FIRST: gamma * (x_hat + beta),
        _("beta is missing"): gamma * x_hat,
        **{sentence: gamma * table + beta for sentence, table in tables.items()},
    }


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
    """Does the way back leave dout alone, and keep single precision?"""
    x, dout = rng.normal(2, 1, size=(2, 5, 3)).astype(np.float32)
    gamma = beta = rng.uniform(1.5, 2, size=3).astype(np.float32)
    name = f"{backward.split('_')[0]}_forward"
    _out, cache = forward(student, name, x, gamma, beta, dict(settings))
    parts = gradients(student, backward, dout, cache)
    assert_unchanged(student.changed, {0: "dout"})
    check_single(**dict(zip(PARTS, parts, strict=True)))


# --- shared with the hidden checks ---------------------------------------------------------------


def batchnorm(student: Student, *arguments: object) -> object:
    """The outputs of batchnorm_forward."""
    return forward(student, "batchnorm_forward", *arguments)[0]


def check_running(
    student: Student,
    settings: object,
    mean: np.ndarray,
    var: np.ndarray,
    known: Mapping[str, Mapping[str, Any]] | None = None,
    show: bool = False,
) -> None:
    """Are these the running averages in bn_param now? For known, by name, see assert_close."""
    for name, want in (("running_mean", mean), ("running_var", var)):
        got = student.get(settings, f"[{name!r}]")
        assert_close(got, want, name, known=(known or {}).get(name), show=show)


def check_shape(array: np.ndarray, shape: tuple[int, ...], what: str = "out") -> None:
    """Has an array the shape of x?"""
    if array.shape != shape:
        reason = _("{what} has shape {got}, where {want} is expected")
        raise CheckFailed(reason.format(what=what, got=array.shape, want=shape))


def check_single(**results: object) -> None:
    """Are these arrays in single precision?"""
    for name, result in results.items():
        dtype = to_array(result, name).dtype
        if dtype != np.float32:
            raise CheckFailed(
                _("{name} has the type {dtype}, where all inputs have float32").format(
                    name=name, dtype=dtype
                )
            )


def gradients(student: Student, backward: str, dout: np.ndarray, cache: object) -> list:
    """dx, dgamma and dbeta from a backward function."""
    return unpack(student.call(backward, dout, cache), backward, PARTS)


def check_by_hand(student: Student, backward: str) -> None:
    """One feature of four examples: x_hat is (-1, -1, 1, 1), std is 2, and gamma is 3."""
    x, dout = np.array([[1.0], [1.0], [5.0], [5.0]]), np.array([[8.0], [0.0], [0.0], [0.0]])
    settings = {"mode": "train", "eps": 0.0}
    _out, cache = forward(
        student, "batchnorm_forward", x, np.array([3.0]), np.array([1.0]), settings
    )
    dx, dgamma, dbeta = gradients(student, backward, dout, cache)
    known: dict[str, Any] = {
        _("dgamma and dbeta are exchanged"): [-8.0],
        _("the mean over the examples, where the sum is wanted"): [2.0],
        _("summed over the features, axis 1; sum over the examples, axis 0"): dout[:, 0],
    }
    assert_close(dbeta, np.array([8.0]), "dbeta", known=known, show=True)
    known = {
        _("x_hat is missing; dgamma is the sum of dout * x_hat"): [8.0],
        _("dgamma is the sum of dout * x_hat, not of dout * centred"): [-16.0],
        _("the mean over the examples, where the sum is wanted"): [-2.0],
        _("not summed over the examples, which share one gamma"): [[-8.0], [0.0], [0.0], [0.0]],
    }
    assert_close(dgamma, np.array([-8.0]), "dgamma", known=known, show=True)

    # The two parts that go through mean and std, for slopes of 3 / 2 along each example.
    x_hat = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    straight, through_std = 1.5 * dout, 3.0 * x_hat
    strengths = {
        _("the part that goes through std is missing"): 0,
        _("the part that goes through std is half of what it should be; is a 2 missing?"): 0.5,
        _("the part that goes through std has the wrong sign"): -1,
        _("the part that goes through std is doubled; is a division by std missing?"): 2,
        _("the part that goes through std: dvar is dstd / (2 * std), with no other root"): 2**0.5,
        _("the part that goes through std is not divided by N"): 4,
    }
    parts = {name: straight + factor * through_std for name, factor in strengths.items()}
    parts[_("only the part that goes through std is left; add both ways into centred")] = (
        through_std
    )
    unsummed = np.array([[-3.0], [0.0], [0.0], [0.0]])
    parts[_("dstd is not summed over the examples, which share one std")] = straight + unsummed
    right = straight + through_std
    known = {
        **{name: part - part.mean() for name, part in parts.items()},
        _("mean and std are taken as constants; they depend on x"): straight,
        _("the part that goes through the mean is missing"): right,
        _("the part that goes through the mean is not divided by N"): right - right.sum(),
        _("the part that goes through the mean has the wrong sign"): right + right.mean(),
        _("neither sum is divided by N"): 1.5 * (dout - 8 - x_hat * -8),
        _("gamma is missing"): (right - right.mean()) / 3,
        _("it is divided by std twice"): (right - right.mean()) / 2,
    }
    assert_close(dx, np.array([[6.0], [-6.0], [0.0], [0.0]]), "dx", known=known, show=True)


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
            _("is the way through the mean right?"),
        )
    x_hat = (x - x.mean(axis=axis, keepdims=True)) / x.std(axis=axis, keepdims=True)
    if np.abs((dx * x_hat).sum(axis=axis)).max() > size:
        raise CheckFailed(
            _("the sum of dx * x_hat over {along} is not 0").format(along=along),
            _("is the way through the standard deviation right?"),
        )


def check_batchnorm_slopes(student: Student, rng: np.random.Generator, backward: str) -> None:
    """Are the gradients of a random layer slopes of its outputs?"""
    x, dout = rng.normal(2, 1, size=(2, 5, 3))
    arrays = [x, rng.normal(1, 1, size=3), rng.normal(size=3), {"mode": "train"}]
    check_slopes(student, "batchnorm", arrays, dout, PARTS, backward)


def check_own_way(student: Student) -> None:
    """Does batchnorm_backward_alt do without batchnorm_backward, and without its code?"""
    if BACKWARD in names_read(student, BACKWARD_ALT):
        raise CheckFailed(_("it uses batchnorm_backward; write the formula instead"))
    check_not_copied(student)


def check_not_copied(student: Student) -> None:
    """Is batchnorm_backward_alt other code than batchnorm_backward?"""
    try:
        same = same_code(student, BACKWARD_ALT, BACKWARD)
    except StudentError:  # there is no batchnorm_backward
        return
    if same:
        raise CheckFailed(_("it is the same code as batchnorm_backward; write the formula instead"))
