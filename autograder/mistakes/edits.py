"""Wrong lines put into a right solution: by the name that they set, or as a diff."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent

__all__ = ["EditError", "apply_diff", "apply_lines"]


class EditError(ValueError):
    """An edit does not fit the solution; the message says why."""


@dataclass(frozen=True)
class _Line:
    """A logical line: what stands in brackets belongs to the line that opens them.

    Attributes:
        first, last: its rows in the text, counted from 0.
        key: what it is known by: the names it sets, what it calls, or the word it begins with.
    """

    first: int
    last: int
    key: str


def apply_lines(solution: str, wrong: str) -> str:
    """A solution with wrong lines in it.

    Each takes the place of the line of the solution that sets the same name. One that sets no name
    of the solution's comes behind the line before it.

    Raises:
        EditError: the first line fits nowhere, or a line fits in several places.
    """
    rows, given = solution.split("\n"), dedent(wrong).strip("\n").split("\n")
    blocks = [[row] for row in rows]
    lines = list(_logical_lines(solution))
    place: _Line | None = None
    depth, indent = 0, ""
    for line in _logical_lines("\n".join(given)):
        text = given[line.first : line.last + 1]
        places = [one for one in lines if one.key == line.key]
        if len(places) > 1:
            raise EditError(f"{line.key!r} is set {len(places)} times; write a diff")
        if places and places[0] != place:
            place, depth = places[0], _indent(text[0])
            indent = " " * _indent(rows[place.first])
            blocks[place.first : place.last + 1] = [
                [] for _row in range(place.first, place.last + 1)
            ]
        elif place is None:
            raise EditError(f"the solution nowhere sets {line.key!r}; write a diff")
        blocks[place.last] += _moved(text, depth, indent)
    if place is None:
        raise EditError("there is no wrong line")
    return "\n".join(row for block in blocks for row in block)


def apply_diff(solution: str, diff: str) -> str:
    """A solution with a diff applied: lines that begin with ``-``, ``+`` or a space.

    How far a hunk is indented does not matter, nor do empty lines. Between hunks stands ``@@``.

    Raises:
        EditError: the old lines of a hunk do not stand there exactly once.
    """
    rows = solution.split("\n")
    for hunk in re.split(r"(?m)^@@.*\n", diff):
        old, new = _sides(hunk)
        if not old:
            raise EditError("a hunk has no line of the solution, so it has no place")
        full = [number for number, row in enumerate(rows) if row.strip()]
        spans = [full[at : at + len(old)] for at in range(len(full))]
        places = [span for span in spans if _stands([rows[number] for number in span], old)]
        if len(places) != 1:
            raise EditError(f"these lines stand {len(places)} times in it: {' / '.join(old)}")
        first, last = places[0][0], places[0][-1]
        indent = " " * (_indent(rows[first]) - _indent(old[0]))
        rows[first : last + 1] = [indent + row for row in new]
    return "\n".join(rows)


def _logical_lines(text: str) -> Iterator[_Line]:
    """The logical lines of code that need not be complete."""
    rows = text.split("\n")
    first: int | None = None
    tokens = tokenize.generate_tokens(io.StringIO(dedent(text) + "\n").readline)
    try:
        for token in tokens:
            if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
                if first is not None:
                    last = token.start[0] - 1
                    yield _Line(first, last, _key("\n".join(rows[first : last + 1])))
                first = None
            elif first is None and token.type not in (
                tokenize.NL,
                tokenize.COMMENT,
                tokenize.INDENT,
                tokenize.DEDENT,
            ):
                first = token.start[0] - 1
    except (tokenize.TokenError, IndentationError) as error:
        raise EditError(f"these lines cannot be read: {error}") from None


def _key(line: str) -> str:
    """What a logical line is known by."""
    line = dedent(line).strip()
    word = line.partition(" ")[0].rstrip(":")
    if word in ("elif", "else", "except", "finally", "try"):
        return word
    try:
        (node,) = ast.parse(f"{line} pass" if line.endswith(":") else line).body
    except (SyntaxError, ValueError):
        return line
    match node:
        case ast.Assign(targets=targets):
            return " = ".join(map(ast.unparse, targets))
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return ast.unparse(target)
        case ast.For(target=target):
            return f"for {ast.unparse(target)}"
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return f"{word} {name}"
        case ast.Expr(value=ast.Call(func=func)):
            return ast.unparse(func)
        case ast.Return() | ast.If() | ast.While() | ast.With():
            return word
    return ast.unparse(node)


def _sides(hunk: str) -> tuple[list[str], list[str]]:
    """The old and the new lines of a hunk, with their common indentation taken off."""
    rows = [row for row in hunk.split("\n") if row.strip()]
    if unmarked := [row for row in rows if row[0] not in "-+ "]:
        raise EditError(f"a line of a diff begins with '-', '+' or a space: {unmarked[0]!r}")
    bodies = dedent("\n".join(row[1:] for row in rows)).split("\n")
    old = [body for row, body in zip(rows, bodies, strict=True) if row[0] != "+"]
    new = [body for row, body in zip(rows, bodies, strict=True) if row[0] != "-"]
    return old, new


def _stands(rows: list[str], old: list[str]) -> bool:
    """Are these rows the old lines, further in by the same everywhere?"""
    if len(rows) != len(old):
        return False
    shift = _indent(rows[0]) - _indent(old[0])
    return shift >= 0 and all(
        row.rstrip() == (" " * shift + line).rstrip() for row, line in zip(rows, old, strict=True)
    )


def _moved(text: list[str], depth: int, indent: str) -> list[str]:
    """Lines that were indented by ``depth``, indented by ``indent`` instead."""
    return [indent + row[min(depth, _indent(row)) :] if row.strip() else row for row in text]


def _indent(row: str) -> int:
    return len(row) - len(row.lstrip())
