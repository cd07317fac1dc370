"""``check("knn-two-loops")``: the public checks of a question, on the running kernel's names."""

import importlib
import json
import pkgutil
import random
import sys
import types
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from assignments import checks as public_checks
from assignments import progress_file
from assignments.causes import Cause, Causes, causes_file, load_causes
from assignments.messages import _, ngettext
from assignments.notebook import allowed_packages
from assignments.progress_file import PATIENCE, source_folder
from assignments.questions import Check, CheckResult, Seeds, collect, form_result, run_check
from assignments.student import Student, in_process
from assignments.syntax import LiveReading
from assignments.workspace import Workspace

__all__ = ["HOME_SEEDS", "check", "find_checks", "format_results", "kept_random_state", "run_live"]

#: Public checks draw the same inputs for everybody.
HOME_SEEDS = Seeds(b"public checks use the same inputs for everybody")

#: Packages of which this kernel was told that grading does not have them.
_told: set[str] = set()


def check(grade_id: str, hint: bool = False) -> None:
    """Check a piece of work and say, line by line, what is right and what is not.

    Args:
        grade_id: the question, as its test cell names it.
        hint: whether to say more about a mistake that was recognised.

    Raises:
        LookupError: there is no such question.
    """
    names = sys._getframe(1).f_globals
    results = run_live(find_checks(grade_id), names, HOME_SEEDS)
    causes = causes_at_home(grade_id).find(results)
    print(format_results(grade_id, with_causes(results, causes)))
    for line in _advice(grade_id, results, causes, hint):
        print(f"  {line}")
    if absent := sorted(set(imports_missing_in_grading(grade_id, names)) - _told):
        _told.update(absent)
        print(
            "  "
            + _("Note: grading has no {packages}; what needs it will not be found there.").format(
                packages=", ".join(absent)
            )
        )


def with_causes(results: list[CheckResult], causes: list[Cause]) -> list[CheckResult]:
    """Results whose symptoms give way to causes, where causes are known.

    A cause is told below the first failed check that shows it.
    """
    if not causes:
        return results
    failed = [result.check.name for result in results if not result.passed]
    told: dict[str, list[str]] = {}
    for cause in causes:
        if cause.home:
            shown = [name for name in failed if name in cause.answers] or failed
            told.setdefault(shown[0], []).append(_(cause.home))
    if not told:
        return results
    return [
        replace(result, symptom=" ".join(told.get(result.check.name, []))) for result in results
    ]


def _advice(
    grade_id: str, results: list[CheckResult], causes: list[Cause], hint: bool
) -> Iterator[str]:
    """Hints, if they are asked for; after some failures, that they can be, and the solution."""
    failed = _keep(grade_id, results)
    if all(result.passed or result.blank for result in results):
        return
    hints = [_("Hint: {text}").format(text=_(cause.hint)) for cause in causes]
    if hint:
        yield from hints or [_("No hint fits these answers. Begin with the first ✗ above.")]
    elif hints and failed >= PATIENCE:
        yield _("Stuck? check({name}, hint=True) says more.").format(name=f'"{grade_id}"')
    if failed >= PATIENCE and source_folder():
        call = f'from assignments import reveal; reveal("{grade_id}")'
        yield _("To see the solution: {call}").format(call=call)


def _keep(grade_id: str, results: list[CheckResult]) -> int:
    """Keep how a check went; returns how often the question failed since it last passed.

    Where nothing was written yet, or the cell was not run, nothing is to be kept.
    """
    failed = progress_file.kept("exercises", grade_id).get("failed", 0)
    if all(result.passed for result in results):
        progress_file.keep("exercises", grade_id, passed=True, failed=0)
        return 0
    if all(result.passed or result.blank or result.raised == "NameError" for result in results):
        return failed
    progress_file.keep("exercises", grade_id, passed=False, failed=failed + 1)
    return failed + 1


def causes_at_home(grade_id: str) -> Causes:
    """What is known of the wrong answers to a question; nothing where nothing was recorded."""
    for assignment, notebook in _notebooks(grade_id, public_checks):
        with suppress(FileNotFoundError):
            found = load_causes(causes_file(public_checks, assignment, notebook))
            return found.get(grade_id, Causes())
    return Causes()


def imports_missing_in_grading(grade_id: str, names: Mapping[str, Any]) -> Iterator[str]:
    """Packages that a notebook's names come from and that its metadata does not allow.

    Nothing when the notebook does not lie in the current folder under its own name.

    Args:
        names: the globals of the notebook.
    """
    prefix = grade_id
    allowed: list[str] = []
    while not allowed and (prefix := prefix.rpartition("-")[0]):
        with suppress(OSError, ValueError):
            nb = json.loads(Path(f"{prefix}.ipynb").read_text(encoding="utf-8"))
            allowed = allowed_packages(nb)
    if not allowed:
        return
    always = {*allowed, *sys.stdlib_module_names, "__main__", "assignments", "IPython"}
    for name, value in list(names.items()):
        if isinstance(value, types.ModuleType):
            package = value.__name__.partition(".")[0]
        elif isinstance(value, type | types.FunctionType):
            package = str(value.__module__).partition(".")[0]
        else:
            continue
        # Not what IPython and its friends put there.
        if package not in always and not name.startswith("_") and package in sys.modules:
            yield package


def find_checks(grade_id: str, package: Any = public_checks) -> list[Check]:
    """The checks of a question, from ``test_<notebook>.py`` in a package of assignments' checks."""
    known: list[str] = []
    for assignment, notebook in _notebooks(grade_id, package):
        module = importlib.import_module(f"{package.__name__}.{assignment}.test_{notebook}")
        checks = collect(module)
        if grade_id in checks:
            return checks[grade_id]
        known += checks
    hint = _(" Questions of this notebook: {names}.").format(names=", ".join(known))
    raise LookupError(
        _("there is no question {name!r}.").format(name=grade_id) + (hint if known else "")
    )


def _notebooks(grade_id: str, package: Any) -> Iterator[tuple[str, str]]:
    """The notebooks (assignment and name) that a question may belong to, by its name."""
    for folder in pkgutil.iter_modules(package.__path__):
        assignment = importlib.import_module(f"{package.__name__}.{folder.name}")
        for file in pkgutil.iter_modules(assignment.__path__):
            test, _underscore, notebook = file.name.partition("_")
            if test == "test" and grade_id.startswith(f"{notebook}-"):
                yield folder.name, notebook


def run_live(
    checks: list[Check], names: MutableMapping[str, Any], seeds: Seeds
) -> list[CheckResult]:
    """Run checks on live names in this process, leaving its random numbers as they were.

    What the code writes to stderr goes to stdout: nbgrader takes any stderr for a failure.
    """
    absent = _("{name} is not defined: run the cell that defines it")
    results = []
    with kept_random_state(), redirect_stderr(sys.stdout):
        for one in checks:
            transport = in_process(Workspace(names, absent=absent))
            student = Student(transport, seeds.inside(one), reading=LiveReading(names))
            results.append(run_check(one, student, seeds.inputs(one)))
    form = form_result(results)
    return [*results, form] if form else results


def format_results(title: str, results: list[CheckResult]) -> str:
    """One line a check, and below it why it failed, or a note."""
    lines = [title]
    told: set[str] = set()
    for result in results:
        lines.append(f"  {'✓' if result.passed else '✗'} {result.check.sentence}")
        what = result.raised or f"{result.reason}\n{result.symptom}"
        if what in told and not result.passed and not result.blank:
            lines.append("      " + _("the same as above"))
            continue
        told.add(what)
        lines += [f"      {text}" for text in (result.reason, result.note) if text]
        if result.symptom:
            lines.append(f"      → {result.symptom}")
    passed, count = sum(result.passed for result in results), len(results)
    if passed == count:
        summary = ngettext("The check passes.", "All {count} checks pass.", count)
    else:
        summary = ngettext("The check does not pass.", "{passed} of {count} checks pass.", count)
    lines.append("  " + summary.format(passed=passed, count=count))
    return "\n".join(lines)


@contextmanager
def kept_random_state() -> Iterator[None]:
    """Restore the global random states of ``random``, NumPy and torch afterwards."""
    torch = sys.modules.get("torch")
    states = random.getstate(), np.random.get_state(), torch.get_rng_state() if torch else None
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        if torch:
            torch.set_rng_state(states[2])
