import csv

import pytest
from tiny_course import ASSIGNMENT, make_course, make_report

from autograder.course import CourseError
from autograder.export import export
from autograder.gradebook import Gradebook


@pytest.fixture
def course(tmp_path):
    course = make_course(tmp_path)
    with Gradebook(course) as book:
        book.sync(ASSIGNMENT)
        book.apply(make_report("ada"))
        book.apply(make_report("=HYPERLINK(1)", answer=""))
        book._nbgrader.add_student("zoe", last_name="@Z", first_name="Ünal", email="z@x.org")
    return course


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_one_row_a_student(course, tmp_path):
    assert export(course, tmp_path / "grades.csv") == 3
    rows = read(tmp_path / "grades.csv")
    assert rows["ada"] == {
        "student": "ada",
        "last_name": "",
        "first_name": "",
        "email": "",
        "assignment": ASSIGNMENT,
        "submitted": "yes",
        "timestamp": "2026-11-20T23:59:00Z",
        "score": "5",
        "max_score": "10",
        "automatic": "5",
        "manual": "0",
        "late_penalty": "0",
        "waits_for_a_person": "yes",
        "cold-ice": "0",
        "warm-double": "3",
        "warm-types": "2",
        "warm-why": "",
    }
    assert rows["zoe"]["submitted"] == "no"
    assert rows["zoe"]["first_name"] == "Ünal"


def test_formulas_are_made_inert(course, tmp_path):
    export(course, tmp_path / "grades.csv", ASSIGNMENT)
    rows = read(tmp_path / "grades.csv")
    assert rows["'=HYPERLINK(1)"]["warm-why"] == "0"
    assert rows["zoe"]["last_name"] == "'@Z"


def test_unknown_assignment(course, tmp_path):
    with pytest.raises(CourseError, match="known assignments: a0_tiny"):
        export(course, tmp_path / "grades.csv", "a9")
