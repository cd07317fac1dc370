"""What the public and hidden checks of knn share with others."""

from typing import Any

import numpy as np

from assignments.compare import assert_unchanged
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student, StudentError
from assignments.syntax import loop_depth


def train(student: Student, X: np.ndarray, y: np.ndarray | None = None) -> Remote:
    """The student's classifier, trained on X with labels y, or with zeros."""
    classifier = student.KNearestNeighbor()
    classifier.train(X, np.zeros(len(X), np.int64) if y is None else y)
    return classifier


def distances(student: Student, method: str, X: np.ndarray, X_train: np.ndarray) -> np.ndarray:
    """What a method answers, once it has left X and X_train alone."""
    classifier = train(student, X_train)
    dists = getattr(classifier, method)(X)
    assert_unchanged(student.changed, {0: "X"})
    if not np.array_equal(classifier.get("X_train"), X_train):
        raise CheckFailed(_("the call changes self.X_train in place; work on a copy"))
    return dists


def assert_one_loop(student: Student) -> None:
    """Does compute_distances_one_loop loop, and only one level deep?"""
    depth = loop_depth(student, "KNearestNeighbor.compute_distances_one_loop")
    if depth == 0:
        raise CheckFailed(_("there is no loop; this version goes through one set in a loop"))
    if depth > 1:
        raise CheckFailed(_("there is a loop within a loop: {depth} deep").format(depth=depth))


def assert_no_loop(student: Student) -> None:
    """Is compute_distances_no_loops free of loops, under whatever name?"""
    if loop_depth(student, "KNearestNeighbor.compute_distances_no_loops"):
        raise CheckFailed(
            _(
                "there is a loop in it, or in a function that it calls; comprehensions, map and "
                "np.vectorize are loops as well"
            )
        )


def assert_refused(classifier: Remote, X: np.ndarray, num_loops: int) -> None:
    """Does predict raise a ValueError for this num_loops?"""
    try:
        classifier.predict(X, k=1, num_loops=num_loops)
    except StudentError as error:
        if error.blank:
            raise
        if error.type != "ValueError":
            reason = _("num_loops={num_loops} raises {type}, not ValueError")
            raise CheckFailed(reason.format(num_loops=num_loops, type=error.type)) from error
    else:
        raise CheckFailed(_("num_loops={num_loops} raises nothing").format(num_loops=num_loops))


def to_table(result: object, k_choices: list[int], num_folds: int) -> np.ndarray:
    """The accuracies of cross_validate_k as an array (len(k_choices), num_folds)."""
    if isinstance(result, Remote):  # a subclass of dict, such as defaultdict
        rows: dict[int, Any] = {k: _row(result, k) for k in k_choices}
    elif isinstance(result, dict):
        rows = result
    else:
        raise CheckFailed(
            _("the result is a {type}, where a dictionary is expected").format(
                type=type(result).__name__
            )
        )
    for k in k_choices:
        if k not in rows:
            raise CheckFailed(_("there is no entry for k = {k}").format(k=k))
        if np.shape(rows[k]) != (num_folds,):
            raise CheckFailed(
                _(
                    "the entry of k = {k} has shape {shape}, where {folds} accuracies are expected"
                ).format(k=k, shape=np.shape(rows[k]), folds=num_folds)
            )
    return np.array([[float(accuracy) for accuracy in rows[k]] for k in k_choices])


def _row(result: Remote, k: int) -> object:
    try:
        return result.get(f"[{k}]")
    except StudentError as error:
        raise CheckFailed(_("there is no entry for k = {k}").format(k=k)) from error
