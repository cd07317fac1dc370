"""CIFAR-10's own format, on files that the tests make."""

import io
import os
import pickle
import struct
import tarfile
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.data import cifar10, load_data


class Python2Pickler(pickle._Pickler):
    """Writes byte strings and arrays as Python 2 did, which wrote the real files."""

    dispatch: ClassVar[dict] = dict(pickle._Pickler.dispatch)

    def save_bytes(self, value: bytes) -> None:
        self.write(b"T" + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes


def as_python2(value: object) -> bytes:
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump(value)
    return file.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def batch(images: np.ndarray, labels: list[int]) -> dict[bytes, object]:
    """The content of a batch file; images (N, 32, 32, 3) uint8."""
    return {
        b"batch_label": b"training batch 1 of 5",
        b"labels": labels,
        b"data": np.ascontiguousarray(images.transpose(0, 3, 1, 2).reshape(len(images), -1)),
        b"filenames": [f"leptodactylus_pentadactylus_s_{i:06}.png".encode() for i in labels],
    }


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)


VALID = as_python2(batch(np.full((1, 32, 32, 3), 7, np.uint8), [3]))


def test_a_batch_is_read_as_written(tmp_path, images):
    path = tmp_path / "data_batch_1"
    path.write_bytes(as_python2(batch(images, [6, 9, 9, 4])))
    X, y = cifar10.read_batch(path)
    np.testing.assert_array_equal(X, images)
    np.testing.assert_array_equal(y, [6, 9, 9, 4])
    assert X.dtype == np.uint8
    assert y.dtype == np.int64
    X[0] = 0  # the arrays are the caller's own


@pytest.mark.parametrize("protocol", [3, 4])
def test_a_batch_that_python_3_wrote_is_read(images, protocol):
    content = pickle.dumps(batch(images, [1, 2, 3, 4]), protocol)
    np.testing.assert_array_equal(cifar10._parse_batch(content)[0], images)


def test_the_whole_set(tmp_path, monkeypatch, images):
    monkeypatch.setenv("ASSIGNMENTS_DATA", str(tmp_path))
    folder = cifar10.folder()
    folder.mkdir(parents=True)
    for number, name in enumerate((*cifar10.TRAIN_FILES, cifar10.TEST_FILE)):
        (folder / name).write_bytes(as_python2(batch(images + np.uint8(number), [number] * 4)))
    data = load_data("cifar10")
    assert data.X_train.shape == (20, 32, 32, 3)
    assert data.X_test.shape == (4, 32, 32, 3)
    np.testing.assert_array_equal(data.y_train, np.repeat(range(5), 4))
    np.testing.assert_array_equal(data.X_train[4:8], images + np.uint8(1))


class Exploit:
    def __reduce__(self):
        return os.system, ("echo run >&2",)


@pytest.mark.parametrize("protocol", range(6))
def test_code_in_a_pickle_does_not_run(protocol, capfd):
    with pytest.raises(ValueError, match="asks for"):
        cifar10._parse_batch(pickle.dumps({b"data": Exploit(), b"labels": [1]}, protocol))
    assert "run" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({b"labels": [1, 2, 3]}, "3 labels and 12288 bytes"),
        ({b"labels": [1, 2, 3, 10]}, "numbers from 0 to 9"),
        ({b"labels": [True] * 4}, "numbers from 0 to 9"),
        ({b"labels": b"1234"}, "numbers from 0 to 9"),
        ({b"data": b"no array"}, "no array"),
        ({b"data": np.zeros((4, 3072), np.float32)}, "no array of bytes"),
        ({b"data": np.zeros((4, 3072), np.uint8, order="F")}, "no array of bytes"),
        ({b"data": np.zeros((4, 3071), np.uint8)}, "12284 bytes"),
        ({b"labels": [], b"data": np.zeros((0, 3072), np.uint8)}, "0 labels"),
    ],
)
def test_other_content_is_refused_with_the_reason(tmp_path, images, change, reason):
    path = tmp_path / "data_batch_2"
    path.write_bytes(as_python2({**batch(images, [1, 2, 3, 4]), **change}))
    with pytest.raises(ValueError, match=rf"data_batch_2 is no CIFAR-10 batch: .*{reason}.*fetch"):
        cifar10.read_batch(path)


@pytest.mark.parametrize("value", [[], {}, {b"data": 1}, None, "text"])
def test_pickles_of_something_else_are_refused(value):
    with pytest.raises(ValueError, match="no data and labels"):
        cifar10._parse_batch(as_python2(value))


def check_parse_or_refuse(content: bytes) -> None:
    """Whatever the bytes: images and labels in the promised form, or ValueError."""
    try:
        X, y = cifar10._parse_batch(content)
    except ValueError:
        return
    assert X.dtype == np.uint8
    assert X.shape == (len(y), 32, 32, 3)
    assert ((y >= 0) & (y < 10)).all()


@given(st.binary(max_size=200))
def test_any_bytes(content):
    check_parse_or_refuse(content)


@given(st.integers(0, len(VALID) - 1))
def test_a_file_cut_short(length):
    with pytest.raises(ValueError, match="unpickled"):
        cifar10._parse_batch(VALID[:length])


# Positions outside the pixels are the interesting ones.
STRUCTURE = [i for i in range(len(VALID)) if VALID[i] != 7]


@given(st.lists(st.tuples(st.sampled_from(STRUCTURE), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_file(changes):
    content = bytearray(VALID)
    for position, value in changes:
        content[position] = value
    check_parse_or_refuse(bytes(content))


def test_a_huge_memo_index_takes_no_memory():
    check_parse_or_refuse(b"\x80\x02Nr\xff\xff\xff\x7f.")


def test_unpack_takes_only_the_batch_files(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSIGNMENTS_DATA", str(tmp_path / "cache"))
    archive = tmp_path / "archive.tar.gz"
    wanted = [*cifar10.TRAIN_FILES, cifar10.TEST_FILE]
    with tarfile.open(archive, "w:gz") as tar:
        for name in ["../evil", "cifar-10-batches-py/readme.html"] + [
            f"cifar-10-batches-py/{name}" for name in wanted
        ]:
            info = tarfile.TarInfo(name)
            info.size = len(VALID)
            tar.addfile(info, io.BytesIO(VALID))
    assert not cifar10.is_present()
    cifar10.unpack(archive)
    assert cifar10.is_present()
    assert sorted(path.name for path in cifar10.folder().iterdir()) == sorted(wanted)
    assert not (tmp_path / "cache" / "evil").exists()
    assert load_data("cifar10").y_test.tolist() == [3]
