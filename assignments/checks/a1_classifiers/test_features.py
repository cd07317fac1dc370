"""Public checks of the features notebook: small examples, most of them to be followed by hand."""

import numpy as np

from assignments.compare import assert_close, assert_equal, to_array
from assignments.data import load_data
from assignments.messages import _
from assignments.questions import question
from assignments.results import assert_accuracy, predicted_labels, weights_handed_in
from assignments.student import CheckFailed, Student

WEIGHTS_FILE = "features_weights.npz"


def ends_of_columns(im: np.ndarray) -> np.ndarray:
    """A feature: the red of the first two pixels of the last row, halved."""
    return im[-1, :2, 0] / 2


def brightness(im: np.ndarray) -> np.ndarray:
    """A feature: the mean of all numbers of an image, and of its blue."""
    return np.array([im.mean(), im[:, :, 2].mean()])


def features_of(imgs: np.ndarray, functions: list) -> np.ndarray:
    """What extract_features should return, image by image."""
    return np.array([np.concatenate([function(im) for function in functions]) for im in imgs])


def check_extracted(
    student: Student, imgs: np.ndarray, functions: list, *options: bool, what: str = "features"
) -> None:
    """Does extract_features return the right features of these images?"""
    served = [student.serve(function) for function in functions]
    features = student.extract_features(imgs, served, *options)
    assert_close(features, features_of(imgs, functions), what)


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


@question("features-standardize")
def test_standardize_by_hand(student, rng):
    """Training features 1, 3, 5, 7 become -3, -1, 1, 3, divided by the root of 5."""
    train, val = np.array([[1.0], [3.0], [5.0], [7.0]]), np.array([[4.0], [9.0]])
    check_standardized(
        student,
        [train, val],
        [np.array([[-3], [-1], [1], [3]]) / 5**0.5, np.array([[0], [5]]) / 5**0.5],
    )


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
    """A column that is always 0.1 in X_train becomes 0 there, and stays finite elsewhere."""
    train, val = np.full((7, 1), 0.1), np.array([[0.1], [0.3]])
    got = standardized(student, [train, val])
    assert_close(got[0], np.zeros((7, 1)), "X_train", atol=1e-6)
    if not np.isfinite(to_array(got[1], _("the second array"))).all():
        raise CheckFailed(_("the second array has NaN or infinity in it"))


@question("features-classify")
def test_classify_by_hand(student, rng):
    """A net with two hidden units, to be followed by hand, gives the labels 0, 1 and 2."""
    weights = {
        "mean": np.array([10.0, 0.0]),
        "std": np.array([2.0, 1.0]),
        "W1": np.array([[1.0, -1.0], [0.0, 1.0]]),
        "b1": np.array([0.0, 0.5]),
        "W2": np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        "b2": np.array([0.0, 0.0, 0.75]),
    }
    features = np.array([[14.0, 0.0], [8.0, 0.0], [10.0, 0.0]])
    assert_equal(student.classify(features, weights), np.array([0, 1, 2]), _("the labels"))


@question("features-best")
def test_best_file(student, rng):
    """The weights file can be read, and says that they were trained on emoji10."""
    weights_handed_in(student, WEIGHTS_FILE)


@question("features-best")
def test_best_accuracy(student, rng):
    """At least 40 % of 500 test images are classified right."""
    data = load_data("emoji10", num_train=1, num_test=500)
    labels = predicted_labels(student, weights_handed_in(student, WEIGHTS_FILE), data.X_test)
    assert_accuracy(labels, data.y_test, 0.40, _("test images"))


# --- shared with the hidden checks ---------------------------------------------------------------


def standardized(student: Student, arrays: list[np.ndarray]) -> list[object]:
    """What standardize_features makes of some arrays."""
    got = student.standardize_features(*arrays)
    if not isinstance(got, tuple | list):
        raise CheckFailed(
            _("the result is a {type}, where a tuple of arrays is expected").format(
                type=type(got).__name__
            )
        )
    if len(got) != len(arrays):
        raise CheckFailed(
            _("{got} arrays come back, where {given} were given").format(
                got=len(got), given=len(arrays)
            )
        )
    return list(got)


def check_standardized(student: Student, arrays: list[np.ndarray], want: list[np.ndarray]) -> None:
    """Does standardize_features return these arrays?"""
    names = ["X_train", _("the second array"), _("the third array"), _("the fourth array")]
    for got, right, name in zip(standardized(student, arrays), want, names, strict=False):
        assert_close(got, right, name)
