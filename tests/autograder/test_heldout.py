"""Held-out images show drawings that are nowhere else, and are the same for everybody."""

import json

import numpy as np

from assignments.questions import Seeds
from autograder.course import HOME
from autograder.heldout import heldout_images


def names(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {(line["vendor"], line["name"]): line for line in manifest["sprites"]}


def test_the_drawings_are_not_among_the_students():
    heldout = names(HOME / "autograder" / "heldout" / "emoji10")
    assert heldout
    assert not heldout.keys() & names(HOME / "datasets" / "emoji").keys()


def test_images(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSIGNMENTS_DATA", str(tmp_path))  # an empty cache
    X, y = heldout_images.__wrapped__(2**256 - 1)
    assert (X.shape, X.dtype, y.dtype) == ((len(y), 32, 32, 3), np.uint8, np.int64)
    assert np.ptp(np.bincount(y, minlength=10)) == 0
    assert not X.flags.writeable
    assert not y.flags.writeable
    (file,) = tmp_path.rglob("*.npz")
    assert file.stat().st_mode & 0o777 == 0o600
    written = file.stat().st_mtime_ns
    again, labels = heldout_images.__wrapped__(2**256 - 1)
    assert file.stat().st_mtime_ns == written
    assert np.array_equal(X, again)
    assert np.array_equal(y, labels)


def test_another_secret_gives_other_images_and_labels(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSIGNMENTS_DATA", str(tmp_path))
    X, y = heldout_images.__wrapped__(Seeds(b"one").heldout)
    others, labels = heldout_images.__wrapped__(Seeds(b"other").heldout)
    assert np.mean(y == labels) < 0.2
    assert not np.array_equal(X, others)
