"""Questions and their checks: the marker, how checks are found, how one is run.

A check is a plain function ``test_...(student, rng)`` in a file ``test_<notebook>.py``. Its
docstring is the sentence that the student reads; a failed comparison gives the reason; a sentence
that it returns is a note beside its ✓. The marker binds it to a question::

    @question("knn-two-loops", weight=2)
    def test_distances_agree(student, rng):
        \"\"\"The distances agree with SciPy's.\"\"\"
"""

import hashlib
import hmac
import inspect
import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from assignments.form import noted_forms
from assignments.messages import _
from assignments.student import CheckFailed, Reply, Student, StudentError
from assignments.values import TooLarge

__all__ = [
    "Battery",
    "Check",
    "CheckResult",
    "Marker",
    "Seeds",
    "collect",
    "form_result",
    "question",
    "run_check",
]


@dataclass(frozen=True)
class Marker:
    """What binds a check to its question.

    Attributes:
        question: the grade_id.
        weight: its share of the question's points, relative to the question's other checks.
        builds_on: for each question of the same notebook that this one stands on, the names
            (``"Net.loss"``) that the reference answers when that question lost points.
        cpu: CPU seconds that the question may use, if more than usual.
        rule: whether it judges *how* something is done (no loops, inputs left alone), not what
            comes out. Rules carry at most a fifth of a question's points, or half where the rule
            is the exercise, and fail where the code cannot be read.
        beyond: whether it asks for more than the classical exercise does: single precision, ties,
            empty batches, arguments left alone, logarithms of zero. All else is *asked*.
    """

    question: str
    weight: float = 1.0
    builds_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cpu: float | None = None
    rule: bool = False
    beyond: bool = False


@dataclass(frozen=True)
class Check:
    """A check function with its marker.

    Attributes:
        text: what it checks, where that is not the function's docstring.
        words: what stands in the text for names in braces.
    """

    name: str
    function: Callable[[Student, np.random.Generator], str | None]
    marker: Marker
    text: str = ""
    words: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def template(self) -> str:
        """What it checks, in English, with names in braces: what translators get."""
        return " ".join((self.text or inspect.getdoc(self.function) or self.name).split())

    @property
    def sentence(self) -> str:
        """What it checks, as the student reads it."""
        said = _(self.template)
        return said.format(**self.words) if self.words else said


@dataclass(frozen=True)
class CheckResult:
    """How a check went for one submission.

    Attributes:
        reason, symptom: empty when it passed.
        blank: it failed only because nothing was written yet.
        raised: if it failed because the student's code raised an exception, which and where.
        note: what a check that passed has to say beyond that.
        forms: of right values, what is not in the documented form.
        replies: what the student's code answered, one after the other.
    """

    check: Check
    passed: bool
    reason: str = ""
    symptom: str = ""
    blank: bool = False
    raised: str = ""
    note: str = ""
    forms: tuple[str, ...] = ()
    replies: Sequence[Reply] = field(default=(), repr=False, compare=False)


def question(
    grade_id: str,
    *,
    weight: float = 1.0,
    builds_on: Mapping[str, tuple[str, ...]] | None = None,
    cpu: float | None = None,
    rule: bool = False,
    beyond: bool = False,
) -> Callable[[Callable], Callable]:
    """Mark a function as a check of a question; see :class:`Marker` for the arguments."""

    def mark(function: Callable) -> Callable:
        marker = Marker(grade_id, weight, dict(builds_on or {}), cpu, rule, beyond)
        vars(function)["marker"] = marker
        return function

    return mark


class Battery:
    """The checks of one question under one name in a file of checks.

    Some follow from a declaration, others are functions of their own::

        @conv_forward.check(weight=2)
        def ties(student, rng):
            \"\"\"Of equal maxima, the first gets everything.\"\"\"

    Args:
        question: the grade_id.
        builds_on, cpu: of all its checks; see :class:`Marker`.
    """

    def __init__(
        self,
        question: str,
        builds_on: Mapping[str, tuple[str, ...]] | None = None,
        cpu: float | None = None,
    ) -> None:
        self.question = question
        self.checks: list[Check] = []
        self._builds_on, self._cpu = dict(builds_on or {}), cpu

    def check(
        self, weight: float = 1.0, rule: bool = False, beyond: bool = False
    ) -> Callable[[Callable], Callable]:
        """Mark a function as a check; its docstring is the sentence that the student reads."""

        def mark(function: Callable) -> Callable:
            text = inspect.getdoc(function) or ""
            return self.add(function.__name__, text, weight, rule, beyond)(function)

        return mark

    def add(
        self,
        name: str,
        text: str,
        weight: float = 1.0,
        rule: bool = False,
        beyond: bool = False,
        **words: str,
    ) -> Callable[[Callable], Callable]:
        """Mark a function as a check.

        Args:
            name: the check's, after ``test_``; a number makes it unique.
            text: what it checks, as the student reads it; names in braces stand for ``words``.
        """

        def mark(function: Callable) -> Callable:
            names = [check.name for check in self.checks]
            same = sum(re.fullmatch(rf"test_{name}(_\d+)?", known) is not None for known in names)
            unique = f"test_{name}_{same + 1}" if same else f"test_{name}"
            marker = Marker(self.question, weight, self._builds_on, self._cpu, rule, beyond)
            self.checks.append(Check(unique, function, marker, text, words))
            return function

        return mark


def collect(module: types.ModuleType) -> dict[str, list[Check]]:
    """The checks of a module by question, in the order of the file."""
    checks: dict[str, list[Check]] = {}
    for name, value in vars(module).items():
        marker = getattr(value, "marker", None)
        if name.startswith("test_") and isinstance(marker, Marker):
            checks.setdefault(marker.question, []).append(Check(name, value, marker))
        elif isinstance(value, Battery):
            checks.setdefault(value.question, []).extend(value.checks)
    return checks


@dataclass(frozen=True)
class Seeds:
    """What chance is seeded with: it repeats, and cannot be guessed without the secret.

    Each seed is the HMAC-SHA256 (RFC 2104) of a label and the parts, so that seeds of different
    labels predict nothing of each other.

    Attributes:
        secret: the course's; keep it from students.
        parts: what inputs differ by: the student, and the code as loaded, so that what was seen in
            one hand-in helps in no other.
    """

    secret: bytes = field(repr=False)
    parts: tuple[str, ...] = ()

    def inputs(self, check: Check) -> int:
        """What the generator of a check is seeded with, outside the sandbox; below 2**63."""
        return self._drawn("inputs", *self.parts, check.marker.question, check.name) >> 193

    def inside(self, check: Check) -> int:
        """What ``random``, NumPy and torch are seeded with inside the sandbox; below 2**63."""
        return self._drawn("inside", *self.parts, check.marker.question, check.name) >> 193

    @property
    def heldout(self) -> int:
        """What held-out images are drawn with: the same for everybody; below 2**256."""
        return self._drawn("held-out")

    def _drawn(self, *parts: str) -> int:
        text = "\0".join(parts).encode("utf-8", "surrogatepass")  # folder names may be any bytes
        return int.from_bytes(hmac.digest(self.secret, text, hashlib.sha256), "big")


def run_check(check: Check, student: Student, seed: int | np.random.Generator) -> CheckResult:
    """Run one check, with a generator of this seed, or with this generator.

    What the student's code did wrong is a result; only the breach of a limit comes out of here as
    an exception.
    """
    return replace(_tried(check, student, seed), replies=student.transcript)


def _tried(check: Check, student: Student, seed: int | np.random.Generator) -> CheckResult:
    try:
        with noted_forms() as forms:
            note = check.function(student, np.random.default_rng(seed))
    except StudentError as error:
        return CheckResult(
            check, False, error.reason, error.symptom, blank=error.blank, raised=error.what
        )
    except CheckFailed as failure:
        return CheckResult(check, False, failure.reason, failure.symptom)
    except TooLarge as error:
        # A check hands back what the student's code returned.
        return CheckResult(check, False, str(error))
    except AssertionError as failure:
        # pytest appends the values of a plain assert to its message; students must not see them.
        said = str(failure).partition("\n")[0]
        written = "" if said.startswith("assert ") else said
        return CheckResult(check, False, written or _("the answer is not as described"))
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        # The reference passes, so the answer is of a kind that the check did not expect.
        kind: Any = type(error).__name__
        reason = _("the answer is not of the documented type or shape ({kind})")
        return CheckResult(check, False, reason.format(kind=kind))
    return CheckResult(check, True, note=note or "", forms=tuple(forms))


def form_result(results: Sequence[CheckResult]) -> CheckResult | None:
    """What right values in another form cost: one more check, a tenth of the weight, which fails.

    Args:
        results: of all checks of one question.

    Returns:
        None where all that is right has the documented form.
    """
    forms = dict.fromkeys(form for result in results if result.passed for form in result.forms)
    if not forms:
        return None
    marker = Marker(
        results[0].check.marker.question,
        weight=sum(result.check.marker.weight for result in results) / 9,
    )
    return CheckResult(Check("documented_form", _documented_form, marker), False, "; ".join(forms))


def _documented_form(student: Student, rng: np.random.Generator) -> None:
    """The results have the documented form."""
