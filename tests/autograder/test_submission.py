"""What was turned in is read, repaired or refused with a reason; it never raises."""

import json
import os
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import submission as room
from autograder.submission import Submission, find_submissions, parse_notebook, read_submission

CODE = {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": []}


def notebook(**more) -> bytes:
    return json.dumps({"cells": [CODE], "metadata": {}, "nbformat": 4, **more}).encode()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "submitted" / "alice" / "a1"
    folder.mkdir(parents=True)
    (folder / "knn.ipynb").write_bytes(notebook())
    return folder


def test_reads_files_and_timestamp(folder):
    (folder / "timestamp.txt").write_text("2026-11-20 21:30:00.5 UTC\n")
    (folder / "notes.txt").write_text("not read")
    submission = read_submission(folder, "alice", "a1")
    assert list(submission.files) == ["knn.ipynb"]
    assert submission.timestamp == datetime(2026, 11, 20, 21, 30, 0, 500000, UTC)
    assert submission.notebook("knn")["cells"] == [CODE]
    assert submission.notebook("svm") is None
    assert "svm.ipynb is missing" in submission.why_not("svm")


@pytest.mark.parametrize("text", ["", "yesterday", "9" * 1000, "\0"])
def test_a_bad_timestamp_is_none(folder, text):
    (folder / "timestamp.txt").write_text(text)
    assert read_submission(folder, "alice", "a1").timestamp is None


def test_links_are_not_followed(folder, tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(notebook())
    (folder / "knn.ipynb").unlink()
    (folder / "knn.ipynb").symlink_to(secret)
    submission = read_submission(folder, "alice", "a1")
    assert submission.files == {}
    assert "is a link" in submission.why_not("knn")


def test_a_pipe_does_not_hang(folder):
    os.mkfifo(folder / "svm.ipynb")
    assert "not a file" in read_submission(folder, "alice", "a1").problems["svm.ipynb"]


def test_a_large_file_is_named(folder, monkeypatch):
    monkeypatch.setattr(room, "MAX_FILE", 2**20)
    (folder / "knn.ipynb").write_bytes(b" " * (3 * 2**20))
    reason = read_submission(folder, "alice", "a1").why_not("knn")
    assert "has 3 MB, more than the 1 MB" in reason


def test_too_many_files_are_named(folder, monkeypatch):
    monkeypatch.setattr(room, "MAX_FILES", 2)
    for number in range(4):
        (folder / f"n{number}.ipynb").write_bytes(notebook())
    submission = read_submission(folder, "alice", "a1")
    assert len(submission.files) == 2
    assert len(submission.problems) == 3


def test_the_hash_follows_the_content(folder):
    first = read_submission(folder, "alice", "a1").content_hash
    assert read_submission(folder, "alice", "a1").content_hash == first
    (folder / "knn.ipynb").write_bytes(notebook(x=1))
    assert read_submission(folder, "alice", "a1").content_hash != first


def test_finds_submissions_as_nbgrader_lays_them_out(folder, tmp_path):
    submitted = tmp_path / "submitted"
    (submitted / "bob" / "a2").mkdir(parents=True)
    (submitted / ".ipynb_checkpoints" / "a1").mkdir(parents=True)
    (submitted / "mallory").symlink_to(submitted / "alice")
    assert find_submissions(submitted, "a1") == [("alice", folder)]
    assert find_submissions(tmp_path / "nowhere", "a1") == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "JSON is broken (line 1)"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"[1]", "no JSON object"),
        (b"{}", "no cells"),
        (b"[" * 100_000, "JSON is broken"),
        (notebook(metadata={"kernelspec": {"language": "R"}}), "written in R"),
        (notebook(metadata={"language_info": {"name": "julia"}}), "written in julia"),
    ],
)
def test_says_why_it_is_no_notebook(data, reason):
    nb, why = parse_notebook(data)
    assert nb is None
    assert reason in why


def test_an_old_notebook_is_brought_up():
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1"}, 7]}]}
    nb, _why = parse_notebook(json.dumps(old).encode())
    assert nb["cells"] == [{"cell_type": "code", "input": "x = 1", "source": "x = 1"}]


def test_a_byte_order_mark_is_no_obstacle():
    assert parse_notebook(b"\xef\xbb\xbf" + notebook())[0] is not None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "worksheets", "metadata", "kernelspec", "language", "source"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_a_notebook_or_has_a_reason(value):
    nb, why = parse_notebook(json.dumps(value).encode())
    assert (nb is None) == bool(why)
    if nb is not None:
        assert all(isinstance(cell, dict) for cell in nb["cells"])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_notebook_or_have_a_reason(data):
    nb, why = parse_notebook(data)
    assert (nb is None) == bool(why)


def test_why_not_names_the_file():
    submission = Submission("a", "a1", {"knn.ipynb": b"{"})
    assert submission.why_not("knn").startswith("knn.ipynb: the file is not a notebook")
