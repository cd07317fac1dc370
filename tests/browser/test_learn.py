"""The road of somebody who learns alone, from an empty ``my/`` to the next day."""

import json
import re
import runpy
import shutil

import pytest
from lab import Notebook, solution
from playwright.sync_api import expect

from autograder.course import HOME


@pytest.fixture
def clone(tmp_path):
    for room in ("source", "release"):
        shutil.copytree(
            HOME / room / "a1_classifiers", tmp_path / "clone" / room / "a1_classifiers"
        )
    return tmp_path / "clone"


@pytest.fixture
def learn(clone, monkeypatch):
    """What ``make learn`` does besides installing and opening JupyterLab."""
    monkeypatch.syspath_prepend(HOME / "tools")
    bring = runpy.run_path(str(HOME / "tools" / "learn.py"))["bring"]
    return lambda: bring(clone / "release", clone / "my")


def answer(page, question_text: str, text: str) -> None:
    """Write an answer into the cell below a question, and save."""
    cell = (
        page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-MarkdownCell")
        .filter(has_text=question_text)
        .first
    )
    cell.scroll_into_view_if_needed()
    cell.dblclick()
    editor = cell.locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    page.keyboard.press("Control+s")


def test_a_day_of_learning_alone_and_the_next(browser, page, clone, learn, jupyterlab, tmp_path):
    my = clone / "my"
    learn()
    address = jupyterlab(my)
    start, knn = (address.replace("/lab?", f"/lab/tree/{name}?") for name in
                  ("START.ipynb", "a1_classifiers/knn.ipynb"))  # fmt: skip

    # the course's page: what comes next, and a link to it
    lab = Notebook(page, start)
    page.screenshot(path=tmp_path / "opened.png")
    shown = lab.run("progress()")
    expect(shown).to_contain_text("Next: Exercise 1 · distances with two loops (15 min)")
    page.screenshot(path=tmp_path / "start.png")
    page.get_by_role("link", name="k-nearest neighbours").first.click()
    expect(page).to_have_url(re.compile(r"a1_classifiers/knn\.ipynb"))
    page.close()

    # the first exercise, wrong and then right
    page = browser.new_page(viewport={"width": 1200, "height": 1400})
    lab = Notebook(page, knn)
    test_cell = 'check("knn-two-loops")'
    lab.run("from assignments import check")
    lab.write("class KNearestNeighbor", solution("two-loops-no-square-root"))
    lab.run("class KNearestNeighbor")
    expect(lab.run(test_cell)).to_contain_text("Is a square root missing?")
    kept = json.loads((my / "progress.json").read_text("utf-8"))["exercises"]["knn-two-loops"]
    assert (kept["passed"], kept["failed"]) == (False, 1)
    lab.write("class KNearestNeighbor", solution())
    lab.run("class KNearestNeighbor")
    expect(lab.run(test_cell)).to_contain_text("checks pass.")

    # a written answer, revealed and ticked
    answer(page, "Write your answer here.", "Bright rows are far from everything.")
    lab.write(
        "google.colab", 'from assignments import progress, reveal\n\nreveal("knn-q-distances")'
    )
    shown = lab.run('reveal("knn-q-distances")')
    expect(shown.first).to_contain_text("A model answer")
    boxes = page.locator(".widget-checkbox input")
    expect(boxes).to_have_count(3)
    boxes.nth(0).check()
    boxes.nth(2).check()
    expect(page.get_by_text("1 of 1.5 points, marked by yourself")).to_be_visible()
    page.screenshot(path=tmp_path / "revealed.png")
    lab.write('reveal("knn-q-distances")', "from assignments import progress\n\nprogress()")
    expect(lab.run("progress()")).to_contain_text("4 / 20")
    page.screenshot(path=tmp_path / "progress.png")
    page.keyboard.press("Control+s")
    page.wait_for_timeout(1000)
    page.close()

    # the next day
    before = {path: path.read_bytes() for path in my.rglob("knn.ipynb")}
    assert learn() == []
    assert {path: path.read_bytes() for path in my.rglob("knn.ipynb")} == before
    page = browser.new_page(viewport={"width": 1200, "height": 1400})
    lab = Notebook(page, address.replace("/lab?", "/lab/workspaces/next-day/tree/START.ipynb?"))
    shown = lab.cell("progress()").locator(".jp-OutputArea-output")
    expect(shown).to_contain_text("Next: Exercise 2 · distances with one loop (15 min)")
    expect(shown).to_contain_text("1 of 17.5 points for written answers, marked by yourself")
    page.screenshot(path=tmp_path / "next-day.png")
    page.get_by_role("link", name="k-nearest neighbours").first.click()
    expect(lab.cell('check("knn-two-loops")')).to_contain_text("checks pass.")
    expect(page.get_by_text("Bright rows are far from everything.").last).to_be_visible()
    page.close()
