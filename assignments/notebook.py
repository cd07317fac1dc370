"""A notebook is a module: read its cells, choose what may run, run it.

Students use this through :func:`assignments.previous`, the autograder inside its sandbox. The cells
that the *source* notebook marks as solutions run whole. From every other code cell only imports,
definitions and simple assignments are taken, so that nothing trains while a notebook is loaded and
helpers in a cell of the student's own still count. Whatever fails takes down only the names that it
would have defined, and each of those names remembers why it is missing.

The functions here accept any notebook, however damaged: they never raise because of its content.
"""

import __future__

import ast
import hashlib
import io
import json
import linecache
import re
import sys
import textwrap
import tokenize
import types
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from assignments.messages import _

__all__ = [
    "WRITE_HERE",
    "Cell",
    "NotebookModule",
    "Outline",
    "Step",
    "allowed_packages",
    "as_loaded",
    "course_metadata",
    "load",
    "plan",
    "raw_cells",
    "read_cells",
    "run_step",
]

#: What the release puts above each ``raise NotImplementedError``.
WRITE_HERE = "# Write your code here."

#: A code cell longer than this many characters is not parsed: that alone would take seconds.
MAX_CELL = 100_000
#: Characters that are parsed, all attempts together, to save what can be of a broken cell.
MAX_SALVAGE = 1_000_000

#: Builtins that a "simple call" may use; none of them runs a function of the student's.
SIMPLE_BUILTINS = {
    "abs", "bool", "bytes", "complex", "dict", "float", "frozenset", "int", "len", "list", "max",
    "min", "object", "range", "round", "set", "slice", "str", "tuple", "type",
}  # fmt: skip

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_PARSE_ERRORS = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Cell:
    """One cell, numbered from 1 as a reader counts them."""

    number: int
    cell_type: str
    source: str
    grade_id: str | None = None
    solution: bool = False
    tags: frozenset[str] = frozenset()

    @property
    def starred(self) -> bool:
        """Is it a stretch exercise? Its name says so: ``svm-star-l1``.

        ``check`` knows it by the name of this cell; grading does not ask for it.
        """
        return self.cell_type == "code" and self.solution and "-star-" in (self.grade_id or "")


@dataclass(frozen=True)
class Outline:
    """What the source notebook says about its solution cells.

    Attributes:
        solutions: for the grade_id of each solution cell, the functions and classes it defines.
    """

    solutions: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, cells: list[Cell]) -> "Outline":
        """The outline of a source notebook.

        Cells tagged ``experiment`` do not count, nor do stretch exercises: of these, as of a
        student's own cells, only definitions are taken.
        """
        return cls(
            {
                cell.grade_id: _definitions(cell)
                for cell in cells
                if cell.cell_type == "code"
                and cell.solution
                and cell.grade_id
                and "experiment" not in cell.tags
                and not cell.starred
            }
        )


@dataclass
class Step:
    """What runs of one cell: some of its statements, and why others do not.

    Attributes:
        flags: the ``from __future__`` imports of this cell and of those before it, as ``compile``
            takes them.
        left_out: names that the cell sets in statements that are not run, with the reason.
        broken: names whose definition does not parse, with the reason.
    """

    cell: Cell
    statements: list[ast.stmt]
    left_out: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    flags: int = 0

    @property
    def names(self) -> set[str]:
        """The names that running it binds."""
        return {name for node in self.statements for name in _names(node)}


class NotebookModule(types.ModuleType):
    """The names that a notebook defines. ``missing_names`` says why others are not there."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.missing_names: dict[str, str] = {}

    def __getattr__(self, name: str) -> object:
        reason = self.__dict__.get("missing_names", {}).get(name)
        raise AttributeError(reason or _("the notebook does not define {name}").format(name=name))


def read_cells(nb: object) -> list[Cell]:
    """The cells of a notebook given as JSON data (nbformat 4, or 3 with its worksheets).

    Anything malformed is read as emptily as possible.
    """
    return [_read_cell(number, raw) for number, raw in enumerate(raw_cells(nb), start=1)]


def allowed_packages(nb: object) -> list[str]:
    """The distributions that may be imported in a notebook, from ``course`` in its metadata.

    Empty when it says nothing of them.
    """
    names = course_metadata(nb).get("packages")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def course_metadata(nb: object) -> dict[str, object]:
    """What ``course`` in a notebook's metadata says: packages, order, title, minutes, needs.

    Empty when there is none.
    """
    where: object = nb
    for key in ("metadata", "course"):
        where = where.get(key) if isinstance(where, dict) else None
    return where if isinstance(where, dict) else {}


def plan(cells: list[Cell], outline: Outline) -> list[Step]:
    """What would run of each code cell, in the order of the notebook."""
    present = {cell.grade_id for cell in cells if cell.cell_type == "code"}
    lost_names = {
        name
        for grade_id, names in outline.solutions.items()
        if grade_id not in present
        for name in names
    }
    parsed = [(cell, *_parse(cell)) for cell in cells if cell.cell_type == "code"]
    imported = set().union(*(_imported(cell) for cell, _statements, _broken in parsed))
    reason = _(
        "{name} is set in cell {cell}, which is not run in grading; move it into your solution."
    )
    steps = []
    flags = 0
    for cell, statements, broken in parsed:
        flags |= _future_flags(statements)
        defined = {name for node in statements for name in _names(node)} | set(broken)
        whole = cell.grade_id in outline.solutions or defined & lost_names
        kept: list[ast.stmt] = []
        left_out: dict[str, str] = {}
        for node in statements:
            if whole or _may_run(node, imported):
                kept.append(node)
            else:
                for name in _names(node):
                    left_out[name] = reason.format(name=name, cell=cell.number)
        steps.append(Step(cell, kept, left_out, broken, flags))
    return steps


def as_loaded(cells: list[Cell], outline: Outline) -> tuple[list[Cell], str, list[Step]]:
    """What loading needs of a notebook, and the SHA-256 of that code.

    No Markdown, no comments, no cells that loading makes nothing of. Grading hands over nothing
    else: whatever student code could find in its own process counts in the hash, the numbers of
    cells and lines as well, since a table could be written in them. So code of the same hash is
    given the same inputs, and cannot bring along what it saw of them before.

    Returns:
        Cells that :func:`plan` treats like those of the notebook, 64 hexadecimal digits, and what
        runs of the cells.
    """
    needed = []
    steps = plan(cells, outline)
    for step in steps:
        cell = step.cell
        known = cell.grade_id in outline.solutions
        if known or step.statements or step.left_out or step.broken:
            grade_id = cell.grade_id if known else None
            needed.append(Cell(cell.number, "code", _without_comments(cell.source), grade_id))
    code = json.dumps([[cell.number, cell.grade_id, cell.source] for cell in needed])
    return needed, hashlib.sha256(code.encode()).hexdigest(), steps


def _without_comments(source: str) -> str:
    """Code with as many lines as before; all of it if unreadable.

    The line that the release puts above what is to be written stays in the code: a reason of
    :class:`~assignments.workspace.Workspace` looks for it.
    """
    lines = source.split("\n")
    comments = []
    code: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            (first, column), (last, end) = token.start, token.end
            if token.type == tokenize.COMMENT:
                comments.append((first - 1, column, end))
            elif token.type not in _NO_CODE:
                code.update(range(first - 1, last))
    except (SyntaxError, ValueError, tokenize.TokenError):
        return source
    for row, column, end in reversed(comments):
        here = row not in code and lines[row][column:end] == WRITE_HERE
        lines[row] = WRITE_HERE if here else (lines[row][:column] + lines[row][end:]).rstrip()
    lines = [line if row in code or line.strip() else "" for row, line in enumerate(lines)]
    return "\n".join(lines)


_NO_CODE = {
    tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
}  # fmt: skip


def run_step(step: Step, module: NotebookModule) -> None:
    """Run the statements of one cell; what fails is recorded in ``module.missing_names``."""
    # The module's name keeps apart what linecache knows of several loaded notebooks.
    filename = f"<{module.__name__} cell {step.cell.number}>"
    source = step.cell.source
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    for name, reason in (step.left_out | step.broken).items():
        if name not in vars(module):
            module.missing_names[name] = reason
    for node in step.statements:
        if _future_flags([node]):
            continue
        try:
            exec(_compiled(node, filename, step.flags), vars(module))
        except BaseException as error:
            reason = _("cell {cell} stopped at line {line}: {error}").format(
                cell=step.cell.number, line=node.lineno, error=_named(error)
            )
            for name in _names(node):
                if name not in vars(module):
                    module.missing_names[name] = reason
        else:
            for name in _names(node):
                module.missing_names.pop(name, None)


def load(cells: list[Cell], outline: Outline, name: str = "notebook") -> NotebookModule:
    """Turn the cells of a notebook into a module.

    Args:
        cells: the notebook's cells, from :func:`read_cells`.
        outline: what the source says of them; for a notebook of one's own,
            ``Outline.of(cells)``.
        name: the module's name.
    """
    module = new_module(name)
    for step in plan(cells, outline):
        run_step(step, module)
    return module


def new_module(name: str) -> NotebookModule:
    """An empty module to run steps in, known to :data:`sys.modules` (dataclasses look there)."""
    module = NotebookModule(name)
    sys.modules[name] = module
    return module


# --- reading ---------------------------------------------------------------------------------


def raw_cells(nb: object) -> Iterator[dict]:
    """The cells as they are; what is no object is an empty one."""
    if not isinstance(nb, dict):
        return
    sheets = nb.get("worksheets")
    sheets = [nb, *sheets] if isinstance(sheets, list) else [nb]
    for sheet in sheets:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        for cell in cells if isinstance(cells, list) else []:
            yield cell if isinstance(cell, dict) else {}


def _read_cell(number: int, raw: dict) -> Cell:
    source = raw.get("source", raw.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    metadata = raw.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    nbgrader = metadata.get("nbgrader")
    nbgrader = nbgrader if isinstance(nbgrader, dict) else {}
    grade_id = nbgrader.get("grade_id")
    tags = metadata.get("tags")
    cell_type = raw.get("cell_type")
    return Cell(
        number=number,
        cell_type=cell_type if isinstance(cell_type, str) else "raw",
        source=source if isinstance(source, str) else "",
        grade_id=grade_id if isinstance(grade_id, str) and grade_id else None,
        solution=nbgrader.get("solution") is True,
        tags=frozenset(t for t in tags if isinstance(t, str))
        if isinstance(tags, list)
        else frozenset(),
    )


# --- parsing, however broken -------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _parse(cell: Cell) -> tuple[list[ast.stmt], dict[str, str]]:
    """The statements of a cell that parse, and for names defined by others the reason.

    Kept, since the grader loads a notebook again and again with one cell changed; not to be changed
    by who gets them.
    """
    if len(cell.source) > MAX_CELL:
        reason = _("cell {cell} is longer than {limit} characters").format(
            cell=cell.number, limit=MAX_CELL
        )
        return [], dict.fromkeys(re.findall(r"^(?:def|class)\s+(\w+)", cell.source, re.M), reason)
    source = _without_cell_magic(cell.source)
    try:
        statements, broken = _Salvage(cell.number).parse(source)
        for node in statements:
            _names(node)
            _may_run(node, set())
        return statements, broken
    except _PARSE_ERRORS:  # nested too deeply to be looked at
        reason = _("cell {cell} cannot be read").format(cell=cell.number)
        return [], dict.fromkeys(re.findall(r"^(?:def|class)\s+(\w+)", source, re.M), reason)


_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_LINE_MAGIC = re.compile(r"\s*(?:[%!]|\w[\w.\s,]*=\s*[%!]|\?|.*\?\s*$)")
#: Cell magics whose cell is still Python.
_PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "memit", "mprun"}


def _without_cell_magic(source: str) -> str:
    """Python where there is any, with as many lines before each line as there were."""
    if magic := _CELL_MAGIC.match(source):
        if magic.group(1) not in _PYTHON_MAGICS:
            return ""
        lines = source.split("\n")
        first = next(i for i, line in enumerate(lines) if "%%" in line)
        return "\n".join(["pass"] * (first + 1) + lines[first + 1 :])
    return source


class _Salvage:
    """Parses what can be parsed of a cell, within a budget of characters."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.left = MAX_SALVAGE

    def parse(self, source: str) -> tuple[list[ast.stmt], dict[str, str]]:
        """The statements that parse, and for names that others define the reason."""
        if source[:1].isspace():
            source = textwrap.dedent(source)  # as IPython does
        source, nodes = self._without_line_magics(source)
        if nodes is not None:
            return nodes, {}
        statements: list[ast.stmt] = []
        broken: dict[str, str] = {}
        lines = source.split("\n")
        starts = [
            i
            for i, line in enumerate(lines)
            if re.match(r"[^\s#)\]}'\"]", line)
            and not re.match(r"(?:else|elif|except|finally)\b", line)
        ]
        for begin, end, nodes, error in self._grouped(lines, starts):
            if error is not None:
                text = "\n".join(lines[begin:end])
                head = re.match(r"\s*(?:@.*\n\s*)*(async\s+def|def|class)\s+(\w+)", text)
                mended = self._class(text, begin) if head and head[1] == "class" else None
                if mended is None:
                    names = [head[2]] if head else re.findall(r"^(\w+)\s*=[^=]", text, re.M)
                    broken |= dict.fromkeys(names, _syntax_reason(error, self.number, begin))
                    continue
                nodes = mended
            statements += [ast.increment_lineno(node, begin) for node in nodes]
        return statements, broken

    def _try(
        self, lines: list[str], of_class: bool = False
    ) -> tuple[list[ast.stmt], BaseException | None]:
        """The statements of some lines, perhaps of a class's body, or why they do not parse."""
        indented = of_class and lines[0][:1].isspace()
        text = "\n".join(["if True:", *lines] if indented else lines)
        self.left -= len(text)
        if self.left < 0:
            return [], SyntaxError(_("too much of the cell is damaged"))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(text).body, None
        except _PARSE_ERRORS as error:
            if indented and isinstance(error, SyntaxError) and error.lineno:
                error.lineno -= 1
            return [], error

    def _without_line_magics(self, source: str) -> tuple[str, list[ast.stmt] | None]:
        """Replace IPython magics, shell lines and help requests by ``pass``, keeping line numbers.

        A line is only touched where Python cannot read it, since ``%`` may also begin the second
        line of an expression.
        """
        lines = source.split("\n")
        while True:
            nodes, error = self._try(lines)
            if error is None:
                return source, nodes
            at = (getattr(error, "lineno", None) or 0) - 1
            if not (0 <= at < len(lines) and _LINE_MAGIC.match(lines[at])):
                return "\n".join(lines), None
            lines[at] = lines[at][: len(lines[at]) - len(lines[at].lstrip())] + "pass"

    def _grouped(
        self, lines: list[str], starts: list[int], reach: int = 400
    ) -> Iterator[tuple[int, int, list[ast.stmt], BaseException | None]]:
        """(begin, end, statements, error) of each run of lines from a start to one that parses.

        A run that parses nowhere within ``reach`` starts is given up at the next start.
        """
        # Decorators belong to the line that follows them.
        starts = [
            i for n, i in enumerate(starts) if not (n and lines[starts[n - 1]].lstrip()[:1] == "@")
        ]
        ends = [*starts[1:], len(lines)]
        at = 0
        while at < len(starts):
            first_error = None
            for last in range(at, min(len(starts), at + reach)):
                nodes, error = self._try(lines[starts[at] : ends[last]], of_class=True)
                first_error = first_error or error
                if error is None or self.left < 0:
                    break
            if error is not None:
                last = at
            yield starts[at], ends[last], nodes, error and first_error
            at = last + 1

    def _class(self, text: str, lines_before: int) -> list[ast.stmt] | None:
        """A class whose broken methods are replaced by ones that say what is wrong."""
        lines = text.split("\n")
        header = next(
            (i for i, line in enumerate(lines) if line.rstrip().endswith(":")), len(lines)
        )
        body = [line for line in lines[header + 1 :] if line.strip()]
        indent = body[0][: len(body[0]) - len(body[0].lstrip())] if body else ""
        if not indent:
            return None
        item_start = re.compile(rf"[ \t]{{1,{len(indent) + 3}}}(?:async\s+def\b|def\b|class\b|@)")
        starts = [i for i, line in enumerate(lines) if i > header and item_start.match(line)]
        mended = lines[: starts[0]] if starts else lines
        for begin, end, _nodes, error in self._grouped(lines, starts):
            item = lines[begin:end]
            own_indent = item[0][: len(item[0]) - len(item[0].lstrip())]
            if error is not None:
                name = re.search(r"(?:def|class)\s+(\w+)", "\n".join(item))
                if name is None:
                    return None
                reason = _syntax_reason(error, self.number, lines_before + begin)
                stub = f"{indent}def {name[1]}(*args, **kwargs): raise SyntaxError({reason!r})"
                item = [stub] + [""] * (end - begin - 1)
            elif own_indent != indent:
                item = [indent + line.removeprefix(own_indent) for line in item]
            mended += item
        nodes, error = self._try(mended)
        return nodes if error is None else None


def _syntax_reason(error: BaseException, number: int, lines_before: int) -> str:
    line = (getattr(error, "lineno", None) or 1) + lines_before
    message = getattr(error, "msg", None) or type(error).__name__
    message = re.sub(r" \(detected at line \d+\)", "", message)
    return _("cell {cell}, line {line} does not parse: {message}").format(
        cell=number, line=line, message=message
    )


# --- choosing what runs ------------------------------------------------------------------------


def _definitions(cell: Cell) -> frozenset[str]:
    statements, _broken = _parse(cell)
    return frozenset(node.name for node in statements if isinstance(node, _DEFINITIONS))


def _future_flags(statements: list[ast.stmt]) -> int:
    return sum(
        {
            getattr(__future__, alias.name).compiler_flag
            for node in statements
            if isinstance(node, ast.ImportFrom) and node.module == "__future__"
            for alias in node.names
            if alias.name in __future__.all_feature_names
        }
    )


def _compiled(node: ast.stmt, filename: str, flags: int) -> types.CodeType:
    """The code of a statement, kept with it."""
    key = (filename, flags)
    kept = vars(node).setdefault("kept_code", {})
    if key not in kept:
        kept[key] = compile(ast.Module([node], []), filename, "exec", flags, dont_inherit=True)
    return kept[key]


def _names(node: ast.stmt) -> tuple[str, ...]:
    """The names that a statement binds at the top level of the notebook, kept with it."""
    kept = vars(node)
    if "kept_names" not in kept:
        kept["kept_names"] = tuple(_bound(node))
    return kept["kept_names"]


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement binds at the top level of the notebook."""
    if isinstance(node, _DEFINITIONS):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Store):
            yield node.id
    elif not isinstance(
        node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ):
        for child in ast.iter_child_nodes(node):
            yield from _bound(child)


#: Packages whose calls load data or draw.
_NEVER_SIMPLE = {"assignments", "matplotlib"}


@lru_cache(maxsize=1024)
def _imported(cell: Cell) -> frozenset[str]:
    """Names that imports bind, less those whose calls are never simple: loading data, drawing."""
    statements, _broken = _parse(cell)
    return frozenset(_imported_names(statements))


def _imported_names(statements: list[ast.stmt]) -> Iterator[str]:
    for top in statements:
        for node in ast.walk(top):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.partition(".")[0] not in _NEVER_SIMPLE:
                        yield alias.asname or alias.name.partition(".")[0]
            elif isinstance(node, ast.ImportFrom):
                never = (node.module or "").partition(".")[0] in _NEVER_SIMPLE
                for alias in node.names:
                    if not never or alias.name == "previous":
                        yield alias.asname or alias.name


def _may_run(node: ast.stmt, imported: set[str]) -> bool:
    """May this statement of a cell that is no solution run while the notebook is loaded?"""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass():
            return True
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return True
        case ast.Assign(targets=targets, value=value):
            return all(_is_target(t) for t in targets) and _is_simple(value, imported)
        case ast.AnnAssign(target=target, value=value):
            return _is_target(target) and (value is None or _is_simple(value, imported))
        case ast.If(test=test, body=body, orelse=orelse):
            return _is_simple(test, imported) and all(_may_run(n, imported) for n in body + orelse)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            inner = body + orelse + finalbody + [n for h in handlers for n in h.body]
            return all(_may_run(n, imported) for n in inner)
    return False


def _is_target(node: ast.expr) -> bool:
    match node:
        case ast.Name():
            return True
        case ast.Attribute(value=value):
            return isinstance(value, ast.Name)
        case ast.Tuple(elts=elts) | ast.List(elts=elts):
            return all(_is_target(e) for e in elts)
        case ast.Starred(value=value):
            return _is_target(value)
    return False


_PLAIN = (
    ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.Set,
    ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr,
    ast.FormattedValue, ast.Starred, ast.keyword,
)  # fmt: skip


def _is_simple(node: ast.AST, imported: set[str]) -> bool:
    """Only reads names, attributes and literals, or makes simple calls; nothing that loops."""
    if isinstance(
        node, ast.Lambda | ast.expr_context | ast.operator | ast.unaryop | ast.boolop | ast.cmpop
    ):
        return True
    if isinstance(node, ast.Call):
        root = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        match root:
            case ast.Name(id=name):
                known = name in imported or (root is node.func and name in SIMPLE_BUILTINS)
            case ast.Call():
                known = _is_simple(root, imported)
            case _:
                known = isinstance(root, ast.Constant)
        return known and all(_is_simple(a, imported) for a in [*node.args, *node.keywords])
    return isinstance(node, _PLAIN) and all(
        _is_simple(child, imported) for child in ast.iter_child_nodes(node)
    )


def describe_error(error: BaseException) -> str:
    """The message of an exception, bounded, whatever its ``__str__`` does."""
    try:
        return str(error)[:500]
    except BaseException:
        return ""


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {describe_error(error)[:300]}".rstrip(": ")
