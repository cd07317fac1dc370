"""A weights file is believed nothing: it is read as numbers and texts, or refused with a reason."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignments.student import CheckFailed, Student, in_process
from assignments.weights import MAX_ARRAYS, MAX_BYTES, read_weights
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


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=8))
def test_mutated_files(changes):
    data = bytearray(GOOD)
    for place, value in changes:
        data[place] = value
    try:
        weights = read_weights(bytes(data), "weights.npz")
    except CheckFailed:
        return
    assert all(isinstance(value, np.ndarray | str | list) for value in weights.values())


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
