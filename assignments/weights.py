"""Read a file of weights that somebody else wrote, believing nothing that it says.

A weights file is what ``np.savez`` writes, arrays of numbers and texts by name in a zip archive, or
a ``.safetensors`` file, whose texts are its metadata.
"""

import io
import json
import math
import zipfile
from pathlib import PurePath

import numpy as np
import safetensors.numpy

from assignments.messages import N_, _
from assignments.student import CheckFailed

__all__ = ["MAX_ARRAYS", "MAX_BYTES", "names_of", "read_weights"]

#: A file with more arrays than this, or more bytes once unpacked, is refused.
MAX_ARRAYS, MAX_BYTES = 1000, 32 * 2**20
#: An array of more texts than this is refused, and a header of more bytes than that.
MAX_TEXTS, MAX_HEADER = 10_000, 2**20

#: Whole numbers, floating-point numbers, truth values and texts.
_KINDS = "biufU"
#: The same in a safetensors file; NumPy knows no other kinds of floating-point numbers.
_SAFETENSORS_TYPES = (
    "BOOL", "F16", "F32", "F64", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64",
)  # fmt: skip
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def names_of(file: str) -> list[str]:
    """The names that a weights file may have: its own first, then those of the other format."""
    path = PurePath(file)
    return [str(path.with_suffix(suffix)) for suffix in sorted(_READERS, key=path.suffix.__ne__)]


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
    kind, read = _READERS.get(PurePath(name).suffix, _READERS[".npz"])
    try:
        _bound(len(data), 0, name)
        return read(data, name)
    except CheckFailed:
        raise
    except Exception as error:  # a damaged file can raise nearly anything
        raise CheckFailed(
            _("{file} cannot be read as {kind}: {why}").format(
                file=name,
                kind=_(kind),
                why=str(error)[:200] or type(error).__name__,
            )
        ) from None


def _read_npz(data: bytes, name: str) -> dict[str, np.ndarray | str | list]:
    # Opening an archive makes an object for each entry that its directory lists.
    _bound(len(data), data.count(b"PK\x01\x02"), name)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        _bound(sum(entry.file_size for entry in entries), len(entries), name)
        total = 0
        for entry in entries:
            # What NumPy writes. Others reserve as much memory as the entry says.
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(_("it is compressed as np.savez does not"))
            total += _stated_size(archive, entry, name)
            _bound(total, len(entries), name)
        arrays = {_array_name(entry): _read(archive, entry, name) for entry in entries}
    if len(arrays) < len(entries):
        raise ValueError(_("two of its arrays have the same name"))
    return arrays


def _array_name(entry: zipfile.ZipInfo) -> str:
    return entry.filename.removesuffix(".npy")


def _read_safetensors(data: bytes, name: str) -> dict[str, np.ndarray | str | list]:
    """Texts are read from the metadata, arrays by the safetensors package, which checks sizes."""
    length = int.from_bytes(data[:8], "little")
    if length > MAX_HEADER:
        raise ValueError(_("its header is too long"))
    header = json.loads(data[8 : 8 + length])
    texts = header.pop("__metadata__", {})
    _bound(len(data), len(header), name)
    for array, entry in header.items():
        if entry["dtype"] not in _SAFETENSORS_TYPES:
            raise _other_type(array, name, entry["dtype"])
    arrays = safetensors.numpy.load(data)
    for array, values in arrays.items():
        _assert_finite(values, array, name)
    return {**{str(text): str(value) for text, value in texts.items()}, **arrays}


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
    where = {"file": name, "array": _array_name(entry)[:80]}
    if dtype.hasobject:
        raise CheckFailed(
            _(
                "{array} in {file} holds Python objects, which are never loaded; save arrays of "
                "numbers"
            ).format(**where)
        )
    if dtype.kind not in _KINDS or not dtype.itemsize or any(length < 0 for length in shape):
        raise _other_type(where["array"], name, str(dtype))
    if dtype.kind == "U" and math.prod(shape) > MAX_TEXTS:
        raise ValueError(_("it has more texts than anybody needs"))
    return math.prod(shape) * dtype.itemsize


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> np.ndarray | str | list:
    with archive.open(entry) as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
    if array.dtype.kind == "U":
        return array.tolist()
    _assert_finite(array, _array_name(entry), name)
    return array


def _other_type(array: str, file: str, dtype: str) -> CheckFailed:
    return CheckFailed(
        _("{array} in {file} is of type {dtype}, where numbers are expected").format(
            file=file, array=array[:80], dtype=str(dtype)[:80]
        )
    )


def _assert_finite(values: np.ndarray, array: str, file: str) -> None:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise CheckFailed(
            _("{array} in {file} has NaN or infinity in it; did the training diverge?").format(
                file=file, array=array[:80]
            )
        )


#: For each ending what such a file is called, and what reads it.
_READERS = {
    ".npz": (N_("a file of np.savez"), _read_npz),
    ".safetensors": (N_("a safetensors file"), _read_safetensors),
}
