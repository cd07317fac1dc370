"""A loss: a function that returns a number and its gradient with respect to one argument."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from assignments.compare import assert_close, unpack
from assignments.families.exercise import Exercise
from assignments.gradients import numerical_gradient
from assignments.messages import N_, _
from assignments.student import CheckFailed, Student

__all__ = ["Loss"]


@dataclass(frozen=True)
class Loss(Exercise):
    """A function ``name(*arguments) -> (loss, gradient)``.

    Attributes:
        twin: the loss of tensors by PyTorch.
        arguments: their names; the gradient is that of the first.
        counted: what the axes of arguments count, by which a loss is wrong without its mean.
    """

    name: str
    twin: Callable[..., torch.Tensor]
    inputs: Callable[..., Sequence[Any]]
    arguments: tuple[str, ...] = ("x", "y")
    counted: tuple[tuple[str, str, int], ...] = (
        (N_("the number of examples"), "x", 0),
        (N_("the number of classes"), "x", 1),
    )

    @property
    def parts(self) -> tuple[str, str]:
        """The names of what is returned."""
        return "loss", f"d{self.arguments[0]}"

    def call(self, student: Student, case: Any) -> Any:
        return student.call(self.name, *case)

    def read(self, answer: Any, case: Any) -> dict[str, Any]:
        return dict(zip(self.parts, unpack(answer, self.name, self.parts), strict=True))

    def right(self, case: Any) -> dict[str, Any]:
        loss, leaf = self._by_twin(case, torch.float64)
        found = loss.item(), torch.autograd.grad(loss, leaf)[0].numpy()
        return dict(zip(self.parts, found, strict=True))

    def factors(self, case: Any) -> dict[str, float]:
        named = dict(zip(self.arguments, case, strict=True))
        return {_(what): float(named[name].shape[axis]) for what, name, axis in self.counted}

    def look_at(self, student: Student, part: str) -> None:
        student.narrow(self.parts.index(part))

    def check_numerical(self, student: Student, case: Any) -> None:
        """Is the gradient the numerical one of the student's own loss, if that is right?"""
        got = self.read(self.call(student, case), case)
        self.look_at(student, self.parts[1])
        try:
            assert_close(got["loss"], self.right(case)["loss"], "loss")
        except CheckFailed as failure:
            reason = _("your loss is wrong here, so that its gradient says nothing; mend it first")
            raise CheckFailed(reason) from failure
        self._check_own(student, case, got)

    def check_own_gradient(self, student: Student, case: Any) -> None:
        """Is the gradient the numerical one of the student's own loss, right or wrong?"""
        got = self.read(self.call(student, case), case)
        self.look_at(student, self.parts[1])
        self._check_own(student, case, got)

    def _check_own(self, student: Student, case: Any, got: dict[str, Any]) -> None:
        """The gradient of an answer, held against the student's own losses."""

        def losses(values: list[np.ndarray]) -> list[float]:
            replies = student.batch([(self.name, value, *case[1:]) for value in values])
            return [float(unpack(reply, self.name, self.parts)[0]) for reply in replies]

        part, want = self.parts[1], numerical_gradient(losses, case[0])
        if not want.any():
            raise CheckFailed(_("the loss does not depend on {x}").format(x=self.arguments[0]))
        assert_close(got[part], want, part, rtol=1e-5, atol=1e-6, factors=self.factors(case))

    def standin(self) -> Callable[..., tuple[float, np.ndarray]]:
        """The function itself, by the twin, for somebody who comes without it."""

        def loss_and_gradient(*arguments: Any) -> tuple[float, np.ndarray]:
            loss, leaf = self._by_twin(arguments, None)
            return loss.item(), torch.autograd.grad(loss, leaf)[0].numpy()

        return loss_and_gradient

    def _by_twin(self, case: Any, dtype: torch.dtype | None) -> tuple[torch.Tensor, torch.Tensor]:
        first, *others = (
            torch.tensor(value) if isinstance(value, np.ndarray) else value for value in case
        )
        leaf = (first if dtype is None else first.to(dtype)).requires_grad_()
        return self.twin(leaf, *others), leaf
