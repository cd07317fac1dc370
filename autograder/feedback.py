"""The page that a student reads: what was earned, and for every lost point the reason.

One page a notebook, at the place where nbgrader's own feedback would be, so that its commands for
handing out feedback find it.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache

import msgspec
import nbformat
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from assignments.messages import _
from autograder.autograded import limit_text, points, served_text
from autograder.course import Assignment, Course, Question, SourceNotebook
from autograder.gradebook import Mark, Marks, compiled, course_config, solution_cells
from autograder.record import QuestionRecord, Report, moment
from autograder.sanitize import safe_html

__all__ = ["pages", "render"]

#: Signs that go with the words, never instead of them.
SIGNS = {
    "passed": "✓", "partial": "◐", "failed": "✗", "blank": "○", "stopped": "■", "waiting": "…",
    "missing": "○", "ungraded": "…",
}  # fmt: skip


def pages(
    course: Course,
    assignment: Assignment,
    report: Report,
    marks: Marks | None,
    notebooks: Mapping[str, nbformat.NotebookNode],
    *,
    alone: bool = False,
) -> dict[str, str]:
    """The feedback pages of one submission, by notebook.

    Args:
        course: the course.
        assignment: the report's.
        report: the submission's report.
        marks: what the gradebook says of the submission; without it, the report's own scores.
        notebooks: its autograded notebooks by name, from which answers are taken.
        alone: whether it is read by somebody who learns alone and marks written answers oneself.
    """
    contents = {
        name: _page(course, report, source, marks, _answers(notebooks.get(name)), alone)
        for name, source in assignment.notebooks.items()
    }
    links = [
        {key: content[key] for key in ("href", "name", "score", "max_score")}
        for content in contents.values()
    ]
    total = sum(link["score"] for link in links) - (marks.late_penalty if marks else 0.0)
    return {
        name: render(
            "feedback.html.j2",
            **content,
            pages=links,
            total=total,
            max_total=sum(link["max_score"] for link in links),
            late_penalty=marks.late_penalty if marks else 0.0,
            alone=alone,
        )
        for name, content in contents.items()
    }


def render(template: str, **values: object) -> str:
    """A page from a template of ``autograder/templates``; values are escaped."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("autograder"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "_": _,
        "points": points,
        "signs": SIGNS,
        "safe_html": lambda text: Markup(safe_html(text)),
    }
    return environment


def _page(
    course: Course,
    report: Report,
    source: SourceNotebook,
    marks: Marks | None,
    answers: dict[str, str],
    alone: bool,
) -> dict:
    """What the template needs for one notebook."""
    result = report.notebook(source.name)
    titles = _titles(course, source)
    questions = [
        _question(question, report, titles, marks, answers.get(question.grade_id, ""), alone)
        for question in source.questions.values()
    ]
    _spread_comments(questions, source, marks)
    reason = result.reason
    if result.status == "missing" and not reason:
        reason = _("{file} was not handed in.").format(file=f"{source.name}.ipynb")
    return {
        "student": report.student,
        "assignment": report.assignment,
        "notebook": source.name,
        "title": source.place.title or source.name,
        "name": source.name,
        "href": f"{source.name}.html",
        "handed_in": _moment(report.timestamp),
        "unprotected": report.protection == "none",
        "reason": reason,
        "notes": result.notes,
        "questions": questions,
        "score": sum(question["score"] for question in questions),
        "max_score": sum(question["max_score"] for question in questions),
        "waiting": any(question["status"] == "waiting" for question in questions),
    }


def _question(
    question: Question,
    report: Report,
    titles: dict[str, str],
    marks: Marks | None,
    answer: str,
    alone: bool,
) -> dict:
    name = question.grade_id
    result = report.notebook(question.notebook)
    graded = result.questions.get(name)
    answered = name in result.written and result.written[name].answered
    mark = marks.questions.get(name) if marks else None
    if mark is None:
        auto: float | None = graded.score if graded else 0.0
        if report.status == "machine" or (question.kind != "auto" and answered):
            auto = None
        mark = Mark(question.notebook, name, question.kind, question.points, auto_score=auto)
    if question.kind == "auto" and report.status == "machine":
        status = "ungraded"
    elif question.kind == "auto":
        status = graded.status if graded else "missing"
    elif mark.manual_score is not None:
        status = _status(mark.score, mark.max_score)
    else:
        status = "blank" if mark.graded else "waiting"
    details = graded or QuestionRecord(score=0.0, max_score=question.points, status="failed")
    weight = sum(check.weight for check in details.checks) or 1.0
    return {
        "name": name,
        "title": titles[name],
        "status": status,
        "label": _label(status, question.kind, alone),
        "score": mark.score,
        "max_score": question.points,
        "graded": mark.graded,
        "by_hand": question.kind == "auto" and mark.manual_score is not None,
        "checks": [
            {**msgspec.structs.asdict(check), "points": question.points * check.weight / weight}
            for check in details.checks
        ],
        "hints": [hint.text for hint in details.hints],
        "served": served_text(details.served),
        "limit": limit_text(details.limit, details.reason),
        "answer": answer if answered else "",
        "comments": [],
    }


def _status(score: float, max_score: float) -> str:
    if score >= max_score:
        return "passed"
    return "partial" if score > 0 else "failed"


def _label(status: str, kind: str, alone: bool) -> str:
    if kind != "auto":
        return {
            "waiting": _("not marked yet") if alone else _("waits for your grader"),
            "blank": _("no answer"),
        }.get(status, _("marked by yourself") if alone else _("graded by a person"))
    return {
        "passed": _("full marks"),
        "partial": _("partly right"),
        "failed": _("not yet right"),
        "blank": _("not attempted"),
        "stopped": _("stopped by a limit"),
        "missing": _("not handed in"),
        "ungraded": _("not graded yet"),
    }[status]


def _spread_comments(questions: list[dict], source: SourceNotebook, marks: Marks | None) -> None:
    """Put each grader's comment with its question, one on a solution with the first it serves."""
    solutions = solution_cells(source)
    seen: set[str] = set()
    for question in questions:
        for cell in (solutions.get(question["name"]), question["name"]):
            comment = marks.comments.get(cell) if marks and cell else None
            if cell and comment and cell not in seen:
                question["comments"].append(comment)
                seen.add(cell)


def _titles(course: Course, source: SourceNotebook) -> dict[str, str]:
    """For each question the last heading above it, or its own name where they share one."""
    titles: dict[str, str] = {}
    heading = ""
    for cell in compiled(source, course_config(course), release=True).cells:
        if cell.cell_type == "markdown":
            found = re.findall(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", cell.source, re.MULTILINE)
            heading = re.sub(r"[*`]", "", found[-1]) if found else heading
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in source.questions:
            titles[name] = heading
    shared = Counter(titles.values())
    return {
        name: title
        if title and shared[title] == 1
        else name.removeprefix(source.name + "-").replace("-", " ")
        for name, title in titles.items()
    }


def _answers(nb: nbformat.NotebookNode | None) -> dict[str, str]:
    """The written answers of an autograded notebook by question."""
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in (nb.cells if nb else [])
        if cell.cell_type == "markdown" and "nbgrader" in cell.metadata
    }


def _moment(timestamp: str | None) -> str:
    if not timestamp:
        return ""
    return moment(timestamp).strftime("%Y-%m-%d %H:%M UTC")
