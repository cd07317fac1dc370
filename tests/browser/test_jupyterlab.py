"""What a student does: open the released notebook in JupyterLab, fail a check, mend it, pass."""

import contextlib
import re
import shutil

import pytest
from playwright.sync_api import expect

from autograder.course import HOME, Course
from autograder.mistakes import apply_patch, load_patches

DONE = re.compile(r"\[\d+\]:")


@pytest.fixture(scope="module")
def notebook(browser, jupyterlab, tmp_path_factory):
    """The address of the released kNN notebook in JupyterLab."""
    folder = tmp_path_factory.mktemp("student") / "a1_classifiers"
    shutil.copytree(HOME / "release" / "a1_classifiers", folder)
    return jupyterlab(folder).replace("/lab?", "/lab/tree/knn.ipynb?")


def solution(patch: str | None = None) -> str:
    """The text of the source's class cell, with a mistake if one is named."""
    cells = Course().assignment("a1_classifiers").notebooks["knn"].cells
    if patch:
        patches = {each.name: each for each in load_patches("a1_classifiers", "knn")}
        cells = apply_patch(cells, patches[patch])
    text = next(cell.source for cell in cells if cell.grade_id == "knn-classifier")
    return "\n".join(line for line in text.split("\n") if " SOLUTION" not in line)


class Notebook:
    """The notebook that a page shows."""

    def __init__(self, page, address: str) -> None:
        self.page = page
        page.goto(address)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']")

    def cell(self, text: str):
        """The first code cell that holds a text."""
        return self.page.locator(".jp-CodeCell").filter(has_text=text).first

    def write(self, text: str, source: str) -> None:
        """Replace all of a cell's code, as by pasting."""
        editor = self.cell(text).locator(".cm-content")
        editor.scroll_into_view_if_needed()
        editor.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)

    def run(self, text: str):
        """Run a cell by Shift+Enter; gives its output when it is done."""
        cell = self.cell(text)
        cell.scroll_into_view_if_needed()
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        for _attempt in range(12):  # a notebook that is still being drawn loses keys
            cell.locator(".cm-line").first.click()
            self.page.keyboard.press("Shift+Enter")
            with contextlib.suppress(AssertionError):
                expect(prompt).not_to_have_text(before, timeout=5_000)
                break
        expect(prompt).to_have_text(DONE, timeout=60_000)  # meanwhile [*]:
        return cell.locator(".jp-OutputArea-output")


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
