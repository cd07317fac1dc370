"""Public checks of the dropout notebook: what is kept, by how much it grows, and the way back."""

import numpy as np

from assignments.checks.a1_classifiers.test_two_layer_net import check_slopes, forward
from assignments.compare import assert_close, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Student


@question("dropout-forward-train")
def test_train_halves(student, rng):
    """With p = 0.5, every 3 becomes either 6 or 0."""
    x = np.full((20, 10), 3.0)
    out = train(student, x, p=0.5)
    assert_close(out, np.where(out != 0, 6.0, 0.0), "out")
    if out.all():
        raise CheckFailed(_("nothing in out is 0, where about half of it should be"))


@question("dropout-forward-train")
def test_train_share(student, rng):
    """With p = 0.8, about four of five values are kept."""
    check_share(train(student, np.ones((100, 100)), p=0.8), 0.8)


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
    assert_close(out, x, "out", factors={"1 / p": 2.0})


@question("dropout-backward")
def test_backward_slopes(student, rng):
    """In training, dx is the slope of your dropout_forward, tried out number by number."""
    x, dout = rng.uniform(1, 2, size=(2, 4, 5))
    check_slopes(student, "dropout", [x, {"p": 0.6, "mode": "train", "seed": 3}], dout, ("dx",))


@question("dropout-backward")
def test_backward_test_mode(student, rng):
    """So it is in test mode."""
    x, dout = rng.uniform(1, 2, size=(2, 4, 5))
    check_slopes(student, "dropout", [x, {"p": 0.6, "mode": "test"}], dout, ("dx",))


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
        symptom = _("it is close to 1 - p") if abs(kept - (1 - p)) <= margin else ""
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
            raise CheckFailed(_("two seeds keep exactly the same values"))


def check_type(student: Student, dropout_param: dict, dtype: type) -> None:
    """Has out the type that x has?"""
    x = np.ones((4, 5), dtype)
    out, _cache = forward(student, "dropout_forward", x, dropout_param)
    got = to_array(out, "out").dtype
    if got != dtype:
        raise CheckFailed(
            _("out has the type {got}, where x has {want}").format(got=got, want=x.dtype)
        )
