"""The features notebook: its checks, and what weights files may bring."""

import copy
import io
import json

import numpy as np
import pytest
from safetensors.numpy import save as safetensors

from autograder.answer_key import answer_key
from autograder.course import Assignment, Course
from autograder.demo import solved
from autograder.grading import Settings, grade_submission
from autograder.misconceptions import apply_patch
from autograder.sandbox.limits import Limits
from autograder.submission import Submission

FOLDER, WEIGHTS = "a1_classifiers", "features_weights.npz"
COURSE = Course()
SOURCE = COURSE.assignment(FOLDER).notebooks["features"]
KEY = answer_key(SOURCE)
SETTINGS = Settings(b"secret", limits=Limits(cpu=5.0, wall=60.0))


def grade(patch=None, **files):
    """Grade the reference, perhaps patched, with other bytes for some files, None for no file."""
    cells = apply_patch(SOURCE.cells, patch) if patch else SOURCE.cells
    nb = copy.deepcopy(SOURCE.nb)
    for cell, patched in zip(nb["cells"], cells, strict=False):
        cell["source"] = patched.source
    for extra in cells[len(SOURCE.cells) :]:
        code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        nb["cells"].append({**code, "source": extra.source, "id": f"extra-{extra.number}"})
    handed_in = {"features.ipynb": json.dumps(nb).encode(), **KEY.files}
    for name, data in files.items():
        handed_in[f"features_{name}.npz" if "." not in name else name] = data
    handed_in = {name: data for name, data in handed_in.items() if data is not None}
    submission = Submission("ada", FOLDER, handed_in)
    report = grade_submission(submission, Assignment(FOLDER, {"features": SOURCE}), SETTINGS)
    json.dumps(report, allow_nan=False)
    return report


def questions(report):
    return report["notebooks"]["features"]["questions"]


def lost(report):
    return {name for name, q in questions(report).items() if q["score"] < q["max_score"]}


def weights(**changes):
    with np.load(io.BytesIO(KEY.files[WEIGHTS])) as file:
        kept = {name: value for name, value in dict(file).items() if name not in changes}
    buffer = io.BytesIO()
    np.savez(buffer, **kept, **{k: v for k, v in changes.items() if v is not None})
    return buffer.getvalue()


def test_the_notebook_states_the_scale_that_the_checks_keep():
    text = next(cell.source for cell in SOURCE.cells if "right labels, at least" in cell.source)
    for check in KEY.checks["features-best"]:
        assert check.marker.weight == 1
        assert f"{check.name[-2:]} % |" in text
        assert f"{check.name[-2:]} % " in check.sentence


def test_the_reference_gets_full_marks_and_its_file_is_expected():
    report = grade()
    assert lost(report) == set()
    assert report["extra_files"] == []


def test_a_classifier_in_between_gets_points_in_between():
    worse = weights(W1=noisy(0.1))
    score = questions(grade(weights=worse))["features-best"]["score"]
    assert 0 < score < 6


def test_a_safetensors_file_does_as_well():
    with np.load(io.BytesIO(KEY.files[WEIGHTS])) as file:
        arrays = {name: array for name, array in file.items() if array.dtype.kind != "U"}
    handed_in = {"features_weights.safetensors": safetensors(arrays, {"data_set": "emoji10"})}
    report = grade(weights=None, **handed_in)
    assert lost(report) == set()
    assert report["extra_files"] == []


def test_a_blank_notebook_without_weights_is_just_blank():
    released = COURSE.release_dir / FOLDER / "features.ipynb"
    submission = Submission("cem", FOLDER, {"features.ipynb": released.read_bytes()})
    report = grade_submission(submission, Assignment(FOLDER, {"features": SOURCE}), SETTINGS)
    assert {q["status"] for q in questions(report).values()} == {"blank"}
    assert report["reason"].startswith("not implemented yet: ")


def noisy(noise):
    with np.load(io.BytesIO(KEY.files[WEIGHTS])) as file:
        W1 = file["W1"]
    return W1 + np.random.default_rng(0).normal(0, noise, W1.shape)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "missing"),
        (b"", "cannot be read"),
        (b"PK\x03\x04 nonsense", "cannot be read"),
        (KEY.files[WEIGHTS][:-100], "cannot be read"),
        (weights(W1=np.array([{}], dtype=object)), "Python objects"),
        (weights(W1=np.full((334, 5), np.nan)), "NaN or infinity"),
        (weights(W1=np.zeros((3, 5))), "raised ValueError"),
        (weights(W1=None), "has no 'W1', which predict_images looks for"),
        (weights(W1=np.zeros(2**23)), "at most"),
        (weights(data_set=None), "data_set"),
        (weights(data_set="cifar10"), "emoji10 decide"),
        (weights(W2=np.zeros((300, 0)), b2=np.zeros(0)), "raised ValueError"),
    ],
)
def test_a_bad_weights_file_costs_only_its_question(data, reason):
    report = grade(weights=data)
    assert lost(report) == {"features-best"}
    best = questions(report)["features-best"]
    assert best["score"] == 0
    assert all(reason in check["reason"] for check in best["checks"]), best["checks"][0]["reason"]


@pytest.mark.parametrize("question", ["features-extract", "features-classify"])
def test_a_broken_piece_does_not_cost_the_points_of_the_weights(question):
    report = grade(KEY.misconceptions(question)[0])
    assert lost(report) == {question}
    assert questions(report)["features-best"]["served"] == ["predict_images"]


def test_neither_labels_nor_reference_weights_are_released(tmp_path):
    released = [path.name for path in (COURSE.release_dir / FOLDER).iterdir()]
    assert "features.ipynb" in released
    assert WEIGHTS not in released
    assert solved(COURSE, SOURCE)["cells"]
