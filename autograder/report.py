"""The class at a glance: what went well, what many misunderstood, who needs help."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from rich.markup import escape
from rich.table import Table

from autograder.autograded import limit_text, points, save
from autograder.course import Course, Question
from autograder.feedback import render
from autograder.gradebook import Marks
from autograder.record import QuestionRecord, Report

__all__ = ["ClassReport", "class_report"]

#: Of automatic questions, then of questions that a person grades (an empty answer is "blank").
STATUSES = ("passed", "partial", "failed", "stopped", "blank", "missing")
BY_HAND = ("graded", "waiting", "blank")


@dataclass(frozen=True)
class QuestionResult:
    """How a class did on one question."""

    name: str
    kind: str
    max_score: float
    mean: float | None
    counts: dict[str, int]  # submissions by status, in the order of STATUSES


@dataclass(frozen=True)
class MistakeResult:
    """Who met one named mistake."""

    question: str
    name: str
    hint: str
    students: list[str]


@dataclass(frozen=True)
class CheckResult:
    """How often one check failed, among the submissions it ran on."""

    question: str
    sentence: str
    failed: int
    ran: int


@dataclass(frozen=True)
class StudentResult:
    """One submission in one line."""

    student: str
    score: float
    status: str
    reason: str
    attention: list[str]
    faults: list[str]  # tracebacks of what went wrong in the grader


@dataclass(frozen=True)
class ClassReport:
    """A whole class on one assignment; made by :func:`class_report`."""

    assignment: str
    max_score: float
    students: list[StudentResult]
    questions: list[QuestionResult]
    mistakes: list[MistakeResult]
    checks: list[CheckResult]

    @property
    def scores(self) -> list[float]:
        """Automatic points of the submissions that could be graded."""
        return [s.score for s in self.students if s.status != "machine"]

    def histogram(self, bins: int = 10) -> list[tuple[str, int]]:
        """How many submissions reached each share of the points: label such as ``30-40 %``, count.

        The last bin includes full marks.
        """
        counts = Counter(
            min(int(bins * score / self.max_score), bins - 1) if self.max_score else 0
            for score in self.scores
        )
        width = 100 // bins
        return [(f"{i * width}-{(i + 1) * width} %", counts[i]) for i in range(bins)]

    def table(self) -> Table:
        """The questions as a table for the terminal."""
        table = Table(title=f"{escape(self.assignment)}: {self._headline()}")
        table.add_column("question")
        table.add_column("mean", justify="right")
        for status in STATUSES:
            table.add_column(status, justify="right")
        table.add_column("most frequent mistake")
        for question in self.questions:
            known = [m for m in self.mistakes if m.question == question.name]
            often = f"{known[0].name} ({len(known[0].students)})" if known else ""
            if question.kind != "auto":
                waiting = question.counts.get("waiting", 0)
                often = f"{waiting} wait for a person" if waiting else ""
            table.add_row(
                escape(question.name),
                "-"
                if question.mean is None
                else f"{question.mean:.1f}/{points(question.max_score)}",
                *(str(question.counts.get(status) or "") for status in STATUSES),
                escape(often),
            )
        return table

    def write(self, course: Course) -> Path:
        """Write ``reports/<assignment>.html``."""
        path = course.reports_dir / f"{self.assignment}.html"
        save(path, render("report.html.j2", report=self, headline=self._headline()))
        return path

    def _headline(self) -> str:
        if not self.scores:
            return "no submissions"
        failed = len(self.students) - len(self.scores)
        not_graded = f" ({failed} not graded)" if failed else ""
        return (
            f"{len(self.students)} submissions{not_graded}, mean {mean(self.scores):.1f}, "
            f"median {points(median(self.scores))} of {points(self.max_score)} automatic points"
        )


def class_report(
    course: Course, assignment: str, reports: list[Report], marks: list[Marks] | None = None
) -> ClassReport:
    """Sum up a class.

    Args:
        course: the course, whose source names the questions.
        assignment: name of the assignment.
        reports: the latest report of each submission.
        marks: what the gradebook says, for written questions; without it every answered one waits.
    """
    questions = [
        question
        for notebook in course.assignment(assignment).notebooks.values()
        for question in notebook.questions.values()
    ]
    reports = sorted(reports, key=lambda report: report.student)
    by_student = {entry.student: entry for entry in marks or []}
    return ClassReport(
        assignment=assignment,
        max_score=sum(question.points for question in questions if question.kind == "auto"),
        students=[_student(report) for report in reports],
        questions=[
            _automatic(question, reports)
            if question.kind == "auto"
            else _by_hand(question, reports, by_student)
            for question in questions
        ],
        mistakes=_mistakes(reports),
        checks=_checks(reports),
    )


def _results(report: Report) -> Iterator[tuple[str, QuestionRecord]]:
    """The questions of the notebooks that could be graded."""
    for notebook in report.notebooks.values():
        if notebook.status == "graded":
            yield from notebook.questions.items()


def _automatic(question: Question, reports: list[Report]) -> QuestionResult:
    results = [
        notebook.questions.get(question.grade_id) if notebook.status == "graded" else None
        for report in reports
        if report.status != "machine"
        for notebook in [report.notebook(question.notebook)]
    ]
    counts = Counter(result.status if result else "missing" for result in results)
    scores = [result.score if result else 0.0 for result in results]
    average = mean(scores) if scores else None
    ordered = {status: counts[status] for status in STATUSES if counts[status]}
    return QuestionResult(question.grade_id, "auto", question.points, average, ordered)


def _by_hand(question: Question, reports: list[Report], marks: dict[str, Marks]) -> QuestionResult:
    counts: Counter[str] = Counter()
    scores = []
    for report in reports:
        answer = report.notebook(question.notebook).written.get(question.grade_id)
        answered = answer is not None and answer.answered
        entry = marks.get(report.student)
        mark = entry.questions.get(question.grade_id) if entry else None
        if mark and mark.manual_score is not None:
            scores.append(mark.score)
        waiting = mark.needs_manual_grade if mark else answered
        counts["waiting" if waiting else "graded" if answered else "blank"] += 1
    average = mean(scores) if scores else None
    ordered = {status: counts[status] for status in BY_HAND if counts[status]}
    return QuestionResult(question.grade_id, question.kind, question.points, average, ordered)


def _mistakes(reports: list[Report]) -> list[MistakeResult]:
    met: dict[tuple[str, str, str], list[str]] = {}
    for report in reports:
        for name, question in _results(report):
            for hint in question.hints:
                key = (name, hint.mistake, hint.text)
                met.setdefault(key, []).append(report.student)
    results = [MistakeResult(*key, students) for key, students in met.items()]
    return sorted(results, key=lambda result: (-len(result.students), result.question))


def _checks(reports: list[Report]) -> list[CheckResult]:
    ran: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    for report in reports:
        for name, question in _results(report):
            if question.status == "blank":
                continue
            for check in question.checks:
                ran[name, check.sentence] += 1
                failed[name, check.sentence] += not check.passed
    results = [CheckResult(*key, failed[key], count) for key, count in ran.items() if failed[key]]
    return sorted(results, key=lambda r: (-r.failed / r.ran, -r.failed, r.question))


def _student(report: Report) -> StudentResult:
    attention = []
    if report.status == "machine":
        attention.append("our machine failed; it is graded again next time")
    if report.protection == "none":
        attention.append("graded without a sandbox")
    for name, notebook in report.notebooks.items():
        if notebook.status != "graded":
            attention.append(f"{name}: {notebook.status}")
    if report.status == "graded" and not report.score:
        attention.append("no points")
    for name, question in _results(report):
        if question.limit:
            attention.append(f"{name}: {limit_text(question.limit, question.reason)}")
    if report.extra_files:
        attention.append("other files: " + ", ".join(report.extra_files[:5]))
    faults = [report.fault, *(question.fault for question in report.questions().values())]
    return StudentResult(
        report.student,
        report.score,
        report.status,
        report.reason,
        attention,
        [fault for fault in dict.fromkeys(faults) if fault],
    )
