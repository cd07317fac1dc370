"""A notebook in JupyterLab, as somebody at the keyboard works with it."""

import contextlib
import re

from playwright.sync_api import expect

from autograder.course import Course
from autograder.mistakes import apply_patch, load_patches

#: JupyterLab keeps the notebooks behind the one that is seen.
_IN_FRONT = ".jp-NotebookPanel:not(.lm-mod-hidden)"
DONE = re.compile(r"\[\d+\]:")


def solution(patch: str | None = None) -> str:
    """The text of the kNN source's class cell, with a mistake if one is named."""
    cells = Course().assignment("a1_classifiers").notebooks["knn"].cells
    if patch:
        patches = {each.name: each for each in load_patches("a1_classifiers", "knn")}
        cells = apply_patch(cells, patches[patch])
    text = next(cell.source for cell in cells if cell.grade_id == "knn-classifier")
    return "\n".join(line for line in text.split("\n") if " SOLUTION" not in line)


class Notebook:
    """The notebook that a page of JupyterLab shows."""

    def __init__(self, page, address: str) -> None:
        self.page = page
        page.goto(address)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']")

    def cell(self, text: str):
        """The first code cell that holds a text."""
        return self.page.locator(f"{_IN_FRONT} .jp-CodeCell").filter(has_text=text).first

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
