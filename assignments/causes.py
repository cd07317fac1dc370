"""Which recorded mistake makes these answers? Looked up, not run.

The release runs every recorded mistake of a question on the fixed inputs of its public checks and
keeps what each answer would be: of every number, array and exception in a reply, a few digits. An
answer that is wrong in the same way was made by the same mistake, part by part: where ``dw`` is
wrong as by one mistake and ``db`` as by another, both are named. What no mistake explains is told
by its symptom alone, or not at all.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from assignments.compare import as_numpy
from assignments.questions import CheckResult
from assignments.student import Reply

__all__ = [
    "FORMAT", "Cause", "Causes", "Deviations", "Digest", "answers_of", "causes_file", "deviations",
    "failed_of", "load_causes", "parts_of",
]  # fmt: skip

#: Replies of one check that are looked at; the first wrong one lies among them.
MAX_REPLIES = 40
#: Parts of one reply that are looked at.
MAX_PARTS = 40
#: Numbers of one array that are looked at, evenly apart.
MAX_NUMBERS = 2**18
#: How far two digests of the same numbers lie apart at most.
_CLOSE = {4: 2e-4, 8: 2e-6}

#: What answers were recorded by; a change here makes all of them stale.
FORMAT = 4
#: What is kept of one part: a shape or the type of an exception, then numbers.
Digest = tuple
#: Of each check (by name), the parts of its first wrong reply, by their names.
Deviations = Mapping[str, Mapping[str, Digest]]


@dataclass(frozen=True)
class Cause:
    """A recorded mistake, as far as it is told at home.

    Attributes:
        name: what it is recorded under.
        home: what the check asks ("Is the bias missing?").
        hint: what is said to somebody who is stuck.
        answers: where its answers are wrong, and how.
        failed: the checks that it fails.
    """

    name: str
    home: str
    hint: str
    answers: Deviations
    failed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Causes:
    """What is known of the wrong answers to one question.

    Attributes:
        right: for each check, the parts of the reference's replies.
        mistakes: all that are recorded.
    """

    right: Mapping[str, Mapping[str, Digest]] = field(default_factory=dict)
    mistakes: Sequence[Cause] = ()

    def find(self, results: Sequence[CheckResult]) -> list[Cause]:
        """The mistakes that explain how checks went; none where all passed, or nothing is known."""
        failed = failed_of(results)
        if not failed:
            return []
        found = deviations(answers_of(results), self.right)
        same = [m for m in self.mistakes if _agree(m.answers, found) and m.failed == failed]
        if not same and found:
            same = [m for m in self.mistakes if m.answers and _agree(m.answers, found)]
        if same:
            return same if len(same) == 1 else []
        return _together(self.mistakes, found, failed)


def failed_of(results: Sequence[CheckResult]) -> frozenset[str]:
    """The names of the checks that did not pass."""
    return frozenset(result.check.name for result in results if not result.passed)


def answers_of(results: Sequence[CheckResult]) -> dict[str, dict[str, Digest]]:
    """Of each check, the parts of the replies that it was given."""
    return {result.check.name: parts_of(result.replies) for result in results}


def parts_of(replies: Sequence[Reply]) -> dict[str, Digest]:
    """The parts of replies by name: ``"3[0]"`` is the first of what the fourth reply holds."""
    return {
        f"{number}{path}": digest
        for number, reply in enumerate(replies[:MAX_REPLIES])
        for path, digest in _parts(reply)
    }


def deviations(
    parts: Mapping[str, Mapping[str, Digest]], right: Mapping[str, Mapping[str, Digest]]
) -> dict[str, dict[str, Digest]]:
    """Of each check, the parts of the first reply that differ from the reference's."""
    found: dict[str, dict[str, Digest]] = {}
    for check, ours in parts.items():
        known = right.get(check, {})
        replies = {_number(name) for name in known}
        for name, digest in ours.items():
            if name in known:
                differs = not _same(digest, known[name])
            else:  # an exception, or a value of another kind; types and changes alone say nothing
                differs = _number(name) in replies and not re.search(r"~|\[type\]$", name)
            if differs:
                wrong = found.setdefault(check, {})
                if not wrong or _number(name) == _number(next(iter(wrong))):
                    wrong[name] = digest
    return found


def _number(part: str) -> str:
    """Of which reply a part is."""
    return part.partition("[")[0].partition("!")[0].partition("~")[0]


def _agree(one: Deviations, other: Deviations) -> bool:
    """Are these the same wrong answers?"""
    return one.keys() == other.keys() and all(
        one[check].keys() == other[check].keys()
        and all(_same(one[check][name], other[check][name]) for name in one[check])
        for check in one
    )


def _together(mistakes: Sequence[Cause], found: Deviations, failed: frozenset[str]) -> list[Cause]:
    """Mistakes that explain parts of wrong answers, each part by one mistake alone."""
    explained: dict[tuple[str, str], list[Cause]] = {}
    for mistake in mistakes:
        for part in _explains(mistake, found):
            explained.setdefault(part, []).append(mistake)
    alone = []
    for suspects in explained.values():
        if len(suspects) > 1:  # of those that answer alike, who fails the same checks?
            suspects = [suspect for suspect in suspects if suspect.failed == failed]
        alone += suspects if len(suspects) == 1 else []
    return list({mistake.name: mistake for mistake in alone}.values())[:3]


def _explains(mistake: Cause, found: Deviations) -> list[tuple[str, str]]:
    """The wrong parts that are as this mistake makes them; none where it should show elsewhere."""
    parts: list[tuple[str, str]] = []
    for check, answers in mistake.answers.items():
        wrong = found.get(check)
        if wrong is None:
            return []
        at, own = _number(next(iter(wrong))), _number(next(iter(answers)))
        if int(own) < int(at):
            return []
        if own == at and all(
            name in wrong and _same(answers[name], wrong[name]) for name in answers
        ):
            parts += [(check, name) for name in answers]
    return parts


# --- digests --------------------------------------------------------------------------------------


def _parts(reply: Reply) -> Iterator[tuple[str, Digest]]:
    if reply.error is not None:
        yield "!", (reply.error["type"], str(reply.error["message"])[:80])
        return
    changed = sorted(reply.changed.items(), key=lambda item: str(item[0]))
    leaves = chain(
        _leaves(reply.value, ""), *(_leaves(value, f"~{place}") for place, value in changed)
    )
    yield from islice(leaves, MAX_PARTS)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Digest]]:
    value = as_numpy(value)
    if isinstance(value, list | tuple) and not hasattr(value, "type_name"):
        yield f"{path}[]", (f"{type(value).__name__} of {len(value)}",)
        for number, item in enumerate(value[:MAX_PARTS]):
            yield from _leaves(item, f"{path}[{number}]")
    elif isinstance(value, dict):
        yield f"{path}[]", ("dict", ", ".join(sorted(map(str, value))[:MAX_PARTS]))
        for key, item in list(value.items())[:MAX_PARTS]:
            yield from _leaves(item, f"{path}[{key}]")
    elif isinstance(value, bool | int | float | complex | np.generic | np.ndarray):
        yield path or "[]", _digest(value)
        if isinstance(value, np.generic | np.ndarray):
            yield f"{path}[type]", (str(value.dtype),)
    elif hasattr(value, "type_name"):
        yield path or "[]", (str(value.type_name),)
    else:
        yield path or "[]", (str(value)[:80],)


def _digest(value: Any) -> Digest:
    """Shape, precision, largest number, and two weighted sums as shares of it."""
    array = np.asarray(value)
    part = array.ravel()[:: 1 + array.size // MAX_NUMBERS]
    try:
        numbers = part.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    except (OverflowError, TypeError, ValueError):
        return ("beyond all floats", str(value)[:80])
    if numbers.dtype.kind == "c":
        numbers = np.concatenate([numbers.real, numbers.imag])
    shape = "x".join(map(str, array.shape)) or "number"
    precision = 4 if array.dtype.kind in "fc" and array.dtype.itemsize <= 4 else 8
    finite = np.isfinite(numbers)
    lost = int((~finite).sum())
    with np.errstate(all="ignore"):
        numbers = np.where(finite, numbers, 0.0)
        largest = float(np.abs(numbers).max(initial=0.0))
        shares = numbers / largest if largest else numbers
        # One number is told by its size and sign.
        sums = shares if numbers.size == 1 else _weights(numbers.size) @ shares
    return (shape, precision, lost, _rounded(largest), *(_rounded(float(s)) for s in sums))


@lru_cache(maxsize=64)
def _weights(size: int) -> np.ndarray:
    """Two rows of numbers between -1 and 1 that do not repeat."""
    steps = np.arange(size)
    return np.sin(np.stack([1.0 + 1.7 * steps, 2.0 + 2.9 * steps])) / max(size, 1) ** 0.5


def _rounded(number: float) -> float:
    return float(f"{number:.7g}")


def _same(one: Digest, other: Digest) -> bool:
    """Are these digests of the same answer, up to rounding?"""
    if len(one) != len(other) or one[0] != other[0]:
        return False
    if len(one) < 5:
        return one == other
    (_shape, precision, lost, largest, *sums), (_s, other_precision, *rest) = one, other
    close = _CLOSE[min(precision, other_precision)]
    return (
        lost == rest[0]
        and abs(largest - rest[1]) <= close * max(abs(largest), abs(rest[1]))
        and all(abs(a - b) <= close for a, b in zip(sums, rest[2:], strict=True))
    )


# --- files ----------------------------------------------------------------------------------------


def causes_file(package: ModuleType, assignment: str, notebook: str) -> Path:
    """Where the answers of a notebook's recorded mistakes are kept: beside its checks.

    Args:
        package: whose subpackages hold the checks of an assignment each.
    """
    folders = [Path(folder) / assignment for folder in package.__path__]
    there = [folder for folder in folders if folder.is_dir()]
    return (there or folders)[0] / f"{notebook}.causes.json"


def load_causes(path: Path) -> dict[str, Causes]:
    """The causes of a notebook's questions, from a file that ``autograder release`` wrote.

    Raises:
        FileNotFoundError: there is none.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    return {question: _read(entry) for question, entry in data.items()}


def _read(entry: dict) -> Causes:
    mistakes = [
        Cause(
            name,
            one.get("home", ""),
            one.get("hint", ""),
            _digests(one["answers"]),
            frozenset(one["failed"]),
        )
        for name, one in entry["mistakes"].items()
    ]
    return Causes(_digests(entry["right"]), mistakes)


def _digests(data: dict) -> Deviations:
    return {
        check: {name: tuple(digest) for name, digest in parts.items()}
        for check, parts in data.items()
    }
