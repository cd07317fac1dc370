"""The features notebook: its checks, and what weights files may bring."""

import numpy as np
import pytest
from handed_in import HandedIn
from safetensors.numpy import save as safetensors

from autograder.course import Course
from autograder.demo import solved

FEATURES = HandedIn("a1_classifiers", "features")
KEY, WEIGHTS = FEATURES.key, FEATURES.weights_file


def grade(patch=None, weights=KEY.files[WEIGHTS], **files):
    return FEATURES.grade(patch, {WEIGHTS: weights, **files})


questions, lost, weights = FEATURES.questions, FEATURES.lost, FEATURES.weights


def test_the_notebook_states_the_scale_that_the_checks_keep():
    assert FEATURES.states_its_scale("features-best")


def test_the_reference_gets_full_marks_and_its_file_is_expected():
    report = grade()
    assert lost(report) == set()
    assert report.extra_files == []


def test_a_classifier_in_between_gets_points_in_between():
    worse = weights(W1=noisy(0.1))
    score = questions(grade(weights=worse))["features-best"].score
    assert 0 < score < 6


def test_a_safetensors_file_does_as_well():
    arrays = {n: array for n, array in FEATURES.arrays().items() if array.dtype.kind != "U"}
    data = safetensors(arrays, {"data_set": "emoji10"})
    report = grade(weights=None, **{"features_weights.safetensors": data})
    assert lost(report) == set()
    assert report.extra_files == []


def test_a_blank_notebook_without_weights_is_just_blank():
    report = FEATURES.grade_released()
    assert {q.status for q in questions(report).values()} == {"blank"}
    assert report.reason.startswith("not implemented yet: ")


def noisy(noise):
    W1 = FEATURES.arrays()["W1"]
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
    assert best.score == 0
    assert all(reason in check.reason for check in best.checks), best.checks[0].reason


@pytest.mark.parametrize("question", ["features-extract", "features-classify"])
def test_a_broken_piece_does_not_cost_the_points_of_the_weights(question):
    report = grade(KEY.mistakes(question)[0])
    assert lost(report) == {question}
    assert questions(report)["features-best"].served == ["predict_images"]


def test_neither_labels_nor_reference_weights_are_released(tmp_path):
    course = Course()
    released = [path.name for path in (course.release_dir / "a1_classifiers").iterdir()]
    assert "features.ipynb" in released
    assert WEIGHTS not in released
    assert solved(course, FEATURES.source)["cells"]
