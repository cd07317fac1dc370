"""Many submissions: nothing is lost, nothing is graded twice, a crash at any point is harmless."""

import json
import os
import shutil
import sqlite3
import subprocess
from dataclasses import replace

import msgspec
import pytest
from checked_course import ASSIGNMENT, checked_course
from records import without_times

from autograder import batch, cli
from autograder.causes import write_causes
from autograder.course import CourseError
from autograder.fence import Fence
from autograder.gradebook import Gradebook
from autograder.grading import Progress, Settings
from autograder.journal import Journal
from autograder.record import Report
from autograder.submission import read_submission

RIGHT = "import numpy as np\ndef mean_square(x):\n    return float(np.mean(np.square(x)))"
WRONG = "import numpy as np\ndef mean_square(x):\n    return float(np.sum(np.square(x)))"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The course folder, and one fence for it: a template takes seconds to warm up."""
    with checked_course(tmp_path_factory.mktemp("course")) as course:
        assignment = course.assignment(ASSIGNMENT)
        write_causes(assignment.notebooks["square"], course.root)
        with Fence(assignment, Settings(b"")) as fence:
            yield course, fence


@pytest.fixture
def course(home, monkeypatch):
    """A class of three that nobody graded yet."""
    course, fence = home

    class Warm:
        """The fence of all these tests, for the settings of one."""

        def __init__(self, assignment, settings):
            self.assignment = assignment
            self.settings = replace(settings, grader_hash=fence.settings.grader_hash)
            self.run = fence.run

        def __enter__(self):
            return self

        def __exit__(self, *_exception):
            pass

    monkeypatch.setattr(batch, "Fence", Warm)
    for student, code in {"alice": RIGHT, "bob": WRONG, "carol": "def mean_square(:"}.items():
        hand_in(course, student, code)
    yield course
    for folder in (course.submitted_dir, course.autograded_dir, course.feedback_dir):
        shutil.rmtree(folder, ignore_errors=True)
    for path in course.root.iterdir():
        if path.is_file():
            path.unlink()


def hand_in(course, student, code):
    folder = course.submitted_dir / student / ASSIGNMENT
    folder.mkdir(parents=True, exist_ok=True)
    cell = {"cell_type": "code", "source": code, "metadata": {}, "outputs": []}
    nb = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "square.ipynb").write_text(json.dumps(nb))


def grade_all(course, settings=None, **options):
    """Reports by student, and who was unchanged."""
    settings = settings or batch.course_settings(course)
    submissions, _refused = batch.plan_class(course, ASSIGNMENT)
    graded = batch.grade_class(course, ASSIGNMENT, settings, submissions, 1, **options)
    found = {report.student: (report, unchanged) for report, unchanged in graded}
    reports = {student: report for student, (report, _unchanged) in found.items()}
    return reports, {student for student, (_report, unchanged) in found.items() if unchanged}


def grade(course, **options):
    return grade_all(course, **options)[0]


def scores(course):
    with Gradebook(course) as book:
        marks = book.marks(ASSIGNMENT)
    return {m.student: m.questions["square-mean"].auto_score for m in marks if m.submitted}


def everything(course):
    """All rows of the gradebook, less the moments at which they were written."""
    with sqlite3.connect(course.gradebook_path) as db:
        tables = [
            name for (name,) in db.execute("select name from sqlite_master where type='table'")
        ]
        return {
            table: sorted(
                repr([value for value in row if not _is_id(value)])
                for row in db.execute(f"select * from {table}")
            )
            for table in tables
        }


def _is_id(value):
    return isinstance(value, str) and len(value) == 32


def test_grades_a_class(course):
    reports = grade(course)
    assert {name: report.score for name, report in reports.items()} == {
        "alice": 3.0,
        "bob": 1.0,
        "carol": 0.0,
    }
    assert scores(course) == {"alice": 3.0, "bob": 1.0, "carol": 0.0}
    (hint,) = reports["bob"].notebooks["square"].questions["square-mean"].hints
    assert hint.mistake == "sum-of-squares"
    for student in reports:
        assert (course.autograded_dir / student / ASSIGNMENT / "square.ipynb").exists()
        assert (course.feedback_dir / student / ASSIGNMENT / "square.html").exists()


def test_unchanged_submissions_are_skipped(course):
    grade(course)
    hand_in(course, "bob", RIGHT)
    assert grade_all(course)[1] == {"alice", "carol"}
    assert scores(course)["bob"] == 3.0
    assert grade_all(course, force=True)[1] == set()


def test_what_is_written_is_not_written_again(course, monkeypatch):
    grade(course)
    monkeypatch.setattr(Gradebook, "apply", lambda *_: pytest.fail("written again"))
    assert grade_all(course)[1] == {"alice", "bob", "carol"}


def test_a_regrade_repeats_exactly(course):
    first, second = grade(course), grade(course, force=True)
    for student, report in first.items():
        assert without_times(report) == without_times(second[student])


def test_changed_checks_are_a_reason_to_grade_again(course):
    checks = course.root / "autograder.checks" / ASSIGNMENT / "test_square.py"
    assignment = course.assignment(ASSIGNMENT)
    hashes = []
    for text in (checks.read_text(), checks.read_text() + "\n# looked at again\n"):
        checks.write_text(text)
        with Fence(assignment, Settings(b"")) as fence:
            hashes.append(fence.settings.grader_hash)
    assert hashes[0] != hashes[1]


class Crash(BaseException):
    """The process is killed here."""


@pytest.mark.parametrize("survivors", [0, 2])
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Journal, "append"),
        (Gradebook, "apply"),
        (batch, "save_pages"),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_moment_is_made_up_for(course, monkeypatch, owner, name, when, survivors):
    quick = batch.course_settings(course, "none")
    wanted = grade(course, settings=quick)
    rows = everything(course)
    for path in (course.gradebook_path, course.journal_path):
        path.unlink()
    real, calls = getattr(owner, name), []

    def crashing(*args, **kwargs):
        calls.append(1)
        if len(calls) > survivors and when == "before":
            raise Crash
        result = real(*args, **kwargs)
        if len(calls) > survivors:
            raise Crash
        return result

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, crashing)
        with pytest.raises(Crash):
            grade(course, settings=quick)
    again = grade(course, settings=quick)
    assert {s: r.score for s, r in again.items()} == {s: r.score for s, r in wanted.items()}
    assert everything(course) == rows


def test_what_the_machine_caused_is_graded_again(course, monkeypatch):
    real = batch.grade_fenced

    def failing(fence, submission, settings, slots):
        if submission.student != "bob":
            return real(fence, submission, settings, slots)
        progress = Progress(submission, fence.assignment, settings)
        progress.stop("machine", "no space left on device")
        return progress.report()

    with monkeypatch.context() as patch:
        patch.setattr(batch, "grade_fenced", failing)
        reports = grade(course)
    assert reports["bob"].status == "machine"
    assert "try again" in reports["bob"].reason
    assert reports["alice"].score == 3.0
    again, unchanged = grade_all(course)
    assert "alice" in unchanged
    assert again["bob"].status == "graded"
    assert scores(course)["bob"] == 1.0


def test_a_report_that_the_gradebook_refuses_stops_nobody(course, monkeypatch):
    real = Gradebook.apply

    def refusing(book, report):
        if report.student == "bob" and report.status != "machine":
            raise OverflowError("a number that SQLite cannot hold")
        real(book, report)

    monkeypatch.setattr(Gradebook, "apply", refusing)
    reports = grade(course)
    assert reports["bob"].status == "machine"
    assert "OverflowError" in reports["bob"].fault
    assert {reports["alice"].score, reports["carol"].score} == {3.0, 0.0}


def test_one_grades_at_a_time(course):
    with (
        batch.lock(course, "a0_other"),
        pytest.raises(CourseError, match=rf"a0_other, by process {os.getpid()}"),
    ):
        grade(course)
    assert grade(course)["alice"].score == 3.0


def test_says_who_did_not_hand_in(course):
    with pytest.raises(CourseError, match=r"no submission .* by zoe"):
        batch.plan_class(course, ASSIGNMENT, ["zoe"])
    with pytest.raises(CourseError, match="a0_other"):
        batch.plan_class(course, "a0_other")


def test_the_secret_is_made_once_and_for_the_owner_only(course):
    first = batch.course_settings(course).secret
    assert batch.course_settings(course).secret == first
    assert len(first) == 32
    assert (course.root / ".autograder-secret").stat().st_mode & 0o077 == 0


def test_a_half_made_secret_is_never_left(course, monkeypatch):
    def dying(*_args):
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", dying)
        with pytest.raises(Crash):
            batch.course_settings(course)
    assert len(batch.course_settings(course).secret) == 32


@pytest.fixture
def certificates(tmp_path):
    """A folder as --tls takes it, whose certificate is its own authority."""
    folder = tmp_path / "tls"
    folder.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=grader", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())
    return folder


def test_a_dask_cluster_grades_the_same(course, certificates):
    distributed = pytest.importorskip("distributed")
    files = {name: str(certificates / f"{name}.pem") for name in ("ca", "cert", "key")}
    roles = {
        f"tls_{role}_{part}": files[part]
        for role in ("scheduler", "worker", "client")
        for part in ("cert", "key")
    }
    security = distributed.Security(require_encryption=True, tls_ca_file=files["ca"], **roles)
    with distributed.LocalCluster(
        1, processes=False, dashboard_address=None, protocol="tls://", security=security
    ) as cluster:
        elsewhere = cli._cluster(cluster.scheduler_address, certificates)
        reports = grade(course, elsewhere=elsewhere)
        elsewhere._client.close()
    assert {name: report.score for name, report in reports.items()} == {
        "alice": 3,
        "bob": 1,
        "carol": 0,
    }
    assert scores(course) == {"alice": 3, "bob": 1, "carol": 0}


def test_a_worker_of_another_version_says_so(course):
    settings = replace(batch.course_settings(course), grader_hash="another version")
    ((student, folder), *_others), _refused = batch.plan_class(course, ASSIGNMENT)
    submission = read_submission(folder, student, ASSIGNMENT)
    told = batch.grade_elsewhere(str(course.root), submission, settings)
    batch._fence_here.cache_clear()
    report = msgspec.json.decode(told, type=Report)
    assert report.status == "machine"
    assert "another version" in report.reason


def test_a_scheduler_is_reached_over_tls_only():
    with pytest.raises(CourseError, match="not encrypted"):
        cli._cluster("tcp://127.0.0.1:8786", None)
