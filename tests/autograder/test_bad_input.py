"""Everything a bad submission may bring: it costs only what it touches, and it is named.

Each case is handed in, graded and given its feedback page; then the next student, whose work is
right, is graded as if nothing had happened.
"""

import html
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from autograder.course import HOME, Course
from autograder.demo import solved
from autograder.grading import Settings, grade_submission
from autograder.pages import render_pages
from autograder.record import Report
from autograder.sandbox.limits import Limits
from autograder.submission import read_submission

FOLDER = "a1_classifiers"
SETTINGS = Settings(b"secret", limits=Limits(cpu=1.0, wall=5.0))
ALL = {
    "knn-two-loops", "knn-one-loop", "knn-no-loops", "knn-predict-labels", "knn-predict",
    "knn-cross-validate",
}  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of the kNN notebook alone."""
    course = Course(tmp_path_factory.mktemp("course"))
    for folder in ("source", "release"):
        target = course.root / folder / FOLDER
        target.mkdir(parents=True)
        shutil.copy(HOME / folder / FOLDER / "knn.ipynb", target)
    shutil.copy(HOME / "nbgrader_config.py", course.root)
    return course


@pytest.fixture(scope="module")
def right(course):
    """The notebook of somebody whose work is right."""
    return solved(course, course.assignment(FOLDER).notebooks["knn"])


@dataclass
class Outcome:
    report: Report
    page: str

    @property
    def lost(self) -> set[str]:
        questions = self.report.notebooks["knn"].questions
        return {name for name, q in questions.items() if q.score < q.max_score}


@pytest.fixture
def hand_in(course, right):
    """Hand in as "bad" and grade; then grade "next", who has everything right."""

    def grade(student: str) -> Outcome:
        folder = course.submitted_dir / student / FOLDER
        submission = read_submission(folder, student, FOLDER)
        report = grade_submission(submission, course.assignment(FOLDER), SETTINGS)
        assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
        page = render_pages(course, report, submission)[f"feedback/{student}/{FOLDER}/knn.html"]
        text = html.unescape(re.sub(r"<[^>]*>", " ", page))
        return Outcome(report, " ".join(text.split()))

    def hand_in(content: bytes | dict | None, prepare=lambda folder: None) -> Outcome:
        for student, given in {"bad": content, "next": right}.items():
            folder = course.submitted_dir / student / FOLDER
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            if given is not None:
                data = given if isinstance(given, bytes) else json.dumps(given).encode()
                (folder / "knn.ipynb").write_bytes(data)
        prepare(course.submitted_dir / "bad" / FOLDER)
        outcome = grade("bad")
        after = grade("next")
        assert after.lost == set(), "the next student lost points"
        assert after.report.score == after.report.max_score
        return outcome

    return hand_in


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"import numpy as np", "not a notebook: its JSON is broken"),
        (b"", "the file is empty"),
        (b" " * 60 * 2**20, "has 60 MB, more than the"),
        (b"\x89PNG\r\n\x1a\n\xff", "not text in UTF-8"),
        (b'{"cells": [], "metadata": {"kernelspec": {"language": "julia"}}}', "written in julia"),
        (b'["cells"]', "it holds no JSON object"),
        (None, "knn.ipynb is missing from the submission"),
    ],
    ids=["not JSON", "empty", "60 MB", "a picture", "other language", "a list", "missing"],
)
def test_a_file_that_is_no_notebook(hand_in, content, named):
    outcome = hand_in(content)
    assert outcome.report.score == 0
    assert named in outcome.report.reason
    assert named in outcome.page


def test_further_notebooks_are_named_and_harmless(hand_in, right):
    outcome = hand_in(right, lambda folder: (folder / "Untitled.ipynb").write_text("{"))
    assert outcome.lost == set()
    assert outcome.report.extra_files == ["Untitled.ipynb"]


def test_a_link_out_of_the_folder_is_not_followed(hand_in, right, tmp_path):
    elsewhere = tmp_path / "elsewhere.ipynb"
    elsewhere.write_text(json.dumps(right))

    outcome = hand_in(None, lambda folder: (folder / "knn.ipynb").symlink_to(elsewhere))
    assert outcome.report.score == 0
    assert "knn.ipynb is a link; hand in the file itself" in outcome.page


def test_a_folder_of_nobody_we_know_is_graded_too(course, right):
    folder = course.submitted_dir / "Ünknown & <b>strange</b>" / FOLDER
    folder.mkdir(parents=True)
    (folder / "knn.ipynb").write_text(json.dumps(right))
    submission = read_submission(folder, folder.parent.name, FOLDER)
    report = grade_submission(submission, course.assignment(FOLDER), SETTINGS)
    page = render_pages(course, report, submission)[
        f"feedback/{folder.parent.name}/{FOLDER}/knn.html"
    ]
    assert report.score == report.max_score
    assert "<b>strange" not in page


@pytest.mark.parametrize(
    "name",
    ["weights.npz", "features_weights.npz", "w.safetensors"],
)
@pytest.mark.parametrize("content", [b"", b"\x80\x04cos\nsystem\n.", b"PK\x03\x04 cut short"])
def test_weights_that_nobody_asked_for_are_not_opened(hand_in, right, name, content):
    outcome = hand_in(right, lambda folder: (folder / name).write_bytes(content))
    assert outcome.lost == set()


# --- notebooks -----------------------------------------------------------------------------------


def test_cells_with_the_same_id_and_without(hand_in, right):
    nb = json.loads(json.dumps(right))
    for number, cell in enumerate(nb["cells"]):
        cell["id"] = "same"
        if number % 2:
            del cell["id"]
    assert hand_in(nb).lost == set()


def test_all_metadata_removed(hand_in, right):
    nb = json.loads(json.dumps(right))
    nb["metadata"] = {}
    for cell in nb["cells"]:
        cell["metadata"] = {}
    assert hand_in(nb).lost == set()


@pytest.mark.parametrize(
    "junk",
    [
        {"cell_type": "code", "source": 7, "metadata": [], "outputs": "x"},
        {"cell_type": ["code"], "source": {"a": 1}, "metadata": {"nbgrader": "yes", "tags": 3}},
        {"cell_type": "code", "source": "x = (" * 500, "metadata": {"nbgrader": {"grade_id": 5}}},
        {"cell_type": "code", "source": "\0", "metadata": {}, "outputs": [None, {"data": 3}]},
        {"cell_type": "markdown", "source": "![](attachment:a)", "attachments": {"a": {"b": 1}}},
        {},
        None,
    ],
)
def test_cells_full_of_junk(hand_in, right, junk):
    nb = json.loads(json.dumps(right))
    nb["cells"][3:3] = [junk, junk]
    assert hand_in(nb).lost == set()


# --- code ----------------------------------------------------------------------------------------


def with_cell(nb: dict, code: str, at: int | None = None) -> dict:
    nb = json.loads(json.dumps(nb))
    cell = {"cell_type": "code", "execution_count": None, "id": "bad-cell", "metadata": {}}
    at = len(nb["cells"]) if at is None else at
    nb["cells"].insert(at, {**cell, "outputs": [], "source": code})
    return nb


def with_method(nb: dict, body: str) -> dict:
    """The right notebook, but for the first distance method."""
    head = "class KNearestNeighbor(KNearestNeighbor):\n"
    head += "    def compute_distances_two_loops(self, X):\n"
    return with_cell(nb, head + "".join(f"        {line}\n" for line in body.splitlines()))


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("raise SystemExit", ""),
        ("import sys; sys.exit(3)", ""),
        ("print 'two point seven'", ""),
        ("exec 'x = 1'\nprint 'x'", ""),
        ("import a_package_that_nobody_has", ""),
        ("from tensorflow.keras import *", ""),
        ("%load_ext autoreload\n!rm -rf /\n?print", ""),
        ("while True: pass", ""),
        ("X = [0] * 10**13", ""),
        ("import os; os._exit(0)", ""),
    ],
)
def test_a_cell_that_is_no_part_of_the_solution_is_harmless(hand_in, right, code, named):
    assert hand_in(with_cell(right, code, at=1)).lost == set()


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("import os; os._exit(0)", "it ended the Python process"),
        ("while True: pass", "more than 5 seconds of processor time"),
        ("raise SystemExit(1)", ""),
    ],
)
def test_a_solution_cell_that_stops_everything(hand_in, right, code, named):
    """The line stands at the top of the cell that holds the class."""
    nb = json.loads(json.dumps(right))
    for cell in nb["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "knn-cross-validation":
            cell["source"] = [code + "\n", *cell["source"]]
    outcome = hand_in(nb)
    assert outcome.lost <= {"knn-cross-validate"}
    if outcome.lost:
        number = 1 + next(i for i, c in enumerate(nb["cells"]) if code in "".join(c["source"]))
        assert f"cell {number} was not run" in outcome.page


PYTHON_2 = "dists = []\nprint 'distances'\nreturn dists"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (PYTHON_2, "does not parse: Missing parentheses in call to 'print'"),
        ("return (X", "does not parse: '(' was never closed"),
        ("raise SystemExit(0)", "your code raised SystemExit"),
        ("import os\nos._exit(0)", "it ended the Python process"),
        ("import os\nos.kill(os.getpid(), 9)", "it ended the Python process"),
        ("import a_package_that_nobody_has", "No module named 'a_package_that_nobody_has'"),
        ("while True: pass", "more than 1 seconds of processor time"),
        ("import time\ntime.sleep(1000)", "no answer within 5 seconds"),
        ("return self.compute_distances_two_loops(X)", "RecursionError"),
        ("return bytearray(100 * 2**30)", "MemoryError"),
        ("return np.ones((100 * 2**30,), np.uint8)", "MemoryError"),
        ("return np.zeros((10 * 2**27,))", "MemoryError"),
        ("import os\nwhile True: os.fork()", "BlockingIOError"),
        ("with open('/tmp/full', 'wb') as f:\n    while True: f.write(bytes(2**20))", "OSError"),
        ("import socket\nsocket.create_connection(('192.0.2.1', 80))", "Network is unreachable"),
        ("return open('/etc/passwd').read()", "FileNotFoundError"),
        ("pass", "dists: None, where numbers are expected; is `return` missing?"),
        ("return (row for row in X)", "dists: of type generator, where numbers are expected"),
        ("return np.array([[None] * len(self.X_train)] * len(X))", "object array"),
        ("return 'far away'", "dists: of type str, where a NumPy array is expected"),
        ("return np.full((len(X), len(self.X_train)), np.nan)", "it contains NaN"),
        ("return np.random.rand(len(X), len(self.X_train))", "dists: wrong at"),
        ("return np.zeros((3, 3, 3))", "dists: shape (3, 3, 3)"),
        ("import faulthandler\nfaulthandler._sigsegv()", "it ended the Python process"),
    ],
)
def test_a_method_that_misbehaves(hand_in, right, body, named):
    outcome = hand_in(with_method(right, body))
    assert outcome.lost == {"knn-two-loops"}
    assert named in outcome.page


EQUAL_TO_ALL = """class Equal(np.ndarray):
    def __eq__(self, other): return np.True_
    def __array__(self, *args, **kwargs): return self
    def __array_ufunc__(self, *args, **kwargs): return np.float64(0)
    def __array_function__(self, *args, **kwargs): return True
return np.zeros((len(X), len(self.X_train))).view(Equal)"""


def test_an_array_that_says_it_equals_everything(hand_in, right):
    outcome = hand_in(with_method(right, EQUAL_TO_ALL))
    assert outcome.lost == {"knn-two-loops"}
    assert "dists: of type Equal" in outcome.page


def test_a_different_answer_every_time(hand_in, right):
    body = "self.times = getattr(self, 'times', 0) + 1\nimport time\n"
    body += "return np.full((len(X), len(self.X_train)), time.time())"
    assert hand_in(with_method(right, body)).lost == {"knn-two-loops"}


def test_changing_ones_inputs_is_named(hand_in, right):
    body = "dists = self.compute_distances_no_loops(X.copy())\nX[:] = 0\nreturn dists"
    outcome = hand_in(with_method(right, body))
    assert outcome.lost == {"knn-two-loops"}
    assert "changes its argument X in place; work on a copy" in outcome.page


@pytest.mark.parametrize(
    "noise",
    [
        "import warnings\nwarnings.warn('again')",
        "import sys\nfor _ in range(2000): print('x' * 1000, file=sys.stderr)",
        "import os\nfor _ in range(1000): os.write(1, b'x' * 2**20)",
        "import logging\nlogging.error('again')",
    ],
    ids=["warnings", "stderr", "1 GB of output", "logging"],
)
def test_noise_costs_nothing(hand_in, right, noise):
    body = noise + "\nreturn self.compute_distances_no_loops(X)"
    assert hand_in(with_method(right, body)).lost == set()


def test_nothing_of_the_machine_shows_in_a_page(hand_in, right):
    outcome = hand_in(with_method(right, "raise ValueError(__import__('sys').path)"))
    assert str(Path(HOME)) not in outcome.page
