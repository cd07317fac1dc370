"""The course map: the notebooks of a folder in their order, as their metadata say it.

Each notebook's metadata ``course`` hold ``order`` (within its assignment), ``title``, ``minutes``
and ``needs`` (the notebooks to do before it, as ``"assignment/notebook"``); nbgrader's hold the
questions and their points. Nothing else states any of them.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from assignments.notebook import course_metadata, raw_cells, read_cells
from assignments.written import is_answered

__all__ = ["CoursePlace", "Exercise", "MappedNotebook", "Question", "place_of", "read_map"]


@dataclass(frozen=True)
class Question:
    """A graded cell of a notebook; its ``grade_id`` is the question's name."""

    grade_id: str
    notebook: str
    points: float
    kind: str  # "auto": graded by checks; "written": by a person; "task": by a person, no cell


@dataclass(frozen=True)
class Exercise:
    """A question as a learner meets it.

    Attributes:
        title: the last heading above it.
        minutes: that it takes, as the line below the heading says; None where none does.
        answered: for a written question, whether an answer stands in the notebook.
    """

    question: Question
    title: str
    minutes: int | None = None
    answered: bool = False

    @property
    def name(self) -> str:
        return self.question.grade_id


@dataclass(frozen=True)
class CoursePlace:
    """What the metadata ``course`` of a notebook say of its place in the course."""

    order: int = 10**6
    title: str = ""
    minutes: int = 0
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class MappedNotebook:
    """A notebook of the course in somebody's folder."""

    assignment: str
    path: Path
    place: CoursePlace
    exercises: list[Exercise] = field(default_factory=list)
    stars: list[str] = field(default_factory=list)  # the names of the stretch exercises

    @property
    def name(self) -> str:
        """``"assignment/notebook"``, as ``previous`` takes it."""
        return f"{self.assignment}/{self.path.stem}"

    @property
    def points(self) -> float:
        return sum(exercise.question.points for exercise in self.exercises)


def read_map(folder: Path) -> list[MappedNotebook]:
    """The notebooks ``<assignment>/<notebook>.ipynb`` of a folder, in the order of the course.

    Left out is what is no notebook of the course, or cannot be read: copies under another name,
    damaged files, notebooks of one's own.
    """
    found = []
    for path in folder.glob("*/*.ipynb"):
        try:
            nb = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        place, exercises = place_of(nb), list(_exercises(nb, path.stem))
        named = all(exercise.name.startswith(f"{path.stem}-") for exercise in exercises)
        if place.title and exercises and named:
            stars = [cell.grade_id for cell in read_cells(nb) if cell.starred and cell.grade_id]
            found.append(MappedNotebook(path.parent.name, path, place, exercises, stars))
    return sorted(found, key=lambda one: (one.assignment, one.place.order, one.path.stem))


def place_of(nb: object) -> CoursePlace:
    """The place of a notebook, given as JSON data; what its metadata lack or garble is default."""
    said, default = course_metadata(nb), CoursePlace()
    order, minutes, title = said.get("order"), said.get("minutes"), said.get("title")
    needs = said.get("needs")
    return CoursePlace(
        order if type(order) is int else default.order,
        title if isinstance(title, str) else default.title,
        minutes if type(minutes) is int else default.minutes,
        tuple(name for name in needs if isinstance(name, str)) if isinstance(needs, list) else (),
    )


def _exercises(nb: object, notebook: str) -> Iterator[Exercise]:
    """The graded cells, each with what the text cells above it say; once for each name."""
    title, minutes, seen = "", None, set()
    for cell, raw in zip(read_cells(nb), raw_cells(nb), strict=True):
        points, kind = _graded(raw)
        if kind and cell.grade_id:
            if cell.grade_id not in seen:
                seen.add(cell.grade_id)
                question = Question(cell.grade_id, notebook, points, kind)
                answered = kind == "written" and is_answered(cell.source)
                yield Exercise(question, title, minutes, answered)
            minutes = None
        elif cell.starred:
            minutes = None  # what was said of them belongs to no question
        elif cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if heading := re.fullmatch(r"#{1,6}\s+(.+?)[\s#]*", line):
                    title = re.sub(r"[*`]", "", heading[1])
                elif stated := re.match(r"\*[^·]*[●○]+[^·]*·\s*(\d+)", line):
                    minutes = (minutes or 0) + int(stated[1])


def _graded(raw: dict) -> tuple[float, str]:
    """The points and the kind of a graded cell; no kind where it is none, or its points are."""
    meta = raw.get("metadata")
    meta = meta.get("nbgrader") if isinstance(meta, dict) else None
    if not isinstance(meta, dict) or type(meta.get("points")) not in (int, float):
        return 0.0, ""
    kind = "task" if meta.get("task") else "written" if meta.get("solution") else "auto"
    return float(meta["points"]), kind if meta.get("grade") or meta.get("task") else ""
