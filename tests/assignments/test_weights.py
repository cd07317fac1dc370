"""A weights file is believed nothing: it is read as numbers and texts, or refused with a reason."""

import io
import json
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from assignments.student import CheckFailed, Student, in_process
from assignments.weights import (
    MAX_ARRAYS,
    MAX_BYTES,
    MAX_HEADER,
    MAX_TEXTS,
    names_of,
    read_weights,
)
from assignments.workspace import Workspace


def saved(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def archive(entries, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return buffer.getvalue()


def npy(shape, dtype="<f8", data=b""):
    """An .npy entry whose header says what it likes."""
    buffer = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + data


def refused(data):
    with pytest.raises(CheckFailed) as failure:
        read_weights(data, "weights.npz")
    assert "weights.npz" in failure.value.reason
    return failure.value.reason


def test_numbers_and_texts_come_back():
    W = np.arange(6.0).reshape(2, 3)
    data = saved(W=W, half=W.astype(np.float16), n=np.int64(4), name="emoji10", fns=["a", "b"])
    weights = read_weights(data, "weights.npz")
    assert np.array_equal(weights["W"], W)
    assert weights["half"].dtype == np.float16
    assert weights["n"] == 4
    assert (weights["name"], weights["fns"]) == ("emoji10", ["a", "b"])


def test_compressed_and_fortran_order():
    buffer = io.BytesIO()
    W = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    np.savez_compressed(buffer, W=W)
    assert np.array_equal(read_weights(buffer.getvalue(), "w")["W"], W)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not an archive", saved(W=np.ones(9))[:-30]])
def test_damaged_files(data):
    assert "cannot be read" in refused(data)


def test_a_damaged_array():
    data = bytearray(saved(W=np.ones(1000)))
    data[500] ^= 255
    assert "cannot be read" in refused(bytes(data))


def test_objects_are_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("opened").touch, ())

    assert "Python objects" in refused(saved(W=np.array([Trap()], dtype=object)))
    assert "cannot be read" in refused(pickle.dumps(Trap()))
    assert "cannot be read" in refused(archive({"W.npy": pickle.dumps(Trap())}))
    assert not tmp_path.joinpath("opened").exists()


@pytest.mark.parametrize(
    "shape", [(10**10,), (2**62, 2**62), (MAX_BYTES // 8 + 1,), (10**9, 10**9, 0, 1)[:2]]
)
def test_sizes_are_added_up_from_the_headers(shape):
    assert "at most" in refused(archive({"W.npy": npy(shape)}))


@pytest.mark.parametrize(
    "header", ["{'descr': '<f8', 'shape': (", "(" * 9000, "{" * 500, "b'", "\\"]
)
def test_headers_that_do_not_parse(header):
    text = header.encode()
    entry = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
    assert "cannot be read" in refused(archive({"W.npy": entry}))


def test_other_compressions_are_not_tried():
    """One of them reserves gigabytes where an entry says so, and all raise errors of their own."""
    for compression in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        data = archive({"W.npy": npy((3,), data=bytes(24))}, compression)
        assert "compressed as np.savez does not" in refused(data)


def test_encrypted_entries():
    data = bytearray(archive({"W.npy": npy((3,), data=bytes(24))}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    assert "cannot be read" in refused(bytes(data))


def test_names_that_occur_twice():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in ("W.npy", "W"):
            file.writestr(name, npy((3,), data=bytes(24)))
    assert "the same name" in refused(buffer.getvalue())


def test_more_texts_than_anybody_needs():
    assert "more texts" in refused(saved(names=np.full(MAX_TEXTS + 1, "a")))


def test_a_directory_of_many_entries_is_not_even_opened(monkeypatch):
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert "at most" in refused(b"PK\x01\x02" * (MAX_ARRAYS + 1))


def test_many_small_arrays_add_up():
    part = npy((MAX_BYTES // 8 // 3,))
    assert "at most" in refused(archive({f"W{i}.npy": part for i in range(4)}))
    assert "at most" in refused(archive({f"W{i}.npy": npy((1,)) for i in range(MAX_ARRAYS + 1)}))


def test_an_archive_that_unpacks_to_much():
    bomb = archive({"W.npy": npy((4,), data=bytes(MAX_BYTES + 1))})
    assert len(bomb) < MAX_BYTES / 100
    assert "at most" in refused(bomb)


def test_less_data_than_stated():
    assert "cannot be read" in refused(archive({"W.npy": npy((1000,), data=b"12345678")}))


@pytest.mark.parametrize("dtype", ["|S8", "<M8[s]", "|V8", "<c16", "<U0"])
def test_other_types(dtype):
    assert "numbers are expected" in refused(archive({"W.npy": npy((3,), dtype, bytes(48))}))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none(bad):
    assert "did the training diverge" in refused(saved(W=np.array([1.0, bad])))


@given(st.binary(max_size=300))
def test_arbitrary_bytes(data):
    refused(data)


GOOD = saved(W=np.arange(12.0).reshape(3, 4), data_set="emoji10")


def mutated(good):
    """Strategies for a file in which bytes were changed, cut out or put in."""
    place = st.integers(0, len(good) - 1)

    def change(changes):
        data = bytearray(good)
        for at, length, new in changes:
            data[at : at + length] = new
        return bytes(data)

    change_of_one = st.tuples(place, st.just(1), st.binary(min_size=1, max_size=1))
    change_of_many = st.tuples(place, st.integers(0, 40), st.binary(max_size=12))
    return st.lists(change_of_one | change_of_many, max_size=8).map(change)


def read_within_bounds(data, name):
    """Read it; it is refused, or arrays and texts, and took no more memory than it may."""
    tracemalloc.start()
    try:
        weights = read_weights(data, name)
    except CheckFailed:
        weights = {}
    finally:
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert all(isinstance(value, np.ndarray | str | list) for value in weights.values())
    assert peak < 4 * MAX_BYTES


@settings(max_examples=300, deadline=None)
@given(mutated(GOOD) | mutated(archive({"W.npy": npy((40,), data=bytes(320))})))
def test_mutated_files(data):
    read_within_bounds(data, "weights.npz")


headers = st.recursive(
    st.none() | st.integers() | st.sampled_from(["<f8", "|V0", "O", "<U9", "descr", "shape"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.fixed_dictionaries({"descr": inner, "fortran_order": inner, "shape": inner})
    ),
)


@settings(max_examples=200, deadline=None)
@given(headers, st.sampled_from([(1, 0), (2, 0), (3, 0), (9, 9)]), st.binary(max_size=40))
def test_headers_that_say_what_they_like(header, version, data):
    text = repr(header).encode()
    length = len(text).to_bytes(2 if version == (1, 0) else 4, "little")
    entry = b"\x93NUMPY" + bytes(version) + length + text + data
    read_within_bounds(archive({"W.npy": entry}), "weights.npz")


# --- safetensors ---------------------------------------------------------------------------------

TENSORS = safetensors.numpy.save({"W": np.arange(12.0).reshape(3, 4)}, {"data_set": "emoji10"})


def tensors(header, data=b""):
    """A safetensors file whose header says what it likes."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(shape, size, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}


def refused_tensors(data):
    with pytest.raises(CheckFailed) as failure:
        read_weights(data, "weights.safetensors")
    assert "weights.safetensors" in failure.value.reason
    return failure.value.reason


def test_numbers_and_texts_of_a_safetensors_file():
    data = safetensors.numpy.save(
        {"W": np.eye(3, dtype=np.float16), "n": np.array(4)}, {"data_set": "emoji10"}
    )
    weights = read_weights(data, "weights.safetensors")
    assert np.array_equal(weights["W"], np.eye(3))
    assert (weights["W"].dtype, weights["n"]) == (np.float16, 4)
    assert weights["data_set"] == "emoji10"


def test_a_name_of_each_format():
    assert names_of("a_weights.npz") == ["a_weights.npz", "a_weights.safetensors"]
    assert names_of("a.safetensors") == ["a.safetensors", "a.npz"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no tensors at all",
        GOOD,
        TENSORS[:-1],
        TENSORS + b" ",
        tensors([]),
        tensors({"W": 3}),
        tensors({"__metadata__": {"data_set": 3}, "W": entry([1], 4)}, bytes(4)),
        tensors({"W": entry([3, 10**9], 4)}, bytes(4)),
        tensors({"W": entry([2**62, 2**62], 4)}, bytes(4)),
        tensors({"W": entry([-1], 4)}, bytes(4)),
        tensors({"W": entry([1], 4), "V": entry([1], 4)}, bytes(4)),
        (10**5).to_bytes(8, "little") + b"[" * 10**5,
        (2**63).to_bytes(8, "little") + TENSORS[8:],
    ],
)
def test_damaged_safetensors_files(data):
    assert "cannot be read as a safetensors file" in refused_tensors(data)


def test_safetensors_files_that_are_too_large():
    assert "at most" in refused_tensors(safetensors.numpy.save({"W": np.zeros(MAX_BYTES // 8)}))
    many = {f"W{i}": np.zeros(1) for i in range(MAX_ARRAYS + 1)}
    assert "at most" in refused_tensors(safetensors.numpy.save(many))


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "C64", ["F32"]])
def test_safetensors_of_other_types(dtype):
    data = tensors({"W": entry([1], 4, dtype)}, bytes(4))
    assert "numbers are expected" in refused_tensors(data)


def test_safetensors_that_diverged():
    data = safetensors.numpy.save({"W": np.array([1.0, np.nan], np.float16)})
    assert "did the training diverge" in refused_tensors(data)


@settings(max_examples=300, deadline=None)
@given(mutated(TENSORS) | st.binary(max_size=200))
def test_mutated_safetensors_files(data):
    read_within_bounds(data, "weights.safetensors")


def test_a_header_longer_than_any_is_not_parsed():
    text = b"[" * (MAX_HEADER + 1)
    assert "header is too long" in refused_tensors(len(text).to_bytes(8, "little") + text)


def test_a_kernel_finds_the_file_beside_its_notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    student = Student(in_process(Workspace({})))
    with pytest.raises(CheckFailed, match=r"weights\.npz is not there.*run the cell that saves it"):
        student.file("weights.npz")
    tmp_path.joinpath("weights.npz").write_bytes(GOOD)
    assert student.file("weights.npz") == GOOD


def test_what_one_check_shares_the_next_one_finds():
    shared = {}
    Student(in_process(Workspace({})), shared=shared).shared["labels"] = 1
    assert Student(in_process(Workspace({})), shared=shared).shared == {"labels": 1}
    assert Student(in_process(Workspace({}))).shared == {}
