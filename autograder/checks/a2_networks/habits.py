"""A network with normalisation or dropout, judged with the mistakes that its plain form makes.

A mistake in plain networks is paid for where these are asked for. What is wrong there is found on a
plain network of the student's own, and what else is asked for is held against a right network that
makes the same mistake.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.compare import assert_close, to_array
from assignments.families import kinks
from assignments.families.model import Gradients, Net, get_gradient, model_loss
from assignments.standins.a2_networks.fully_connected_nets import net
from assignments.student import CheckFailed, Student

__all__ = ["Judge", "judged_gradients"]


def _same(x: torch.Tensor) -> torch.Tensor:
    return x


def _alone(loss: torch.Tensor, case: Net) -> torch.Tensor:
    return loss


def _forward_only(function: Callable) -> Callable:
    """The function in the forward pass, nothing in the backward pass."""
    return lambda x: x + (function(x) - x).detach()


def _unregularised(loss: torch.Tensor, case: Net) -> torch.Tensor:
    squares = sum((case.params[name] ** 2).sum() for name in case.weights)
    return loss + 0.5 * (1 - case.setting("reg")) * squares


@dataclass(frozen=True)
class Habit:
    """What a student's plain network does between and after its affine layers.

    Attributes:
        shown: what ``loss(X)`` makes of the scores.
        told: what becomes of the loss of a network.
        in_scores: whether plain scores show it.
    """

    hidden: Callable = kinks.relu
    last: Callable = _same
    shown: Callable = _same
    told: Callable = _alone
    in_scores: bool = True


RIGHT = Habit()
HABITS = (
    Habit(hidden=_same),
    Habit(last=_forward_only(F.relu)),
    Habit(last=F.relu),
    Habit(shown=lambda scores: scores.softmax(dim=1)),
    Habit(shown=lambda scores: scores.log_softmax(dim=1)),
    Habit(told=lambda loss, case: loss / len(case.X), in_scores=False),
    Habit(told=lambda loss, case: loss / 2, in_scores=False),
    Habit(told=lambda loss, case: 0 * loss, in_scores=False),  # overwritten by a reg of 0
    Habit(told=_unregularised, in_scores=False),
    Habit(hidden=_forward_only(F.relu), in_scores=False),
)


class Judge:
    """A network of the student's, with its case."""

    def __init__(self, student: Student, case: Net) -> None:
        self.student = student
        self.model = case.made(student)
        # Running averages begin with 0, and stay where a call is not training.
        self.case = case.changed(bn_params=_fresh(case))

    def train(self, X: np.ndarray) -> None:
        """One call in training, here and there; parameters stay, whatever it does."""
        self.case = replace(self.case, X=X)
        self._told()
        _right(self.case, habit_of(self.student))

    def check_scores(self, X: np.ndarray | None = None) -> None:
        """In a test, are the scores right?"""
        case = self.case if X is None else replace(self.case, X=X)
        got = self.model.loss(case.X)
        self._judge(lambda habit: assert_close(got, _scores(case, habit), "scores"))

    def check_training(self) -> None:
        """Are loss and all gradients right, but for mistakes that plain networks pay for?"""
        case = self.case.changed(bn_params=_fresh(self.case))
        loss, grads = self._told()
        last = len(case.weights)
        if isinstance(grads, Mapping) and f"dW{last}" in grads:
            grads = {name.removeprefix("d"): value for name, value in grads.items()}
        found = {name: get_gradient(grads, name) for name in case.params}
        if to_array(found["W1"], "grads['W1']").dtype == np.float32:
            loss = np.float32(to_array(loss, "loss", ndim=0))  # has no more digits, as a float

        def compare(habit: Habit) -> None:
            right = _right(case, habit)
            assert_close(loss, right["loss"], "loss")
            factors = {"the number of examples": float(len(case.X))}
            for name, gradient in found.items():
                assert_close(gradient, right[name], f"grads[{name!r}]", factors=factors)

        self._judge(compare)

    def _told(self) -> tuple[object, object]:
        answer = model_loss(self.model, self.case.X, self.case.y)
        dtype = self.case.settings.get("dtype", np.float64)
        params = {name: value.astype(dtype) for name, value in self.case.params.items()}
        self.student.call(self.model.get("params.update", keep=True), params)
        return answer

    def _judge(self, compare: Callable[[Habit], None]) -> None:
        try:
            compare(RIGHT)
        except CheckFailed as failure:
            habit = habit_of(self.student)
            if habit is RIGHT:
                raise
            try:
                compare(habit)
            except CheckFailed:
                raise failure from None


def _fresh(case: Net) -> list[dict[str, Any]]:
    """The averages of a network that was never trained."""
    return [{} for _hidden in case.setting("hidden_dims")]


def habit_of(student: Student) -> Habit:
    """The habit of the student's plain networks."""
    case = net.net(np.random.default_rng(0), hidden_dims=(6, 5), input_dim=7, num_classes=4)
    plain = case.made(student)
    try:
        scores = plain.loss(case.X)
        loss, grads = model_loss(plain, case.X, case.y)
    except CheckFailed:
        return RIGHT
    for habit in (RIGHT, *HABITS):
        try:
            assert_close(scores, _scores(case, habit))
            if not habit.in_scores or habit is RIGHT:
                right = _right(case, habit)
                assert_close(loss, right["loss"])
                assert_close(get_gradient(grads, "W1"), right["W1"])
            return habit
        except CheckFailed:
            continue
    return RIGHT


class JudgedGradients(Gradients):
    """The gradients of networks whose scores may have a mistake that is paid for there."""

    def follows(self, student: Student, case: Net, only: Sequence[str]) -> bool:
        habit = habit_of(student)
        if habit is RIGHT or not habit.in_scores:
            return False
        found, right = self.read(self.call(student, case), case), _right(case, habit)
        try:
            for name in only or case.params:
                assert_close(found[name], right[name], name)
        except CheckFailed:
            return False
        return True


judged_gradients = JudgedGradients(net)


def _with(case: Net, habit: Habit) -> Net:
    return case.changed(relu=habit.hidden)


def _scores(case: Net, habit: Habit) -> torch.Tensor:
    """What ``loss(X)`` returns with a habit."""
    with torch.no_grad():
        scores = _with(case, habit).scores(case.leaves(), training=False)
        return habit.shown(habit.last(scores))


def _right(case: Net, habit: Habit) -> dict[str, Any]:
    """The loss and the gradients with a habit; running averages move."""
    leaves = case.leaves()
    scores = habit.last(_with(case, habit).scores(leaves, training=True))
    loss = case.loss_of(scores, leaves)
    return {"loss": habit.told(loss, case).item(), **case.gradients_of(loss, leaves)}
