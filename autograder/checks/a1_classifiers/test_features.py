"""Hidden checks of the features notebook: loops in plain NumPy, PyTorch's layers, unseen images."""

from pathlib import Path

import numpy as np

from assignments.checks.a1_classifiers.features import (
    SCALE,
    WEIGHTS_FILE,
    classify,
    extract,
    net,
    scores_of,
    standardize,
)
from assignments.features import color_histogram_hsv, hog_feature
from autograder.families.hidden import Hidden
from autograder.families.result import HeldOutResult

#: What source/a1_classifiers/features.ipynb saved when it ran last (tools/run_notebooks.py).
FILES = {WEIGHTS_FILE: Path(__file__).with_name(WEIGHTS_FILE).read_bytes()}

#: A broken piece must not cost the points of the weights: the reference predicts with them.
PREDICT = {"features-extract": ("predict_images",), "features-classify": ("predict_images",)}


def corners(im):
    """Numbers that tell which image it is, how it is turned, and that have a fraction."""
    return np.array([im[0, 0, 0] * 1.5, im[0, -1, 1] - 300.25, im[-1, 0, 2] + 0.125])


def spread(im):
    return np.array([im.std(), float(im.max()) - float(im.min())])


def shape(im):
    return np.array([im.ndim, *im.shape], np.int64)


of_extract = (
    Hidden("features-extract", extract, ((6, 5, 7), [corners, spread], np.uint8))
    .values("The features of images of type uint8 by two functions are right.", weight=3)
    .sizes("They are right for one image, one function, images of floats, and with verbose=True.",
           ((4, 6, 5), [shape, corners, spread], np.float64, True),
           ((1, 6, 5), [spread, corners]), ((3, 6, 5), [corners]))
    .sizes("They are right with hog_feature and color_histogram_hsv.",
           ((3, 32, 32), [color_histogram_hsv, hog_feature], np.uint8))
    .repeated(size=((4, 5, 5), [corners]))
)  # fmt: skip


def constant_columns(rng):
    X_train, *others = standardize.inputs(rng, 11, 5)
    X_train[:, [0, 2]] = [0.0, 0.1]
    return X_train, *others


def whole_numbers(rng):
    return rng.integers(50, size=(6, 3)), rng.integers(50, size=(2, 3))


of_standardize = (
    Hidden("features-standardize", standardize, (9, 6, 4))
    .values("X_train and two other arrays are right: all by the statistics of X_train.", weight=3)
    .sizes("They are right for X_train alone, and for four arrays.", (8,), (7, 1, 3, 5), weight=0.5)
    .cases("They are right for whole numbers.", whole_numbers, weight=0.5)
    .repeated()
)  # fmt: skip


@of_standardize.check(weight=1.5)
def constant(student, rng):
    """Columns that are constant in X_train become 0 there and stay finite elsewhere."""
    standardize.check_constant(student, constant_columns(rng))


def telling_net(rng):
    """Features and a net on which every part of the computation decides some labels."""
    while True:
        features, weights = net(rng)
        scores = scores_of(features, weights)
        others = [scores_of(features, {**weights, name: 0 * weights[name]}) for name in weights]
        others += [scores_of(features, weights, activation=lambda x: x), scores.clip(0)]  # ReLU
        if all((other.argmax(1) != scores.argmax(1)).any() for other in others):
            return features, weights


of_classify = (
    Hidden("features-classify", classify)
    .cases("The labels are those of PyTorch's layers.", telling_net, weight=2)
    .sizes("They are right for one image and for two classes.", (1,), (200, 3, 4, 2))
    .repeated()
)

best = HeldOutResult("features-best", WEIGHTS_FILE, SCALE, builds_on=PREDICT, cpu=15).heldout()
