"""The gradebook as a CSV file for spreadsheets and learning platforms."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from autograder.autograded import save
from autograder.course import Course
from autograder.gradebook import Gradebook, Marks

__all__ = ["export"]

#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(course: Course, path: Path, assignment: str | None = None) -> int:
    """Write one row a student and assignment: totals, then the points of every question.

    ``score`` is what counts: points given by the machine or a person, less the penalty for handing
    in late. Students of the gradebook who handed in nothing have a row too. An empty cell in a
    question's column says that nobody graded it yet, or that it belongs to another assignment.

    Args:
        course: the course whose gradebook is read.
        path: the CSV file to write (UTF-8).
        assignment: only this one; by default all assignments of the course.

    Returns:
        The number of rows below the header.

    Raises:
        CourseError: the course has no such assignment.
    """
    names = course.assignments() if assignment is None else [course.assignment(assignment).name]
    with Gradebook(course) as book:
        marks = [row for name in names for row in book.marks(name)]
    questions = list(dict.fromkeys(question for row in marks for question in row.questions))
    rows = [_row(row, questions) for row in marks]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*_row(_NOBODY, []), *questions], lineterminator="\n")
    writer.writeheader()
    writer.writerows({column: _inert(value) for column, value in row.items()} for row in rows)
    save(Path(path), text.getvalue())
    return len(rows)


_NOBODY = Marks(student="", assignment="")


def _row(marks: Marks, questions: list[str]) -> Mapping[str, object]:
    found = marks.questions.values()
    return {
        "student": marks.student,
        "last_name": marks.last_name,
        "first_name": marks.first_name,
        "email": marks.email,
        "assignment": marks.assignment,
        "submitted": "yes" if marks.submitted else "no",
        "timestamp": marks.timestamp.isoformat() + "Z" if marks.timestamp else None,
        "score": _points(marks.score),
        "max_score": _points(marks.max_score),
        "automatic": _points(sum(mark.score for mark in found if mark.kind == "auto")),
        "manual": _points(sum(mark.score for mark in found if mark.kind != "auto")),
        "late_penalty": _points(marks.late_penalty),
        "waits_for_a_person": "yes" if marks.needs_manual_grade else "no",
    } | {
        name: _points(marks.questions[name].score)
        for name in questions
        if name in marks.questions and marks.questions[name].graded
    }


def _points(value: float) -> str:
    return f"{round(value, 4):g}"


def _inert(value: object) -> object:
    """A text that a spreadsheet shows instead of computing it; numbers stay numbers."""
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return "'" + value
    return value
