"""autograder.plain: nbgrader's own autograde gives the scores that our grading gives."""

import json
import os
import shutil
import sys

import numpy as np
import pytest
from checked_course import checked_course as make_course
from nbgrader.apps import NbGraderAPI
from traitlets.config import PyFileConfigLoader

from autograder import plain
from autograder.course import HOME, Course, CourseError
from autograder.gradebook import Gradebook
from autograder.grading import Settings, grade_submission
from autograder.mistakes import Mistake, apply_patch, load_patches
from autograder.release import release
from autograder.submission import read_submission


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.setattr(plain, "_lost", set())
    with make_course(tmp_path) as course:
        monkeypatch.setattr(plain, "Course", lambda: course)
        yield course


def scored(function, grade_id="square-mean"):
    """What ``score`` gives in a notebook that defines ``mean_square``."""
    names = {"mean_square": function, "score": plain.score}
    return eval(f"score({grade_id!r})", names)


def test_all_points(course):
    points = scored(lambda x: float(np.mean(np.square(x))))
    assert type(points) is float
    assert points == 3


def test_the_weighted_share_of_the_points(course):
    assert scored(lambda x: float(np.sum(np.square(x)))) == 1  # right for one number only
    assert plain._lost == {"square-mean"}
    assert scored(lambda x: float(np.mean(np.square(x)))) == 3
    assert plain._lost == set()


def test_no_points_are_zero(course):
    def blank(x):
        raise NotImplementedError

    assert scored(blank) == 0
    assert type(scored(blank)) is float


def test_a_name_that_is_not_there_gives_no_points(course):
    assert eval("score('square-mean')", {"score": plain.score}) == 0


def test_nothing_is_printed(course, capfd):
    def noisy(x):
        print("to stdout")
        print("to stderr", file=sys.stderr)
        os.write(2, b"to the file descriptor")
        return float(np.mean(np.square(x)))

    assert scored(noisy) == 3
    assert capfd.readouterr() == ("", "")
    print("again")
    assert capfd.readouterr().out == "again\n"


def test_random_numbers_of_the_notebook_go_on_as_if_nothing_had_happened(course):
    np.random.seed(3)
    wanted = np.random.rand(2)
    np.random.seed(3)
    first = np.random.rand()
    scored(lambda x: float(np.mean(np.square(x))))
    assert [first, np.random.rand()] == list(wanted)


def test_an_unknown_question_is_a_clear_error(course):
    with pytest.raises(CourseError, match="question 'square-none'"):
        scored(None, "square-none")


# --- the real nbgrader on the real notebook ------------------------------------------------------

NOTEBOOK = Course().source_dir / "a1_classifiers" / "knn.ipynb"


def hand_in(root, student: str, change) -> None:
    """Write a submission: the released notebook, its solution cells as ``change`` makes them.

    Cells that only show something are left out, as students may.
    """
    source = json.loads(NOTEBOOK.read_text("utf-8"))
    released = json.loads((root / "release/a1_classifiers/knn.ipynb").read_text("utf-8"))
    answers = {cell["id"]: "".join(cell["source"]) for cell in source["cells"]}
    kept = []
    for cell in released["cells"]:
        nbgrader = cell["metadata"].get("nbgrader")
        if nbgrader is None and "imports" not in cell["id"]:
            continue
        if nbgrader and nbgrader["solution"]:
            cell["source"] = change("".join(cell["source"]), answers[cell["id"]])
        kept.append(cell)
    folder = root / "submitted" / student / "a1_classifiers"
    folder.mkdir(parents=True)
    (folder / "knn.ipynb").write_text(json.dumps({**released, "cells": kept}), "utf-8")


def without_delimiters(text: str) -> str:
    lines = [line for line in text.split("\n") if "BEGIN " not in line and "END " not in line]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    """A course folder with a perfect and a blank submission, and one with a mistake and HTML."""
    root = tmp_path_factory.mktemp("classroom")
    folder = root / "source" / "a1_classifiers"
    folder.mkdir(parents=True)
    shutil.copy(NOTEBOOK, folder)
    shutil.copy(HOME / "nbgrader_config.py", root)
    course = Course(root)
    release(course, "a1_classifiers", gradebook=True)
    mistake = next(
        patch
        for patch in load_patches("a1_classifiers", "knn")
        if isinstance(patch, Mistake) and patch.question == "knn-no-loops"
    )
    source = course.assignment("a1_classifiers").notebooks["knn"]
    patched = apply_patch(source.cells, mistake)
    changed = {was.source: now.source for was, now in zip(source.cells, patched, strict=True)}

    def mistaken(_released: str, answer: str) -> str:
        return without_delimiters(changed[answer]) + "\n# <script>alert(1)</script>"

    hand_in(root, "perfect", lambda _released, answer: without_delimiters(answer))
    hand_in(root, "blank", lambda released, _answer: released)
    hand_in(root, "mistaken", mistaken)
    return course


@pytest.mark.parametrize("student", ["perfect", "blank", "mistaken"])
def test_nbgrader_autograde_gives_the_scores_of_our_grading(classroom, student):
    folder = classroom.submitted_dir / student / "a1_classifiers"
    submission = read_submission(folder, student, "a1_classifiers")
    settings = Settings(secret=b"a secret of this test", protection="none")
    report = grade_submission(submission, classroom.assignment("a1_classifiers"), settings)
    wanted = {n: q.score for n, q in report.notebooks["knn"].questions.items()}

    loader = PyFileConfigLoader("nbgrader_config.py", path=str(classroom.root))
    result = NbGraderAPI(config=loader.load_config()).autograde("a1_classifiers", student)
    assert result["success"], result.get("error", "") + result.get("log", "")
    with Gradebook(classroom) as book:
        marks = book.marks("a1_classifiers", student)[0].questions
    auto = {name: mark.auto_score for name, mark in marks.items() if mark.kind == "auto"}
    assert auto == wanted
    full = sum(mark.max_score for mark in marks.values() if mark.kind == "auto")
    got = sum(auto.values())
    assert {"perfect": got == full, "blank": got == 0, "mistaken": 0 < got < full}[student]
    answered = {n: w.answered for n, w in report.notebooks["knn"].written.items()}
    written = {name: mark.auto_score for name, mark in marks.items() if mark.kind == "written"}
    assert written == {name: None if answered[name] else 0.0 for name in written}
    assert set(answered.values()) == {student != "blank"}
    page = (classroom.autograded_dir / student / "a1_classifiers" / "knn.ipynb").read_text("utf-8")
    for cell in json.loads(page)["cells"]:
        assert cell["cell_type"] == "code" or "<script>" not in "".join(cell["source"])
