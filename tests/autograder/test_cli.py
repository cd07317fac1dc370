"""The command: help with examples, errors in one sentence, exit codes for scripts."""

import json

import pytest
from checked_course import ASSIGNMENT, checked_course
from click.testing import CliRunner

from autograder import cli, verify
from autograder.cli import main

COMMANDS = ["release", "verify", "grade", "feedback", "report", "export", "doctor", "demo"]


def run(course, *arguments):
    root = ["--course", str(course.root)] if course else []
    return CliRunner().invoke(main, [*root, *arguments])


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.setattr(verify, "pool", lambda _jobs=None: cli_pool())
    monkeypatch.setattr(cli.console, "width", 200, raising=False)
    with checked_course(tmp_path) as course:
        yield course


def cli_pool():
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(1)


def hand_in(course, student, expression):
    folder = course.submitted_dir / student / ASSIGNMENT
    folder.mkdir(parents=True)
    code = f"import numpy as np\ndef mean_square(x):\n    return float({expression})"
    cell = {"cell_type": "code", "source": code, "metadata": {}, "outputs": []}
    nb = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = folder / "square.ipynb"
    path.write_text(json.dumps(nb))
    return path


def test_lists_its_commands():
    text = run(None, "--help").output
    assert all(command in text for command in COMMANDS)
    assert "Exit codes" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples_and_exit_codes(command):
    result = run(None, command, "--help")
    assert result.exit_code == 0
    assert f"autograder {command}" in result.output
    assert "Exit codes" in result.output


def test_the_road_by_commands(course):
    assert run(course, "release").exit_code == 0
    assert run(course, "release", "--check").exit_code == 0
    hand_in(course, "alice", "np.mean(np.square(x))")
    hand_in(course, "bob", "np.sum(np.square(x))")
    graded = run(course, "grade", ASSIGNMENT)
    assert graded.exit_code == 0, graded.output
    assert "alice" in graded.output
    assert "3 / 3" in graded.output
    assert "1 / 3" in graded.output
    assert "never divide" in graded.output
    assert "2 unchanged" in run(course, "grade", ASSIGNMENT).output
    assert "2 pages" in run(course, "feedback", ASSIGNMENT).output
    assert "sum-of-squares" in run(course, "report", ASSIGNMENT).output
    csv = course.root / "grades.csv"
    assert "2 rows" in run(course, "export", str(csv)).output
    assert csv.read_text().count("\n") == 3


def test_a_stale_release_is_found(course):
    run(course, "release")
    path = course.release_dir / ASSIGNMENT / "square.ipynb"
    path.write_text(path.read_text().replace("Squares", "Roots"))
    result = run(course, "release", "--check")
    assert result.exit_code == 1
    assert "stale" in result.output


def test_one_notebook_of_ones_own(course):
    path = hand_in(course, "me", "np.sum(np.square(x))")
    result = run(course, "grade", str(path), "--sandbox=none")
    assert result.exit_code == 0
    assert "1 of 3 automatic points" in result.output
    assert "without a sandbox" in result.output
    assert not course.gradebook_path.exists()


def test_nothing_of_a_students_moves_the_terminal(course):
    """Names of languages, folders and files with escape sequences; a journal of another form."""
    path = hand_in(course, "alice", "np.mean(np.square(x))")
    nb = json.loads(path.read_text())
    nb["metadata"]["language_info"] = {"name": "\x1b]0;x\x07\x1b[2J\r\u202e\ud800"}
    path.write_text(json.dumps(nb))
    path.with_name("a\x1b[2Jb.ipynb").write_text("{}")
    hand_in(course, "bob\x1b[2J\u202e", "np.mean(np.square(x))")
    course.journal_path.write_text('{"student": "alice"}\n')
    result = run(course, "grade", ASSIGNMENT)
    assert result.exit_code == 1
    assert "bob [2J  is not graded: its name has characters" in result.output.replace("/", " ")
    assert "written in " in result.output
    assert "passed over: 1" in result.output
    assert result.output.replace("\n", "").isprintable()
    run(course, "report", ASSIGNMENT)
    assert "a [2Jb.ipynb" in (course.reports_dir / f"{ASSIGNMENT}.html").read_text()


def test_unprotected_grading_says_so(course):
    hand_in(course, "alice", "np.mean(np.square(x))")
    result = run(course, "grade", ASSIGNMENT, "--sandbox=none")
    assert "ran unprotected" in result.output
    page = course.feedback_dir / "alice" / ASSIGNMENT / "square.html"
    assert "without" in page.read_text() or "unprotected" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["grade", "a0_none"], "there are: a9_checked"),
        (["grade", ASSIGNMENT], "nobody handed in"),
        (["grade", "nowhere.ipynb"], "there is no file nowhere.ipynb"),
        (["feedback", ASSIGNMENT], "nothing of a9_checked is graded yet"),
        (["report", ASSIGNMENT], "nothing of a9_checked is graded yet"),
        (["export"], "there is no gradebook"),
        (["release", "a0_none"], "no assignment 'a0_none'"),
    ],
)
def test_errors_are_one_sentence_and_exit_code_2(course, arguments, message):
    result = run(course, *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_without_bubblewrap_nothing_is_graded(course, monkeypatch):
    hand_in(course, "alice", "np.mean(np.square(x))")
    monkeypatch.setattr("autograder.sandbox.bubblewrap.shutil.which", lambda name: None)
    result = run(course, "grade", ASSIGNMENT)
    assert result.exit_code == 2
    assert "bubblewrap is not installed" in " ".join(result.output.split())
    assert not course.journal_path.exists()


def test_no_scheduler_is_named(course):
    hand_in(course, "alice", "np.mean(np.square(x))")
    for address, said in (
        ("nonsense://127.0.0.1:9", "nonsense://127.0.0.1:9 is not encrypted"),
        ("tls://127.0.0.1:9", "no Dask scheduler answers"),
    ):
        result = run(course, "grade", ASSIGNMENT, "--scheduler", address)
        assert result.exit_code == 2
        assert said in " ".join(result.output.split())
