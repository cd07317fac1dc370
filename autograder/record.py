"""What grading says of a submission, as typed records.

Made by :mod:`autograder.grading`, kept in the journal as JSON, read by gradebook, pages and
reports. Everything in a finished report is plain text and numbers that JSON, SQLite and a terminal
can hold: :func:`cleaned` sees to it.
"""

from datetime import UTC, datetime
from typing import Literal, TypeVar

import msgspec

__all__ = [
    "SCHEMA",
    "Answer",
    "CheckRecord",
    "Hint",
    "NotebookRecord",
    "QuestionRecord",
    "QuestionStatus",
    "Report",
    "Written",
    "cleaned",
    "moment",
    "plain",
]

#: Version of the form of a report.
SCHEMA = 2

#: What became of a question.
QuestionStatus = Literal["passed", "partial", "failed", "blank", "stopped"]


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """Never changed once made; :func:`msgspec.structs.replace` makes another."""


class CheckRecord(_Record, frozen=True, kw_only=True):
    """How one check of a question went; reason and symptom are empty where it passed."""

    name: str
    sentence: str
    weight: float
    passed: bool
    reason: str = ""
    symptom: str = ""


class Hint(_Record, frozen=True, kw_only=True):
    """The named mistake that explains a lost point, and what a teaching assistant would say."""

    mistake: str
    text: str


class QuestionRecord(_Record, frozen=True, kw_only=True):
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
    hints: list[Hint] = []
    served: list[str] = []
    limit: str | None = None
    reason: str = ""
    fault: str = ""
    seconds: float = 0.0


class Answer(_Record, frozen=True, kw_only=True):
    """Whether a written question was answered, and the SHA-256 of the text."""

    answered: bool
    sha256: str
    max_score: float


class NotebookRecord(_Record, frozen=True, kw_only=True):
    """What became of one notebook; ``reason`` says why it was not graded, where it was not."""

    status: Literal["graded", "missing", "unreadable"]
    reason: str = ""
    notes: list[str] = []
    questions: dict[str, QuestionRecord] = {}
    written: dict[str, Answer] = {}


class Report(_Record, frozen=True, kw_only=True, tag_field="kind", tag="report"):
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

    def notebook(self, name: str) -> NotebookRecord:
        """The record of a notebook, also of one that the report says nothing of."""
        nothing = NotebookRecord(status="missing")
        if self.status == "machine":
            nothing = NotebookRecord(status="unreadable", reason=self.reason)
        return self.notebooks.get(name, nothing)

    def questions(self) -> dict[str, QuestionRecord]:
        """The automatic questions of all notebooks."""
        return {
            name: question
            for notebook in self.notebooks.values()
            for name, question in notebook.questions.items()
        }


class Written(_Record, frozen=True, kw_only=True, tag_field="kind", tag="written"):
    """A note that gradebook and pages say what a report of these hashes says."""

    student: str
    assignment: str
    content_hash: str
    grader_hash: str

    @classmethod
    def of(cls, report: Report) -> "Written":
        return cls(
            student=report.student,
            assignment=report.assignment,
            content_hash=report.content_hash,
            grader_hash=report.grader_hash,
        )


def plain(text: str, length: int = 2000) -> str:
    """Text that any file, table and terminal can show: no surrogates, no control characters.

    Line ends and tabs stay; what cannot be shown becomes a space or ``?``.
    """
    text = text[:length].encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)


_R = TypeVar("_R", bound=msgspec.Struct)


def cleaned(record: _R) -> _R:
    """The record with all of its texts made :func:`plain`, and its types checked.

    Raises:
        msgspec.ValidationError: something in it has another type than it should.
    """
    return msgspec.convert(_plain_texts(msgspec.to_builtins(record)), type(record))


def _plain_texts(value: object) -> object:
    match value:
        case str():
            return plain(value, 10_000)
        case dict():
            return {plain(name): _plain_texts(part) for name, part in value.items()}
        case list():
            return [_plain_texts(part) for part in value]
    return value


#: Years of hand-ins that the gradebook can hold in any time zone, with room for nonsense.
_YEARS = range(1971, 3000)


def moment(text: str) -> datetime:
    """The time that ``timestamp.txt`` or a report gives in ISO 8601, in UTC, also if without zone.

    Raises:
        ValueError: it is no such time, or none that a gradebook can hold.
    """
    # nbgrader writes "2026-11-21 10:00:00.000000 UTC".
    when = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
    if when.year not in _YEARS:  # so no zone takes it out of the years that there are
        raise ValueError(f"no hand-in of the year {when.year}")
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
