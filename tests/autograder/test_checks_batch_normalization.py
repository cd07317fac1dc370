"""The batch-normalization notebook: a way back of its own, and mistakes called by their names."""

import json

import pytest

from assignments.notebook import load, read_cells
from assignments.questions import Seeds
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.scoring import score_question
from autograder.session import LiveSession
from tests.helpers.public import told

SOURCE = Course().assignment("a2_networks").notebooks["batch_normalization"]
ALT = "batch_normalization-batchnorm-backward-alt"

FORMULA = """\
def {name}(dout, cache):
    gamma, _centred, std, x_hat = cache
    dgamma, dbeta = (dout * x_hat).sum(0), dout.sum(0)
    return gamma / std * (dout - dout.mean(0) - x_hat * (dout * x_hat).mean(0)), dgamma, dbeta
"""
THROUGH_A_HELPER = """\
def both_ways(dout, cache):
    way = batchnorm_backward
    return way(dout, cache)


def batchnorm_backward_alt(dout, cache):
    return both_ways(dout, cache)
"""


def share_of_alt(append: str) -> float:
    """The share of the question for the reference with one more cell."""
    nb = json.loads(SOURCE.path.read_text(encoding="utf-8"))
    nb["cells"].append({"cell_type": "code", "source": append, "metadata": {}})
    module = load(read_cells(nb), SOURCE.outline, "changed_batch_normalization")
    session = LiveSession(vars(module), module.missing_names)
    return score_question(session, answer_key(SOURCE), ALT, Seeds(b"test")).share


@pytest.mark.parametrize(
    "append",
    [
        "batchnorm_backward_alt = batchnorm_backward",
        THROUGH_A_HELPER,
        FORMULA.format(name="batchnorm_backward") + FORMULA.format(name="batchnorm_backward_alt"),
    ],
    ids=["another name", "through a helper", "the formula twice"],
)
def test_the_same_way_twice_loses_the_rule(append):
    """That another way is asked for is the exercise: the rules about it carry half at most."""
    assert 0 < share_of_alt(append) < 0.65


def test_the_ways_may_be_exchanged():
    """Who wrote the formula first may go through the graph in the second function."""
    graph = next(cell for cell in SOURCE.cells if "def batchnorm_backward(" in cell.source)
    steps = graph.source.replace("def batchnorm_backward(", "def batchnorm_backward_alt(")
    assert share_of_alt(FORMULA.format(name="batchnorm_backward") + steps) == 1


@pytest.mark.parametrize(
    ("name", "symptom"),
    [
        ("train-eps-outside", "belongs under the root"),
        ("train-no-eps", "eps is missing"),
        ("train-no-root", "is the root missing?"),
        ("train-unbiased", "drop ddof=1"),
        ("train-wrong-axis", "axis 1; take the examples"),
        ("train-no-axis", "for the whole table"),
        ("train-no-gamma-beta", "gamma and beta are missing"),
        ("train-gamma-beta-swapped", "exchanged"),
        ("train-shift-before-scale", "before gamma multiplies"),
        ("train-mean-of-squares", "lost in the rounding"),
        ("train-in-place", "changes its argument x"),
        ("running-momentum-swapped", "exchanged"),
        ("running-unbiased", "drop ddof=1"),
        ("running-deviation", "keep the variance"),
        ("running-last-batch", "of the last batch alone"),
        ("test-no-gamma-beta", "gamma and beta are missing"),
        ("test-by-batch", "of one example"),
        ("test-no-root", "is the root missing?"),
        ("test-precedence", "parentheses"),
        ("test-double", "float64"),
        ("backward-constants", "taken as constants"),
        ("backward-no-mean", "through the mean is missing"),
        ("backward-no-std", "through std is missing"),
        ("backward-std-sign", "wrong sign"),
        ("backward-std-not-squared", "doubled"),
        ("backward-mean-not-divided", "not divided by N"),
        ("backward-var-not-divided", "not divided by N"),
        ("backward-order", "exchanged"),
        ("backward-in-place", "changes its argument dout"),
        ("alt-no-stretch", "through std is missing"),
        ("alt-sums", "neither sum is divided by N"),
        ("alt-divided-by-variance", "twice"),
        ("alt-centred", "division by std missing"),
        ("alt-in-place", "changes its argument dout"),
        ("layernorm-over-batch", "axis 0; take the features"),
        ("layernorm-eps-outside", "belongs under the root"),
        ("layernorm-in-place", "changes its argument x"),
        ("layernorm-backward-over-batch", "over the examples, axis 0"),
        ("layernorm-backward-gamma-outside", "belongs inside"),
        ("layernorm-backward-parameters-axis", "over the features"),
    ],
)
def test_public_checks_call_a_mistake_by_its_name(name, symptom):
    found = told(SOURCE, name)
    assert any(symptom in each for each in found), found
