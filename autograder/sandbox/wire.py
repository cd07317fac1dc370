"""The wire: messages between the grader and the sandbox, as msgpack with arrays beside it.

A frame is a header, a bounded msgpack structure and the raw bytes of its arrays::

    u32 length of the structure | u32 number of buffers | u64 length of each | structure | buffers

Sizes, nesting and element types are checked before anything is built from them, because whatever
sits at the other end may be hostile. Both ends import this module; it needs msgpack and NumPy, and
torch only where torch is loaded already.
"""

import math
import re
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

import msgpack
import numpy as np

from assignments.values import MAX_DEPTH, Handle, Served

__all__ = ["Connection", "Malformed", "TooLarge", "decode", "encode"]

MAX_STRUCTURE = 4 * 2**20
MAX_BUFFERS = 20_000
MAX_BYTES = 128 * 2**20
MAX_INT_BYTES = 1024

#: Small frames are sent, and bytes received ahead, in pieces of this size.
_AHEAD = 2**16

_HEADER = struct.Struct("<II")
_DTYPE = re.compile(r"[<>|][biufc]\d{1,2}")

_ARRAY, _SCALAR, _TENSOR, _TUPLE, _SET, _SLICE, _INT, _COMPLEX, _DTYPE_EXT, _HANDLE, _SERVED = (
    range(11)
)


class Malformed(Exception):
    """Bytes that are no message."""


class TooLarge(Exception):
    """A message beyond the limits of the wire."""


def encode(message: Any) -> list[bytes | memoryview]:
    """A message as the parts of one frame.

    Args:
        message: built-in types, arrays, tensors, dtypes, :class:`Handle` and :class:`Served`, as
            :func:`assignments.values.export_value` leaves them.

    Raises:
        TooLarge: beyond the limits of the wire.
    """
    encoder = _Encoder()
    structure = encoder.pack(message)
    sizes = [buffer.nbytes for buffer in encoder.buffers]
    if len(structure) > MAX_STRUCTURE or len(sizes) > MAX_BUFFERS or sum(sizes) > MAX_BYTES:
        raise TooLarge(f"{(len(structure) + sum(sizes)) / 2**20:.0f} MB")
    head = _HEADER.pack(len(structure), len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes)
    return [head + structure, *encoder.buffers]


def decode(structure: bytes, buffers: list[bytearray]) -> Any:
    """The message of one frame.

    Raises:
        Malformed: anything that :func:`encode` would not have written.
    """
    try:
        return _Decoder(buffers).unpack(structure)
    except Malformed:
        raise
    except Exception as error:
        raise Malformed(f"{type(error).__name__}: {error}") from None


class _Encoder:
    def __init__(self) -> None:
        self.buffers: list[memoryview] = []

    def pack(self, value: Any) -> bytes:
        return msgpack.packb(
            value, default=self.extend, strict_types=True, unicode_errors="surrogatepass"
        )

    def buffer(self, array: np.ndarray) -> int:
        self.buffers.append(memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8)))
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
        # Each nested tuple is one more level; the 4 allow for the message around a value.
        if self.depth > 2 * MAX_DEPTH + 4:
            raise Malformed("nested too deeply")
        self.depth += 1
        try:
            return msgpack.unpackb(
                data, ext_hook=self.extend, strict_map_key=False, unicode_errors="surrogatepass"
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
            if len(content) > MAX_INT_BYTES:
                raise Malformed("an integer of too many digits")
            return int.from_bytes(content, "little", signed=True)
        if code == _COMPLEX:
            return complex(*content)
        if code == _SET:
            return (frozenset if content[0] else set)(content[1])
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
    kind = getattr(torch, name, None) if torch is not None and type(name) is str else None
    if torch is None or not isinstance(kind, torch.dtype):
        raise Malformed("a torch dtype")
    return kind


class Connection:
    """One end of the wire.

    Args:
        sock: a connected stream socket.
        on_wait: called again and again while nothing comes; it ends the waiting by raising.
        patience: seconds between those calls.
    """

    def __init__(
        self, sock: socket.socket, on_wait: Callable[[], None] | None = None, patience: float = 0.05
    ) -> None:
        self.sock = sock
        self.on_wait = on_wait
        self._ahead = bytearray()
        sock.settimeout(patience if on_wait else None)

    def send(self, message: Any) -> None:
        """Send a message.

        Raises:
            TooLarge: it is beyond the limits; nothing was sent.
            OSError: the other end is gone.
        """
        parts = encode(message)
        if sum(map(len, parts)) < _AHEAD:
            parts = [b"".join(parts)]
        for part in parts:
            view = memoryview(part)
            while view:
                try:
                    view = view[self.sock.send(view) :]
                except TimeoutError:
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
        sizes = struct.unpack(f"<{count}Q", self._read(8 * count))
        if sum(sizes) > MAX_BYTES:
            raise Malformed("a frame beyond the limits")
        structure = self._read(length)
        return decode(bytes(structure), [self._read(size) for size in sizes])

    def _read(self, size: int) -> bytearray:
        if len(self._ahead) < size <= _AHEAD:
            chunk = bytearray(_AHEAD)
            while len(self._ahead) < size:
                self._ahead += chunk[: self._receive_into(chunk)]
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
            try:
                count = self.sock.recv_into(target)
            except TimeoutError:
                self._wait()
                continue
            except OSError:
                raise EOFError from None
            if count == 0:
                raise EOFError
            return count

    def _wait(self) -> None:
        if self.on_wait is not None:
            self.on_wait()

    def close(self) -> None:
        self.sock.close()
