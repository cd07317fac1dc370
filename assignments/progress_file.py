"""What a learner has done so far: ``my/progress.json``, which a person can read.

::

    {
     "version": 1,
     "exercises": {"knn-two-loops": {"passed": true, "failed": 0, "when": "2026-12-01 10:20"}},
     "written": {"knn-q-k": {"had": [1, 3], "points": 1.0, "when": "2026-12-01 11:05"}},
     "quizzes": {}
    }

It is kept below a learner's folder alone: one that ``make learn`` made, and marked. Elsewhere, and
while a notebook is graded, what is kept lasts as long as the kernel. The file is written whole or
not at all; what cannot be read of it is set aside, never lost.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from assignments.messages import _

__all__ = [
    "FILE", "MARKER", "PATIENCE", "keep", "kept", "known", "learner_folder", "parse",
    "source_folder",
]  # fmt: skip

#: The file, in the learner's folder.
FILE = "progress.json"
#: What ``make learn`` puts there; it marks the folder.
MARKER = ".learn.json"
VERSION = 1
#: After so many failed checks since the last that passed, a hint is offered, and the solution.
PATIENCE = 3
SECTIONS = ("exercises", "written", "quizzes")

T = TypeVar("T")
Entry = dict[str, Any]
Sections = dict[str, dict[str, Entry]]

#: What is kept where there is no learner's folder.
_of_this_kernel: Sections = {section: {} for section in SECTIONS}


def learner_folder() -> Path | None:
    """The learner's folder that the current one is, or lies in; None where there is none.

    ``ASSIGNMENTS_HOME`` names another. None as well while nbgrader runs a notebook.
    """
    if os.environ.get("NBGRADER_EXECUTION"):
        return None
    home = os.environ.get("ASSIGNMENTS_HOME")
    here = Path.cwd()
    places = [Path(home)] if home else [here, here.parent]
    return next((place for place in places if (place / MARKER).is_file()), None)


def source_folder() -> Path | None:
    """``source/`` of the clone that the learner's folder lies in; None where there is none."""
    folder = learner_folder()
    source = folder.parent / "source" if folder else None
    return source if source and source.is_dir() else None


def kept(section: str, name: str) -> Entry:
    """What is known of an exercise, a written question or a quiz; empty if nothing is."""
    return known(learner_folder())[section].get(name, {})


def known(folder: Path | None) -> Sections:
    """All that is known in a learner's folder; without one, in this kernel."""
    if folder is None:
        return _of_this_kernel
    try:
        return _load(folder)
    except OSError as error:
        print(_("{file} cannot be read: {error}").format(file=FILE, error=error))
        return parse("")[0]


def keep(section: str, name: str, **what: Any) -> None:
    """Add to what is known of an exercise, a written question or a quiz.

    Args:
        what: values of JSON, such as ``passed=True``.
    """
    what["when"] = f"{datetime.now():%Y-%m-%d %H:%M}"
    folder = learner_folder()
    if folder is None:
        _of_this_kernel[section].setdefault(name, {}).update(what)
        return
    try:
        sections = _load(folder)
        sections[section].setdefault(name, {}).update(what)
        _save(folder, sections)
    except OSError as error:
        print(_("Your progress cannot be saved: {error}").format(error=error))


def _load(folder: Path) -> Sections:
    """What the file says; a damaged one is set aside, and it is said."""
    path = folder / FILE
    if not path.exists():
        return parse("")[0]
    data = _insist(path.read_bytes)
    text = data.decode("utf-8-sig", "replace")
    sections, whole = parse(text)
    if not whole or "\N{REPLACEMENT CHARACTER}" in text:
        aside = path.with_name(f"progress.broken-{datetime.now():%Y%m%d-%H%M%S-%f}.json")
        _insist(lambda: os.replace(path, aside))
        _save(folder, sections)
        print(
            _(
                "{file} could not be read as a whole. It is kept as {aside}; what could be read of "
                "it goes on to count."
            ).format(file=FILE, aside=aside.name)
        )
    return sections


def parse(text: str) -> tuple[Sections, bool]:
    """What a file says, and whether all of it could be read. No text raises."""
    sections: Sections = {section: {} for section in SECTIONS}
    if not text.strip():
        return sections, True
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return sections, False
    if not isinstance(said, dict):
        return sections, False
    whole = said.pop("version", None) == VERSION
    for section, entries in said.items():
        whole &= section in SECTIONS and isinstance(entries, dict)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            if section in SECTIONS and _is_entry(entry):
                sections[section][name] = entry
            else:
                whole = False
    return sections, whole


#: What the known parts of an entry look like; further parts stay as they are.
_FORMS: dict[str, Callable[[Any], bool]] = {
    "passed": lambda value: type(value) is bool,
    "failed": lambda value: type(value) is int and value >= 0,
    "steps": lambda value: type(value) is int and value >= 0,
    "had": lambda value: type(value) is list and all(type(one) is int for one in value),
    "points": lambda value: type(value) in (int, float) and 0 <= value < 1000,
    "right": lambda value: type(value) is int and value >= 0,
    "of": lambda value: type(value) is int and value >= 0,
}


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and all(
        _FORMS[part](value) for part, value in entry.items() if part in _FORMS
    )


def _save(folder: Path, sections: Sections) -> None:
    text = json.dumps({"version": VERSION, **sections}, indent=1) + "\n"
    new = folder / f".{FILE}.{os.getpid()}"
    try:
        with open(new, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _insist(lambda: os.replace(new, folder / FILE))
    finally:
        new.unlink(missing_ok=True)


def _insist(action: Callable[[], T]) -> T:
    """Try for a second: Windows lets nobody in while somebody else has a file open."""
    for _attempt in range(20):
        with suppress(PermissionError):
            return action()
        time.sleep(0.05)
    return action()
