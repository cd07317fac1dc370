"""Grade one submission: a pure function from what was turned in to a report.

The same course, secret and submission give the same report, timings apart. The form of a report is
described in ``docs/check-authors.md``.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from assignments.messages import _
from assignments.notebook import as_loaded, read_cells
from assignments.questions import CheckResult, Seeds
from assignments.weights import names_of
from autograder.answer_key import AnswerKey, answer_key
from autograder.course import Assignment, Question, SourceNotebook
from autograder.diagnosis import Diagnosis
from autograder.sandbox.box import Sandbox
from autograder.sandbox.limits import Limits
from autograder.scoring import Attempt, points_of, score_question
from autograder.session import SandboxSession
from autograder.submission import Submission
from autograder.written import written_answers

__all__ = ["SCHEMA", "Settings", "grade_submission", "make_report"]

#: Version of the form of a report.
SCHEMA = 1


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


def grade_submission(submission: Submission, assignment: Assignment, settings: Settings) -> dict:
    """Grade every question of a submission that checks can grade.

    Args:
        submission: what was turned in.
        assignment: the course's source of it.
        settings: secret, protection and limits.

    Returns:
        The report, as JSON data.

    Raises:
        autograder.sandbox.bubblewrap.SandboxUnavailable: student code cannot be run safely here.
    """
    started = time.perf_counter()
    notebooks: dict[str, dict] = {}
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
    readable = any(notebook["status"] == "graded" for notebook in notebooks.values())
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
    status: str,
    reason: str,
    notebooks: dict[str, dict] | None = None,
    extra_files: list[str] | None = None,
    seconds: float = 0.0,
) -> dict:
    """A report in the form that journal, gradebook and pages read.

    Args:
        status: ``"graded"``, ``"unreadable"`` or ``"machine"`` (ours failed; tried again later).
        reason: the one line that tables show.
    """
    notebooks = notebooks or {}
    questions = [q for notebook in notebooks.values() for q in notebook["questions"].values()]
    return {
        "schema": SCHEMA,
        "student": submission.student,
        "assignment": submission.assignment,
        "timestamp": submission.timestamp.isoformat() if submission.timestamp else None,
        "content_hash": submission.content_hash,
        "grader_hash": settings.grader_hash,
        "protection": settings.protection,
        "status": status,
        "reason": reason,
        "score": round(sum((q["score"] for q in questions), 0.0), 4),
        "max_score": round(sum((q["max_score"] for q in questions), 0.0), 4),
        "notebooks": notebooks,
        "extra_files": extra_files or [],
        "seconds": round(seconds, 4),
    }


def _grade_notebook(
    submission: Submission,
    source: SourceNotebook,
    key: AnswerKey,
    sandbox: Callable[[], Sandbox],
    settings: Settings,
) -> dict:
    nb = submission.notebook(source.name)
    if nb is None:
        reason = submission.why_not(source.name)
        there = {*submission.files, *submission.problems}
        status = "unreadable" if f"{source.name}.ipynb" in there else "missing"
        return {
            "status": status,
            "reason": reason,
            "notes": [],
            "questions": {q.grade_id: _not_graded(q, reason) for q in source.auto_questions()},
            "written": written_answers(source, {"cells": []}),
        }
    cells, code = as_loaded(read_cells(nb), source.outline)
    seeds = Seeds(settings.secret, (submission.student, code))
    session = SandboxSession(sandbox(), cells, source.outline, submission.file)
    questions: dict[str, dict] = {}
    for question in source.auto_questions():
        started = time.perf_counter()
        lost = frozenset(
            name for name, graded in questions.items() if graded["score"] < graded["max_score"]
        )
        attempt = score_question(session, key, question.grade_id, seeds, lost)
        hint = None
        if attempt.share < 1 and not attempt.blank and not attempt.limit:
            found = Diagnosis(key, question.grade_id, seeds, attempt.served).of(attempt)
            hint = found and {"misconception": found.name, "text": _(found.hint)}
        questions[question.grade_id] = {
            "score": points_of(attempt.share, question.points),
            "max_score": question.points,
            "status": _status(attempt),
            "checks": [_check_report(result) for result in attempt.results],
            "hint": hint,
            "served": list(attempt.served),
            "limit": attempt.limit,
            "seconds": round(time.perf_counter() - started, 4),
        }
    session.close()
    return {
        "status": "graded",
        "reason": "",
        "notes": list(dict.fromkeys(session.notes)),
        "questions": questions,
        "written": written_answers(source, nb),
    }


def _status(attempt: Attempt) -> str:
    if attempt.limit:
        return "stopped"
    if attempt.share == 1:
        return "passed"
    if attempt.blank:
        return "blank"
    return "partial" if attempt.share > 0 else "failed"


def _check_report(result: CheckResult) -> dict[str, Any]:
    return {
        "name": result.check.name,
        "sentence": result.check.sentence,
        "weight": result.check.marker.weight,
        "passed": result.passed,
        "reason": result.reason,
        "symptom": result.symptom,
    }


def _not_graded(question: Question, reason: str) -> dict:
    return {
        "score": 0.0,
        "max_score": question.points,
        "status": "failed",
        "checks": [],
        "hint": None,
        "served": [],
        "limit": None,
        "seconds": 0.0,
        "reason": reason,
    }


def _main_reason(notebooks: dict[str, dict]) -> str:
    """The one line that a table shows: the first thing that cost points."""
    for notebook in notebooks.values():
        if notebook["reason"]:
            return notebook["reason"]
    lost = {
        name: question
        for notebook in notebooks.values()
        for name, question in notebook["questions"].items()
        if question["score"] < question["max_score"]
    }
    if lost and all(question["status"] == "blank" for question in lost.values()):
        return _("not implemented yet: {names}").format(names=", ".join(lost))
    order = ("stopped", "failed", "partial", "blank")
    for status in order:
        for name, question in lost.items():
            if question["status"] == status:
                failed = next(check for check in question["checks"] if not check["passed"])
                hint = question["hint"]
                return f"{name}: {hint['text'] if hint else failed['reason']}"
    return ""
