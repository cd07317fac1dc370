"""progress(): as text and as HTML."""

import re

import pytest
from learners import ASSIGNMENT, add_star, make_clone, write_answer

from assignments import progress
from assignments.overview import duration
from assignments.progress_file import MARKER, keep


@pytest.fixture
def my(tmp_path, monkeypatch):
    folder = make_clone(tmp_path)
    monkeypatch.delenv("ASSIGNMENTS_HOME", raising=False)
    monkeypatch.chdir(folder / ASSIGNMENT)
    return folder


def test_a_line_a_notebook_with_a_dot_a_question(my):
    assert repr(progress()).splitlines() == [
        "a0_tiny",
        "  Warm up    ○○     0 / 4.5  1 h 30 min",
        "  Cool down  ○○     0 / 4.5  45 min",
        "● done   ◐ tried   ○ not begun",
        "0 of 6 points for exercises whose checks pass",
        "0 of 3 points for written answers, marked by yourself",
        "Next: Exercise 1 · doubling (10 min), in a0_tiny/warm.ipynb",
    ]


def test_what_was_done_shows(my):
    keep("exercises", "warm-double", passed=False, failed=1)
    assert "◐○" in repr(progress())
    keep("exercises", "warm-double", passed=True, failed=0)
    text = repr(progress())
    assert "●○     3 / 4.5" in text
    assert "3 of 6 points" in text
    assert text.endswith('why, in a0_tiny/warm.ipynb; then compare with reveal("warm-why")')
    write_answer(my, "It is even.")
    text = repr(progress())
    assert "●◐" in text
    assert 'Next: mark your answer to Question · why with reveal("warm-why"), in' in text
    keep("written", "warm-why", had=[1], points=0.5)
    text = repr(progress())
    assert "●●   3.5 / 4.5" in text
    assert "0.5 of 3 points" in text
    assert "in a0_tiny/cold.ipynb" in text


def test_a_star_a_stretch_exercise(my):
    add_star(my)
    assert "Warm up    ○○☆     0 / 4.5" in repr(progress())
    assert "○ not begun   ☆ ★ stretch exercise" in repr(progress())
    keep("exercises", "warm-star-halve", passed=True, failed=0)
    text = repr(progress())
    assert "Warm up    ○○★     0 / 4.5" in text
    assert "0 of 6 points" in text
    assert '<span title="warm-star-halve">★</span>' in progress()._repr_html_()


def test_points_of_one_s_own_marking_have_a_limit(my):
    keep("written", "warm-why", had=[1], points=900)
    assert "1.5 of 3 points" in repr(progress())


def test_solutions_seen_and_quizzes_are_told(my):
    keep("exercises", "warm-double", passed=True, steps=1)
    keep("quizzes", "warm-sums", right=2, of=3)
    text = repr(progress())
    assert "passed with the solution seen: 1" in text
    assert "2 of 3 quiz questions right at once" in text


def test_html_links_from_where_one_is(my, monkeypatch):
    def links():
        return re.findall(r'href="([^"]+)"', progress()._repr_html_())

    assert links() == ["warm.ipynb", "warm.ipynb", "cold.ipynb"]
    monkeypatch.chdir(my)
    assert links()[0] == "a0_tiny/warm.ipynb"
    html = progress()._repr_html_()
    assert 'title="Exercise 1 · doubling (warm-double): not begun"' in html
    assert re.search(
        "<td[^>]*>Warm up</td><td[^>]*>45&nbsp;min</td>", html
    )  # what the second notebook needs


def test_all_done_has_nothing_next(my):
    for name in ("warm", "cold"):
        keep("exercises", f"{name}-double", passed=True)
        keep("written", f"{name}-why", had=[1, 2], points=1.5)
    assert progress().next is None
    assert "Next" not in repr(progress()) + progress()._repr_html_()


def test_elsewhere_it_says_that_nothing_is_kept(my, tmp_path, monkeypatch):
    (my / MARKER).unlink()
    assert repr(progress()).startswith("Here nothing is kept")
    assert progress()._repr_html_().startswith("<p>Here nothing is kept")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert repr(progress()).startswith("There are no notebooks")
    assert progress()._repr_html_().startswith("<p>There are no notebooks")


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0 min"), (45, "45 min"), (120, "2 h"), (150, "2 h 30 min")]
)
def test_durations(minutes, text):
    assert duration(minutes) == text
