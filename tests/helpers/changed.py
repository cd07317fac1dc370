"""A source notebook with one more cell, that changes what the cells above define."""

import json
from functools import partial

from assignments.notebook import load, read_cells
from assignments.questions import Seeds
from autograder.answer_key import answer_key
from autograder.course import SourceNotebook
from autograder.scoring import score_question
from autograder.session import LiveSession

__all__ = ["scorer"]


def scorer(source: SourceNotebook):
    """A function ``scored(append, lost, question)``; names of questions are without the notebook's.

    It returns the share of a question that the reference gets with the cell ``append``, when the
    questions ``lost`` have lost points already.
    """
    return partial(_scored, source)


def _scored(source: SourceNotebook, append: str, lost: set[str], question: str) -> float:
    nb = json.loads(source.path.read_text(encoding="utf-8"))
    nb["cells"].append({"cell_type": "code", "source": append, "metadata": {}})
    module = load(read_cells(nb), source.outline, f"changed_{source.name}")
    attempt = score_question(
        LiveSession(vars(module), module.missing_names),
        answer_key(source),
        f"{source.name}-{question}",
        Seeds(b"test"),
        frozenset(f"{source.name}-{name}" for name in lost),
    )
    return attempt.share
