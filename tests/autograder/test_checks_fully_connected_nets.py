"""The fully-connected-nets notebook: an early mistake costs once, and earns no more than it may."""

from autograder.course import Course
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
