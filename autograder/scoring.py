"""Score one question: run its hidden checks, with every second chance that it has."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np

from assignments.messages import _
from assignments.questions import Check, CheckResult, Seeds, form_result, run_check
from assignments.student import MAX_TEXT, CheckFailed, Student
from autograder.answer_key import AnswerKey
from autograder.rules import Code
from autograder.sandbox.limits import Breach
from autograder.session import Session

__all__ = ["Attempt", "Trial", "attempt_question", "points_of", "proof_seeds", "score_question"]

#: Characters of an exception's message that a hidden check tells. A student chooses them: five
#: hand-ins of 500 characters a check would be a channel on which hidden inputs come back.
HIDDEN_TEXT = 100


@dataclass
class Attempt:
    """All checks of a question, run once.

    Attributes:
        limit: the limit that stopped it, if one did.
        served: names that the reference answered.
    """

    results: list[CheckResult] = field(default_factory=list)
    limit: str | None = None
    served: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """The weighted share of checks that passed, from 0 to 1."""
        total = sum(result.check.marker.weight for result in self.results)
        passed = sum(result.check.marker.weight for result in self.results if result.passed)
        return passed / total if total else 0.0

    @property
    def blank(self) -> bool:
        """Did every check fail because nothing was written yet?"""
        return all(result.blank for result in self.results)


def points_of(share: float, points: float) -> float:
    """A share of a question's points, as a built-in float in [0, points]."""
    return float(min(max(round(share * points, 4), 0.0), points))


def proof_seeds(number: int) -> Seeds:
    """Where no student is graded, inputs of a number: those of ``verify``, and of pytest."""
    return Seeds(b"verify", (str(number),))


def score_question(
    session: Session,
    key: AnswerKey,
    question: str,
    seeds: Seeds,
    lost: frozenset[str] = frozenset(),
) -> Attempt:
    """Run the hidden checks of a question, giving every second chance that it has.

    A question that a limit stopped is tried once more alone. One that builds on questions that lost
    points is tried again with the reference answering for those, and the better attempt counts.

    Args:
        session: where the student's names live.
        key: the notebook's answer key.
        question: the grade_id.
        seeds: what each check is seeded with.
        lost: questions of this notebook that lost points already.
    """
    attempt = attempt_question(session, key, question, seeds)
    if attempt.limit:
        attempt = attempt_question(session, key, question, seeds)
    names = {
        name: None
        for check in key.checks[question]
        for earlier, names in check.marker.builds_on.items()
        if earlier in lost
        for name in names
    }
    if attempt.share < 1 and names:
        again = attempt_question(session, key, question, seeds, tuple(names))
        if again.share > attempt.share:
            return again
    return attempt


def attempt_question(
    session: Session,
    key: AnswerKey,
    question: str,
    seeds: Seeds,
    replaced: tuple[str, ...] = (),
    checks: Sequence[Check] | None = None,
) -> Attempt:
    """Run all checks of a question once; see :class:`Trial` for the arguments."""
    trial = Trial(session, key, question, seeds, replaced, checks)
    attempt = Attempt(served=replaced)
    asked: set[str] = set()
    for check in trial.checks:
        student = trial.student(check)
        attempt.results.append(trial.run(check, student, trial.rng(check)))
        asked |= student.asked
    attempt.limit = trial.limit
    if form := form_result(attempt.results):
        attempt.results.append(form)
    if reason := trial.refused(asked):
        attempt.results = [CheckResult(r.check, False, reason) for r in attempt.results]
    return attempt


class Trial:
    """A question in work, check by check; limits count from here.

    Args:
        session: where the student's names live.
        key: the notebook's answer key.
        question: the grade_id.
        seeds: what each check is seeded with.
        replaced: names of the notebook that the reference answers meanwhile.
        checks: the question's public ones; the hidden ones by default.

    Attributes:
        limit: the limit that stopped it, if one did.
    """

    def __init__(
        self,
        session: Session,
        key: AnswerKey,
        question: str,
        seeds: Seeds,
        replaced: tuple[str, ...] = (),
        checks: Sequence[Check] | None = None,
    ) -> None:
        self.checks = key.checks[question] if checks is None else checks
        self.limit: str | None = None
        self._session = session
        self._seeds = seeds
        self._replaced = replaced
        self._served = key.served(question, replaced)
        self._refused = key.refused(question)
        self._shared: dict = {}
        self._text = HIDDEN_TEXT if checks is None else MAX_TEXT
        session.begin(
            max((each.marker.cpu for each in self.checks if each.marker.cpu), default=None)
        )

    def student(self, check: Check) -> Student:
        """What a check calls."""
        return Student(
            self._session.transport,
            self._seeds.inside(check),
            self._served,
            self._session.files,
            self._shared,
            reading=self._session.reading,
            course_seed=self._seeds.heldout,
            text=self._text,
        )

    def rng(self, check: Check) -> np.random.Generator:
        """What a check draws its inputs with."""
        return np.random.default_rng(self._seeds.inputs(check))

    def run(self, check: Check, student: Student, rng: np.random.Generator) -> CheckResult:
        """Run a check, unless one before it had to be stopped."""
        if self.limit:
            reason = _("not tried, because the check before it had to be stopped")
            return CheckResult(check, False, reason)
        try:
            with _replaced(student, self._replaced):
                result = run_check(check, student, rng)
        except Breach as breach:
            self.limit = breach.limit
            result = CheckResult(check, False, self._session.explain(breach))
            self._session.recover()
        return _if_readable(result, self._session.code)

    def refused(self, asked: Collection[str]) -> str:
        """Why checks that asked for these names earn nothing: a library did the exercise; or ""."""
        code = self._session.code
        return code.refused(asked, self._refused) if code else ""


def _if_readable(result: CheckResult, code: Code | None) -> CheckResult:
    """A rule is kept only by code that can be read: what runs inside is no evidence of it."""
    if not (result.passed and result.check.marker.rule and code and code.obstacles):
        return result
    reason = _("whether your code keeps to this cannot be read, because of {where}")
    return CheckResult(result.check, False, reason.format(where=code.obstacles[0]))


@contextmanager
def _replaced(student: Student, names: tuple[str, ...]) -> Iterator[None]:
    """While it lasts, the reference answers these names; the transcript does not show it."""
    if not names:
        yield
        return
    with suppress(CheckFailed):
        student.replace(names)
    student.transcript.clear()
    yield
    calls = len(student.transcript)
    with suppress(CheckFailed):
        student.restore()
    del student.transcript[calls:]
