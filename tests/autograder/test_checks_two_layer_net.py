"""The two-layer-net notebook: an early mistake costs once."""

from autograder.course import Course
from tests.helpers.changed import scorer

SOURCE = Course().assignment("a1_classifiers").notebooks["two_layer_net"]

scored = scorer(SOURCE)


LINEAR = """\
class TwoLayerNet(TwoLayerNet):
    def loss(self, X, y=None):
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        hidden, first = affine_forward(X, W1, b1)
        scores, second = affine_forward(hidden, W2, b2)
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * ((W1**2).sum() + (W2**2).sum())
        dhidden, dW2, db2 = affine_backward(dscores, second)
        _dX, dW1, db1 = affine_backward(dhidden, first)
        return loss, {"W1": dW1 + self.reg * W1, "b1": db1, "W2": dW2 + self.reg * W2, "b2": db2}
"""

CONSTANT = """\
class TwoLayerNet(TwoLayerNet):
    def loss(self, X, y=None):
        if y is None:
            return np.zeros((len(X), len(self.params["b2"])))
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        loss = np.log(len(b2)) + 0.5 * self.reg * ((W1**2).sum() + (W2**2).sum())
        return loss, {"W1": self.reg * W1, "b1": 0 * b1, "W2": self.reg * W2, "b2": 0 * b2}
"""


def test_loss_and_gradients_may_follow_from_wrong_scores():
    assert scored(LINEAR, {"model-scores"}, "model-scores") == 0
    assert scored(LINEAR, {"model-scores"}, "model-loss") == 1
    assert scored(LINEAR, {"model-scores"}, "model-gradients") == 1


def test_nothing_follows_from_scores_that_say_nothing():
    for question in ("model-scores", "model-loss", "model-gradients"):
        assert scored(CONSTANT, {"model-scores"}, question) == 0


def test_wrong_gradients_of_wrong_scores_are_wrong():
    broken = LINEAR.replace('"b1": db1', '"b1": 2 * db1')
    assert 0 < scored(broken, {"model-scores"}, "model-gradients") < 1


def test_a_broken_layer_costs_its_own_question_only():
    broken = "def affine_backward(dout, cache):\n    return None\n"
    assert scored(broken, {"affine-backward"}, "affine-backward") == 0
    assert scored(broken, {"affine-backward"}, "model-gradients") == 1
    assert scored(broken, set(), "model-gradients") == 0


def test_a_model_that_cannot_be_made_still_earns_its_scores():
    broken = (
        "class TwoLayerNet(TwoLayerNet):\n"
        "    def __init__(self, *args, **kwargs):\n        raise KeyError('W1')\n"
    )
    assert scored(broken, {"model-init"}, "model-init") == 0
    for question in ("model-scores", "model-loss", "model-gradients"):
        assert scored(broken, {"model-init"}, question) == 1
