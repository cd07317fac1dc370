"""What knn asks for, declared once; its stand-ins follow, by ``torch.cdist`` and ``torch.topk``.

They are for a student who comes to a later notebook without having finished this one.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from assignments.families.function import Function, Method
from assignments.messages import N_, _
from assignments.student import CheckFailed, Remote, Student, StudentError

__all__ = ["KNearestNeighbor", "cross_validate_k"]

#: The labels of random examples: with gaps, so that no position is taken for a label.
LABELS = np.array([2, 3, 5, 8])


def trained(student: Student, kind: str = "KNearestNeighbor", **given: np.ndarray) -> Remote:
    """The student's classifier, trained on ``X_train`` and ``y_train``, or on zeros for one."""
    classifier, num = student.call(kind, keep=True), len(next(iter(given.values())))
    X, y = np.zeros((num, 1)), np.zeros(num, np.int64)
    classifier.train(given.get("X_train", X), given.get("y_train", y))
    return classifier


# --- distances -----------------------------------------------------------------------------------


def euclidean(X_train: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Euclidean distances (num_test, num_train), float64."""
    test, train = (torch.from_numpy(np.array(a, np.float64)) for a in (X, X_train))
    return torch.cdist(test, train, compute_mode="donot_use_mm_for_euclid_dist").numpy()


def points(
    rng: np.random.Generator, num_test: int = 5, num_train: int = 8, D: int = 6
) -> tuple[np.ndarray, np.ndarray]:
    """Training and test examples, not centred on zero."""
    X_train = rng.normal(rng.normal(size=D), 1.5, size=(num_train, D))
    return X_train, rng.normal(rng.normal(size=D), 1.5, size=(num_test, D))


two_loops, one_loop, no_loops = (
    Method(
        f"KNearestNeighbor.compute_distances_{loops}",
        euclidean,
        points,
        ("X_train", "X"),
        ("dists",),
        {N_("the root of D"): lambda X_train, _X: X_train.shape[1] ** 0.5},
        make=trained,
    )
    for loops in ("two_loops", "one_loop", "no_loops")
)


# --- labels --------------------------------------------------------------------------------------


def count_votes(y_train: np.ndarray, dists: np.ndarray, k: int) -> torch.Tensor:
    """The votes (num_test, max(y_train) + 1) of the k nearest."""
    nearest = torch.topk(torch.from_numpy(np.array(dists)), k, largest=False).indices
    votes = torch.from_numpy(np.array(y_train, np.int64))[nearest]
    return torch.nn.functional.one_hot(votes, int(y_train.max()) + 1).sum(dim=1)


def vote(y_train: np.ndarray, dists: np.ndarray, k: int = 1) -> np.ndarray:
    """The most frequent label of the k nearest, (num_test,); ties go to the smallest."""
    return count_votes(y_train, dists, k).argmax(dim=1).numpy().astype(y_train.dtype)


def draw_labels(rng: np.random.Generator, num: int) -> np.ndarray:
    """Labels, as many of each as can be."""
    return rng.permutation(np.resize(LABELS, num))


def distances_and_labels(
    rng: np.random.Generator, num_train: int, k: int, num_test: int, tied: bool = False
) -> tuple[np.ndarray, np.ndarray, int]:
    """Labels and random distances, all different, such that the votes are (not) tied."""
    y_train = draw_labels(rng, num_train)
    rows = np.empty((0, num_train))
    while len(rows) < num_test:
        order = rng.permuted(np.tile(np.arange(num_train), (4 * num_test, 1)), axis=1)
        drawn = order + rng.uniform(0.1, 0.9, size=order.shape)
        first, second = count_votes(y_train, drawn, k).topk(2).values.T
        rows = np.concatenate([rows, drawn[((first == second) == tied).numpy()]])
    return y_train, rows[:num_test] / num_train, k


labels = Method(
    "KNearestNeighbor.predict_labels",
    vote,
    distances_and_labels,
    ("y_train", "dists", "k"),
    ("y_pred",),
    make=trained,
)


def new_points(rng: np.random.Generator, k: int, num_loops: int) -> tuple[Any, ...]:
    """Points around those whose labels are known."""
    X_train = rng.normal(size=(40, 3))
    X = X_train[:30] + rng.normal(0, 0.4, size=(30, 3))
    return X_train, draw_labels(rng, 40), X, k, num_loops


predict = Method(
    "KNearestNeighbor.predict",
    lambda X_train, y_train, X, k, num_loops: vote(y_train, euclidean(X_train, X), k),
    new_points,
    ("X_train", "y_train", "X", "k", "num_loops"),
    ("y_pred",),
    attributes=2,
    make=trained,
)


class KNearestNeighbor:
    """Classify by a vote of the k nearest training examples."""

    def train(self, X: np.ndarray, y: np.ndarray) -> None:
        """Remember the training data: X (num_train, D), y (num_train,) labels from 0 up."""
        self.X_train = X
        self.y_train = y

    def compute_distances_no_loops(self, X: np.ndarray) -> np.ndarray:
        """Euclidean distances (num_test, num_train), float64."""
        return euclidean(self.X_train, X)

    compute_distances_one_loop = compute_distances_no_loops
    compute_distances_two_loops = compute_distances_no_loops

    def predict_labels(self, dists: np.ndarray, k: int = 1) -> np.ndarray:
        """The most frequent label of the k nearest, (num_test,); ties go to the smallest."""
        return vote(self.y_train, dists, k)

    def predict(self, X: np.ndarray, k: int = 1, num_loops: int = 0) -> np.ndarray:
        """Labels (num_test,) of the examples X (num_test, D)."""
        if num_loops not in (0, 1, 2):
            raise ValueError(f"num_loops is {num_loops!r}; 0, 1 and 2 are possible")
        loops = ("no_loops", "one_loop", "two_loops")[num_loops]
        return self.predict_labels(getattr(self, f"compute_distances_{loops}")(X), k)


# --- cross-validation ----------------------------------------------------------------------------


def fold_accuracies(
    X: np.ndarray, y: np.ndarray, k_choices: Sequence[int], num_folds: int = 5
) -> np.ndarray:
    """The accuracies (len(k_choices), num_folds) on each fold, trained on the other folds."""
    table = np.zeros((len(k_choices), num_folds))
    for fold, held_out in enumerate(np.array_split(np.arange(len(X)), num_folds)):
        rest = np.setdiff1d(np.arange(len(X)), held_out)
        dists = euclidean(X[rest], X[held_out])
        for row, k in enumerate(k_choices):
            table[row, fold] = (vote(y[rest], dists, k) == y[held_out]).mean()
    return table


def cross_validate_k(
    X: np.ndarray, y: np.ndarray, k_choices: Sequence[int], num_folds: int = 5
) -> dict[int, list[float]]:
    """For each k its accuracy on every fold, trained on the other folds."""
    table = fold_accuracies(X, y, k_choices, num_folds).tolist()
    return dict(zip(k_choices, table, strict=True))


def clusters(
    rng: np.random.Generator, num: int, k_choices: tuple[int, ...], num_folds: int
) -> tuple[Any, ...]:
    """Three overlapping clusters: some of their points are classified wrong."""
    y, centres = rng.integers(3, size=num), rng.normal(0, 1.2, size=(3, 4))
    return centres[y] + rng.normal(size=(num, 4)), y, k_choices, num_folds


class CrossValidation(Function):
    """A function that returns, for each k, a list of accuracies: read as a table."""

    def read(self, answer: Any, case: Any) -> dict[str, Any]:
        *_data, k_choices, num_folds = case
        return {self.outputs[0]: np.array([_row(answer, k, num_folds) for k in k_choices])}


def _row(found: Any, k: int, num_folds: int) -> list[float]:
    """The accuracies of one k."""
    if isinstance(found, Remote):  # a subclass of dict, such as defaultdict
        try:
            row = found.get(f"[{k}]")
        except StudentError:
            row = None
    elif isinstance(found, dict):
        row = found.get(k)
    else:
        reason = _("the result is a {type}, where a dictionary is expected")
        raise CheckFailed(reason.format(type=type(found).__name__))
    if row is None:
        raise CheckFailed(_("there is no entry for k = {k}").format(k=k))
    if np.shape(row) != (num_folds,):
        reason = _("the entry of k = {k} has shape {shape}, where {folds} accuracies are expected")
        raise CheckFailed(reason.format(k=k, shape=np.shape(row), folds=num_folds))
    return [float(accuracy) for accuracy in row]


cross_validate = CrossValidation(
    "cross_validate_k",
    fold_accuracies,
    clusters,
    ("X", "y", "k_choices", "num_folds"),
    ("accuracies",),
    {N_("the size of a fold"): lambda X, _y, _k_choices, num_folds: len(X) / num_folds},
)
