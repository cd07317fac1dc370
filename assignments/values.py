"""What crosses between a check and the student's code, and how.

By value go exact built-in types, numeric NumPy arrays and scalars, dtypes and torch tensors; an
``OrderedDict`` goes as a dictionary, an ``np.matrix`` as an array, with a note of it. All
else (subclasses, models, named tuples, generators, object arrays) stays where it is and crosses as
a :class:`Handle`. Functions of the check's side cross as :class:`Served`. The same rules hold in a
student's own kernel and over the wire of the sandbox, so a check cannot tell the two apart.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from assignments.messages import _

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_INT_BITS",
    "MAX_ITEMS",
    "TENSOR_DTYPES",
    "Exporter",
    "Handle",
    "HandleTable",
    "Served",
    "TooLarge",
    "call_and_compare",
    "describe_type",
    "export_value",
    "import_value",
    "is_key",
    "write_back",
]

MAX_DEPTH = 12
#: Containers with more elements than this in all stay behind a handle.
MAX_ITEMS = 100_000
#: Arrays and tensors of one message have no more bytes than this in all.
MAX_BYTES = 32 * 2**20
#: Integers of more bits than this stay behind a handle.
MAX_INT_BITS = 8_000
#: Strings up to this length are interned as they arrive: ``is "rnn"`` holds as it does in a kernel.
_MAX_INTERNED = 100

_IMMUTABLE = (type(None), bool, int, float, complex, str, bytes)
_NUMERIC_KINDS = "biufc"
#: Tensors of other dtypes stay behind a handle.
TENSOR_DTYPES = {
    "bool", "uint8", "int8", "int16", "int32", "int64",
    "float16", "bfloat16", "float32", "float64", "complex64", "complex128",
}  # fmt: skip
_KEYS = (type(None), bool, float, str, bytes)


class TooLarge(Exception):
    """A value has more bytes than may cross."""


@dataclass(frozen=True)
class Handle:
    """A value that stays on the student's side.

    Attributes:
        id: its number there.
        type_name: the name of its type, such as ``Cache``.
        detail: more about it, such as the dtype of an array that cannot cross.
    """

    id: int
    type_name: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.type_name} ({self.detail})" if self.detail else self.type_name


@dataclass(frozen=True)
class Served:
    """A function that the check's side answers; the other side sees an ordinary function."""

    name: str


class HandleTable:
    """The values that stay on the student's side, by number."""

    def __init__(self) -> None:
        self._values: dict[int, Any] = {}

    def add(self, value: Any) -> Handle:
        number = len(self._values)
        self._values[number] = value
        return Handle(number, type(value).__name__[:80], describe_type(value)[:200])

    def __getitem__(self, number: int) -> Any:
        return self._values[number]


class _StaysInside(Exception):
    """A container is too deep or has too many elements to cross by value."""


def export_value(value: Any, table: HandleTable) -> Any:
    """A copy of ``value`` in which whatever may not cross by value is a :class:`Handle`.

    Raises:
        TooLarge: its arrays have more than ``MAX_BYTES`` in all.
    """
    return Exporter(table).export(value)


class Exporter:
    """Exports one value; see :func:`export_value`.

    Attributes:
        matrix: was an ``np.matrix`` in it?
    """

    def __init__(self, table: HandleTable) -> None:
        self.table = table
        self.items = 0
        self.bytes = 0
        self.matrix = False

    def export(self, value: Any, depth: int = 0) -> Any:
        kind = type(value)
        if kind is int and value.bit_length() > MAX_INT_BITS:
            return self.table.add(value)
        if kind in _IMMUTABLE or kind in (Handle, Served):
            return value
        if kind in (np.ndarray, np.matrix) and value.dtype.kind in _NUMERIC_KINDS:
            self.matrix |= kind is np.matrix
            self._count(value.nbytes)
            return np.array(value, order="C")
        if kind is OrderedDict:  # what state_dict() of a torch module gives
            kind = dict
        if kind in (list, tuple, set, frozenset, dict):
            try:
                return self._container(value, kind, depth)
            except _StaysInside:
                if depth:
                    raise
                return self.table.add(value)
        if kind is slice:
            return slice(*(self.export(v, depth) for v in (value.start, value.stop, value.step)))
        if _is_scalar(kind) or _is_dtype(value):
            return value
        if torch := sys.modules.get("torch"):
            if kind in (torch.Tensor, torch.nn.Parameter) and _is_plain_tensor(torch, value):
                self._count(value.numel() * value.element_size())
                copy = value.detach().cpu().resolve_conj().resolve_neg()
                copy = copy.clone(memory_format=torch.contiguous_format)
                return copy.requires_grad_(value.requires_grad)
            if kind is torch.dtype:
                return value
            if kind is torch.Size:
                return tuple(value)
        return self.table.add(value)

    def _count(self, size: int) -> None:
        self.bytes += size
        if self.bytes > MAX_BYTES:
            raise TooLarge(
                _(
                    "{size} MB of arrays are too large to hand over; at most {limit} MB may be"
                ).format(size=self.bytes // 2**20, limit=MAX_BYTES // 2**20)
            )

    def _container(self, value: Any, kind: type, depth: int) -> Any:
        self.items += len(value)
        if depth >= MAX_DEPTH or self.items > MAX_ITEMS:
            raise _StaysInside
        if kind is dict:
            if not all(map(is_key, value)):
                return self.table.add(value)
            return {key: self.export(item, depth + 1) for key, item in value.items()}
        if kind in (set, frozenset):
            return kind(value) if all(map(is_key, value)) else self.table.add(value)
        return kind([self.export(item, depth + 1) for item in value])


def import_value(
    value: Any, table: HandleTable, served: Callable[[Served], Callable[..., Any]]
) -> Any:
    """The inverse of :func:`export_value`: handles become values, served names functions."""
    kind = type(value)
    if kind is Handle:
        return table[value.id]
    if kind is Served:
        return served(value)
    if kind is str:
        return sys.intern(value) if len(value) <= _MAX_INTERNED else value
    if kind is dict:
        return {
            import_value(key, table, served): import_value(item, table, served)
            for key, item in value.items()
        }
    if kind in (list, tuple, set, frozenset):
        return kind([import_value(item, table, served) for item in value])
    if kind is np.ndarray:
        return value.copy()
    if kind not in _IMMUTABLE and hasattr(value, "requires_grad"):
        return value.detach().clone().requires_grad_(value.requires_grad)
    return value


def call_and_compare(
    function: Callable[..., Any], args: list, kwargs: dict, before: tuple[list, dict]
) -> tuple[Any, list[int | str]]:
    """Call a function and say which arguments it changed.

    Args:
        before: the same arguments as they arrived, untouched.

    Returns:
        The result, and the position or the keyword of each argument that the call changed.
    """
    result = function(*args, **kwargs)
    changed: list[int | str] = [
        place
        for place, (was, now) in enumerate(zip(before[0], args, strict=True))
        if _differs(was, now)
    ]
    changed += [key for key, was in before[1].items() if _differs(was, kwargs[key])]
    return result, changed


def _differs(was: Any, now: Any) -> bool:
    kind = type(was)
    if kind is np.ndarray:
        return (
            type(now) is not np.ndarray
            or was.shape != now.shape
            or was.dtype != now.dtype
            or was.tobytes() != now.tobytes()
        )
    if kind is dict:
        return type(now) is not dict or (
            len(was) != len(now)
            or any(key not in now or _differs(item, now[key]) for key, item in was.items())
        )
    if kind in (list, tuple):
        return type(now) is not kind or len(was) != len(now) or any(map(_differs, was, now))
    if kind in _IMMUTABLE:
        # "is not" first: NaN differs from itself.
        return type(now) is not kind or (now is not was and now != was)
    if kind not in (Handle, Served) and hasattr(was, "requires_grad"):
        if not hasattr(now, "requires_grad") or was.shape != now.shape or was.dtype != now.dtype:
            return True
        return not bool(((was == now) | (was.isnan() & now.isnan())).all())
    return False


def write_back(target: Any, new: Any) -> None:
    """Give a mutable argument the content that a served function left in its copy of it."""
    if isinstance(target, np.ndarray) and isinstance(new, np.ndarray):
        target[...] = new
    elif isinstance(target, dict) and isinstance(new, dict):
        for key in [key for key in target if key not in new]:
            del target[key]
        for key, item in new.items():
            if type(item) is dict and isinstance(target.get(key), dict):
                write_back(target[key], item)
            else:
                target[key] = item
    elif isinstance(target, list) and isinstance(new, list):
        target[:] = new
    elif isinstance(target, tuple) and isinstance(new, tuple):
        for part, item in zip(target, new, strict=True):
            write_back(part, item)
    elif hasattr(target, "requires_grad") and hasattr(new, "requires_grad"):
        target.data.copy_(new)


def describe_type(value: Any) -> str:
    """What a reader needs to know of a value that stays behind a handle; never its content."""
    if isinstance(value, np.ndarray):
        kind = "object" if value.dtype.kind == "O" else str(value.dtype)
        return f"{kind} array"
    return ""


def is_key(value: Any) -> bool:
    """May this be a key of a dictionary, or an element of a set, that crosses?

    Plain, and small: thousands of large integers of one hash value would keep the other side busy.
    """
    kind = type(value)
    if kind is int:
        return -(2**63) <= value < 2**64
    return kind in _KEYS or (_is_scalar(kind) and value.dtype.kind in "biuf")


def _is_plain_tensor(torch: Any, value: Any) -> bool:
    return (
        value.layout is torch.strided
        and value.device.type != "meta"
        and not value.is_quantized
        and str(value.dtype).removeprefix("torch.") in TENSOR_DTYPES
    )


def _is_scalar(kind: type) -> bool:
    return (
        issubclass(kind, np.generic)
        and kind.__module__ == "numpy"
        and (np.dtype(kind).kind in _NUMERIC_KINDS)
    )


def _is_dtype(value: Any) -> bool:
    if isinstance(value, np.dtype):
        return value.kind in _NUMERIC_KINDS and value.names is None
    return isinstance(value, type) and _is_scalar(value)
