"""What the public and hidden checks of dropout share with others."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from assignments.checks.a1_classifiers.two_layer_net import forward
from assignments.compare import assert_close, to_array
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student


def forward_inside(
    student: Student, x: np.ndarray, dropout_param: dict[str, Any]
) -> tuple[Remote, Remote]:
    """out and cache of dropout_forward; both stay inside."""
    out, cache = forward(student, "dropout_forward", x, dropout_param, keep=True)
    return array_inside(out, "out"), cache


def array_inside(value: Any, what: str) -> Remote:
    """An answer that stays inside, if it is an array."""
    if value.type_name != "ndarray":
        raise CheckFailed(
            _("{what} is a {kind}, where a NumPy array is expected").format(
                what=what, kind=value.type_name
            )
        )
    return value


def check_extremes(
    array: Remote, what: str, smallest: float, largest: float, p: float, show: bool = False
) -> None:
    """Are these the smallest and the largest value of an array?

    They are the same whatever is kept, so that a mistake is recognised whatever the student's code
    draws its random numbers with.
    """
    for got, want, name in (
        (array.min(), smallest, _("the smallest value of {what}")),
        (array.max(), largest, _("the largest value of {what}")),
    ):
        assert_close(got, want, name.format(what=what), factors={"1 / p": 1 / p}, show=show)


def train(student: Student, x: np.ndarray, **dropout_param: float) -> np.ndarray:
    """out of dropout_forward in training, for x without a 0, as an array of x's shape."""
    out, _cache = forward(student, "dropout_forward", x, {"mode": "train", **dropout_param})
    out = to_array(out, "out")
    if out.shape != x.shape:
        raise CheckFailed(
            _("out has shape {got}, where {want} is expected").format(got=out.shape, want=x.shape)
        )
    return out


def check_share(out: np.ndarray, p: float) -> None:
    """Is a share p of the values kept, as far as chance allows?"""
    kept = np.mean(out != 0)
    # The share of n values scatters with a standard deviation of sqrt(p (1 - p) / n).
    margin = 6 * (p * (1 - p) / out.size) ** 0.5
    if abs(kept - p) > margin:
        symptom = ""
        if abs(kept - (1 - p)) <= margin:
            symptom = _("it is close to 1 - p")
        elif abs(kept - 0.5 * (1 + math.erf(p / 2**0.5))) <= margin:
            symptom = _("so many normal random numbers are below p; draw uniform ones")
        raise CheckFailed(_("the share of values that are kept is not p"), symptom)


def check_seeds(student: Student, x: np.ndarray, p: float, seeds: tuple[int, ...]) -> None:
    """Are the same values kept with the same seed, and others with another?"""
    kept = [train(student, x, p=p, seed=seed) != 0 for seed in seeds]
    for seed, before in zip(seeds, kept, strict=True):
        again = train(student, x, p=p, seed=seed) != 0
        if (again != before).any():
            raise CheckFailed(_("the same seed keeps other values the second time"))
    for other in kept[1:]:
        if (other == kept[0]).all():
            raise CheckFailed(
                _("two seeds keep exactly the same values"),
                _("is the mask drawn from rng, which is made from the seed?"),
            )


def check_counts(student: Student, seeds: Iterable[int]) -> None:
    """Does the number of values that are kept vary, as it does where each is drawn by itself?"""
    counts = {np.count_nonzero(train(student, np.ones((10, 10)), p=0.5, seed=i)) for i in seeds}
    if len(counts) == 1:
        raise CheckFailed(
            _("the same number of values is kept each time"),
            _("each value is kept with probability p, whatever becomes of all the others"),
        )


def check_type(student: Student, dropout_param: dict, dtype: type) -> None:
    """Has out the type that x has?"""
    x: np.ndarray = np.ones((4, 5), dtype)
    out, _cache = forward(student, "dropout_forward", x, dropout_param)
    got = to_array(out, "out").dtype
    if got != dtype:
        raise CheckFailed(
            _("out has the type {got}, where x has {want}").format(got=got, want=x.dtype)
        )
