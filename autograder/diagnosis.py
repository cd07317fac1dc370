"""Diagnosis: which named misconception made this answer?

The transcript of a failed question (the replies of the student's code, in order) is compared with
what each misconception replies to the same calls. Up to and including the first reply that differs
from the reference's, exactly one misconception must have replied the same.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from assignments.questions import Check
from assignments.student import Reply
from autograder.answer_key import AnswerKey
from autograder.misconceptions import Misconception
from autograder.scoring import Attempt, attempt_question
from autograder.session import LiveSession

__all__ = ["diagnose", "same_reply"]


def diagnose(
    attempt: Attempt, key: AnswerKey, question: str, seed: Callable[[Check], int]
) -> Misconception | None:
    """The one misconception that explains a failed attempt, or None.

    Args:
        attempt: the attempt that counted.
        key: the notebook's answer key.
        question: the grade_id.
        seed: as in the attempt, so that the calls are the same.
    """

    def replies_of(module: Any) -> Attempt:
        session = LiveSession(vars(module), module.missing_names)
        return attempt_question(session, key, question, seed, attempt.served)

    theirs = _replies(attempt)
    right = _replies(replies_of(key.reference))
    first = _first_difference(theirs, right)
    suspects: list[tuple[Misconception, Attempt]] = []
    for misconception in key.misconceptions(question):
        told = replies_of(key.patched(misconception))
        other = _replies(told)
        if first is None:
            # Only the source text gave it away: compare which checks failed.
            if _failed(told) == _failed(attempt) and _first_difference(other, right) is None:
                suspects.append((misconception, told))
        elif _first_difference(theirs[: first + 1], other[: first + 1]) is None:
            suspects.append((misconception, told))
    if len(suspects) > 1:
        # Those that reply the same to the very end are better suspects.
        suspects = [
            (misconception, told)
            for misconception, told in suspects
            if _first_difference(theirs, _replies(told)) is None
            and _failed(told) == _failed(attempt)
        ]
    return suspects[0][0] if len(suspects) == 1 else None


def _replies(attempt: Attempt) -> list[tuple[int, Reply]]:
    """All replies with the number of their check; source texts differ always and do not count."""
    return [
        (number, reply)
        for number, transcript in enumerate(attempt.transcripts)
        for reply in transcript
        if reply.operation != "source"
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
    if (a.error is None) != (b.error is None):
        return False
    if a.error is not None and b.error is not None:
        return a.error["type"] == b.error["type"]
    return a.changed.keys() == b.changed.keys() and _same(a.value, b.value)


def _same(a: Any, b: Any) -> bool:
    if hasattr(a, "detach"):
        a = a.detach().cpu().numpy()
    if hasattr(b, "detach"):
        b = b.detach().cpu().numpy()
    numbers = (bool, int, float, complex, np.generic, np.ndarray)
    if isinstance(a, numbers) and isinstance(b, numbers):
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape:
            return False
        loose = min(a.dtype.itemsize, b.dtype.itemsize) <= 4 and "f" in (a.dtype.kind, b.dtype.kind)
        rtol = 1e-3 if loose else 1e-6
        scale = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
        with np.errstate(all="ignore"):
            return bool(np.allclose(a, b, rtol=rtol, atol=rtol * 1e-2 * scale, equal_nan=True))
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(value, b[key]) for key, value in a.items())
    if hasattr(a, "type_name"):
        return True
    return bool(a == b)
