"""All of one's own notebooks graded with the hidden checks, for those who learn alone.

No gradebook, no journal and no sandbox: one's own code runs unprotected, on any system. What was
not begun is not graded.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from assignments.notebook import read_cells
from assignments.progress_file import FILE, parse
from autograder import autograded, feedback
from autograder.course import Assignment, Course, CourseError, SourceNotebook
from autograder.gradebook import Mark, Marks
from autograder.grading import Grading, Progress, Scored, Settings
from autograder.record import QuestionRecord, Report
from autograder.submission import Submission, parse_notebook, read_submission

__all__ = ["FEEDBACK", "Mine", "begun", "grade_mine"]

#: Below the learner's folder.
FEEDBACK = "feedback"
_STUDENT = "you"


@dataclass(frozen=True)
class Mine:
    """What one has of an assignment.

    Attributes:
        source: the assignment, all of it.
        report: of the notebooks that were begun.
        marked: points that one gave oneself for written answers, by question.
        pages: the feedback pages, by notebook.
    """

    source: Assignment
    report: Report
    marked: dict[str, float]
    pages: dict[str, Path]

    @property
    def not_begun(self) -> list[str]:
        return [name for name in self.source.notebooks if name not in self.report.notebooks]

    @property
    def max_score(self) -> float:
        """Automatic points of the whole assignment."""
        return sum(map(self.max_score_of, self.source.notebooks))

    def max_score_of(self, notebook: str) -> float:
        return sum(q.points for q in self.source.notebooks[notebook].auto_questions())

    def marked_in(self, notebook: str) -> float:
        return sum(self.marked.get(name, 0.0) for name in self.source.notebooks[notebook].questions)

    def lost(self) -> Iterator[tuple[str, QuestionRecord]]:
        """The questions that were tried and lost points, in the order of the course."""
        for name, question in self.report.questions().items():
            if question.score < question.max_score and question.status != "blank":
                yield name, question

    def as_json(self) -> dict:
        return {
            "assignment": self.source.name,
            "score": self.report.score,
            "max_score": self.max_score,
            "marked": self.marked,
            "not_begun": self.not_begun,
            "pages": {name: str(path) for name, path in self.pages.items()},
            "notebooks": msgspec.to_builtins(self.report.notebooks),
        }


def begun(course: Course, folder: Path) -> dict[str, Assignment]:
    """The notebooks of a learner's folder that were begun, by assignment.

    Begun is one with a solution or an answer that is not as it was given, or that cannot be read.

    Raises:
        CourseError: the folder has no notebooks of the course.
    """
    found: dict[str, Assignment] = {}
    there = False
    for name in course.assignments():
        assignment = course.assignment(name)
        submission = read_submission(folder / name, _STUDENT, name)
        there |= any(
            source.path.name in submission.files for source in assignment.notebooks.values()
        )
        notebooks = {
            source.name: source
            for source in assignment.notebooks.values()
            if _is_begun(course, source, submission)
        }
        if notebooks:
            found[name] = Assignment(name, notebooks)
    if not there:
        raise CourseError(
            f"{folder} has no notebooks of the course as <assignment>/<notebook>.ipynb; "
            "'make learn' puts them there"
        )
    return found


def _is_begun(course: Course, source: SourceNotebook, submission: Submission) -> bool:
    file = source.path.name
    if file not in submission.files:
        return file in submission.problems
    released = course.release_dir / source.assignment / file
    own = submission.notebook(source.name)
    if own is None or not released.is_file():
        return True
    given, _reason = parse_notebook(released.read_bytes())
    return not _solutions(given).items() <= _solutions(own).items()


def _solutions(nb: dict | None) -> dict[str, str]:
    """The text of each cell that a learner fills in."""
    cells = [cell for cell in read_cells(nb) if cell.grade_id and cell.solution]
    return {cell.grade_id: cell.source.strip() for cell in cells if cell.grade_id}


def grade_mine(
    course: Course, folder: Path, started: Mapping[str, Assignment], done: Callable[[str], None]
) -> list[Mine]:
    """Grade what was begun, and write its feedback pages.

    Args:
        course: a clone, with its hidden checks.
        folder: the learner's, with ``<assignment>/<notebook>.ipynb``.
        started: from :func:`begun`.
        done: called with each question that was graded.

    Raises:
        SandboxUnavailable: no process starts for a notebook.
    """
    said = ""
    with contextlib.suppress(OSError):
        said = (folder / FILE).read_text(encoding="utf-8-sig", errors="replace")
    marked = {
        name: float(entry["points"])
        for name, entry in parse(said)[0]["written"].items()
        if "points" in entry
    }
    results = []
    for name in course.assignments():
        source = course.assignment(name)
        assignment = started.get(name, Assignment(name, {}))
        submission = read_submission(folder / name, _STUDENT, name)
        progress = Progress(submission, assignment, Settings(b"one's own work", "none"))
        for event in Grading(submission, progress.settings).run(assignment):
            progress.add(event)
            if isinstance(event, Scored):
                done(event.question)
        report = _without_untouched(progress.report())
        own = {
            question.grade_id: min(marked[question.grade_id], question.points)
            for notebook in source.notebooks.values()
            for question in notebook.questions.values()
            if question.kind != "auto" and question.grade_id in marked
        }
        touched = {one: source.notebooks[one] for one in report.notebooks}
        pages = _write_pages(
            course, Assignment(name, touched), submission, report, own, folder / FEEDBACK
        )
        results.append(Mine(source, report, own, pages))
    return results


def _without_untouched(report: Report) -> Report:
    """Without notebooks in which nothing was written, though they look different from ours."""
    kept = {
        name: notebook
        for name, notebook in report.notebooks.items()
        if notebook.status != "graded"
        or any(question.status != "blank" for question in notebook.questions.values())
        or any(answer.answered for answer in notebook.written.values())
    }
    return msgspec.structs.replace(report, notebooks=kept)


def _write_pages(
    course: Course,
    assignment: Assignment,
    submission: Submission,
    report: Report,
    marked: dict[str, float],
    folder: Path,
) -> dict[str, Path]:
    """Write a page a notebook, with the points that one gave oneself; gives their paths."""
    notebooks = autograded.notebooks(course, assignment, report, submission)
    marks = Marks(_STUDENT, assignment.name)
    for source in assignment.notebooks.values():
        for name, question in source.questions.items():
            if name in marked:
                marks.questions[name] = Mark(
                    source.name, name, question.kind, question.points, manual_score=marked[name]
                )
    paths = {}
    made = feedback.pages(course, assignment, report, marks, notebooks, alone=True)
    for name, page in made.items():
        paths[name] = folder / assignment.name / f"{name}.html"
        autograded.save(paths[name], page)
    return paths
