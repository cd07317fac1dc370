"""The autograded notebook: what formgrader and nbgrader's feedback show of a submission.

It is written anew from what can be trusted. Questions, tests and metadata come from the source;
from the student come code as text, Markdown through :mod:`autograder.sanitize`, and outputs as text
or PNG images.
"""

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_locked

from assignments.messages import _
from assignments.notebook import Cell, Outline, read_cells
from autograder.course import Assignment, Course, CourseError
from autograder.gradebook import compiled, course_config
from autograder.record import NotebookRecord, QuestionRecord, Report
from autograder.sanitize import MAX_TEXT, safe_html, text_html, verified_png
from autograder.submission import Submission

__all__ = [
    "Sanitize", "build", "check_lines", "limit_text", "notebooks", "points", "save", "served_text",
]  # fmt: skip

#: What is kept of one cell: characters of code, characters of text output, outputs.
MAX_CODE = 200_000
MAX_OUTPUT = 20_000
MAX_OUTPUTS = 50
#: And of one notebook, besides its questions: cells, characters of Markdown to be rendered.
MAX_CELLS = 2_000
MAX_MARKDOWN = 500_000


def notebooks(
    course: Course, assignment: Assignment, report: Report, submission: Submission
) -> dict[str, NotebookNode]:
    """The autograded form of a submission's notebooks, by name.

    A notebook that was not handed in has none, as in nbgrader; one that could not be read has its
    questions and the reason.
    """
    config = course_config(course)
    return {
        name: build(
            compiled(source, config, release=True),
            submission.notebook(name),
            report.notebook(name),
            report.protection,
        )
        for name, source in assignment.notebooks.items()
        if report.notebook(name).status != "missing"
    }


def save(path: Path, text: str) -> None:
    """Replace a file in one step, so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def build(
    released: NotebookNode,
    submitted: dict | None,
    result: NotebookRecord,
    protection: str = "bubblewrap",
) -> NotebookNode:
    """The autograded form of one notebook.

    Args:
        released: the notebook as students got it, from :func:`autograder.gradebook.compiled`.
        submitted: the student's notebook as JSON, untrusted; None when it could not be read.
        result: what became of this notebook.
        protection: how the student's code was kept in, for a notice if it was not.
    """
    cells = _merge(released, submitted)
    for cell in cells:
        name = _grade_id(cell) or ""
        question = result.questions.get(name)
        if question and cell.cell_type == "code":
            text = "\n".join(check_lines(name, question)) + "\n"
            cell.outputs = [new_output("stream", name="stdout", text=text)]
    notes = [result.reason, *result.notes]
    if protection == "none":
        notes.insert(0, _("This submission was graded without a sandbox."))
    if text := "\n".join(note for note in notes if note):
        cells.insert(0, new_markdown_cell(text_html(text)))
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    return new_notebook(cells=cells, metadata=_metadata(released))


def check_lines(name: str, question: QuestionRecord) -> list[str]:
    """What the grader says of a question, as lines of plain text."""
    lines = [
        _("{name}: {score} of {max_score} points").format(
            name=name, score=points(question.score), max_score=points(question.max_score)
        )
    ]
    if limit := limit_text(question.limit, question.reason):
        lines.append(limit)
    for check in question.checks:
        lines.append(f"{'✓' if check.passed else '✗'} {check.sentence}")
        if not check.passed:
            lines += [f"    {text}" for text in (check.reason, check.symptom) if text]
    lines += [_("Hint: {text}").format(text=hint.text) for hint in question.hints]
    if served := served_text(question.served):
        lines.append(served)
    return lines


def points(value: float) -> str:
    """Points as a reader wants them: ``3``, ``2.5``, ``0.33``."""
    return f"{round(value, 2):g}"


def served_text(names: list[str]) -> str:
    """The sentence for names that the reference answered in a second try; empty for none."""
    if not names:
        return ""
    sentence = _("An earlier mistake did not cost twice: {names} was answered by the reference.")
    return sentence.format(names=", ".join(names))


def limit_text(limit: str | None, reason: str = "") -> str:
    """The sentence for a limit that a question met, with the reason if one is known; or empty."""
    if limit is None:
        return ""
    if reason:
        return _("Stopped: {reason}.").format(reason=reason)
    sentences = {
        "cpu": _("Stopped: it used more processor time than a question may."),
        "wall": _("Stopped: it took longer than a question may."),
        "memory": _("Stopped: it used more memory than a question may."),
        "exit": _("Stopped: the code ended the program."),
        "calls": _("Stopped: it kept given functions too busy."),
        "protocol": _("Stopped: the code broke the connection to the grader."),
    }
    return sentences.get(limit, _("Stopped by a limit: {limit}.").format(limit=limit))


class Sanitize(NbGraderPreprocessor):
    """The same cleaning for plain ``nbgrader autograde``.

    Belongs at the end of ``Autograde.autograde_preprocessors``, after ``SaveAutoGrades`` (which
    recognises unanswered questions by their unchanged text) and before ``CheckCellMetadata``.
    """

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        course = Course(Path(CourseDirectory(parent=self).root))
        names = resources["nbgrader"]
        try:
            source = course.assignment(names["assignment"]).notebooks[names["notebook"]]
            released = compiled(source, course_config(course), release=True)
        except (CourseError, KeyError):
            self.log.warning("No source of %s: all of its text is treated as a student's", names)
            released = new_notebook()
        trusted = _trusted(released)
        for cell in nb.cells:
            meta = cell.metadata.get("nbgrader")
            clean = _student_cell(cell.cell_type, cell.source, cell, trusted)
            clean.id = cell.get("id", clean.id)
            if meta and meta.get("grade_id"):
                clean.metadata["nbgrader"] = meta
            cell.clear()
            cell.update(clean)
        nb.metadata = _metadata(released)
        return nb, resources


def _merge(released: NotebookNode, submitted: dict | None) -> list[NotebookNode]:
    """The student's cells in their order, locked ones restored and lost questions added back."""
    templates = {name: cell for cell in released.cells if (name := _grade_id(cell))}
    trusted = _trusted(released)
    cells: list[NotebookNode] = []
    not_shown, markdown = 0, 0
    placed: dict[str, NotebookNode] = {}
    raws = submitted.get("cells") if isinstance(submitted, dict) else None
    raws = [raw if isinstance(raw, dict) else {} for raw in raws or []]
    reads = read_cells({"cells": raws})
    recognised = _recognise(reads, released)
    for read, raw in zip(reads, raws, strict=True):
        name = read.grade_id if read.grade_id in templates else recognised.get(read.number)
        theirs = read.cell_type != "code" and read.source.strip() not in trusted
        markdown += min(len(read.source), MAX_TEXT) if theirs else 0
        if name is None or name in placed:
            if len(cells) >= MAX_CELLS or (theirs and markdown > MAX_MARKDOWN):
                not_shown += 1
            else:
                cells.append(_student_cell(read.cell_type, read.source, raw, trusted))
            continue
        template = templates[name]
        if is_locked(template):
            cell = NotebookNode(template)
        else:
            cell = _student_cell(template.cell_type, read.source, raw, trusted)
            cell.metadata = template.metadata
        placed[name] = cell
        cells.append(cell)
    before = None
    for name, template in templates.items():
        if name not in placed:
            at = next((i for i, cell in enumerate(cells) if cell is before), -1) + 1
            placed[name] = NotebookNode(template)
            cells.insert(at, placed[name])
        before = placed[name]
    if not_shown:
        text = _("{count} more cells are not shown.").format(count=not_shown)
        cells.append(new_markdown_cell(text_html(text)))
    return cells


def _recognise(reads: list[Cell], released: NotebookNode) -> dict[int, str]:
    """For cells that lost their metadata, by number, the solution whose names they define."""
    solutions = Outline.of(read_cells(released)).solutions
    present = {cell.grade_id for cell in reads}
    found = {}
    for grade_id, names in solutions.items():
        for cell in reads if names and grade_id not in present else []:
            if names <= set(
                re.findall(r"^(?:async def|def|class)\s+(\w+)", cell.source[:MAX_CODE], re.M)
            ):
                found[cell.number] = grade_id
                break
    return found


def _student_cell(
    cell_type: str, source: str, raw: Mapping, trusted: Mapping[str, NotebookNode]
) -> NotebookNode:
    """A new cell with what may be kept of a student's cell; no metadata, no attachments."""
    if cell_type == "code":
        if len(source) > MAX_CODE:
            more = _("({count} more characters)").format(count=len(source) - MAX_CODE)
            source = f"{source[:MAX_CODE]}\n# {more}"
        return new_code_cell(_encodable(source), outputs=_outputs(raw.get("outputs")))
    if cell_type != "markdown":
        return new_markdown_cell(text_html(source[:MAX_TEXT]))
    if ours := trusted.get(source.strip()):
        kept = {"attachments": ours.attachments} if "attachments" in ours else {}
        return new_markdown_cell(source, **kept)
    return new_markdown_cell(safe_html(source, _attached(raw.get("attachments"))))


def _outputs(raw: object) -> list[NotebookNode]:
    """Text and verified PNG images of a cell's outputs, at most so many of each."""
    kept: list[NotebookNode] = []
    room = MAX_OUTPUT
    for output in (raw if isinstance(raw, list) else [])[:MAX_OUTPUTS]:
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        data = data if isinstance(data, dict) else {}
        match output.get("output_type"):
            case "stream":
                text = _text(output.get("text"))
            case "error":
                text = f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"
            case "display_data" | "execute_result":
                text = _text(data.get("text/plain"))
            case _:
                continue
        text = _encodable(text[:room])
        room -= len(text)
        if data:
            bundle = {"text/plain": text} if text else {}
            if png := verified_png(data.get("image/png")):
                bundle["image/png"] = png
            if bundle:
                kept.append(new_output("display_data", data=bundle))
        elif text:
            kept.append(new_output("stream", name="stdout", text=text))
    return kept


def _attached(raw: object) -> dict[str, str]:
    """The PNG images among a cell's attachments."""
    if not isinstance(raw, dict):
        return {}
    return {
        name: bundle["image/png"]
        for name, bundle in raw.items()
        if isinstance(bundle, dict) and "image/png" in bundle
    }


def _trusted(released: NotebookNode) -> dict[str, NotebookNode]:
    """The Markdown cells that students were given, by text: unchanged, they are ours."""
    return {cell.source.strip(): cell for cell in released.cells if cell.cell_type == "markdown"}


def _metadata(released: NotebookNode) -> dict:
    kernelspec = released.metadata.get("kernelspec", {"name": "python3", "display_name": "Python"})
    return {"kernelspec": dict(kernelspec), "language_info": {"name": "python"}}


def _grade_id(cell: NotebookNode) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _text(value: object) -> str:
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _encodable(text: str) -> str:
    """Text without lone surrogates and without control characters but tab and line ends."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f]", "", text)
