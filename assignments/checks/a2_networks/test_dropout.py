"""Public checks of the dropout notebook: what is kept, by how much it grows, and the way back."""

import math
from collections.abc import Iterable

import numpy as np

from assignments.checks.a1_classifiers.test_two_layer_net import check_slopes, forward
from assignments.compare import assert_close, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Student


@question("dropout-forward-train")
def test_train_quarter(student, rng):
    """With p = 0.25, every 3 becomes either 12 or 0."""
    out = train(student, np.full((20, 10), 3.0), p=0.25)
    known = {
        _("what is kept is not scaled; divide it by p"): 3.0,
        _("what is kept is multiplied by p; divide it by p"): 0.75,
        _("what is kept is divided by 1 - p; divide it by p"): 4.0,
        _("what is kept is divided by p twice"): 48.0,
    }
    kept = np.where(out != 0, 1.0, 0.0)
    known = {sentence: value * kept for sentence, value in known.items()}
    assert_close(out, 12 * kept, "out", known=known, show=True)
    if out.all():
        raise CheckFailed(_("nothing in out is 0, where three quarters of it should be"))


@question("dropout-forward-train")
def test_train_share(student, rng):
    """With p = 0.3, about three of ten values are kept, each by itself."""
    out = train(student, np.ones((100, 100)), p=0.3)
    for axis, reason in (
        (1, _("whole rows are kept or dropped")),
        (0, _("whole columns are kept or dropped")),
    ):
        if np.array_equal(out.any(axis=axis), out.all(axis=axis)):
            raise CheckFailed(reason, _("draw a number for each value, in the shape of x"))
    check_share(out, 0.3)
    check_counts(student, range(12))


@question("dropout-forward-train")
def test_train_shapes(student, rng):
    """x may be a single example (D,), or have four dimensions; it is not changed."""
    for shape in ((40,), (2, 3, 4, 5)):
        train(student, np.ones(shape), p=0.5)
        student.call("dropout_forward", np.ones(shape), {"p": 0.5, "mode": "train"}, keep=True)
        assert_unchanged(student.changed, {0: "x"})


@question("dropout-forward-train")
def test_train_seed(student, rng):
    """The same seed keeps the same values, and another seed others."""
    check_seeds(student, np.ones((20, 10)), 0.5, (1, 2))


@question("dropout-forward-train")
def test_train_single_precision(student, rng):
    """Where x has the type float32, out has it too."""
    check_type(student, {"p": 0.5, "mode": "train"}, np.float32)


@question("dropout-forward-test")
def test_test_mode(student, rng):
    """In test mode the values come out as they went in."""
    x = np.arange(12.0).reshape(3, 4)
    out, _cache = forward(student, "dropout_forward", x, {"p": 0.5, "mode": "test"})
    known = {
        _("all values are multiplied by p; in training they are divided by it already"): x / 2,
        _("all values are divided by p; that belongs to training"): 2 * x,
    }
    got = to_array(out, "out")
    kept = got != 0
    if not np.array_equal(kept, x != 0):
        known[_("values are dropped, as in training")] = 2 * x * kept
        known[_("values are dropped, as in training, and not scaled")] = x * kept
    assert_close(out, x, "out", known=known, show=True)


@question("dropout-forward-test")
def test_test_single_precision(student, rng):
    """Where x has the type float32, out has it too."""
    check_type(student, {"p": 0.5, "mode": "test"}, np.float32)


@question("dropout-backward")
def test_backward_slopes(student, rng):
    """In training, dx is the slope of your dropout_forward, tried out number by number."""
    x, dout = rng.uniform(1, 2, size=(2, 4, 5))
    settings = {"p": 0.6, "mode": "train", "seed": 3}
    kept = train(student, x, **settings) != 0
    known = {
        _("the mask is missing: what was dropped gets no gradient"): dout,
        _("it is scaled, but the mask is missing: what was dropped gets no gradient"): dout / 0.6,
        _("the division by p is missing on the way back"): dout * kept,
        _("the division by p is there twice; is it in the mask already?"): dout * kept / 0.36,
        _("dropped and kept are exchanged"): dout * ~kept / 0.6,
        _("it is multiplied by p"): dout * 0.6,
    }
    check_slopes(student, "dropout", [x, settings], dout, ("dx",), known={"dx": known})


@question("dropout-backward")
def test_backward_same_mask(student, rng):
    """Another seed afterwards changes nothing: dx is 0 where out was. dout is not changed."""
    x = np.ones((6, 10))
    settings = student.put({"p": 0.5, "mode": "train", "seed": 1})
    out, cache = forward(student, "dropout_forward", x, settings)
    student.set(settings, "['seed']", 2)
    dx = to_array(student.dropout_backward(x, cache), "dx")
    assert_unchanged(student.changed, {0: "dout"})
    if dx.shape != x.shape or np.any((dx != 0) != (to_array(out, "out") != 0)):
        raise CheckFailed(
            _("dx is 0 at other places than out"),
            _("is another mask drawn on the way back? The one of the way forward is in the cache"),
        )


@question("dropout-backward")
def test_backward_test_mode(student, rng):
    """So it is in test mode."""
    x, dout = rng.uniform(1, 2, size=(2, 4, 5))
    known = {
        _("it is multiplied by p; in test mode out is x"): 0.6 * dout,
        _("it is divided by p; in test mode out is x"): dout / 0.6,
    }
    settings = {"p": 0.6, "mode": "test"}
    check_slopes(student, "dropout", [x, settings], dout, ("dx",), known={"dx": known})


# --- shared with the hidden checks ---------------------------------------------------------------


def train(student: Student, x: np.ndarray, **dropout_param: float) -> np.ndarray:
    """out of dropout_forward in training, for x without a 0, as an array of x's shape."""
    out, _cache = forward(student, "dropout_forward", x, {"mode": "train", **dropout_param})
    out = to_array(out, "out")
    if out.shape != x.shape:
        raise CheckFailed(
            _("out has shape {got}, where {want} is expected").format(got=out.shape, want=x.shape)
        )
    return out


def check_share(out: np.ndarray, p: float) -> None:
    """Is a share p of the values kept, as far as chance allows?"""
    kept = np.mean(out != 0)
    # The share of n values scatters with a standard deviation of sqrt(p (1 - p) / n).
    margin = 6 * (p * (1 - p) / out.size) ** 0.5
    if abs(kept - p) > margin:
        symptom = ""
        if abs(kept - (1 - p)) <= margin:
            symptom = _("it is close to 1 - p")
        elif abs(kept - 0.5 * (1 + math.erf(p / 2**0.5))) <= margin:
            symptom = _("so many normal random numbers are below p; draw uniform ones")
        raise CheckFailed(_("the share of values that are kept is not p"), symptom)


def check_seeds(student: Student, x: np.ndarray, p: float, seeds: tuple[int, ...]) -> None:
    """Are the same values kept with the same seed, and others with another?"""
    kept = [train(student, x, p=p, seed=seed) != 0 for seed in seeds]
    for seed, before in zip(seeds, kept, strict=True):
        again = train(student, x, p=p, seed=seed) != 0
        if (again != before).any():
            raise CheckFailed(_("the same seed keeps other values the second time"))
    for other in kept[1:]:
        if (other == kept[0]).all():
            raise CheckFailed(
                _("two seeds keep exactly the same values"),
                _("is the mask drawn from rng, which is made from the seed?"),
            )


def check_counts(student: Student, seeds: Iterable[int]) -> None:
    """Does the number of values that are kept vary, as it does where each is drawn by itself?"""
    counts = {np.count_nonzero(train(student, np.ones((10, 10)), p=0.5, seed=i)) for i in seeds}
    if len(counts) == 1:
        raise CheckFailed(
            _("the same number of values is kept each time"),
            _("each value is kept with probability p, whatever becomes of all the others"),
        )


def check_type(student: Student, dropout_param: dict, dtype: type) -> None:
    """Has out the type that x has?"""
    x = np.ones((4, 5), dtype)
    out, _cache = forward(student, "dropout_forward", x, dropout_param)
    got = to_array(out, "out").dtype
    if got != dtype:
        raise CheckFailed(
            _("out has the type {got}, where x has {want}").format(got=got, want=x.dtype)
        )
