"""What was turned in is read, repaired or refused with a reason; it never raises."""

import errno
import json
import os
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.notebook import Outline, plan, read_cells
from autograder import submission as room
from autograder.record import moment
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


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "9" * 1000,
        "\0",
        "\xff",
        "0001-01-01 00:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "99999-01-01 00:00:00 UTC",
        "1066-10-14 09:00:00 UTC",
        "2026-02-30 10:00:00",
        "2026-11-21 10:00:00+99:00",
    ],
)
def test_a_time_that_no_gradebook_holds_is_named(folder, text):
    (folder / "timestamp.txt").write_bytes(text.encode("latin-1"))
    submission = read_submission(folder, "alice", "a1")
    assert submission.timestamp is None
    (named,) = submission.extra_files({"knn.ipynb"})
    assert named.startswith("timestamp.txt gives no time that can be kept; put one there such as")


@pytest.mark.parametrize("text", ["", " \n", None])
def test_no_time_is_no_problem(folder, text):
    if text is not None:
        (folder / "timestamp.txt").write_text(text)
    submission = read_submission(folder, "alice", "a1")
    assert (submission.timestamp, submission.problems) == (None, {})


@given(st.text(max_size=40) | st.datetimes(timezones=st.timezones() | st.none()).map(str))
def test_any_text_is_a_time_that_can_be_kept_or_none(text):
    try:
        when = moment(text)
    except ValueError:
        return
    assert when.tzinfo is UTC
    assert moment(when.isoformat()) == when
    assert 1970 <= when.year <= 3000


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
    second = read_submission(folder, "alice", "a1").content_hash
    (folder / "timestamp.txt").write_text("2026-11-20 21:30:00 UTC")
    assert len({first, second, read_submission(folder, "alice", "a1").content_hash}) == 3


def test_finds_submissions_as_nbgrader_lays_them_out(folder, tmp_path):
    submitted = tmp_path / "submitted"
    (submitted / "bob" / "a2").mkdir(parents=True)
    (submitted / ".ipynb_checkpoints" / "a1").mkdir(parents=True)
    (submitted / "mallory").symlink_to(submitted / "alice")
    (submitted / "notes.txt").write_text("no student")
    found, (refused,) = find_submissions(submitted, "a1")
    assert found == [("alice", folder)]
    assert str(refused) == (
        f"{submitted}/mallory is not graded: it is a link; put the folder itself there"
    )
    assert find_submissions(tmp_path / "nowhere", "a1") == ([], [])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (b"\xff\xfe", "cannot be shown"),
        (b"\x1b]0;x\x07", "cannot be shown"),
        (b"a\rb", "cannot be shown"),
        (b"a\nb", "cannot be shown"),
        ("ab\u202ecd".encode(), "cannot be shown"),
        (b"x" * 200, "longer than 128 characters"),
    ],
)
def test_a_name_that_no_student_can_have_is_refused(folder, tmp_path, name, reason):
    submitted = tmp_path / "submitted"
    os.makedirs(os.path.join(os.fsencode(submitted), name, b"a1"))
    found, (refused,) = find_submissions(submitted, "a1")
    assert found == [("alice", folder)]
    assert reason in str(refused)
    assert str(refused).isprintable()


def unreadable(monkeypatch, name, function):
    """Whoever asks this function for a path of that name is told of a bad disk."""
    real = getattr(os, function)

    def asked(path, *args, **kwargs):
        if os.path.basename(os.fspath(path)) == name:
            raise OSError(errno.EIO, "Input/output error", os.fspath(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, function, asked)


def test_a_student_whose_folder_cannot_be_looked_at_is_refused(folder, tmp_path, monkeypatch):
    (tmp_path / "submitted" / "bob" / "a1").mkdir(parents=True)
    unreadable(monkeypatch, "bob", "stat")
    found, (refused,) = find_submissions(tmp_path / "submitted", "a1")
    assert found == [("alice", folder)]
    assert "bob is not graded: it cannot be read: Input/output error" in str(refused)


def test_a_folder_that_cannot_be_listed_has_a_reason(folder, monkeypatch):
    unreadable(monkeypatch, "a1", "listdir")
    submission = read_submission(folder, "alice", "a1")
    assert submission.why_not("knn") == "the folder a1 cannot be read: Input/output error"


def test_an_assignment_that_is_a_file_has_a_reason(folder):
    other = folder.with_name("a2")
    other.write_text("all my work")
    assert find_submissions(folder.parent.parent, "a2") == ([("alice", other)], [])
    assert "folder a2 cannot be read: Not a directory" in read_submission(
        other, "alice", "a2"
    ).why_not("knn")


def test_an_assignment_that_is_a_link_has_a_reason(folder):
    other = folder.with_name("a2")
    other.symlink_to(folder)
    assert find_submissions(folder.parent.parent, "a2") == ([("alice", other)], [])
    submission = read_submission(other, "alice", "a2")
    assert submission.files == {}
    assert submission.why_not("knn") == "a2 is a link; hand in the folder itself"


def test_a_folder_named_like_a_notebook_has_a_reason(folder):
    (folder / "svm.ipynb").mkdir()
    submission = read_submission(folder, "alice", "a1")
    assert submission.why_not("svm") == "svm.ipynb is not a file"
    assert submission.notebook("knn")


def test_a_file_name_of_odd_bytes_is_no_obstacle(folder):
    with open(os.path.join(os.fsencode(folder), b"\xff\x1b.ipynb"), "wb") as file:
        file.write(notebook())
    submission = read_submission(folder, "alice", "a1")
    assert len(submission.files) == 2
    assert len(submission.content_hash) == 64
    assert submission.notebook("knn")


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
        (b'{"cells": [' + b"{}," * 5000 + b"{}]}", "5001 cells, more than the 5000"),
        (b'{"cells": ' + b"9" * 10_000 + b"}", "JSON is broken"),
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


@given(json_values)
def test_any_cells_can_be_read_and_planned(value):
    nb, _why = parse_notebook(json.dumps({"cells": [value, {"source": value}]}).encode())
    outline = Outline({"x": frozenset({"f"})})
    for step in plan(read_cells(nb), outline):
        assert isinstance(step.names, set)


SOURCES = st.lists(
    st.sampled_from(
        ["def f(", "):", "\n", "    ", "return", " = ", "x", "f", "1", '"', "'", "\\", "\0", "#",
         "import ", "%", "!", "class ", "(", "[", "\ud800", "\x0c", "\r", "lambda: ", "async ", "@"]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@given(SOURCES | st.text(max_size=100))
def test_any_code_can_be_planned(source):
    data = json.dumps({"cells": [{"cell_type": "code", "source": source}]}).encode()
    nb, _why = parse_notebook(data)
    for step in plan(read_cells(nb), Outline({"x": frozenset({"f"})})):
        assert isinstance(step.names, set)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_notebook_or_have_a_reason(data):
    nb, why = parse_notebook(data)
    assert (nb is None) == bool(why)


def test_why_not_names_the_file():
    submission = Submission("a", "a1", {"knn.ipynb": b"{"})
    assert submission.why_not("knn").startswith("knn.ipynb: the file is not a notebook")
