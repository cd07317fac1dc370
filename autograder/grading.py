"""Grade one submission: a pure function from what was turned in to a report.

The same course, secret and submission give the same report, timings apart. The form of a report is
that of :mod:`autograder.record`.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Literal

from assignments.messages import _
from assignments.notebook import read_cells
from assignments.questions import Check, CheckResult, seed_for
from assignments.weights import names_of
from autograder.answer_key import AnswerKey, answer_key
from autograder.course import Assignment, Question, SourceNotebook
from autograder.diagnosis import Diagnosis
from autograder.record import (
    CheckRecord,
    Hint,
    NotebookRecord,
    QuestionRecord,
    QuestionStatus,
    Report,
    cleaned,
)
from autograder.sandbox.box import Sandbox
from autograder.sandbox.limits import Limits
from autograder.scoring import Attempt, points_of, score_question
from autograder.session import SandboxSession
from autograder.submission import Submission
from autograder.written import written_answers

__all__ = ["Settings", "grade_submission", "make_report"]


@dataclass(frozen=True)
class Settings:
    """What grading depends on besides course and submission.

    Attributes:
        secret: from which inputs are drawn for each student; keep it from students.
        protection: ``"bubblewrap"`` or ``"none"``.
        limits: what student code may use.
        grader_hash: names the state of checks, helpers and limits, for the journal.
    """

    secret: bytes
    protection: str = "bubblewrap"
    limits: Limits = field(default_factory=Limits)
    grader_hash: str = ""


def grade_submission(submission: Submission, assignment: Assignment, settings: Settings) -> Report:
    """Grade every question of a submission that checks can grade.

    Args:
        submission: what was turned in.
        assignment: the course's source of it.
        settings: secret, protection and limits.

    Returns:
        The report.

    Raises:
        autograder.sandbox.bubblewrap.SandboxUnavailable: student code cannot be run safely here.
    """
    started = time.perf_counter()
    notebooks: dict[str, NotebookRecord] = {}
    with ExitStack() as stack:
        sandboxes: dict[frozenset[str], Sandbox] = {}
        for source in assignment.notebooks.values():
            key = answer_key(source)

            def sandbox(key: AnswerKey = key) -> Sandbox:
                if key.packages not in sandboxes:
                    box = Sandbox(key.packages, settings.limits, settings.protection)
                    sandboxes[key.packages] = stack.enter_context(box)
                return sandboxes[key.packages]

            notebooks[source.name] = _grade_notebook(submission, source, key, sandbox, settings)
    readable = any(notebook.status == "graded" for notebook in notebooks.values())
    known = {source.path.name for source in assignment.notebooks.values()} | {
        name
        for source in assignment.notebooks.values()
        for file in answer_key(source).files
        for name in names_of(file)
    }
    return make_report(
        submission,
        settings,
        "graded" if readable else "unreadable",
        _main_reason(notebooks),
        notebooks,
        sorted({*submission.files, *submission.problems} - known),
        time.perf_counter() - started,
    )


def make_report(
    submission: Submission,
    settings: Settings,
    status: Literal["graded", "unreadable", "machine"],
    reason: str,
    notebooks: dict[str, NotebookRecord] | None = None,
    extra_files: list[str] | None = None,
    seconds: float = 0.0,
    fault: str = "",
) -> Report:
    """A report whose texts are plain, in the form that journal, gradebook and pages read.

    Args:
        status: ``"machine"`` where ours failed; it is tried again later.
        reason: the one line that tables show.
        fault: for instructors, the traceback of a failure of ours.
    """
    notebooks = notebooks or {}
    questions = [q for notebook in notebooks.values() for q in notebook.questions.values()]
    report = Report(
        student=submission.student,
        assignment=submission.assignment,
        timestamp=submission.timestamp.isoformat() if submission.timestamp else None,
        content_hash=submission.content_hash,
        grader_hash=settings.grader_hash,
        protection=settings.protection,
        status=status,
        reason=reason,
        fault=fault,
        score=round(sum((q.score for q in questions), 0.0), 4),
        max_score=round(sum((q.max_score for q in questions), 0.0), 4),
        notebooks=notebooks,
        extra_files=extra_files or [],
        seconds=round(seconds, 4),
    )
    return cleaned(report)


def _grade_notebook(
    submission: Submission,
    source: SourceNotebook,
    key: AnswerKey,
    sandbox: Callable[[], Sandbox],
    settings: Settings,
) -> NotebookRecord:
    nb = submission.notebook(source.name)
    if nb is None:
        reason = submission.why_not(source.name)
        there = {*submission.files, *submission.problems}
        status = "unreadable" if f"{source.name}.ipynb" in there else "missing"
        return NotebookRecord(
            status=status,
            reason=reason,
            questions={q.grade_id: _not_graded(q, reason) for q in source.auto_questions()},
            written=written_answers(source, {"cells": []}),
        )
    cells = read_cells(nb)
    session = SandboxSession(sandbox(), cells, source.outline, submission.file)
    questions: dict[str, QuestionRecord] = {}
    for question in source.auto_questions():
        started = time.perf_counter()
        lost = frozenset(
            name for name, graded in questions.items() if graded.score < graded.max_score
        )

        def seed(check: Check, question: Question = question) -> int:
            return seed_for(settings.secret, submission.student, question.grade_id, check.name)

        attempt = score_question(session, key, question.grade_id, seed, lost)
        hint = None
        if attempt.share < 1 and not attempt.blank and not attempt.limit:
            found = Diagnosis(key, question.grade_id, seed, attempt.served).of(attempt)
            hint = found and Hint(misconception=found.name, text=_(found.hint))
        questions[question.grade_id] = QuestionRecord(
            score=points_of(attempt.share, question.points),
            max_score=question.points,
            status=_status(attempt),
            checks=[_check_report(result) for result in attempt.results],
            hint=hint,
            served=list(attempt.served),
            limit=attempt.limit,
            seconds=round(time.perf_counter() - started, 4),
        )
    session.close()
    return NotebookRecord(
        status="graded",
        notes=list(dict.fromkeys(session.notes)),
        questions=questions,
        written=written_answers(source, nb),
    )


def _status(attempt: Attempt) -> QuestionStatus:
    if attempt.limit:
        return "stopped"
    if attempt.share == 1:
        return "passed"
    if attempt.blank:
        return "blank"
    return "partial" if attempt.share > 0 else "failed"


def _check_report(result: CheckResult) -> CheckRecord:
    return CheckRecord(
        name=result.check.name,
        sentence=result.check.sentence,
        weight=result.check.marker.weight,
        passed=result.passed,
        reason=result.reason,
        symptom=result.symptom,
    )


def _not_graded(question: Question, reason: str) -> QuestionRecord:
    return QuestionRecord(score=0.0, max_score=question.points, status="failed", reason=reason)


def _main_reason(notebooks: dict[str, NotebookRecord]) -> str:
    """The one line that a table shows: the first thing that cost points."""
    for notebook in notebooks.values():
        if notebook.reason:
            return notebook.reason
    lost = {
        name: question
        for notebook in notebooks.values()
        for name, question in notebook.questions.items()
        if question.score < question.max_score
    }
    if lost and all(question.status == "blank" for question in lost.values()):
        return _("not implemented yet: {names}").format(names=", ".join(lost))
    order = ("stopped", "failed", "partial", "blank")
    for status in order:
        for name, question in lost.items():
            if question.status == status:
                failed = next(check for check in question.checks if not check.passed)
                return f"{name}: {question.hint.text if question.hint else failed.reason}"
    return ""
