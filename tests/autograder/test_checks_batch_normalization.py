"""The batch-normalization notebook: what counts as the formula, and what as the steps again."""

from functools import partial

import pytest

from assignments.checking import HOME_SEEDS, find_checks
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.scoring import attempt_question
from tests.helpers.changed import scorer

SOURCE = Course().assignment("a2_networks").notebooks["batch_normalization"]

share_of_alt = partial(scorer(SOURCE), lost=set(), question="batchnorm-backward-alt")

FORMULA = """\
def {name}(dout, cache):
    gamma, _centred, std, x_hat = cache
    dgamma, dbeta = (dout * x_hat).sum(0), dout.sum(0)
    return gamma / std * (dout - dout.mean(0) - x_hat * (dout * x_hat).mean(0)), dgamma, dbeta
"""
COMPRESSED = """\
def {name}(dout, cache):
    gamma, centred, std, x_hat = cache
    dx_hat = dout * gamma
    dvar = -0.5 * (dx_hat * centred).sum(0) / std**3
    dmean = -dx_hat.sum(0) / std - 2 * dvar * centred.mean(0)
    dx = dx_hat / std + 2 * dvar * centred / len(dout) + dmean / len(dout)
    return dx, (dout * x_hat).sum(0), dout.sum(0)
"""
THROUGH_A_HELPER = """\
def either(dout, cache):
    backward = batchnorm_backward
    return backward(dout, cache)


def batchnorm_backward_alt(dout, cache):
    return either(dout, cache)
"""


def twice(code: str) -> str:
    return "\n".join(code.format(name=f"batchnorm_backward{end}") for end in ("", "_alt"))


@pytest.mark.parametrize(
    "append",
    ["batchnorm_backward_alt = batchnorm_backward", THROUGH_A_HELPER, twice(COMPRESSED)],
    ids=["another name", "through a helper", "the steps twice"],
)
def test_the_steps_again_lose_the_rule(append):
    """That the formula is asked for is the exercise: the rules about it carry half at most."""
    assert 0 < share_of_alt(append) < 0.65


def test_the_formula_may_stand_in_both():
    """Who used it for batchnorm_backward already has done what is asked."""
    assert share_of_alt(twice(FORMULA)) == 1


def test_the_functions_may_be_exchanged():
    """Who wrote the formula first may go through the graph in the second function."""
    graph = next(cell for cell in SOURCE.cells if "def batchnorm_backward(" in cell.source)
    steps = graph.source.replace("def batchnorm_backward(", "def batchnorm_backward_alt(")
    assert share_of_alt(FORMULA.format(name="batchnorm_backward") + steps) == 1


@pytest.mark.parametrize("end", ["batchnorm-backward", "batchnorm-backward-alt"])
def test_gradients_of_a_wrong_layer_say_what_to_mend_first(end):
    key, question = answer_key(SOURCE), f"batch_normalization-{end}"
    (patch,) = (patch for patch in key.patches if patch.name == "train-eps-outside")
    checks = find_checks(question)
    results = attempt_question(key.session(patch), key, question, HOME_SEEDS, checks=checks).results
    assert any("mend it first" in result.reason for result in results)
