"""The fully-connected-nets notebook: a mistake costs once, and two in one function are named."""

import pytest

from assignments.checking import HOME_SEEDS, causes_at_home, find_checks
from autograder.answer_key import answer_key
from autograder.causes import GRADING_SEEDS, causes_of
from autograder.course import Course
from autograder.mistakes import Mistake, parse_patches
from autograder.scoring import attempt_question
from tests.helpers.changed import scorer

SOURCE = Course().assignment("a2_networks").notebooks["fully_connected_nets"]
OF_LOSS = ("scores", "loss", "gradients", "normalization-dropout")

scored = scorer(SOURCE)


CONSTANT = """\
class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        if y is None:
            return np.zeros((len(X), len(self.params[f"b{self.num_layers}"])))
        weights = [w for name, w in self.params.items() if name[0] == "W"]
        loss = np.log(4) + 0.5 * self.reg * sum((w**2).sum() for w in weights)
        grads = {name: self.reg * w * (name[0] == "W") for name, w in self.params.items()}
        return loss, grads
"""

UNMADE = """\
class FullyConnectedNet(FullyConnectedNet):
    def __init__(self, *args, **kwargs):
        raise KeyError("W1")
"""

#: A single sandwich of layers without normalisation and dropout.
PLAIN = """\
class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        self.normalization, self.use_dropout = None, False
        return super().loss(X, y)
"""


def test_scores_that_say_nothing_earn_nothing_but_their_regularisation():
    for question in ("scores", "normalization-dropout"):
        assert scored(CONSTANT, {"scores"}, question) == 0
    for question in ("loss", "gradients"):  # a check looks at what regularisation adds
        assert scored(CONSTANT, {"scores"}, question) < 0.3


def test_a_network_that_cannot_be_made_still_earns_the_rest():
    assert scored(UNMADE, {"init"}, "init") == 0
    for question in OF_LOSS:
        assert scored(UNMADE, {"init"}, question) == 1


def test_plain_networks_earn_all_but_normalization_and_dropout():
    for question in ("scores", "loss", "gradients"):
        assert scored(PLAIN, set(), question) == 1
    assert scored(PLAIN, set(), "normalization-dropout") < 0.15


def test_adamw_may_stand_on_a_broken_adam():
    broken = "def adam(w, dw, config=None):\n    return w, config\n"
    assert scored(broken, {"adam"}, "adam") == 0
    assert scored(broken, {"adam"}, "adamw") == 1


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ('t = config.get("t", 1) + 1', "adam-counts-one-too-many"),
        ("t = 1", "adam-always-the-first-step"),
        ('config["m"], config["v"] = m, v', "adam-counter-not-kept"),
        ('config["m"], config["v"], config["t"] = m, v, t + 1', "adam-counts-twice"),
    ],
)
def test_a_missing_correction_and_a_wrong_count_are_both_named(code, name):
    question = "fully_connected_nets-adam"
    fences = f"```python\nm_hat, v_hat = m, v\n```\n```diff\n{as_diff(code)}\n```"
    (patch,) = parse_patches(
        f"## {question}\n### no-correction-and-{name}\n{fences}\n\nTwo.", "here"
    )
    assert isinstance(patch, Mistake)
    key = answer_key(SOURCE)
    session = key.session(patch)
    graded = attempt_question(session, key, question, GRADING_SEEDS).results
    tried = attempt_question(session, key, question, HOME_SEEDS, checks=find_checks(question))
    for found in (
        causes_of(key)[question].find(graded),
        causes_at_home(question).find(tried.results),
    ):
        assert {cause.name for cause in found} == {"adam-no-correction", name}


def as_diff(code: str) -> str:
    """A line of Adam changed to this one."""
    right = {
        "t": 't = config.get("t", 0) + 1',
        "config": 'config["m"], config["v"], config["t"] = m, v, t',
    }
    return f"-{right[code.partition(' =')[0].partition('[')[0]]}\n+{code}"


@pytest.mark.parametrize("name", ["scores-relu-at-the-end", "loss-mean-again"])
def test_gradients_of_a_wrong_loss_say_what_to_mend_first(name):
    key, question = answer_key(SOURCE), "fully_connected_nets-gradients"
    (patch,) = (patch for patch in key.patches if patch.name == name)
    checks = find_checks(question)
    results = attempt_question(key.session(patch), key, question, HOME_SEEDS, checks=checks).results
    assert any("mend it first" in result.reason for result in results)
