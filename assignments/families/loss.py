"""A loss: a function that returns a number and its gradient with respect to one argument."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import torch

from assignments.compare import Tolerance, assert_close, assert_unchanged, unpack
from assignments.messages import _
from assignments.student import Student

__all__ = ["Loss"]


@dataclass(frozen=True)
class Loss:
    """A function ``name(*arguments) -> (loss, gradient)``.

    Attributes:
        name: the function's.
        twin: the loss of tensors by PyTorch.
        inputs: draws all arguments of a call: ``inputs(rng, *size)``.
        arguments: their names; the gradient is that of the first.
        counted: what the axes of arguments count, by which a loss is wrong without its mean.
    """

    name: str
    twin: Callable[..., torch.Tensor]
    inputs: Callable[..., Sequence[Any]]
    arguments: tuple[str, ...] = ("x", "y")
    counted: tuple[tuple[str, str, int], ...] = (
        ("the number of examples", "x", 0),
        ("the number of classes", "x", 1),
    )

    @property
    def parts(self) -> tuple[str, str]:
        """The names of what is returned."""
        return "loss", f"d{self.arguments[0]}"

    def call(self, student: Student, arguments: Sequence[Any]) -> dict[str, Any]:
        """What the student's function returns, by name."""
        result = unpack(student.call(self.name, *arguments), self.name, self.parts)
        return dict(zip(self.parts, result, strict=True))

    def right(self, arguments: Sequence[Any]) -> dict[str, Any]:
        """The loss and the gradient that PyTorch finds, in double precision."""
        loss, leaf = self._twin(arguments, torch.float64)
        found = loss.item(), torch.autograd.grad(loss, leaf)[0].numpy()
        return dict(zip(self.parts, found, strict=True))

    def standin(self) -> Callable[..., tuple[float, np.ndarray]]:
        """The function itself, by the twin, for somebody who comes without it."""

        def loss_and_gradient(*arguments: Any) -> tuple[float, np.ndarray]:
            loss, leaf = self._twin(arguments, None)
            return loss.item(), torch.autograd.grad(loss, leaf)[0].numpy()

        return loss_and_gradient

    def _twin(
        self, arguments: Sequence[Any], dtype: torch.dtype | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        first, *others = (
            torch.tensor(value) if isinstance(value, np.ndarray) else value for value in arguments
        )
        leaf = (first if dtype is None else first.to(dtype)).requires_grad_()
        return self.twin(leaf, *others), leaf

    # --- comparisons ------------------------------------------------------------------------------

    def check(
        self,
        student: Student,
        arguments: Sequence[Any],
        only: Sequence[str] = (),
        note: str = "",
        **tolerance: Unpack[Tolerance],
    ) -> None:
        """Are loss and gradient, or one of them, those of the twin?"""
        got, want = self.call(student, arguments), self.right(arguments)
        if len(only) == 1:
            student.narrow(self.parts.index(only[0]))
        factors = self.factors(arguments)
        for part in only or self.parts:
            assert_close(got[part], want[part], part + note, factors=factors, **tolerance)

    def check_inputs(self, student: Student, arguments: Sequence[Any]) -> None:
        """Does the function leave its arguments alone, and is the loss right?"""
        result = student.call(self.name, *arguments)
        assert_unchanged(student.changed, dict(enumerate(self.arguments)))
        loss, _gradient = unpack(result, self.name, self.parts)
        assert_close(loss, self.right(arguments)["loss"], "loss")

    def factors(self, arguments: Sequence[Any]) -> dict[str, float]:
        """By what a loss is too large where a mean is missing."""
        named = dict(zip(self.arguments, arguments, strict=True))
        return {_(what): float(named[name].shape[axis]) for what, name, axis in self.counted}
