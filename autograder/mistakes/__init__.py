"""The teaching assistant's notebooks: mistakes of students, and right answers of other forms.

``<assignment>/<notebook>.md`` is Markdown as people write it::

    ## two_layer_net-affine-backward

    ### affine-db-mean
    ```python
    db = dout.mean(axis=0)
    ```
    ? Is db a mean over the examples, in place of a sum?

    db is the sum over the examples, not their mean: the 1/N is in dout already.

    ### Accepted: affine-db-by-ones
    ...

A heading a question, a heading a mistake, what is wrong in a fence, the question that the check at
home asks in a line that begins with ``?``, and the hint that a good teaching assistant gives. A
mistake that cannot show at home says why in a line that begins with ``!``. Fences:

- ``python``: wrong lines; each takes the place of the line of the solution that sets the same name,
- ``diff``: lines taken out and put in, hunks parted by a line ``@@``,
- ``python in NAME`` or ``diff in NAME``: the same, in the solution that defines this name,
- ``python cell``: a cell more behind the notebook's last,
- ``python NAME.npz``: what changes ``weights``, the arrays of a file that is handed in.

A mistake must lose points on its question and be recognised by its own name, at home and in
grading; an accepted variant must get full marks. ``autograder verify`` holds them to it.
"""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from markdown_it import MarkdownIt
from markdown_it.token import Token

from assignments.notebook import Cell
from autograder.course import CourseError
from autograder.mistakes.edits import EditError, apply_diff, apply_lines

__all__ = [
    "Mistake",
    "Patch",
    "Shortcut",
    "Variant",
    "apply_patch",
    "load_patches",
    "parse_patches",
]

_INFO = re.compile(r"(python|diff)(?: (in \w+|cell|\S+\.npz))?")


@dataclass(frozen=True)
class Fence:
    """A change of the solution.

    Attributes:
        kind: ``python`` or ``diff``.
        where: "", ``in NAME``, ``cell`` or the name of a file.
    """

    kind: str
    where: str
    text: str


@dataclass(frozen=True)
class Patch:
    """A change of the reference solution.

    Attributes:
        name: short, in words with dashes, unique in its notebook.
        question: the grade_id that it is about.
        fences: what is changed.
        place: the file and line that say so.
    """

    name: str
    question: str
    fences: tuple[Fence, ...]
    place: str = field(default="", compare=False)

    @property
    def files(self) -> dict[str, Callable[[bytes], bytes]]:
        """For files handed in beside the notebook, what makes theirs of the reference's bytes."""
        return {
            fence.where: partial(_changed, fence.text)
            for fence in self.fences
            if fence.where.endswith(".npz")
        }


@dataclass(frozen=True)
class Mistake(Patch):
    """A mistake that real students make.

    Attributes:
        home: what the check at home asks; it may be right.
        hint: what a good teaching assistant says after it was handed in. It shows no hidden input
            and no expected value.
        silent: why the check at home cannot find it, or "".
    """

    home: str = ""
    hint: str = ""
    silent: str = ""


@dataclass(frozen=True)
class Variant(Patch):
    """A right solution that looks different; it must get full marks."""


@dataclass(frozen=True)
class Shortcut(Patch):
    """A way around the exercise, such as SciPy in a NumPy notebook; the sandbox must not pay it.

    Only what is peculiar to a question is written; see :mod:`autograder.shortcuts`.
    """


_KINDS: dict[str, type[Patch]] = {"Accepted": Variant, "Shortcut": Shortcut}


def load_patches(assignment: str, notebook: str) -> list[Patch]:
    """All mistakes and accepted variants of a notebook.

    Raises:
        CourseError: the file is missing or badly formed.
    """
    name = Path(assignment, f"{notebook}.md")
    for folder in __path__:  # a course may add folders of its own
        with suppress(FileNotFoundError):
            text = (Path(folder) / name).read_text(encoding="utf-8")
            return parse_patches(text, name.as_posix())
    raise CourseError(f"autograder/mistakes/{name} is missing: it lists the mistakes of {notebook}")


def parse_patches(text: str, where: str) -> list[Patch]:
    """All mistakes and accepted variants that a text lists.

    Args:
        where: the file, for messages.

    Raises:
        CourseError: it is badly formed; the message says where.
    """
    patches: list[Patch] = []
    question = ""
    for heading, body in _sections(MarkdownIt("commonmark").parse(text)):
        place = f"{where}, line {heading.line}"
        if heading.level == 2:
            question = heading.text
        elif heading.level == 3:
            if not question:
                raise CourseError(f"{place}: {heading.text!r} stands under no question")
            patches.append(_patch(heading.text, question, body, place))
    names = [patch.name for patch in patches]
    for patch in patches:
        if names.count(patch.name) > 1:
            raise CourseError(f"{patch.place}: {patch.name!r} is named twice")
    return patches


def apply_patch(cells: list[Cell], patch: Patch) -> list[Cell]:
    """The cells of a source notebook with a patch applied.

    Wrong lines belong into the solution cell of the patch's question; where they do not fit there,
    into the one solution cell of the notebook where they do.

    Raises:
        CourseError: they fit nowhere, or in several cells.
    """
    patched = list(cells)
    for fence in patch.fences:
        if fence.where == "cell":
            patched.append(Cell(len(patched) + 1, "code", fence.text))
        elif not fence.where.endswith(".npz"):
            at, source = _place(patched, patch, fence)
            patched[at] = replace(patched[at], source=source)
    return patched


def own_cells(cells: list[Cell], question: str) -> list[int]:
    """Where the solution of a question stands: before its check, behind the one before.

    Where no solution stands there, the question shares that of the one before.
    """
    found: list[int] = []
    fresh = False
    for at, cell in enumerate(cells):
        if cell.cell_type != "code" or cell.starred:
            continue
        if cell.solution:
            found, fresh = [*(found if fresh else []), at], True
        elif cell.grade_id == question:
            return found
        elif cell.grade_id:
            fresh = False
    return []


def _place(cells: list[Cell], patch: Patch, fence: Fence) -> tuple[int, str]:
    """The cell that a fence changes, and its source afterwards."""
    edit = apply_diff if fence.kind == "diff" else apply_lines
    solutions = [
        at
        for at, cell in enumerate(cells)
        if cell.solution and cell.cell_type == "code" and not cell.starred
    ]
    if name := fence.where.removeprefix("in "):
        groups = [[at for at in solutions if _defines(cells[at], name)]]
    else:
        own = own_cells(cells, patch.question)
        groups = [own, [at for at in solutions if at not in own]]
    problems: list[str] = []
    for group in groups:
        fits = []
        for at in group:
            try:
                fits.append((at, edit(cells[at].source, fence.text)))
            except EditError as error:
                problems.append(str(error))
        if len(fits) > 1:
            raise CourseError(
                f"{patch.place}: {patch.name} fits into {len(fits)} solution cells; say which, as "
                f"in '{fence.kind} in NAME'"
            )
        if fits:
            return fits[0]
    said = problems[0] if problems else "the notebook has no solution"
    raise CourseError(f"{patch.place}: {patch.name} fits into no solution cell: {said}")


def _defines(cell: Cell, name: str) -> bool:
    return bool(re.search(rf"(?m)^\s*(def|class) {re.escape(name)}\b", cell.source))


@dataclass(frozen=True)
class _Heading:
    level: int
    text: str
    line: int


def _sections(tokens: list[Token]) -> Iterator[tuple[_Heading, list[Token]]]:
    """Each heading with what stands below it, up to the next."""
    heading, body = _Heading(0, "", 0), list[Token]()
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            yield heading, body
            assert token.map is not None
            heading = _Heading(int(token.tag[1:]), tokens[at + 1].content.strip(), token.map[0] + 1)
            body = []
        elif token.type in ("fence", "inline") and tokens[at - 1].type != "heading_open":
            body.append(token)
    yield heading, body


def _patch(title: str, question: str, body: list[Token], place: str) -> Patch:
    kind, colon, name = title.rpartition(": ")
    fences = tuple(_fence(token, place) for token in body if token.type == "fence")
    if not fences:
        raise CourseError(f"{place}: {name} has no fence that says what is changed")
    if colon:
        if kind not in _KINDS:
            raise CourseError(f"{place}: {kind!r} is none of {', '.join(_KINDS)}")
        return _KINDS[kind](name, question, fences, place)
    said: dict[str, list[str]] = {"? ": [], "! ": [], "": []}
    for token in body:
        if token.type == "inline":
            mark = token.content[:2] if token.content[:2] in said else ""
            said[mark].append(" ".join(token.content.removeprefix(mark).split()))
    if not said[""]:
        raise CourseError(f"{place}: {name} has no hint")
    home, silent, hint = (" ".join(said[mark]) for mark in ("? ", "! ", ""))
    return Mistake(name, question, fences, place, home, hint, silent)


def _fence(token: Token, place: str) -> Fence:
    info = _INFO.fullmatch(" ".join(token.info.split()))
    if not info:
        raise CourseError(
            f"{place}: a fence is 'python', 'diff', one of them 'in NAME', 'python cell' or "
            f"'python NAME.npz', not {token.info!r}"
        )
    return Fence(info[1], info[2] or "", token.content)


def _changed(code: str, data: bytes) -> bytes:
    """An .npz file after our own code has changed its arrays."""
    with np.load(io.BytesIO(data)) as file:
        weights = dict(file)
    exec(code, {"weights": weights, "np": np})
    buffer = io.BytesIO()
    np.savez(buffer, **weights)
    return buffer.getvalue()
