"""``check("knn-two-loops")``: the public checks of a question, on the running kernel's names."""

import importlib
import json
import pkgutil
import random
import sys
import types
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, redirect_stderr, suppress
from pathlib import Path
from typing import Any

import numpy as np

from assignments import checks as public_checks
from assignments.messages import _, ngettext
from assignments.notebook import allowed_packages
from assignments.questions import Check, CheckResult, Seeds, collect, form_result, run_check
from assignments.student import Student, in_process
from assignments.syntax import LiveReading
from assignments.workspace import Workspace

__all__ = ["HOME_SEEDS", "check", "find_checks", "format_results", "kept_random_state", "run_live"]

#: Public checks draw the same inputs for everybody.
HOME_SEEDS = Seeds(b"public checks use the same inputs for everybody")

#: Packages of which this kernel was told that grading does not have them.
_told: set[str] = set()


def check(grade_id: str) -> None:
    """Check a piece of work and say, line by line, what is right and what is not.

    Args:
        grade_id: the question, as its test cell names it.

    Raises:
        LookupError: there is no such question.
    """
    names = sys._getframe(1).f_globals
    results = run_live(find_checks(grade_id), names, HOME_SEEDS)
    print(format_results(grade_id, results))
    if absent := sorted(set(imports_missing_in_grading(grade_id, names)) - _told):
        _told.update(absent)
        print(
            "  "
            + _("Note: grading has no {packages}; what needs it will not be found there.").format(
                packages=", ".join(absent)
            )
        )


def imports_missing_in_grading(grade_id: str, names: Mapping[str, Any]) -> Iterator[str]:
    """Packages that a notebook's names come from and that its metadata does not allow.

    Nothing when the notebook does not lie in the current folder under its own name.

    Args:
        names: the globals of the notebook.
    """
    prefix, allowed = grade_id, []
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
    for folder in pkgutil.iter_modules(package.__path__):
        assignment = importlib.import_module(f"{package.__name__}.{folder.name}")
        for file in pkgutil.iter_modules(assignment.__path__):
            notebook = file.name.removeprefix("test_")
            if grade_id.startswith(f"{notebook}-"):
                checks = collect(importlib.import_module(f"{assignment.__name__}.{file.name}"))
                if grade_id in checks:
                    return checks[grade_id]
                known += checks
    hint = _(" Questions of this notebook: {names}.").format(names=", ".join(known))
    raise LookupError(
        _("there is no question {name!r}.").format(name=grade_id) + (hint if known else "")
    )


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
