"""tools/run_notebooks.py: a real kernel, a notebook of a few lines."""

import argparse
import importlib.util
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

TOOL = Path(__file__).resolve().parents[2] / "tools" / "run_notebooks.py"
spec = importlib.util.spec_from_file_location("run_notebooks", TOOL)
run_notebooks = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = run_notebooks
spec.loader.exec_module(run_notebooks)


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


@pytest.mark.parametrize(("text", "size"), [("2GB", 2e9), ("1.5 gb", 1.5e9), ("300MB", 3e8)])
def test_sizes(text, size):
    assert run_notebooks.parse_size(text) == size


@pytest.mark.parametrize("text", ["2", "GB", "two GB", "1..5GB"])
def test_sizes_that_are_none(text):
    with pytest.raises(argparse.ArgumentTypeError):
        run_notebooks.parse_size(text)
