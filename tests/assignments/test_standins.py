"""The stand-ins do what the notebooks describe, by means of their own."""

import numpy as np
import pytest

from assignments.checking import find_checks
from assignments.questions import run_check
from assignments.standins.a1_classifiers import knn, softmax, svm
from assignments.student import Student, in_process
from assignments.workspace import Workspace

#: Checks of how a result is reached; the stand-ins reach it in their own way.
OF_FORM = {
    "test_one_loop_is_one_loop",
    "test_no_loops_has_no_loop",
    "test_predict_chooses_the_method",
}


def test_the_stand_in_of_knn_passes_its_public_checks():
    for question in (
        "knn-two-loops",
        "knn-one-loop",
        "knn-no-loops",
        "knn-predict-labels",
        "knn-predict",
        "knn-cross-validate",
    ):
        for check in find_checks(question):
            if check.name not in OF_FORM:
                student = Student(in_process(Workspace(vars(knn))))
                result = run_check(check, student, 0)
                assert result.passed, (check.name, result.reason)


def test_the_stand_in_of_knn_leaves_its_inputs_alone():
    X, y = np.arange(12, dtype=np.uint8).reshape(6, 2), np.array([3, 3, 0, 0, 3, 0])
    before = X.copy(), y.copy()
    model = knn.KNearestNeighbor()
    model.train(X, y)
    y_pred = model.predict(X, k=1)
    assert y_pred.dtype == y.dtype
    np.testing.assert_array_equal(y_pred, y)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])


def loss_by_hand(name, scores, y):
    """The loss of one example, and its derivative with respect to each score."""
    p = np.exp(scores) / np.exp(scores).sum()
    wanted = np.arange(len(scores)) == y
    margins = np.where(wanted, 0, np.maximum(0, scores - scores[y] + 1))
    if name == "softmax":
        return -np.log(p[y]), p - wanted
    return margins.sum(), (margins > 0) - wanted * (margins > 0).sum()


@pytest.mark.parametrize(("name", "module"), [("svm", svm), ("softmax", softmax)])
def test_the_stand_ins_of_the_losses_are_right(name, module):
    rng = np.random.default_rng(0)
    W, X, y = rng.normal(size=(3, 4)), rng.normal(size=(6, 3)), rng.integers(4, size=6)
    each = [loss_by_hand(name, x @ W, label) for x, label in zip(X, y, strict=True)]
    loss, dW = getattr(module, f"{name}_loss_vectorized")(W, X, y, 0.2)
    assert loss == pytest.approx(np.mean([part for part, _ in each]) + 0.2 * (W**2).sum())
    want = sum(np.outer(x, errors) for x, (_, errors) in zip(X, each, strict=True)) / 6
    np.testing.assert_allclose(dW, want + 0.4 * W)


def test_the_stand_in_of_softmax_passes_its_public_checks():
    for question in ("softmax-classifiers", "softmax-train", "softmax-predict"):
        for check in find_checks(question):
            student = Student(in_process(Workspace(vars(softmax))))
            result = run_check(check, student, 0)
            assert result.passed, (check.name, result.reason)


@pytest.mark.parametrize("kind", [softmax.LinearSVM, softmax.Softmax])
def test_the_stand_in_of_the_linear_classifiers_learns(kind):
    np.random.seed(0)
    y = np.resize([0, 1, 2], 60)
    X = np.column_stack([np.eye(3)[y] + np.random.normal(0, 0.2, (60, 3)), np.ones(60)])
    model = kind()
    history = model.train(X, y, learning_rate=0.5, num_iters=200, batch_size=10)
    assert len(history) == 200
    assert np.mean(history[-20:]) < history[0] / 2
    assert np.mean(model.predict(X) == y) > 0.95
