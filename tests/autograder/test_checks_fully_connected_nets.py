"""The fully-connected-nets notebook: an early mistake costs once, and is called by its name."""

import pytest

from autograder.course import Course
from tests.helpers.changed import scorer
from tests.helpers.public import told

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
    ("name", "symptom"),
    [
        ("scores-no-relu", "without ReLU"),
        ("scores-relu-at-the-end", "after the last layer"),
        ("scores-probabilities", "leave softmax to softmax_loss"),
        ("scores-double-precision", "is of type float64"),
        ("loss-no-half", "factor 0.5"),
        ("loss-biases-regularised", "the biases are in it"),
        ("loss-mean-again", "softmax_loss has done that"),
        ("gradients-no-regularisation", "regularisation is missing"),
        ("extras-normalized-after-relu", "belongs before it"),
        ("extras-mode-not-for-dropout", "self.dropout_param"),
        ("extras-mode-not-for-normalization", "self.bn_params"),
        ("extras-fresh-averages", "itself, with mode 'train'"),
        ("extras-gamma-and-beta-swapped", "the gradient of beta"),
        ("momentum-uphill", "uphill"),
        ("momentum-rate-outside", "the learning rate is not in it"),
        ("momentum-not-kept", "is lost"),
        ("nesterov-plain-momentum", "by the new velocity alone"),
        ("nesterov-wrong-sign", "should be subtracted"),
        ("adagrad-no-root", "the root is missing"),
        ("adagrad-one-for-all", "a cache of its own"),
        ("adadelta-epsilon-beside-the-roots", "under them"),
        ("adadelta-no-epsilon-above", "nothing moves"),
        ("adadelta-delta-of-gradients", "one of squared steps"),
        ("rmsprop-rates-exchanged", "exchanged"),
        ("rmsprop-sum", "1 - decay_rate"),
        ("adam-no-correction", "neither m nor v"),
        ("adam-only-m-corrected", "v is not"),
        ("adam-counts-after-use", "is t still 0"),
        ("adam-keeps-corrected", "after its correction"),
        ("adam-betas-exchanged", "exchanged"),
        ("adamw-coupled", "through m and v"),
        ("adamw-decays-the-next", "after the step"),
    ],
)
def test_public_checks_call_a_mistake_by_its_name(name, symptom):
    found = told(SOURCE, name)
    assert any(symptom in each for each in found), found
