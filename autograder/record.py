"""What grading says of a submission, as typed records.

Made by :mod:`autograder.grading`, kept in the journal as JSON, read by gradebook and pages.
Everything in a record is plain text and numbers that JSON, SQLite and a terminal can hold: texts go
through :func:`plain` before they come here.
"""

from typing import Literal

import msgspec

__all__ = [
    "SCHEMA",
    "Answer",
    "CheckRecord",
    "Hint",
    "NotebookRecord",
    "QuestionRecord",
    "Report",
    "plain",
]

#: Version of the form of a report.
SCHEMA = 2

#: What became of a question.
QuestionStatus = Literal["passed", "partial", "failed", "blank", "stopped"]


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """Never changed once made; :func:`msgspec.structs.replace` makes another."""


class CheckRecord(_Record):
    """How one check of a question went; reason and symptom are empty where it passed."""

    name: str
    sentence: str
    weight: float
    passed: bool
    reason: str = ""
    symptom: str = ""


class Hint(_Record):
    """The named mistake that explains a lost point, and what a teaching assistant would say."""

    misconception: str
    text: str


class QuestionRecord(_Record):
    """What one automatic question earned.

    Attributes:
        limit: the limit that stopped it, if one did; see :mod:`autograder.sandbox.limits`.
        served: names of the student's that the reference answered, because they had lost points.
        reason: why nothing was tried, where nothing was.
        fault: for instructors, the traceback of what the student's input broke of ours.
    """

    score: float
    max_score: float
    status: QuestionStatus
    checks: list[CheckRecord] = []
    hint: Hint | None = None
    served: list[str] = []
    limit: str | None = None
    reason: str = ""
    fault: str = ""
    seconds: float = 0.0


class Answer(_Record):
    """Whether a written question was answered, and the SHA-256 of the text."""

    answered: bool
    sha256: str
    max_score: float


class NotebookRecord(_Record):
    """What became of one notebook; ``reason`` says why it was not graded, where it was not."""

    status: Literal["graded", "missing", "unreadable"]
    reason: str = ""
    notes: list[str] = []
    questions: dict[str, QuestionRecord] = {}
    written: dict[str, Answer] = {}


class Report(_Record):
    """What one submission of an assignment earned.

    Attributes:
        timestamp: when it was handed in, in ISO 8601; None if nothing says so.
        content_hash: of what was handed in.
        grader_hash: of all that the report depends on besides.
        protection: how the student's code was kept in.
        status: ``"graded"``, ``"unreadable"`` or ``"machine"`` (ours failed; tried again later).
        reason: the one line that tables show.
        fault: for instructors, the traceback of a failure of ours.
        extra_files: files handed in that the assignment does not ask for.
        seconds: that grading took.
    """

    student: str
    assignment: str
    content_hash: str
    grader_hash: str
    protection: str
    status: Literal["graded", "unreadable", "machine"]
    score: float
    max_score: float
    schema: int = SCHEMA
    timestamp: str | None = None
    reason: str = ""
    fault: str = ""
    notebooks: dict[str, NotebookRecord] = {}
    extra_files: list[str] = []
    seconds: float = 0.0


def plain(text: str, length: int = 2000) -> str:
    """Text that any file, table and terminal can show: no surrogates, no control characters.

    Line ends and tabs stay; what cannot be shown becomes a space or ``?``.
    """
    text = text[:length].encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)
