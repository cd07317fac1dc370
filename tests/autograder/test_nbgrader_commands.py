"""Every command of nbgrader that an instructor knows works on a course that we graded."""

import contextlib
import csv
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from nbgrader.tests import run_nbgrader
from nbgrader.utils import get_username
from tiny_course import ASSIGNMENT, make_course, make_report

from autograder.course import HOME
from autograder.gradebook import Gradebook
from autograder.pages import render_pages, save_pages
from autograder.record import NotebookRecord
from autograder.submission import read_submission

#: Whoever hands in on this machine.
STUDENT = get_username()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Where the student works."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module", autouse=True)
def no_settings_of_this_machine(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
        # `nbgrader db upgrade` starts the command `alembic`.
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        yield


@pytest.fixture(scope="module")
def course(tmp_path_factory, home, no_settings_of_this_machine):
    """A course that was handed out, handed in and collected by nbgrader, and graded by us."""
    course = make_course(tmp_path_factory.mktemp("course"))
    exchange = tmp_path_factory.mktemp("exchange")
    exchange.chmod(0o777)
    config = (HOME / "nbgrader_config.py").read_text(encoding="utf-8")
    config += f"c.Exchange.root = {str(exchange)!r}\nc.Exchange.cache = {str(home / 'cache')!r}\n"
    (course.root / "nbgrader_config.py").write_text(config, encoding="utf-8")
    (home / "nbgrader_config.py").write_text(
        config + f"c.CourseDirectory.root = {str(course.root)!r}\n", encoding="utf-8"
    )
    with Gradebook(course) as book:
        book.sync(ASSIGNMENT)
    nbgrader(course.root, "generate_assignment", ASSIGNMENT)
    nbgrader(course.root, "release_assignment", ASSIGNMENT)
    nbgrader(home, "fetch_assignment", ASSIGNMENT)
    nbgrader(home, "submit", ASSIGNMENT)
    nbgrader(course.root, "collect", ASSIGNMENT)
    grade(course)
    return course


def nbgrader(folder, *arguments, stdout=False):
    """What the command says; it must succeed."""
    with contextlib.chdir(folder):
        return run_nbgrader(list(arguments), stdout=stdout)


def grade(course):
    """Grade what was collected."""
    submission = read_submission(course.submitted_dir / STUDENT / ASSIGNMENT, STUDENT, ASSIGNMENT)
    assert "warm.ipynb" in submission.files
    report = make_report(STUDENT, timestamp=submission.timestamp.isoformat())
    report.notebooks["cold"] = NotebookRecord(status="graded")
    with Gradebook(course) as book:
        book.apply(report)
        (marks,) = book.marks(ASSIGNMENT, STUDENT)
    save_pages(course, report, render_pages(course, report, submission, marks))


def test_our_feedback_reaches_the_student(course, home):
    nbgrader(course.root, "release_feedback", ASSIGNMENT)
    nbgrader(home, "fetch_feedback", ASSIGNMENT)
    (page,) = (home / ASSIGNMENT / "feedback").rglob("warm.html")
    assert "The check of odd" in page.read_text(encoding="utf-8")


def test_generate_feedback_leaves_our_pages(course):
    page = course.feedback_dir / STUDENT / ASSIGNMENT / "warm.html"
    ours = page.read_text(encoding="utf-8")
    nbgrader(course.root, "generate_feedback", ASSIGNMENT)
    assert page.read_text(encoding="utf-8") == ours


def test_generate_feedback_by_force_makes_nbgraders_own_that_can_be_released(course):
    nbgrader(course.root, "generate_feedback", ASSIGNMENT, "--force")
    page = course.feedback_dir / STUDENT / ASSIGNMENT / "warm.html"
    assert "warm (Score: 5.0 / 9.0)" in page.read_text(encoding="utf-8")
    nbgrader(course.root, "release_feedback", ASSIGNMENT)
    grade(course)


def test_export(course):
    nbgrader(course.root, "export", "--to", "grades.csv")
    with open(course.root / "grades.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["student_id"], float(row["score"]), float(row["max_score"])) == (STUDENT, 5, 10)


def test_list(course, home):
    assert STUDENT in nbgrader(course.root, "list", "--inbound", ASSIGNMENT)
    assert ASSIGNMENT in nbgrader(home, "list")
    assert "feedback" in nbgrader(home, "list", "--cached", ASSIGNMENT)


def test_db(course):
    nbgrader(course.root, "db", "student", "add", "zoe", "--last-name=Z")
    assert "zoe" in nbgrader(course.root, "db", "student", "list", stdout=True)
    nbgrader(course.root, "db", "student", "remove", "zoe")
    assert ASSIGNMENT in nbgrader(course.root, "db", "assignment", "list", stdout=True)
    nbgrader(course.root, "db", "assignment", "add", ASSIGNMENT, "--duedate=2030-01-01")
    nbgrader(course.root, "db", "upgrade")
    with Gradebook(course) as book:
        (marks,) = book.marks(ASSIGNMENT)
    assert (marks.student, marks.score) == (STUDENT, 5.0)


def test_collect_again(course):
    assert STUDENT in nbgrader(course.root, "collect", ASSIGNMENT, "--update")


def test_zip_collect(course):
    archive = course.root / "downloaded" / ASSIGNMENT / "archive"
    archive.mkdir(parents=True)
    shutil.copy(
        course.submitted_dir / STUDENT / ASSIGNMENT / "warm.ipynb", archive / "bob_warm.ipynb"
    )
    pattern = r".*/(?P<student_id>\w+)_(?P<file_id>warm)\.ipynb"
    nbgrader(
        course.root, "zip_collect", ASSIGNMENT, f"--FileNameCollectorPlugin.named_regexp={pattern}"
    )
    submission = read_submission(course.submitted_dir / "bob" / ASSIGNMENT, "bob", ASSIGNMENT)
    assert list(submission.files) == ["warm.ipynb"]
    shutil.rmtree(course.submitted_dir / "bob")


@pytest.mark.parametrize("folder", ["source", f"autograded/{STUDENT}", f"submitted/{STUDENT}"])
def test_update_finds_nothing_to_do(course, folder):
    path = course.root / folder / ASSIGNMENT / "warm.ipynb"
    before = path.read_bytes()
    nbgrader(course.root, "update", str(path.parent))
    assert json.loads(path.read_bytes()) == json.loads(before)


def test_validate(course):
    release = course.root / "release" / ASSIGNMENT / "warm.ipynb"
    assert "FAILED" in nbgrader(course.root, "validate", str(release), stdout=True).upper()


def test_generate_solution(course):
    nbgrader(course.root, "generate_solution", ASSIGNMENT)
    assert (course.root / "solution" / ASSIGNMENT / "warm.ipynb").exists()


def test_autograde_goes_on_where_we_were(course):
    nbgrader(course.root, "autograde", ASSIGNMENT)  # not newer: left as it is
    with Gradebook(course) as book:
        assert book.marks(ASSIGNMENT, STUDENT)[0].score == 5.0
    nbgrader(course.root, "autograde", ASSIGNMENT, "--force")
    grade(course)
    with Gradebook(course) as book:
        assert book.marks(ASSIGNMENT, STUDENT)[0].score == 5.0
