"""Read a file of weights that somebody else wrote, believing nothing that it says.

A weights file is what ``np.savez`` writes: arrays of numbers and texts by name, in a zip archive.
"""

import io
import math
import zipfile
import zlib

import numpy as np

from assignments.messages import _
from assignments.student import CheckFailed

__all__ = ["MAX_ARRAYS", "MAX_BYTES", "read_weights"]

#: A file with more arrays than this, or more bytes once unpacked, is refused.
MAX_ARRAYS, MAX_BYTES = 100, 32 * 2**20

#: Whole numbers, floating-point numbers, truth values and texts.
_KINDS = "biufU"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_weights(data: bytes, name: str) -> dict[str, np.ndarray | str | list]:
    """The arrays of a file by name; texts come as strings, or lists of strings.

    Nothing is unpickled, and the sizes that the headers state are added up before anything is
    loaded.

    Args:
        data: the bytes of the file.
        name: how the reason names it.

    Raises:
        CheckFailed: the file is damaged, too large, or holds what is no plain finite number or
            text; the reason says what and where.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _bound(sum(entry.file_size for entry in entries), len(entries), name)
            total = 0
            for entry in entries:
                total += _stated_size(archive, entry, name)
                _bound(total, len(entries), name)
            return {
                entry.filename.removesuffix(".npy"): _read(archive, entry, name)
                for entry in entries
            }
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError, ValueError,
        RuntimeError, NotImplementedError, LookupError, SyntaxError, TypeError, OverflowError,
        MemoryError,
    ) as error:  # fmt: skip
        raise CheckFailed(
            _("{file} cannot be read as a file of np.savez: {why}").format(
                file=name, why=str(error)[:200] or type(error).__name__
            )
        ) from None


def _bound(size: int, arrays: int, name: str) -> None:
    if size > MAX_BYTES or arrays > MAX_ARRAYS:
        raise CheckFailed(
            _(
                "{file} states {size:,} bytes in {arrays} arrays; at most {max_size:,} bytes in "
                "{max_arrays} arrays are read"
            ).format(file=name, size=size, arrays=arrays, max_size=MAX_BYTES, max_arrays=MAX_ARRAYS)
        )


def _stated_size(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> int:
    """The bytes that an array will have, by its own header, which need not be true."""
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"{entry.filename} has format {version}")
        shape, _fortran, dtype = _HEADERS[version](file)
    where = {"file": name, "array": entry.filename.removesuffix(".npy")[:80]}
    if dtype.hasobject:
        raise CheckFailed(
            _(
                "{array} in {file} holds Python objects, which are never loaded; save arrays of "
                "numbers"
            ).format(**where)
        )
    if dtype.kind not in _KINDS or not dtype.itemsize or any(length < 0 for length in shape):
        raise CheckFailed(
            _("{array} in {file} is of type {dtype}, where numbers are expected").format(
                **where, dtype=str(dtype)[:80]
            )
        )
    return math.prod(shape) * dtype.itemsize


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> np.ndarray | str | list:
    with archive.open(entry) as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
    if array.dtype.kind == "U":
        return array.tolist()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise CheckFailed(
            _("{array} in {file} has NaN or infinity in it; did the training diverge?").format(
                file=name, array=entry.filename.removesuffix(".npy")[:80]
            )
        )
    return array
