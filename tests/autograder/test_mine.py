"""autograder mine: all of one's notebooks, without a sandbox, a gradebook or Linux."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import elsewhere
import pytest
from click.testing import CliRunner

from autograder.cli import main
from autograder.course import HOME, Course, CourseError
from autograder.demo import solved
from autograder.mine import begun
from autograder.mistakes import apply_patch, load_patches

COURSE = Course()
NOTEBOOKS = COURSE.assignment("a1_classifiers").notebooks


@pytest.fixture
def my(tmp_path):
    """A learner's folder in which nothing was begun."""
    return shutil.copytree(COURSE.release_dir, tmp_path / "my")


def write(my, nb, name="knn"):
    (my / "a1_classifiers" / f"{name}.ipynb").write_text(json.dumps(nb), encoding="utf-8")


def wrong():
    """The kNN notebook with a mistake in its first exercise."""
    patches = {patch.name: patch for patch in load_patches("a1_classifiers", "knn")}
    cells = apply_patch(NOTEBOOKS["knn"].cells, patches["two-loops-no-square-root"])
    return solved(COURSE, NOTEBOOKS["knn"], cells)


# --- what was begun -----------------------------------------------------------------------------


def test_notebooks_as_they_were_given_are_not_begun(my):
    nb = json.loads((my / "a1_classifiers" / "knn.ipynb").read_text("utf-8"))
    nb["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "hello"}]
    nb["cells"].append({"cell_type": "code", "source": "1 + 1", "metadata": {}, "outputs": []})
    write(my, nb)
    assert begun(COURSE, my) == {}


def test_a_solution_an_answer_or_damage_is_a_beginning(my):
    for name, grade_id in (("knn", "knn-cross-validation"), ("svm", "svm-q-loss")):
        nb = json.loads((my / "a1_classifiers" / f"{name}.ipynb").read_text("utf-8"))
        for cell in nb["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id:
                cell["source"] = "x = 1"
        write(my, nb, name)
    (my / "a1_classifiers" / "softmax.ipynb").write_text("{", encoding="utf-8")
    (my / "a1_classifiers" / "features.ipynb").unlink()
    assert list(begun(COURSE, my)) == ["a1_classifiers"]
    assert list(begun(COURSE, my)["a1_classifiers"].notebooks) == ["knn", "svm", "softmax"]


def test_a_folder_without_notebooks_is_a_clear_error(tmp_path):
    with pytest.raises(CourseError, match="make learn"):
        begun(COURSE, tmp_path)


# --- the command --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What --json prints, on a system that has nothing that Windows lacks; and the folder."""
    folder = tmp_path_factory.mktemp("mine")
    my = shutil.copytree(COURSE.release_dir, folder / "my")
    write(my, wrong())
    write(my, solved(COURSE, NOTEBOOKS["svm"]), "svm")
    (my / "a1_classifiers" / "softmax.ipynb").write_text("{", encoding="utf-8")
    progress = {"version": 1, "written": {"knn-q-k": {"had": [1, 2], "points": 1.0}}}
    (my / "progress.json").write_text(json.dumps(progress))
    shutil.copy(Path(elsewhere.__file__), folder / "sitecustomize.py")
    ran = subprocess.run(
        [sys.executable, "-m", "autograder.cli", "mine", my, "--json"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (folder, HOME)))},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout), my


def test_what_was_begun_is_graded_with_the_hidden_checks(results):
    (first, second, third), _my = results
    assert list(first["notebooks"]) == ["knn", "svm", "softmax"]
    questions = first["notebooks"]["knn"]["questions"]
    assert questions["knn-two-loops"]["score"] == 0
    assert questions["knn-one-loop"]["score"] == 3
    assert [hint["mistake"] for hint in questions["knn-two-loops"]["hints"]] == [
        "two-loops-no-square-root"
    ]
    assert first["notebooks"]["softmax"]["status"] == "unreadable"
    assert first["score"] == 17 - 3 + 14
    assert second["notebooks"] == third["notebooks"] == {}


def test_what_was_not_begun_is_named_only(results):
    (first, second, third), _my = results
    assert first["not_begun"] == ["two_layer_net", "features"]
    assert len(second["not_begun"]) == 7
    assert second["score"] == third["score"] == 0
    every = [q.points for a in COURSE.assignments() for n in COURSE.assignment(a).notebooks.values()
             for q in n.auto_questions()]  # fmt: skip
    assert sum(one["max_score"] for one in results[0]) == sum(every)


def test_the_pages_are_in_one_s_own_folder_with_one_s_own_marks(results):
    (first, *_rest), my = results
    assert first["marked"] == {"knn-q-k": 1.0}
    pages = {name: Path(page) for name, page in first["pages"].items()}
    assert list(pages) == ["knn", "svm", "softmax"]
    assert pages["knn"] == my / "feedback" / "a1_classifiers" / "knn.html"
    text = pages["knn"].read_text(encoding="utf-8")
    assert "square root" in text
    assert "marked by yourself" in text
    assert "not marked yet" in text
    assert "grader" not in re.sub(
        r"<style>.*?</style>|<title>.*?</title>", "", text, flags=re.DOTALL
    )
    assert "15" in text  # 14 by the checks, 1 by oneself


def test_nothing_else_is_written(results):
    made = {path.name for path in results[1].iterdir()}
    assert made == {*COURSE.assignments(), "feedback", "progress.json"}
    assert not list(results[1].parent.glob("*.db"))


def test_the_table_says_what_to_mend_first(my):
    write(my, wrong())
    ran = CliRunner().invoke(main, ["mine", str(my)])
    assert ran.exit_code == 0, ran.output
    assert "a1_classifiers, not begun: svm, softmax, two_layer_net, features" in ran.output
    assert "knn-two-loops: 3 of 3 points lost" in ran.output
    assert "your own code ran unprotected" in ran.output
    assert "│ the course     │     14 │  251 │" in ran.output
