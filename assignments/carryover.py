"""``previous("a1_classifiers/svm")``: what an earlier notebook defines, for a later one to use.

The student's own functions are read from the notebook on disk. What is unfinished there is answered
by the stand-ins of :mod:`assignments.standins`, and named.
"""

import importlib
import inspect
import json
import os
import types
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from assignments.messages import _
from assignments.notebook import NotebookModule, Outline, load, new_module, read_cells

__all__ = ["previous"]


def previous(name: str) -> NotebookModule:
    """The functions and classes of an earlier notebook; stand-ins where they are unfinished.

    Says which file was read, when it was saved, and for which names stand-ins answer. The file is
    looked for beside this notebook's folder and in it; ``ASSIGNMENTS_HOME`` names another folder
    of assignments.

    Args:
        name: ``"assignment/notebook"``, such as ``"a1_classifiers/svm"``.

    Raises:
        LookupError: there is neither such a notebook nor a stand-in for it.
    """
    places = _places(name)
    path = next((place for place in places if place.is_file()), None)
    standin = _standin(name)
    if path is None and standin is None:
        raise LookupError(
            _("there is no notebook {name}; is it spelled as its folder and file are?").format(
                name=name
            )
        )
    module_name = name.replace("/", ".")
    if path is None:
        module = new_module(module_name)
        print(
            _(
                "{name}: no such notebook in {folders}. Put yours there, or set the environment "
                "variable ASSIGNMENTS_HOME to the folder that holds {assignment}."
            ).format(
                name=name,
                folders=", ".join(str(place.parent) for place in places),
                assignment=name.partition("/")[0],
            )
        )
    else:
        module = _read(path, module_name)
        saved = datetime.fromtimestamp(path.stat().st_mtime)
        print(
            _("{name}: your notebook {path}, saved on {day} at {time}.").format(
                name=name, path=path, day=f"{saved:%Y-%m-%d}", time=f"{saved:%H:%M}"
            )
        )
    if standin is not None and (filled := list(_fill(module, standin))):
        print(
            _("  Stand-ins answer for what is not finished: {names}.").format(
                names=", ".join(filled)
            )
        )
    return module


def _places(name: str) -> list[Path]:
    """Where the file of a notebook may lie, the likeliest first."""
    assignment, _slash, notebook = name.partition("/")
    file = f"{notebook}.ipynb"
    if home := os.environ.get("ASSIGNMENTS_HOME"):
        return [Path(home, assignment, file)]
    here = Path.cwd()
    return [here.parent / assignment / file, here / file, here / assignment / file]


def _standin(name: str) -> types.ModuleType | None:
    full_name = f"assignments.standins.{name.replace('/', '.')}"
    try:
        return importlib.import_module(full_name)
    except ModuleNotFoundError as error:
        if error.name and full_name.startswith(error.name):
            return None
        raise


def _read(path: Path, module_name: str) -> NotebookModule:
    try:
        nb = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        print(_("{path} cannot be read: {error}").format(path=path, error=error))
        nb = None
    cells = read_cells(nb)
    return load(cells, Outline.of(cells), module_name)


def _fill(module: NotebookModule, standin: types.ModuleType) -> Iterator[str]:
    """Put stand-ins where the student's notebook has nothing finished; yields their names."""
    for name in standin.__all__:
        own, other = vars(module).get(name), getattr(standin, name)
        if inspect.isclass(own) and inspect.isclass(other):
            for method, function in vars(other).items():
                if callable(function) and _unfinished(getattr(own, method, None)):
                    setattr(own, method, function)
                    yield f"{name}.{method}"
        elif _unfinished(own):
            setattr(module, name, other)
            module.missing_names.pop(name, None)
            yield name


def _unfinished(own: Any) -> bool:
    """Is it missing, or a function that still raises NotImplementedError or does not parse?"""
    if own is None:
        return True
    code = getattr(inspect.unwrap(own), "__code__", None)
    # The loader makes a method that does not parse into one that raises SyntaxError.
    return code is not None and not {"NotImplementedError", "SyntaxError"}.isdisjoint(code.co_names)
