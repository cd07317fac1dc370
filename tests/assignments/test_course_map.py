"""The course map, from the notebooks' metadata alone."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from learners import ASSIGNMENT, add_star, make_clone, write_answer

from assignments.course_map import CoursePlace, place_of, read_map


@pytest.fixture
def my(tmp_path):
    return make_clone(tmp_path)


def test_notebooks_come_in_their_order_with_what_their_metadata_say(my):
    warm, cold = read_map(my)
    assert warm.name == f"{ASSIGNMENT}/warm"
    assert cold.place == CoursePlace(2, "Cool down", 45, (f"{ASSIGNMENT}/warm",))
    assert warm.points == 4.5


def test_exercises_have_title_and_minutes_from_the_text_above(my):
    double, why = read_map(my)[0].exercises
    assert (double.name, double.title, double.minutes) == (
        "warm-double", "Exercise 1 · doubling", 10
    )  # fmt: skip
    assert (double.question.kind, why.question.kind) == ("auto", "written")
    assert (why.title, why.minutes) == ("Question · why", None)


def test_a_stretch_exercise_is_named_and_is_no_question(my):
    before = read_map(my)[0]
    add_star(my)
    warm, cold = read_map(my)
    assert (warm.stars, cold.stars) == (["warm-star-halve"], [])
    assert warm.points == before.points
    assert [one.minutes for one in warm.exercises] == [one.minutes for one in before.exercises]


def test_an_answer_is_one_that_was_not_given(my):
    assert not read_map(my)[0].exercises[1].answered
    write_answer(my, "It is even.")
    assert read_map(my)[0].exercises[1].answered


def test_copies_and_other_notebooks_are_left_out(my):
    warm = my / ASSIGNMENT / "warm.ipynb"
    for name in ("warm-Copy1", "warm.new"):
        shutil.copy(warm, warm.with_name(f"{name}.ipynb"))
    checkpoints = warm.parent / ".ipynb_checkpoints"
    checkpoints.mkdir()
    shutil.copy(warm, checkpoints / "warm-checkpoint.ipynb")
    shutil.copytree(warm.parent, my / "deeper" / ASSIGNMENT)
    (my / ASSIGNMENT / "mine.ipynb").write_text('{"cells": []}')
    (my / ASSIGNMENT / "broken.ipynb").write_text("<<<<<<< HEAD")
    assert [one.path.stem for one in read_map(my)] == ["warm", "cold"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.sampled_from(["order", "title", "minutes", "needs"]))
def test_garbled_metadata_are_none(value, key):
    place = place_of({"metadata": {"course": {key: value}}})
    assert type(place.order) is type(place.minutes) is int
    assert isinstance(place.title, str)
    assert all(isinstance(name, str) for name in place.needs)


@given(JSON)
def test_any_json_is_a_notebook_without_a_place(value):
    assert place_of(value) == CoursePlace()


@given(cells=st.lists(st.dictionaries(st.sampled_from(["metadata", "source", "cell_type"]), JSON)))
def test_any_cells_are_read(tmp_path_factory, cells):
    folder = tmp_path_factory.mktemp("map")
    (folder / "a").mkdir()
    nb = {"metadata": {"course": {"title": "x"}}, "cells": cells}
    (folder / "a" / "x.ipynb").write_text(json.dumps(nb), encoding="utf-8")
    assert read_map(folder) == []
