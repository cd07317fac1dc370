"""The real CIFAR-10: 60,000 photographs, 32x32 pixels, in ten classes.

Krizhevsky, Learning multiple layers of features from tiny images, 2009.
``python -m assignments.data fetch cifar10`` downloads it; `load` reads what was downloaded, and
`read_batch` one file of it. The files are Python pickles, which could run any code while being
read; `_BatchUnpickler` therefore builds plain values only and refuses everything else.
"""

import io
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from assignments.data.download import Download
from assignments.data.folders import cache_folder
from assignments.messages import _

CLASS_NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
TRAIN_FILES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST_FILE = "test_batch"
IMAGE_BYTES = 3 * 32 * 32

DOWNLOAD = Download(
    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    size=170_498_071,
    about="170 MB",
)


def folder() -> Path:
    """Return the folder that holds the batch files once they are downloaded."""
    return cache_folder() / "cifar10"


def is_present() -> bool:
    """Whether every file that `load` reads is there."""
    return all((folder() / name).is_file() for name in (*TRAIN_FILES, TEST_FILE))


def unpack(archive: Path) -> None:
    """Copy the batch files out of the downloaded archive into `folder()`.

    Only members with the expected names are read, and they are written under names of our own, so
    a hostile archive cannot place files elsewhere.
    """
    target = folder()
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        for name in (*TRAIN_FILES, TEST_FILE):
            member = tar.extractfile(f"cifar-10-batches-py/{name}")
            assert member is not None  # a file, as the archive's checksum says
            (target / f"{name}.part").write_bytes(member.read())
            (target / f"{name}.part").replace(target / name)


def load() -> dict[str, np.ndarray]:
    """Return X_train (50000, 32, 32, 3) uint8, y_train (50000,) int64, X_test, y_test.

    Raises FileNotFoundError when it was not downloaded, ValueError when a file is damaged.
    """
    if not is_present():
        raise FileNotFoundError(
            _(
                "CIFAR-10 is not in {folder}. Download it once ({about}) with: "
                "python -m assignments.data fetch cifar10"
            ).format(folder=folder(), about=DOWNLOAD.about)
        )
    batches = [read_batch(folder() / name) for name in TRAIN_FILES]
    X_test, y_test = read_batch(folder() / TEST_FILE)
    return {
        "X_train": np.concatenate([X for X, _y in batches]),
        "y_train": np.concatenate([y for _X, y in batches]),
        "X_test": X_test,
        "y_test": y_test,
    }


def read_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read one file in CIFAR-10's Python format.

    Returns X (N, 32, 32, 3) uint8 and y (N,) int64. Raises ValueError for any other content.
    """
    try:
        return _parse_batch(path.read_bytes())
    except ValueError as error:
        raise ValueError(
            _(
                "{path} is no CIFAR-10 batch: {reason}. Delete it and run: "
                "python -m assignments.data fetch cifar10"
            ).format(path=path, reason=error)
        ) from error


def _parse_batch(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Turn the bytes of a batch file into images and labels; ValueError says what is wrong."""
    try:
        batch = _BatchUnpickler(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # damaged or hostile bytes can make a pickle fail in any way
        raise ValueError(f"it cannot be unpickled ({type(error).__name__}: {error})") from error

    if not isinstance(batch, dict) or not {b"data", b"labels"} <= batch.keys():
        raise ValueError("it has no data and labels")
    rows = _array_bytes(batch[b"data"])
    labels = batch[b"labels"]
    if not isinstance(labels, list) or not all(
        type(label) is int and 0 <= label < len(CLASS_NAMES) for label in labels
    ):
        raise ValueError("its labels are not numbers from 0 to 9")
    if not labels or len(rows) != len(labels) * IMAGE_BYTES:
        raise ValueError(f"it has {len(labels)} labels and {len(rows)} bytes of images")
    planes = np.frombuffer(rows, np.uint8).reshape(len(labels), 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), np.array(labels, np.int64)


class _Recorded:
    """Stands in for NumPy's array and dtype: keeps what the pickle says and does nothing."""

    def __init__(self, *args: Any) -> None:
        self.args = args
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


# The pure-Python unpickler keeps its memo in a dictionary: the one in C allocates as many slots as
# a few hostile bytes ask for.
class _BatchUnpickler(pickle._Unpickler):
    """Builds built-in values and `_Recorded`; never imports or calls anything else."""

    _KNOWN = frozenset(
        {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),  # as NumPy 2 writes it
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
        }
    )

    def find_class(self, module: str, name: str) -> type[_Recorded]:
        if (module, name) not in self._KNOWN:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _Recorded


def _array_bytes(array: Any) -> bytes:
    """Return the bytes of a recorded uint8 array in C order; ValueError when it is none."""
    try:
        _version, _shape, dtype, is_fortran, content = array.state
        kind = dtype.args[0]
    except (AttributeError, IndexError, TypeError, ValueError):
        raise ValueError("its data is no array") from None
    if kind not in ("u1", b"u1") or is_fortran or not isinstance(content, bytes):
        raise ValueError("its data is no array of bytes")
    return content
