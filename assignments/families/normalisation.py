"""A layer that normalises: batch, layer and group normalisation, of examples or of images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

from assignments.compare import assert_close, to_array
from assignments.families.exercise import Parts
from assignments.families.layer import Backward, Forward, Layer
from assignments.families.model import check_shape
from assignments.messages import N_, _
from assignments.student import CheckFailed, Remote, Student

__all__ = ["Normalisation"]


@dataclass(frozen=True)
class Normalisation(Layer):
    """A layer ``<name>_forward(x, gamma, beta, ..., settings)``: normalised, scaled and shifted.

    Attributes:
        rows: an array in the shape of x with a row for all that is normalised together:
            ``rows(x, gamma, beta, ..., settings)``.
        each: what such a row is.
        running: whether settings hold a mode, "train" or "test", and running averages: mean and
            variance of each row, which training moves and the test uses.
    """

    rows: Callable[..., np.ndarray] = field(kw_only=True)
    each: str = N_("feature")
    running: bool = False

    @cached_property
    def forward(self) -> "_Forward":
        """What is asked of the forward function, and of running averages, by name."""
        return _Forward(self, super().forward.name)

    @cached_property
    def backward(self) -> "_Backward":
        """What is asked of the backward function."""
        return _Backward(self, super().backward.name)

    def averages(self, *arguments: Any) -> dict[str, np.ndarray]:
        """The running averages after a call."""
        settings = arguments[-1]
        rows = torch.tensor(self.rows(*arguments))
        share = 1 - settings.get("momentum", 0.9) if settings["mode"] == "train" else 0.0
        var, mean = torch.var_mean(rows, 1, correction=0)
        found = {}
        for name, moment in (("running_mean", mean), ("running_var", var)):
            before = torch.tensor(settings.get(name, np.zeros(len(rows))), dtype=rows.dtype)
            found[name] = before.lerp(moment, share).numpy()
        return found

    def standin(self) -> tuple[Callable[..., tuple], Callable[..., Any]]:
        forward, backward = super().standin()

        def and_averages(*arguments: Any) -> tuple:
            answer = forward(*arguments)
            arguments[-1].update(self.averages(*arguments))
            return answer

        return and_averages if self.running else forward, backward


@dataclass(frozen=True)
class _Forward(Forward):
    layer: Normalisation

    def call(self, student: Student, case: Any) -> tuple[Remote, Mapping]:
        """The answer, and the settings as the call left them."""
        answer = super().call(student, case)
        return answer, student.changed.get(len(case) - 1, case[-1])

    def read(self, answer: tuple[Remote, Mapping], case: Any) -> dict[str, Any]:
        return Parts(super().read(answer[0], case), answer[1].get)

    def cache(self, answer: tuple[Remote, Mapping]) -> Remote:
        return super().cache(answer[0])

    def right(self, case: Any) -> dict[str, Any]:
        return Parts(super().right(case), lambda name: self.layer.averages(*case)[name])

    def watched(self, case: Any) -> dict[int | str, str]:
        return dict(enumerate(self.arguments[:3]))

    def check_standardised(self, student: Student, case: Any) -> None:
        """With gamma 1 and beta 0, has each row mean 0 and standard deviation 1?"""
        x, gamma, beta, *others, settings = case
        case = (x, np.ones_like(gamma), 0 * beta, *others, {**settings, "eps": 1e-9})
        out = to_array(self.read(self.call(student, case), case)["out"], "out")
        check_shape({"out": out}, "out", x.shape)
        rows, each = self.layer.rows(out, *case[1:]), _(self.layer.each)
        what = _("the mean of each {each} in out").format(each=each)
        assert_close(rows.mean(axis=1), np.zeros(len(rows)), what, atol=1e-6)
        what = _("the standard deviation of each {each} in out").format(each=each)
        assert_close(rows.std(axis=1), np.ones(len(rows)), what, rtol=1e-5)


@dataclass(frozen=True)
class _Backward(Backward):
    layer: Normalisation

    def check_balanced(self, student: Student, case: Any) -> None:
        """Does dx neither shift nor stretch a row? Both would change nothing, if eps is 0."""
        x, *others = self.split(case)[0]
        dx = to_array(self.read(self.call(student, case), case)["dx"], "dx")
        check_shape({"dx": dx}, "dx", x.shape)
        x, dx = self.layer.rows(x, *others), self.layer.rows(dx, *others)
        size, each = 1e-9 * max(1.0, float(np.abs(dx).max())), _(self.layer.each)
        if np.abs(dx.sum(axis=1)).max() > size:
            raise CheckFailed(
                _("the sum of dx over each {each} is not 0").format(each=each),
                _("is the path through the mean right?"),
            )
        x_hat = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
        if np.abs((dx * x_hat).sum(axis=1)).max() > size:
            raise CheckFailed(
                _("the sum of dx * x_hat over each {each} is not 0").format(each=each),
                _("is the path through the standard deviation right?"),
            )
