"""Is there a written answer, and did its text change?"""

import pytest

from autograder.course import SourceNotebook
from autograder.written import written_answers

SOURCE = """Answer in two sentences.

=== BEGIN SOLUTION ===
Because distances grow.
=== END SOLUTION ===
=== BEGIN MARK SCHEME ===
- 1 point for growth
=== END MARK SCHEME ==="""


def notebook(text):
    nbgrader = {"grade_id": "knn-q", "grade": True, "solution": True, "points": 2}
    return {
        "cells": [{"cell_type": "markdown", "source": text, "metadata": {"nbgrader": nbgrader}}]
    }


@pytest.fixture
def source(tmp_path):
    source = SourceNotebook("a1", "knn", tmp_path / "knn.ipynb")
    vars(source)["nb"] = notebook(SOURCE)
    return source


@pytest.mark.parametrize(
    ("text", "answered"),
    [
        ("", False),
        ("  \n", False),
        ("Write your answer here.", False),
        ("YOUR ANSWER HERE", False),
        ("Answer in two sentences.\n\nWrite your answer here.", False),
        ("Answer in two sentences.\n\nThey grow.", True),
        ("They grow.", True),
    ],
)
def test_is_there_an_answer(source, text, answered):
    answer = written_answers(source, notebook(text))["knn-q"]
    assert answer.answered is answered
    assert answer.max_score == 2


def test_a_deleted_cell_is_no_answer(source):
    assert written_answers(source, {"cells": []})["knn-q"].answered is False


def test_the_hash_follows_the_text(source):
    one, same, other = (
        written_answers(source, notebook(text))["knn-q"].sha256 for text in ("a", " a\n", "b")
    )
    assert one == same != other
