"""The cache of ready-made arrays."""

import numpy as np
import pytest

from assignments.data.cache import cached_arrays
from assignments.data.folders import cache_folder


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSIGNMENTS_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Maker:
    """Makes the same array and counts how often."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return {"a": np.arange(1000)}


def test_made_once(folder):
    make = Maker()
    for _ in range(3):
        np.testing.assert_array_equal(cached_arrays("x", "v1", make)["a"], np.arange(1000))
    assert make.calls == 1
    assert [path.name for path in folder.iterdir()] == ["x.npz"]


def test_another_fingerprint_makes_it_again():
    make = Maker()
    cached_arrays("x", "v1", make)
    cached_arrays("x", "v2", make)
    cached_arrays("x", "v2", make)
    assert make.calls == 2


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "text"])
def test_a_damaged_file_is_made_again(folder, damage):
    make = Maker()
    cached_arrays("x", "v1", make)
    path = folder / "x.npz"
    content = bytearray(path.read_bytes())
    if damage == "empty":
        content = b""
    elif damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        content[len(content) // 3] ^= 255
    else:
        content = b"not an archive"
    path.write_bytes(content)
    np.testing.assert_array_equal(cached_arrays("x", "v1", make)["a"], np.arange(1000))
    assert make.calls == 2
    cached_arrays("x", "v1", make)
    assert make.calls == 2


def test_a_pickle_in_the_cache_is_not_executed(folder):
    folder.mkdir()
    np.savez(folder / "x.npz", a=np.array([{}], dtype=object), fingerprint=np.array("v1"))
    make = Maker()
    assert cached_arrays("x", "v1", make)["a"].dtype == np.arange(1).dtype
    assert make.calls == 1


def test_a_folder_that_cannot_be_written_is_no_error(folder):
    folder.write_text("a file where the folder should be")
    assert len(cached_arrays("x", "v1", Maker())["a"]) == 1000


def test_the_environment_variable_moves_the_cache(folder, monkeypatch):
    assert cache_folder() == folder
    monkeypatch.delenv("ASSIGNMENTS_DATA")
    assert cache_folder().name == "vision-assignments"
