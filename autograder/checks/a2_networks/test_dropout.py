"""Hidden checks of the dropout notebook, by what dropout is: a share p of the values, times 1 / p.

Chance may come from anywhere, so no check knows which values are kept: it reads that from out. The
first answers that are asked for (the largest and the smallest value) are the same whatever is kept,
so that a mistake is recognised whatever the student's code draws its random numbers with. Their
order is such that the first of them that is wrong tells the mistakes apart.
"""

import numpy as np

from assignments.checks.a1_classifiers.two_layer_net import forward
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
from assignments.student import CheckFailed


def keep_ratio(rng) -> float:
    """A probability to keep that is neither close to 0 or 1 nor to 1/2."""
    return float(rng.choice([rng.uniform(0.2, 0.35), rng.uniform(0.65, 0.8)]))


# --- dropout-forward-train -----------------------------------------------------------------------


@question("dropout-forward-train")
def test_train_all_kept(student, rng):
    """With p = 1 nothing is dropped."""
    value = float(rng.uniform(1, 3))
    out, _cache = forward_inside(student, np.full((30, 40), value), {"p": 1.0, "mode": "train"})
    largest, smallest = out.max(), out.min()
    assert_close(largest, value, _("the largest value of out"))
    assert_close(smallest, value, _("the smallest value of out"))


@question("dropout-forward-train", weight=3)
def test_train_scale(student, rng):
    """What is kept is divided by p, and the rest is 0."""
    p, value = keep_ratio(rng), float(rng.uniform(1, 3))
    out, _cache = forward_inside(student, np.full((60, 80), value), {"p": p, "mode": "train"})
    check_extremes(out, "out", 0.0, value / p, p)


@question("dropout-forward-train")
def test_train_each_by_itself(student, rng):
    """No row and no column is kept or dropped as a whole."""
    x = np.ones((60, 80))
    out, _cache = forward_inside(student, x, {"p": keep_ratio(rng), "mode": "train"})
    for axis, what in ((1, _("rows")), (0, _("columns"))):
        some, every = out.any(axis=axis), out.all(axis=axis)
        if not np.all(some):
            raise CheckFailed(_("whole {what} of out are 0").format(what=what))
        if np.any(every):
            raise CheckFailed(_("whole {what} of out are kept").format(what=what))


@question("dropout-forward-train", weight=2)
def test_train_share(student, rng):
    """The share of values that are kept is p, for small and for large p."""
    for p in (0.2, 0.45, 0.7, 0.9):
        check_share(train(student, np.ones((100, 100)), p=p), p)


@question("dropout-forward-train")
def test_train_values(student, rng):
    """Numbers of any size and sign, in an array of any shape, are either divided by p or 0."""
    for shape in ((7, 11), (40,), (3, 4, 5, 6)):
        x, p = rng.normal(0.3, 20, size=shape), keep_ratio(rng)
        out = train(student, x, p=p, seed=int(rng.integers(1000)))
        what = _("out (x of shape {shape})").format(shape=shape)
        assert_close(out, np.where(out != 0, x / p, 0), what, factors={"1 / p": 1 / p})
        if not out.any() or out.all():
            raise CheckFailed(_("{what}: all values are kept, or none").format(what=what))


@question("dropout-forward-train")
def test_train_seed(student, rng):
    """The same seed keeps the same values, other seeds others."""
    seeds = tuple(int(seed) for seed in rng.choice(10_000, size=3, replace=False))
    check_seeds(student, np.ones((20, 30)), keep_ratio(rng), seeds)


@question("dropout-forward-train")
def test_train_counts(student, rng):
    """How many values are kept varies from mask to mask, since each is kept by itself."""
    check_counts(student, [int(seed) for seed in rng.choice(10_000, size=12, replace=False)])


@question("dropout-forward-train", weight=0.5)
def test_train_type(student, rng):
    """out has the type of x, in single and in double precision."""
    for dtype in (np.float32, np.float64):
        check_type(student, {"p": keep_ratio(rng), "mode": "train"}, dtype)


@question("dropout-forward-train", weight=0.5, rule=True)
def test_train_inputs(student, rng):
    """x is as it was."""
    dropout_param = {"p": keep_ratio(rng), "mode": "train", "seed": 5}
    student.call("dropout_forward", rng.normal(size=(6, 5)), dropout_param, keep=True)
    assert_unchanged(student.changed, {0: "x"})


# --- dropout-forward-test ------------------------------------------------------------------------


@question("dropout-forward-test", weight=2)
def test_test_scale(student, rng):
    """In test mode nothing is dropped and nothing is scaled."""
    p, value = keep_ratio(rng), float(rng.uniform(1, 3))
    out, _cache = forward_inside(student, np.full((60, 80), value), {"p": p, "mode": "test"})
    check_extremes(out, "out", value, value, p)


@question("dropout-forward-test")
def test_test_values(student, rng):
    """That holds for numbers of any size and sign, in an array of any shape, with a seed or not."""
    for shape, seed in (((7, 11), {"seed": 3}), ((40,), {}), ((3, 4, 5, 6), {})):
        x, p = rng.normal(0.3, 20, size=shape), keep_ratio(rng)
        dropout_param = {"p": p, "mode": "test", **seed}
        result = student.call("dropout_forward", x, dropout_param, keep=True)
        what = _("out (x of shape {shape})").format(shape=shape)
        assert_close(result.get("[0]"), x, what, factors={"1 / p": 1 / p})


@question("dropout-forward-test", weight=0.5, rule=True)
def test_test_inputs(student, rng):
    """x is as it was."""
    x, dropout_param = rng.normal(size=(4, 5)), {"p": keep_ratio(rng), "mode": "test"}
    student.call("dropout_forward", x, dropout_param, keep=True)
    assert_unchanged(student.changed, {0: "x"})


@question("dropout-forward-test", weight=0.5)
def test_test_type(student, rng):
    """out has the type of x, in single and in double precision."""
    for dtype in (np.float32, np.float64):
        check_type(student, {"p": keep_ratio(rng), "mode": "test"}, dtype)


# --- dropout-backward ----------------------------------------------------------------------------

# Forward is served whole: what it keeps is read from its out.
BEFORE = dict.fromkeys(("dropout-forward-train", "dropout-forward-test"), ("dropout_forward",))


def check_backward(student, out, cache, dout, p):
    """Is dx dout / p where out was kept, and 0 elsewhere?"""
    kept = to_array(out, "out") != 0
    want = np.where(kept, dout / p, 0)
    dx = student.dropout_backward(dout, cache)
    assert_close(dx, want, "dx", factors={"1 / p": 1 / p})
    if not kept.any() or kept.all():
        raise CheckFailed(_("dropout_forward keeps all values, or none, so that dx tells nothing"))


@question("dropout-backward", weight=2, builds_on=BEFORE)
def test_backward_scale(student, rng):
    """The gradient is divided by p where a value was kept, and nowhere larger."""
    p, value = keep_ratio(rng), float(rng.uniform(1, 3))
    x, dropout_param = np.full((60, 80), 2.0), {"p": p, "mode": "train", "seed": 11}
    _out, cache = forward_inside(student, x, dropout_param)
    dx = student.call("dropout_backward", np.full((60, 80), value), cache, keep=True)
    check_extremes(array_inside(dx, "dx"), "dx", 0.0, value / p, p)


@question("dropout-backward", weight=2, builds_on=BEFORE)
def test_backward_mask(student, rng):
    """It passes where a value was kept, and only there."""
    p = keep_ratio(rng)
    dropout_param = {"p": p, "mode": "train", "seed": int(rng.integers(1000))}
    out, cache = forward(
        student, "dropout_forward", rng.uniform(1, 2, size=(20, 30)), dropout_param
    )
    check_backward(student, out, cache, rng.uniform(1, 2, size=(20, 30)), p)


@question("dropout-backward", builds_on=BEFORE)
def test_backward_without_seed(student, rng):
    """So it does without a seed, for arrays of any shape."""
    for shape in ((50,), (3, 4, 5, 6)):
        p = keep_ratio(rng)
        x, dout = rng.uniform(1, 2, size=shape), rng.normal(0.3, 10, size=shape)
        out, cache = forward(student, "dropout_forward", x, {"p": p, "mode": "train"})
        check_backward(student, out, cache, dout, p)


@question("dropout-backward", builds_on=BEFORE)
def test_backward_two_layers(student, rng):
    """Two layers that share one dropout_param have a mask each."""
    p = keep_ratio(rng)
    dropout_param = student.put({"p": p, "mode": "train"})
    layers = [
        forward(student, "dropout_forward", rng.uniform(1, 2, size=shape), dropout_param)
        for shape in ((6, 50), (6, 30))
    ]
    for out, cache in reversed(layers):
        dout = rng.normal(0.3, 1, size=to_array(out, "out").shape)
        check_backward(student, out, cache, dout, p)


@question("dropout-backward", builds_on=BEFORE)
def test_backward_after_another_seed(student, rng):
    """The mask is that of the forward pass, also when the seed has changed since."""
    p, before, after = keep_ratio(rng), *(int(i) for i in rng.choice(1000, 2, replace=False))
    dropout_param = student.put({"p": p, "mode": "train", "seed": before})
    x, dout = rng.uniform(1, 2, size=(2, 20, 30))
    out, cache = forward(student, "dropout_forward", x, dropout_param)
    student.set(dropout_param, "['seed']", after)
    check_backward(student, out, cache, dout, p)


@question("dropout-backward", builds_on=BEFORE)
def test_backward_test_mode(student, rng):
    """In test mode the gradient passes as it is."""
    p, dout = keep_ratio(rng), rng.normal(0.3, 1, size=(7, 11))
    x = rng.normal(size=(7, 11))
    _out, cache = forward(student, "dropout_forward", x, {"p": p, "mode": "test"})
    dx = student.dropout_backward(dout, cache)
    assert_close(dx, dout, "dx", factors={"1 / p": 1 / p})


@question("dropout-backward", weight=0.5, builds_on=BEFORE, rule=True)
def test_backward_inputs(student, rng):
    """In both modes dout is as it was."""
    for mode in ("train", "test"):
        dropout_param = {"p": keep_ratio(rng), "mode": mode}
        _out, cache = forward(student, "dropout_forward", rng.normal(size=(4, 5)), dropout_param)
        student.dropout_backward(rng.normal(size=(4, 5)), cache)
        assert_unchanged(student.changed, {0: "dout"})
