"""Public checks of the features notebook: small examples, most of them to be followed by hand."""

import numpy as np

from assignments.checks.a1_classifiers.features import (
    WEIGHTS_FILE,
    check_extracted,
    check_standardized,
    standardized,
)
from assignments.compare import (
    assert_close,
    assert_equal,
    assert_unchanged,
    to_array,
)
from assignments.data import load_data
from assignments.families.checks import Checks
from assignments.messages import _
from assignments.questions import question
from assignments.results import (
    assert_accuracy,
    points_for,
    predicted_labels,
    weights_handed_in,
)
from assignments.standins.a1_classifiers.features import ensemble
from assignments.student import CheckFailed

#: Each of these accuracies on hidden images is worth a point.
SCALE = (0.32, 0.37, 0.42, 0.47, 0.52, 0.57)

#: Features and weights on which each part of the computation decides some label.
CLASSIFY_BY_HAND = (
    np.array([[16.0, 12.0], [14.0, 12.0], [8.0, 12.0], [6.0, 4.0], [2.0, 0.0]]),
    {
        "mean": np.array([10.0, 0.0]),
        "std": np.array([2.0, 4.0]),
        "W1": np.array([[-1.0, 2.0], [-1.0, 0.0]]),
        "b1": np.array([3.0, -3.0]),
        "W2": np.array([[1.0, -1.0, 2.0], [2.0, 0.0, 1.0]]),
        "b2": np.array([-4.0, -1.0, -5.0]),
    },
)


def ends_of_columns(im: np.ndarray) -> np.ndarray:
    """A feature: the red of the first two pixels of the last row, halved."""
    return im[-1, :2, 0] / 2


def brightness(im: np.ndarray) -> np.ndarray:
    """A feature: the mean of all numbers of an image, and of its blue."""
    return np.array([im.mean(), im[:, :, 2].mean()])


@question("features-extract")
def test_extract_one_function(student, rng):
    """The features of three images by one function are right."""
    imgs = np.arange(3 * 4 * 4 * 3, dtype=np.uint8).reshape(3, 4, 4, 3)
    check_extracted(student, imgs, [ends_of_columns])


@question("features-extract")
def test_extract_two_functions(student, rng):
    """Two functions give features side by side, in the order of feature_fns."""
    imgs = rng.integers(256, size=(5, 3, 4, 3), dtype=np.uint8)
    check_extracted(student, imgs, [ends_of_columns, brightness])


@question("features-extract")
def test_extract_one_image(student, rng):
    """One image gives one row, with verbose=True as well."""
    imgs = rng.random(size=(1, 4, 4, 3))
    check_extracted(student, imgs, [brightness, ends_of_columns], True)


@question("features-extract")
def test_extract_inputs(student, rng):
    """The images are not changed."""
    student.extract_features(rng.random(size=(2, 4, 4, 3)), [student.serve(brightness)])
    assert_unchanged(student.changed, {0: "imgs"})


@question("features-standardize")
def test_standardize_by_hand(student, rng):
    """Training features 1, 3, 5, 7 become -3, -1, 1, 3, divided by the root of 5."""
    train, val = np.array([[1.0], [3.0], [5.0], [7.0]]), np.array([[4.0], [9.0]])
    want = [np.array([[-3], [-1], [1], [3]]) / 5**0.5, np.array([[0], [5]]) / 5**0.5]
    check_standardized(student, [train, val], want, show=True)


@question("features-standardize")
def test_standardize_columns(student, rng):
    """Each column has mean 0 and standard deviation 1 in X_train afterwards."""
    train = rng.normal([3.0, -20.0, 0.1], [2.0, 30.0, 0.01], size=(50, 3))
    got = to_array(standardized(student, [train])[0], "X_train")
    assert_close(got.mean(axis=0), np.zeros(3), _("the mean of X_train's columns"))
    std = _("the standard deviation of X_train's columns")
    assert_close(got.std(axis=0), np.ones(3), std, rtol=1e-4)


@question("features-standardize")
def test_standardize_constant(student, rng):
    """Columns that are always 0 or 0.1 in X_train become 0 there, and stay finite elsewhere."""
    train, val = np.tile([0.0, 0.1], (7, 1)), np.array([[0.0, 0.1], [2.0, 0.3]])
    got = standardized(student, [train, val])
    assert_close(got[0], np.zeros((7, 2)), "X_train", atol=1e-6)
    if not np.isfinite(to_array(got[1], _("the second array"))).all():
        raise CheckFailed(_("the second array has NaN or infinity in it"))


@question("features-standardize")
def test_standardize_inputs(student, rng):
    """No array is changed."""
    standardized(student, [rng.normal(1, 2, size=(5, 3)), rng.normal(1, 2, size=(4, 3))])
    assert_unchanged(student.changed, {0: "X_train", 1: _("the second array")})


@question("features-classify")
def test_classify_by_hand(student, rng):
    """A net with two hidden units, to be followed by hand, gives the labels 0, 1, 1, 2 and 2."""
    # Standardised: (3, 3), (2, 3), (-1, 3), (-2, 1), (-4, 0);
    # hidden: (0, 3), (0, 1), (1, 0), (4, 0), (7, 0).
    labels = student.classify(*CLASSIFY_BY_HAND)
    assert_equal(labels, np.array([0, 1, 1, 2, 2]), _("the labels"), show=True)


@question("features-classify")
def test_classify_inputs(student, rng):
    """Neither features nor weights are changed."""
    student.classify(*CLASSIFY_BY_HAND)
    assert_unchanged(student.changed, {0: "features", 1: "weights"})


@question("features-best")
def test_best_file(student, rng):
    """The weights file can be read, and says that they were trained on emoji10."""
    weights_handed_in(student, WEIGHTS_FILE)


@question("features-best")
def test_best_accuracy(student, rng):
    """At least 40 % of 500 test images are classified right."""
    data = load_data("emoji10", num_train=1, num_test=500)
    labels = predicted_labels(student, weights_handed_in(student, WEIGHTS_FILE), data.X_test)
    return points_for(assert_accuracy(labels, data.y_test, 0.40, _("test images")), SCALE)


@question("features-best")
def test_best_standardized(student, rng):
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
