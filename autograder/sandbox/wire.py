"""The wire: messages between the grader and the sandbox, as msgpack with arrays beside it.

A frame is a header, a bounded msgpack structure and the raw bytes of its arrays::

    u32 length of the structure | u32 number of buffers | u64 length of each | structure | buffers

Sizes, nesting and element types are checked before anything is built from them, because whatever
sits at the other end may be hostile. Both ends import this module; it needs msgpack and NumPy, and
torch only where torch is loaded already.
"""

import contextlib
import math
import re
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

import msgpack
import numpy as np

from assignments.messages import _
from assignments.values import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_INT_BITS,
    TENSOR_DTYPES,
    Handle,
    Served,
    TooLarge,
    is_key,
)

__all__ = ["Connection", "Malformed", "decode", "encode"]

MAX_STRUCTURE = 4 * 2**20
MAX_BUFFERS = 20_000
#: Elements of one list or mapping.
MAX_ELEMENTS = 400_000
#: Nested containers, counting the message around a value and the bookkeeping of extensions.
MAX_NESTING = 3 * MAX_DEPTH

#: Small frames are sent, and bytes received ahead, in pieces of this size.
_AHEAD = 2**16

#: Whether a socket's own time limit has the form that it has on Linux.
_KERNEL_WAITS = sys.platform == "linux"
#: How a socket says that its time limit has passed, the kernel's or Python's.
_NOT_YET = (BlockingIOError, TimeoutError)

_HEADER = struct.Struct("<II")
_DTYPE = re.compile(r"[<>|][biufc]\d{1,2}")

_ARRAY, _SCALAR, _TENSOR, _TUPLE, _SET, _SLICE, _INT, _COMPLEX, _DTYPE_EXT, _HANDLE, _SERVED = (
    range(11)
)


class Malformed(Exception):
    """Bytes that are no message."""


def encode(message: Any) -> list[bytes | memoryview]:
    """A message as the parts of one frame.

    Args:
        message: built-in types, arrays, tensors, dtypes, :class:`Handle` and :class:`Served`, as
            :func:`assignments.values.export_value` leaves them.

    Raises:
        TooLarge: beyond the limits of the wire.
    """
    return _Encoder().frame(message)


def decode(structure: bytes, buffers: list[bytearray]) -> Any:
    """The message of one frame.

    Raises:
        Malformed: anything that :func:`encode` would not have written.
    """
    try:
        message = _Decoder(buffers).unpack(structure)
        _check_nesting([message], MAX_NESTING)
        return message
    except Malformed:
        raise
    except Exception as error:
        raise Malformed(f"{type(error).__name__}: {error}") from None


class _Encoder:
    """Packs values; what msgpack lacks becomes an extension, whose content is packed the same."""

    def __init__(self) -> None:
        self.buffers: list[memoryview] = []
        self.packers: list[msgpack.Packer] = []
        self.depth = 0

    def frame(self, message: Any) -> list[bytes | memoryview]:
        self.buffers = []
        structure = self.pack(message)
        sizes = [buffer.nbytes for buffer in self.buffers]
        if len(structure) > MAX_STRUCTURE or len(sizes) > MAX_BUFFERS or sum(sizes) > MAX_BYTES:
            raise TooLarge(
                _("a message of {size} MB and {count} arrays is too large to hand over").format(
                    size=(len(structure) + sum(sizes)) // 2**20, count=len(sizes)
                )
            )
        head = _HEADER.pack(len(structure), len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes)
        return [head + structure, *self.buffers]

    def pack(self, value: Any) -> bytes:
        # A packer makes a large buffer and cannot be entered again: one for each level, kept.
        if self.depth == len(self.packers):
            self.packers.append(
                msgpack.Packer(
                    default=self.extend, strict_types=True, unicode_errors="surrogatepass"
                )
            )
        self.depth += 1
        try:
            return self.packers[self.depth - 1].pack(value)
        finally:
            self.depth -= 1

    def buffer(self, array: np.ndarray) -> int:
        flat = np.ascontiguousarray(array).reshape(-1)
        self.buffers.append(flat.view(np.uint8).data)
        return len(self.buffers) - 1

    def extend(self, value: Any) -> msgpack.ExtType:
        code, content = self.describe(value)
        return msgpack.ExtType(code, self.pack(content))

    def describe(self, value: Any) -> tuple[int, Any]:
        kind = type(value)
        if kind is np.ndarray:
            return _ARRAY, [self.buffer(value), value.dtype.str, list(value.shape)]
        if kind is tuple:
            return _TUPLE, list(value)
        if isinstance(value, np.generic):
            return _SCALAR, [value.dtype.str, value.tobytes()]
        if kind is int:
            return _INT, value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        if kind is complex:
            return _COMPLEX, [value.real, value.imag]
        if kind in (set, frozenset):
            return _SET, [kind is frozenset, list(value)]
        if kind is slice:
            return _SLICE, [value.start, value.stop, value.step]
        if isinstance(value, np.dtype):
            return _DTYPE_EXT, ["dtype", value.str]
        if isinstance(value, type) and issubclass(value, np.generic):
            return _DTYPE_EXT, ["type", np.dtype(value).str]
        if kind is Handle:
            return _HANDLE, [value.id, value.type_name, value.detail]
        if kind is Served:
            return _SERVED, value.name
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.Tensor):
            name = str(value.dtype).removeprefix("torch.")
            plain = value.detach().cpu()
            if plain.dtype is torch.bfloat16:
                plain = plain.view(torch.int16)
            array = plain.numpy()
            shape = list(value.shape)
            return _TENSOR, [self.buffer(array), name, array.dtype.str, shape, value.requires_grad]
        if torch is not None and kind is torch.dtype:
            return _DTYPE_EXT, ["torch", str(value).removeprefix("torch.")]
        raise TypeError(f"a {kind.__name__} cannot cross the wire")


class _Decoder:
    def __init__(self, buffers: list[bytearray]) -> None:
        self.buffers = buffers
        self.depth = 0

    def unpack(self, data: bytes) -> Any:
        if self.depth > MAX_NESTING:
            raise Malformed("nested too deeply")
        self.depth += 1
        try:
            return msgpack.unpackb(
                data,
                ext_hook=self.extend,
                object_pairs_hook=_mapping,
                strict_map_key=False,
                unicode_errors="replace",
                max_array_len=min(len(data), MAX_ELEMENTS),
                max_map_len=min(len(data), MAX_ELEMENTS),
            )
        finally:
            self.depth -= 1

    def extend(self, code: int, data: bytes) -> Any:
        content = self.unpack(data)
        if code == _ARRAY:
            return self.array(*content)
        if code == _TUPLE:
            return tuple(content)
        if code == _SCALAR:
            dtype, raw = content
            return np.frombuffer(raw, _dtype(dtype), count=1)[0]
        if code == _INT:
            if len(content) > MAX_INT_BITS // 8 + 1:
                raise Malformed("an integer of too many digits")
            return int.from_bytes(content, "little", signed=True)
        if code == _COMPLEX:
            return complex(*content)
        if code == _SET:
            frozen, items = content
            if not all(map(is_key, items)):
                raise Malformed("an element of a set")
            return (frozenset if frozen else set)(items)
        if code == _SLICE:
            return slice(*content)
        if code == _HANDLE:
            number, type_name, detail = content
            if type(number) is not int or not type(type_name) is type(detail) is str:
                raise Malformed("a handle")
            return Handle(number, type_name[:80], detail[:200])
        if code == _SERVED:
            return Served(str(content)[:200])
        if code == _TENSOR:
            return self.tensor(*content)
        if code == _DTYPE_EXT:
            how, name = content
            if how == "torch":
                return _torch_dtype(name)
            dtype = _dtype(name)
            return dtype if how == "dtype" else dtype.type
        raise Malformed(f"unknown extension {code}")

    def array(self, index: int, dtype: str, shape: list[int]) -> np.ndarray:
        return self.shaped(np.frombuffer(self.buffers[index], _dtype(dtype)), shape)

    def shaped(self, flat: np.ndarray, shape: list[int]) -> np.ndarray:
        if len(shape) > 32 or any(type(n) is not int or n < 0 for n in shape):
            raise Malformed("a shape")
        if math.prod(shape) != flat.size:
            raise Malformed("an array whose bytes do not fit its shape")
        return flat.reshape(shape)

    def tensor(self, index: int, name: str, dtype: str, shape: list[int], grad: bool) -> Any:
        kind = _torch_dtype(name)
        torch = sys.modules["torch"]
        tensor = torch.from_numpy(self.array(index, dtype, shape))
        if kind is torch.bfloat16:
            tensor = tensor.view(torch.bfloat16)
        if tensor.dtype is not kind:
            raise Malformed("a tensor whose bytes do not fit its dtype")
        return tensor.requires_grad_(bool(grad))


def _dtype(text: str) -> np.dtype:
    if type(text) is not str or not _DTYPE.fullmatch(text):
        raise Malformed("a dtype")
    return np.dtype(text)


def _torch_dtype(name: str) -> Any:
    torch = sys.modules.get("torch")
    if torch is None or type(name) is not str or name not in TENSOR_DTYPES:
        raise Malformed("a torch dtype")
    return getattr(torch, name)


def _mapping(pairs: list[tuple[Any, Any]]) -> dict:
    if not all(is_key(key) for key, _value in pairs):
        raise Malformed("a key of a mapping")
    return dict(pairs)


def _check_nesting(value: Any, levels: int) -> None:
    if not levels:
        raise Malformed("nested too deeply")
    for item in value.values() if type(value) is dict else value:
        if type(item) in (list, tuple, dict):
            _check_nesting(item, levels - 1)


class Connection:
    """One end of the wire.

    Args:
        sock: a connected stream socket.
        on_wait: called again and again, whether something comes or not; it ends the waiting by
            raising.
        patience: seconds between those calls.

    Attributes:
        received_bytes: bytes of all arrays in the last message that came.
    """

    def __init__(
        self, sock: socket.socket, on_wait: Callable[[], None] | None = None, patience: float = 0.05
    ) -> None:
        self.sock = sock
        self.on_wait = on_wait
        self.received_bytes = 0
        self._patience = patience
        self._last_wait = time.monotonic()
        self._encoder = _Encoder()
        self._chunk = bytearray(_AHEAD)
        self._ahead = bytearray()
        sock.settimeout(patience if on_wait and not _KERNEL_WAITS else None)
        if on_wait and _KERNEL_WAITS:
            # The kernel's time limit costs nothing; Python's costs one more system call each time.
            limit = struct.pack("@ll", int(patience), int(patience % 1 * 1e6))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def send(self, message: Any) -> None:
        """Send a message.

        Raises:
            TooLarge: it is beyond the limits; nothing was sent.
            OSError: the other end is gone.
        """
        parts = self._encoder.frame(message)
        if len(parts) > 1 and sum(map(len, parts)) < _AHEAD:
            parts = [b"".join(parts)]
        for part in parts:
            view = memoryview(part)
            while view:
                with contextlib.suppress(*_NOT_YET):
                    view = view[self.sock.send(view) :]
                if view:
                    self._wait()

    def receive(self) -> Any:
        """The next message.

        Raises:
            Malformed: what came is no message.
            EOFError: the other end is gone.
        """
        length, count = _HEADER.unpack(self._read(_HEADER.size))
        if length > MAX_STRUCTURE or count > MAX_BUFFERS:
            raise Malformed("a frame beyond the limits")
        sizes = struct.unpack(f"<{count}Q", self._read(8 * count)) if count else ()
        self.received_bytes = sum(sizes)
        if self.received_bytes > MAX_BYTES:
            raise Malformed("a frame beyond the limits")
        structure = self._read(length)
        return decode(bytes(structure), [self._read(size) for size in sizes])

    def _read(self, size: int) -> bytearray:
        while len(self._ahead) < size <= _AHEAD:
            self._ahead += memoryview(self._chunk)[: self._receive_into(self._chunk)]
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        if len(data) < size:
            at = len(data)
            data += bytes(size - at)
            view = memoryview(data)
            while at < size:
                at += self._receive_into(view[at:])
        return data

    def _receive_into(self, target: bytearray | memoryview) -> int:
        while True:
            self._wait()
            try:
                count = self.sock.recv_into(target)
            except _NOT_YET:
                continue
            except OSError:
                raise EOFError from None
            if count == 0:
                raise EOFError
            return count

    def _wait(self) -> None:
        # By the clock, not by what comes: one byte now and then must not keep us waiting.
        if self.on_wait is not None:
            now = time.monotonic()
            if now - self._last_wait >= self._patience:
                self.on_wait()
                self._last_wait = time.monotonic()

    def close(self) -> None:
        self.sock.close()
