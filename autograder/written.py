"""Written answers: is there one, and has its text changed?"""

import hashlib

from assignments.notebook import read_cells
from autograder.course import SourceNotebook

__all__ = ["written_answers"]


def written_answers(source: SourceNotebook, nb: dict) -> dict[str, dict]:
    """For each written question whether it was answered, and a hash of the text.

    Args:
        source: the source notebook.
        nb: the submitted notebook, as JSON data.

    An answer is the submitted cell of that grade_id; empty text or nbgrader's placeholder is none.
    """
    submitted = {}
    for cell in read_cells(nb):
        if cell.grade_id:
            submitted.setdefault(cell.grade_id, cell.source.strip())
    return {
        question.grade_id: {
            "answered": _is_answer(submitted.get(question.grade_id, "")),
            "sha256": hashlib.sha256(
                submitted.get(question.grade_id, "").encode(errors="surrogatepass")
            ).hexdigest(),
            "max_score": question.points,
        }
        for question in source.questions.values()
        if question.kind == "written"
    }


def _is_answer(text: str) -> bool:
    placeholders = ("YOUR ANSWER HERE", "YOUR CODE HERE")
    return any(line.strip() and line.strip() not in placeholders for line in text.splitlines())
