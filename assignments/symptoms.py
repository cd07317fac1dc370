"""Symptoms: what a wrong answer looks like, read from the answer alone.

A symptom never shows the expected values. It says how the answer relates to them: flipped in sign,
off by a factor, transposed, not square-rooted, right in some rows only. Recorded mistakes are named
by :mod:`assignments.causes`.
"""

import warnings
from collections.abc import Mapping

import numpy as np

from assignments.messages import _, ngettext

__all__ = ["find_symptom"]


def find_symptom(
    got: np.ndarray,
    want: np.ndarray,
    factors: Mapping[str, float] | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-8,
) -> str:
    """One sentence about how ``got`` differs from ``want``, or "".

    Args:
        got, want: numeric arrays of any shapes.
        factors: names of numbers that the answer may be off by.
        rtol, atol: when two numbers count as the same.
    """
    got = np.asarray(got)
    want = np.asarray(want)
    if got.dtype.kind not in "biufc" or want.dtype.kind not in "biufc":
        return ""
    if want.dtype.kind in "fc" and got.dtype.kind != "c":
        got = got.astype(np.float64)  # whole numbers and truth values have no signs or roots

    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return a.shape == b.shape and bool(np.allclose(a, b, rtol=rtol, atol=atol))

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if symptom := _not_finite(got, want):
            return symptom
        if got.shape != want.shape:
            return _of_shape(got, want, same)
        if want.size == 0:
            return ""
        if want.ndim == 2 and same(got.T, want):
            return _("it is transposed")
        if want.dtype.kind in "iub":
            return _of_order(got, want, same)
        if not got.any():
            return ""  # the reason says so
        if same(-got, want):
            return _("every sign is flipped") if want.size > 1 else _("its sign is flipped")
        if same(np.sqrt(got), want):
            return _("it is the square of what it should be: is a square root missing?")
        if same(got * got, want):
            return _("it is the square root of what it should be")
        if symptom := _of_factor(got, want, same, factors or {}):
            return symptom
        if want.size > 1 and same(got - (got - want).mean(), want):
            return _("it is off by the same amount everywhere: is a term missing or too much?")
        return _of_order(got, want, same) or _of_rows(got, want, rtol, atol)


def _not_finite(got: np.ndarray, want: np.ndarray) -> str:
    if got.dtype.kind not in "fc" or not np.isfinite(want).all():
        return ""
    if np.isnan(got).any():
        return _("it contains NaN: does something overflow, or divide zero by zero?")
    if np.isinf(got).any():
        return _("it contains infinity: does something overflow, or divide by zero?")
    return ""


def _of_shape(got: np.ndarray, want: np.ndarray, same) -> str:
    if got.ndim == want.ndim == 2 and same(got.T, want):
        return _("it is transposed")
    if got.size == want.size and same(got.reshape(want.shape), want):
        return _("the values are right, only the shape is not")
    if got.ndim == want.ndim and got.shape == want.shape[::-1]:
        return _("the axes are in the opposite order")
    if want.ndim and got.ndim == want.ndim - 1:
        for axis in range(want.ndim):
            if same(got, want.sum(axis=axis)):
                return _("it is summed over axis {axis}, which should stay").format(axis=axis)
            if same(got, want.mean(axis=axis)):
                return _("it is averaged over axis {axis}, which should stay").format(axis=axis)
    return ""


def _of_factor(got: np.ndarray, want: np.ndarray, same, factors: Mapping[str, float]) -> str:
    strong = np.abs(want) > 1e-3 * np.abs(want).max()
    ratio = float(np.median((got[strong] / want[strong]).real)) if strong.any() else 0.0
    if not np.isfinite(ratio) or ratio == 0 or not same(got / ratio, want):
        return ""
    for name, number in factors.items():
        if abs(number) < 1:
            name, number = _("1 / {name}").format(name=name), 1 / number
        for value, sentence in (
            (number, _("it is too large by a factor of {factor:.4g}, which is {name}")),
            (1 / number, _("it is too small by a factor of {factor:.4g}, which is {name}")),
        ):
            if abs(number) != 1 and np.isclose(ratio, value, rtol=1e-4):
                return sentence.format(factor=number, name=name)
    if np.isclose(ratio, 2, rtol=1e-4):
        return _("it is twice what it should be")
    if np.isclose(ratio, 0.5, rtol=1e-4):
        return _("it is half of what it should be")
    # One number is always some multiple of another: that would say nothing.
    if want.size < 2:
        return ""
    return _("it is {ratio:.4g} times what it should be, everywhere").format(ratio=ratio)


def _of_order(got: np.ndarray, want: np.ndarray, same) -> str:
    if want.size < 2 or got.shape != want.shape:
        return ""
    if same(np.sort(got, axis=None), np.sort(want, axis=None)):
        return _("the right values are there, in another order")
    return ""


def _of_rows(got: np.ndarray, want: np.ndarray, rtol: float, atol: float) -> str:
    if want.ndim < 1 or want.size < 2:
        return ""
    right = np.isclose(got, want, rtol=rtol, atol=atol)
    for axis, said in enumerate((_rows_right, _columns_right)):
        if axis >= want.ndim or want.ndim == 1:
            continue
        others = tuple(i for i in range(want.ndim) if i != axis)
        count = int(right.all(axis=others).sum())
        if 0 < count < want.shape[axis]:
            return said(count).format(right=count, all=want.shape[axis])
    count = int(right.sum())
    if 0 < count < right.size and right.mean() > 0.2:
        sentence = ngettext(
            "{right} of {all} values is right", "{right} of {all} values are right", count
        )
        return sentence.format(right=count, all=right.size)
    return ""


def _rows_right(count: int) -> str:
    return ngettext("{right} of {all} rows is right", "{right} of {all} rows are right", count)


def _columns_right(count: int) -> str:
    return ngettext(
        "{right} of {all} columns is right", "{right} of {all} columns are right", count
    )
