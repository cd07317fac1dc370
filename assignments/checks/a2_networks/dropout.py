"""Dropout, declared for its checks: what is right whatever chance has dropped.

Chance may come from anywhere, so no check knows which values are kept: it reads that from out. Of
equal numbers, the smallest and the largest that come out are the same whatever is kept, so that a
mistake is recognised whatever the student's code draws its random numbers with.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from assignments.compare import assert_close, to_array
from assignments.families.layer import Backward, Forward, Layer
from assignments.families.model import check_shape
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student


def dropout_inputs(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    mode: str = "train",
    p: float = 0.0,
    value: float = 0.0,
) -> tuple[np.ndarray, dict[str, Any]]:
    """x without a 0, all of one value where one is given, and dropout_param with a seed.

    A p that is drawn is neither close to 0 or 1 nor to 1/2.
    """
    p = p or float(rng.choice([rng.uniform(0.2, 0.35), rng.uniform(0.65, 0.8)]))
    x = np.full(shape, value) if value else rng.normal(0.3, 20, size=shape)
    return x, {"p": p, "mode": mode, "seed": int(rng.integers(10_000))}


@dataclass(frozen=True)
class Dropout(Layer):
    """A layer whose twin scales as if all were kept."""

    @cached_property
    def forward(self) -> "_Forward":
        return _Forward(self, super().forward.name)

    @cached_property
    def backward(self) -> "_Backward":
        return _Backward(self, super().backward.name)


@dataclass(frozen=True)
class _Forward(Forward):
    def factors(self, case: Any) -> dict[str, float]:
        return {"1 / p": 1 / case[1]["p"]}

    def watched(self, case: Any) -> dict[int | str, str]:
        return {0: "x"}

    def out(self, answer: Remote, case: Any) -> np.ndarray:
        """What comes out, in the shape of x."""
        out = to_array(super().read(answer, case)["out"], "out")
        check_shape({"out": out}, "out", case[0].shape)
        return out

    def read(self, answer: Remote, case: Any) -> dict[str, Any]:
        """out, where what is dropped counts as right."""
        out, param = self.out(answer, case), case[1]
        if param["mode"] == "train" and param["p"] < 1:
            if out.all() or not out.any():
                raise CheckFailed(_("{what}: all values are kept, or none").format(what="out"))
            out = np.where(out == 0, self.right(case)["out"].astype(out.dtype), out)
        return {"out": out}

    def check_extremes(self, student: Student, case: Any, show: bool = False) -> None:
        """Are the smallest and the largest value right, and then all that are kept?"""
        answer = self.call(student, case)
        check_extremes(answer.get("[0]", keep=True), "out", case[0], case[1], show)
        assert_close(self.read(answer, case)["out"], self.right(case)["out"], "out", show=show)

    def check_share(self, student: Student, case: Any) -> None:
        """Is a share p of the values kept, as far as chance allows, and each by itself?"""
        p, kept = case[1]["p"], self.out(self.call(student, case), case) != 0
        for axis, reason in (
            (1, _("whole rows are kept or dropped")),
            (0, _("whole columns are kept or dropped")),
        ):
            if np.array_equal(kept.any(axis=axis), kept.all(axis=axis)):
                raise CheckFailed(reason, _("draw a number for each value, in the shape of x"))
        # The share of n values scatters with a standard deviation of sqrt(p (1 - p) / n).
        share, margin = kept.mean(), 6 * (p * (1 - p) / kept.size) ** 0.5
        if abs(share - p) > margin:
            symptom = ""
            if abs(share - (1 - p)) <= margin:
                symptom = _("it is close to 1 - p")
            elif abs(share - 0.5 * (1 + math.erf(p / 2**0.5))) <= margin:
                symptom = _("so many normal random numbers are below p; draw uniform ones")
            raise CheckFailed(_("the share of values that are kept is not p"), symptom)

    def check_seeds(self, student: Student, case: Any) -> None:
        """Are the same values kept with the same seed, and others, and as many others, if not?"""
        x, param = case
        cases = [(x, {**param, "seed": param["seed"] + i}) for i in range(8)]
        kept, again = (
            [self.out(self.call(student, one), one) != 0 for one in cases] for _time in range(2)
        )
        if not np.array_equal(kept, again):
            raise CheckFailed(_("the same seed keeps other values the second time"))
        if any(np.array_equal(kept[0], other) for other in kept[1:]):
            raise CheckFailed(
                _("two seeds keep exactly the same values"),
                _("is the mask drawn from rng, which is made from the seed?"),
            )
        if len({int(one.sum()) for one in kept}) == 1:
            raise CheckFailed(
                _("the same number of values is kept each time"),
                _("each value is kept with probability p, whatever becomes of all the others"),
            )


@dataclass(frozen=True)
class _Backward(Backward):
    layer: Dropout

    def factors(self, case: Any) -> dict[str, float]:
        return self.layer.forward.factors(case)

    def check_extremes(self, student: Student, case: Any, show: bool = False) -> None:
        """Are the smallest and the largest value of dx right, where dout is one number?"""
        _x, param, dout = case
        dout = np.full(dout.shape, np.abs(dout).max())
        dx = student.call(self.name, dout, self.cache(student, case), keep=True)
        check_extremes(dx, "dx", dout, param, show)

    def check_mask(self, student: Student, case: Any) -> None:
        """Is dx dout, scaled as out is, where a value was kept, and 0 elsewhere?"""
        self._compare(student, case, self.layer.forward.call(student, case[:2]))

    def check_two_layers(self, student: Student, case: Any) -> None:
        """So it is without a seed, where two layers share one dropout_param?"""
        x, param, dout = case
        shared = student.put({name: param[name] for name in ("p", "mode")})
        cases = [case, (x[:, 1:], param, dout[:, 1:])]
        answers = [self.layer.forward.call(student, (one[0], shared)) for one in cases]
        for one, answer in zip(reversed(cases), reversed(answers), strict=True):
            self._compare(student, one, answer)

    def check_seed_changed(self, student: Student, case: Any) -> None:
        """So it is when the seed has changed since?"""
        param = student.put(case[1])
        answer = self.layer.forward.call(student, (case[0], param))
        student.set(param, "['seed']", case[1]["seed"] + 1)
        self._compare(student, case, answer)

    def _compare(self, student: Student, case: Any, answer: Remote) -> None:
        forward = self.layer.forward
        kept = forward.out(answer, case) != 0
        dx = student.call(self.name, case[2], forward.cache(answer))
        want = np.where(kept, self.right(case)["dx"], 0)
        assert_close(dx, want, "dx", factors=self.factors(case))
        if not kept.any():
            raise CheckFailed(_("dropout_forward keeps no value, so that dx tells nothing"))


def check_extremes(array: Remote, what: str, values: np.ndarray, param: Any, show: bool) -> None:
    """Are these the smallest and the largest value of an array of equal values, passed through?"""
    if array.type_name != "ndarray":
        reason = _("{what} is a {kind}, where a NumPy array is expected")
        raise CheckFailed(reason.format(what=what, kind=array.type_name))
    scale, low = (1 / param["p"], 0.0) if param["mode"] == "train" else (1.0, values.min())
    for got, want, name in (
        (array.min(), low, _("the smallest value of {what}")),
        (array.max(), scale * values.max(), _("the largest value of {what}")),
    ):
        assert_close(got, want, name.format(what=what), factors={"1 / p": scale}, show=show)


dropout = Dropout(
    "dropout",
    twin=lambda x, param: x / param["p"] if param["mode"] == "train" else x.clone(),
    inputs=dropout_inputs,
    arguments=("x", "dropout_param"),
)
