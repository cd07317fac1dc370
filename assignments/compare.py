"""Comparisons for checks: is the answer right, and if not, what does it look like?

Every function here raises :class:`~assignments.student.CheckFailed` with a reason that a student
can act on and, where the answer alone tells it, a symptom. None shows the expected values, unless a
check asks for that with ``show``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from assignments.messages import _, ngettext
from assignments.student import CheckFailed, Remote, StudentError
from assignments.symptoms import find_symptom

__all__ = [
    "assert_close",
    "assert_equal",
    "assert_unchanged",
    "relative_error",
    "to_array",
    "unpack",
    "wrong_kind",
]

#: An answer in single precision is compared no more strictly than this.
_PRECISION = {"float32": 1e-4, "complex64": 1e-4}


def relative_error(got: Any, want: Any) -> float:
    """The largest ``|got - want| / max(|got| + |want|, 1e-8)`` over all places."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    with np.errstate(invalid="ignore"):  # infinity over infinity is NaN
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
        raise CheckFailed(
            _("{what}: None, where numbers are expected; is `return` missing?").format(what=what)
        )
    if isinstance(got, Remote):
        kind = got._handle
        raise CheckFailed(
            _("{what}: of type {kind}, where numbers are expected").format(what=what, kind=kind)
        )
    if hasattr(got, "detach"):
        got = got.detach().cpu().numpy()
    number = isinstance(got, bool | int | float | complex | np.generic)
    if not isinstance(got, np.ndarray) and not (number and not ndim):
        raise CheckFailed(
            _("{what}: of type {kind}, where a NumPy array is expected").format(
                what=what, kind=type(got).__name__
            )
        )
    return np.asarray(got)


def unpack(result: Any, name: str, parts: Sequence[str]) -> list:
    """The parts of a tuple that a function returned, also of a named one.

    Args:
        result: what it returned.
        name: how the reason names the function.
        parts: the names of what it should return.

    Raises:
        CheckFailed: it returned something else.
    """
    if isinstance(result, Remote) and result.type_name not in ("ndarray", "generator"):
        try:
            return [result.get(f"[{i}]") for i in range(len(parts))]
        except StudentError:
            pass
    if isinstance(result, tuple | list) and len(result) == len(parts):
        return list(result)
    if isinstance(result, tuple | list):
        count = len(result)
        reason = ngettext(
            "{name} returns {count} value, where ({want}) is expected",
            "{name} returns {count} values, where ({want}) is expected",
            count,
        ).format(name=name, count=count, want=", ".join(parts))
        raise CheckFailed(reason)
    raise CheckFailed(wrong_kind(result, name, f"({', '.join(parts)})"))


def wrong_kind(result: Any, name: str, want: str) -> str:
    """The reason when a function returns something that is of another kind than it should."""
    kind = result.type_name if isinstance(result, Remote) else type(result).__name__
    if kind == "NoneType":
        return _("{name} returns nothing; is `return` missing?").format(name=name)
    return _("{name} returns a value of type {kind}, where {want} is expected").format(
        name=name, kind=kind, want=want
    )


def assert_close(
    got: Any,
    want: Any,
    what: str = "",
    *,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    factors: Mapping[str, float] | None = None,
    known: Mapping[str, Any] | None = None,
    show: bool = False,
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
        known: known mistakes and the wrong answers they lead to, such as
            ``{"the bias is missing": x @ w}``; the name of the mistake is the symptom.
        show: state what is expected. Only for public examples that a student follows by hand.

    Raises:
        CheckFailed: it is not.
    """
    what = what or _("the result")
    want = np.asarray(want.detach().cpu() if hasattr(want, "detach") else want)
    array = to_array(got, what, ndim=want.ndim)
    if array.shape != want.shape:
        raise CheckFailed(
            _("{what}: shape {got}, where {want} is expected").format(
                what=what, got=array.shape, want=want.shape
            ),
            find_symptom(array, want, factors, known=known),
        )
    if array.dtype.kind == "c" and want.dtype.kind != "c":
        raise CheckFailed(_("{what}: complex numbers").format(what=what))
    loosest = _PRECISION.get(str(array.dtype), 0.0)
    scale = max(1.0, float(np.max(np.abs(want), initial=0.0, where=np.isfinite(want))))
    rtol, atol = max(rtol, loosest), max(atol, loosest / 10) * scale
    wrong = ~np.isclose(array, want, rtol=rtol, atol=atol, equal_nan=True)
    if wrong.any():
        reason = _reason(array, want, wrong, what, show)
        raise CheckFailed(reason, find_symptom(array, want, factors, rtol, atol, known))


def assert_equal(
    got: Any,
    want: Any,
    what: str = "",
    *,
    known: Mapping[str, Any] | None = None,
    show: bool = False,
) -> None:
    """Is ``got`` exactly ``want``, as whole numbers (labels, indices, counts) should be?

    ``known`` and ``show`` are those of :func:`assert_close`.

    Raises:
        CheckFailed: it is not.
    """
    what = what or _("the result")
    want = np.asarray(want)
    array = to_array(got, what, ndim=want.ndim)
    if array.shape != want.shape:
        raise CheckFailed(
            _("{what}: shape {got}, where {want} is expected").format(
                what=what, got=array.shape, want=want.shape
            )
        )
    wrong = array != want
    if wrong.any():
        reason = _wrong_places(array, want, wrong, what, show)
        raise CheckFailed(reason, find_symptom(array, want, known=known))


def _reason(array: np.ndarray, want: np.ndarray, wrong: np.ndarray, what: str, show: bool) -> str:
    if want.ndim and want.any() and not array.any():
        return _("{what}: zero everywhere").format(what=what)
    if want.ndim:
        return _wrong_places(array, want, wrong, what, show)
    if show:
        return _("{what}: {got:.6g}, where {want:.6g} is expected").format(
            what=what, got=array, want=want
        )
    if not np.isfinite(array) or not array:
        return f"{what}: {array:g}"
    return _("{what}: off by a relative error of {error:.2g}").format(
        what=what, error=relative_error(array, want)
    )


def _wrong_places(
    array: np.ndarray, want: np.ndarray, wrong: np.ndarray, what: str, show: bool
) -> str:
    if show and not want.ndim:
        return _("{what}: {got}, where {want} is expected").format(what=what, got=array, want=want)
    reason = _("{what}: wrong at {wrong} of {all} places").format(
        what=what, wrong=int(wrong.sum()), all=wrong.size
    )
    if show and array.dtype.kind in "biuf":
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        reason += _("; at {place} it is {got:.6g}, where {want:.6g} is expected").format(
            place=list(place), got=array[place], want=want[place]
        )
    return reason


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
            ngettext(
                "the call changes its argument {names} in place; work on a copy",
                "the call changes its arguments {names} in place; work on copies",
                len(touched),
            ).format(names=", ".join(touched))
        )
