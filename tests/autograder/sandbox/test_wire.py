"""The wire: whatever may cross arrives as it was; whatever else comes is refused, cheaply."""

import socket
import struct
import threading
import time
import tracemalloc

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from assignments.values import MAX_BYTES, MAX_DEPTH, Handle, Served, TooLarge
from autograder.sandbox import wire
from autograder.sandbox.wire import Connection, Malformed, decode, encode

dtypes = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes()
    | hnp.floating_dtypes()
    | hnp.complex_number_dtypes()
)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
keys = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5)
plain = (
    keys
    | st.integers(-(2**1000), 2**1000)
    | st.floats()
    | st.complex_numbers()
    | st.binary(max_size=20)
    | arrays
    | arrays.filter(lambda a: a.size).map(lambda a: a.reshape(-1)[0])
    | dtypes
    | st.sampled_from([np.float32, np.int64, np.bool_])
    | st.builds(slice, st.none() | st.integers(-9, 9), st.integers(-9, 9), st.none())
    | st.builds(Handle, st.integers(0, 99), st.text(max_size=9), st.text(max_size=9))
    | st.builds(Served, st.text(max_size=9))
)
messages = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=3)
        | st.frozensets(keys, max_size=3)
        | st.sets(keys, max_size=3)
    ),
    max_leaves=8,
)


def through(message):
    """What arrives of a message."""
    head, *buffers = encode(message)
    _length, count = struct.unpack_from("<II", head)
    return decode(head[8 + 8 * count :], [bytearray(buffer) for buffer in buffers])


def same(a, b) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return len(a) == len(b) and all(
            type(k) is type(m) and same(v, b[k]) for (k, v), m in zip(a.items(), b, strict=True)
        )
    if isinstance(a, float | complex | np.generic):
        return np.array(a).tobytes() == np.array(b).tobytes()
    return a == b


@given(messages)
@settings(deadline=None)
def test_what_may_cross_arrives_as_it_was(message):
    assert same(through(message), message)


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "bfloat16", "float16", "int64", "bool", "complex64"]
)
def test_tensors(dtype):
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([[0, 1], [2, 3]]).to(getattr(torch, dtype))
    tensor.requires_grad_(dtype.startswith("float"))
    arrived = through({"t": tensor, "d": tensor.dtype})
    assert arrived["d"] is tensor.dtype
    assert arrived["t"].dtype is tensor.dtype
    assert arrived["t"].requires_grad == tensor.requires_grad
    assert torch.equal(arrived["t"], tensor)


def test_arrays_arrive_writable():
    array = through(np.zeros(3))
    array[0] = 1


# --- what is no message -------------------------------------------------------------------------


def refused(structure: bytes, buffers=()):
    try:
        decode(structure, [bytearray(b) for b in buffers])
    except Malformed:
        return True
    return False


@given(st.binary(max_size=300), st.lists(st.binary(max_size=20), max_size=3))
@settings(deadline=None)
def test_arbitrary_bytes_are_malformed_or_a_message(structure, buffers):
    refused(structure, buffers)


@given(messages, st.data())
@settings(deadline=None)
def test_mutated_messages_are_malformed_or_a_message(message, data):
    head, *buffers = encode(message)
    _length, count = struct.unpack_from("<II", head)
    structure = bytearray(head[8 + 8 * count :])
    for _ in range(data.draw(st.integers(1, 4))):
        structure[data.draw(st.integers(0, len(structure) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(structure)))
    refused(bytes(structure), buffers)
    refused(bytes(structure[:cut]), buffers)
    refused(bytes(structure), [])


def ext(code: int, content) -> msgpack.ExtType:
    return msgpack.ExtType(code, msgpack.packb(content))


@pytest.mark.parametrize(
    ("content", "buffers"),
    [
        (ext(wire._ARRAY, [0, "<f8", [2]]), [b"12345678"]),  # more shape than bytes
        (ext(wire._ARRAY, [0, "<f8", [-1]]), [b"12345678"]),
        (ext(wire._ARRAY, [0, "<f8", [True]]), [b"12345678"]),
        (ext(wire._ARRAY, [0, "<f8", [2**62, 4]]), [b""]),
        (ext(wire._ARRAY, [0, "O", [1]]), [b"12345678"]),  # pointers
        (ext(wire._ARRAY, [0, "V8", [1]]), [b"12345678"]),
        (ext(wire._ARRAY, [0, "<f3", [1]]), [b"123"]),
        (ext(wire._ARRAY, [5, "<f8", [1]]), [b"12345678"]),  # no such buffer
        (ext(wire._ARRAY, [0]), [b"12345678"]),
        (ext(wire._SCALAR, ["<f8", b"123"]), []),
        (ext(wire._INT, bytes(5000)), []),
        (ext(wire._SET, [False, [[1]]]), []),
        (ext(wire._SET, [False, [ext(wire._INT, (2**61 - 1).to_bytes(20, "little"))]] * 2), []),
        (ext(wire._HANDLE, ["1", "a", "b"]), []),
        (ext(wire._HANDLE, [1, 2, "b"]), []),
        (ext(wire._DTYPE_EXT, ["torch", "load"]), []),
        (ext(wire._DTYPE_EXT, ["dtype", "O"]), []),
        (ext(wire._TENSOR, [0, "hub", "<f8", [1], False]), [b"12345678"]),
        (ext(wire._TENSOR, [0, "float32", "<f8", [1], False]), [b"12345678"]),
        (ext(99, 1), []),
        ({ext(wire._TUPLE, [1]): 1}, []),
    ],
)
def test_forged_extensions(content, buffers):
    assert refused(msgpack.packb(content), buffers)


def test_nesting_is_bounded():
    value: list = []
    for _ in range(MAX_DEPTH):
        value = [value]
    assert through(value) == value
    assert refused(b"\x91" * 500 + b"\xc0")
    packed = msgpack.packb(None)
    for _ in range(100):
        packed = msgpack.packb(msgpack.ExtType(wire._TUPLE, packed))
    assert refused(packed)


def test_colliding_integers_are_refused():
    """Thousands of integers of one hash value would make a set that takes minutes to build."""
    big = [ext(wire._INT, (k * (2**61 - 1)).to_bytes(20, "little")) for k in range(9, 12)]
    assert refused(msgpack.packb(ext(wire._SET, [False, big])))
    assert refused(msgpack.packb(dict.fromkeys(big)))


def test_claims_of_size_allocate_little():
    """A few bytes that claim huge arrays, each inside the other."""
    structure = b"\xdd\x00\x06\x00\x00" * 900
    tracemalloc.start()
    try:
        assert refused(structure)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * 2**20


def test_text_arrives_as_valid_unicode():
    lone_surrogate = msgpack.packb("a\ud800b", unicode_errors="surrogatepass")
    decode(lone_surrogate, []).encode("utf-8")


def test_too_large_to_send():
    with pytest.raises(TooLarge):
        encode("x" * (wire.MAX_STRUCTURE + 1))
    with pytest.raises(TooLarge):
        encode([np.zeros(1)] * (wire.MAX_BUFFERS + 1))
    half = np.zeros(MAX_BYTES // 16 + 1)
    with pytest.raises(TooLarge):
        encode([half, half])


# --- connections --------------------------------------------------------------------------------


@pytest.fixture
def pair():
    a, b = socket.socketpair()
    yield a, b
    a.close()
    b.close()


def test_messages_of_every_size_in_both_directions(pair):
    a, b = Connection(pair[0]), Connection(pair[1], lambda: None)
    sent = [1, "x" * 70_000, np.zeros(10), np.ones(2_000_000), {"a": [np.arange(9000)] * 3}, None]

    def send():
        for message in sent:
            a.send(message)

    thread = threading.Thread(target=send)
    thread.start()
    arrived = [b.receive() for _ in sent]
    thread.join()
    assert all(map(same, arrived, sent))


def test_a_frame_that_ends_early(pair):
    parts = b"".join(encode({"x": np.zeros(4)}))
    pair[0].sendall(parts[:-3])
    pair[0].close()
    with pytest.raises(EOFError):
        Connection(pair[1]).receive()


@pytest.mark.parametrize(
    "header",
    [
        struct.pack("<II", wire.MAX_STRUCTURE + 1, 0),
        struct.pack("<II", 1, wire.MAX_BUFFERS + 1),
        struct.pack("<IIQ", 1, 1, MAX_BYTES + 1),
        struct.pack("<IIQQ", 1, 2, 2**63, 2**63),
    ],
)
def test_frames_beyond_the_limits(pair, header):
    pair[0].sendall(header)
    with pytest.raises(Malformed):
        Connection(pair[1]).receive()


class Enough(Exception):
    pass


def limited(sock, seconds=0.3):
    end = time.monotonic() + seconds

    def on_wait():
        if time.monotonic() > end:
            raise Enough

    return Connection(sock, on_wait, patience=0.02)


def test_waiting_ends_when_nothing_comes(pair):
    with pytest.raises(Enough):
        limited(pair[0]).receive()


def test_waiting_ends_when_bytes_come_one_by_one(pair):
    done = threading.Event()

    def drip():
        pair[1].sendall(struct.pack("<IIQ", 10, 1, 100_000))
        while not done.wait(0.01):
            pair[1].send(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        with pytest.raises(Enough):
            limited(pair[0]).receive()
    finally:
        done.set()
        thread.join()


def test_waiting_ends_when_nobody_reads(pair):
    with pytest.raises(Enough):
        limited(pair[0]).send(np.zeros(4_000_000))
