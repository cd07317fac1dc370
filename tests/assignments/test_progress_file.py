"""my/progress.json: whole or not at all, and never lost."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments import progress_file
from assignments.progress_file import FILE, MARKER, keep, kept, known, learner_folder, parse

PART = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
PART |= st.lists(PART, max_size=2)
NAMES = st.sampled_from(["passed", "failed", "steps", "had", "points", "right", "of", "when"])
ENTRY = st.dictionaries(NAMES, PART, max_size=3) | PART
ENTRIES = st.dictionaries(st.sampled_from(["knn-a", "knn-b"]), ENTRY, max_size=2) | PART
SECTIONS = st.sampled_from(["exercises", "written", "quizzes", "else"])
FILES = st.dictionaries(SECTIONS, ENTRIES, max_size=2)


@pytest.fixture
def my(tmp_path, monkeypatch):
    """A learner's folder, which the current one lies in."""
    folder = tmp_path / "my"
    (folder / "a1").mkdir(parents=True)
    (folder / MARKER).write_text("{}")
    monkeypatch.delenv("ASSIGNMENTS_HOME", raising=False)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.chdir(folder / "a1")
    return folder


def broken(folder):
    return sorted(folder.glob("progress.broken-*.json"))


# --- any text can be read -----------------------------------------------------------------------


@given(st.text())
def test_no_text_raises(text):
    sections, _whole = parse(text)
    assert list(sections) == ["exercises", "written", "quizzes"]


@given(FILES)
def test_what_can_be_read_is_read_again_as_a_whole(said):
    sections, _whole = parse(json.dumps({"version": 1, **said}))
    again, whole = parse(json.dumps({"version": 1, **sections}))
    assert whole
    assert json.dumps(again) == json.dumps(sections)


@given(FILES)
def test_only_a_file_that_lost_nothing_is_whole(said):
    sections, whole = parse(json.dumps({"version": 1, **said}))
    if whole:
        assert json.dumps(sections) == json.dumps({name: said.get(name, {}) for name in sections})


@pytest.mark.parametrize(
    "entry",
    [{"passed": 1}, {"failed": -1}, {"failed": True}, {"had": ["1"]}, {"points": None}, [], "done"],
)
def test_an_entry_of_another_form_is_left_out_alone(entry):
    exercises = {"knn-a": entry, "knn-b": {"passed": True}}
    sections, whole = parse(json.dumps({"version": 1, "exercises": exercises}))
    assert not whole
    assert sections["exercises"] == {"knn-b": {"passed": True}}


# --- the file -----------------------------------------------------------------------------------


def test_what_is_kept_is_there_again_and_can_be_read_by_a_person(my):
    keep("exercises", "knn-a", passed=False, failed=1)
    keep("exercises", "knn-a", steps=2)
    keep("written", "knn-q", had=[1, 3], points=1.0)
    assert kept("exercises", "knn-a").items() >= {"passed": False, "failed": 1, "steps": 2}.items()
    assert kept("written", "knn-q")["had"] == [1, 3]
    lines = (my / FILE).read_text(encoding="utf-8").splitlines()
    assert ' "version": 1,' in lines
    assert len(lines) > 10
    assert {path.name for path in my.iterdir()} == {FILE, MARKER, "a1"}


@pytest.mark.parametrize(
    "content",
    [
        b'{"version": 1, "exercises": {"knn-a": {"pass',
        b"\x00\xff\xfe",
        b'{"version": 1, "exercises": {"knn-a": {"passed": "yes"}}}',
        b'{"version": 7, "exercises": {}}',
        b'{"version": 1, "exercises": {"knn-\xff": {"passed": true}}}',
        b"[" * 100_000,
    ],
    ids=["half", "bytes", "edited", "newer", "not UTF-8", "deep"],
)
def test_a_damaged_file_is_set_aside_with_a_sentence(my, capsys, content):
    (my / FILE).write_bytes(content)
    assert kept("exercises", "knn-a") == {}
    (aside,) = broken(my)
    assert aside.read_bytes() == content
    assert aside.name in capsys.readouterr().out
    keep("exercises", "knn-a", passed=True)
    assert kept("exercises", "knn-a")["passed"] is True
    assert broken(my) == [aside]


def test_what_a_damaged_file_says_rightly_goes_on_to_count(my):
    (my / FILE).write_text('{"version": 1, "exercises": {"a": {"passed": true}, "b": 3}}')
    assert known(my)["exercises"] == {"a": {"passed": True}}
    assert len(broken(my)) == 1


def test_a_mark_of_the_order_of_bytes_does_no_harm(my):
    (my / FILE).write_text('{"version": 1}', encoding="utf-8-sig")
    known(my)
    assert broken(my) == []


def test_a_save_that_fails_leaves_the_file_as_it_was(my, capsys, monkeypatch):
    keep("exercises", "knn-a", passed=True)
    before = (my / FILE).read_bytes()

    def full(*_arguments):
        raise OSError("no space left")

    monkeypatch.setattr(progress_file.os, "replace", full)
    keep("exercises", "knn-a", passed=False)
    assert "cannot be saved: no space left" in capsys.readouterr().out
    assert (my / FILE).read_bytes() == before
    assert {path.name for path in my.iterdir()} == {FILE, MARKER, "a1"}


def test_a_file_that_somebody_holds_open_is_tried_again(my, monkeypatch):
    tries = []

    def replace(source, target, really=os.replace):
        tries.append(target)
        if len(tries) < 3:
            raise PermissionError
        really(source, target)

    monkeypatch.setattr(progress_file.os, "replace", replace)
    monkeypatch.setattr(progress_file.time, "sleep", lambda seconds: None)
    keep("exercises", "knn-a", passed=True)
    assert len(tries) == 3
    assert kept("exercises", "knn-a")["passed"]


# --- where it is kept ---------------------------------------------------------------------------


def test_the_folder_is_the_current_one_or_the_one_above(my, monkeypatch):
    assert learner_folder() == my
    monkeypatch.chdir(my)
    assert learner_folder() == my
    (my / "a1" / "deeper").mkdir()
    monkeypatch.chdir(my / "a1" / "deeper")
    assert learner_folder() is None
    monkeypatch.setenv("ASSIGNMENTS_HOME", str(my))
    assert learner_folder() == my


def test_without_the_mark_nothing_is_written(my):
    (my / MARKER).unlink()
    keep("exercises", "test-unmarked", passed=True)
    assert kept("exercises", "test-unmarked")["passed"]  # for this kernel
    assert not (my / FILE).exists()


@pytest.mark.parametrize("how", ["autograde", "validate"])
def test_while_nbgrader_runs_a_notebook_nothing_is_written(my, monkeypatch, how):
    monkeypatch.setenv("NBGRADER_EXECUTION", how)
    keep("exercises", "test-graded", passed=True)
    assert not (my / FILE).exists()
