"""Ways around an exercise that ``verify`` tries for every question: none may earn a point.

Somebody who takes such a way lets another's code answer: the stand-ins that fill gaps at home, the
reference itself, this notebook as if it were an earlier one, an earlier notebook, a helper of the
course. What is peculiar to one question (SciPy's distances) is written beside its mistakes.
"""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from textwrap import dedent, indent

import assignments
from assignments.notebook import Cell
from autograder.course import SourceNotebook
from autograder.scope import Scope

__all__ = ["shortcuts"]


def shortcuts(source: SourceNotebook) -> dict[str, list[Cell]]:
    """The notebook's cells by the way that is taken: with one more, which answers all questions."""
    standins = f"assignments.standins.{source.assignment}"
    ways = {
        "the stand-ins": f"from {standins} import {source.name} as it",
        "the answer key": f"""\
            from autograder.answer_key import answer_key
            from autograder.course import Course
            notebooks = Course().assignment({source.assignment!r}).notebooks
            it = answer_key(notebooks[{source.name!r}]).reference""",
    }
    earlier = Scope.of(source.cells, source.outline).earlier
    for name in sorted({f"{source.assignment}/{source.name}", *earlier}):
        ways[f"previous({name!r})"] = f"""\
            from assignments import previous
            it = previous({name!r})"""
    taken = {way: _instead(source, dedent(code)) for way, code in ways.items()}
    helpers = "\n".join(
        _defined(node, f"import assignments.{module} as it")
        for node in _answers(source)
        for module in _modules_with(node.name)
    )
    if helpers:
        taken["helpers of the course"] = helpers
    number = len(source.cells) + 1
    return {way: [*source.cells, Cell(number, "code", code)] for way, code in taken.items()}


def _answers(source: SourceNotebook) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """What the notebook's solutions define, the last definition of a name."""
    found = {}
    for cell in source.cells:
        if cell.cell_type == "code" and cell.grade_id in source.outline.solutions:
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    found[node.name] = node
    yield from found.values()


def _instead(source: SourceNotebook, finding: str) -> str:
    """Code that lets ``it`` answer under every name."""
    return "\n".join(_defined(node, finding) for node in _answers(source))


def _defined(node: ast.FunctionDef | ast.ClassDef, finding: str) -> str:
    if isinstance(node, ast.ClassDef):
        head, self = f"class {node.name}:\n    def __new__(cls, *args, **kwargs):", "        "
    else:
        head, self = f"def {node.name}(*args, **kwargs):", "    "
    body = indent(f"{finding}\nreturn it.{node.name}(*args, **kwargs)", self)
    return f"{head}\n{body}\n"


def _modules_with(name: str) -> Iterator[str]:
    """The helper modules of the course that export this name."""
    for module in pkgutil.iter_modules(assignments.__path__):
        if not module.ispkg and name in getattr(
            importlib.import_module(f"assignments.{module.name}"), "__all__", ()
        ):
            yield module.name
