"""The public checks of a1_classifiers: what a student reads about a mistake."""

import re

import pytest

from assignments.checking import find_checks
from assignments.questions import CheckResult, run_check
from assignments.student import Student
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.mistakes import Mistake, Patch

NOTEBOOKS = Course().assignment("a1_classifiers").notebooks


def results(notebook: str, patch: Patch) -> list[CheckResult]:
    """What the public checks of a patch's question say of it."""
    session = answer_key(NOTEBOOKS[notebook]).session(patch)
    return [
        run_check(check, Student(session.transport, 1, files=session.files), 1)
        for check in find_checks(patch.question)
    ]


def mistake(notebook: str, name: str) -> Patch:
    (patch,) = (p for p in answer_key(NOTEBOOKS[notebook]).patches if p.name == name)
    return patch


@pytest.mark.parametrize(
    ("notebook", "name", "symptom"),
    [
        ("svm", "naive-counts-right-class", "is the right class counted, too?"),
        ("svm", "naive-difference-reversed", "which minus which?"),
        ("svm", "naive-no-margin", "by less than 1"),
        ("svm", "naive-margin-subtracted", "subtracted where it should be added"),
        ("svm", "naive-negative-margins", "the maximum with 0"),
        ("svm", "naive-squared-hinge", "squared"),
        ("svm", "naive-nothing-averaged", "the sum over the examples, not the mean"),
        ("svm", "naive-averaged-over-classes", "by a factor of 3, which is the number of classes"),
        ("svm", "naive-no-gradient", "still to be written, after the loss"),
        ("svm", "naive-gradient-without-right-class", "the right class is untouched"),
        ("svm", "naive-right-class-once", "once for each violated margin"),
        ("svm", "naive-gradient-of-all", "margins that are kept"),
        ("svm", "naive-half-regularisation", "here it is reg * sum, without 0.5"),
        ("svm", "naive-half-gradient-of-regularisation", "the derivative of w squared is 2 w"),
        ("svm", "vectorized-right-class-once", "once for each violated margin"),
        ("svm", "vectorized-pulled-by-margins", "counts once, however large it is"),
        ("softmax", "naive-gradient-without-minus-one", "what changes for the right class?"),
        ("softmax", "naive-log-sign", "its sign is flipped"),
        ("softmax", "naive-log-base-two", "to base 2"),
        ("softmax", "naive-shift-of-all", "each example is right alone"),
        ("softmax", "vectorized-minus-one-everywhere", "not at one place of each row"),
        ("softmax", "vectorized-over-examples", "which axis?"),
        ("softmax", "classifiers-all-softmax", "this is the cross-entropy"),
        ("softmax", "train-no-learning-rate", "20 times too long: the learning rate is missing"),
        ("two_layer_net", "affine-no-bias", "the bias is missing"),
        ("two_layer_net", "affine-dx-flat", "is the x in the cache reshaped?"),
        ("two_layer_net", "relu-backward-mask-of-dout", "x or dout?"),
        ("two_layer_net", "relu-backward-passes-all", "also where x is negative"),
        ("two_layer_net", "svm-counts-right-class", "is the right class counted, too?"),
        ("two_layer_net", "svm-right-class-once", "once for each violated margin"),
        ("two_layer_net", "softmax-log-of-nearly-zero", "take its logarithm on paper"),
        ("two_layer_net", "softmax-global-maximum", "each example is right alone"),
        ("two_layer_net", "scores-no-relu", "the net without ReLU"),
        ("two_layer_net", "loss-biases-regularised", "the biases are in it, too"),
        ("two_layer_net", "loss-second-weights-only", "only W2 is in it"),
        ("two_layer_net", "loss-no-regularisation", "the regularisation is missing"),
        ("two_layer_net", "gradients-no-relu", "W2 and b2 are right"),
        ("two_layer_net", "gradients-biases-regularised", "biases are not regularised"),
        ("features", "extract-pixels-dtype", "which dtype"),
        ("features", "standardize-own-statistics", "not by those of X_train"),
        ("features", "standardize-variance", "the variance"),
        ("features", "standardize-sample-deviation", "without ddof"),
        ("features", "standardize-zero-only", "about 1e-17, not 0"),
        ("features", "classify-not-standardized", "without subtracting the mean"),
        ("features", "classify-no-relu", "without ReLU"),
        ("features", "classify-no-bias-1", "without b1"),
        ("features", "classify-no-bias-2", "without b2"),
        ("features", "classify-relu-on-scores", "applied to the scores"),
    ],
)
def test_a_mistake_is_called_by_its_name(notebook, name, symptom):
    told = [result.symptom for result in results(notebook, mistake(notebook, name))]
    assert any(symptom in each for each in told), told


def test_inputs_that_are_changed_are_seen_before_grading():
    patches = [
        (name, patch)
        for name in ("svm", "softmax", "two_layer_net", "features")
        for patch in answer_key(NOTEBOOKS[name]).patches
        if isinstance(patch, Mistake) and re.search("in-place|changes-weights", patch.name)
    ]
    assert len(patches) >= 10
    for name, patch in patches:
        told = [result.reason for result in results(name, patch) if not result.passed]
        assert any("change" in each for each in told), patch.name


#: A loop of training; what stands where differs.
TRAIN = """
class LinearClassifier(LinearClassifier):
    def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200):
        history = []
        for step in range(num_iters):
            rows = {rows}
            loss, dW = self.loss(X[rows], y[rows], reg)
            self.W = self.W - learning_rate * dW
            history.append({loss})
        return history
"""


@pytest.mark.parametrize(
    ("rows", "loss", "told"),
    [
        ("np.random.randint(0, len(X) - 1, batch_size)", "loss", "hold 39 of 40"),
        ("(step * batch_size + np.arange(batch_size)) % len(X)", "loss", "draw at random"),
        (
            "np.random.choice(len(X), batch_size)",
            "self.loss(X[rows], y[rows], reg)[0]",
            "self.loss is called 200 times in 100 steps",
        ),
    ],
)
def test_batches(rows, loss, told):
    patch = Patch(told, "softmax-train", append=TRAIN.format(rows=rows, loss=loss))
    reasons = [result.reason for result in results("softmax", patch)]
    assert any(told in reason for reason in reasons), reasons


def test_a_gradient_is_not_held_against_a_wrong_loss():
    append = """
def softmax_loss(x, y, right=softmax_loss):
    loss, dx = right(x, y)
    return len(x) * loss, dx
"""
    patch = Patch("loss", "two_layer_net-softmax-loss", append=append)
    told = [result.reason for result in results("two_layer_net", patch)]
    assert any("mend the loss first" in reason for reason in told)
    assert not any(reason.startswith("dx") for reason in told)


@pytest.mark.parametrize("notebook", ["svm", "softmax"])
def test_a_gradient_is_compared_with_a_wrong_loss(notebook):
    append = """
def {name}_loss_naive(W, X, y, reg, right={name}_loss_naive):
    loss, dW = right(W, X, y, reg)
    return len(X) * loss, dW
"""
    patch = Patch("loss", f"{notebook}-loss-naive", append=append.format(name=notebook))
    told = [result.reason for result in results(notebook, patch)]
    assert "dW: it does not fit your loss, which is itself wrong" in told


def test_good_weights_get_a_note():
    patch = Patch("none", "features-best")
    assert any("of 6 points" in result.note for result in results("features", patch))
