"""Hidden and public checks as ordinary tests: ``pytest autograder/checks/a1_classifiers``.

A file ``<package>/checks/<assignment>/test_<notebook>.py`` is collected as grading collects it. Its
checks run against the reference, with ``--mistake`` against a recorded mistake or variant, with
``--submission`` against a notebook in the sandbox. ``pyproject.toml`` loads this module.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from traceback import walk_tb
from typing import Any

import numpy as np
import pytest

from assignments.checking import HOME_SEEDS
from assignments.notebook import as_loaded, read_cells
from assignments.questions import Check, CheckResult, collect
from assignments.student import CheckFailed, Student
from autograder.answer_key import AnswerKey, answer_key
from autograder.course import Course, CourseError, SourceNotebook
from autograder.mistakes import Patch, Shortcut
from autograder.rules import Code
from autograder.sandbox.box import Sandbox
from autograder.sandbox.limits import Breach, SandboxUnavailable
from autograder.scoring import Trial, proof_seeds
from autograder.session import SandboxSession
from autograder.submission import Submission, read_submission

_CHECK = pytest.StashKey[Check]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("checks", "what checks run against; the reference by default")
    group.addoption("--mistake", metavar="NAME", help="a recorded mistake or accepted variant")
    group.addoption("--submission", metavar="FILE.ipynb", help="a notebook, in the sandbox")
    seed = "inputs of verify's seed N; else 0 for hidden checks, for public ones those at home"
    group.addoption("--seed", type=int, metavar="N", help=seed)


# --- collecting -----------------------------------------------------------------------------------


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    if module_path.parts[-4:-2] in (("assignments", "checks"), ("autograder", "checks")):
        return _CheckFile.from_parent(parent, path=module_path)
    return None


class _CheckFile(pytest.Module):
    """The checks of a notebook."""

    @property
    def public(self) -> bool:
        return self.path.parts[-4] == "assignments"

    @property
    def checks(self) -> dict[str, list[Check]]:
        return collect(self.obj)

    @property
    def source(self) -> SourceNotebook:
        assignment, notebook = self.path.parent.name, self.path.stem.removeprefix("test_")
        try:
            return Course().assignment(assignment).notebooks[notebook]
        except KeyError:
            raise CourseError(f"{self.path} checks no notebook of {assignment}") from None

    @property
    def key(self) -> AnswerKey:
        return answer_key(self.source)

    def collect(self) -> Iterator[pytest.Function]:
        for question, checks in self.checks.items():
            _notebook, _dash, rest = question.partition("-")
            for check in checks:
                name = f"{check.name}[{rest}]"
                item = pytest.Function.from_parent(self, name=name, callobj=check.function)
                item.stash[_CHECK] = check
                yield item


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say what is wrong with the options before the first check runs."""
    option = session.config.option
    if not (option.mistake or option.submission):
        return
    files = {item.parent for item in session.items if isinstance(item.parent, _CheckFile)}
    try:
        sources = {file.source for file in files}
        if len(sources) > 1 or (option.mistake and option.submission):
            raise CourseError("give --mistake or --submission, with the checks of one notebook")
        for source in sources:
            _patch(answer_key(source), option.mistake)
            _submission(source, option.submission)
    except CourseError as error:
        raise pytest.UsageError(str(error)) from None


def _patch(key: AnswerKey, name: str | None) -> Patch | None:
    """The recorded mistake or variant of this name."""
    patches = {p.name: p for p in key.patches if not isinstance(p, Shortcut)}
    if name and name not in patches:
        near = get_close_matches(name, patches, n=5, cutoff=0.4)
        raise CourseError(
            f"{key.source.name} has no mistake or variant {name!r}"
            + (f"; near it are {', '.join(near)}" if near else "")
            + f" (autograder/mistakes/{key.source.assignment}/{key.source.name}.md lists them)"
        )
    return patches[name] if name else None


def _submission(source: SourceNotebook, file: str | None) -> tuple[dict, Submission] | None:
    """A notebook, and what was handed in with it."""
    if not file:
        return None
    path = Path(file)
    submission = read_submission(path.resolve().parent, "you", source.assignment)
    nb = submission.notebook(path.stem)
    if nb is None:
        raise CourseError(f"--submission: {submission.why_not(path.stem)}")
    return nb, submission


# --- running --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _trial(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Trial]]:
    """Gives the trial of a question: the one in work, or a new one."""
    file, option = request.node, request.config.option
    handed_in = _submission(file.source, option.submission)
    session = (
        _in_sandbox(file, *handed_in)
        if handed_in
        else file.key.session(_patch(file.key, option.mistake))
    )
    seeds = HOME_SEEDS if file.public and option.seed is None else proof_seeds(option.seed or 0)

    @lru_cache(maxsize=1)
    def trial(question: str) -> Trial:
        checks = file.checks[question] if file.public else None
        return Trial(session, file.key, question, seeds, checks=checks)

    yield trial
    if isinstance(session, SandboxSession):
        session.close()
        session.sandbox.kill()


def _in_sandbox(file: _CheckFile, nb: dict, submission: Submission) -> SandboxSession:
    key = file.key
    cells, _code, steps = as_loaded(read_cells(nb), key.source.outline)
    code = Code(steps, key.given)
    sandbox = Sandbox(key.packages)
    try:
        sandbox.start()
        session = SandboxSession(sandbox, cells, key.source.outline, submission.file, code)
    except SandboxUnavailable as error:
        pytest.exit(str(error), pytest.ExitCode.USAGE_ERROR)
    for note in session.notes:
        file.warn(pytest.PytestWarning(note))
    return session


@pytest.fixture
def student(request: pytest.FixtureRequest, _trial: Callable[[str], Trial]) -> Student:
    """Calls the code that checks run against."""
    check = request.node.stash[_CHECK]
    return _trial(check.marker.question).student(check)


@pytest.fixture
def rng(request: pytest.FixtureRequest, _trial: Callable[[str], Trial]) -> np.random.Generator:
    """Draws the inputs of a check."""
    check = request.node.stash[_CHECK]
    return _trial(check.marker.question).rng(check)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a check as grading does; what it raised is raised again, with what a student reads."""
    check = pyfuncitem.stash.get(_CHECK, None)
    if check is None:
        return None
    raised: list[Exception] = []

    def function(student: Student, rng: np.random.Generator) -> str | None:
        try:
            return pyfuncitem.obj(student, rng)
        except Exception as error:
            raised.append(error)
            raise

    args: dict[str, Any] = pyfuncitem.funcargs
    trial = args["_trial"](check.marker.question)
    result = trial.run(replace(check, function=function), args["student"], args["rng"])
    if reason := trial.refused(args["student"].asked):
        result = CheckResult(check, False, reason)
    if result.passed:
        if result.forms:
            said = "; ".join(result.forms)
            pyfuncitem.warn(pytest.PytestWarning(f"not in the documented form: {said}"))
        if result.note:
            print(result.note)
        return True
    symptom = f"→ {result.symptom}" if result.symptom else ""
    if not raised:
        pytest.fail(f"{result.reason}\n{symptom}".strip(), pytrace=False)
    (error,) = raised
    if str(error) != result.reason:
        error.add_note(f"A student reads: {result.reason}")
    if symptom:
        error.add_note(symptom)
    if isinstance(error, CheckFailed | Breach):
        _end_in_check(error)
    raise error


def _end_in_check(error: Exception) -> None:
    """Show a failure where a check is, not in the comparison or call that it makes; so does pdb."""
    for frame, _line in walk_tb(error.__traceback__):
        if not {"checks", "families"} & {*Path(frame.f_code.co_filename).parts}:
            frame.f_locals["__tracebackhide__"] = True
