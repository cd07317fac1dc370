"""What features asks for, declared once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.compare import assert_close, to_array, unpack
from assignments.families.function import Function
from assignments.messages import _
from assignments.student import CheckFailed, Student

WEIGHTS_FILE = "features_weights.npz"
#: Each of these percentages of right labels on hidden images is worth a point.
SCALE = range(32, 58, 5)

Describe = Callable[[np.ndarray], np.ndarray]


# --- features-extract ----------------------------------------------------------------------------


def features_of(
    imgs: np.ndarray, feature_fns: Sequence[Describe], verbose: bool = False
) -> np.ndarray:
    """The features, image by image."""
    return np.array([np.concatenate([function(im) for function in feature_fns]) for im in imgs])


def images(
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    feature_fns: Sequence[Describe],
    dtype: type = np.float64,
    verbose: bool = False,
) -> tuple[Any, ...]:
    """Images (N, H, W, 3) of this shape, and the functions that describe them."""
    return (256 * rng.random((*shape, 3))).astype(dtype), feature_fns, verbose


class Extraction(Function):
    """A function that calls others, which are ours."""

    def call(self, student: Student, case: Any) -> Any:
        imgs, feature_fns, verbose = case
        return student.call(self.name, imgs, [student.serve(f) for f in feature_fns], verbose)


extract = Extraction(
    "extract_features", features_of, images, ("imgs", "feature_fns", "verbose"), ("features",)
)


# --- features-standardize ------------------------------------------------------------------------


def standardized(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """All by the mean and the standard deviation of the first."""
    first, *others = (torch.tensor(array, dtype=torch.float64) for array in arrays)
    std, mean = torch.std_mean(first, dim=0, correction=0)
    return tuple(((array - mean) / std).numpy() for array in (first, *others))


def tables(rng: np.random.Generator, *numbers: int) -> tuple[np.ndarray, ...]:
    """Features whose columns differ in mean and size, as do the tables among each other."""
    mean, std = rng.uniform(-5, 5, size=4), rng.uniform(0.5, 20, size=4)
    return tuple(
        rng.normal(mean + shift, std * (1 + shift), size=(number, 4))
        for shift, number in enumerate(numbers)
    )


class Standardization(Function):
    """A function that returns as many arrays as it is given, by the statistics of the first."""

    def read(self, answer: Any, case: Any) -> dict[str, Any]:
        names = self.arguments[: len(case)]
        return dict(zip(names, unpack(answer, self.name, names), strict=True))

    def right(self, case: Any) -> dict[str, Any]:
        return dict(zip(self.arguments, self.twin(*case), strict=False))

    def note(self, case: Any) -> str:
        return ""

    def check_constant(self, student: Student, case: Any) -> None:
        """Are columns constant in X_train 0 there and finite elsewhere, and all others right?"""
        constant = case[0].max(axis=0) == case[0].min(axis=0)
        right = self.right(case)
        for name, array in self.read(self.call(student, case), case).items():
            got = to_array(array, name)
            if not np.isfinite(got).all():
                reason = _("{name} has NaN or infinity in it, from a column that is constant")
                raise CheckFailed(reason.format(name=name))
            others = _("the other columns of {name}").format(name=name)
            assert_close(got[:, ~constant], right[name][:, ~constant], others)
            if name == self.arguments[0]:
                zeros = np.zeros((len(got), constant.sum()))
                assert_close(got[:, constant], zeros, _("the constant columns"), atol=1e-6)


standardize = Standardization(
    "standardize_features", standardized, tables,
    ("X_train", "others[0]", "others[1]", "others[2]"),
)  # fmt: skip


# --- features-classify ---------------------------------------------------------------------------


def scores_of(
    features: np.ndarray, weights: Mapping[str, np.ndarray], activation: Callable = F.relu
) -> np.ndarray:
    """The scores (N, C), by PyTorch's layers; ``activation`` comes between them."""
    w = {name: torch.from_numpy(value) for name, value in weights.items()}
    x = (torch.from_numpy(features) - w["mean"]) / w["std"]
    return F.linear(activation(F.linear(x, w["W1"].T, w["b1"])), w["W2"].T, w["b2"]).numpy()


def net(
    rng: np.random.Generator, N: int = 300, F: int = 6, H: int = 9, C: int = 5
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Features and a net, whose scores are often all negative."""
    return rng.normal(1, 2, size=(N, F)), {
        "mean": rng.normal(size=F),
        "std": rng.uniform(0.2, 3, size=F),
        "W1": rng.normal(size=(F, H)),
        "b1": rng.normal(size=H) * 2,
        "W2": rng.normal(size=(H, C)),
        "b2": rng.normal(size=C) * 2 - 6,
    }


classify = Function(
    "classify",
    lambda features, weights: scores_of(features, weights).argmax(axis=1),
    net,
    ("features", "weights"),
    ("labels",),
)


# --- features-star-ensemble ----------------------------------------------------------------------


def scores_of_nets(rng: np.random.Generator, K: int, N: int, C: int) -> tuple[np.ndarray]:
    """Scores (K, N, C) of classifiers, the later ones the louder."""
    return (np.arange(1, K + 1)[:, None, None] * rng.normal(0.3, 1, size=(K, N, C)),)


ensemble = Function(
    "average_probabilities",
    twin=lambda scores: torch.softmax(torch.tensor(scores), -1).mean(0).numpy(),
    inputs=scores_of_nets,
    arguments=("scores",),
    outputs=("probabilities",),
)
