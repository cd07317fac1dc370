"""The public checks of a1_classifiers: what a student reads about a mistake."""

import re

import pytest

from assignments.checking import HOME_SEEDS, causes_at_home, find_checks
from assignments.questions import CheckResult
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.mistakes import Fence, Mistake, Patch
from autograder.scoring import attempt_question

NOTEBOOKS = Course().assignment("a1_classifiers").notebooks


def results(notebook: str, patch: Patch) -> list[CheckResult]:
    """What the public checks of a patch's question say of it."""
    key, checks = answer_key(NOTEBOOKS[notebook]), find_checks(patch.question)
    session = key.session(patch)
    return attempt_question(session, key, patch.question, HOME_SEEDS, checks=checks).results


def appended(question: str, code: str) -> Patch:
    """One more cell behind the notebook's last."""
    return Patch(code, question, (Fence("python", "cell", code),))


def test_inputs_that_are_changed_are_seen_before_grading():
    patches = [
        (name, patch)
        for name in NOTEBOOKS
        for patch in answer_key(NOTEBOOKS[name]).patches
        if isinstance(patch, Mistake) and re.search("in-place|changes-weights", patch.name)
    ]
    assert len(patches) >= 15
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
        ("np.random.randint(0, len(X) - 1, batch_size)", "loss", "the last training example"),
        ("(step * batch_size + np.arange(batch_size)) % len(X)", "loss", "draw at random"),
        (
            "np.random.choice(len(X), batch_size)",
            "self.loss(X[rows], y[rows], reg)[0]",
            "self.loss is called 76 times in 38 steps",
        ),
    ],
)
def test_batches(rows, loss, told):
    patch = appended("softmax-train", TRAIN.format(rows=rows, loss=loss))
    reasons = [result.reason for result in results("softmax", patch)]
    assert any(told in reason for reason in reasons), reasons


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("svm-loss-naive", "svm_loss_naive"),
        ("softmax-loss-naive", "softmax_loss_naive"),
        ("two_layer_net-softmax-loss", "softmax_loss"),
    ],
)
def test_a_gradient_is_not_held_against_a_wrong_loss(question, name):
    code = f"""
def {name}(*args, right={name}):
    loss, gradient = right(*args)
    return 7 * loss, gradient
"""
    told = [result.reason for result in results(question.split("-")[0], appended(question, code))]
    assert any("mend it first" in reason for reason in told)
    assert not any(reason.startswith("d") for reason in told)


def test_good_weights_get_a_note():
    patch = Patch("none", "features-best", ())
    assert any("of the 6 steps" in result.note for result in results("features", patch))


@pytest.mark.parametrize(
    ("question", "loss_line", "loss", "gradient"),
    [
        (
            "svm-loss-vectorized",
            "margins = np.maximum(0, scores - right)",
            "vectorized-no-margin",
            "vectorized-no-gradient",
        ),
        (
            "softmax-loss-vectorized",
            "losses = np.sum(np.log(totals) - shifted, axis=1)",
            "vectorized-all-classes",
            "vectorized-no-gradient",
        ),
    ],
)
def test_a_wrong_loss_is_named_before_there_is_a_gradient(question, loss_line, loss, gradient):
    lines = f"{loss_line}\ndW = np.zeros_like(W)\n"
    patch = Patch(f"{question} {loss_line}", question, (Fence("python", "", lines),))
    seen = causes_at_home(question).find(results(question.partition("-")[0], patch))
    assert [cause.name for cause in seen] == [loss, gradient]
