"""tools/run_notebooks.py: a real kernel, a notebook of a few lines."""

import argparse
import importlib.util
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.helpers.coco_files import write_many

TOOL = Path(__file__).resolve().parents[2] / "tools" / "run_notebooks.py"
spec = importlib.util.spec_from_file_location("run_notebooks", TOOL)
run_notebooks = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = run_notebooks
spec.loader.exec_module(run_notebooks)


ROOT = TOOL.parents[1]
SOURCES = sorted(ROOT.glob("source/*/*.ipynb"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_source_notebook_runs_and_its_solutions_get_full_marks(source, tmp_path, monkeypatch):
    monkeypatch.setenv("ASSIGNMENTS_SCALE", "reduced")
    shutil.copytree(ROOT / "source", tmp_path, dirs_exist_ok=True)
    run = run_notebooks.run_notebook(tmp_path / source.parent.name / source.name)
    assert run.failure == ""
    # What small experiments train is not good enough for questions graded by their result.
    assert [question for question in run.lost if not question.endswith("-best")] == []


@pytest.mark.parametrize(
    "source",
    [path for path in SOURCES if 'DATA = \\"emoji_scenes\\"' in path.read_text(encoding="utf-8")],
    ids=lambda path: path.stem,
)
def test_a_notebook_reads_coco_by_one_name(source, tmp_path, monkeypatch):
    monkeypatch.setenv("ASSIGNMENTS_SCALE", "reduced")
    monkeypatch.setenv("ASSIGNMENTS_DATA", str(tmp_path / "cache"))
    write_many(tmp_path / "cache" / "coco")
    shutil.copytree(ROOT / "source", tmp_path, dirs_exist_ok=True)
    path = tmp_path / source.parent.name / source.name
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('DATA = \\"emoji_scenes', 'DATA = \\"coco'), encoding="utf-8")
    assert run_notebooks.run_notebook(path).failure == ""


@pytest.fixture
def write(tmp_path):
    def _write(*sources: str) -> Path:
        path = tmp_path / "trial.ipynb"
        cells = [new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
        nbformat.write(new_notebook(cells=cells), path)
        return path

    return _write


def test_a_good_notebook_runs_in_its_folder_and_is_measured(write):
    path = write("open('here.txt', 'w').close()", "block = bytearray(200_000_000)")
    run = run_notebooks.run_notebook(path)
    assert run.failure == ""
    assert run.seconds > 0
    assert run.peak_bytes > 200_000_000
    assert (path.parent / "here.txt").exists()


def test_a_failing_cell_is_named_with_its_traceback(write):
    failure = run_notebooks.run_notebook(write("1", "numerator = 1\nnumerator / 0", "2")).failure
    assert "cell 2 of 3 (cell-1)" in failure
    assert "numerator / 0" in failure
    assert "ZeroDivisionError" in failure


def test_a_cell_without_end_is_stopped(write):
    failure = run_notebooks.run_notebook(write("while True: pass"), max_seconds=1).failure
    assert "cell 1 of 1 (cell-0)" in failure
    assert "timed out" in failure


def test_lost_points_are_told(write):
    path = write("0.5", "2.0", "raise SystemExit", "1.0")
    nb = nbformat.read(path, as_version=4)
    for number, (cell, points) in enumerate(zip(nb.cells, (1, 2, 1, 1), strict=True)):
        about = {"grade": True, "solution": False, "points": points, "grade_id": f"trial-{number}"}
        cell.metadata["nbgrader"] = about
    nbformat.write(nb, path)
    assert run_notebooks.run_notebook(path).lost == {
        "trial-0": "0.5 of 1 points",
        "trial-2": "nothing of 1 points",
    }


@pytest.mark.parametrize(("text", "size"), [("2GB", 2e9), ("1.5 gb", 1.5e9), ("300MB", 3e8)])
def test_sizes(text, size):
    assert run_notebooks.parse_size(text) == size


@pytest.mark.parametrize("text", ["2", "GB", "two GB", "1..5GB"])
def test_sizes_that_are_none(text):
    with pytest.raises(argparse.ArgumentTypeError):
        run_notebooks.parse_size(text)
