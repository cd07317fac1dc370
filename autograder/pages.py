"""What shows a submission to people: its autograded notebooks and its feedback pages.

They are rendered as texts, without gradebook and without writing anything, because what a student
handed in is in them: a class is rendered behind :mod:`autograder.fence`. Then they are saved.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import nbformat

from autograder import autograded, feedback
from autograder.course import Assignment, Course
from autograder.gradebook import Marks
from autograder.record import Report
from autograder.sandbox.groups import Group
from autograder.submission import Submission, read_small

__all__ = ["Rendered", "Rendering", "pages_there", "render_pages", "save_pages"]


class Rendered(msgspec.Struct, tag=True, frozen=True):
    """The texts of all files that show a submission, by path below the course's folder."""

    pages: dict[str, str]


@dataclass(frozen=True)
class Rendering:
    """Render the pages of a submission: a job of :mod:`autograder.fence`."""

    tells: ClassVar[Any] = Rendered

    course: Course
    report: Report
    submission: Submission | None
    marks: Marks | None

    def run(self, assignment: Assignment, group: Group | None = None) -> Iterator[Rendered]:
        """Nothing is started for it."""
        pages = render_pages(self.course, self.report, self.submission, self.marks, assignment)
        yield Rendered(pages)


def render_pages(
    course: Course,
    report: Report,
    submission: Submission | None = None,
    marks: Marks | None = None,
    assignment: Assignment | None = None,
) -> dict[str, str]:
    """The texts of the files that show a submission, by path below the course's folder.

    Args:
        course: the course.
        report: the submission's report.
        submission: what was handed in. Without it there are only feedback pages, and answers are
            taken from the autograded notebooks that lie there, so that pages can be rendered again
            after written questions were graded.
        marks: what the gradebook says of the submission; without it, the report's own scores.
        assignment: the report's, if it is read already.
    """
    assignment = assignment or course.assignment(report.assignment)
    pages = {}
    if submission is None:
        notebooks = _on_disk(course, report, assignment)
    else:
        notebooks = autograded.notebooks(course, assignment, report, submission)
        for name, nb in notebooks.items():
            pages[_path(course, _autograded(course, report) / f"{name}.ipynb")] = (
                nbformat.writes(nb) + "\n"
            )
    for name, page in feedback.pages(course, assignment, report, marks, notebooks).items():
        pages[_path(course, _feedback(course, report) / f"{name}.html")] = page
    return pages


def save_pages(course: Course, report: Report, pages: dict[str, str]) -> list[Path]:
    """Write rendered pages, and beside them what nbgrader's commands ask for.

    That are ``timestamp.txt`` and ``submission_secret.txt``; under the secret a student finds
    the feedback that ``nbgrader release_feedback`` hands out.

    Returns:
        The pages written.

    Raises:
        ValueError: a path is not one of this submission's.
    """
    names = course.assignment(report.assignment).notebooks
    allowed = {
        _path(course, path)
        for name in names
        for path in (
            _autograded(course, report) / f"{name}.ipynb",
            _feedback(course, report) / f"{name}.html",
        )
    }
    if strange := set(pages) - allowed:
        raise ValueError(f"these are no pages of {report.student}: {', '.join(sorted(strange))}")
    for name in names:
        if report.notebook(name).status == "missing":
            (_autograded(course, report) / f"{name}.ipynb").unlink(missing_ok=True)
    secret = _secret(course, report)
    for folder in (_autograded(course, report), _feedback(course, report)):
        autograded.save(folder / "timestamp.txt", report.timestamp or "")
        autograded.save(folder / "submission_secret.txt", secret)
    for path, text in pages.items():
        autograded.save(course.root / path, text)
    return [course.root / path for path in pages]


def pages_there(course: Course, report: Report) -> bool:
    """Are all pages of a submission on the disk?"""
    paths = [_autograded(course, report) / "timestamp.txt"]
    for name in course.assignment(report.assignment).notebooks:
        paths.append(_feedback(course, report) / f"{name}.html")
        if report.notebook(name).status != "missing":
            paths.append(_autograded(course, report) / f"{name}.ipynb")
    return all(path.exists() for path in paths)


def _autograded(course: Course, report: Report) -> Path:
    return course.autograded_dir / report.student / report.assignment


def _feedback(course: Course, report: Report) -> Path:
    return course.feedback_dir / report.student / report.assignment


def _path(course: Course, path: Path) -> str:
    return path.relative_to(course.root).as_posix()


def _on_disk(
    course: Course, report: Report, assignment: Assignment
) -> dict[str, nbformat.NotebookNode]:
    """The autograded notebooks that lie there."""
    paths = {name: _autograded(course, report) / f"{name}.ipynb" for name in assignment.notebooks}
    return {
        name: nbformat.read(path, as_version=4) for name, path in paths.items() if path.exists()
    }


def _secret(course: Course, report: Report) -> str:
    """The submission's secret: what was handed in, what it had, or what nobody can guess."""
    handed_in = course.submitted_dir / report.student / report.assignment
    for folder in (handed_in, _autograded(course, report), _feedback(course, report)):
        text = (read_small(folder / "submission_secret.txt") or "").strip()
        if re.fullmatch(r"[\w-]{16,500}", text, re.ASCII):
            return text
    parts = f"submission\0{report.student}\0{report.assignment}".encode()
    return hmac.new(course.secret(), parts, hashlib.sha512).hexdigest()
