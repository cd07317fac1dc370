"""The batch-normalization notebook: the second way back has to be a way of its own."""

import json

import pytest

from assignments.notebook import load, read_cells
from assignments.questions import seed_for
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.scoring import score_question
from autograder.session import LiveSession

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
    return score_question(
        session, answer_key(SOURCE), ALT, lambda check: seed_for(b"test", check.name)
    ).share


@pytest.mark.parametrize(
    "append",
    [
        "batchnorm_backward_alt = batchnorm_backward",
        THROUGH_A_HELPER,
        FORMULA.format(name="batchnorm_backward") + FORMULA.format(name="batchnorm_backward_alt"),
    ],
    ids=["another name", "through a helper", "the formula twice"],
)
def test_the_same_way_twice_earns_little(append):
    assert 0 < share_of_alt(append) < 0.2


def test_the_ways_may_be_exchanged():
    """Who wrote the formula first may go through the graph in the second function."""
    graph = next(cell for cell in SOURCE.cells if "def batchnorm_backward(" in cell.source)
    steps = graph.source.replace("def batchnorm_backward(", "def batchnorm_backward_alt(")
    assert share_of_alt(FORMULA.format(name="batchnorm_backward") + steps) == 1
