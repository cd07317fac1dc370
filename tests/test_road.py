"""The whole road, once, as a newcomer walks it: a class from source to gradebook."""

import csv
import html
import json
import subprocess
import sys

import pytest

from autograder.course import Course
from autograder.demo import ASSIGNMENT
from autograder.gradebook import Gradebook
from autograder.journal import Journal


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What `autograder demo` printed, and the course that it left."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "autograder.cli", "demo", "--folder", str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout, Course(folder)


@pytest.fixture(scope="module")
def reports(demo):
    entries = Journal(demo[1].journal_path).latest(ASSIGNMENT)
    assert all(entry.written for entry in entries.values())
    return {student: entry.report for student, entry in entries.items()}


def test_prints_a_table_and_names_what_it_wrote(demo, reports):
    printed, course = demo
    assert len(reports) >= 12
    for student in reports:
        assert student in printed
    for path in (course.gradebook_path, course.root / "grades.csv"):
        assert path.exists()
    assert "feedback page a student" in printed


def test_scores_are_in_the_gradebook_and_the_csv(demo, reports):
    course = demo[1]
    with Gradebook(course) as book:
        marks = {row.student: row for row in book.marks(ASSIGNMENT)}
    rows = {row["student"]: row for row in csv.DictReader((course.root / "grades.csv").open())}
    for student, report in reports.items():
        automatic = sum(
            m.auto_score or 0 for m in marks[student].questions.values() if m.kind == "auto"
        )
        assert automatic == pytest.approx(report.score)
        assert float(rows[student]["score"]) == pytest.approx(report.score)


def test_everybody_is_graded_as_they_deserve(reports):
    full = reports["ada-perfect"].max_score
    for student in ("ada-perfect", "ben-another-way", "fay-edited-tests", "jo-hostile-answer"):
        assert reports[student].score == full, student
    assert reports["cem-blank"].score == 0
    assert 0 < reports["dora-syntax-error"].score < full
    assert "missing" in reports["emil-no-notebook"].reason
    assert "processor time" in reports["gil-endless-loop"].reason
    assert "Network is unreachable" in reports["hana-reads-and-calls"].reason
    assert 0 < reports["ivo-nan-and-shapes"].score < full


def test_each_mistake_gets_its_hint(reports):
    students = [name for name in reports if name.split("-")[0] in ("kim", "lea", "max", "noa")]
    assert len(students) == 4
    for student in students:
        hints = [
            hint.mistake
            for notebook in reports[student].notebooks.values()
            for question in notebook.questions.values()
            for hint in question.hints
        ]
        assert hints == [student.partition("-")[2]]


def test_a_feedback_page_a_student_without_live_html(demo, reports):
    course = demo[1]
    for student in reports:
        pages = list((course.feedback_dir / student / ASSIGNMENT).glob("*.html"))
        assert pages, student
    page = (course.feedback_dir / "jo-hostile-answer" / ASSIGNMENT / "knn.html").read_text()
    assert "<script" not in page
    assert '<script>alert("marks")</script>' in html.unescape(page)


def test_autograded_notebooks_hold_the_graders_lines(demo):
    path = demo[1].autograded_dir / "gil-endless-loop" / ASSIGNMENT / "knn.ipynb"
    outputs = [
        output["text"]
        for cell in json.loads(path.read_text())["cells"]
        for output in cell.get("outputs", [])
        if "text" in output
    ]
    assert any("processor time" in "".join(text) for text in outputs)
