"""Sliders and quizzes in a real JupyterLab: a key moves a figure, a click is answered."""

import nbformat
import pytest
from lab import Notebook
from playwright.sync_api import expect

QUESTION = """\
### How large is $\\sqrt{9 + 16}$?
- [ ] 7
  The *root* of a sum is no sum of roots.
- [x] 5
  The root of $25$.
- [ ] 25
  The root is missing.
"""
ASK = """\
from pathlib import Path
from assignments import quiz as engine
engine._as_widget("warm-roots", engine.read_quizzes(Path("warm.md"))["warm-roots"])"""


@pytest.fixture(scope="module")
def notebook(browser, jupyterlab, tmp_path_factory):
    """The address of a notebook with a figure to play with and a quiz."""
    folder = tmp_path_factory.mktemp("learner")
    (folder / "warm.md").write_text("## warm-roots\n" + 3 * QUESTION, encoding="utf-8")
    nb = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("from assignments import play\n\nplay.convolution()"),
            nbformat.v4.new_code_cell(ASK),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(nb, folder / "warm.ipynb")
    return jupyterlab(folder).replace("/lab?", "/lab/tree/warm.ipynb?")


def test_a_key_moves_the_figure_and_a_click_is_answered(notebook, page, tmp_path):
    lab = Notebook(page, notebook)
    lab.run("play.convolution()")
    figure = lab.cell("play.convolution()")
    expect(figure.get_by_alt_text("output of 4 x 4 numbers")).to_be_visible()
    expect(figure).to_contain_text("Figure 7.")
    figure.locator(".noUi-handle").nth(1).focus()  # the stride
    page.keyboard.press("ArrowLeft")
    expect(figure.get_by_alt_text("output of 7 x 7 numbers")).to_be_visible()
    page.screenshot(path=tmp_path / "moved.png")

    lab.run("engine._as_widget")
    asked = lab.cell("engine._as_widget")
    expect(asked.locator("mjx-container").first).to_be_visible()  # mathematics, not dollars
    choices = asked.locator("button.jupyter-button")  # three for each question
    choices.nth(0).click()
    expect(asked).to_contain_text("✗ Not this one. The root of a sum is no sum of roots.")
    choices.nth(4).click()
    expect(asked).to_contain_text("✓ Right.")
    choices.nth(8).click()
    expect(asked).to_contain_text("1 of 3 right at the first click.")
    page.screenshot(path=tmp_path / "answered.png")
