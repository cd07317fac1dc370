"""Diagnosis: which named mistake made this answer?

The transcript of a failed question (the replies of the student's code, in order) is compared with
what each mistake replies to the same calls. Up to and including the first reply that differs
from the reference's, exactly one mistake must have replied the same.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import numpy as np

from assignments.compare import as_numpy
from assignments.questions import Seeds
from assignments.student import Reply
from autograder.answer_key import AnswerKey
from autograder.mistakes import Mistake
from autograder.scoring import Attempt, attempt_question

__all__ = ["Diagnosis", "same_reply"]

_NUMBERS = (bool, int, float, complex, np.generic, np.ndarray)
#: Numbers that are compared at once.
_PART = 2**18


class Diagnosis:
    """The mistakes of one question, run on the same inputs as the student's code.

    Args:
        key: the notebook's answer key.
        question: the grade_id.
        seeds: what the checks were seeded with for the student.
        served: names that the reference answered in the attempt to explain.
    """

    def __init__(
        self,
        key: AnswerKey,
        question: str,
        seeds: Seeds,
        served: tuple[str, ...] = (),
    ) -> None:
        self.key = key
        self.question = question
        self._seeds = seeds
        self._served = served
        self._attempts: dict[str, Attempt] = {}

    def of(self, attempt: Attempt) -> Mistake | None:
        """The one mistake that explains a failed attempt, or None."""
        theirs = _replies(attempt)
        first = _first_difference(theirs, _replies(self._run(None)))
        suspects = [
            mistake
            for mistake in self.key.mistakes(self.question)
            if self._explains(mistake, attempt, theirs, first)
        ]
        if len(suspects) > 1:
            # Those that reply the same to the very end explain it better.
            suspects = [
                mistake
                for mistake in suspects
                if _first_difference(theirs, _replies(self.attempt_of(mistake))) is None
                and _failed(self.attempt_of(mistake)) == _failed(attempt)
            ]
        return suspects[0] if len(suspects) == 1 else None

    def attempt_of(self, mistake: Mistake) -> Attempt:
        """How a mistake fares on these inputs."""
        return self._run(mistake)

    def _run(self, mistake: Mistake | None) -> Attempt:
        name = mistake.name if mistake else ""
        if name not in self._attempts:
            session = self.key.session(mistake)
            with redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._attempts[name] = attempt_question(
                    session, self.key, self.question, self._seeds, self._served
                )
        return self._attempts[name]

    def _explains(
        self,
        mistake: Mistake,
        attempt: Attempt,
        theirs: list[tuple[int, Reply]],
        first: int | None,
    ) -> bool:
        told = self.attempt_of(mistake)
        if first is None:
            # Every reply is right; only reading the source gave it away.
            return _failed(told) == _failed(attempt) and (
                _first_difference(theirs, _replies(told)) is None
            )
        return _first_difference(theirs[: first + 1], _replies(told)[: first + 1]) is None


def _replies(attempt: Attempt) -> list[tuple[int, Reply]]:
    """All replies with the number of their check."""
    return [
        (number, reply)
        for number, transcript in enumerate(attempt.transcripts)
        for reply in transcript
    ]


def _failed(attempt: Attempt) -> list[str]:
    return [result.check.name for result in attempt.results if not result.passed]


def _first_difference(a: list[tuple[int, Reply]], b: list[tuple[int, Reply]]) -> int | None:
    for at, (one, other) in enumerate(zip(a, b, strict=False)):
        if one[0] != other[0] or not same_reply(one[1], other[1]):
            return at
    return None if len(a) == len(b) else min(len(a), len(b))


def same_reply(a: Reply, b: Reply) -> bool:
    """Do two replies say the same, up to rounding and to what stays behind handles?"""
    if a.error is None or b.error is None:
        return (
            a.error is b.error and a.changed.keys() == b.changed.keys() and _same(a.value, b.value)
        )
    return a.error["type"] == b.error["type"]


def _same(a: Any, b: Any) -> bool:
    a, b = as_numpy(a), as_numpy(b)
    if isinstance(a, _NUMBERS) and isinstance(b, _NUMBERS):
        try:
            return _same_numbers(np.asarray(a), np.asarray(b))
        except OverflowError:  # an integer beyond all floats
            return type(a) is type(b) and a == b
    if type(a) is not type(b):
        return False
    if isinstance(a, slice):
        a, b = (a.start, a.stop, a.step), (b.start, b.stop, b.step)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(value, b[key]) for key, value in a.items())
    if hasattr(a, "type_name"):
        return True
    return bool(a == b)


def _same_numbers(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape:
        return False
    single = any(
        x.dtype.kind in "fc" and x.dtype.itemsize // (1 + (x.dtype.kind == "c")) <= 4
        for x in (a, b)
    )
    rtol = 1e-3 if single else 1e-6
    scale = max((_largest(part) for part in _parts(b)), default=0.0)
    with np.errstate(all="ignore"):
        return all(
            np.allclose(one, other, rtol=rtol, atol=rtol * 1e-2 * scale, equal_nan=True)
            for one, other in zip(_parts(a), _parts(b), strict=True)
        )


def _parts(array: np.ndarray) -> Iterator[np.ndarray]:
    """An array in parts, in double precision: what comparing takes does not grow with its size."""
    kind = np.complex128 if array.dtype.kind == "c" else np.float64
    flat = array.reshape(-1)
    for start in range(0, flat.size, _PART):
        with np.errstate(all="ignore"):
            yield flat[start : start + _PART].astype(kind)


def _largest(array: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        return float(np.max(np.abs(array), initial=0.0, where=np.isfinite(array)))
