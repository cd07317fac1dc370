"""For the checks of questions that are graded by what handed-in weights do on images."""

from collections.abc import Sequence

import numpy as np

from assignments.compare import to_array
from assignments.messages import _
from assignments.student import CheckFailed, Student, StudentError
from assignments.weights import names_of, read_weights

__all__ = ["assert_accuracy", "predicted_labels", "steps_for", "weights_handed_in"]


def weights_handed_in(student: Student, file: str) -> dict[str, np.ndarray | str | list]:
    """The content of the weights file, which must say that it was trained on emoji10.

    Args:
        file: its name with the ending ``.npz``; with ``.safetensors`` it is found as well.

    Raises:
        CheckFailed: it is missing, damaged or for other data. Where no weights are because nothing
            is written yet, the failure says so.
    """
    file, data = _find(student, file)
    weights = read_weights(data, file)
    if "data_set" not in weights:
        raise CheckFailed(_('the file has no "data_set"; save data_set="emoji10" with the weights'))
    if weights["data_set"] != "emoji10":
        raise CheckFailed(
            _('the file says data_set="{name}", but the images of emoji10 decide').format(
                name=str(weights["data_set"])[:40]
            )
        )
    return weights


def _find(student: Student, file: str) -> tuple[str, bytes]:
    failures = []
    for name in names_of(file):
        try:
            return name, student.file(name)
        except CheckFailed as failure:
            failures.append(failure)
    replies = len(student.transcript)
    try:
        student.predict_images(np.zeros((1, 32, 32, 3), np.uint8), {})
    except StudentError as error:
        if error.blank:
            raise
    del student.transcript[replies:]  # without weights it says nothing of a mistake
    raise failures[0]


def predicted_labels(student: Student, weights: dict, X: np.ndarray) -> np.ndarray:
    """A label for each image, by the student's ``predict_images(images, weights)``."""
    try:
        result = student.predict_images(X, weights)
    except StudentError as error:
        absent = error.message.strip("'")[:40]
        if error.type != "KeyError" or absent in weights:
            raise
        raise CheckFailed(
            _("the file has no {name!r}, which predict_images looks for").format(name=absent)
        ) from error
    labels = to_array(result, _("the result of predict_images"))
    if labels.shape != (len(X),) or labels.dtype.kind not in "iuf":
        raise CheckFailed(
            _(
                "predict_images returns an array of shape {shape} and type {dtype} for {number} "
                "images; one label for each is expected"
            ).format(shape=labels.shape, dtype=labels.dtype, number=len(X))
        )
    return labels


def assert_accuracy(labels: np.ndarray, y: np.ndarray, least: float, what: str) -> float:
    """Are enough labels right? Returns the share that is."""
    accuracy = float(np.mean(labels == y))
    if accuracy < least:
        # Whole percent: a finer number would tell, hand-in by hand-in, which labels are right.
        raise CheckFailed(
            _("{percent} % of the {what} are right, where {least:.0f} % are asked for").format(
                percent=_whole_percent(accuracy), what=what, least=100 * least
            ),
            _("that is close to guessing: does the classifier see what it saw in training?")
            if accuracy < 0.2
            else "",
        )
    return accuracy


def steps_for(accuracy: float, scale: Sequence[int]) -> str:
    """What an accuracy on known images lets one expect for hidden ones, as a note of a check.

    Args:
        scale: percentages, each of which is worth the same.
    """
    percent = _whole_percent(accuracy)
    return _(
        "{percent} % are: about {reached} of the {all} steps of the scale, if the hidden images "
        "are as hard"
    ).format(percent=percent, reached=sum(percent >= least for least in scale), all=len(scale))


def _whole_percent(share: float) -> int:
    """Cut off, not rounded: 56.9 % are not yet the 57 % that are asked for."""
    return int(100 * share + 1e-9)
