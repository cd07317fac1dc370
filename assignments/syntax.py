"""What only the source text of the student's code tells: how deeply does it loop?"""

import ast
import builtins
import textwrap
from collections.abc import Iterable

from assignments.messages import _
from assignments.student import CheckFailed, Student, StudentError

__all__ = ["loop_depth"]

#: Functions that call another one again and again: loops under another name.
_REPEATING = {
    "accumulate", "apply_along_axis", "apply_over_axes", "filter", "fromfunction", "fromiter",
    "frompyfunc", "map", "reduce", "starmap", "vectorize",
}  # fmt: skip

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def loop_depth(student: Student, name: str) -> int:
    """How many loops deep a function or method runs; 0 when it does not loop at all.

    Comprehensions, ``map``, ``np.vectorize`` and their like are loops; so is recursion. Functions
    of the notebook that it calls are read as well. Going through items that are spelled out,
    ``for A in (X, X_train)``, is none.

    Args:
        name: ``"f"``, or ``"Class.method"``.

    Raises:
        CheckFailed: the source cannot be read.
    """
    return _Reader(student, name).depth_of(name, ())


class _Reader:
    def __init__(self, student: Student, name: str) -> None:
        self.student = student
        self.owner = name.rpartition(".")[0]

    def depth_of(self, name: str, callers: tuple[str, ...]) -> int:
        """The depth of a function by name; ``callers`` are those that are being read."""
        if name in callers:
            return 1
        function = self._parse(name)
        if not isinstance(function, _FUNCTIONS):
            return 0
        local = {node.name: node for node in ast.walk(function) if isinstance(node, _FUNCTIONS)}
        del local[function.name]
        return self._deepest(function.body, local, (*callers, name))

    def _parse(self, name: str) -> ast.stmt:
        try:
            return ast.parse(textwrap.dedent(self.student.source(name))).body[0]
        except (SyntaxError, ValueError, RecursionError, MemoryError, IndexError) as error:
            reason = _("the source of {name} cannot be read").format(name=name)
            raise CheckFailed(reason) from error

    def _deepest(self, nodes: Iterable[ast.AST], local: dict, callers: tuple) -> int:
        return max((self._depth(node, local, callers) for node in nodes), default=0)

    def _depth(self, node: ast.AST, local: dict, callers: tuple) -> int:
        inside = self._deepest(ast.iter_child_nodes(node), local, callers)
        match node:
            case ast.For() | ast.AsyncFor():
                around = self._depth(node.iter, local, callers)
                body = self._deepest(node.body + node.orelse, local, callers)
                return max(around, _repeats(node.iter) + body)
            case ast.While():
                return 1 + inside
            case ast.Call(func=called):
                return max(inside, self._depth_of_call(called, inside, local, callers))
            case _ if isinstance(node, _COMPREHENSIONS):
                return sum(_repeats(part.iter) for part in node.generators) + inside
        return inside

    def _depth_of_call(self, called: ast.expr, inside: int, local: dict, callers: tuple) -> int:
        match called:
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in _REPEATING:
                return 1 + inside
            case ast.Name(id=name) if name in local:
                if name in callers:
                    return 1
                return self._deepest(local[name].body, local, (*callers, name))
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if self.owner:
                return self._depth_of_notebooks(f"{self.owner}.{name}", callers)
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner == self.owner:
                return self._depth_of_notebooks(f"{owner}.{name}", callers)
            case ast.Name(id=name) if not hasattr(builtins, name):
                return self._depth_of_notebooks(name, callers)
        return 0

    def _depth_of_notebooks(self, name: str, callers: tuple) -> int:
        try:
            return self.depth_of(name, callers)
        except StudentError:  # imported, or a local variable
            return 0


def _repeats(items: ast.expr) -> bool:
    """Is going through these a loop? Not when they are spelled out: ``for A in (X, Y)``."""
    return not isinstance(items, ast.Tuple | ast.List)
