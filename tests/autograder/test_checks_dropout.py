"""The dropout notebook: a mistake is named, whatever random numbers the mask comes from."""

import json

import pytest

from assignments.checking import HOME_SEEDS, causes_at_home, find_checks
from assignments.notebook import load, read_cells
from autograder.answer_key import answer_key
from autograder.causes import GRADING_SEEDS, causes_of
from autograder.course import Course
from autograder.scoring import attempt_question
from autograder.session import LiveSession

#: A scale of 1 / (1 - p) divides by zero where p is 1.
pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")

SOURCE = Course().assignment("a2_networks").notebooks["dropout"]

WITH_RAND = """\
def dropout_forward(x, dropout_param):
    p = dropout_param["p"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if dropout_param["mode"] == "test":
        return {test}, (dropout_param, None)
    mask = {mask}
    return (x * mask).astype(x.dtype), (dropout_param, mask)
"""

BACKWARD = """\
def dropout_backward(dout, cache):
    dropout_param, mask = cache
    return dout if dropout_param["mode"] == "test" else {dx}
"""


def recognised(append: str, question: str) -> list[str]:
    """The mistakes found in grading and at home, behind the reference with one more cell."""
    nb = json.loads(SOURCE.path.read_text(encoding="utf-8"))
    nb["cells"].append({"cell_type": "code", "source": append, "metadata": {}})
    module = load(read_cells(nb), SOURCE.outline, "changed_dropout")
    session = LiveSession(vars(module), module.missing_names)
    key = answer_key(SOURCE)
    graded = attempt_question(session, key, question, GRADING_SEEDS).results
    tried = attempt_question(session, key, question, HOME_SEEDS, checks=find_checks(question))
    found = causes_of(key)[question].find(graded) + causes_at_home(question).find(tried.results)
    return [cause.name for cause in found]


@pytest.mark.parametrize(
    ("mask", "name"),
    [
        ("np.random.rand(*x.shape) < p", "dropout-no-scale"),
        ("np.random.binomial(1, 1 - p, x.shape) / (1 - p)", "dropout-drop-probability"),
        ("np.random.binomial(1, p, x.shape) / (1 - p)", "dropout-scale-by-drop-probability"),
        ("(np.random.rand(*x.shape) > p) / p", "dropout-mask-inverted"),
    ],
)
def test_a_wrong_mask_from_another_source_is_recognised(mask, name):
    code = WITH_RAND.format(mask=mask, test="x")
    assert recognised(code, "dropout-forward-train") == [name] * 2


def test_a_mask_at_test_time_is_recognised():
    code = WITH_RAND.format(mask="1", test="x * (np.random.rand(*x.shape) < p) / p")
    assert recognised(code, "dropout-forward-test") == ["dropout-test-mask"] * 2


@pytest.mark.parametrize(
    ("dx", "name"),
    [
        ("dout * (mask > 0)", "dropout-backward-no-scale"),
        ('dout / dropout_param["p"]', "dropout-backward-no-mask"),
    ],
)
def test_a_wrong_backward_pass_is_recognised_beside_another_source(dx, name):
    mask = "np.random.binomial(1, p, x.shape) / p"
    code = WITH_RAND.format(mask=mask, test="x") + "\n\n" + BACKWARD.format(dx=dx)
    assert recognised(code, "dropout-backward") == [name] * 2
