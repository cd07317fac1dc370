"""``autograder verify``: is the grader itself right?

For every question, on many seeds: the reference and every accepted variant get full marks, every
mistake loses points. Every mistake is recognised by its own name in grading; at home, too, it fails
and is named, but for a few that say why they cannot. In the sandbox: the reference gets full marks,
no shortcut earns anything. The untouched release gets nothing and gives nothing away. The public
checks of a stretch exercise pass for the reference, and none for the untouched release.
"""

import contextlib
import io
import multiprocessing
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field

from assignments.causes import Cause, Causes, failed_of
from assignments.checking import HOME_SEEDS, causes_at_home, find_checks
from assignments.notebook import Cell, load, plan, read_cells
from assignments.questions import Seeds
from autograder.answer_key import AnswerKey, answer_key
from autograder.causes import GRADING_SEEDS, causes_of, stale_causes
from autograder.course import Course, CourseError, SourceNotebook
from autograder.leaks import find_leaks
from autograder.mistakes import Mistake, Patch, Shortcut, Variant, apply_patch
from autograder.release import check_fresh, consistency
from autograder.rules import Code
from autograder.sandbox.box import Sandbox
from autograder.scoring import attempt_question, proof_seeds, score_question
from autograder.session import LiveSession, SandboxSession, Session
from autograder.shortcuts import shortcuts

__all__ = ["Verdict", "pool", "verify_assignment", "verify_seed"]


#: The share of mistakes that may pass at home, and the share that must be named there.
MOST_SILENT, LEAST_NAMED = 0.02, 0.95


@dataclass
class Verdict:
    """What verifying found.

    Attributes:
        failures: one line for each thing that is wrong, naming it.
        caught: for each (question, hidden check) the mistakes that fail it.
        proved: how many single claims held.
        home: of the mistakes, how many were tried at home, pass there, and are named there.
    """

    failures: list[str] = field(default_factory=list)
    caught: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    proved: int = 0
    home: Counter[str] = field(default_factory=Counter)

    def claim(self, holds: bool, failure: str) -> None:
        """Count a claim that holds, or note the failure."""
        if holds:
            self.proved += 1
        else:
            self.failures.append(failure)

    def claim_none(self, problems: list[str]) -> None:
        """Count the claim that there are no such problems, or note each of them."""
        self.failures += problems
        self.proved += not problems

    def add(self, other: "Verdict") -> None:
        self.failures += other.failures
        self.proved += other.proved
        self.home += other.home
        for place, names in other.caught.items():
            self.caught[place] |= names

    def idle_checks(self) -> list[tuple[str, str]]:
        """Hidden checks that no mistake fails."""
        return [place for place, names in self.caught.items() if not names]


def pool(jobs: int | None = None) -> Executor:
    """A pool of worker processes on this machine, one a core by default."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # as many workers as cores: one thread each
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.answer_key"])
    return ProcessPoolExecutor(jobs or os.cpu_count(), mp_context=context)


def verify_assignment(
    course: Course, assignment: str, seeds: int, executor: Executor
) -> Iterator[tuple[str, Verdict]]:
    """Verify an assignment; yields (what was verified, verdict) as it goes.

    Args:
        seeds: on how many seeds checks run.
        executor: runs the seeds side by side.
    """
    notebooks = course.assignment(assignment).notebooks.values()
    jobs = [
        (f"{source.name}, seed {seed}", executor.submit(verify_seed, source, seed))
        for source in notebooks
        for seed in range(seeds)
    ]
    structure = Verdict()
    structure.claim_none(consistency(course, assignment))
    for source in notebooks:
        structure.claim_none(stale_causes(source, course.root))
    yield "notebooks, points, checks and recorded answers agree", structure
    yield "the release", _verify_release(course, assignment)
    for source in notebooks:
        yield f"{source.name}, in the sandbox", _verify_in_sandbox(source)
    total = Verdict()
    for name, future in jobs:
        total.add(future.result())
        yield name, future.result()
    yield "at home", _verify_shares(assignment, total.home)


def _verify_shares(assignment: str, home: Counter[str]) -> Verdict:
    """Do nearly all mistakes show at home, and are they named there?"""
    verdict = Verdict()
    count = home["mistakes"]
    verdict.claim(
        home["silent"] <= MOST_SILENT * count,
        f"{assignment}: {home['silent']} of {count} mistakes pass every public check",
    )
    verdict.claim(
        home["named"] >= LEAST_NAMED * count,
        f"{assignment}: only {home['named']} of {count} mistakes are named at home",
    )
    return verdict


def verify_seed(source: SourceNotebook, seed: int) -> Verdict:
    """Verify all claims about one notebook that need no sandbox, on one seed."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return _verify_seed(answer_key(source), seed)


def _verify_seed(key: AnswerKey, seed: int) -> Verdict:
    verdict = Verdict()
    seeds = proof_seeds(seed)
    where = f"{key.source.name}, seed {seed}"
    for patch in key.patches:
        try:
            apply_patch(key.source.cells, patch)
        except CourseError as error:
            verdict.failures.append(str(error))
    if verdict.failures:
        return verdict
    for question in key.checks:
        for check in key.checks[question]:
            verdict.caught[question, check.name]  # so that an idle check is listed
        _full_marks(verdict, key, None, question, seed, f"{where}: the reference")
        for mistake in key.mistakes(question):
            _caught(verdict, key, mistake, seeds, where)
            if seed == 0:
                _named(verdict, key, mistake)
                _named_at_home(verdict, key, mistake)
    for question in key.source.starred if seed == 0 else []:
        _passes_at_home(verdict, key, key.session(), question, f"{where}: the reference")
    for patch in key.patches:
        if patch.question not in key.checks:
            verdict.failures.append(f"{patch.name}: there is no question {patch.question!r}")
        elif isinstance(patch, Variant):
            what = f"{where}: the variant {patch.name!r}"
            _full_marks(verdict, key, patch, patch.question, seed, what)
        elif isinstance(patch, Mistake) and seed == 0:
            _costs_once(verdict, key, patch, seeds)
    return verdict


def _full_marks(
    verdict: Verdict, key: AnswerKey, patch: Patch | None, question: str, seed: int, what: str
) -> None:
    """Does the reference, perhaps patched, pass all hidden and public checks of a question?

    Public checks are the same for everybody at home, so one run tells all.
    """
    session = key.session(patch)
    attempt = attempt_question(session, key, question, proof_seeds(seed))
    for result in attempt.results:
        text = f"{what} fails the hidden check {result.check.name} of {question}: {result.reason}"
        verdict.claim(result.passed, text)
    if not seed:
        _passes_at_home(verdict, key, session, question, what)


def _passes_at_home(
    verdict: Verdict, key: AnswerKey, session: Session, question: str, what: str
) -> None:
    """Are all public checks of a question passed?"""
    for result in attempt_question(
        session, key, question, HOME_SEEDS, checks=find_checks(question)
    ).results:
        check = result.check
        text = f"{what} fails the public check {check.name} of {question}: {result.reason}"
        verdict.claim(result.passed, text)


def _caught(verdict: Verdict, key: AnswerKey, mistake: Mistake, seeds: Seeds, where: str) -> None:
    """Does a mistake lose points?"""
    name, question = mistake.name, mistake.question
    attempt = attempt_question(key.session(mistake), key, question, seeds)
    failed = failed_of(attempt.results)
    verdict.claim(bool(failed), f"{where}: the mistake {name!r} loses nothing on {question}")
    for check in failed:
        verdict.caught[question, check].add(name)


def _named(verdict: Verdict, key: AnswerKey, mistake: Mistake) -> None:
    """Is a mistake recognised in grading?"""
    question = mistake.question
    attempt = attempt_question(key.session(mistake), key, question, GRADING_SEEDS)
    found = causes_of(key).get(question, Causes()).find(attempt.results)
    verdict.claim(
        [one.name for one in found] == [mistake.name],
        f"{mistake.place}: {mistake.name!r} of {question} is taken for {_names(found)}",
    )


def _named_at_home(verdict: Verdict, key: AnswerKey, mistake: Mistake) -> None:
    """Does a mistake fail at home, too, and is it named there by a sentence of its own?"""
    question = mistake.question
    attempt = attempt_question(
        key.session(mistake), key, question, HOME_SEEDS, checks=find_checks(question)
    )
    passes = not failed_of(attempt.results)
    verdict.home.update(mistakes=1, silent=int(passes))
    verdict.claim(
        passes == bool(mistake.silent),
        f"{mistake.place}: {mistake.name!r} passes every public check of {question}; let one see "
        "it, or say why that cannot be in a line that begins with '!'"
        if passes
        else f"{mistake.place}: {mistake.name!r} does fail at home; the line with '!' is not true",
    )
    found = causes_at_home(question).find(attempt.results)
    other = [one for one in found if one.name != mistake.name]
    verdict.claim(
        not other, f"{mistake.place}: at home, {mistake.name!r} is taken for {_names(other)}"
    )
    shared = sum(one.home == mistake.home for one in key.mistakes(question))
    if found and not other and mistake.home and shared == 1:
        verdict.home.update(named=1)


def _names(found: Sequence[Cause]) -> str:
    return ", ".join(repr(one.name) for one in found) or "nothing"


def _costs_once(verdict: Verdict, key: AnswerKey, patch: Mistake, seeds: Seeds) -> None:
    """Do the other questions of the notebook keep full marks beside a mistake in this one?"""
    session = key.session(patch)
    for question in key.checks:
        if question != patch.question:
            attempt = score_question(session, key, question, seeds, frozenset({patch.question}))
            failed = [result.check.name for result in attempt.results if not result.passed]
            verdict.claim(
                not failed,
                f"{key.source.name}: the mistake {patch.name!r} of {patch.question} costs "
                f"points on {question} too ({', '.join(failed)}); does it lack builds_on?",
            )


def _verify_in_sandbox(source: SourceNotebook) -> Verdict:
    """The reference gets full marks in the sandbox too, and no shortcut earns anything."""
    verdict = Verdict()
    key = answer_key(source)
    with Sandbox(key.packages) as sandbox:
        session = SandboxSession(sandbox, source.cells, source.outline, key.files_of(), key.code())
        for question in key.checks:
            for result in score_question(session, key, question, proof_seeds(0)).results:
                verdict.claim(
                    result.passed,
                    f"{source.name}: in the sandbox the reference fails {result.check.name} of "
                    f"{question}: {result.reason}",
                )
        session.close()
        ways: list[tuple[str, list[Cell], tuple[str, ...], Patch | None]] = [
            (way, cells, tuple(key.checks), None) for way, cells in shortcuts(source).items()
        ]
        for each in key.patches:
            if isinstance(each, Shortcut):
                cells = apply_patch(source.cells, each)
                ways.append((repr(each.name), cells, (each.question,), each))
        for way, cells, questions, patch in ways:
            files, code = key.files_of(patch), Code(plan(cells, source.outline), key.given)
            session = SandboxSession(sandbox, cells, source.outline, files, code)
            for question in questions:
                attempt = score_question(session, key, question, proof_seeds(0))
                passed = [result.check.name for result in attempt.results if result.passed]
                verdict.claim(
                    not passed,
                    f"{source.name}: the shortcut by {way} passes {', '.join(passed)} of "
                    f"{question}",
                )
            session.close()
    return verdict


def _verify_release(course: Course, assignment: str) -> Verdict:
    """The untouched release is fresh, gets nothing and gives nothing away."""
    verdict = Verdict()
    stale = check_fresh(course, assignment)
    verdict.claim(not stale, f"the release is stale, run 'autograder release': {stale}")
    verdict.claim_none([f"leak: {leak}" for leak in find_leaks(course, assignment)])
    for source in course.assignment(assignment).notebooks.values():
        path = course.release_dir / assignment / source.path.name
        try:
            released = SourceNotebook(assignment, source.name, path)
            cells = read_cells(released.nb)
        except (OSError, ValueError) as error:
            raise CourseError(f"{path} cannot be read; run 'autograder release': {error}") from None
        key = answer_key(source)
        with contextlib.redirect_stdout(io.StringIO()):
            module = load(cells, source.outline, f"untouched_{source.name}")
        session = LiveSession(vars(module), module.missing_names, _no_files)
        asked = {**key.checks, **{name: find_checks(name) for name in source.starred}}
        for question, checks in asked.items():
            for result in attempt_question(
                session, key, question, proof_seeds(0), checks=checks
            ).results:
                verdict.claim(
                    not result.passed,
                    f"{source.name}: the untouched release passes {result.check.name} of "
                    f"{question}",
                )
    return verdict


def _no_files(name: str) -> bytes:
    raise LookupError(f"nothing was handed in, so there is no {name}")
