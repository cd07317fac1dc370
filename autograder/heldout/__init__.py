"""Images that nobody has seen, for questions that are graded by result.

They are made like the images of `assignments.data`, from drawings that only this folder holds. They
are the same for everybody, and only the images go into the sandbox, never their labels.
"""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np

from assignments.data import emoji10
from assignments.data.cache import cached_arrays
from assignments.data.folders import embedded_folder
from assignments.data.sprites import read_sprites
from assignments.results import assert_accuracy, predicted_labels, weights_handed_in
from assignments.student import CheckFailed, Student

__all__ = ["check_heldout", "heldout_images"]

_FOLDER = Path(__file__).parent / "emoji10"
_NUM, _SEED = 600, 2027


@cache
def heldout_images() -> tuple[np.ndarray, np.ndarray]:
    """Images of ``emoji10`` with drawings that are in neither its training nor its test images.

    Returns:
        X (600, 32, 32, 3) uint8 and y (600,) int64, read-only, equally many of each class.
    """
    ingredients = [Path(__file__), Path(emoji10.__file__), _FOLDER / "manifest.json"]
    fingerprint = hashlib.sha256(b"".join(path.read_bytes() for path in ingredients)).hexdigest()
    arrays = cached_arrays("heldout-emoji10", fingerprint, _make)
    for array in arrays.values():
        array.flags.writeable = False
    return arrays["X"], arrays["y"]


def check_heldout(student: Student, file: str, least: float) -> None:
    """Do the weights handed in classify enough held-out images right?

    The images are classified once for all checks of a question.

    Args:
        file: the name of the weights file.
        least: the share that must be right.

    Raises:
        CheckFailed: they do not, or cannot be used.
    """
    X, y = heldout_images()
    if "labels" not in student.shared:
        try:
            labels = predicted_labels(student, weights_handed_in(student, file), X)
        except CheckFailed as failure:
            labels = failure
        student.shared["labels"] = labels
    if isinstance(student.shared["labels"], CheckFailed):
        raise student.shared["labels"]
    assert_accuracy(student.shared["labels"], y, least, "held-out images")


def _make() -> dict[str, np.ndarray]:
    others = emoji10.clutter(read_sprites(embedded_folder("emoji")))
    rng = np.random.default_rng(_SEED)
    X, y = emoji10.make_images(read_sprites(_FOLDER), others, _NUM, rng)
    return {"X": X, "y": y}
