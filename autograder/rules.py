"""Reads submitted code, outside of the sandbox: what it says, what it hides, what it must not use.

Rules about *how* something is computed (no loops, not by that function) cannot be judged by asking
the process that runs the code: it answers what the student wants. So the submitted cells are read,
as text, and what cannot be read fails the rule. Nothing of them is run here.
"""

import ast
import builtins
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import cast

from assignments.messages import _
from assignments.notebook import Cell, Outline, Step, plan
from assignments.student import CheckFailed, StudentError, no_such_name

__all__ = ["IN_PLACE_OF_NUMPY", "Code", "Obstacle"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_FUNCTIONS, ast.ClassDef, ast.Lambda)

#: Decorators under which a function still is what its text says.
_PLAIN_DECORATORS = {
    "staticmethod", "classmethod", "property", "cached_property", "abstractmethod", "override",
    "no_grad", "inference_mode", "enable_grad", "dataclass", "cache", "lru_cache", "setter",
}  # fmt: skip

#: In notebooks without PyTorch: libraries that do what is to be written there.
IN_PLACE_OF_NUMPY = (
    "autograd.*", "cupy.*", "jax.*", "sklearn.*", "skimage.*", "statsmodels.*", "tensorflow.*",
    "torch.*", "torchvision.*", "cv2.*",
    "scipy.cluster.*", "scipy.ndimage.*", "scipy.optimize.*", "scipy.signal.*", "scipy.spatial.*",
    "scipy.special.expit", "scipy.special.log_expit", "scipy.special.log_softmax",
    "scipy.special.logsumexp", "scipy.special.softmax", "scipy.stats.mode", "scipy.stats.zscore",
)  # fmt: skip

#: Builtins by which code gets at what no text names; the last two only change it.
_HIDING_NAMES = {
    "__builtins__", "__import__", "__loader__", "__spec__", "compile", "eval", "exec", "getattr",
    "globals", "locals", "vars", "delattr", "setattr",
}  # fmt: skip
_CHANGING_NAMES = {"delattr", "setattr"}

#: Attributes that lead out of an object, or make another one of it.
_HIDING_ATTRIBUTES = {
    "__builtins__", "__closure__", "__code__", "__dict__", "__getattr__", "__getattribute__",
    "__globals__", "__import__", "__loader__", "__setattr__", "__spec__", "__subclasses__",
    "__wrapped__", "_getframe", "f_back", "f_builtins", "f_globals", "f_locals", "setprofile",
    "settrace", "tb_frame",
}  # fmt: skip

#: Methods by which a class answers for names that no text shows.
_HIDING_METHODS = {"__getattr__", "__getattribute__", "__setattr__", "__init_subclass__"}

#: Modules that look into running code, load other code or speak with the grader.
_HIDING_MODULES = (
    "assignments.notebook", "assignments.probes", "assignments.student", "assignments.values",
    "assignments.workspace", "autograder", "bdb", "builtins", "cProfile", "cloudpickle", "code",
    "codeop", "ctypes", "dill", "doctest", "gc", "importlib", "inspect", "joblib", "linecache",
    "logging.config", "marshal", "operator.attrgetter", "operator.methodcaller", "pdb", "pickle",
    "pkg_resources", "pkgutil", "profile", "pydoc", "runpy", "shelve", "sys._getframe",
    "sys.meta_path", "sys.modules", "sys.monitoring", "sys.path_hooks", "sys.setprofile",
    "sys.settrace", "timeit", "torch.hub", "torch.load", "trace", "types.CellType",
    "types.CodeType", "types.FunctionType", "types.MethodType", "unittest", "zipimport",
)  # fmt: skip
#: The same when another module happens to have imported them.
_HIDING_INNER = {"builtins", "ctypes", "gc", "importlib", "inspect", "linecache", "sys", "_sys"}


@dataclass(frozen=True)
class Obstacle:
    """A place in the code that keeps it from being read.

    Attributes:
        what: the word there, such as ``"exec"``.
        reaches_libraries: may it get at any library, under whatever name?
    """

    what: str
    cell: int
    line: int
    reaches_libraries: bool = True

    def __str__(self) -> str:
        return _("{what} in cell {cell}, line {line}").format(
            what=self.what, cell=self.cell, line=self.line
        )


@dataclass
class _Binding:
    """One statement that gives a name its value; of those, the last one counts."""

    order: int
    statement: ast.stmt
    #: A definition, an import or the value of an assignment; None where that is not plain.
    value: ast.AST | None


@dataclass
class _Part:
    """What a piece of code mentions.

    Attributes:
        mentions: names, and attributes with a dot before them (``".train"``).
        libraries: dotted names of things of libraries, with the line.
    """

    mentions: set[str] = field(default_factory=set)
    libraries: dict[str, int] = field(default_factory=dict)
    obstacles: list[Obstacle] = field(default_factory=list)


class Code:
    """The code of a notebook that runs while it is graded.

    Args:
        steps: what runs, cell by cell.
        given: the texts of the source's own cells. Such a cell hides nothing.
    """

    def __init__(self, steps: list[Step], given: Collection[str] = frozenset()) -> None:
        self._steps = steps
        self._given = given
        self._read: dict[int, _Part] = {}
        #: For assignments to attributes, read on their own, the statement whose names are local.
        self._around: dict[int, ast.stmt] = {}

    @classmethod
    def of_kernel(cls, texts: Iterable[str], given: Collection[str] = frozenset()) -> "Code":
        """What a kernel has run so far, cell by cell."""
        cells = [
            Cell(number, "code", text, grade_id=str(number), solution=True)
            for number, text in enumerate(texts, start=1)
        ]
        outline = Outline({str(cell.number): frozenset() for cell in cells})
        return cls(plan(cells, outline), given)

    # --- what it says ----------------------------------------------------------------------------

    def source(self, name: str) -> str:
        """The source text of a function, class or method, or of what else a name stands for.

        Raises:
            StudentError: no cell defines it, or it is imported.
            CheckFailed: it is bound in a way that cannot be read.
        """
        root, _dot, method = name.partition(".")
        node = self._method(root, method) if method else self._value(root)
        if isinstance(node, ast.Lambda):
            body = ast.Return(node.body)
            node = ast.FunctionDef(root, node.args, [body], [], lineno=1, col_offset=0)
        elif not isinstance(node, ast.stmt):
            node = ast.Expr(cast(ast.expr, node))
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            for decorator in node.decorator_list:
                if _last_word(decorator) not in _PLAIN_DECORATORS:
                    raise _unreadable(name)
        if not (text := _text(ast.fix_missing_locations(node))):
            raise _unreadable(name)
        return text

    def methods(self, attribute: str) -> list[str]:
        """What an attribute of this name may be: methods, or what is assigned to it."""
        return [
            *(f"{owner}.{attribute}" for owner in sorted(self._owners.get(attribute, ()))),
            *sorted(
                {
                    node.id
                    for _cell, statement in self._assignments.get(attribute, ())
                    for node in ast.walk(statement)
                    if isinstance(node, ast.Name) and node.id in self._functions
                }
            ),
        ]

    @cached_property
    def _placed(self) -> list[tuple[Cell, ast.stmt]]:
        """All statements that run, in order, with their cells."""
        return [(step.cell, statement) for step in self._steps for statement in step.statements]

    @cached_property
    def _statements(self) -> list[tuple[int, ast.stmt]]:
        """The same with the numbers of the cells."""
        return [(cell.number, statement) for cell, statement in self._placed]

    @cached_property
    def _bindings(self) -> dict[str, list[_Binding]]:
        """For each name, and each ``Class.attribute`` assigned from outside, what binds it."""
        found: dict[str, list[_Binding]] = {}
        for order, (_cell, statement) in enumerate(self._statements):
            for name, value in _bindings_of(statement):
                found.setdefault(name, []).append(_Binding(order, statement, value))
        return found

    @cached_property
    def _owners(self) -> dict[str, set[str]]:
        """For each name of a method the classes that have one."""
        found: dict[str, set[str]] = {}
        for _cell, statement in self._statements:
            for node in ast.walk(statement):
                if isinstance(node, ast.ClassDef):
                    for name, _value in (pair for s in node.body for pair in _bindings_of(s)):
                        found.setdefault(name, set()).add(node.name)
        return found

    @cached_property
    def _assignments(self) -> dict[str, list[tuple[int, ast.stmt]]]:
        """For each attribute the statements that assign to one of its name, wherever they are."""
        found: dict[str, list[tuple[int, ast.stmt]]] = {}
        for cell, statement in self._statements:
            for node in ast.walk(statement):
                if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    for target in (t for whole in targets for t in ast.walk(whole)):
                        if isinstance(target, ast.Attribute) and isinstance(target.ctx, ast.Store):
                            found.setdefault(target.attr, []).append((cell, node))
                            self._around[id(node)] = statement
        return found

    @cached_property
    def _functions(self) -> set[str]:
        """Names that some cell defines as functions or classes."""
        return {
            name
            for name, bindings in self._bindings.items()
            if any(isinstance(b.value, _SCOPES) for b in bindings)
        }

    def _value(self, name: str, before: float = float("inf")) -> ast.AST:
        """What a name is bound to: a definition, or the statement that binds it otherwise."""
        for binding in reversed(self._bindings.get(name, ())):
            if binding.order >= before:
                continue
            match binding.value:
                case ast.Name(id=other) if other in self._bindings:
                    return self._value(other, binding.order + (other != name))
                case ast.Attribute(value=ast.Name(id=owner), attr=method) if (
                    owner in self._functions
                ):
                    return self._method(owner, method)
                case ast.Import() | ast.ImportFrom():
                    raise no_such_name(name)
                case ast.AST() as value:
                    if isinstance(value, _SCOPES) or self._mentions_functions(value):
                        return value
                    raise no_such_name(name)  # a number, an array, a function of a library
            raise _unreadable(name)
        raise no_such_name(name)

    def _mentions_functions(self, node: ast.AST) -> bool:
        return any(
            isinstance(n, ast.Lambda) or (isinstance(n, ast.Name) and n.id in self._functions)
            for n in ast.walk(node)
        )

    def _method(self, owner: str, method: str, before: float = float("inf")) -> ast.AST:
        """What ``owner.method`` is bound to, looked for in the class and then in its bases."""
        from_outside = [b for b in self._bindings.get(f"{owner}.{method}", ()) if b.order < before]
        for binding in reversed(self._bindings.get(owner, ())):
            if binding.order >= before:
                continue
            if from_outside and from_outside[-1].order > binding.order:
                match from_outside[-1].value:
                    case ast.Name(id=other):
                        return self._value(other, from_outside[-1].order)
                    case ast.Lambda() as value:
                        return value
                raise _unreadable(f"{owner}.{method}")
            match binding.value:
                case ast.Name(id=other):
                    return self._method(other, method, binding.order + (other != owner))
                case ast.ClassDef(body=body, bases=bases):
                    return self._member(owner, method, body, bases, binding.order)
            break
        if owner in self._bindings and not self._imported(owner):
            raise _unreadable(f"{owner}.{method}")
        raise no_such_name(f"{owner}.{method}")

    def _member(
        self, owner: str, method: str, body: list[ast.stmt], bases: list[ast.expr], order: int
    ) -> ast.AST:
        found = [v for statement in body for n, v in _bindings_of(statement) if n == method]
        if found:
            match found[-1]:
                case ast.AST() as value if isinstance(value, _SCOPES):
                    return value
                case ast.Name(id=other) if other != method:
                    with suppress(StudentError):
                        return self._member(owner, other, body, [], order)
                    return self._value(other, order)
            raise _unreadable(f"{owner}.{method}")
        for base in bases:
            if isinstance(base, ast.Name) and base.id in self._bindings:
                try:
                    return self._method(base.id, method, order)
                except StudentError:
                    continue
        raise no_such_name(f"{owner}.{method}")

    def _imported(self, name: str) -> bool:
        return isinstance(self._bindings[name][-1].value, ast.Import | ast.ImportFrom)

    # --- what it hides, what it uses -------------------------------------------------------------

    @cached_property
    def obstacles(self) -> list[Obstacle]:
        """All places that keep the code from being read."""
        return [o for cell, node in self._own for o in self._part(cell, node).obstacles]

    def refused(self, asked: Collection[str], patterns: Collection[str]) -> str:
        """Why a question earns nothing: what it uses that does the exercise, or "".

        Args:
            asked: the names and attributes that the question's checks asked for. Read is what they
                lead to.
            patterns: of dotted names, such as ``"scipy.spatial.*"``.
        """
        if not any(obstacle.reaches_libraries for obstacle in self.obstacles) and not any(
            _matches(name, patterns)
            for cell, node in self._own
            for name in self._part(cell, node).libraries
        ):
            return ""
        for cell, part in self._reached(asked):
            for name, line in part.libraries.items():
                if _matches(name, patterns):
                    return _(
                        "{name} (cell {cell}, line {line}) does the exercise, which is yours to "
                        "write: as long as it is used, this question earns nothing"
                    ).format(name=name, cell=cell, line=line)
            for obstacle in part.obstacles:
                if obstacle.reaches_libraries:
                    return _(
                        "{where} may use any library, one that does the exercise among them; write "
                        "plainly what is called: as it is, this question earns nothing"
                    ).format(where=obstacle)
        return ""

    @cached_property
    def _own(self) -> list[tuple[int, ast.stmt]]:
        """What runs and is not one of the source's own cells, word for word."""
        return [
            (cell.number, statement)
            for cell, statement in self._placed
            if cell.source not in self._given
        ]

    def _reached(self, asked: Collection[str]) -> Iterator[tuple[int, _Part]]:
        """The parts that may run when these names are asked for, with their cells."""
        waiting = [*asked, *(f".{name}" for name in asked)]
        pieces: list[tuple[int, ast.AST]] = [
            (cell, node) for cell, node in self._own if self._acts(node)
        ]
        seen: set[str] = set()
        while waiting or pieces:
            for cell, node in pieces:
                part = self._part(cell, node)
                yield cell, part
                waiting += part.mentions
            pieces = []
            if waiting and (name := waiting.pop()) not in seen:
                seen.add(name)
                pieces = list(self._pieces(name))

    def _acts(self, statement: ast.stmt) -> bool:
        """Does a statement of a cell do something that may change others, when the cell runs?"""
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return bool(statement.decorator_list)
            case ast.Import() | ast.ImportFrom():
                return False
            case ast.Assign(targets=targets):
                return any(not isinstance(target, ast.Name | ast.Tuple) for target in targets)
            case ast.Expr():
                part = self._part(0, statement)
                return bool(part.obstacles) or not part.mentions.isdisjoint(self._functions)
        return True

    def _pieces(self, name: str) -> Iterator[tuple[int, ast.AST]]:
        """The code that a name, or an attribute with a dot before it, stands for."""
        if name.startswith("."):
            yield from self._assignments.get(name[1:], ())
            for owner in self._owners.get(name[1:], ()):
                yield from self._definition(f"{owner}{name}", self._method, owner, name[1:])
        elif name not in self._libraries:
            yield from self._definition(name, self._value, name)

    def _definition(
        self, name: str, find: Callable[..., ast.AST], *arguments: str
    ) -> Iterator[tuple[int, ast.AST]]:
        try:
            node = find(*arguments)
        except CheckFailed:
            for binding in self._bindings.get(name, ()):
                if not isinstance(binding.statement, (*_FUNCTIONS, ast.ClassDef)):
                    yield self._statements[binding.order]
            return
        cell = self._cell_of.get(id(node), 0)
        if not isinstance(node, ast.ClassDef):
            yield cell, node
            return
        # Making an object runs __init__, operators on it the other ones; torch calls forward.
        for part in (*node.bases, *node.keywords, *node.body):
            if not isinstance(part, _FUNCTIONS):
                yield cell, part
            elif part.name.startswith("__") or part.name == "forward":
                yield from self._definition("", self._method, node.name, part.name)

    @cached_property
    def _cell_of(self) -> dict[int, int]:
        return {
            id(node): cell
            for cell, statement in self._statements
            for node in ast.walk(statement)
            if isinstance(node, _SCOPES)
        }

    def _part(self, cell: int, node: ast.AST) -> _Part:
        if id(node) not in self._read:
            reader = _PartReader(self._libraries, self._functions, cell)
            if around := self._around.get(id(node)):
                scopes = [n for n in ast.walk(around) if isinstance(n, _SCOPES)]
                reader.scopes.append(set().union(*map(_own_names, scopes)))
            try:
                reader.visit(node)
            except RecursionError:
                line = getattr(node, "lineno", 0)
                reader.part.obstacles.append(Obstacle(_("deeply nested code"), cell, line))
            self._read[id(node)] = reader.part
        return self._read[id(node)]

    @cached_property
    def _libraries(self) -> dict[str, set[str]]:
        """What imported names stand for: ``{"np": {"numpy"}, "hypot": {"math.hypot"}}``."""
        found: dict[str, set[str]] = {}
        nodes = [n for _cell, statement in self._statements for n in ast.walk(statement)]
        for node in nodes:
            for name, dotted in _imports(node):
                found.setdefault(name, set()).add(dotted)
        for _cell, statement in self._statements:  # F = torch.nn.functional
            if isinstance(statement, ast.Assign):
                for name, value in _bindings_of(statement):
                    for dotted in _dotted(value, found):
                        found.setdefault(name, set()).add(dotted)
        return found


class _PartReader(ast.NodeVisitor):
    """Collects what a piece of code mentions, scope by scope."""

    def __init__(self, libraries: Mapping[str, set[str]], functions: set[str], cell: int) -> None:
        self.libraries = libraries
        self.functions = functions
        self.cell = cell
        self.part = _Part()
        self.scopes: list[set[str]] = []

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, (*_SCOPES, *_COMPREHENSIONS)):
            self._enter(node)
        else:
            super().visit(node)

    def _enter(self, node: ast.AST) -> None:
        """A scope: its decorators, defaults and bases belong to the one around it."""
        if isinstance(node, _FUNCTIONS) and node.name in _HIDING_METHODS:
            self._note(node.name, node, reaches_libraries=False)
        if isinstance(node, ast.ClassDef) and node.keywords:
            self._note("metaclass", node, reaches_libraries=False)
        own = _own_names(node)
        for name, inner in ast.iter_fields(node):
            outside = name in ("decorator_list", "bases", "keywords", "returns")
            if not outside:
                self.scopes.append(own)
            for child in inner if isinstance(inner, list) else [inner]:
                if isinstance(child, ast.AST):
                    self.visit(child)
            if not outside:
                self.scopes.pop()

    def _is_local(self, name: str) -> bool:
        return any(name in scope for scope in self.scopes)

    def _note(self, what: str, node: ast.AST, reaches_libraries: bool = True) -> None:
        line = getattr(node, "lineno", 0)
        self.part.obstacles.append(Obstacle(what, self.cell, line, reaches_libraries))

    def _uses(self, dotted: str, node: ast.AST) -> None:
        self.part.libraries.setdefault(dotted, getattr(node, "lineno", 0))
        if any(dotted == m or dotted.startswith(f"{m}.") for m in _HIDING_MODULES) or (
            not _HIDING_INNER.isdisjoint(dotted.split(".")[1:])
        ):
            self._note(dotted, node)

    def visit_Name(self, node: ast.Name) -> None:
        if self._is_local(node.id):
            return
        if isinstance(node.ctx, ast.Load):
            self.part.mentions.add(node.id)
            for dotted in self.libraries.get(node.id, ()):
                self._uses(dotted, node)
            known = node.id in self.libraries or node.id in self.functions
            if not known and not hasattr(builtins, node.id):
                for module in self.libraries.get("*", ()):
                    self._uses(f"{module}{node.id}", node)
            if node.id in _HIDING_NAMES and node.id not in self.functions:
                self._note(node.id, node, node.id not in _CHANGING_NAMES)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        names = [] if self._is_local(_root(node)) else _dotted(node, self.libraries)
        on_self = isinstance(node.value, ast.Name) and node.value.id == "self"
        if node.attr in _HIDING_ATTRIBUTES and not (on_self and node.attr == "__dict__"):
            self._note(node.attr, node)
        elif node.attr == "__class__" and not isinstance(node.ctx, ast.Load):
            self._note(node.attr, node, reaches_libraries=False)
        elif names and not isinstance(node.ctx, ast.Load):
            self._note(_("a change of {name}").format(name=min(names)), node, False)
        if names:
            for dotted in names:
                self._uses(dotted, node)
            self.part.mentions.add(_root(node))
        else:
            if isinstance(node.ctx, ast.Load):
                self.part.mentions.add(f".{node.attr}")
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        match node:
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr" | "delattr" | "hasattr" as name),
                args=[owner, ast.Constant(value=str(attribute)), *rest],
            ) if not self._is_local(name):
                changes = name in _CHANGING_NAMES
                context = ast.Store() if changes else ast.Load()
                self.visit(ast.copy_location(ast.Attribute(owner, attribute, context), node))
                if changes and _root(owner) != "self":
                    self._note(name, node, reaches_libraries=False)
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr" | "delattr"), args=[owner, *rest]
            ) if _root(owner) == "self":
                self.visit(owner)
            case _:
                self.visit(node.func)
                rest = node.args
        for child in (*rest, *node.keywords):
            self.visit(child)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg == "allow_pickle":
            self._note(node.arg, node.value)
        self.visit(node.value)

    def visit_Compare(self, node: ast.Compare) -> None:
        # "google.colab" in sys.modules tells nothing.
        harmless = isinstance(node.left, ast.Constant) and isinstance(
            node.ops[0], ast.In | ast.NotIn
        )
        right = [_dotted(c, self.libraries) for c in node.comparators]
        if not (harmless and right == [{"sys.modules"}]):
            self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        for name in self.functions.intersection(node.names):
            self._note(f"global {name}", node, reaches_libraries=False)


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _own_names(scope: ast.AST) -> set[str]:
    """The names that a scope binds itself, inner scopes and imports left out."""
    names: set[str] = set()
    freed: set[str] = set()
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
                continue
            case ast.Global(names=more) | ast.Nonlocal(names=more):
                freed.update(more)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                names.add(name)
        if not isinstance(node, (*_SCOPES, *_COMPREHENSIONS)):
            waiting += ast.iter_child_nodes(node)
    return names - freed


def _bindings_of(statement: ast.stmt) -> Iterator[tuple[str, ast.AST | None]]:
    """(name, value) of what a statement binds; the value is None where it is not plain."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, statement
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            for alias in aliases:
                yield alias.asname or alias.name.partition(".")[0], statement
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _assigned(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _assigned(target, value)
        case _:
            for node in ast.walk(statement):
                match node:
                    case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                        yield name, None
                    case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                        yield name, None
                    case ast.Attribute(value=ast.Name(id=owner), attr=name, ctx=ast.Store()):
                        yield f"{owner}.{name}", None
                    case ast.Import() | ast.ImportFrom():
                        yield from _bindings_of(node)
    for node in ast.walk(statement) if isinstance(statement, ast.Assign | ast.AnnAssign) else ():
        if isinstance(node, ast.NamedExpr):
            yield node.target.id, None


def _assigned(target: ast.AST, value: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Attribute(value=ast.Name(id=owner), attr=attribute), _:
            yield f"{owner}.{attribute}", value
        case (
            (ast.Tuple(elts=targets) | ast.List(elts=targets)),
            (ast.Tuple(elts=values) | ast.List(elts=values)),
        ) if len(targets) == len(values):
            for one, other in zip(targets, values, strict=True):
                yield from _assigned(one, other)
        case _:
            for node in ast.walk(target):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id, ast.Tuple([cast(ast.expr, value)], ast.Load())


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    """(name, what it stands for) of an import."""
    match node:
        case ast.Import(names=aliases):
            for alias in aliases:
                top = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)
        case ast.ImportFrom(module=str(module), names=aliases):
            for alias in aliases:
                name = alias.asname or alias.name
                yield name, f"{module}." if name == "*" else f"{module}.{alias.name}"


def _dotted(node: ast.AST | None, libraries: Mapping[str, set[str]]) -> set[str]:
    """What a chain of attributes of an imported name stands for."""
    match node:
        case ast.Name(id=name):
            return set(libraries.get(name, ()))
        case ast.Attribute(value=value, attr=attribute):
            return {f"{owner}.{attribute}" for owner in _dotted(value, libraries)}
    return set()


def _root(node: ast.AST) -> str:
    """The name that a chain of attributes, items and calls begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _matches(name: str, patterns: Collection[str]) -> bool:
    """Is a dotted name one of these, or a module that has one of them?"""
    return any(fnmatchcase(name, pattern) or pattern.startswith(f"{name}.") for pattern in patterns)


def _text(node: ast.AST) -> str:
    """The code of a node; "" where it is nested too deeply to be written down."""
    try:
        return ast.unparse(node)
    except RecursionError:
        return ""


def _last_word(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _unreadable(name: str) -> CheckFailed:
    return CheckFailed(_("the source of {name} cannot be read").format(name=name))
