"""The stand-ins do what the notebooks describe, by means of their own."""

import pkgutil
from importlib import import_module

import numpy as np
import pytest

from assignments import standins
from assignments.questions import collect, run_check
from assignments.standins.a1_classifiers import softmax, svm, two_layer_net
from assignments.student import Student, in_process
from assignments.workspace import Workspace
from autograder.answer_key import answer_key
from autograder.course import Course

MODULES = [
    module.name
    for module in pkgutil.walk_packages(standins.__path__, "assignments.standins.")
    if not module.ispkg and module.name != "assignments.standins.autograd"
]


@pytest.mark.parametrize("name", MODULES)
def test_stand_ins_pass_the_public_checks_of_their_notebook(name):
    """How a result is reached cannot be read of them; all else that is graded passes."""
    public = name.replace("standins.", "checks.").rpartition(".")
    for question, checks in collect(import_module(f"{public[0]}.test_{public[2]}")).items():
        for check in () if "-star-" in question else checks:  # nothing stands on these
            student = Student(in_process(Workspace(vars(import_module(name)))))
            result = run_check(check, student, 0)
            assert result.passed or "cannot be read" in result.reason, (check.name, result.reason)


def loss_by_hand(name, scores, y):
    """The loss of one example, and its derivative with respect to each score."""
    p = np.exp(scores) / np.exp(scores).sum()
    wanted = np.arange(len(scores)) == y
    margins = np.where(wanted, 0, np.maximum(0, scores - scores[y] + 1))
    if name == "softmax":
        return -np.log(p[y]), p - wanted
    return margins.sum(), (margins > 0) - wanted * (margins > 0).sum()


@pytest.mark.parametrize(("name", "module"), [("svm", svm), ("softmax", softmax)])
def test_the_losses_are_those_of_the_formulas(name, module):
    rng = np.random.default_rng(0)
    W, X, y = rng.normal(size=(3, 4)), rng.normal(size=(6, 3)), rng.integers(4, size=6)
    each = [loss_by_hand(name, x @ W, label) for x, label in zip(X, y, strict=True)]
    loss, dW = getattr(module, f"{name}_loss_vectorized")(W, X, y, 0.2)
    assert loss == pytest.approx(np.mean([part for part, _ in each]) + 0.2 * (W**2).sum())
    want = sum(np.outer(x, errors) for x, (_, errors) in zip(X, each, strict=True)) / 6
    np.testing.assert_allclose(dW, want + 0.4 * W)


@pytest.mark.parametrize("kind", [softmax.LinearSVM, softmax.Softmax])
def test_the_linear_classifiers_learn(kind):
    np.random.seed(0)
    y = np.resize([0, 1, 2], 60)
    X = np.column_stack([np.eye(3)[y] + np.random.normal(0, 0.2, (60, 3)), np.ones(60)])
    model = kind()
    history = model.train(X, y, learning_rate=0.5, num_iters=200, batch_size=10)
    assert np.mean(history[-20:]) < history[0] / 2
    assert np.mean(model.predict(X) == y) > 0.95


def test_a_backward_of_ones_own_reads_the_caches_of_a_stand_in():
    key = answer_key(Course().assignment("a1_classifiers").notebooks["two_layer_net"])
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(5, 6)), rng.normal(size=(6, 4)), rng.normal(size=4)
    dout, (_out, cache) = rng.normal(size=(5, 4)), two_layer_net.affine_forward(x, w, b)
    dx, _dw, _db = key.reference.affine_backward(dout, cache)
    np.testing.assert_allclose(dx, dout @ w.T)


def test_single_precision_stays():
    rng = np.random.default_rng(0)
    model = two_layer_net.TwoLayerNet(4, 5, 3)
    model.params = {name: value.astype(np.float32) for name, value in model.params.items()}
    X = rng.normal(size=(6, 4)).astype(np.float32)
    _loss, grads = model.loss(X, rng.integers(3, size=6))
    assert {array.dtype for array in (model.loss(X), *grads.values())} == {np.dtype(np.float32)}
