"""Comparisons for checks: is the answer right, and if not, what does it look like?

Every function here raises :class:`~assignments.student.CheckFailed` with a reason that a student
can act on and, where the answer alone tells it, a symptom. None shows the expected values, unless a
check asks for that with ``show``.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np

from assignments.form import note_form
from assignments.messages import _, ngettext
from assignments.student import CheckFailed, Remote, StudentError
from assignments.symptoms import find_symptom

__all__ = [
    "Tolerance",
    "as_numpy",
    "assert_close",
    "assert_equal",
    "assert_single",
    "assert_unchanged",
    "relative_error",
    "to_array",
    "unpack",
    "wrong_kind",
]

#: An answer in single precision is compared no more strictly than this.
_PRECISION = {"float32": 1e-4, "complex64": 1e-4}


#: Of a list or tuple of numbers, at most so many are read as an array.
_MAX_LISTED = 2**22


class Tolerance(TypedDict, total=False):
    """How close an answer has to be, as :func:`assert_close` says it."""

    rtol: float
    atol: float


def relative_error(got: Any, want: Any) -> float:
    """The largest ``|got - want| / max(|got| + |want|, 1e-8)`` over all places.

    Raises:
        CheckFailed: they cannot be compared.
    """
    got, want = to_array(got), to_array(want)
    try:
        got, want = np.broadcast_arrays(got, want)
    except ValueError:
        raise CheckFailed(_wrong_shape(_("the result"), got, want)) from None
    kind = np.complex128 if "c" in got.dtype.kind + want.dtype.kind else np.float64
    with np.errstate(all="ignore"):  # infinity over infinity is NaN
        got, want = got.astype(kind), want.astype(kind)
        scale = np.maximum(np.abs(got) + np.abs(want), 1e-8)
        return float(np.max(np.abs(got - want) / scale, initial=0.0))


def as_numpy(value: Any) -> Any:
    """A torch tensor as a NumPy array (bfloat16, which NumPy lacks, as float32); all else as is."""
    if isinstance(value, Remote) or not hasattr(value, "detach"):
        return value
    value = value.detach().cpu()
    return (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()


def to_array(got: Any, what: str = "", ndim: int | None = None) -> np.ndarray:
    """An answer as a plain NumPy array of numbers.

    A list or tuple of numbers is one, too, but not in the documented form.

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
    got = as_numpy(got)
    number = isinstance(got, bool | int | float | complex | np.generic)
    if isinstance(got, list | tuple) and (array := _listed(got)) is not None:
        sentence = _("{what}: a {kind}, where a NumPy array is documented")
        note_form(sentence.format(what=what, kind=type(got).__name__))
        return array
    if not isinstance(got, np.ndarray) and not (number and not ndim):
        raise CheckFailed(
            _("{what}: of type {kind}, where a NumPy array is expected").format(
                what=what, kind=type(got).__name__
            )
        )
    if type(got) is int and not -(2**63) <= got < 2**64:
        got = float(got) if abs(got) < 2**1023 else math.inf * (1 if got > 0 else -1)
    array = np.asarray(got)
    if array.dtype.kind not in "biufc":
        raise CheckFailed(
            _("{what}: of type {kind}, where numbers are expected").format(
                what=what, kind=array.dtype
            )
        )
    return array


def _listed(values: list | tuple) -> np.ndarray | None:
    """Numbers in lists and tuples, perhaps with arrays among them, as one array; or None."""
    left = _MAX_LISTED

    def plain(value: Any) -> Any:
        nonlocal left
        value = as_numpy(value)
        left -= value.size if isinstance(value, np.ndarray) else 1
        if left < 0:
            raise ValueError
        return [plain(item) for item in value] if isinstance(value, list | tuple) else value

    try:
        array = np.asarray(plain(values))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    return array if array.dtype.kind in "biufc" else None


def _in_shape(got: Any, want: np.ndarray, what: str) -> np.ndarray:
    """An answer as an array of the shape of ``want``, if it has these numbers in another form.

    Such are (1, D) and (D, 1) for (D,), and an array of one number for a number.
    """
    array = to_array(got, what, ndim=want.ndim)
    if array.shape == want.shape:
        return array
    if isinstance(got, list | tuple) and want.ndim and array.size != want.size:
        raise CheckFailed(
            _("{what}: of type {kind}, where a NumPy array is expected").format(
                what=what, kind=type(got).__name__
            )
        )
    row = want.ndim == 1 and array.ndim == 2 and 1 in array.shape
    if array.size == want.size and (row or (not want.ndim and array.ndim <= 2)):
        sentence = _("{what}: of shape {got}, where {want} is documented")
        note_form(sentence.format(what=what, got=array.shape, want=want.shape or _("a number")))
        return array.reshape(want.shape)
    return array


def _wrong_shape(what: str, got: np.ndarray, want: np.ndarray) -> str:
    # The sizes of many dimensions are a text of the student's choice.
    shape = str(got.shape) if got.ndim <= 8 else _("of {ndim} dimensions").format(ndim=got.ndim)
    return _("{what}: shape {got}, where {want} is expected").format(
        what=what, got=shape, want=want.shape
    )


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
        show: state what is expected. Only for public examples that a student follows by hand.

    Raises:
        CheckFailed: it is not.
    """
    what = what or _("the result")
    want = np.asarray(as_numpy(want))
    array = _in_shape(got, want, what)
    if array.shape != want.shape:
        symptom = find_symptom(array, want, factors)
        raise CheckFailed(_wrong_shape(what, array, want), symptom)
    if array.dtype.kind == "c" and want.dtype.kind != "c":
        raise CheckFailed(_("{what}: complex numbers").format(what=what))
    loosest = _PRECISION.get(str(array.dtype), 0.0)
    scale = max(1.0, float(np.max(np.abs(want), initial=0.0, where=np.isfinite(want))))
    rtol, atol = max(rtol, loosest), max(atol, loosest / 10) * scale
    wrong = ~np.isclose(array, want, rtol=rtol, atol=atol, equal_nan=True)
    if wrong.any():
        reason = _reason(array, want, wrong, what, show)
        raise CheckFailed(reason, find_symptom(array, want, factors, rtol, atol))


def assert_equal(
    got: Any,
    want: Any,
    what: str = "",
    *,
    show: bool = False,
) -> None:
    """Is ``got`` exactly ``want``, as whole numbers (labels, indices, counts) should be?

    ``show`` is that of :func:`assert_close`.

    Raises:
        CheckFailed: it is not.
    """
    what = what or _("the result")
    want = np.asarray(as_numpy(want))
    array = _in_shape(got, want, what)
    if array.shape != want.shape:
        raise CheckFailed(_wrong_shape(what, array, want))
    wrong = array != want
    if wrong.any():
        reason = _wrong_places(array, want, wrong, what, show)
        raise CheckFailed(reason, find_symptom(array, want))


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


def assert_single(**results: Any) -> None:
    """Are these arrays in single precision, as all inputs were?"""
    for name, result in results.items():
        dtype = to_array(result, name).dtype
        if dtype != np.float32:
            reason = _("{name} has the type {dtype}, where all inputs have float32")
            raise CheckFailed(reason.format(name=name, dtype=dtype))


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
