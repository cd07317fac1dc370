"""Held-out images show drawings that are nowhere else, and are the same for everybody."""

import json

import numpy as np

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
    X, y = heldout_images()
    assert (X.shape, X.dtype, y.dtype) == ((len(y), 32, 32, 3), np.uint8, np.int64)
    assert np.ptp(np.bincount(y, minlength=10)) == 0
    assert not X.flags.writeable
    assert not y.flags.writeable
    monkeypatch.setenv("ASSIGNMENTS_DATA", str(tmp_path))  # an empty cache
    again, labels = heldout_images.__wrapped__()
    assert np.array_equal(X, again)
    assert np.array_equal(y, labels)
