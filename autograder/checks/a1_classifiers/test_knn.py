"""Hidden checks of the kNN notebook, against SciPy's distances and a brute-force vote.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own; special cases follow.
"""

import numpy as np
from scipy.spatial.distance import cdist

from assignments.checks.a1_classifiers.knn import (
    assert_no_loop,
    assert_one_loop,
    assert_refused,
    distances,
    to_table,
    train,
)
from assignments.compare import assert_close, assert_equal, assert_unchanged
from assignments.messages import _
from assignments.questions import question

TWO_LOOPS = "KNearestNeighbor.compute_distances_two_loops"
ONE_LOOP = "KNearestNeighbor.compute_distances_one_loop"
NO_LOOPS = "KNearestNeighbor.compute_distances_no_loops"
PREDICT_LABELS = "KNearestNeighbor.predict_labels"
PREDICT = "KNearestNeighbor.predict"
BEFORE_PREDICT = {
    "knn-two-loops": (TWO_LOOPS,),
    "knn-one-loop": (ONE_LOOP,),
    "knn-no-loops": (NO_LOOPS,),
    "knn-predict-labels": (PREDICT_LABELS,),
}
BEFORE_CROSS_VALIDATE = {**BEFORE_PREDICT, "knn-predict": (PREDICT,)}

#: (num_test, num_train, D)
SIZES = [(1, 7, 3), (6, 1, 4), (1, 1, 5), (9, 4, 1)]


def points(rng, num_test=5, num_train=8, D=6):
    """Test and training examples, not centred on zero."""
    X = rng.normal(rng.normal(size=D), 1.5, size=(num_test, D))
    return X, rng.normal(rng.normal(size=D), 1.5, size=(num_train, D))


def pixels(rng, num_test=4, num_train=6, D=12):
    shape = (num_test + num_train, D)
    X = rng.integers(0, 256, size=shape, dtype=np.uint8)
    return X[:num_test], X[num_test:]


def check_distances(student, method, X, X_train, what="dists", **tolerance):
    """Compare with SciPy."""
    dists = getattr(train(student, X_train), method)(X)
    want = cdist(X.astype(np.float64), X_train.astype(np.float64))
    assert_close(dists, want, what, factors={_("the root of D"): X.shape[1] ** 0.5}, **tolerance)


def check_sizes(student, rng, method):
    for num_test, num_train, D in SIZES:
        X, X_train = points(rng, num_test, num_train, D)
        what = _("dists ({num_test} test and {num_train} training examples, D = {D})").format(
            num_test=num_test, num_train=num_train, D=D
        )
        check_distances(student, method, X, X_train, what)


def check_inputs_unchanged(student, rng, method):
    X, X_train = points(rng)
    assert_close(distances(student, method, X, X_train), cdist(X, X_train), "dists")


# --- knn-two-loops -------------------------------------------------------------------------------


@question("knn-two-loops", weight=3)
def test_two_loops_values(student, rng):
    """The distances agree with SciPy's."""
    check_distances(student, "compute_distances_two_loops", *points(rng))


@question("knn-two-loops")
def test_two_loops_sizes(student, rng):
    """They do so for one test example, for one training example and in one dimension."""
    check_sizes(student, rng, "compute_distances_two_loops")


@question("knn-two-loops", weight=1.5)
def test_two_loops_pixels(student, rng):
    """Pixels of type uint8 do not wrap around."""
    check_distances(student, "compute_distances_two_loops", *pixels(rng))


@question("knn-two-loops", weight=0.5, rule=True)
def test_two_loops_inputs(student, rng):
    """X and X_train are as they were, and the distances are right."""
    check_inputs_unchanged(student, rng, "compute_distances_two_loops")


# --- knn-one-loop --------------------------------------------------------------------------------


@question("knn-one-loop", weight=2)
def test_one_loop_values(student, rng):
    """The distances agree with SciPy's."""
    check_distances(student, "compute_distances_one_loop", *points(rng))


@question("knn-one-loop", weight=0.5)
def test_one_loop_sizes(student, rng):
    """They do so for one test example, for one training example and in one dimension."""
    check_sizes(student, rng, "compute_distances_one_loop")


@question("knn-one-loop")
def test_one_loop_pixels(student, rng):
    """Pixels of type uint8 do not wrap around."""
    check_distances(student, "compute_distances_one_loop", *pixels(rng))


@question("knn-one-loop", weight=0.5, rule=True)
def test_one_loop_inputs(student, rng):
    """X and X_train are as they were, and the distances are right."""
    check_inputs_unchanged(student, rng, "compute_distances_one_loop")


@question("knn-one-loop", weight=2, rule=True)
def test_one_loop_is_one_loop(student, rng):
    """It is right, and there is one loop, not a loop within a loop."""
    check_distances(student, "compute_distances_one_loop", *points(rng))
    assert_one_loop(student)


# --- knn-no-loops --------------------------------------------------------------------------------


@question("knn-no-loops", weight=1.5)
def test_no_loops_values(student, rng):
    """The distances agree with SciPy's."""
    check_distances(student, "compute_distances_no_loops", *points(rng))


@question("knn-no-loops", weight=0.5)
def test_no_loops_sizes(student, rng):
    """They do so for one test example, for one training example and in one dimension."""
    check_sizes(student, rng, "compute_distances_no_loops")


@question("knn-no-loops")
def test_no_loops_pixels(student, rng):
    """Pixels of type uint8 do not wrap around."""
    check_distances(student, "compute_distances_no_loops", *pixels(rng))


@question("knn-no-loops", weight=1.5)
def test_no_loops_same_point(student, rng):
    """A point is at distance 0 from itself, up to rounding, and never at NaN."""
    X = rng.normal(3.0, 1.0, size=(60, 100))
    # Rounding leaves up to about 1e-13 of ||x||^2 in the square, a root of it in the distance.
    check_distances(student, "compute_distances_no_loops", X[:50], X, atol=1e-4)


@question("knn-no-loops", weight=0.5, rule=True)
def test_no_loops_inputs(student, rng):
    """X and X_train are as they were, and the distances are right."""
    check_inputs_unchanged(student, rng, "compute_distances_no_loops")


@question("knn-no-loops", weight=4, rule=True)
def test_no_loops_has_no_loop(student, rng):
    """It is right, and there is no loop."""
    check_distances(student, "compute_distances_no_loops", *points(rng))
    assert_no_loop(student)


# --- knn-predict-labels --------------------------------------------------------------------------

#: The labels of the checks below: with gaps, so that no position is taken for a label.
LABELS = np.array([2, 3, 5, 8])


def count_votes(dists, y_train, k):
    """The votes (num_test, C) that the k nearest cast for each of the C labels, sorted."""
    nearest = y_train[dists.argsort(axis=1)[:, :k]]
    return (nearest[:, :, None] == np.unique(y_train)).sum(axis=1)


def vote(dists, y_train, k):
    """The right labels; where votes are tied, the smallest."""
    return np.unique(y_train)[count_votes(dists, y_train, k).argmax(axis=1)]


def distances_and_labels(rng, num_train, k, num_test, tied=False):
    """Random distances, all different, and labels such that the votes are (not) tied."""
    y_train = rng.permutation(np.resize(LABELS, num_train))
    rows = []
    while len(rows) < num_test:
        row = rng.permutation(num_train) + rng.uniform(0.1, 0.9, size=num_train)
        second, first = np.sort(count_votes(row[None], y_train, k)[0])[-2:]
        if (first == second) == tied:
            rows.append(row / num_train)
    return np.array(rows), y_train


def check_labels(student, dists, y_train, k):
    classifier = train(student, np.zeros((len(y_train), 1)), y_train)
    y_pred = classifier.predict_labels(dists, k=k)
    assert_equal(y_pred, vote(dists, y_train, k), f"y_pred (k = {k})")


@question("knn-predict-labels", weight=3)
def test_predict_labels_vote(student, rng):
    """The most frequent label among the k nearest is predicted."""
    check_labels(student, *distances_and_labels(rng, 23, k=5, num_test=30), k=5)


@question("knn-predict-labels")
def test_predict_labels_nearest(student, rng):
    """With k = 1, which is the default, it is the label of the nearest."""
    dists, y_train = distances_and_labels(rng, 17, k=1, num_test=12)
    check_labels(student, dists, y_train, k=1)
    classifier = train(student, np.zeros((17, 1)), y_train)
    want = y_train[dists.argmin(axis=1)]
    assert_equal(classifier.predict_labels(dists), want, _("y_pred (k not given)"))


@question("knn-predict-labels", weight=2)
def test_predict_labels_ties(student, rng):
    """Of labels with equally many votes the smallest is predicted."""
    check_labels(student, *distances_and_labels(rng, 20, k=4, num_test=30, tied=True), k=4)


@question("knn-predict-labels")
def test_predict_labels_extremes(student, rng):
    """All training examples may vote, and a single test example may be asked for."""
    dists, y_train = distances_and_labels(rng, 9, k=9, num_test=4)
    check_labels(student, dists, y_train, k=9)
    check_labels(student, *distances_and_labels(rng, 12, k=3, num_test=1), k=3)


@question("knn-predict-labels", weight=0.5, rule=True)
def test_predict_labels_inputs(student, rng):
    """The distances are as they were, and the labels are right."""
    dists, y_train = distances_and_labels(rng, 15, k=3, num_test=10)
    classifier = train(student, np.zeros((15, 1)), y_train)
    y_pred = classifier.predict_labels(dists, k=3)
    assert_unchanged(student.changed, {0: "dists"})
    assert_equal(y_pred, vote(dists, y_train, 3), "y_pred")


# --- knn-predict ---------------------------------------------------------------------------------


@question("knn-predict", weight=2, builds_on=BEFORE_PREDICT)
def test_predict_uses_the_method(student, rng):
    """num_loops chooses the method that computes the distances, and k reaches the vote."""
    X, k = rng.normal(size=(25, 3)), 5
    tables = {}
    y_train = rng.permutation(np.resize(LABELS, 40))
    classifier = train(student, rng.normal(size=(40, 3)), y_train)
    for num_loops, path in enumerate((NO_LOOPS, ONE_LOOP, TWO_LOOPS)):
        method = path.rpartition(".")[2]
        # Each method answers with distances of its own, so the labels tell which was called.
        table = tables[num_loops] = rng.permutation(25 * 40).reshape(25, 40) / 40
        classifier.set(method, student.serve(lambda X, table=table: table, method))
    for arguments in ({"num_loops": 0}, {"num_loops": 1}, {"num_loops": 2}, {}):
        num_loops = arguments.get("num_loops", 0)
        want = vote(tables[num_loops], y_train, k)
        what = (
            f"y_pred (num_loops = {num_loops})" if arguments else _("y_pred (num_loops not given)")
        )
        assert_equal(classifier.predict(X, k=k, **arguments), want, what)


@question("knn-predict", builds_on=BEFORE_PREDICT)
def test_predict_labels_of_new_points(student, rng):
    """With distances and votes of one's own, new points get the right labels."""
    X_train = rng.normal(size=(40, 3))
    y_train = rng.permutation(np.resize(LABELS, 40))
    X = X_train[:30] + rng.normal(0, 0.4, size=(30, 3))
    classifier = train(student, X_train, y_train)
    for k, num_loops in ((1, 0), (3, 1), (7, 2)):
        y_pred = classifier.predict(X, k=k, num_loops=num_loops)
        want = vote(cdist(X, X_train), y_train, k)
        assert_equal(y_pred, want, f"y_pred (k = {k}, num_loops = {num_loops})")


@question("knn-predict")
def test_predict_refuses_other_num_loops(student, rng):
    """Any other num_loops raises a ValueError."""
    X = rng.normal(size=(6, 3))
    classifier = train(student, X, np.arange(6))
    for num_loops in (3, -1):
        assert_refused(classifier, X, num_loops)


# --- knn-cross-validate --------------------------------------------------------------------------


def clusters(rng, num, num_classes=3):
    """Overlapping clusters: some of their points are classified wrong."""
    y = rng.integers(num_classes, size=num)
    centres = rng.normal(0, 1.2, size=(num_classes, 4))
    return centres[y] + rng.normal(size=(num, 4)), y


def fold_accuracies(X, y, k_choices, num_folds):
    """The right accuracies, (len(k_choices), num_folds)."""
    accuracies = np.zeros((len(k_choices), num_folds))
    for fold, held_out in enumerate(np.array_split(np.arange(len(X)), num_folds)):
        rest = np.setdiff1d(np.arange(len(X)), held_out)
        dists = cdist(X[held_out], X[rest])
        for row, k in enumerate(k_choices):
            accuracies[row, fold] = (vote(dists, y[rest], k) == y[held_out]).mean()
    return accuracies


def check_folds(student, X, y, k_choices, num_folds):
    result = student.cross_validate_k(X, y, k_choices, num_folds=num_folds)
    table = to_table(result, k_choices, num_folds)
    want = fold_accuracies(X, y, k_choices, num_folds)
    assert_close(
        table,
        want,
        _("the table of accuracies"),
        factors={_("the size of a fold"): len(X) / num_folds},
    )


@question("knn-cross-validate", weight=3, builds_on=BEFORE_CROSS_VALIDATE)
def test_cross_validate_accuracies(student, rng):
    """Every accuracy is right, for every k and fold."""
    check_folds(student, *clusters(rng, 60), [1, 4, 9], 5)


@question("knn-cross-validate", builds_on=BEFORE_CROSS_VALIDATE)
def test_cross_validate_uneven_folds(student, rng):
    """They are right when the folds cannot be of equal size, and for other numbers of folds."""
    check_folds(student, *clusters(rng, 47), [3, 7], 4)
    check_folds(student, *clusters(rng, 31), [2], 3)


@question("knn-cross-validate", weight=2, builds_on=BEFORE_CROSS_VALIDATE)
def test_cross_validate_no_leak(student, rng):
    """A held-out fold is not trained on: on random labels k = 1 does no better than chance."""
    X, y = rng.normal(size=(80, 6)), rng.integers(4, size=80)
    check_folds(student, X, y, [1], 4)


@question("knn-cross-validate", weight=0.5, builds_on=BEFORE_CROSS_VALIDATE, rule=True)
def test_cross_validate_inputs(student, rng):
    """X and y are as they were, and the accuracies are right."""
    X, y = clusters(rng, 40)
    result = student.cross_validate_k(X, y, [5], num_folds=4)
    assert_unchanged(student.changed, {0: "X", 1: "y"})
    assert_close(
        to_table(result, [5], 4), fold_accuracies(X, y, [5], 4), _("the table of accuracies")
    )
