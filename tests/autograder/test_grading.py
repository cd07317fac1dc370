"""One submission in, one report out, on the real kNN notebook and in the real sandbox."""

import copy
import json

import msgspec
import pytest
from records import without_times

from assignments.notebook import read_cells
from autograder.answer_key import answer_key
from autograder.course import Assignment, Course
from autograder.grading import Settings, grade_submission
from autograder.mistakes import apply_patch
from autograder.record import Report
from autograder.sandbox.limits import Limits
from autograder.submission import Submission

SETTINGS = Settings(b"secret", limits=Limits(cpu=1.0, wall=10.0))
FOLDER = "a1_classifiers"


@pytest.fixture(scope="module")
def source():
    return Course().assignment(FOLDER).notebooks["knn"]


@pytest.fixture(scope="module")
def assignment(source):
    return Assignment(FOLDER, {"knn": source})


@pytest.fixture
def nb(source):
    return copy.deepcopy(source.nb)


@pytest.fixture
def grade(assignment):
    def grade(nb, student="alice"):
        data = nb if isinstance(nb, bytes) else json.dumps(nb).encode()
        submission = Submission(student, FOLDER, {"knn.ipynb": data})
        report = grade_submission(submission, assignment, SETTINGS)
        assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
        return report

    return grade


def questions(report):
    return report.notebooks["knn"].questions


def lost(report):
    return {name for name, q in questions(report).items() if q.score < q.max_score}


def cell_of(nb, grade_id):
    return next(
        c for c in nb["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )


def append(nb, code):
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": code}
    nb["cells"].append({**cell, "execution_count": None, "id": "appended"})


def edit(nb, old, new):
    changed = 0
    for cell in nb["cells"]:
        text = "".join(cell["source"])
        changed += text.count(old)
        cell["source"] = text.replace(old, new)
    assert changed == 1, changed


def test_the_reference_gets_full_marks(grade, nb):
    report = grade(nb)
    assert lost(report) == set()
    assert report.score == report.max_score == 17
    assert report.reason == ""
    assert report.protection == "bubblewrap"
    assert all(q.status == "passed" for q in questions(report).values())


def test_a_regrade_repeats_and_inputs_differ_between_students(grade, nb, source):
    patch = answer_key(source).mistakes("knn-two-loops")[0]
    cells = apply_patch(source.cells, patch)
    for cell, patched in zip(nb["cells"], cells, strict=False):
        cell["source"] = patched.source
    one, same = grade(nb), grade(nb)
    assert without_times(one) == without_times(same)


def test_every_first_mistake_is_named(grade, nb, source):
    key = answer_key(source)
    for question in key.checks:
        mistake = key.mistakes(question)[0]
        patched = copy.deepcopy(nb)
        cells = apply_patch(source.cells, mistake)
        for raw, cell in zip(patched["cells"], cells, strict=False):
            raw["source"] = cell.source
        for extra in cells[len(source.cells) :]:
            append(patched, extra.source)
        report = grade(patched)
        assert lost(report) == {question}, mistake.name
        (hint,) = questions(report)[question].hints
        assert (hint.mistake, hint.text) == (mistake.name, mistake.hint)


def test_an_early_mistake_never_costs_twice(grade, nb):
    append(
        nb,
        "class KNearestNeighbor(KNearestNeighbor):\n"
        "    def compute_distances_no_loops(self, X):\n"
        "        return np.zeros((len(X), len(self.X_train)))\n"
        "    def predict_labels(self, dists, k=1):\n"
        "        return np.zeros(len(dists), dtype=int)\n",
    )
    report = grade(nb)
    assert lost(report) == {"knn-no-loops", "knn-predict-labels"}
    served = questions(report)["knn-cross-validate"].served
    assert "KNearestNeighbor.predict_labels" in served
    assert questions(report)["knn-two-loops"].served == []


def test_a_limit_costs_one_question_and_is_named(grade, nb):
    append(
        nb,
        "class KNearestNeighbor(KNearestNeighbor):\n"
        "    def compute_distances_one_loop(self, X):\n"
        "        while True: pass\n",
    )
    report = grade(nb)
    assert "knn-one-loop" in lost(report)
    assert lost(report) <= {"knn-one-loop", "knn-predict"}
    question = questions(report)["knn-one-loop"]
    assert (question.status, question.limit) == ("stopped", "cpu")
    assert "processor time" in report.reason


def test_leaving_python_costs_one_question(grade, nb):
    append(
        nb,
        "import os\n"
        "class KNearestNeighbor(KNearestNeighbor):\n"
        "    def compute_distances_two_loops(self, X):\n"
        "        os._exit(0)\n",
    )
    report = grade(nb)
    assert "knn-two-loops" in lost(report) <= {"knn-two-loops", "knn-predict"}
    assert questions(report)["knn-two-loops"].limit == "exit"


def test_a_cell_that_never_ends_is_left_out(grade, nb):
    nb["cells"].insert(
        0, {"cell_type": "code", "metadata": {}, "source": "X = int(10**9)**(10**8)"}
    )
    report = grade(nb)
    assert lost(report) == set()
    assert "cell 1 was not run" in report.notebooks["knn"].notes[0]


def test_a_method_that_does_not_parse_costs_that_question(grade, nb):
    edit(nb, "def predict_labels(self, dists, k=1):", "def predict_labels(self, dists, k=1:")
    report = grade(nb)
    assert lost(report) == {"knn-predict-labels"}
    failed = questions(report)["knn-predict-labels"].checks[0]
    assert "does not parse" in failed.reason


def test_a_name_that_grading_leaves_out_is_explained(grade, nb):
    append(nb, "SCALE = [1.0 for _ in range(1)][0]")
    edit(nb, "dists[i, j] = np.sqrt(", "dists[i, j] = SCALE * np.sqrt(")
    reason = questions(grade(nb))["knn-two-loops"].checks[0].reason
    assert f"SCALE is set in cell {len(nb['cells'])}, which is not run in grading" in reason


def test_damaged_metadata_costs_nothing(grade, nb):
    del nb["metadata"]
    for cell in nb["cells"]:
        cell.pop("id", None)
        if cell["metadata"].get("nbgrader", {}).get("locked"):
            cell["source"], cell["metadata"] = "assert False", {}
        elif cell["cell_type"] == "code":
            cell["metadata"] = {}
    nb["cells"].append(copy.deepcopy(nb["cells"][-1]))
    assert lost(grade(nb)) == set()


def test_nothing_is_graded_twice_by_a_cell_copied_from_the_release(grade, nb):
    copied = copy.deepcopy(cell_of(nb, "knn-classifier"))
    nb["cells"].append(copied)
    assert lost(grade(nb)) == set()


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"", "unreadable", "the file is empty"),
        (b"{", "unreadable", "JSON is broken"),
        (b'{"cells": []}', "graded", ""),
    ],
)
def test_a_bad_file_has_a_reason(grade, data, status, reason):
    report = grade(data)
    assert report.notebooks["knn"].status == status
    assert report.score == 0
    assert report.max_score == 17
    assert reason in report.reason


def test_a_missing_notebook_is_named(assignment):
    report = grade_submission(Submission("bob", FOLDER, {"x.ipynb": b"{}"}), assignment, SETTINGS)
    assert report.status == "unreadable"
    assert "knn.ipynb is missing" in report.reason
    assert report.extra_files == ["x.ipynb"]


def test_written_answers_are_reported(grade, nb):
    cell_of(nb, "knn-q-k")["source"] = "Because the test set must stay unseen."
    cell_of(nb, "knn-q-distances")["source"] = ""
    written = grade(nb).notebooks["knn"].written
    assert written["knn-q-k"].answered is True
    assert written["knn-q-distances"].answered is False


def test_what_the_student_says_of_points_is_not_believed(grade, nb):
    for cell in nb["cells"]:
        if "points" in cell["metadata"].get("nbgrader", {}):
            cell["metadata"]["nbgrader"]["points"] = 1000
    assert grade(nb).max_score == 17


def test_cells_are_numbered_as_a_reader_counts(nb):
    assert [cell.number for cell in read_cells(nb)] == list(range(1, len(nb["cells"]) + 1))
