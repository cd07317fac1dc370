"""Keep arrays that take seconds to make, so that they are made once."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from assignments.data.folders import cache_folder


def cached_arrays(
    name: str, fingerprint: str, make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Return what `make` returns, from the cache where it holds the same thing already.

    fingerprint: changes whenever `make` would return something else.

    A damaged, outdated or foreign file is made again. A cache that cannot be written (a full disk,
    a read-only home) costs time, never an error.
    """
    path = cache_folder() / f"{name}.npz"
    kept = _read(path)
    if kept is not None and str(kept.pop("fingerprint", "")) == fingerprint:
        return kept
    arrays = make()
    _write(path, {**arrays, "fingerprint": np.array(fingerprint)})
    return arrays


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """Return the arrays in a file, None when they cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except Exception:  # a damaged archive can raise nearly anything, and the answer is the same
        return None


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write the arrays so that no reader ever sees half a file."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            temporary = file.name
            np.savez(file, **arrays)  # type: ignore[arg-type]  # no array is named allow_pickle
        os.replace(temporary, path)
    except OSError:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
