"""The convolutional-networks notebook: a mistake costs once."""

import pytest

from autograder.course import Course
from tests.helpers.changed import scorer

SOURCE = Course().assignment("a2_networks").notebooks["convolutional_networks"]

scored = scorer(SOURCE)

NO_RELU = """\
class ThreeLayerConvNet(ThreeLayerConvNet):
    def loss(self, X, y=None):
        p = self.params
        X = X.astype(self.dtype)
        pooled, c1 = conv_relu_pool_forward(X, p["W1"], p["b1"], self.conv_param, self.pool_param)
        hidden, c2 = affine_forward(pooled, p["W2"], p["b2"])
        scores, c3 = affine_forward(hidden, p["W3"], p["b3"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * sum((p[name] ** 2).sum() for name in ("W1", "W2", "W3"))
        dhidden, dW3, db3 = affine_backward(dscores, c3)
        dpooled, dW2, db2 = affine_backward(dhidden, c2)
        _dX, dW1, db1 = conv_relu_pool_backward(dpooled, c1)
        grads = {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2, "W3": dW3, "b3": db3}
        for name in ("W1", "W2", "W3"):
            grads[name] = grads[name] + self.reg * p[name]
        return loss, grads
"""


def test_loss_and_gradients_may_follow_from_wrong_scores():
    assert scored(NO_RELU, {"model-scores"}, "model-scores") == 0
    assert scored(NO_RELU, {"model-scores"}, "model-loss") == 1
    assert scored(NO_RELU, {"model-scores"}, "model-gradients") == 1
    broken = NO_RELU.replace('"b1": db1', '"b1": 2 * db1')
    assert 0 < scored(broken, {"model-scores"}, "model-gradients") < 1


@pytest.mark.parametrize("name", ["conv", "max-pool", "spatial-batchnorm", "spatial-groupnorm"])
def test_a_backward_pass_is_tried_on_the_right_forward_pass(name, monkeypatch):
    # As in the sandbox, batchnorm_backward is that of the source.
    monkeypatch.setenv("ASSIGNMENTS_HOME", str(SOURCE.path.parents[1]))
    function = f"{name.replace('-', '_')}_forward{'_naive' if name in ('conv', 'max-pool') else ''}"
    broken = f"def {function}(*arguments):\n    return None\n"
    assert scored(broken, {f"{name}-forward"}, f"{name}-forward") == 0
    assert scored(broken, {f"{name}-forward"}, f"{name}-backward") == 1
    assert scored(broken, set(), f"{name}-backward") == 0
