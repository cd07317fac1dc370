"""Written answers and their mark schemes."""

import pytest

from assignments.written import is_answered, mark_scheme

SOURCE = """Answer in two sentences.

=== BEGIN SOLUTION ===
Because distances grow.

=== BEGIN MARK SCHEME ===
0.5 each.
1. They grow.
=== END MARK SCHEME ===
=== END SOLUTION ==="""


@pytest.mark.parametrize(
    ("text", "answered"),
    [
        ("", False),
        ("Write your answer here.", False),
        ("Answer in two sentences.\n\nYOUR ANSWER HERE", False),
        ("Answer in two sentences.\n\nThey grow.", True),
        ("Because distances grow.", True),
    ],
)
def test_an_answer_is_a_line_that_was_not_given(text, answered):
    assert is_answered(text, SOURCE) is answered


def test_points_of_a_mark_scheme():
    each = "0.5 each.\n1. They grow (0.25), fast (0.25).\nFull marks also for a sketch.\n2. No."
    assert mark_scheme(each) == {1: (0.5, "They grow (0.25), fast (0.25)."), 2: (0.5, "No.")}
    stated = "1: 0.5, 2: 1.\n1. They grow.\n2. No."
    assert mark_scheme(stated) == {1: (0.5, "They grow."), 2: (1.0, "No.")}
    assert mark_scheme("") == {}
