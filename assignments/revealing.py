"""``reveal("knn-q-k")``: the model answer to a written question, or the solution of an exercise.

For those who learn alone. It reads ``source/`` of the clone that their folder lies in; a class has
no such folder. A model answer is shown once an answer of one's own is saved, a solution after
:data:`~assignments.progress_file.PATIENCE` checks that failed, one step after the other.
"""

import importlib.util
import json
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assignments.course_map import read_map
from assignments.messages import _, ngettext
from assignments.notebook import Cell, read_cells
from assignments.progress_file import PATIENCE, keep, kept, learner_folder, source_folder
from assignments.regions import split_regions
from assignments.written import is_answered, mark_scheme

__all__ = ["Step", "reveal", "steps_of"]


def reveal(question: str, *, had: Iterable[int] | None = None, all: bool = False) -> None:
    """Show the model answer and its mark scheme, or the next step of a solution.

    Args:
        question: its name, as its test cell or ``progress()`` gives it.
        had: for a written question, the numbers of the mark scheme that your answer has.
        all: for an exercise, show all steps.

    Raises:
        LookupError: there is no such question.
        ValueError: ``had`` names what the mark scheme does not have.
    """
    source = source_folder()
    if source is None:
        print(
            _(
                "Solutions and model answers are only in a clone of the course, for those who "
                "learn alone there (`make learn`)."
            )
        )
        return
    notebook, cells = _find(source, question)
    cell = next(cell for cell in cells if cell.grade_id == question)
    if cell.cell_type == "markdown":
        _reveal_answer(question, notebook, cell, had)
    else:
        _reveal_solution(question, steps_of(cells, question), all)


def _find(source: Path, question: str) -> tuple[str, list[Cell]]:
    """The notebook (``"assignment/notebook"``) that asks a question, and its source's cells."""
    names = []
    for notebook in read_map(source):
        if question.startswith(notebook.path.stem):
            names += [exercise.name for exercise in notebook.exercises] + notebook.stars
            if question in names:
                nb = json.loads(notebook.path.read_text(encoding="utf-8"))
                return notebook.name, read_cells(nb)
    hint = _(" Questions of this notebook: {names}.").format(names=", ".join(names))
    raise LookupError(
        _("there is no question {name!r}.").format(name=question) + (hint if names else "")
    )


# --- written questions -------------------------------------------------------------------------


def _reveal_answer(question: str, notebook: str, cell: Cell, had: Iterable[int] | None) -> None:
    if not is_answered(_saved(notebook, question), cell.source):
        print(_("Write your answer first, and save the notebook (Ctrl+S or ⌘S)."))
        return
    _given, answer = split_regions(cell.source, "SOLUTION")
    model, scheme = split_regions("\n".join(answer), "MARK SCHEME")
    items = mark_scheme("\n".join(scheme))
    if had is not None:
        print(_mark(question, items, had))
        return
    _show(
        f"**{_('A model answer')}**\n\n" + "\n".join(model).strip(),
        f"**{_('What gives points')}**\n\n" + "\n".join(scheme).strip(),
    )
    if _has_widgets():
        _show_widget(_ticks(question, items))
    print(
        _("To mark without the boxes, name the numbers that your answer has: {call}").format(
            call=f'reveal("{question}", had={sorted(items)})'
        )
    )


def _saved(notebook: str, question: str) -> str:
    """What stands in the learner's notebook on the disk where the answer goes."""
    folder = learner_folder()
    try:
        assert folder
        nb = json.loads((folder / f"{notebook}.ipynb").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""
    return next((cell.source for cell in read_cells(nb) if cell.grade_id == question), "")


def _mark(question: str, items: dict[int, tuple[float, str]], had: Iterable[int]) -> str:
    """Keep what an answer had; gives the sentence that says the points."""
    numbers = sorted(set(had))
    if unknown := [number for number in numbers if number not in items]:
        raise ValueError(
            _("the mark scheme has the numbers {known}, not {unknown}").format(
                known=sorted(items), unknown=unknown
            )
        )
    points = sum(items[number][0] for number in numbers)
    keep("written", question, had=numbers, points=points)
    return _("{points} of {all} points, marked by yourself").format(
        points=f"{points:g}", all=f"{sum(worth for worth, _text in items.values()):g}"
    )


def _has_widgets() -> bool:
    return "ipykernel" in sys.modules and importlib.util.find_spec("ipywidgets") is not None


def _ticks(question: str, items: dict[int, tuple[float, str]]) -> Any:
    """A box to tick for each number of the mark scheme; each tick is kept at once."""
    import ipywidgets as widgets

    ticked = kept("written", question).get("had", [])
    boxes = {
        number: widgets.Checkbox(
            value=number in ticked,
            description=_("My answer has {number} ({points})").format(
                number=number, points=f"{points:g}"
            ),
            indent=False,
        )
        for number, (points, _text) in items.items()
    }
    said = widgets.Label()

    def mark(_change: Any = None) -> None:
        said.value = _mark(question, items, [number for number in boxes if boxes[number].value])

    if ticked:
        mark()
    for box in boxes.values():
        box.observe(mark, "value")
    nothing = widgets.Button(description=_("It has none of them"))
    nothing.on_click(lambda _button: mark())
    return widgets.VBox([*boxes.values(), *([] if ticked else [nothing]), said])


# --- exercises ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A part of a solution: what it is, and its lines."""

    title: str
    code: str


def _reveal_solution(question: str, steps: list[Step], all: bool) -> None:
    entry = kept("exercises", question)
    failed = entry.get("failed", 0)
    if not entry.get("passed") and not entry.get("steps") and failed < PATIENCE:
        print(
            ngettext(
                "Try first: after {count} more check that fails, the solution can be seen.",
                "Try first: after {count} more checks that fail, the solution can be seen.",
                PATIENCE - failed,
            ).format(count=PATIENCE - failed)
        )
        return
    shown = len(steps) if all else min(entry.get("steps", 0) + 1, len(steps))
    keep("exercises", question, steps=shown)
    for number in range(1 if all else shown, shown + 1):
        step = steps[number - 1]
        title = _("Step {number} of {count}: {title}").format(
            number=number, count=len(steps), title=step.title
        )
        _show(f"**{title}**\n\n```python\n{step.code}\n```")
    if shown < len(steps):
        print(
            _("{call} shows the next step, {all} everything.").format(
                call=f'reveal("{question}")', all=f'reveal("{question}", all=True)'
            )
        )


def steps_of(cells: list[Cell], question: str) -> list[Step]:
    """The steps of the solution to an exercise.

    They are the regions of the solution cell above its test, and within one, the parts that
    comments begin. Where a cell serves as many exercises as it has regions, or more, the first has
    the first, and so on; those beyond have them all. A stretch exercise is a solution cell itself.

    Args:
        cells: of the source notebook.
        question: the exercise.
    """
    serves: dict[int, list[str]] = {}  # exercises by the place of the solution cell above them
    above = -1
    for place, cell in enumerate(cells):
        if cell.starred and cell.grade_id:
            serves[place] = [cell.grade_id]
        elif cell.cell_type == "code" and cell.grade_id and cell.solution:
            above = place
        elif cell.cell_type == "code" and cell.grade_id:
            serves.setdefault(above, []).append(cell.grade_id)
    place, exercises = next(item for item in serves.items() if question in item[1])
    regions = list(_regions(cells[place].source))
    own = exercises.index(question)
    if own < len(regions) <= len(exercises):
        regions = [regions[own]]
    return [step for title, lines in regions for step in _parts(title, lines)]


def _regions(source: str) -> Iterator[tuple[str, list[str]]]:
    """The lines of each solution region, and the name of the function or class around it."""
    title, inside = "", False
    lines: list[str] = []
    for line in source.split("\n"):
        if "BEGIN SOLUTION" in line:
            inside, lines = True, []
        elif "END SOLUTION" in line:
            inside = False
            yield title, lines
        elif inside:
            lines.append(line)
        elif found := re.match(r"\s*(?:def|class)\s+(\w+)", line):
            title = found[1]


def _parts(title: str, lines: list[str]) -> Iterator[Step]:
    """A region, divided where a comment stands on a line of its own at its outermost level."""
    part: list[str] = []
    for line in [*textwrap.dedent("\n".join(lines)).strip("\n").split("\n"), "#"]:
        if line.startswith("#") and not all(one.startswith("#") for one in part):
            comments = [one.lstrip("# ") for one in part if one.startswith("#")]
            yield Step(" ".join(comments) or title, "\n".join(part).strip("\n"))
            part = []
        part.append(line)


# --- showing -----------------------------------------------------------------------------------


def _show(*texts: str) -> None:
    """Show Markdown: as such in a notebook, else as plain text."""
    for text in texts:
        if "ipykernel" in sys.modules:
            from IPython.display import display

            display({"text/markdown": text, "text/plain": text}, raw=True)
        else:
            print(text)


def _show_widget(widget: Any) -> None:
    from IPython.display import display

    display(widget)
