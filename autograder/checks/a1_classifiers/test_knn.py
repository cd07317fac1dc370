"""Hidden checks of the kNN notebook, against PyTorch's distances and votes.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own; special cases follow.
"""

import numpy as np

from assignments.checks.a1_classifiers.knn import check_method, check_one_loop, check_refused
from assignments.standins.a1_classifiers.knn import (
    cross_validate,
    distances_and_labels,
    draw_labels,
    labels,
    no_loops,
    one_loop,
    predict,
    two_loops,
)
from autograder.families.hidden import Hidden

BEFORE_PREDICT = {
    "knn-two-loops": (two_loops.name,),
    "knn-one-loop": (one_loop.name,),
    "knn-no-loops": (no_loops.name,),
    "knn-predict-labels": (labels.name,),
}
BEFORE_CROSS_VALIDATE = {**BEFORE_PREDICT, "knn-predict": (predict.name,)}


# --- distances -----------------------------------------------------------------------------------


def pixels(rng):
    X = rng.integers(0, 256, size=(10, 12), dtype=np.uint8)
    return X[4:], X[:4]


def same_points(rng):
    # Rounding leaves up to about 1e-13 of ||x||^2 in the square, a root of it in the distance.
    X = rng.normal(3.0, 1.0, size=(60, 100))
    return X, X[:50]


def distances(question, method, values=2):
    """What is asked of all three versions; ``values`` is the weight of the first check."""
    return (
        Hidden(question, method)
        .values("The distances agree with PyTorch's.", weight=values)
        .sizes("They do so for one test example, for one training example and in one dimension.",
               (1, 7, 3), (6, 1, 4), (1, 1, 5), (9, 4, 1), weight=0.5)
        .cases("Pixels of type uint8 do not wrap around.", pixels, beyond=True)
        .repeated()
    )  # fmt: skip


of_two_loops = distances("knn-two-loops", two_loops)
of_one_loop = distances("knn-one-loop", one_loop)
of_no_loops = (
    distances("knn-no-loops", no_loops, values=1.5)
    .cases("A point is at distance 0 from itself, up to rounding, and never at NaN.",
           same_points, weight=1.5, atol=1e-4)
    .no_loop("It is right, and there is no loop.", weight=4)
)  # fmt: skip


@of_one_loop.check(weight=2, rule=True)
def is_one_loop(student, rng):
    """It is right, and there is one loop, not a loop within a loop."""
    check_one_loop(student, rng)


# --- labels --------------------------------------------------------------------------------------


def k_not_given(rng):
    return distances_and_labels(rng, 17, k=1, num_test=12)[:2]


predict_labels = (
    Hidden("knn-predict-labels", labels, (23, 5, 30))
    .values("The most frequent label among the k nearest is predicted.", weight=3)
    .cases("With k = 1, which is the default, it is the label of the nearest.",
           k_not_given, lambda rng: distances_and_labels(rng, 17, k=1, num_test=12))
    .sizes("Of labels with equally many votes the smallest is predicted.",
           (20, 4, 30, True), weight=2, beyond=True)
    .sizes("All training examples may vote, and a single test example may be asked for.",
           (9, 9, 4), (12, 3, 1))
    .repeated()
)  # fmt: skip

of_predict = Hidden("knn-predict", predict, builds_on=BEFORE_PREDICT).sizes(
    "With distances and votes of one's own, new points get the right labels.",
    (1, 0), (3, 1), (7, 2),
)  # fmt: skip


@of_predict.check(weight=2)
def uses_the_method(student, rng):
    """num_loops chooses the method that computes the distances, and k reaches the vote."""
    tables = rng.permuted(np.tile(np.arange(1000) / 40, (3, 1)), axis=1).reshape(3, 25, 40)
    check_method(student, tables, draw_labels(rng, 40), k=5)


@of_predict.check()
def refuses_other_num_loops(student, rng):
    """Any other num_loops raises a ValueError."""
    check_refused(student, 3, -1)


# --- knn-cross-validate --------------------------------------------------------------------------


def random_labels(rng):
    return rng.normal(size=(80, 6)), rng.integers(4, size=80), (1,), 4


of_cross_validate = (
    Hidden("knn-cross-validate", cross_validate, (60, (1, 4, 9), 5),
           builds_on=BEFORE_CROSS_VALIDATE)
    .values("Every accuracy is right, for every k and fold.", weight=3)
    .sizes("They are right when the folds cannot be of equal size, and for other numbers of folds.",
           (47, (3, 7), 4), (31, (2,), 3))
    .cases("A held-out fold is not trained on: on random labels k = 1 does no better than chance.",
           random_labels, weight=2)
    .repeated()
)  # fmt: skip
