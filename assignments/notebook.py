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
import linecache
import re
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from assignments.messages import _

__all__ = ["Cell", "NotebookModule", "Outline", "Step", "load", "plan", "read_cells", "run_step"]

#: A code cell longer than this many characters is not parsed.
MAX_CELL = 1_000_000

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


@dataclass(frozen=True)
class Outline:
    """What the source notebook says about its solution cells.

    Attributes:
        solutions: for the grade_id of each solution cell, the functions and classes it defines.
    """

    solutions: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, cells: list[Cell]) -> "Outline":
        """The outline of a source notebook; cells tagged ``experiment`` do not count."""
        return cls(
            {
                cell.grade_id: _definitions(cell)
                for cell in cells
                if cell.cell_type == "code"
                and cell.solution
                and cell.grade_id
                and "experiment" not in cell.tags
            }
        )


@dataclass
class Step:
    """What runs of one cell: some of its statements, and why others do not.

    Attributes:
        left_out: names that the cell sets in statements that are not run, with the reason.
        broken: names whose definition does not parse, with the reason.
    """

    cell: Cell
    statements: list[ast.stmt]
    left_out: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """The names that running it binds."""
        return {name for node in self.statements for name in _bound(node)}


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
    return [_read_cell(number, raw) for number, raw in enumerate(_raw_cells(nb), start=1)]


def plan(cells: list[Cell], outline: Outline) -> list[Step]:
    """What would run of each code cell, in the order of the notebook."""
    present = {cell.grade_id for cell in cells}
    lost_names = {
        name
        for grade_id, names in outline.solutions.items()
        if grade_id not in present
        for name in names
    }
    steps = []
    parsed = [(cell, *_parse_tolerantly(cell)) for cell in cells if cell.cell_type == "code"]
    imported = {
        name for _cell, statements, _broken in parsed for name in _imported_names(statements)
    }
    for cell, statements, broken in parsed:
        defined = {name for node in statements for name in _bound(node)} | set(broken)
        if cell.grade_id in outline.solutions or (defined & lost_names):
            steps.append(Step(cell, statements, broken=broken))
            continue
        kept = [node for node in statements if _may_run(node, imported)]
        reason = _(
            "{name} is set in cell {cell}, which is not run in grading; move it into your solution."
        )
        left_out = {
            name: reason.format(name=name, cell=cell.number)
            for node in statements
            if node not in kept
            for name in _bound(node)
        }
        steps.append(Step(cell, kept, left_out, broken))
    return steps


def run_step(step: Step, module: NotebookModule) -> None:
    """Run the statements of one cell; what fails is recorded in ``module.missing_names``."""
    # The module's name keeps apart what linecache knows of several loaded notebooks.
    filename = f"<{module.__name__} cell {step.cell.number}>"
    source = step.cell.source
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    for name, reason in (step.left_out | step.broken).items():
        if name not in vars(module):
            module.missing_names[name] = reason
    flags = 0
    for node in step.statements:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            flags |= sum(
                getattr(__future__, a.name).compiler_flag
                for a in node.names
                if a.name in __future__.all_feature_names
            )
            continue
        try:
            code = compile(ast.Module([node], []), filename, "exec", flags, dont_inherit=True)
            exec(code, vars(module))
        except BaseException as error:
            reason = _("cell {cell} stopped at line {line}: {error}").format(
                cell=step.cell.number, line=node.lineno, error=_describe(error)
            )
            for name in _bound(node):
                if name not in vars(module):
                    module.missing_names[name] = reason
        else:
            for name in _bound(node):
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


def _raw_cells(nb: object) -> Iterator[dict]:
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
    return Cell(
        number=number,
        cell_type=raw.get("cell_type") if isinstance(raw.get("cell_type"), str) else "raw",
        source=source if isinstance(source, str) else "",
        grade_id=grade_id if isinstance(grade_id, str) and grade_id else None,
        solution=nbgrader.get("solution") is True,
        tags=frozenset(t for t in tags if isinstance(t, str))
        if isinstance(tags, list)
        else frozenset(),
    )


# --- parsing, however broken -------------------------------------------------------------------


def _parse_tolerantly(cell: Cell) -> tuple[list[ast.stmt], dict[str, str]]:
    """The statements of a cell that parse, and for names defined by others the reason."""
    if len(cell.source) > MAX_CELL:
        reason = _("cell {cell} is longer than {limit} characters").format(
            cell=cell.number, limit=MAX_CELL
        )
        return [], dict.fromkeys(re.findall(r"^(?:def|class)\s+(\w+)", cell.source, re.M), reason)
    source = _without_magics(cell.source)
    try:
        return ast.parse(source).body, {}
    except _PARSE_ERRORS:
        return _salvage(source, cell.number)


_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_LINE_MAGIC = re.compile(r"\s*(?:[%!]|\w[\w.\s,]*=\s*[%!]|\?|.*\?\s*$)")
#: Cell magics whose cell is still Python.
_PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "memit", "mprun"}


def _without_magics(source: str) -> str:
    """Replace IPython magics, shell lines and help requests by ``pass``, keeping line numbers.

    A line is only touched where Python cannot read it, since ``%`` may also begin the second line
    of an expression.
    """
    if magic := _CELL_MAGIC.match(source):
        if magic.group(1) not in _PYTHON_MAGICS:
            return ""
        source = "pass\n" + source.partition("\n")[2]
    lines = source.split("\n")
    for _attempt in range(len(lines)):
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            at = (error.lineno or 0) - 1
            if not (0 <= at < len(lines) and _LINE_MAGIC.match(lines[at])):
                break
            indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            lines[at] = indent + "pass"
        except _PARSE_ERRORS:
            break
        else:
            break
    return "\n".join(lines)


def _salvage(source: str, number: int) -> tuple[list[ast.stmt], dict[str, str]]:
    """Parse a cell piece by piece; a class loses only the methods that do not parse."""
    statements: list[ast.stmt] = []
    broken: dict[str, str] = {}
    for start, text in _pieces(source):
        try:
            nodes = ast.parse(text).body
        except _PARSE_ERRORS as error:
            reason = _syntax_reason(error, number, start)
            head = re.match(r"\s*(?:@.*\n\s*)*(async\s+def|def|class)\s+(\w+)", text)
            mended = _mend_class(text, number, start) if head and head[1] == "class" else None
            if mended is None:
                names = [head[2]] if head else re.findall(r"^(\w+)\s*=[^=]", text, re.M)
                broken |= dict.fromkeys(names, reason)
                continue
            nodes = mended
        statements += [ast.increment_lineno(node, start) for node in nodes]
    return statements, broken


def _pieces(source: str) -> Iterator[tuple[int, str]]:
    """Split into (lines before, text): whole statements where they parse, else lone fragments."""
    lines = source.split("\n")
    starts = [
        i
        for i, line in enumerate(lines)
        if re.match(r"[^\s#)\]}'\"]", line)
        and not re.match(r"(?:else|elif|except|finally)\b", line)
    ]
    for begin, end in _grouped(lines, starts):
        yield begin, "\n".join(lines[begin:end])


def _grouped(lines: list[str], starts: list[int], reach: int = 400) -> Iterator[tuple[int, int]]:
    """(begin, end) of each run of lines from one start to a later one that parses.

    A run that parses nowhere within ``reach`` starts is given up at the next start.
    """
    # Decorators belong to the line that follows them.
    starts = [
        i for n, i in enumerate(starts) if not (n and lines[starts[n - 1]].lstrip()[:1] == "@")
    ]
    ends = [*starts[1:], len(lines)]
    at = 0
    while at < len(starts):
        for last in [*range(at, min(len(starts), at + reach)), at]:
            if _syntax_error(lines[starts[at] : ends[last]]) is None:
                break
        yield starts[at], ends[last]
        at = last + 1


def _mend_class(text: str, number: int, lines_before: int) -> list[ast.stmt] | None:
    """A class whose broken methods are replaced by ones that say what is wrong."""
    lines = text.split("\n")
    header = next((i for i, line in enumerate(lines) if line.rstrip().endswith(":")), len(lines))
    body = [line for line in lines[header + 1 :] if line.strip()]
    indent = body[0][: len(body[0]) - len(body[0].lstrip())] if body else ""
    if not indent:
        return None
    item_start = re.compile(rf"[ \t]{{1,{len(indent) + 3}}}(?:async\s+def\b|def\b|class\b|@)")
    starts = [i for i, line in enumerate(lines) if i > header and item_start.match(line)]
    mended = lines[: starts[0]] if starts else lines
    for begin, end in _grouped(lines, starts):
        item = lines[begin:end]
        own_indent = item[0][: len(item[0]) - len(item[0].lstrip())]
        if error := _syntax_error(item):
            name = re.search(r"(?:def|class)\s+(\w+)", "\n".join(item))
            if name is None:
                return None
            reason = _syntax_reason(error, number, lines_before + begin)
            stub = f"{indent}def {name[1]}(*args, **kwargs): raise SyntaxError({reason!r})"
            item = [stub] + [""] * (end - begin - 1)
        elif own_indent != indent:
            item = [indent + line.removeprefix(own_indent) for line in item]
        mended += item
    try:
        return ast.parse("\n".join(mended)).body
    except _PARSE_ERRORS:
        return None


def _syntax_error(lines: list[str]) -> BaseException | None:
    """Why some lines, perhaps indented, do not parse; None when they do."""
    indented = lines[0][:1].isspace()
    try:
        ast.parse("\n".join(["if True:", *lines] if indented else lines))
    except _PARSE_ERRORS as error:
        if indented and getattr(error, "lineno", None):
            error.lineno -= 1
        return error
    return None


def _syntax_reason(error: BaseException, number: int, lines_before: int) -> str:
    line = (getattr(error, "lineno", None) or 1) + lines_before
    message = getattr(error, "msg", None) or type(error).__name__
    message = re.sub(r" \(detected at line \d+\)", "", message)
    return _("cell {cell}, line {line} does not parse: {message}").format(
        cell=number, line=line, message=message
    )


# --- choosing what runs ------------------------------------------------------------------------


def _definitions(cell: Cell) -> frozenset[str]:
    statements, _broken = _parse_tolerantly(cell)
    return frozenset(node.name for node in statements if isinstance(node, _DEFINITIONS))


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


def _imported_names(statements: list[ast.stmt]) -> Iterator[str]:
    """Names that imports bind, less those of ``assignments`` (loading data is no simple call)."""
    for top in statements:
        for node in ast.walk(top):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.partition(".")[0] != "assignments":
                        yield alias.asname or alias.name.partition(".")[0]
            elif isinstance(node, ast.ImportFrom):
                ours = (node.module or "").partition(".")[0] == "assignments"
                for alias in node.names:
                    if not ours or alias.name == "previous":
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
        known = isinstance(root, ast.Constant) or (
            isinstance(root, ast.Name)
            and (root.id in imported or (root is node.func and root.id in SIMPLE_BUILTINS))
        )
        return known and all(_is_simple(a, imported) for a in [*node.args, *node.keywords])
    return isinstance(node, _PLAIN) and all(
        _is_simple(child, imported) for child in ast.iter_child_nodes(node)
    )


def _describe(error: BaseException) -> str:
    """Type and message of an exception, bounded, whatever its ``__str__`` does."""
    try:
        text = str(error)
    except BaseException:
        text = ""
    return f"{type(error).__name__}: {text[:300]}".rstrip(": ")
