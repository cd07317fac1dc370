"""What a student does: open the released notebook in JupyterLab, fail a check, mend it, pass."""

import shutil

import pytest
from lab import Notebook, solution
from playwright.sync_api import expect

from autograder.course import HOME


@pytest.fixture(scope="module")
def notebook(browser, jupyterlab, tmp_path_factory):
    """The address of the released kNN notebook in JupyterLab."""
    folder = tmp_path_factory.mktemp("student") / "a1_classifiers"
    shutil.copytree(HOME / "release" / "a1_classifiers", folder)
    return jupyterlab(folder).replace("/lab?", "/lab/tree/knn.ipynb?")


def test_a_check_fails_with_its_symptom_and_then_passes(notebook, page, tmp_path):
    lab = Notebook(page, notebook)
    test_cell = 'check("knn-two-loops")'
    lab.run("from assignments import check")
    lab.run("class KNearestNeighbor")
    page.screenshot(path=tmp_path / "opened.png")

    expect(lab.run(test_cell)).to_contain_text("not implemented yet")
    page.screenshot(path=tmp_path / "blank.png")

    lab.write("class KNearestNeighbor", solution("two-loops-no-square-root"))
    lab.run("class KNearestNeighbor")
    expect(lab.run(test_cell)).to_contain_text("Is a square root missing?")
    page.screenshot(path=tmp_path / "symptom.png")

    lab.write("class KNearestNeighbor", solution())
    lab.run("class KNearestNeighbor")
    output = lab.run(test_cell)
    expect(output).to_contain_text("checks pass.")
    expect(output).not_to_contain_text("✗")
    page.screenshot(path=tmp_path / "passed.png")
