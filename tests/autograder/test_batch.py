"""Many submissions: nothing is lost, nothing is graded twice, a crash at any point is harmless."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial

import pytest
from checked_course import ASSIGNMENT, checked_course
from records import without_times

from autograder import autograded, batch, feedback
from autograder.course import CourseError
from autograder.gradebook import Gradebook
from autograder.journal import Journal

RIGHT = "import numpy as np\ndef mean_square(x):\n    return float(np.mean(np.square(x)))"
WRONG = "import numpy as np\ndef mean_square(x):\n    return float(np.sum(np.square(x)))"

one_worker = partial(ThreadPoolExecutor, 1)


@pytest.fixture
def course(tmp_path):
    with checked_course(tmp_path) as course:
        for student, code in {"alice": RIGHT, "bob": WRONG, "carol": "def mean_square(:"}.items():
            hand_in(course, student, code)
        yield course


def hand_in(course, student, code):
    folder = course.submitted_dir / student / ASSIGNMENT
    folder.mkdir(parents=True, exist_ok=True)
    cell = {"cell_type": "code", "source": code, "metadata": {}, "outputs": []}
    nb = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "square.ipynb").write_text(json.dumps(nb))


def grade_all(course, force=False, make=one_worker, settings=None):
    """Reports by student, and who was unchanged."""
    settings = settings or batch.course_settings(course, ASSIGNMENT)
    submissions = batch.plan_class(course, ASSIGNMENT)
    graded = batch.grade_class(course, ASSIGNMENT, settings, submissions, make, force)
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
    hint = reports["bob"].notebooks["square"].questions["square-mean"].hint
    assert hint.misconception == "sum-of-squares"
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
    grade(course)
    settings = batch.course_settings(course, ASSIGNMENT)
    changed = batch.replace(settings, grader_hash="other checks")
    assert grade_all(course, settings=changed)[1] == set()


class Crash(BaseException):
    """The process is killed here."""


@pytest.mark.parametrize("survivors", [0, 2])
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Journal, "append"),
        (Gradebook, "apply"),
        (autograded, "write"),
        (feedback, "write_feedback"),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_moment_is_made_up_for(course, monkeypatch, owner, name, when, survivors):
    quick = batch.course_settings(course, ASSIGNMENT, "none")
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


class Breaking(ThreadPoolExecutor):
    """A pool whose worker dies on one student's submission."""

    def __init__(self, victim, deaths):
        super().__init__(1)
        self.victim, self.deaths = victim, deaths

    def submit(self, work, submission, *args):
        if submission.student == self.victim and self.deaths:
            self.deaths.pop()
            work = self._die
        return super().submit(work, submission, *args)

    @staticmethod
    def _die(*_args):
        raise BrokenProcessPool("a worker died")


def test_a_dead_worker_costs_nobody_anything(course):
    deaths = [1]
    reports = grade(course, make=lambda: Breaking("bob", deaths))
    assert deaths == []
    assert all(report.status == "graded" for report in reports.values())


def test_what_the_machine_caused_is_graded_again(course):
    reports = grade(course, make=lambda: Breaking("bob", [1, 1, 1, 1]))
    assert reports["bob"].status == "machine"
    assert "try again" in reports["bob"].reason
    assert reports["alice"].score == 3.0
    again, unchanged = grade_all(course)
    assert unchanged == {"alice", "carol"}
    assert again["bob"].status == "graded"
    assert scores(course)["bob"] == 1.0


def test_says_who_did_not_hand_in(course):
    with pytest.raises(CourseError, match=r"no submission .* by zoe"):
        batch.plan_class(course, ASSIGNMENT, ["zoe"])
    with pytest.raises(CourseError, match="a0_other"):
        batch.plan_class(course, "a0_other")


def test_the_secret_is_made_once_and_for_the_owner_only(course):
    first = batch.course_settings(course, ASSIGNMENT).secret
    assert batch.course_settings(course, ASSIGNMENT).secret == first
    assert len(first) == 32
    assert (course.root / ".autograder-secret").stat().st_mode & 0o077 == 0


def test_a_real_pool_of_processes_grades(tmp_path):
    with batch.pool(1) as workers:
        assert workers.submit(pow, 2, 5).result() == 32


def test_a_dask_cluster_grades_the_same(course):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(1, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        reports = grade(course, make=client.get_executor)
    assert {name: report.score for name, report in reports.items()} == {
        "alice": 3,
        "bob": 1,
        "carol": 0,
    }
    assert scores(course) == {"alice": 3, "bob": 1, "carol": 0}
