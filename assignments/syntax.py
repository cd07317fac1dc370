"""What only the source text of the student's code tells: how deeply it loops, what it uses.

In grading the text is that of the submitted cells, so nothing that runs in the sandbox has a say in
it. In a student's own kernel it is what :mod:`inspect` knows of the live names.
"""

import ast
import builtins
import inspect
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from assignments.messages import _
from assignments.student import CheckFailed, Student, StudentError, no_such_name

__all__ = ["LiveReading", "loop_depth", "names_read", "same_code", "words_used"]

#: Functions that call another one, their first argument, again and again.
_REPEATING = {
    "apply_along_axis", "apply_over_axes", "filter", "frompyfunc", "map", "reduce", "starmap",
    "vectorize",
}  # fmt: skip

#: How much is read at most.
_MAX_CHARACTERS = 100_000
_MAX_FUNCTIONS = 200
_MAX_NAMES = 200

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Functions = Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef]


class LiveReading:
    """Reads the code of live names, for the student's own kernel: it believes what they say.

    Args:
        names: the namespace of the notebook.
    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names

    def source(self, name: str) -> str:
        root, *attributes = name.split(".")
        try:
            value = self.names[root]
            for attribute in attributes:
                value = getattr(value, attribute)
            return inspect.getsource(value)
        except (KeyError, AttributeError, OSError, TypeError):
            raise no_such_name(name) from None

    def methods(self, attribute: str) -> list[str]:
        return [
            f"{name}.{attribute}"
            for name, value in list(self.names.items())
            if isinstance(value, type) and attribute in vars(value)
        ]


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
    try:
        return _Reader(student).depth_of(name)
    except RecursionError as error:
        raise _unreadable(name) from error


def names_read(student: Student, name: str) -> set[str]:
    """The names that a function reads, and that the notebook's functions among them read.

    Args:
        name: ``"f"``, or ``"Class.method"``.

    Raises:
        StudentError: there is no such function.
        CheckFailed: the source cannot be read.
    """
    found = _names_in(_parse(student, name))
    waiting = sorted(found)
    for read, other in enumerate(waiting):
        if read >= _MAX_NAMES:
            raise _unreadable(name)
        try:
            new = _names_in(_parse(student, other)) - found
        except StudentError:  # imported, or a local variable
            continue
        found |= new
        waiting += sorted(new)  # the loop goes on with them
    return found


def words_used(student: Student, name: str) -> set[str]:
    """The names and attributes (``softmax`` of ``F.softmax``) in a function's code.

    Functions of the notebook that it uses are read as well, and methods of its class.

    Args:
        name: ``"f"``, or ``"Class.method"``.

    Raises:
        StudentError: there is no such function.
        CheckFailed: the source cannot be read.
    """
    owner = name.rpartition(".")[0]
    found = _words_in(_parse(student, name))
    waiting = sorted(found)
    for read, word in enumerate(waiting):
        if read >= _MAX_NAMES:
            raise _unreadable(name)
        new: set[str] = set()
        for other in (word, f"{owner}.{word}") if owner else (word,):
            try:
                new |= _words_in(_parse(student, other)) - found
            except StudentError:  # imported, or a local variable
                continue
        found |= new
        waiting += sorted(new)  # the loop goes on with them
    return found


def same_code(student: Student, name: str, other: str) -> bool:
    """Are two functions the same code, up to names, comments and docstrings?

    Raises:
        StudentError: one of them is not there.
        CheckFailed: the source cannot be read.
    """
    try:
        return _outline(_parse(student, name)) == _outline(_parse(student, other))
    except RecursionError as error:
        raise _unreadable(name) from error


class _Reader:
    """Depths of functions by name, each read once.

    A function that is mentioned is taken to be called, so that handing it on hides nothing. While a
    function is being read its depth is taken to be 1: then it calls itself.
    """

    def __init__(self, student: Student) -> None:
        self.student = student
        self.known: dict[str, int] = {}

    def depth_of(self, name: str) -> int:
        """The depth of a function, a method (``"Net.loss"``), a class or what a name stands for.

        Raises:
            StudentError: no cell defines it.
        """
        if name not in self.known:
            if len(self.known) >= _MAX_FUNCTIONS:
                raise _unreadable(name)
            self.known[name] = 1
            statement = _parse(self.student, name)
            if isinstance(statement, _FUNCTIONS):
                self.known[name] = _Function(self, name, statement).depth
            elif isinstance(statement, ast.ClassDef):
                # Making an object runs __init__, operators on it run the other ones.
                self.known[name] = max(
                    (
                        self.depth_of(f"{name}.{method.name}")
                        for method in statement.body
                        if isinstance(method, _FUNCTIONS) and method.name.startswith("__")
                    ),
                    default=0,
                )
            else:
                self.known[name] = _Function(
                    self, name, ast.parse("def _(): pass").body[0]
                ).deepest([statement])
        return self.known[name]

    def depth_if_there(self, name: str) -> int:
        """The same, and 0 for what is imported or a variable."""
        try:
            return self.depth_of(name)
        except StudentError:
            self.known[name] = 0
            return 0


class _Function:
    """The depth of the parts of one function."""

    def __init__(self, reader: _Reader, name: str, function: ast.stmt) -> None:
        self.reader = reader
        self.name = name
        inner = [n for n in ast.walk(function) if isinstance(n, _FUNCTIONS) and n is not function]
        self.local: _Functions = {node.name: node for node in inner}
        self.variables = _own_names(function)
        self.function = function

    @property
    def depth(self) -> int:
        assert isinstance(self.function, _FUNCTIONS)
        return self.deepest(self.function.body)

    def deepest(self, nodes: Iterable[ast.AST]) -> int:
        return max(map(self._depth, nodes), default=0)

    def _depth(self, node: ast.AST) -> int:
        match node:
            case ast.For(iter=items) | ast.AsyncFor(iter=items):
                body = self.deepest(node.body + node.orelse)
                return max(self._depth(items), _repeats(items) + body)
            case ast.While():
                return 1 + self.deepest(ast.iter_child_nodes(node))
            case ast.ListComp(elt=item) | ast.SetComp(elt=item) | ast.GeneratorExp(elt=item):
                return self._comprehension(node.generators, [item])
            case ast.DictComp(key=key, value=value):
                return self._comprehension(node.generators, [key, value])
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(value=ast.Name(), attr=name),
                args=[function, *others],
            ) if name in _REPEATING:
                again = 1 + self._depth(function)
                return max(again, self.deepest([*others, *node.keywords]))
            case ast.Call(func=ast.Name(id="getattr"), args=[owner, name, *_default]):
                if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
                    raise _unreadable(self.name)
                return self._depth(ast.Attribute(owner, name.value, ast.Load()))
            case ast.Attribute(value=owner, attr=attribute):
                methods = self.reader.student.methods(attribute)
                return max(
                    [self._depth(owner), *map(self.reader.depth_if_there, methods)], default=0
                )
            case ast.Name(id=name, ctx=ast.Load()):
                return self._mentioned(name)
        return self.deepest(ast.iter_child_nodes(node))

    def _comprehension(self, generators: list[ast.comprehension], items: list[ast.expr]) -> int:
        depth = level = 0
        for part in generators:
            depth = max(depth, level + self._depth(part.iter))
            level += _repeats(part.iter)
            depth = max(depth, level + self.deepest(part.ifs))
        return max(depth, level + self.deepest(items))

    def _mentioned(self, name: str) -> int:
        """The depth of a function of the notebook; 0 for any other name."""
        if name in self.local:
            return self._of_local(name)
        if name in self.variables:
            return 0
        return self.reader.depth_if_there(name)

    def _of_local(self, name: str) -> int:
        known, key = self.reader.known, f"{self.name}.<locals>.{name}"
        if key not in known:
            known[key] = 1
            known[key] = self.deepest(self.local[name].body)
        return known[key]


def _own_names(function: ast.AST) -> set[str]:
    """The arguments and variables of a function, those of functions within it left out."""
    names: set[str] = set()
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if isinstance(node, (*_FUNCTIONS, ast.Lambda)):
            continue
        if isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        waiting += ast.iter_child_nodes(node)
    return names


def _repeats(items: ast.expr) -> bool:
    """Is going through these a loop? Not when they are spelled out: ``for A in (X, Y)``."""
    return not isinstance(items, ast.Tuple | ast.List)


def _parse(student: Student, name: str) -> ast.stmt:
    source = student.source(name)
    if len(source) > _MAX_CHARACTERS:
        raise _unreadable(name)
    try:
        return ast.parse(textwrap.dedent(source)).body[0]
    except (SyntaxError, ValueError, MemoryError, IndexError, RecursionError) as error:
        raise _unreadable(name) from error


def _names_in(function: ast.AST) -> set[str]:
    """The names that code reads and that are not its own, builtins left out."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    own = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    own |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    return {node.id for node in names} - own - set(dir(builtins))


def _words_in(function: ast.AST) -> set[str]:
    """The names, attributes and imports in code, builtins left out."""
    words = set()
    for node in ast.walk(function):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.alias(name=word):
                words.add(word.rpartition(".")[2])
    return words - set(dir(builtins))


def _outline(function: ast.AST) -> str:
    """The structure of a function's code, with names numbered as they first occur."""
    numbers: dict[str, str] = {}
    for node in ast.walk(function):
        for field in ("id", "arg", "name"):
            if isinstance(old := getattr(node, field, None), str):
                setattr(node, field, numbers.setdefault(old, str(len(numbers))))
        if isinstance(node, _FUNCTIONS) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(function)


def _unreadable(name: str) -> CheckFailed:
    return CheckFailed(_("the source of {name} cannot be read").format(name=name))
