"""What the hidden checks of small networks share: a right network beside the student's model."""

import numpy as np
import torch
from torch.nn import functional as F

from assignments.checks.a1_classifiers.two_layer_net import (
    get_gradient,
    model_loss,
    try_parameters,
)
from assignments.compare import assert_close, to_array
from assignments.gradients import numerical_gradient
from assignments.student import CheckFailed, Remote, Student

__all__ = ["RightNet", "leaf", "only_loss"]


def leaf(array: np.ndarray) -> torch.Tensor:
    """A tensor that gradients can be asked for."""
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def only_loss(student: Student, model: Remote, X: np.ndarray, y: np.ndarray) -> object:
    """The loss of a model in training, without its gradients.

    These stay inside, so that a mistake in the loss is recognised whatever there is of them yet.
    """
    result = student.call(model.get("loss", keep=True), X, y, keep=True)
    if result.type_name not in ("tuple", "list"):
        return model_loss(model, X, y)[0]
    return result.get("[0]")


class RightNet:
    """A network with softmax loss and its data: the right answers beside the student's model.

    A subclass sets ``student``, ``model``, ``params``, ``X``, ``y`` and ``reg``, says in ``NAMES``
    in which order its parameters come, weights and biases by turns, and computes ``scores`` from
    them.
    """

    NAMES: tuple[str, ...]

    def leaves(self):
        return [leaf(self.params[name]) for name in self.NAMES]

    def right_scores(self):
        return self.scores(*self.leaves())

    def loss(self, *leaves):
        data_loss = F.cross_entropy(self.scores(*leaves), torch.from_numpy(self.y))
        return data_loss + self.penalty(leaves[::2])

    def penalty(self, weights):
        return 0.5 * self.reg * sum((w**2).sum() for w in weights)

    def gradients(self):
        leaves = self.leaves()
        found = torch.autograd.grad(self.loss(*leaves), leaves)
        return dict(zip(self.NAMES, found, strict=True))

    # A mistake in the scores is paid for there. What comes after may follow from the model's own
    # scores, as long as these depend on all weights.

    def own_losses(self, name):
        """A function from many values of a parameter to the right losses of the own scores."""
        answers = try_parameters(self.student, self.model, self.params, name, self.X)

        @torch.no_grad()
        def losses(values):
            found = []
            for value, scores in zip(values, answers(values), strict=True):
                params = {**self.params, name: value}
                scores = leaf(to_array(scores, "scores", ndim=2))
                data_loss = F.cross_entropy(scores, torch.from_numpy(self.y))
                weights = [leaf(params[key]) for key in self.NAMES[::2]]
                found.append(float(data_loss + self.penalty(weights)))
            return found

        return losses

    def has_scores(self):
        """Have the own scores the right shape, and do they depend on all weights?"""
        right = self.right_scores().shape
        for name in self.NAMES[::2]:
            answers = try_parameters(self.student, self.model, self.params, name, self.X)
            W = self.params[name]
            one, other = (to_array(scores, "scores", ndim=2) for scores in answers([W, 1.5 * W]))
            if one.shape != right or np.array_equal(one, other):
                return False
        return True

    def check_loss(self, what="loss"):
        loss = only_loss(self.student, self.model, self.X, self.y)
        try:
            assert_close(loss, self.loss(*self.leaves()), what)
        except CheckFailed:
            if not self._follows(lambda: self._check_own_loss(loss)):
                raise

    def check_gradients(self, *names):
        _loss, grads = model_loss(self.model, self.X, self.y)
        found = {name: get_gradient(grads, name) for name in names}
        want = self.gradients()
        factors = {"the number of examples": len(self.X)}
        try:
            for name in names:
                assert_close(found[name], want[name], f"grads[{name!r}]", factors=factors)
        except CheckFailed:
            if not self._follows(lambda: self._check_own_gradients(found)):
                raise

    def _check_own_loss(self, loss):
        (want,) = self.own_losses("W1")([self.params["W1"]])
        assert_close(loss, want, "loss")

    def _check_own_gradients(self, found):
        for name, gradient in found.items():
            want = numerical_gradient(self.own_losses(name), self.params[name])
            assert_close(gradient, want, name, rtol=1e-5, atol=1e-7)

    def _follows(self, compare):
        try:
            compare()
            return self.has_scores()
        except CheckFailed:
            return False
