"""What the public and hidden checks of features share with others."""

import numpy as np

from assignments.compare import (
    assert_close,
    wrong_kind,
)
from assignments.messages import _, ngettext
from assignments.student import CheckFailed, Student

WEIGHTS_FILE = "features_weights.npz"
#: Each of these percentages of right labels on hidden images is worth a point.
SCALE = range(32, 58, 5)


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


def standardized(student: Student, arrays: list[np.ndarray]) -> list[object]:
    """What standardize_features makes of some arrays."""
    got = student.standardize_features(*arrays)
    if not isinstance(got, tuple | list):
        raise CheckFailed(wrong_kind(got, "standardize_features", _("a tuple of arrays")))
    if len(got) != len(arrays):
        raise CheckFailed(
            ngettext(
                "{got} array comes back, where {given} are expected",
                "{got} arrays come back, where {given} are expected",
                len(got),
            ).format(got=len(got), given=len(arrays))
        )
    return list(got)


def check_standardized(
    student: Student, arrays: list[np.ndarray], want: list[np.ndarray], show: bool = False
) -> None:
    """Does standardize_features return these arrays?"""
    names = ["X_train", _("the second array"), _("the third array"), _("the fourth array")]
    for got, right, name in zip(standardized(student, arrays), want, names, strict=False):
        assert_close(got, right, name, show=show)
