"""Generic mutants of a text of Python: one operator, constant, argument or statement is another.

They know nothing of the exercise. :mod:`mutants` runs them.
"""

import ast
from collections.abc import Iterator, Sequence
from copy import copy
from itertools import pairwise

__all__ = ["mutations"]

_OPERATORS: dict[type, type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult, ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_COMPARISONS: dict[type, type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_REVERSED: dict[type, type[ast.cmpop]] = {
    ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE,
}  # fmt: skip
_PAIRS = (
    "sum mean", "maximum minimum", "max min", "argmax argmin", "zeros ones", "zeros_like ones_like",
    "exp log", "sqrt square", "floor ceil", "std var", "hstack vstack", "cat stack", "sin cos",
    "concatenate stack", "relu gelu", "sigmoid tanh", "any all", "train eval", "repeat tile",
    "softmax log_softmax", "rand randn", "append extend",
)  # fmt: skip
_FUNCTIONS = {a: b for pair in map(str.split, _PAIRS) for a, b in (pair, pair[::-1])}
#: What these hold are functions, not methods.
_MODULES = {"np", "torch", "F", "nn", "math"}
#: To these the order of arguments means nothing.
_SYMMETRIC = {"maximum", "minimum", "max", "min", "transpose", "swapaxes", "array_equal"}
_DROPPED = (ast.Assign, ast.AugAssign, ast.Expr, ast.If, ast.Continue, ast.Break, ast.Raise)

#: New texts for parts of the old one: pairs of a part and its text.
Edit = Sequence[tuple[ast.AST, str]]


def mutations(source: str) -> Iterator[tuple[str, str]]:
    """Every mutant of a solution cell: what kind it is, and the text of the cell.

    Only what stands between the marks of a solution is changed.
    """
    text = _Text(source)
    seen = {ast.dump(text.tree)}
    for node in text.nodes():
        changes = [(kind, text.edited(edit)) for kind, edit in _changes(node, text)]
        for kind, mutant in [*changes, *text.out_of_loops(node)]:
            try:
                tree = ast.dump(ast.parse(mutant))
            except SyntaxError:
                continue
            if tree not in seen:
                seen.add(tree)
                yield kind, mutant


class _Text:
    """The text of a cell with its syntax tree."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tree = ast.parse(source)
        self._rows = source.splitlines(keepends=True)
        marks = [row.strip() for row in self._rows]
        within = "### BEGIN SOLUTION" not in marks
        self._asked = set()
        for number, mark in enumerate(marks, 1):
            within = (within or mark == "### BEGIN SOLUTION") and mark != "### END SOLUTION"
            if within:
                self._asked.add(number)

    def nodes(self) -> Iterator[ast.AST]:
        """What may be changed; nothing in f-strings, whose places Python 3.11 does not know."""
        waiting: list[ast.AST] = [self.tree]
        for node in waiting:  # it grows
            if not isinstance(node, ast.JoinedStr):
                waiting += ast.iter_child_nodes(node)
                if getattr(node, "lineno", 0) in self._asked:
                    yield node

    def of(self, node: ast.AST) -> str:
        return ast.get_source_segment(self.source, node) or ""

    def edited(self, edit: Edit) -> str:
        """The text with new texts for some parts, none of which lies in another."""
        text = self.source
        for node, new in sorted(edit, key=lambda pair: self._span(pair[0]), reverse=True):
            first, last = self._span(node)
            text = text[:first] + new + text[last:]
        return text

    def out_of_loops(self, node: ast.AST) -> Iterator[tuple[str, str]]:
        """The last statement of a loop, put behind it."""
        if isinstance(node, ast.For | ast.While) and len(node.body) > 1 and not node.orelse:
            last, rows = node.body[-1], list(self._rows)
            assert last.end_lineno is not None
            for number in range(last.lineno - 1, last.end_lineno):
                rows[number] = rows[number].removeprefix(" " * (last.col_offset - node.col_offset))
            yield "out of the loop", "".join(rows)

    def _span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, ast.expr | ast.stmt)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self._place(node.lineno, node.col_offset),
            self._place(node.end_lineno, node.end_col_offset),
        )

    def _place(self, row: int, column: int) -> int:
        """Of a row, counted from 1, and a column in bytes."""
        within = self._rows[row - 1].encode()[:column].decode()
        return sum(map(len, self._rows[: row - 1])) + len(within)


def _changes(node: ast.AST, text: _Text) -> Iterator[tuple[str, Edit]]:
    """What can be changed at one place."""

    def into(new: ast.AST) -> Edit:
        return [(node, ast.unparse(ast.copy_location(copy(new), node)))]

    def exchanged(parts: Sequence[ast.AST]) -> Iterator[Edit]:
        for one, other in pairwise(parts):
            yield [(one, text.of(other)), (other, text.of(one))]

    match node:
        case ast.BinOp(left=left, op=op, right=right):
            if other := _OPERATORS.get(type(op)):
                yield "operator", into(ast.BinOp(left, other(), right))
            if isinstance(op, ast.Sub | ast.Div | ast.MatMult | ast.Pow):
                yield "operands", into(ast.BinOp(right, op, left))
        case ast.AugAssign(target=target, op=op, value=value):
            if other := _OPERATORS.get(type(op)):
                yield "operator", into(ast.AugAssign(target, other(), value))
            yield "assignment", into(ast.Assign([target], value))
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield "sign", into(operand)
        case ast.Compare(left=left, ops=[op], comparators=right):
            for comparisons in (_COMPARISONS, _REVERSED):
                if new := comparisons.get(type(op)):
                    yield "comparison", into(ast.Compare(left, [new()], right))
        case ast.BoolOp(op=op, values=values):
            swapped = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield "condition", into(ast.BoolOp(swapped, values))
            yield from (("condition", into(value)) for value in values)
        case ast.If(test=test) | ast.IfExp(test=test):
            yield from (("condition", [(test, fixed)]) for fixed in ("True", "False"))
        case ast.Constant(value=value):
            yield from (("constant", into(ast.Constant(new))) for new in _other_numbers(value))
        case ast.Call(func=func, args=args, keywords=keywords):
            if text.of(func).rpartition(".")[2] not in _SYMMETRIC:
                yield from (("arguments", edit) for edit in exchanged(args))
            for keyword in keywords:
                rest = [one for one in keywords if one is not keyword]
                yield "keyword", into(ast.Call(func, args, rest))
                if keyword.arg in ("axis", "dim"):
                    axis = {"0": "1", "1": "0", "-1": "0"}.get(text.of(keyword.value))
                    if axis:
                        yield "axis", [(keyword.value, axis)]
            match func:
                case ast.Attribute(value=owner, attr=name):
                    if name in _FUNCTIONS:
                        other_method = ast.Attribute(owner, _FUNCTIONS[name], ast.Load())
                        yield "function", into(ast.Call(other_method, args, keywords))
                    if text.of(owner) not in _MODULES:
                        yield "method", into(owner)
                    elif args:
                        yield "method", into(args[0])
                case ast.Name(id=name) if name in _FUNCTIONS:
                    other_name = ast.Name(_FUNCTIONS[name], ast.Load())
                    yield "function", into(ast.Call(other_name, args, keywords))
                case ast.Name(id="range") if len(args) == 1:
                    yield "range", [(args[0], f"1, {text.of(args[0])}")]
                    yield "range", [(args[0], f"{text.of(args[0])} - 1")]
        case ast.Attribute(attr="T" | "mT", value=owner):
            yield "method", into(owner)
        case ast.Tuple(elts=parts, ctx=ast.Load()):
            yield from (("order", edit) for edit in exchanged(parts))
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if isinstance(node, _DROPPED) and not docstring:
        yield "statement", [(node, "pass")]


def _other_numbers(value: object) -> Sequence[bool | int | float]:
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1, value - 1] if value else [1]
        case float():
            return [2 * value, value / 10] if value else [1.0]
    return []
