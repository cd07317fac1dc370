"""Hidden checks of the features notebook: loops in plain NumPy, PyTorch's layers, unseen images."""

from pathlib import Path

import numpy as np
import torch

from assignments.checks.a1_classifiers.features import (
    SCALE,
    WEIGHTS_FILE,
    check_extracted,
    check_standardized,
    standardized,
)
from assignments.compare import assert_close, assert_equal, assert_unchanged, to_array
from assignments.features import color_histogram_hsv, hog_feature
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed
from autograder.families.result import HeldOutResult

#: What source/a1_classifiers/features.ipynb saved when it ran last (tools/run_notebooks.py).
FILES = {WEIGHTS_FILE: Path(__file__).with_name(WEIGHTS_FILE).read_bytes()}

#: A broken piece must not cost the points of the weights: the reference predicts with them.
PREDICT = {"features-extract": ("predict_images",), "features-classify": ("predict_images",)}


# --- features-extract ----------------------------------------------------------------------------


def corners(im):
    """Numbers that tell which image it is, how it is turned, and that have a fraction."""
    return np.array([im[0, 0, 0] * 1.5, im[0, -1, 1] - 300.25, im[-1, 0, 2] + 0.125])


def spread(im):
    return np.array([im.std(), float(im.max()) - float(im.min())])


def shape(im):
    return np.array([im.ndim, *im.shape], np.int64)


@question("features-extract", weight=3)
def test_extract_values(student, rng):
    """The features of images of type uint8 by two functions are right."""
    imgs = rng.integers(256, size=(6, 5, 7, 3), dtype=np.uint8)
    check_extracted(student, imgs, [corners, spread])


@question("features-extract")
def test_extract_sizes(student, rng):
    """They are right for one image, one function, images of floats, and with verbose=True."""
    check_extracted(student, rng.random(size=(4, 6, 5, 3)), [shape, corners, spread], True)
    check_extracted(student, rng.random(size=(1, 6, 5, 3)), [spread, corners])
    check_extracted(student, rng.random(size=(3, 6, 5, 3)), [corners])


@question("features-extract")
def test_extract_given_functions(student, rng):
    """They are right with hog_feature and color_histogram_hsv."""
    imgs = rng.integers(256, size=(3, 32, 32, 3), dtype=np.uint8)
    check_extracted(student, imgs, [color_histogram_hsv, hog_feature])


@question("features-extract", weight=0.5, rule=True)
def test_extract_inputs(student, rng):
    """The images are as they were, and the features are right."""
    imgs = rng.random(size=(4, 5, 5, 3))
    check_extracted(student, imgs, [corners])
    assert_unchanged(student.changed, {0: "imgs"})


# --- features-standardize ------------------------------------------------------------------------


def tables(rng, *numbers):
    """Features whose columns differ in mean and size, as do the tables among each other."""
    columns = rng.uniform(-5, 5, size=4), rng.uniform(0.5, 20, size=4)
    return [
        rng.normal(columns[0] + shift, columns[1] * (1 + shift), size=(number, 4))
        for shift, number in enumerate(numbers)
    ]


def want_standardized(arrays):
    """Column by column."""
    mean = [np.mean(column) for column in arrays[0].T]
    std = [np.sqrt(np.mean((column - np.mean(column)) ** 2)) for column in arrays[0].T]
    return [(array - np.array(mean)) / np.array(std) for array in arrays]


@question("features-standardize", weight=3)
def test_standardize_values(student, rng):
    """X_train and two other arrays are right: all by the statistics of X_train."""
    arrays = tables(rng, 9, 6, 4)
    check_standardized(student, arrays, want_standardized(arrays))


@question("features-standardize", weight=1.5)
def test_standardize_constant_columns(student, rng):
    """Columns that are constant in X_train become 0 there and stay finite elsewhere."""
    train, val = tables(rng, 11, 5)
    constant = [0, 2]
    train[:, constant] = [0.0, 0.1]
    got_train, got_val = standardized(student, [train, val])
    other = [1, 3]
    right = want_standardized([train[:, other], val[:, other]])
    for got, want, name in ((got_train, right[0], "X_train"), (got_val, right[1], "X_val")):
        array = to_array(got, name)
        if array.shape != (len(want), 4):
            raise CheckFailed(
                _("{name} has shape {got}, where {want} is expected").format(
                    name=name, got=array.shape, want=(len(want), 4)
                )
            )
        if not np.isfinite(array).all():
            raise CheckFailed(
                _("{name} has NaN or infinity in it, from a column that is constant").format(
                    name=name
                )
            )
        assert_close(array[:, other], want, f"the other columns of {name}")
    assert_close(
        to_array(got_train)[:, constant], np.zeros((11, 2)), "the constant columns", atol=1e-6
    )


@question("features-standardize")
def test_standardize_numbers_of_arrays(student, rng):
    """They are right for X_train alone, for four arrays, and for whole numbers."""
    for arrays in (
        tables(rng, 8),
        tables(rng, 7, 1, 3, 5),
        [rng.integers(50, size=(6, 3)), rng.integers(50, size=(2, 3))],
    ):
        check_standardized(student, arrays, want_standardized(arrays))


@question("features-standardize", weight=0.5, rule=True)
def test_standardize_inputs(student, rng):
    """The arrays are as they were, and the results are right."""
    arrays = tables(rng, 9, 6)
    check_standardized(student, arrays, want_standardized(arrays))
    assert_unchanged(student.changed, {0: "X_train", 1: "the second array"})


# --- features-classify ---------------------------------------------------------------------------


def net(rng, F=6, H=9, C=5):
    """Features and a net."""
    weights = {
        "mean": rng.normal(size=F),
        "std": rng.uniform(0.2, 3, size=F),
        "W1": rng.normal(size=(F, H)),
        "b1": rng.normal(size=H) * 2,
        "W2": rng.normal(size=(H, C)),
        "b2": rng.normal(size=C) * 2 - 6,  # often all scores are negative
    }
    return rng.normal(1.0, 2.0, size=(300, F)), weights


def telling_net(rng):
    """Features and a net on which every part of the computation decides some labels."""
    while True:
        features, weights = net(rng)
        labels, lost = want_labels(features, weights), want_scores(features, weights).max(1) < 0
        others = [want_labels(features, {**weights, name: 0 * weights[name]}) for name in weights]
        others.append(want_labels(features, weights, activation=lambda x: x))  # no ReLU
        others.append(np.where(lost, 0, labels))  # ReLU on the scores
        if all((other != labels).any() for other in others):
            return features, weights


def want_scores(features, weights, activation=torch.nn.functional.relu):
    """By PyTorch's layers; ``activation`` comes between them."""
    w = {name: torch.from_numpy(value) for name, value in weights.items()}
    x = (torch.from_numpy(features) - w["mean"]) / w["std"]
    hidden = activation(torch.nn.functional.linear(x, w["W1"].T, w["b1"]))
    return torch.nn.functional.linear(hidden, w["W2"].T, w["b2"]).numpy()


def want_labels(features, weights, **options):
    return want_scores(features, weights, **options).argmax(axis=1)


@question("features-classify", weight=2)
def test_classify_labels(student, rng):
    """The labels are those of PyTorch's layers."""
    features, weights = telling_net(rng)
    assert_equal(student.classify(features, weights), want_labels(features, weights), "the labels")


@question("features-classify")
def test_classify_sizes(student, rng):
    """They are right for one image and for two classes."""
    for number, sizes in ((1, {}), (40, {"F": 3, "H": 2, "C": 2})):
        features, weights = net(rng, **sizes)
        features = features[:number]
        labels = student.classify(features, weights)
        assert_equal(labels, want_labels(features, weights), "the labels")


@question("features-classify", weight=0.5, rule=True)
def test_classify_inputs(student, rng):
    """features and weights are as they were."""
    student.classify(*net(rng))
    assert_unchanged(student.changed, {0: "features", 1: "weights"})


# --- features-best -------------------------------------------------------------------------------

best = HeldOutResult("features-best", WEIGHTS_FILE, SCALE, builds_on=PREDICT, cpu=15).heldout()
