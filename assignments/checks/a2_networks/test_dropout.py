"""Public checks of the dropout notebook: what is kept, by how much it grows, and the gradient."""

import numpy as np

from assignments.checks.a1_classifiers.two_layer_net import check_slopes, forward
from assignments.checks.a2_networks.dropout import (
    array_inside,
    check_counts,
    check_extremes,
    check_seeds,
    check_share,
    check_type,
    forward_inside,
    train,
)
from assignments.compare import assert_close, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Student


@question("dropout-forward-train")
def test_train_quarter(student, rng):
    """With p = 0.25, every 3 becomes either 12 or 0."""
    settings = {"p": 0.25, "mode": "train"}
    out, _cache = forward_inside(student, np.full((20, 10), 3.0), settings)
    check_extremes(out, "out", 0.0, 12.0, p=0.25, show=True)
    out = to_array(out.get(""), "out")
    assert_close(out, np.where(out != 0, 12.0, 0.0), "out", show=True)


@question("dropout-forward-train")
def test_train_all_kept(student, rng):
    """With p = 1 nothing is dropped."""
    x = np.arange(1.0, 13.0).reshape(3, 4)
    assert_close(train(student, x, p=1.0), x, "out", show=True)


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
    """In test mode the values come out as they went in, and x is not changed."""
    x, settings = np.tile([[1.0], [2.0], [3.0]], 50), {"p": 0.5, "mode": "test"}
    student.call("dropout_forward", x, settings, keep=True)
    assert_unchanged(student.changed, {0: "x"})
    out, _cache = forward_inside(student, x, settings)
    check_extremes(out, "out", 1.0, 3.0, p=0.5, show=True)
    assert_close(out.get(""), x, "out", show=True)


@question("dropout-forward-test")
def test_test_single_precision(student, rng):
    """Where x has the type float32, out has it too."""
    check_type(student, {"p": 0.5, "mode": "test"}, np.float32)


@question("dropout-backward")
def test_backward_quarter(student, rng):
    """With p = 0.25, every 3 in dout becomes either 12 or 0 in dx."""
    settings = {"p": 0.25, "mode": "train", "seed": 3}
    _out, cache = forward_inside(student, np.ones((20, 10)), settings)
    dx = student.call("dropout_backward", np.full((20, 10), 3.0), cache, keep=True)
    check_extremes(array_inside(dx, "dx"), "dx", 0.0, 12.0, p=0.25, show=True)


@question("dropout-backward")
def test_backward_numerical(student, rng):
    """In training, dx is the numerical gradient of your dropout_forward."""
    x, dout = rng.uniform(1, 2, size=(2, 4, 5))
    check_slopes(student, "dropout", [x, {"p": 0.6, "mode": "train", "seed": 3}], dout, ("dx",))


@question("dropout-backward")
def test_backward_same_mask(student, rng):
    """Another seed afterwards changes nothing: dx is 0 where out was. dout is not changed."""
    settings = student.put({"p": 0.5, "mode": "train", "seed": 1})
    out, cache = forward(student, "dropout_forward", np.ones((6, 10)), settings)
    student.set(settings, "['seed']", 2)
    check_places(student, out, cache)
    assert_unchanged(student.changed, {0: "dout"})


@question("dropout-backward")
def test_backward_two_layers(student, rng):
    """Of two layers that share one dropout_param, each has a mask of its own."""
    settings = student.put({"p": 0.5, "mode": "train"})
    layers = [forward(student, "dropout_forward", np.ones((6, D)), settings) for D in (10, 7)]
    for out, cache in layers:
        check_places(student, out, cache)


@question("dropout-backward")
def test_backward_test_mode(student, rng):
    """In test mode, dx is the numerical gradient, too."""
    x, dout = rng.uniform(1, 2, size=(2, 4, 5))
    check_slopes(student, "dropout", [x, {"p": 0.6, "mode": "test"}], dout, ("dx",))


def check_places(student: Student, out: object, cache: object) -> None:
    """Is dx 0 where out was, and only there?"""
    kept = to_array(out, "out") != 0
    dx = to_array(student.dropout_backward(np.ones(kept.shape), cache), "dx")
    if not np.array_equal(dx != 0, kept):
        raise CheckFailed(_("dx is 0 at other places than out"))
