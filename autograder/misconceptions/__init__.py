"""Named wrong solutions with their hints, and named right ones that look different.

Each file ``<assignment>/<notebook>.py`` lists ``MISCONCEPTIONS`` and ``VARIANTS``: small patches of
the source notebook's solution. A misconception must lose points on its question and be recognised
by its own name; a variant must get full marks. ``autograder verify`` holds them to it.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from assignments.notebook import Cell
from autograder.course import CourseError

__all__ = ["Misconception", "Patch", "Shortcut", "Variant", "apply_patch", "load_patches"]


@dataclass(frozen=True)
class Patch:
    """A change of the reference solution.

    Attributes:
        name: short, in words with dashes, unique in its notebook.
        question: the grade_id that it is about.
        replace: text of the solution cells, each occurring exactly once in them, and what stands
            in its place.
        append: code of one more cell after the notebook's last. A method is replaced by a subclass
            of the same name: ``class Net(Net): ...``.
        files: for files handed in beside the notebook, what makes theirs of the reference's bytes.
    """

    name: str
    question: str
    replace: Mapping[str, str] = field(default_factory=dict)
    append: str = ""
    files: Mapping[str, Callable[[bytes], bytes]] = field(default_factory=dict)


@dataclass(frozen=True)
class Misconception(Patch):
    """A mistake that real students make.

    Attributes:
        hint: the sentence a good teaching assistant would say; it shows no hidden input and no
            expected value.
    """

    hint: str = ""


@dataclass(frozen=True)
class Shortcut(Patch):
    """A way around the exercise, such as SciPy in a NumPy notebook; the sandbox must not pay it."""


@dataclass(frozen=True)
class Variant(Patch):
    """A right solution that looks different; it must get full marks."""


def apply_patch(cells: list[Cell], patch: Patch) -> list[Cell]:
    """The cells of a source notebook with a patch applied.

    Raises:
        CourseError: a text to replace does not occur exactly once in the solution cells.
    """
    patched = list(cells)
    for old, new in patch.replace.items():
        places = [
            i
            for i, cell in enumerate(patched)
            if cell.cell_type == "code" and cell.solution and old in cell.source
        ]
        if len(places) != 1 or patched[places[0]].source.count(old) != 1:
            raise CourseError(
                f"{type(patch).__name__} {patch.name!r} of {patch.question}: its text to replace "
                f"must occur exactly once in the solution cells: {old!r}"
            )
        cell = patched[places[0]]
        patched[places[0]] = replace(cell, source=cell.source.replace(old, new))
    if patch.append:
        patched.append(Cell(len(patched) + 1, "code", patch.append))
    return patched


def load_patches(assignment: str, notebook: str) -> list[Patch]:
    """All patches of a notebook: misconceptions, shortcuts and variants."""
    module = importlib.import_module(f"{__name__}.{assignment}.{notebook}")
    return [*module.MISCONCEPTIONS, *getattr(module, "SHORTCUTS", []), *module.VARIANTS]
