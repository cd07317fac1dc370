import json

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_output, new_raw_cell
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import compute_checksum
from tiny_course import (
    ASSIGNMENT,
    HOSTILE,
    PNG,
    changed_notebook,
    make_course,
    make_report,
    make_submission,
)
from traitlets.config import Config

from autograder import autograded
from autograder.gradebook import compiled, course_config
from autograder.submission import Submission


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


def handed_in(**notebooks):
    """A submission of these notebooks."""
    files = {f"{name}.ipynb": json.dumps(nb).encode() for name, nb in notebooks.items()}
    return Submission("ada", ASSIGNMENT, files)


def built(course, submitted, **changes):
    """The autograded form of a ``warm`` notebook."""
    source = course.assignment(ASSIGNMENT).notebooks["warm"]
    released = compiled(source, course_config(course), release=True)
    nb = autograded.build(released, submitted, make_report().notebooks["warm"], **changes)
    nb = nbformat.reads(nbformat.writes(nb), as_version=4)
    nbformat.validate(nb)
    MetadataValidator().validate_nb(nb)
    return nb


def written(course, report, submission):
    """The autograded notebooks of a submission."""
    return autograded.notebooks(course, course.assignment(ASSIGNMENT), report, submission)


def by_id(nb):
    return {c.metadata.nbgrader.grade_id: c for c in nb.cells if "nbgrader" in c.metadata}


def test_writes_what_was_handed_in(course):
    report = make_report()
    notebooks = written(course, report, handed_in(warm=make_submission()))
    assert list(notebooks) == ["warm"]
    nb = nbformat.reads(nbformat.writes(notebooks["warm"]), as_version=4)
    assert (nb.nbformat, nb.nbformat_minor) == (4, 5)
    cells = by_id(nb)
    assert list(cells) == ["warm-solution", "warm-double", "warm-types", "warm-why"]
    assert "return x + x" in cells["warm-solution"].source
    assert "HIDDEN" not in cells["warm-double"].source
    assert cells["warm-double"].metadata.nbgrader.points == 4
    assert cells["warm-double"].metadata.nbgrader.checksum == compute_checksum(cells["warm-double"])
    (output,) = cells["warm-double"].outputs
    assert "✗ The check of odd\n    it differs\n    a factor of 2 too large" in output.text
    assert "Hint: Think again about no-sqrt." in output.text
    assert "double was answered by the reference" in cells["warm-types"].outputs[0].text
    assert "EPS is set in cell 12" in nb.cells[0].source


def test_an_unreadable_notebook_shows_its_questions_and_the_reason(course):
    report = make_report()
    changed_notebook(report, "warm", status="unreadable", reason="warm.ipynb is <no> JSON")
    nb = written(course, report, handed_in(warm=None))["warm"]
    assert "warm.ipynb is &#60;no&#62; JSON" in nb.cells[0].source
    assert list(by_id(nb)) == ["warm-solution", "warm-double", "warm-types", "warm-why"]


def test_tests_are_restored_and_lost_ones_added_back(course):
    submitted = make_submission()
    submitted["cells"][2]["source"] = "'I passed'"
    submitted["cells"][2]["metadata"]["nbgrader"] |= {"points": 99, "locked": False}
    del submitted["cells"][3]
    cells = by_id(built(course, submitted))
    assert list(cells) == ["warm-solution", "warm-double", "warm-types", "warm-why"]
    assert cells["warm-double"].source.startswith('check("warm-double")')
    assert cells["warm-double"].metadata.nbgrader.points == 4
    assert cells["warm-types"].source == 'check("warm-types")'


def test_first_of_two_equal_ids_keeps_it(course):
    submitted = make_submission()
    submitted["cells"].append(json.loads(json.dumps(submitted["cells"][1])))
    submitted["cells"][-1]["source"] = "second"
    nb = built(course, submitted)
    assert "return x + x" in by_id(nb)["warm-solution"].source
    assert nb.cells[-1].source == "second"
    assert "nbgrader" not in nb.cells[-1].metadata


def test_a_solution_without_metadata_is_recognised_by_what_it_defines(course):
    submitted = make_submission()
    for cell in submitted["cells"]:
        cell["metadata"] = {}
    cells = by_id(built(course, submitted))
    assert "return x + x" in cells["warm-solution"].source


def test_only_text_and_png_outputs_are_kept(course):
    submitted = make_submission()
    outputs = [
        new_output("stream", name="stdout", text="printed"),
        new_output("display_data", data={"text/html": "<script>", "text/plain": "<Figure>"}),
        new_output("display_data", data={"image/png": PNG}, metadata={"image/png": {"width": "x"}}),
        new_output("display_data", data={"image/png": "bm90IGEgcG5n"}),
        new_output("display_data", data={"image/svg+xml": "<svg onload=alert(1)>"}),
        new_output("execute_result", data={"application/javascript": "alert(1)"}),
        new_output("error", ename="ValueError", evalue="no", traceback=["<b>"]),
    ]
    submitted["cells"][1]["outputs"] = [*json.loads(json.dumps(outputs)), "odd", {"output_type": 3}]
    kept = by_id(built(course, submitted))["warm-solution"].outputs
    assert [o.get("text") or dict(o.data) for o in kept] == [
        "printed",
        {"text/plain": "<Figure>"},
        {"image/png": PNG},
        "ValueError: no",
    ]
    assert not any(o.get("metadata") for o in kept)


def test_metadata_attachments_and_raw_cells_of_students_do_not_pass(course):
    submitted = make_submission(answer=HOSTILE)
    submitted["metadata"] = {"widgets": {"x": "</script>"}, "kernelspec": {"name": "evil"}}
    submitted["cells"][0]["id"] = "x onclick=fired"
    submitted["cells"][0]["metadata"] = {"tags": ["<script>"]}
    submitted["cells"].append(new_raw_cell("<script>raw</script>"))
    submitted["cells"].append(
        new_markdown_cell(
            "![p](attachment:p.png) ![s](attachment:s.svg)",
            attachments={
                "p.png": {"image/png": PNG},
                "s.svg": {"image/svg+xml": "<svg onload=fired>"},
            },
        )
    )
    nb = built(course, json.loads(json.dumps(submitted)))
    text = nbformat.writes(nb)
    assert "<script" not in text
    assert "evil" not in text
    assert "onclick" not in text
    assert "svg onload" not in text
    assert f'src=\\"data&#58;image/png;base64,{PNG}\\"' in text
    assert not any("attachments" in cell for cell in nb.cells)
    assert "&#60;script&#62;window.fired" in by_id(nb)["warm-why"].source


def test_instructors_markdown_stays_as_it_is(course):
    assert "# Warm up" in [cell.source for cell in built(course, make_submission()).cells]


@pytest.mark.parametrize(
    "cells",
    [None, "x", [None, 3, {}], [{"cell_type": 5, "source": {"a": 1}, "metadata": []}]],
)
def test_odd_notebooks_are_written_too(course, cells):
    assert by_id(built(course, {"cells": cells}))


def test_notice_when_it_ran_without_a_sandbox(course):
    nb = built(course, make_submission(), protection="none")
    assert "without a sandbox" in nb.cells[0].source


def test_long_code_and_output_are_cut(course):
    submitted = make_submission()
    submitted["cells"][1]["source"] = "x = 1\n" * 100_000
    submitted["cells"][1]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "y" * 1_000_000}
    ]
    cell = by_id(built(course, submitted))["warm-solution"]
    assert len(cell.source) < 210_000
    assert "more characters" in cell.source
    assert len(cell.outputs[0].text) <= 20_000


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ({"cell_type": "code", "source": "", "outputs": []}, 10),
        ({"cell_type": "markdown", "source": "x" * 100}, 5),
        ({"cell_type": "raw", "source": "x" * 100}, 5),
    ],
)
def test_only_so_many_cells_are_rendered_and_no_question_is_lost(course, monkeypatch, cell, shown):
    monkeypatch.setattr(autograded, "MAX_CELLS", 10)
    monkeypatch.setattr(autograded, "MAX_MARKDOWN", 500)
    submitted = make_submission()
    submitted["cells"][:0] = [cell | {"metadata": {}}] * 20
    nb = built(course, submitted)
    assert list(by_id(nb)) == ["warm-solution", "warm-double", "warm-types", "warm-why"]
    left_out = 20 - shown + (shown == 10)  # the heading, too
    assert f"{left_out} more cells are not shown." in nb.cells[-1].source


def test_save_leaves_no_half_file(tmp_path, monkeypatch):
    autograded.save(tmp_path / "page", "whole \ud800")

    def fail(*_arguments):
        raise OSError("no space left")

    monkeypatch.setattr(autograded.os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        autograded.save(tmp_path / "page", "half")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["whole ?"]


def test_plain_autograde_cleans_with_the_same_rules(course):
    config = Config()
    config.CourseDirectory.root = str(course.root)
    nb = nbformat.from_dict(make_submission(HOSTILE))
    nb.metadata["widgets"] = {"state": "</script>"}
    nb.cells[2].outputs = [
        new_output("execute_result", data={"text/plain": "4.0", "text/html": "<script>"})
    ]
    resources = {"nbgrader": {"assignment": ASSIGNMENT, "notebook": "warm", "student": "ada"}}
    nb, _resources = autograded.Sanitize(config=config).preprocess(nb, resources)
    nbformat.validate(nb)
    text = nbformat.writes(nb)
    assert "<script" not in text
    assert "widgets" not in text
    assert "# Warm up" in [cell.source for cell in nb.cells]
    assert by_id(nb)["warm-double"].outputs[0].data == {"text/plain": "4.0"}


def test_plain_autograde_without_a_source_trusts_nobody(tmp_path):
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    nb = nbformat.from_dict(make_submission(HOSTILE))
    resources = {"nbgrader": {"assignment": "gone", "notebook": "warm", "student": "ada"}}
    nb, _resources = autograded.Sanitize(config=config).preprocess(nb, resources)
    assert "<script" not in nbformat.writes(nb)
    assert "# Warm up" not in [cell.source for cell in nb.cells]
