"""A course of two small notebooks, for the tests of gradebook, pages and exports."""

import hashlib
import json
from pathlib import Path

import msgspec
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course import Course
from autograder.record import Answer, CheckRecord, Hint, NotebookRecord, QuestionRecord, Report

ASSIGNMENT = "a0_tiny"
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
HOSTILE = (
    "<script>window.fired = 1</script>\n\n"
    "<img src=x onerror='window.fired = 2'> and <b onmouseover=window.fired=3>bold</b>\n\n"
    "[click](javascript:window.fired=4) [page](data:text/html,<script>fired=5</script>)\n\n"
    "because $\\sqrt{x}$ grows and 3 < 4"
)


def graded(cell, grade_id, *, grade=False, solution=False, points=None, task=False):
    """Mark a cell as nbgrader does."""
    meta = {"grade_id": grade_id, "grade": grade, "solution": solution, "task": task}
    meta |= {"locked": not solution, "schema_version": 3}
    if points is not None:
        meta["points"] = points
    cell.metadata["nbgrader"] = meta
    return cell


def warm_cells():
    return [
        new_markdown_cell("# Warm up"),
        graded(
            new_code_cell(
                "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n"
            ),
            "warm-solution",
            solution=True,
        ),
        graded(
            new_code_cell(
                'check("warm-double")\n### BEGIN HIDDEN TESTS\n4.0\n### END HIDDEN TESTS'
            ),
            "warm-double",
            grade=True,
            points=4,
        ),
        graded(new_code_cell('check("warm-types")'), "warm-types", grade=True, points=2),
        graded(new_markdown_cell("It doubles.\n"), "warm-why", grade=True, solution=True, points=3),
    ]


def cold_cells():
    return [
        graded(
            new_code_cell("### BEGIN SOLUTION\nice = 0\n### END SOLUTION"),
            "cold-solution",
            solution=True,
        ),
        graded(new_code_cell('check("cold-ice")'), "cold-ice", grade=True, points=1),
    ]


def write_source(root: Path, name: str, cells: list) -> None:
    nb = new_notebook(cells=cells)
    for number, cell in enumerate(nb.cells):
        cell["id"] = f"{name}-{number}"
    nb.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    path = root / "source" / ASSIGNMENT / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, path)


def make_course(root: Path) -> Course:
    write_source(root, "warm", warm_cells())
    write_source(root, "cold", cold_cells())
    return Course(root)


def question(score, max_score, *, failed=(), hint=None, served=(), limit=None, reason="it differs"):
    """A question of a report: one check that passes, and one for each name in ``failed``."""
    checks = [("test_runs", "It runs", True), *((n, f"The check of {n}", False) for n in failed)]
    status = "passed" if score == max_score else "partial" if score else "failed"
    return QuestionRecord(
        score=score,
        max_score=max_score,
        status="stopped" if limit else status,
        checks=[
            CheckRecord(
                name=name,
                sentence=sentence,
                weight=1.0,
                passed=passed,
                reason="" if passed else reason,
                symptom="" if passed else "a factor of 2 too large",
            )
            for name, sentence, passed in checks
        ],
        hints=[Hint(mistake=hint, text=f"Think again about {hint}.")] if hint else [],
        served=list(served),
        limit=limit,
        seconds=0.1,
    )


def make_report(student="ada", *, answer="It doubles because.", **changes):
    """A report on ``warm`` (5 of 6 points, a written answer) and ``cold`` (missing)."""
    warm = NotebookRecord(
        status="graded",
        notes=["EPS is set in cell 12, which is not run in grading."],
        questions={
            "warm-double": question(3.0, 4.0, failed=["odd"], hint="no-sqrt"),
            "warm-types": question(2.0, 2.0, served=["double"]),
        },
        written={
            "warm-why": Answer(
                answered=answer != "",
                sha256=hashlib.sha256(answer.encode()).hexdigest(),
                max_score=3.0,
            )
        },
    )
    cold = NotebookRecord(
        status="missing",
        reason="cold.ipynb was not handed in",
        questions={"cold-ice": question(0.0, 1.0, failed=["ice"])},
    )
    report = Report(
        student=student,
        assignment=ASSIGNMENT,
        timestamp="2026-11-20T23:59:00+00:00",
        content_hash="c" * 64,
        grader_hash="g" * 64,
        protection="bubblewrap",
        status="graded",
        reason="warm-double: it differs",
        score=5.0,
        max_score=7.0,
        notebooks={"warm": warm, "cold": cold},
        seconds=0.3,
    )
    return msgspec.structs.replace(report, **changes)


def changed_notebook(report, name, **changes):
    """Change the record of a notebook in a report."""
    report.notebooks[name] = msgspec.structs.replace(report.notebooks[name], **changes)


def changed_question(report, name, **changes):
    """Change the record of a question in a report."""
    questions = report.notebooks[name.split("-")[0]].questions
    questions[name] = msgspec.structs.replace(questions[name], **changes)


def make_submission(answer="It doubles because.") -> dict:
    """The JSON of a student's ``warm.ipynb``."""
    cells = warm_cells()
    cells[1].source = "def double(x):\n    return x + x\n"
    cells[1].outputs = []
    cells[4].source = answer
    nb = json.loads(json.dumps(new_notebook(cells=cells)))
    return nb
