"""Public checks of the features notebook: small examples, most of them to be followed by hand."""

import numpy as np

from assignments.checks.a1_classifiers.features import (
    SCALE,
    WEIGHTS_FILE,
    classify,
    ensemble,
    extract,
    standardize,
)
from assignments.data import load_data
from assignments.families.checks import Checks
from assignments.families.exercise import as_arrays
from assignments.families.result import Result
from assignments.messages import _
from assignments.results import predicted_labels, weights_handed_in
from assignments.student import CheckFailed


def ends_of_columns(im: np.ndarray) -> np.ndarray:
    """A feature: the red of the first two pixels of the last row, halved."""
    return im[-1, :2, 0] / 2


def brightness(im: np.ndarray) -> np.ndarray:
    """A feature: the mean of all numbers of an image, and of its blue."""
    return np.array([im.mean(), im[:, :, 2].mean()])


of_extract = (
    Checks("features-extract", extract)
    .sizes("The features of three images by one function are right.",
           ((3, 4, 4), [ends_of_columns], np.uint8))
    .sizes("Two functions give features side by side, in the order of feature_fns.",
           ((5, 3, 4), [ends_of_columns, brightness], np.uint8))
    .sizes("One image gives one row, with verbose=True as well.",
           ((1, 4, 4), [brightness, ends_of_columns], np.float64, True))
    .untouched("The images are not changed.", ((2, 4, 4), [brightness]))
)  # fmt: skip

of_standardize = (
    Checks("features-standardize", standardize, (5, 4))
    .cases(
        "Each column has mean 0 and standard deviation 1 in X_train afterwards.",
        lambda rng: (rng.normal([3.0, -20.0, 0.1], [2.0, 30.0, 0.01], size=(50, 3)),),
        rtol=1e-4,
    )
    .untouched("No array is changed.")
)


@of_standardize.check()
def by_hand(student, rng):
    """Training features 1, 3, 5, 7 become -3, -1, 1, 3, divided by the root of 5."""
    X_train, X_val = np.array([[1.0], [3.0], [5.0], [7.0]]), np.array([[4.0], [9.0]])
    standardize.check(student, (X_train, X_val), show=True)


@of_standardize.check()
def constant(student, rng):
    """Columns that are always 0 or 0.1 in X_train become 0 there, and stay finite elsewhere."""
    X_train, X_val = np.tile([0.0, 0.1], (7, 1)), np.array([[0.0, 0.1], [2.0, 0.3]])
    standardize.check_constant(student, (X_train, X_val))


# Standardised: (3, 3), (2, 3), (-1, 3), (-2, 1), (-4, 0);
# hidden: (0, 3), (0, 1), (1, 0), (4, 0), (7, 0). Each part of the computation decides some label.
of_classify = (
    Checks("features-classify", classify, (5, 2, 2, 3))
    .by_hand(
        "A net with two hidden units, to be followed by hand, gives the labels 0, 1, 1, 2 and 2.",
        features=[[16, 12], [14, 12], [8, 12], [6, 4], [2, 0]],
        weights=as_arrays({
            "mean": [10, 0], "std": [2, 4],
            "W1": [[-1, 2], [-1, 0]], "b1": [3, -3],
            "W2": [[1, -1, 2], [2, 0, 1]], "b2": [-4, -1, -5],
        }),
        labels=np.array([0, 1, 1, 2, 2]),
    )
    .untouched("Neither features nor weights are changed.")
)  # fmt: skip

best = Result("features-best", WEIGHTS_FILE, SCALE).shown(40, images=500)


@best.check()
def standardized_too(student, rng):
    """The net was trained on standardised features: with the saved mean and std it does better."""
    data = load_data("emoji10", num_train=1, num_test=200)
    weights = weights_handed_in(student, WEIGHTS_FILE)
    with_both = predicted_labels(student, weights, data.X_test)
    raw = {"mean": np.zeros_like(weights.get("mean", 0.0))}
    raw["std"] = raw["mean"] + 1.0
    without = predicted_labels(student, {**weights, **raw}, data.X_test)
    if np.mean(without == data.y_test) > np.mean(with_both == data.y_test) + 0.05:
        raise CheckFailed(_("more images are classified right without mean and std"))


star_ensemble = (
    Checks("features-star-ensemble", ensemble, (3, 4, 5))
    .by_hand(
        "A net that gives two classes 1/4 and 3/4 and one that gives 1/2 to each say 3/8 and 5/8.",
        scores=[[[0, np.log(3)]], [[7, 7]]], probabilities=[[3 / 8, 5 / 8]],
    )
    .sizes("Three nets for six images give the mean of their probabilities.", (3, 6, 4))
    .sizes("A single net gives its own probabilities.", (1, 5, 3))
    .by_hand(
        "Scores of thousands are no trouble.",
        scores=[[[0, 2000]], [[-3000, -3000]]], probabilities=[[0.25, 0.75]],
    )
    .untouched("The scores are not changed.")
)  # fmt: skip
