"""Written answers: is there one, and has its text changed?"""

import hashlib

from assignments.notebook import read_cells
from assignments.written import is_answered
from autograder.course import SourceNotebook
from autograder.record import Answer

__all__ = ["written_answers"]


def written_answers(source: SourceNotebook, nb: dict) -> dict[str, Answer]:
    """For each written question whether it was answered, and a hash of the text.

    Args:
        source: the source notebook.
        nb: the submitted notebook, as JSON data.

    An answer is the submitted cell of that grade_id with at least one line that was not given.
    """
    given = {cell.grade_id: cell.source for cell in source.cells if cell.grade_id}
    submitted: dict[str, str] = {}
    for cell in read_cells(nb):
        if cell.grade_id:
            submitted.setdefault(cell.grade_id, cell.source.strip())
    answers = {}
    for question in source.questions.values():
        if question.kind == "written":
            text = submitted.get(question.grade_id, "")
            answers[question.grade_id] = Answer(
                answered=is_answered(text, given[question.grade_id]),
                sha256=hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest(),
                max_score=question.points,
            )
    return answers
