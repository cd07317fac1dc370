"""nbgrader's gradebook: bring it up to the source, write reports into it, read marks from it.

The only writer of ``gradebook.db`` besides nbgrader itself. nbgrader's own helper methods commit at
every step; here a report is one transaction, so that a killed process leaves a submission either as
it was or wholly graded.
"""

import json
import os
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import nbformat
from alembic.script import ScriptDirectory
from nbgrader import api
from nbgrader import preprocessors as pp
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.utils import is_grade, is_locked, is_solution, is_task
from sqlalchemy import Column, MetaData, String, Table, delete, insert, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import selectinload
from traitlets.config import Config, PyFileConfigLoader

from assignments.messages import _
from autograder.course import Course, CourseError, SourceNotebook
from autograder.record import Answer, NotebookRecord, QuestionRecord, Report, moment

__all__ = ["Gradebook", "Mark", "Marks", "compiled", "course_config", "solution_cells"]

#: nbgrader has no place for this: which text of a written answer a grade was last applied to.
_answers = Table(
    "autograder_answer",
    MetaData(),
    Column("grade_id", String(32), primary_key=True),
    Column("sha256", String(64), nullable=False),
)

#: Nor for this: which report a submission's scores are of.
_reports = Table(
    "autograder_report",
    MetaData(),
    Column("submission_id", String(32), primary_key=True),
    Column("content_hash", String(64), nullable=False),
    Column("grader_hash", String(64), nullable=False),
)


@dataclass(frozen=True)
class Mark:
    """What the gradebook says of one question of one submission; points as in the source."""

    notebook: str
    question: str
    kind: str  # "auto", "written" or "task"
    max_score: float
    auto_score: float | None = None
    manual_score: float | None = None
    extra_credit: float | None = None
    needs_manual_grade: bool = False

    @property
    def score(self) -> float:
        """The points that count: a person's if given, else the machine's, plus extra credit."""
        given = self.auto_score if self.manual_score is None else self.manual_score
        return 0.0 if given is None else given + (self.extra_credit or 0.0)

    @property
    def graded(self) -> bool:
        return self.auto_score is not None or self.manual_score is not None


@dataclass(frozen=True)
class Marks:
    """What the gradebook says of one submission."""

    student: str
    assignment: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    submitted: bool = False
    timestamp: datetime | None = None
    late_penalty: float = 0.0
    questions: dict[str, Mark] = field(default_factory=dict)
    #: What graders wrote, by the cell they wrote it on (Markdown).
    comments: dict[str, str] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """Points less the penalty for handing in late."""
        return sum(mark.score for mark in self.questions.values()) - self.late_penalty

    @property
    def max_score(self) -> float:
        return sum(mark.max_score for mark in self.questions.values())

    @property
    def needs_manual_grade(self) -> bool:
        return any(mark.needs_manual_grade for mark in self.questions.values())


class Gradebook:
    """An open gradebook; use it as a context manager.

        with Gradebook(course) as book:
            book.sync("a1_classifiers")
            book.apply(report)

    One process at a time should write; formgrader may be open meanwhile.
    """

    def __init__(self, course: Course) -> None:
        self.course = course
        _create(course.gradebook_path)
        self._config = course_config(course)
        course_id = self._config.get("CourseDirectory", {}).get("course_id")
        # The time that SQLite waits for a lock, in seconds: formgrader may be saving a score.
        url = f"{course.db_url}?timeout=60"
        try:
            self._nbgrader = api.Gradebook(url, course_id or "default_course")
            for table in (_answers, _reports):
                table.create(self._nbgrader.engine, checkfirst=True)
        except DatabaseError as error:
            raise CourseError(
                f"the gradebook {course.gradebook_path} cannot be opened: {error.orig}; close what "
                "else has it open, then run the command again"
            ) from None
        self._db = self._nbgrader.db

    def __enter__(self) -> "Gradebook":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._nbgrader.close()

    # --- source -> gradebook ---------------------------------------------------------------------

    def sync(self, assignment: str) -> None:
        """Bring the gradebook's notebooks, questions and points up to the source.

        Unlike ``nbgrader generate_assignment`` this may be done after submissions were graded:
        scores and comments of the questions that stay are kept. Before marks given by a person
        go with a removed question, the gradebook is copied to ``gradebook.db.<time>``.
        """
        with self._transaction():
            source = self.course.assignment(assignment)
            book = self._db.query(api.Assignment).filter_by(name=assignment).one_or_none()
            if book is None:
                book = api.Assignment(name=assignment, course_id=self._nbgrader.course_id)
                self._db.add(book)
            kept = []
            for notebook in source.notebooks.values():
                row = _named(book.notebooks, notebook.name)
                if row is None:
                    row = api.Notebook(name=notebook.name, assignment=book)
                    self._db.add(row)
                kept.append(row)
                self._sync_notebook(row, notebook)
            for row in [r for r in book.notebooks if r not in kept]:
                self._remove_cells(list(row._base_cells))
                self._delete([*row.source_cells, *row.submissions, row])
            self._db.flush()
            self._db.expire_all()
            for submission in book.submissions:
                self._complete(submission)

    def _sync_notebook(self, row: api.Notebook, notebook: SourceNotebook) -> None:
        nb = compiled(notebook, self._config)
        row.kernelspec = json.dumps(nb.metadata.get("kernelspec", {}))
        wanted: dict[tuple[type, str], dict] = {}
        for cell in nb.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            if is_grade(cell) or is_task(cell):
                points = float(cell.metadata.nbgrader["points"])
                kind = api.TaskCell if is_task(cell) else api.GradeCell
                wanted[kind, grade_id] = {"max_score": points, "cell_type": cell.cell_type}
            if is_solution(cell):
                wanted[api.SolutionCell, grade_id] = {}
            if is_grade(cell) or is_solution(cell) or is_task(cell) or is_locked(cell):
                wanted[api.SourceCell, grade_id] = {
                    "cell_type": cell.cell_type,
                    "locked": is_locked(cell),
                    "source": cell.source,
                    "checksum": cell.metadata.nbgrader.get("checksum"),
                }
        existing = {(type(c), c.name): c for c in [*row._base_cells, *row.source_cells]}
        gone = [cell for key, cell in existing.items() if key not in wanted]
        self._remove_cells([cell for cell in gone if isinstance(cell, api.BaseCell)])
        self._delete([cell for cell in gone if isinstance(cell, api.SourceCell)])
        for (kind, name), values in wanted.items():
            cell = existing.get((kind, name))
            if cell is None:
                self._db.add(kind(name=name, notebook=row, **values))
            else:
                for attribute, value in values.items():
                    setattr(cell, attribute, value)

    def _remove_cells(self, cells: list[api.BaseCell]) -> None:
        ids = [cell.id for cell in cells]
        grades = self._db.query(api.Grade).filter(api.Grade.cell_id.in_(ids)).all()
        comments = self._db.query(api.Comment).filter(api.Comment.cell_id.in_(ids)).all()
        by_hand = any(g.manual_score is not None or g.extra_credit is not None for g in grades)
        if by_hand or any(comment.manual_comment for comment in comments):
            _back_up(self.course.gradebook_path)
        self._delete([*grades, *comments, *cells])

    def _delete(self, rows: Iterable[object]) -> None:
        for row in rows:
            self._db.delete(row)
        self._db.flush()

    # --- report -> gradebook ---------------------------------------------------------------------

    def apply(self, report: Report) -> None:
        """Write one submission's report, in one transaction; applying it again changes nothing.

        Scores and comments given by a person stay. They are flagged for another look when that
        answer's text, or the question's automatic score, is no longer the one they were given for.
        After a failure of our own machine nothing is graded, whatever an earlier report said; what
        a person gave stays.

        Raises:
            CourseError: the assignment was never synced from the source.
        """
        with self._transaction():
            submission = self._submission(report)
            self._complete(submission)
            self._db.flush()
            for notebook in submission.notebooks:
                if report.status == "machine":
                    self._clear(notebook)
                else:
                    self._apply_notebook(notebook, report.notebook(notebook.name))
                notebook.late_submission_penalty = self._late_penalty(submission, notebook)
            self._db.execute(delete(_reports).where(_reports.c.submission_id == submission.id))
            self._db.execute(
                insert(_reports).values(
                    submission_id=submission.id,
                    content_hash=report.content_hash,
                    grader_hash=report.grader_hash,
                )
            )

    def holds(self, report: Report) -> bool:
        """Are the scores of the report's submission those of this report?"""
        submission = (
            self._db.query(api.SubmittedAssignment)
            .filter_by(student_id=report.student)
            .join(api.SubmittedAssignment.assignment)
            .filter(api.Assignment.name == report.assignment)
            .one_or_none()
        )
        if submission is None:
            return False
        held = self._db.execute(
            select(_reports.c.content_hash, _reports.c.grader_hash).where(
                _reports.c.submission_id == submission.id
            )
        ).first()
        return held is not None and tuple(held) == (report.content_hash, report.grader_hash)

    def _submission(self, report: Report) -> api.SubmittedAssignment:
        assignment = self._db.query(api.Assignment).filter_by(name=report.assignment).one_or_none()
        if assignment is None:
            raise CourseError(
                f"the gradebook does not know {report.assignment!r}: "
                "call sync (or run `autograder release`) before applying reports"
            )
        student = self._db.get(api.Student, report.student)
        if student is None:
            student = api.Student(id=report.student)
            self._db.add(student)
        submission = (
            self._db.query(api.SubmittedAssignment)
            .filter_by(assignment_id=assignment.id, student_id=student.id)
            .one_or_none()
        )
        if submission is None:
            submission = api.SubmittedAssignment(assignment=assignment, student=student)
            self._db.add(submission)
        handed_in = report.timestamp and moment(report.timestamp).replace(tzinfo=None)
        submission.timestamp = handed_in or None
        return submission

    def _complete(self, submission: api.SubmittedAssignment) -> None:
        """Add the rows that a submission lacks: notebooks, grades and comments."""
        for notebook in submission.assignment.notebooks:
            row = next((r for r in submission.notebooks if r.notebook is notebook), None)
            if row is None:
                row = api.SubmittedNotebook(notebook=notebook, assignment=submission)
                self._db.add(row)
            graded = {grade.cell_id for grade in row.grades}
            commented = {comment.cell_id for comment in row.comments}
            for cell in notebook._base_cells:
                if not isinstance(cell, api.SolutionCell) and cell.id not in graded:
                    self._db.add(api.Grade(cell=cell, notebook=row, needs_manual_grade=True))
                if not isinstance(cell, api.GradeCell) and cell.id not in commented:
                    self._db.add(api.Comment(cell=cell, notebook=row))

    def _apply_notebook(self, notebook: api.SubmittedNotebook, result: NotebookRecord) -> None:
        source = self.course.assignment(notebook.assignment.name).notebooks[notebook.name]
        solved_in = solution_cells(source)
        nothing = Answer(answered=False, sha256="", max_score=0.0)
        handed_in = msgspec.structs.replace(nothing, answered=result.status == "graded")
        comments: dict[str, list[str]] = {}
        for grade in notebook.grades:
            name = grade.cell.name
            kind = _kind(grade.cell)
            if kind == "auto":
                question = result.questions.get(name)
                self._apply_auto(grade, question.score if question else 0.0)
                if name in solved_in and (line := _summary(name, question)):
                    comments.setdefault(solved_in[name], []).append(line)
            elif kind == "task":
                self._apply_written(grade, result.written.get(name, handed_in))
            else:
                answer = result.written.get(name, nothing)
                self._apply_written(grade, answer)
                if not answer.answered:
                    comments[name] = [_("No response.")]
        for comment in notebook.comments:
            lines = comments.get(comment.cell.name)
            comment.auto_comment = "\n\n".join(lines) if lines else None

    def _clear(self, notebook: api.SubmittedNotebook) -> None:
        """Take back what reports said of a notebook."""
        for grade in notebook.grades:
            grade.auto_score = None
            if grade.manual_score is None:
                grade.needs_manual_grade = True
        for comment in notebook.comments:
            comment.auto_comment = None

    def _apply_auto(self, grade: api.Grade, score: float) -> None:
        changed = grade.auto_score != score
        grade.auto_score = score
        if grade.manual_score is None:
            grade.needs_manual_grade = False
        elif changed:
            grade.needs_manual_grade = True

    def _apply_written(self, grade: api.Grade, answer: Answer) -> None:
        self._db.flush()  # a new row has no id before
        known = self._db.execute(
            select(_answers.c.sha256).where(_answers.c.grade_id == grade.id)
        ).scalar()
        grade.auto_score = None if answer.answered else 0.0
        if grade.manual_score is None:
            grade.needs_manual_grade = bool(answer.answered)
        elif known != answer.sha256:
            grade.needs_manual_grade = True
        if known != answer.sha256:
            self._db.execute(delete(_answers).where(_answers.c.grade_id == grade.id))
            self._db.execute(insert(_answers).values(grade_id=grade.id, sha256=answer.sha256))

    def _late_penalty(
        self, submission: api.SubmittedAssignment, notebook: api.SubmittedNotebook
    ) -> float | None:
        """The penalty that nbgrader's configured plugin gives, within the notebook's score."""
        if submission.assignment.duedate is None or not submission.total_seconds_late:
            return None
        late = submission.total_seconds_late
        step = pp.AssignLatePenalties(config=self._config)
        step.init_plugin()
        score = sum(_mark(grade).score for grade in notebook.grades)
        penalty = step.plugin_inst.late_submission_penalty(submission.student_id, score, late)
        return None if penalty is None else min(max(penalty, 0.0), score)

    # --- gradebook -> marks ----------------------------------------------------------------------

    def marks(self, assignment: str, student: str | None = None) -> list[Marks]:
        """What the gradebook holds of an assignment's submissions, by student.

        Students of the gradebook who handed in nothing are there with their questions at zero.
        """
        self._db.expire_all()  # a person may have graded in formgrader meanwhile
        book = self._db.query(api.Assignment).filter_by(name=assignment).one_or_none()
        if book is None:
            return []
        students = self._db.query(api.Student).order_by(api.Student.id)
        notebooks = selectinload(api.SubmittedAssignment.notebooks)
        submissions = (
            self._db.query(api.SubmittedAssignment)
            .filter_by(assignment_id=book.id)
            .options(
                notebooks.selectinload(api.SubmittedNotebook.grades).joinedload(api.Grade.cell),
                notebooks.selectinload(api.SubmittedNotebook.comments).joinedload(api.Comment.cell),
            )
        )
        if student is not None:
            students = students.filter_by(id=student)
            submissions = submissions.filter_by(student_id=student)
        by_student = {submission.student_id: submission for submission in submissions}
        order = self._order(assignment)
        return [_marks(book, s, by_student.get(s.id), order) for s in students]

    def _order(self, assignment: str) -> dict[str, int]:
        """The place of each question in the source."""
        if assignment not in self.course.assignments():
            return {}
        notebooks = self.course.assignment(assignment).notebooks.values()
        names = [name for notebook in notebooks for name in notebook.questions]
        return {name: place for place, name in enumerate(names)}

    @contextmanager
    def _transaction(self):
        try:
            yield
            self._db.commit()
        except BaseException:
            self._db.rollback()
            raise


def compiled(
    notebook: SourceNotebook, config: Config, *, release: bool = False
) -> nbformat.NotebookNode:
    """The source notebook after nbgrader's preprocessors, without touching the database.

    Args:
        notebook: the instructor's notebook.
        config: the course's nbgrader configuration, for delimiters and stubs.
        release: as students get it; otherwise as the gradebook keeps it, hidden tests included.
    """
    nb = nbformat.reads(notebook.path.read_text(encoding="utf-8"), as_version=4)
    steps = [pp.LockCells, pp.ClearSolutions, pp.ClearOutput, pp.ComputeChecksums]
    if release:
        steps += [pp.ClearHiddenTests, pp.ClearMarkScheme, pp.ComputeChecksums]
    language = nb.metadata.get("kernelspec", {}).get("language", "python")
    for step in steps:
        nb, _resources = step(config=config).preprocess(nb, {"language": language})
    return nb


def solution_cells(notebook: SourceNotebook) -> dict[str, str]:
    """For each automatic question the solution cell that it grades: the last one above it.

    nbgrader keeps comments with solution cells.
    """
    found: dict[str, str] = {}
    above = None
    for cell in notebook.nb["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("solution") and not meta.get("grade"):
            above = meta["grade_id"]
        elif meta.get("grade") and not meta.get("solution") and above:
            found[meta["grade_id"]] = above
    return found


def course_config(course: Course) -> Config:
    """The course's ``nbgrader_config.py``; empty where there is none."""
    if not (course.root / "nbgrader_config.py").exists():
        return Config()
    return PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()


def _create(path: Path) -> None:
    """Make an empty gradebook if there is none, so that it is there wholly or not at all."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    # nbgrader would start the command `alembic`, if that is on the PATH, to learn this version.
    migrations = ScriptDirectory(ALEMBIC_DIR)
    with closing(sqlite3.connect(new)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute(
            "INSERT INTO alembic_version VALUES (?)", [migrations.get_current_head()]
        )
    api.Gradebook(f"sqlite:///{new}").close()
    new.replace(path)


def _back_up(path: Path) -> None:
    """Copy the gradebook as it was last committed to a file beside it."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")
    copy = path.with_name(f"{path.name}.{stamp}")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _named(rows: list, name: str) -> object | None:
    return next((row for row in rows if row.name == name), None)


def _kind(cell: api.BaseCell) -> str:
    if isinstance(cell, api.TaskCell):
        return "task"
    solutions = {c.name for c in cell.notebook._base_cells if isinstance(c, api.SolutionCell)}
    return "written" if cell.name in solutions else "auto"


def _summary(name: str, question: QuestionRecord | None) -> str:
    """Why a question lost points, for the comment box of formgrader: our own sentences only."""
    if question is None or question.status == "passed":
        return ""
    failed = [check.sentence for check in question.checks if not check.passed]
    parts = [*failed[:1], *(hint.text for hint in question.hints)]
    # nbgrader renders comments as Markdown, HTML included.
    return re.sub(r"([\\\[<&`])", r"\\\1", "\n".join([f"{name}:", *parts])) if parts else ""


def _marks(
    book: api.Assignment,
    student: api.Student,
    submission: api.SubmittedAssignment | None,
    order: dict[str, int],
) -> Marks:
    if submission is None:
        cells = [c for notebook in book.notebooks for c in notebook._base_cells]
        marks = [_empty_mark(c) for c in cells if not isinstance(c, api.SolutionCell)]
        comments, penalty = {}, 0.0
    else:
        marks = [_mark(g) for notebook in submission.notebooks for g in notebook.grades]
        comments = {
            comment.cell.name: comment.manual_comment
            for notebook in submission.notebooks
            for comment in notebook.comments
            if comment.manual_comment
        }
        penalty = sum(n.late_submission_penalty or 0.0 for n in submission.notebooks)
    marks.sort(key=lambda mark: (order.get(mark.question, len(order)), mark.question))
    return Marks(
        student=student.id,
        assignment=book.name,
        first_name=student.first_name,
        last_name=student.last_name,
        email=student.email,
        submitted=submission is not None,
        timestamp=submission.timestamp if submission else None,
        late_penalty=penalty,
        questions={mark.question: mark for mark in marks},
        comments=comments,
    )


def _mark(grade: api.Grade) -> Mark:
    return Mark(
        notebook=grade.cell.notebook.name,
        question=grade.cell.name,
        kind=_kind(grade.cell),
        max_score=grade.cell.max_score,
        auto_score=grade.auto_score,
        manual_score=grade.manual_score,
        extra_credit=grade.extra_credit,
        needs_manual_grade=grade.needs_manual_grade,
    )


def _empty_mark(cell: api.BaseCell) -> Mark:
    return Mark(
        notebook=cell.notebook.name,
        question=cell.name,
        kind=_kind(cell),
        max_score=cell.max_score,
    )
