"""Public checks of the kNN notebook: small examples, most of them to be followed by hand."""

import numpy as np

from assignments.checks.a1_classifiers.knn import check_method, check_one_loop, check_refused
from assignments.compare import assert_close, to_array
from assignments.families.checks import Checks
from assignments.families.function import Method
from assignments.messages import _
from assignments.standins.a1_classifiers.knn import (
    cross_validate,
    labels,
    no_loops,
    one_loop,
    predict,
    two_loops,
)
from assignments.student import CheckFailed


def pixels(rng):
    X = np.array([[3, 5, 250], [0, 255, 7]], np.uint8)
    return np.array([[5, 3, 0]], np.uint8), X


def distances(question: str, method: Method) -> Checks[Method]:
    """What is asked of all three versions."""
    return (
        Checks(question, method, (4, 6, 7))
        .by_hand(
            "The sides of triangles with the corners (0, 0), (3, 0), (3, 4), (-5, 0) are right.",
            X_train=[[3, 4], [0, 0], [-5, 0]], X=[[0, 0], [3, 0]],
            dists=[[5, 0, 5], [4, 3, 8]], atol=1e-5,
        )
        .sizes("The distances of random points in 7 dimensions are right.", (4, 6, 7))
        .cases("Pixels of type uint8 do not wrap around.", pixels)
        .untouched("X and X_train stay as they are.")
    )  # fmt: skip


of_two_loops = distances("knn-two-loops", two_loops)
of_one_loop = distances("knn-one-loop", one_loop)
of_no_loops = distances("knn-no-loops", no_loops).no_loop("It is right, and there is no loop.")


@of_one_loop.check(rule=True)
def is_one_loop(student, rng):
    """It is right, and there is one loop, not a loop within a loop."""
    check_one_loop(student, rng)


@of_no_loops.check()
def same_point(student, rng):
    """A point is at distance 0 from itself: rounding does not lead to NaN."""
    X = rng.normal(size=(30, 50))
    _classifier, dists = no_loops.call(student, (X, X))
    if np.isnan(to_array(dists, "dists")).any():
        below = _("can rounding leave a squared distance below zero? It has no root")
        raise CheckFailed(_("dists: NaN, where a point is compared with itself"), below)
    assert_close(dists.diagonal(), np.zeros(30), _("the distances to itself"), atol=1e-3)


predict_labels = (
    Checks("knn-predict-labels", labels, (9, 3, 4))
    .by_hand(
        "With k = 1 the label of the nearest training example is predicted.",
        y_train=np.array([7, 2, 9, 2]), k=1,
        dists=[[0.3, 0.1, 0.2, 0.4], [3, 2, 1, 4], [0.5, 7, 8, 6]],
        y_pred=np.array([2, 9, 7]),
    )
    .by_hand(
        "With k = 3 the most frequent of the three nearest labels wins.",
        y_train=np.array([4, 1, 1, 0, 4]), k=3,
        dists=[[0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.5, 0.4, 0.2, 0.3]],
        y_pred=np.array([1, 4]),
    )
    .by_hand(
        "Where two labels get the same number of votes, the smaller one is predicted.",
        y_train=np.array([5, 3, 3, 5]), k=4,
        dists=[[0.1, 0.2, 0.3, 0.4], [0.2, 0.1, 0.3, 0.4]],
        y_pred=np.array([3, 3]),
    )
    .untouched("dists stays as it is.")
)  # fmt: skip


def three_clusters(num_loops):
    X_train = np.array([[0, 0], [0, 2], [2, 0], [9, 9], [9, 7], [7, 9]], np.float64)
    X = np.array([[8.5, 8.5], [0.5, 0.5], [9.0, 9.0]])
    return lambda rng: (X_train, np.array([1, 6, 6, 6, 1, 1]), X, 3, num_loops)


of_predict = Checks("knn-predict", predict).cases(
    "With k = 3, each of the three ways to compute distances leads to the right labels.",
    *map(three_clusters, (0, 1, 2)),
)


@of_predict.check()
def chooses_the_method(student, rng):
    """num_loops says which method computes the distances: the one with as many loops."""
    check_method(student, 1.0 - np.eye(3)[:, None], np.array([4, 8, 6]), k=1)


@of_predict.check()
def refuses_other_num_loops(student, rng):
    """num_loops=3 raises a ValueError."""
    check_refused(student, 3)


# Folds (0, 10) and (1, 11): the nearest point of the other fold has the wrong label.
of_cross_validate = (
    Checks("knn-cross-validate", cross_validate)
    .by_hand(
        "A held-out fold is predicted from the other folds only.",
        X=[[0], [10], [1], [11]], y=np.array([0, 1, 1, 0]), k_choices=(1,), num_folds=2,
        accuracies=[[0, 0]],
    )
    .by_hand(
        "In a fold of four points and four of three, the right share of labels is predicted.",
        X=np.array([0, 9.01, 1.02, 9.03, 0.04, 9.05, 0.06, 9.07, 1.08, 9.09, 9.1, 0.11, 1.12, 0.13,
                    9.14, 9.15])[:, None],
        y=np.array([0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0]), k_choices=(5,), num_folds=5,
        accuracies=[[1, 1, 2 / 3, 2 / 3, 1 / 3]],
    )
    .sizes("There is an entry for each k, with the right accuracy for each fold.",
           (14, (1, 2, 5), 4))
)  # fmt: skip
