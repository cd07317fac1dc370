"""Weights that were handed in, or not, and what they do on images."""

import io

import numpy as np
import pytest
import safetensors.numpy

from assignments.results import assert_accuracy, predicted_labels, steps_for, weights_handed_in
from assignments.student import CheckFailed, Student, in_process
from assignments.workspace import Workspace

IMAGES = np.zeros((3, 2, 2, 3), np.uint8)


def student_with(predict_images=None, **files):
    names = {"predict_images": predict_images} if predict_images else {}

    def find(name):
        return files[name.replace(".", "_")]

    return Student(in_process(Workspace(names)), files=find)


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def reason(function, *args):
    with pytest.raises(CheckFailed) as failure:
        function(*args)
    return failure.value.reason


@pytest.mark.parametrize(
    "files",
    [
        {"w_npz": npz(data_set="emoji10", W=np.ones(3))},
        {"w_safetensors": safetensors.numpy.save({"W": np.ones(3)}, {"data_set": "emoji10"})},
    ],
)
def test_a_file_of_either_format(files):
    weights = weights_handed_in(student_with(**files), "w.npz")
    assert weights["data_set"] == "emoji10"
    assert weights["W"].tolist() == [1, 1, 1]


def test_other_data():
    assert "data_set" in reason(weights_handed_in, student_with(w_npz=npz(W=np.ones(3))), "w.npz")
    other = student_with(w_npz=npz(data_set="cifar10"))
    assert "emoji10 decide" in reason(weights_handed_in, other, "w.npz")


def test_no_file_because_nothing_is_written_yet():
    def blank(images, weights):
        raise NotImplementedError

    def needs_weights(images, weights):
        return weights["W"]

    assert reason(weights_handed_in, student_with(blank), "w.npz") == "not implemented yet"
    for student in (student_with(needs_weights), student_with()):
        assert reason(weights_handed_in, student, "w.npz") == "w_npz"  # what the finder said


@pytest.mark.parametrize("labels", [np.zeros(2), np.zeros((3, 10)), np.array(list("abc")), [1, 2]])
def test_what_is_no_label_for_each_image(labels):
    reason(predicted_labels, student_with(lambda images, weights: labels), {}, IMAGES)


def test_accuracy():
    labels = predicted_labels(student_with(lambda images, weights: np.arange(3)), {}, IMAGES)
    assert assert_accuracy(labels, np.array([0, 1, 0]), 0.66, "images") == pytest.approx(2 / 3)
    said = reason(assert_accuracy, labels, np.array([0, 1, 0]), 0.67, "images")
    assert said == "66 % of the images are right, where 67 % are asked for"


def test_guessing_is_called_by_its_name():
    with pytest.raises(CheckFailed) as failure:
        assert_accuracy(np.zeros(10), np.arange(10), 0.3, "images")
    assert "close to guessing" in failure.value.symptom
    with pytest.raises(CheckFailed) as failure:
        assert_accuracy(np.zeros(10), np.arange(10) // 4, 0.5, "images")
    assert not failure.value.symptom


def test_an_entry_that_the_file_lacks():
    student = student_with(lambda images, weights: weights["mean"])
    said = reason(predicted_labels, student, {"std": np.ones(2)}, IMAGES)
    assert said == "the file has no 'mean', which predict_images looks for"
    own = student_with(lambda images, weights: {}["std"])
    assert "raised KeyError" in reason(predicted_labels, own, {"std": np.ones(2)}, IMAGES)


def test_steps_for_an_accuracy():
    assert steps_for(0.523, (40, 50, 60)).startswith("52 % are: about 2 of the 3 steps")
