"""tools/learn.py: what it brings, and what it never touches."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from learners import ASSIGNMENT, make_clone, write_answer

from assignments.progress_file import MARKER

TOOL = Path(__file__).resolve().parents[2] / "tools" / "learn.py"


@pytest.fixture
def learn(monkeypatch):
    monkeypatch.syspath_prepend(TOOL.parent)
    monkeypatch.delenv("ASSIGNMENTS_HOME", raising=False)
    return runpy.run_path(str(TOOL))


@pytest.fixture
def clone(tmp_path):
    """A clone without a learner's folder."""
    shutil.rmtree(make_clone(tmp_path))
    return tmp_path


@pytest.fixture
def bring(learn, clone):
    return lambda: learn["bring"](clone / "release", clone / "my")


def notebook(folder, name="warm"):
    return folder / ASSIGNMENT / f"{name}.ipynb"


def correct(clone, text="# Warm up, corrected"):
    """The course corrects the first notebook."""
    nb = json.loads(notebook(clone / "release").read_text("utf-8"))
    nb["cells"][0]["source"] = text
    notebook(clone / "release").write_text(json.dumps(nb), "utf-8")


def files(clone):
    return sorted(path.relative_to(clone / "my").as_posix() for path in (clone / "my").rglob("*.*"))


def test_the_first_time_all_comes(clone, bring):
    assert bring() == [f"New in {clone / 'my'}: a0_tiny/cold.ipynb, a0_tiny/warm.ipynb."]
    assert files(clone) == [MARKER, "START.ipynb", "a0_tiny/cold.ipynb", "a0_tiny/warm.ipynb"]
    assert notebook(clone / "my").read_bytes() == notebook(clone / "release").read_bytes()


def test_the_second_time_nothing_changes(clone, bring):
    bring()
    write_answer(clone / "my", "mine")
    before = {path: path.read_bytes() for path in (clone / "my").glob("*/*.ipynb")}
    assert bring() == []
    assert {path: path.read_bytes() for path in (clone / "my").glob("*/*.ipynb")} == before


def test_a_new_notebook_comes_beside_the_others(clone, bring):
    bring()
    shutil.copy(notebook(clone / "release"), notebook(clone / "release", "hot"))
    assert bring() == [f"New in {clone / 'my'}: a0_tiny/hot.ipynb."]


def test_many_are_counted(clone, bring):
    for number in range(4):
        shutil.copy(notebook(clone / "release"), notebook(clone / "release", f"hot{number}"))
    assert bring() == [f"New in {clone / 'my'}: a0_tiny (6)."]


def test_a_corrected_notebook_replaces_one_that_was_only_run(clone, bring):
    bring()
    nb = json.loads(notebook(clone / "my").read_text("utf-8"))
    nb["cells"][3] |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": "✓"}]}
    nb["cells"][3]["execution_count"] = 4
    nb["metadata"]["language_info"] = {"name": "python", "version": "3.13.1"}
    notebook(clone / "my").write_text(json.dumps(nb), "utf-8")
    assert bring() == []
    correct(clone)
    (sentence,) = bring()
    assert "untouched by you, so replaced: a0_tiny/warm.ipynb" in sentence
    assert notebook(clone / "my").read_bytes() == notebook(clone / "release").read_bytes()


@pytest.mark.parametrize("work", ["mine", None, b"<<<<<<< HEAD"])
def test_work_stays_and_the_corrected_one_arrives_beside_it(clone, bring, work):
    bring()
    own = notebook(clone / "my")
    if work is None:
        own.write_bytes(b"")
    elif isinstance(work, bytes):
        own.write_bytes(work)
    else:
        write_answer(clone / "my", work)
    before = own.read_bytes()
    correct(clone)
    (sentence,) = bring()
    assert "You have worked in yours" in sentence
    assert "warm.new.ipynb" in sentence
    assert own.read_bytes() == before
    new = notebook(clone / "my", "warm.new")
    assert new.read_bytes() == notebook(clone / "release").read_bytes()
    assert bring() == []

    correct(clone, "# corrected twice")  # the first correction was not touched: it gives way
    bring()
    assert new.read_bytes() == notebook(clone / "release").read_bytes()
    write_answer(clone / "my", "mine again", "warm.new")
    kept = new.read_bytes()
    correct(clone, "# corrected thrice")
    bring()
    assert (own.read_bytes(), new.read_bytes()) == (before, kept)
    assert notebook(clone / "my", "warm.new2").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"given": 3}'])
def test_without_its_notes_it_still_overwrites_nothing(clone, bring, content):
    bring()
    write_answer(clone / "my", "mine")
    before = notebook(clone / "my").read_bytes()
    (clone / "my" / MARKER).write_text(content)
    bring()
    assert notebook(clone / "my").read_bytes() == before


def test_points_that_change_are_a_correction(clone, bring):
    bring()
    path = notebook(clone / "release")
    nb = json.loads(path.read_text("utf-8"))
    nb["cells"][3]["metadata"]["nbgrader"]["points"] = 5
    path.write_text(json.dumps(nb), "utf-8")
    assert len(bring()) == 1


def test_the_page_shows_what_is_done_and_what_comes_next(clone, bring):
    bring()
    page = clone / "my" / "START.ipynb"
    shown = json.loads(page.read_text("utf-8"))["cells"][1]["outputs"][0]["data"]
    assert "Next: Exercise 1 · doubling (10 min)" in shown["text/plain"]
    assert '<a href="a0_tiny/warm.ipynb">' in shown["text/html"]
    done = {"version": 1, "exercises": {"warm-double": {"passed": True}}}
    (clone / "my" / "progress.json").write_text(json.dumps(done))
    bring()
    shown = json.loads(page.read_text("utf-8"))["cells"][1]["outputs"][0]["data"]
    assert "●○     3 / 4.5" in shown["text/plain"]


def test_a_page_that_the_learner_wrote_in_stays(clone, bring):
    bring()
    page = clone / "my" / "START.ipynb"
    nb = json.loads(page.read_text("utf-8"))
    nb["cells"][0]["source"] = "my notes"
    page.write_text(json.dumps(nb))
    before = page.read_bytes()
    bring()
    assert page.read_bytes() == before


# --- the command --------------------------------------------------------------------------------


@pytest.fixture
def command(learn, clone, monkeypatch):
    """Run ``main`` on the small clone; gives the commands that it would run."""
    calls = []
    main = learn["main"]

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["learn.py", *arguments])
        main.__globals__["ROOT"] = clone
        monkeypatch.setattr(main.__globals__["install"], "install", calls.append)
        monkeypatch.setattr(
            subprocess,
            "run",
            lambda line, **how: calls.append((line, how)) or subprocess.CompletedProcess(line, 0),
        )
        assert main() == 0
        return calls

    return run


def test_it_installs_and_opens_the_page(command, clone):
    index, (line, how) = command("--torch-index", "an-index")
    assert index == "an-index"
    assert line[1:] == ["-m", "jupyterlab", "START.ipynb"]
    assert how["cwd"] == clone / "my"
    assert how["env"]["PATH"].startswith(str(Path(line[0]).parent))


def test_without_jupyterlab(command, clone, capsys):
    assert command("--no-lab") == [""]
    assert str(clone / "my" / "START.ipynb") in capsys.readouterr().out


def test_into_this_python_nothing_is_installed_twice(command):
    ((line, _how),) = command("--here")
    assert line[0] == sys.executable


def test_the_cell_for_colab_does_what_it_says(tmp_path):
    """All but what Colab alone has; the guide's text, with another place for the clone."""
    guide = (TOOL.parents[1] / "docs" / "students.md").read_text(encoding="utf-8")
    (cell,) = re.findall(r"```python\n(import os.*?google\.colab.*?)```", guide, re.DOTALL)
    clone = tmp_path / "drive" / "vision-assignments"
    for room in ("assignments", "release", "tools"):
        shutil.copytree(TOOL.parents[1] / room, clone / room)
    assert "/content/drive/MyDrive/vision-assignments" in cell
    cell = cell.replace("/content/drive/MyDrive/vision-assignments", clone.as_posix())
    colab = tmp_path / "google" / "colab"
    colab.mkdir(parents=True)
    (colab / "__init__.py").write_text("class drive:\n    mount = print\n")
    ending = "\nfrom assignments import progress\nprint(progress())\nimport assignments\n"
    ran = subprocess.run(
        [sys.executable, "-c", f"{cell}{ending}print(assignments.__file__)"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert ran.returncode == 0, ran.stderr
    assert "Next: Exercise 1 · distances with two loops" in ran.stdout
    assert ran.stdout.rstrip().endswith(str(clone / "assignments" / "__init__.py"))
