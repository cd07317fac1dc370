"""What every recorded mistake answers, written down once: by its answers it is recognised.

Two files a notebook, beside its checks: ``assignments/checks/<assignment>/<notebook>.causes.json``
from the public checks on the inputs that everybody has at home, with what is said there;
``autograder/checks/...`` from the hidden checks on inputs of their own, by which grading names a
mistake. ``autograder release`` writes what is stale; nothing else runs a mistake.
"""

import ast
import contextlib
import hashlib
import importlib
import inspect
import io
import json
import re
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from assignments import checks as public_checks
from assignments.causes import (
    FORMAT,
    Causes,
    answers_of,
    causes_file,
    deviations,
    failed_of,
    load_causes,
)
from assignments.checking import HOME_SEEDS, find_checks
from assignments.questions import Check, Seeds
from autograder import checks as hidden_checks
from autograder.answer_key import AnswerKey, answer_key
from autograder.course import SourceNotebook
from autograder.mistakes import Mistake, Patch
from autograder.scoring import attempt_question

__all__ = ["GRADING_SEEDS", "causes_of", "stale_causes", "write_causes"]

#: Inputs on which grading names a mistake. They decide no point, so they may be the same for all.
GRADING_SEEDS = Seeds(b"mistakes are named on the same inputs for everybody")


@cache
def causes_of(key: AnswerKey) -> dict[str, Causes]:
    """By question, what grading knows of wrong answers; empty where nothing was written yet."""
    path = causes_file(hidden_checks, key.source.assignment, key.source.name)
    return load_causes(path) if path.is_file() else {}


def write_causes(source: SourceNotebook, root: Path) -> list[Path]:
    """Write what is stale of a notebook's two files, if they lie below the root of its course.

    Returns:
        Those that changed.
    """
    return [path for path, text in _wanted(source, root) if _write(path, text)]


def stale_causes(source: SourceNotebook, root: Path) -> list[str]:
    """One line for each question whose recorded answers are not made from what is there now."""
    key = answer_key(source)
    stale = []
    for _package, side, path in _sides(source, root):
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        for question in key.checks:
            if known.get(question, {}).get("made_from") != _made_from(key, question, side):
                stale.append(f"the answers of mistakes of {question} are stale ({path.name})")
    return stale


# --- what they are made from ----------------------------------------------------------------------


def _sides(source: SourceNotebook, root: Path) -> Iterator[tuple[ModuleType, str, Path]]:
    """The packages of checks, the notebook's module in each, and its file of answers."""
    for package in (public_checks, hidden_checks):
        path = causes_file(package, source.assignment, source.name)
        if path.is_relative_to(root):
            yield package, f"{package.__name__}.{source.assignment}.test_{source.name}", path


def _made_from(key: AnswerKey, question: str, module: str) -> str:
    """Names all that the recorded answers of a question depend on at first hand."""
    solutions = [cell.source for cell in key.source.cells if cell.cell_type == "code"]
    checks = [inspect.getsource(importlib.import_module(file)) for file in _built_on(module)]
    patches = [_said(patch) for patch in key.mistakes(question)]
    digest = hashlib.sha256(repr((FORMAT, solutions, checks, patches)).encode())
    return digest.hexdigest()[:16]


#: Where checks and what they are declared by live.
_DECLARING = re.compile(r"(assignments|autograder)\.(checks|families|standins)\.")


@cache
def _built_on(module: str) -> tuple[str, ...]:
    """A module of checks and all declarations, families and helpers that it imports, sorted."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name in found or not _DECLARING.match(name):
            continue
        found.add(name)
        for node in ast.walk(ast.parse(inspect.getsource(importlib.import_module(name)))):
            if isinstance(node, ast.ImportFrom) and node.module:
                submodules = (f"{node.module}.{alias.name}" for alias in node.names)
                waiting += [node.module, *(name for name in submodules if name in sys.modules)]
    return tuple(sorted(found))


def _said(patch: Patch) -> tuple:
    return patch.name, [(fence.kind, fence.where, fence.text) for fence in patch.fences]


# --- writing --------------------------------------------------------------------------------------


def _wanted(source: SourceNotebook, root: Path) -> Iterator[tuple[Path, str]]:
    """The files of answers with what should stand in them."""
    key = answer_key(source)
    for package, module, path in _sides(source, root):
        home = package is public_checks
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        entries = {}
        for question in key.checks:
            made_from = _made_from(key, question, module)
            entry = known.get(question, {})
            if entry.get("made_from") != made_from:
                checks = find_checks(question) if home else key.checks[question]
                seeds = HOME_SEEDS if home else GRADING_SEEDS
                entry = {"made_from": made_from, **_recorded(key, question, checks, seeds)}
            if home:  # texts alone make no answer stale
                for mistake in key.mistakes(question):
                    texts = {"home": mistake.home, "hint": mistake.hint}
                    entry["mistakes"][mistake.name] |= texts
            entries[question] = entry
        yield path, _text(entries)


def _recorded(key: AnswerKey, question: str, checks: list[Check], seeds: Seeds) -> dict:
    """The answers of the reference, and where those of each mistake are others."""
    right, _failed = _answers(key, None, question, checks, seeds)
    mistakes = {}
    for mistake in key.mistakes(question):
        answers, failed = _answers(key, mistake, question, checks, seeds)
        wrong = deviations(answers, right)
        mistakes[mistake.name] = {"failed": sorted(failed), "answers": wrong}
    return {"right": right, "mistakes": mistakes}


def _answers(
    key: AnswerKey, mistake: Mistake | None, question: str, checks: list[Check], seeds: Seeds
) -> tuple[dict, frozenset[str]]:
    session = key.session(mistake)
    silent = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    with silent[0], silent[1], warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = attempt_question(session, key, question, seeds, checks=checks).results
    return answers_of(results), failed_of(results)


def _text(entries: dict) -> str:
    """JSON with a line for each mistake, so that a change shows where it is."""
    questions = []
    for question, entry in entries.items():
        mistakes = ",\n".join(
            f"  {json.dumps(name)}: {_json(one)}" for name, one in entry["mistakes"].items()
        )
        questions.append(
            f'{json.dumps(question)}: {{"made_from": {json.dumps(entry["made_from"])},\n'
            f' "right": {_json(entry["right"])},\n "mistakes": {{\n{mistakes}\n }}}}'
        )
    return "{\n" + ",\n".join(questions) + "\n}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _write(path: Path, text: str) -> bool:
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True
