"""reveal(): model answers after an answer, solutions after three tries."""

import pytest
from learners import ASSIGNMENT, add_star, make_clone, source_cells, write_answer

from assignments import reveal
from assignments.notebook import read_cells
from assignments.progress_file import MARKER, keep, kept
from assignments.revealing import _ticks, steps_of


@pytest.fixture
def my(tmp_path, monkeypatch):
    folder = make_clone(tmp_path)
    monkeypatch.delenv("ASSIGNMENTS_HOME", raising=False)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.chdir(folder / ASSIGNMENT)
    return folder


@pytest.fixture
def said(capsys):
    def call(*arguments, **named):
        reveal(*arguments, **named)
        return capsys.readouterr().out

    return call


# --- where it is not to be had ------------------------------------------------------------------


def test_a_class_has_no_solutions(my, said):
    (my / MARKER).unlink()
    assert "only in a clone" in said("warm-double")
    assert "only in a clone" in said("warm-why")


def test_nor_is_there_one_without_source(my, said):
    (my.parent / "source").rename(my.parent / "gone")
    assert said("warm-why").count("\n") == 1


def test_nor_in_grading(my, said, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    write_answer(my, "It is even.")
    assert "only in a clone" in said("warm-why")


def test_a_question_that_is_not_there(my):
    for name in ("warm-nothing", "warm", "warm-double-code"):
        with pytest.raises(LookupError, match="of this notebook: warm-double, warm-why"):
            reveal(name)
    with pytest.raises(LookupError, match=r"'hot-why'\.$"):
        reveal("hot-why")


# --- written questions --------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "Write your answer here.", " \n"])
def test_an_answer_comes_first(my, said, text):
    write_answer(my, text)
    assert said("warm-why") == ("Write your answer first, and save the notebook (Ctrl+S or ⌘S).\n")
    assert "Write your answer first" in said("warm-why", had=[1])
    assert kept("written", "warm-why") == {}


def test_a_damaged_notebook_holds_no_answer(my, said):
    (my / ASSIGNMENT / "warm.ipynb").write_text("{")
    assert "Write your answer first" in said("warm-why")


def test_the_model_answer_and_the_scheme_follow(my, said):
    write_answer(my, "It is even.")
    text = said("warm-why")
    assert "Twice a number is **even**." in text
    assert "2. It is twice something." in text
    assert 'reveal("warm-why", had=[1, 2])' in text
    assert "BEGIN" not in text


def test_one_s_own_marks_are_kept(my, said):
    write_answer(my, "It is even.")
    assert said("warm-why", had=[2]) == "1 of 1.5 points, marked by yourself\n"
    assert kept("written", "warm-why").items() >= {"had": [2], "points": 1.0}.items()
    assert said("warm-why", had=[]).startswith("0 of 1.5")
    with pytest.raises(ValueError, match=r"numbers \[1, 2\], not \[3\]"):
        reveal("warm-why", had=[1, 3])


def test_boxes_are_kept_at_each_tick_and_come_back_ticked(my):
    items = {1: (0.5, "It is even."), 2: (1.0, "It is twice something.")}
    first, second, nothing, said = _ticks("warm-why", items).children
    nothing.click()
    assert said.value == "0 of 1.5 points, marked by yourself"
    first.value = True
    second.value = True
    assert said.value == "1.5 of 1.5 points, marked by yourself"
    first.value = False
    assert kept("written", "warm-why")["had"] == [2]
    first, second, said = _ticks("warm-why", items).children
    assert (first.value, second.value) == (False, True)
    assert said.value == "1 of 1.5 points, marked by yourself"


# --- exercises ----------------------------------------------------------------------------------


def test_three_failed_checks_come_first(my, said):
    assert "after 3 more checks that fail" in said("warm-double")
    keep("exercises", "warm-double", passed=False, failed=2)
    assert "after 1 more check that fails" in said("warm-double", all=True)
    assert "steps" not in kept("exercises", "warm-double")


def test_then_a_step_each_time(my, said):
    keep("exercises", "warm-double", passed=False, failed=3)
    first = said("warm-double")
    assert "Step 1 of 2: as a sum" in first
    assert "y = x + x" in first
    assert "return y" not in first
    assert 'reveal("warm-double", all=True)' in first
    keep("exercises", "warm-double", failed=0)  # what was seen stays seen
    second = said("warm-double")
    assert "Step 2 of 2: and back" in second
    assert "return y" in second
    assert "x + x" not in second
    assert said("warm-double") == second
    assert kept("exercises", "warm-double")["steps"] == 2


def test_or_all_at_once(my, said):
    keep("exercises", "warm-double", passed=False, failed=4)
    text = said("warm-double", all=True)
    assert "Step 1 of 2" in text
    assert "Step 2 of 2" in text
    assert "shows the next step" not in text


def test_who_passed_may_compare(my, said):
    keep("exercises", "warm-double", passed=True, failed=0)
    assert "Step 1 of 2" in said("warm-double")


def test_a_stretch_exercise_is_revealed_like_others(my, said):
    add_star(my)
    assert "after 3 more checks that fail" in said("warm-star-halve")
    keep("exercises", "warm-star-halve", passed=False, failed=3)
    text = said("warm-star-halve")
    assert "Step 1 of 1: halve" in text
    assert "return x / 2" in text
    keep("exercises", "warm-double", passed=False, failed=3)
    assert "y = x + x" in said("warm-double")


def shared(regions, exercises):
    body = "".join(
        f"    def f{n}():\n        ### BEGIN SOLUTION\n        {n}\n        ### END SOLUTION\n"
        for n in range(regions)
    )
    cells = source_cells()[:4]
    cells[2]["source"] = f"class A:\n{body}"
    del cells[3]
    for n in range(exercises):
        test = source_cells()[3]
        test["metadata"]["nbgrader"]["grade_id"] = f"warm-{n}"
        cells.append(test)
    return read_cells({"cells": cells})


@pytest.mark.parametrize(
    ("regions", "exercises", "found"),
    [
        (2, 2, [["f0"], ["f1"]]),
        (2, 3, [["f0"], ["f1"], ["f0", "f1"]]),
        (3, 2, [["f0", "f1", "f2"]] * 2),
        (3, 1, [["f0", "f1", "f2"]]),
    ],
)
def test_exercises_that_share_a_cell(regions, exercises, found):
    cells = shared(regions, exercises)
    steps = [[step.title for step in steps_of(cells, f"warm-{n}")] for n in range(exercises)]
    assert steps == found
