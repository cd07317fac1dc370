"""COCO's captions, from tiny files in the formats of the real ones."""

import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from assignments.data import coco
from assignments.data.captions import load_captions
from assignments.data.download import DownloadError
from tests.helpers.coco_files import CAPTIONS, WORDS, write_files


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSIGNMENTS_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_course_files_are_read(cache):
    write_files(cache / "coco")
    data = load_captions("coco")
    assert data.train.features.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert data.train.grid.shape == (2, 3, 4, 4)
    assert (data.train.grid == data.train.features[:, :, None, None]).all()
    assert data.train.captions.dtype == data.train.image_index.dtype == np.int64
    assert data.vocabulary.decode(data.train.captions_of(1)) == ["a dog", "a <UNK> cat"]
    assert not data.train.new_pair.any()


def test_the_photographs_to_validate_are_halved(cache):
    captions = {**CAPTIONS, "val": ([[1, 5, 2], [1, 6, 2], [1, 3, 2], [1, 4, 2]], [1, 2, 0, 1])}
    write_files(cache / "coco", captions, num_images=3)
    data = load_captions("coco")
    np.testing.assert_array_equal(
        np.concatenate([data.val.features, data.test.features]), data.train.features
    )
    assert data.val.image_index.tolist() == [1, 0, 1]
    assert data.vocabulary.decode(data.test.captions_of(0)) == ["dog"]
    assert data.test.urls == ("http://example.org/val2.jpg",)


def test_a_picture_is_fetched(cache, monkeypatch):
    write_files(cache / "coco")
    file = cache / "a.png"
    Image.new("RGB", (8, 6), (9, 0, 0)).save(file)
    data = load_captions("coco")
    train = data.train._replace(urls=(file.as_uri(), (cache / "none.png").as_uri()))
    assert train.picture(0).shape == (6, 8, 3)
    assert (train.picture(0) == (9, 0, 0)).all()
    with pytest.warns(UserWarning, match=r"none\.png cannot be shown"):
        assert train.picture(1).shape == (64, 64, 3)
    assert train._replace(urls=()).picture(1).shape == (64, 64, 3)


def test_fewer_pictures(cache):
    write_files(cache / "coco")
    data = load_captions("coco", num_train=1)
    assert len(data.train.features) == len(data.train.captions) == 1
    with pytest.raises(ValueError, match="num_val is 9; it must be from 1 to 1"):
        load_captions("coco", num_val=9)


def test_what_is_not_there_says_how_to_get_it():
    with pytest.raises(FileNotFoundError, match="fetch coco"):
        load_captions("coco")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"words": WORDS[:5]}, "a word is out of range"),
        ({"words": ["a", "b"]}, "different words"),
        ({"num_images": 1}, "an image index is out of range"),
        ({"captions": {"train": CAPTIONS["train"]}}, "val_captions"),
        ({"captions": {**CAPTIONS, "val": ([1, 2], [0])}}, "do not fit"),
    ],
)
def test_files_that_do_not_fit(cache, changes, reason):
    write_files(cache / "coco", **changes)
    with pytest.raises(ValueError, match=reason):
        load_captions("coco")


def test_a_file_that_is_none(cache):
    write_files(cache / "coco")
    (cache / "coco" / coco.CAPTIONS).write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match="cannot be read"):
        load_captions("coco")


def pack(path, folder, prefix="coco_captioning/"):
    with zipfile.ZipFile(path, "w") as packed:
        for file in folder.iterdir():
            packed.write(file, prefix + file.name)
        packed.writestr("../outside.txt", "no")


def test_the_archive_is_unpacked(tmp_path, cache):
    write_files(tmp_path / "files")
    pack(tmp_path / "a.zip", tmp_path / "files")
    assert not coco.is_present()
    coco.unpack(tmp_path / "a.zip")
    assert coco.is_present()
    assert not list(tmp_path.rglob("outside.txt"))
    assert len(load_captions("coco").train.features) == 2


def test_a_damaged_archive_is_deleted(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK but no archive")
    with pytest.raises(DownloadError, match="damaged"):
        coco.unpack(tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_another_archive_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    pack(tmp_path / "a.zip", tmp_path / "empty")
    with pytest.raises(DownloadError, match=r"lacks coco2014_captions\.h5"):
        coco.unpack(tmp_path / "a.zip")


def test_photographs_with_annotations(tmp_path):
    for number in (7, 9):
        Image.new("RGB", (8, 6), (number, 0, 0)).save(tmp_path / f"{number}.png")
    annotations = {
        "images": [{"id": n, "file_name": f"{n}.png"} for n in (7, 9)],
        "annotations": [
            {"id": 1, "image_id": 7, "caption": "A cat."},
            {"id": 2, "image_id": 9, "caption": "Two cats, one dog!"},
            {"id": 3, "image_id": 9, "caption": "A dog"},
        ],
    }
    (tmp_path / "captions.json").write_text(json.dumps(annotations), encoding="utf-8")
    dataset, captions, vocabulary = coco.read_annotations(
        tmp_path, tmp_path / "captions.json", least=2
    )
    assert captions == [[["a", "cat"]], [["two", "cats", "one", "dog"], ["a", "dog"]]]
    assert vocabulary.idx_to_word[4:] == ["a", "dog"]
    image, texts = dataset[1]
    assert image.size == (8, 6)
    assert texts == ["Two cats, one dog!", "A dog"]


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ImportError, match="pip install h5py"):
        coco.read_course_files(None)
