"""Public checks of the kNN notebook: small examples, most of them to be followed by hand."""

import math

import numpy as np

from assignments.checks.a1_classifiers.knn import (
    assert_no_loop,
    assert_one_loop,
    assert_refused,
    distances,
    to_table,
    train,
)
from assignments.compare import assert_close, assert_equal, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Student


def random_points(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Four test and six training examples in 7 dimensions."""
    return rng.normal(size=(4, 7)), rng.normal(size=(6, 7))


def check_pairs(student: Student, method: str, X: np.ndarray, X_train: np.ndarray) -> None:
    """Are the Euclidean distances right, pair by pair?"""
    dists = distances(student, method, X, X_train)
    assert_close(dists, np.array([[math.dist(a, b) for b in X_train] for a in X]), "dists")


TRIANGLES = np.array([[0.0, 0.0], [3.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 0.0], [-5.0, 0.0]])
TRIANGLE_SIDES = np.array([[5.0, 0.0, 5.0], [4.0, 3.0, 8.0]])
PIXELS = np.array([[3, 5, 250], [0, 255, 7]], np.uint8), np.array([[5, 3, 0]], np.uint8)


@question("knn-two-loops")
def test_two_loops_sides_of_triangles(student, rng):
    """The sides of triangles with the corners (0, 0), (3, 0), (3, 4), (-5, 0) are right."""
    X, X_train = TRIANGLES
    dists = train(student, X_train).compute_distances_two_loops(X)
    assert_close(dists, TRIANGLE_SIDES, "dists")


@question("knn-two-loops")
def test_two_loops_random_points(student, rng):
    """The distances of random points in 7 dimensions are right; X and X_train stay as they are."""
    check_pairs(student, "compute_distances_two_loops", *random_points(rng))


@question("knn-two-loops")
def test_two_loops_pixels(student, rng):
    """Pixels of type uint8 do not wrap around."""
    check_pairs(student, "compute_distances_two_loops", *PIXELS)


@question("knn-one-loop")
def test_one_loop_random_points(student, rng):
    """The distances of random points in 7 dimensions are right; X and X_train stay as they are."""
    check_pairs(student, "compute_distances_one_loop", *random_points(rng))


@question("knn-one-loop")
def test_one_loop_pixels(student, rng):
    """Pixels of type uint8 do not wrap around."""
    check_pairs(student, "compute_distances_one_loop", *PIXELS)


@question("knn-one-loop")
def test_one_loop_is_one_loop(student, rng):
    """It is right, and there is one loop, not a loop within a loop."""
    X, X_train = TRIANGLES
    dists = train(student, X_train).compute_distances_one_loop(X)
    assert_close(dists, TRIANGLE_SIDES, "dists")
    assert_one_loop(student)


@question("knn-no-loops")
def test_no_loops_random_points(student, rng):
    """The distances of random points in 7 dimensions are right; X and X_train stay as they are."""
    check_pairs(student, "compute_distances_no_loops", *random_points(rng))


@question("knn-no-loops")
def test_no_loops_same_point(student, rng):
    """A point is at distance 0 from itself: rounding does not lead to NaN."""
    X = rng.normal(size=(30, 50))
    dists = to_array(distances(student, "compute_distances_no_loops", X, X), "dists")
    if np.isnan(dists).any():
        below = _("can rounding leave a squared distance below zero? It has no root")
        raise CheckFailed(_("dists: NaN, where a point is compared with itself"), below)
    assert_close(dists.diagonal(), np.zeros(30), _("the distances to itself"), atol=1e-3)


@question("knn-no-loops")
def test_no_loops_pixels(student, rng):
    """Pixels of type uint8 do not wrap around."""
    check_pairs(student, "compute_distances_no_loops", *PIXELS)


@question("knn-no-loops")
def test_no_loops_has_no_loop(student, rng):
    """It is right, and there is no loop."""
    X, X_train = TRIANGLES
    dists = train(student, X_train).compute_distances_no_loops(X)
    assert_close(dists, TRIANGLE_SIDES, "dists", atol=1e-5)
    assert_no_loop(student)


@question("knn-predict-labels")
def test_predict_labels_nearest(student, rng):
    """With k = 1 the label of the nearest training example is predicted."""
    classifier = train(student, np.zeros((4, 1)), np.array([7, 2, 9, 2]))
    dists = np.array([[0.3, 0.1, 0.2, 0.4], [3.0, 2.0, 1.0, 4.0], [0.5, 7.0, 8.0, 6.0]])
    assert_equal(classifier.predict_labels(dists, k=1), np.array([2, 9, 7]), "y_pred")


@question("knn-predict-labels")
def test_predict_labels_vote(student, rng):
    """With k = 3 the most frequent of the three nearest labels wins; dists stays as it is."""
    classifier = train(student, np.zeros((5, 1)), np.array([4, 1, 1, 0, 4]))
    dists = np.array([[0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.5, 0.4, 0.2, 0.3]])
    assert_equal(classifier.predict_labels(dists, k=3), np.array([1, 4]), "y_pred")
    assert_unchanged(student.changed, {0: "dists"})


@question("knn-predict-labels")
def test_predict_labels_ties(student, rng):
    """Where two labels get the same number of votes, the smaller one is predicted."""
    classifier = train(student, np.zeros((4, 1)), np.array([5, 3, 3, 5]))
    dists = np.array([[0.1, 0.2, 0.3, 0.4], [0.2, 0.1, 0.3, 0.4]])
    assert_equal(classifier.predict_labels(dists, k=4), np.array([3, 3]), "y_pred")


@question("knn-predict")
def test_predict_clusters(student, rng):
    """With k = 3, each of the three ways to compute distances leads to the right labels."""
    X_train = np.array([[0, 0], [0, 2], [2, 0], [9, 9], [9, 7], [7, 9]], np.float64)
    classifier = train(student, X_train, np.array([1, 6, 6, 6, 1, 1]))
    X = np.array([[8.5, 8.5], [0.5, 0.5], [9.0, 9.0]])
    for num_loops in (0, 1, 2):
        y_pred = classifier.predict(X, k=3, num_loops=num_loops)
        assert_equal(y_pred, np.array([1, 6, 1]), f"y_pred (num_loops={num_loops})")


@question("knn-predict")
def test_predict_chooses_the_method(student, rng):
    """num_loops says which method computes the distances: the one with as many loops."""
    classifier = train(student, np.zeros((3, 2)), np.array([4, 8, 6]))
    methods = [f"compute_distances_{loops}" for loops in ("no_loops", "one_loop", "two_loops")]
    for near, method in enumerate(methods):  # another example is the nearest by each of them
        dists = 1.0 - np.eye(3)[[near]]
        classifier.set(method, student.serve(lambda X, dists=dists: dists, method))
    for num_loops, label in enumerate((4, 8, 6)):
        y_pred = classifier.predict(np.zeros((1, 2)), num_loops=num_loops)
        assert_equal(y_pred, np.array([label]), f"y_pred (num_loops={num_loops})")


@question("knn-predict")
def test_predict_refuses_other_num_loops(student, rng):
    """num_loops=3 raises a ValueError."""
    classifier = train(student, np.eye(3), np.array([0, 1, 2]))
    assert_refused(classifier, np.eye(3), 3)


@question("knn-cross-validate")
def test_cross_validate_shape(student, rng):
    """There is an entry for each k, with an accuracy for each fold."""
    X, y = rng.normal(size=(14, 2)), rng.integers(3, size=14)
    result = student.cross_validate_k(X, y, [1, 2, 5], num_folds=4)
    table = to_table(result, [1, 2, 5], 4)
    if not ((table >= 0) & (table <= 1)).all():
        raise CheckFailed(_("an accuracy is a share of right answers, between 0 and 1"))


@question("knn-cross-validate")
def test_cross_validate_folds(student, rng):
    """A held-out fold is predicted from the other folds only."""
    # Folds (0, 10) and (1, 11): the nearest point of the other fold has the wrong label.
    X, y = np.array([[0.0], [10.0], [1.0], [11.0]]), np.array([0, 1, 1, 0])
    table = to_table(student.cross_validate_k(X, y, [1], num_folds=2), [1], 2)
    assert_close(table, np.zeros((1, 2)), _("the table of accuracies"))


@question("knn-cross-validate")
def test_cross_validate_accuracies(student, rng):
    """In a fold of four points and four of three, the right share of labels is predicted."""
    y = np.array([0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0])
    X = np.array([0, 9, 1, 9, 0, 9, 0, 9, 1, 9, 9, 0, 1, 0, 9, 9]).reshape(-1, 1)
    X = X + np.arange(16).reshape(-1, 1) / 100
    table = to_table(student.cross_validate_k(X, y, [5], num_folds=5), [5], 5)
    assert_close(table, np.array([[1, 1, 2 / 3, 2 / 3, 1 / 3]]), _("the table of accuracies"))
