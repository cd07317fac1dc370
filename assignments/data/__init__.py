"""Images with labels, by one name: `load_data`.

    from assignments.data import load_data

    data = load_data("emoji10", num_train=5000, num_test=500)
    data.X_train.shape  # (5000, 32, 32, 3)

``emoji10`` comes with the project and needs no network: ten classes of emoji drawings before
cluttered backgrounds, made on first use in a few seconds and kept in a cache. ``cifar10`` is the
real data set (Krizhevsky, Learning multiple layers of features from tiny images, 2009), downloaded
once by ``python -m assignments.data fetch cifar10``. Both give the same arrays, so a notebook
switches by changing the name.

`assignments.data.folders` says where the files are kept; ``ASSIGNMENTS_DATA`` moves the cache.
"""

from typing import NamedTuple

import numpy as np

from assignments.data import cifar10, emoji10
from assignments.messages import _

__all__ = ["Dataset", "load_data"]


class Dataset(NamedTuple):
    """Labelled images.

    X_train: (N, 32, 32, 3) uint8, RGB. y_train: (N,) int64, from 0 to C - 1.
    X_test, y_test: the same for M test images.
    class_names: C names, `class_names[y]` is what label y means.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]


_SETS = {"emoji10": emoji10, "cifar10": cifar10}


def load_data(
    name: str = "emoji10",
    num_train: int | None = None,
    num_test: int | None = None,
    seed: int | None = None,
) -> Dataset:
    """Load a data set.

    name: ``emoji10`` (10,000 training and 2,000 test images) or ``cifar10`` (50,000 and 10,000).
    num_train, num_test: how many images to return; None returns all.
    seed: which images these are. None takes the first ones, a number takes a random choice that is
        the same for the same number.

    Raises ValueError for an unknown name or more images than there are, FileNotFoundError when the
    data set has to be downloaded first.
    """
    if name not in _SETS:
        raise ValueError(
            _("There is no data set {name!r}. Choose one of: {names}.").format(
                name=name, names=", ".join(_SETS)
            )
        )
    chosen = _SETS[name]
    arrays = chosen.load()
    rng = None if seed is None else np.random.default_rng(seed)
    for part, wanted in (("train", num_train), ("test", num_test)):
        index = _choose(len(arrays[f"y_{part}"]), wanted, f"num_{part}", rng)
        for letter in "Xy":
            arrays[f"{letter}_{part}"] = arrays[f"{letter}_{part}"][index]
    return Dataset(**arrays, class_names=chosen.CLASS_NAMES)


def _choose(
    available: int, wanted: int | None, argument: str, rng: np.random.Generator | None
) -> slice | np.ndarray:
    """Return what to index with to get `wanted` of `available` images."""
    if wanted is None:
        wanted = available
    if not 0 < wanted <= available:
        raise ValueError(
            _("{argument} is {wanted}; it must be from 1 to {available}.").format(
                argument=argument, wanted=wanted, available=available
            )
        )
    return slice(wanted) if rng is None else rng.permutation(available)[:wanted]
