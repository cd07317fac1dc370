"""tools/normalise_notebooks.py: one form for git, whatever an editor wrote."""

import json
import runpy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

TOOL = Path(__file__).resolve().parents[2] / "tools" / "normalise_notebooks.py"
normalise = runpy.run_path(str(TOOL))["normalise"]


def cell(source: str, kind: str = "code", **fields) -> dict:
    made = {"cell_type": kind, "metadata": {}, "source": source, **fields}
    if kind == "code":
        made = {"outputs": [], "execution_count": None, **made}
    return made


def notebook(*cells: dict, minor: int = 5) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": cells})


def ids(text: str) -> list[str]:
    return [each["id"] for each in json.loads(normalise(text))["cells"]]


def test_outputs_and_counts_go():
    printed = {"output_type": "stream", "name": "stdout", "text": "2"}
    text = normalise(notebook(cell("1 + 1", id="a", outputs=[printed], execution_count=7)))
    (only,) = json.loads(text)["cells"]
    assert only["outputs"] == []
    assert only["execution_count"] is None
    assert only["source"] == ["1 + 1"]


def test_ids_stay_and_missing_ones_are_named_after_the_question():
    graded = {"nbgrader": {"grade_id": "knn-two-loops", "schema_version": 3}}
    text = notebook(cell("x", id="kept"), cell("y", metadata=graded), minor=4)
    assert ids(text) == ["kept", "knn-two-loops"]


def test_ids_without_a_name_do_not_depend_on_the_place():
    alone = ids(notebook(cell("x = 1"), minor=4))
    assert ids(notebook(cell("new", kind="markdown"), cell("x = 1"), minor=4))[1:] == alone


def test_ids_are_unique_where_a_cell_was_copied():
    found = ids(notebook(cell("x", id="same"), cell("x", id="same"), cell("x", id="same")))
    assert found[0] == "same"
    assert len(set(found)) == 3


def test_the_kernel_is_plain_python():
    assert json.loads(normalise(notebook()))["metadata"]["kernelspec"]["name"] == "python3"


@given(
    st.lists(
        st.builds(
            cell,
            st.text(max_size=20),
            kind=st.sampled_from(["code", "markdown", "raw"]),
            id=st.text(alphabet="ab-_ é", max_size=3),
        ),
        max_size=5,
    )
)
def test_twice_is_the_same_as_once(cells):
    once = normalise(notebook(*cells))
    assert normalise(once) == once


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"nbformat": 3, "worksheets": []}'])
def test_what_is_no_notebook_is_refused(text):
    with pytest.raises(ValueError, match="no"):
        normalise(text)


@given(st.text())
def test_any_text_is_refused_with_a_value_error(text):
    with pytest.raises(ValueError, match="no"):
        normalise(text)
