"""Comparisons for checks: is the answer right, and if not, what does it look like?

Every function here raises :class:`~assignments.student.CheckFailed` with a reason that a student
can act on and, where the answer alone tells it, a symptom. None shows the expected values.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from assignments.messages import _
from assignments.student import CheckFailed, Remote
from assignments.symptoms import find_symptom

__all__ = ["assert_close", "assert_equal", "assert_unchanged", "relative_error", "to_array"]

#: An answer in single precision is compared no more strictly than this.
_PRECISION = {"float32": 1e-4, "complex64": 1e-4}


def relative_error(got: Any, want: Any) -> float:
    """The largest ``|got - want| / max(|got| + |want|, 1e-8)`` over all places."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    scale = np.maximum(np.abs(got) + np.abs(want), 1e-8)
    return float(np.max(np.abs(got - want) / scale, initial=0.0))


def to_array(got: Any, what: str = "", ndim: int | None = None) -> np.ndarray:
    """An answer as a plain NumPy array.

    Args:
        got: what the student's code returned.
        what: how the reason names it, such as ``"dists"``.
        ndim: 0 where a number is asked for.

    Raises:
        CheckFailed: it is neither an array, a tensor nor, where ``ndim`` is 0, a number.
    """
    what = what or _("the result")
    if got is None:
        raise CheckFailed(_("{what} is None; is a return missing?").format(what=what))
    if isinstance(got, Remote):
        kind = got._handle
        raise CheckFailed(
            _("{what} is of type {kind}, where numbers are expected").format(what=what, kind=kind)
        )
    if hasattr(got, "detach"):
        got = got.detach().cpu().numpy()
    number = isinstance(got, bool | int | float | complex | np.generic)
    if not isinstance(got, np.ndarray) and not (number and not ndim):
        raise CheckFailed(
            _("{what} is of type {kind}, where a NumPy array is expected").format(
                what=what, kind=type(got).__name__
            )
        )
    return np.asarray(got)


def assert_close(
    got: Any,
    want: Any,
    what: str = "",
    *,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    factors: Mapping[str, float] | None = None,
) -> None:
    """Is ``got`` an array, or a number, close to ``want``?

    Args:
        got: what the student's code returned.
        want: the oracle's array or number.
        what: how the reason names it, such as ``"dists"``.
        rtol: relative tolerance; an answer in single precision gets 1e-4 at least.
        atol: absolute tolerance, times the largest magnitude in ``want``, at least 1.
        factors: names of numbers that an answer may be off by, such as
            ``{"the number of images": N}``.

    Raises:
        CheckFailed: it is not.
    """
    what = what or _("the result")
    want = np.asarray(want.detach().cpu() if hasattr(want, "detach") else want)
    array = to_array(got, what, ndim=want.ndim)
    if array.shape != want.shape:
        raise CheckFailed(
            _("{what} has shape {got}, where {want} is expected").format(
                what=what, got=array.shape, want=want.shape
            ),
            find_symptom(array, want, factors),
        )
    if array.dtype.kind == "c" and want.dtype.kind != "c":
        raise CheckFailed(_("{what} has complex numbers in it").format(what=what))
    loosest = _PRECISION.get(str(array.dtype), 0.0)
    scale = max(1.0, float(np.max(np.abs(want), initial=0.0, where=np.isfinite(want))))
    rtol, atol = max(rtol, loosest), max(atol, loosest / 10) * scale
    wrong = ~np.isclose(array, want, rtol=rtol, atol=atol, equal_nan=True)
    if wrong.any():
        if want.ndim == 0 and not np.isfinite(array):
            reason = _("{what} is {value}").format(what=what, value=array)
        elif want.ndim == 0:
            reason = _("{what} is off by a relative error of {error:.2g}").format(
                what=what, error=relative_error(array, want)
            )
        else:
            reason = _("{what} is wrong at {wrong} of {all} places").format(
                what=what, wrong=int(wrong.sum()), all=wrong.size
            )
        raise CheckFailed(reason, find_symptom(array, want, factors, rtol, atol))


def assert_equal(got: Any, want: Any, what: str = "") -> None:
    """Is ``got`` exactly ``want``, as whole numbers (labels, indices, counts) should be?

    Raises:
        CheckFailed: it is not.
    """
    what = what or _("the result")
    want = np.asarray(want)
    array = to_array(got, what, ndim=want.ndim)
    if array.shape != want.shape:
        raise CheckFailed(
            _("{what} has shape {got}, where {want} is expected").format(
                what=what, got=array.shape, want=want.shape
            )
        )
    wrong = array != want
    if wrong.any():
        raise CheckFailed(
            _("{what} is wrong at {wrong} of {all} places").format(
                what=what, wrong=int(wrong.sum()), all=wrong.size
            ),
            find_symptom(array, want),
        )


def assert_unchanged(changed: Mapping[int | str, Any], names: Mapping[int | str, str]) -> None:
    """Did the last call leave its arguments alone?

    Args:
        changed: ``student.changed``.
        names: for each position or keyword, how the reason names that argument.

    Raises:
        CheckFailed: it did not.
    """
    touched = [name for place, name in names.items() if place in changed]
    if touched:
        raise CheckFailed(
            _("the call changes its argument {names} in place; work on a copy").format(
                names=", ".join(touched)
            )
        )
