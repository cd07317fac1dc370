"""Grade one submission: what was turned in goes in, what it earned comes out, step by step.

The same course, secret and submission give the same report, timings apart. Each question's result
is told as soon as it is made, so that what breaks the process costs only the question in work; see
:mod:`autograder.fence`. The form of a report is that of :mod:`autograder.record`.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import msgspec

from assignments.messages import _
from assignments.notebook import as_loaded, read_cells
from assignments.questions import CheckResult, Seeds
from assignments.weights import names_of
from autograder.answer_key import AnswerKey, answer_key
from autograder.causes import GRADING_SEEDS, causes_of
from autograder.course import Assignment, Question, SourceNotebook
from autograder.record import (
    CheckRecord,
    Hint,
    NotebookRecord,
    QuestionRecord,
    QuestionStatus,
    Report,
    cleaned,
    plain,
)
from autograder.rules import Code
from autograder.sandbox.box import Sandbox
from autograder.sandbox.groups import Group
from autograder.sandbox.limits import Limits
from autograder.scoring import Attempt, attempt_question, points_of, score_question
from autograder.session import SandboxSession
from autograder.submission import Submission
from autograder.written import written_answers

__all__ = [
    "Began",
    "Budget",
    "Event",
    "Graded",
    "Grading",
    "Opened",
    "Progress",
    "Scored",
    "Settings",
    "grade_submission",
]


@dataclass(frozen=True)
class Budget:
    """What grading one submission may use as a whole, student code and our own together.

    Attributes:
        seconds: of wall clock, less those spent waiting for a core.
        hard: seconds of wall clock, whatever was waited for.
        step: of these seconds, for one step: a question, the loading of a notebook, its pages.
        step_cpu: processor seconds of our own side for one step.
        memory: bytes of our own side, beyond what the template has.
    """

    seconds: float = 180.0
    hard: float = 540.0
    step: float = 60.0
    step_cpu: int = 20
    memory: int = 3 * 2**30


@dataclass(frozen=True)
class Settings:
    """What grading depends on besides course and submission.

    Attributes:
        secret: from which inputs are drawn for each student; keep it from students.
        protection: ``"bubblewrap"`` or ``"none"``.
        limits: what student code may use in one question.
        budget: what a submission may use.
        grader_hash: names the state of checks, helpers and limits, for the journal.
    """

    secret: bytes
    protection: str = "bubblewrap"
    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=Budget)
    grader_hash: str = ""


# --- what is told while a submission is graded ---------------------------------------------------


class Began(msgspec.Struct, tag=True, frozen=True):
    """A step begins: a question, a notebook to be read and loaded, or what is ours alone."""

    notebook: str = ""
    question: str = ""


class Opened(msgspec.Struct, tag=True, frozen=True):
    """What is known of a notebook besides its automatic questions; a later one replaces it."""

    notebook: str
    record: NotebookRecord


class Scored(msgspec.Struct, tag=True, frozen=True):
    """A question is done."""

    notebook: str
    question: str
    record: QuestionRecord


class Graded(msgspec.Struct, tag=True, frozen=True):
    """All is done; files that the assignment does not ask for are named."""

    extra_files: list[str] = []


Event = Began | Opened | Scored | Graded


# --- grading --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grading:
    """Grade what is not decided yet of a submission.

    Attributes:
        decided: questions that need no grading any more, with what they earned.
        closed: notebooks that need not be opened again.
    """

    tells: ClassVar[Any] = Event

    submission: Submission
    settings: Settings
    decided: Mapping[str, QuestionRecord] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()

    def run(self, assignment: Assignment, group: Group | None = None) -> Iterator[Event]:
        """Grade; each event is told when it is so.

        Args:
            group: under which sandboxes have theirs.

        Raises:
            autograder.sandbox.bubblewrap.SandboxUnavailable: student code cannot be run safely
                here.
        """
        with ExitStack() as stack:
            sandboxes: dict[frozenset[str], Sandbox] = {}

            def sandbox(key: AnswerKey) -> Sandbox:
                if key.packages not in sandboxes:
                    limits, protection = self.settings.limits, self.settings.protection
                    box = Sandbox(key.packages, limits, protection, group)
                    sandboxes[key.packages] = stack.enter_context(box)
                return sandboxes[key.packages]

            for source in assignment.notebooks.values():
                if source.name not in self.closed:
                    yield from self._notebook(source, sandbox)
        yield Began()
        extra_files = self.submission.extra_files(_known_files(assignment))
        yield Graded([plain(name, 200) for name in extra_files])

    def _notebook(self, source: SourceNotebook, sandbox) -> Iterator[Event]:
        key = answer_key(source)
        yield Began(source.name)
        nb = self.submission.notebook(source.name)
        if nb is None:
            yield from self._not_graded(source)
            return
        opened = NotebookRecord(status="graded", written=written_answers(source, nb))
        yield Opened(source.name, opened)
        yield Began()
        box = sandbox(key)
        yield Began(source.name)
        cells, code, steps = as_loaded(read_cells(nb), source.outline)
        seeds = Seeds(self.settings.secret, (self.submission.student, code))
        session = SandboxSession(
            box, cells, source.outline, self.submission.file, Code(steps, key.given)
        )
        lost: set[str] = set()
        for question in source.auto_questions():
            record = self.decided.get(question.grade_id)
            if record is None:
                yield Began(source.name, question.grade_id)
                record = self._question(key, session, question, seeds, frozenset(lost))
                yield Scored(source.name, question.grade_id, record)
            if record.score < record.max_score:
                lost.add(question.grade_id)
        yield Began()
        session.close()
        notes = list(dict.fromkeys(session.notes))
        yield Opened(source.name, cleaned(msgspec.structs.replace(opened, notes=notes)))

    def _not_graded(self, source: SourceNotebook) -> Iterator[Event]:
        """A notebook that is missing or cannot be read."""
        reason = self.submission.why_not(source.name)
        there = {*self.submission.files, *self.submission.problems}
        yield Opened(
            source.name,
            NotebookRecord(
                status="unreadable" if source.path.name in there else "missing",
                reason=plain(reason),
                written=written_answers(source, {"cells": []}),
            ),
        )
        for question in source.auto_questions():
            yield Scored(source.name, question.grade_id, nothing(question, plain(reason)))

    def _question(
        self,
        key: AnswerKey,
        session: SandboxSession,
        question: Question,
        seeds: Seeds,
        lost: frozenset[str],
    ) -> QuestionRecord:
        started = time.perf_counter()
        name = question.grade_id
        attempt = score_question(session, key, name, seeds, lost)
        hints: list[Hint] = []
        if attempt.share < 1 and not attempt.blank and not attempt.limit:
            hints = _hints(key, session, name, attempt.served)
        record = QuestionRecord(
            score=points_of(attempt.share, question.points),
            max_score=question.points,
            status=_status(attempt),
            checks=[_check_record(result) for result in attempt.results],
            hints=hints,
            served=list(attempt.served),
            limit=attempt.limit,
            seconds=round(time.perf_counter() - started, 4),
        )
        return cleaned(record)


def _hints(
    key: AnswerKey, session: SandboxSession, question: str, served: tuple[str, ...]
) -> list[Hint]:
    """What is said about the recorded mistakes that explain wrong answers."""
    causes = causes_of(key).get(question)
    if causes is None:
        return []
    attempt = attempt_question(session, key, question, GRADING_SEEDS, served)
    texts = {mistake.name: mistake.hint for mistake in key.mistakes(question)}
    found = [] if attempt.limit else causes.find(attempt.results)
    return [Hint(mistake=one.name, text=_(texts[one.name])) for one in found if one.name in texts]


def _status(attempt: Attempt) -> QuestionStatus:
    if attempt.limit:
        return "stopped"
    if attempt.share == 1:
        return "passed"
    if attempt.blank:
        return "blank"
    return "partial" if attempt.share > 0 else "failed"


def _check_record(result: CheckResult) -> CheckRecord:
    return CheckRecord(
        name=result.check.name,
        sentence=result.check.sentence,
        weight=result.check.marker.weight,
        passed=result.passed,
        reason=result.reason,
        symptom=result.symptom,
    )


def _known_files(assignment: Assignment) -> set[str]:
    """The files that an assignment asks for."""
    sources = assignment.notebooks.values()
    weights = [file for source in sources for file in answer_key(source).files]
    return {source.path.name for source in sources} | {
        name for file in weights for name in names_of(file)
    }


def nothing(
    question: Question, reason: str, limit: str | None = None, fault: str = ""
) -> QuestionRecord:
    """What a question earns that could not be tried."""
    return QuestionRecord(
        score=0.0,
        max_score=question.points,
        status="stopped" if limit else "failed",
        limit=limit,
        reason=reason,
        fault=fault,
    )


def grade_submission(submission: Submission, assignment: Assignment, settings: Settings) -> Report:
    """Grade a submission in this very process, with nothing around it that could be killed.

    For one's own work, and for what is known to be harmless; a class is graded behind
    :mod:`autograder.fence`.

    Raises:
        autograder.sandbox.bubblewrap.SandboxUnavailable: student code cannot be run safely here.
    """
    progress = Progress(submission, assignment, settings)
    for event in Grading(submission, settings).run(assignment):
        progress.add(event)
    return progress.report()


# --- from events to a report ----------------------------------------------------------------------


class Progress:
    """What is known of a submission so far, put together from what its grading tells."""

    def __init__(self, submission: Submission, assignment: Assignment, settings: Settings) -> None:
        self.submission = submission
        self.assignment = assignment
        self.settings = settings
        self.step = Began()
        self.done = False
        self.machine = ""
        self._touched = False
        self.extra_files: list[str] = []
        self.decided: dict[str, QuestionRecord] = {}
        self._opened: dict[str, NotebookRecord] = {}
        self._started = time.perf_counter()

    def add(self, event: Event) -> None:
        match event:
            case Began():
                self.step = event
                self._touched |= bool(event.notebook)
            case Opened(notebook=notebook, record=record):
                self._opened[notebook] = record
            case Scored(question=question, record=record):
                self.decided[question] = record
            case Graded(extra_files=names):
                self.extra_files = names
                self.done = True

    def rest(self) -> Grading:
        """What is left to be graded, by a process that has not touched it yet."""
        self._touched = False
        closed = frozenset(
            name
            for name, source in self.assignment.notebooks.items()
            if name in self._opened and not self._open_questions(source)
        )
        return Grading(self.submission, self.settings, dict(self.decided), closed)

    def stop(self, limit: str, reason: str, fault: str = "") -> None:
        """The step in work was stopped: it earns nothing, and is not tried again.

        A step of ours alone is a failure of our own machine, unless the process has touched what
        the student handed in before: then another one goes on.
        """
        source = self.assignment.notebooks.get(self.step.notebook)
        if source is None:
            if not self._touched:
                self.machine = fault or reason
            return
        for question in self._open_questions(source):
            if self.step.question in ("", question.grade_id):
                self.decided[question.grade_id] = nothing(question, reason, limit, fault)
        if source.name not in self._opened:
            self._opened[source.name] = NotebookRecord(
                status="unreadable", reason=reason, written=written_answers(source, {"cells": []})
            )

    def give_up(self, limit: str, reason: str) -> None:
        """Nothing more of this submission is graded."""
        for source in self.assignment.notebooks.values():
            self.step = Began(source.name)
            self.stop(limit, reason)
        self.done = True

    def _open_questions(self, source: SourceNotebook) -> list[Question]:
        return [q for q in source.auto_questions() if q.grade_id not in self.decided]

    def report(self) -> Report:
        """The report of what is known by now."""
        notebooks = {
            name: msgspec.structs.replace(
                self._opened[name],
                questions={
                    q.grade_id: self.decided[q.grade_id]
                    for q in source.auto_questions()
                    if q.grade_id in self.decided
                },
            )
            for name, source in self.assignment.notebooks.items()
            if name in self._opened and not self.machine
        }
        readable = any(notebook.status == "graded" for notebook in notebooks.values())
        status: Literal["graded", "unreadable", "machine"] = (
            "machine" if self.machine else "graded" if readable else "unreadable"
        )
        reason = (
            _("our machine failed and will try again: {reason}").format(
                reason=self.machine.strip().rpartition("\n")[2]
            )
            if self.machine
            else _main_reason(notebooks)
        )
        questions = [q for notebook in notebooks.values() for q in notebook.questions.values()]
        report = Report(
            student=self.submission.student,
            assignment=self.submission.assignment,
            timestamp=(
                self.submission.timestamp.isoformat() if self.submission.timestamp else None
            ),
            content_hash=self.submission.content_hash,
            grader_hash=self.settings.grader_hash,
            protection=self.settings.protection,
            status=status,
            reason=reason,
            fault=self.machine,
            score=round(sum((q.score for q in questions), 0.0), 4),
            max_score=round(sum((q.max_score for q in questions), 0.0), 4),
            notebooks=notebooks,
            extra_files=self.extra_files,
            seconds=round(time.perf_counter() - self._started, 4),
        )
        return cleaned(report)


def _main_reason(notebooks: Mapping[str, NotebookRecord]) -> str:
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
    for status in ("stopped", "failed", "partial", "blank"):
        for name, question in lost.items():
            if question.status == status:
                failed = [check.reason for check in question.checks if not check.passed]
                told = question.hints[0].text if question.hints else "".join(failed[:1])
                return f"{name}: {told or question.reason}"
    return ""
