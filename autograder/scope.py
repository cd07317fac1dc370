"""The names that a notebook's given cells bind: what its students may call of what others wrote."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assignments.notebook import Cell, Outline, plan

__all__ = ["Scope"]

#: Modules of ``assignments`` that compute and touch nothing else. Those that read files, draw,
#: download or train stay out of grading, where nothing may act on behalf of a student.
COMPUTING = frozenset(
    f"assignments.{name}"
    for name in ("fast_layers", "features", "layers", "optim", "scale", "temporal_layers")
)


@dataclass(frozen=True)
class Scope:
    """What a notebook was given.

    Attributes:
        earlier: notebooks (``"a1_classifiers/svm"``) that it gets with ``previous``.
        helpers: modules of ``assignments`` (``"assignments.features"``) that it imports from.
    """

    earlier: frozenset[str]
    helpers: frozenset[str]

    @classmethod
    def of(cls, cells: Iterable[Cell], outline: Outline) -> "Scope":
        """The scope of a source notebook: solutions and tests of it do not count."""
        given = [cell for cell in cells if not cell.grade_id]
        nodes = [
            node
            for step in plan(given, outline)
            for statement in step.statements
            for node in ast.walk(statement)
        ]
        return cls(
            frozenset(_earlier(nodes)),
            frozenset(
                node.module
                for node in nodes
                if isinstance(node, ast.ImportFrom) and node.module in COMPUTING
            ),
        )


def _earlier(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id="previous"), args=[ast.Constant(value=str(name))]):
                yield name
