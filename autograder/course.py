"""The course folder: where things lie, and what the source notebooks say.

The instructor's notebooks under ``source/`` are the only place that states questions and points.
"""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from assignments.course_map import CoursePlace, Question, place_of
from assignments.notebook import Cell, Outline, allowed_packages, read_cells

__all__ = ["HOME", "Assignment", "Course", "CourseError", "Question", "SourceNotebook"]

#: The checkout this package lies in: the course whose checks ``autograder/checks`` holds.
HOME = Path(__file__).resolve().parents[1]


class CourseError(Exception):
    """The course folder lacks something, or says something twice; the message says what to do."""


@dataclass(frozen=True)
class SourceNotebook:
    """One instructor notebook."""

    assignment: str
    name: str
    path: Path

    @cached_property
    def nb(self) -> dict:
        """The notebook as plain JSON data."""
        return json.loads(self.path.read_text(encoding="utf-8"))

    @cached_property
    def cells(self) -> list[Cell]:
        return read_cells(self.nb)

    @cached_property
    def outline(self) -> Outline:
        """What the source says of its cells: which are solutions, which are experiments."""
        return Outline.of(self.cells)

    @cached_property
    def packages(self) -> frozenset[str]:
        """The distributions that its students may import, as ``course`` in its metadata says."""
        return frozenset(allowed_packages(self.nb))

    @cached_property
    def place(self) -> CoursePlace:
        """Its place in the course; the last where the file cannot be read."""
        try:
            return _place(self.path, self.path.stat().st_mtime_ns)
        except (OSError, ValueError):
            return CoursePlace()

    @cached_property
    def questions(self) -> dict[str, Question]:
        """Every graded cell by grade_id, in the order of the notebook."""
        found: dict[str, Question] = {}
        for cell in self.nb["cells"]:
            meta = cell["metadata"].get("nbgrader", {})
            if not (meta.get("grade") or meta.get("task")):
                continue
            grade_id = meta["grade_id"]
            if grade_id in found:
                raise CourseError(f"{self.path}: the grade_id {grade_id!r} occurs twice")
            if not grade_id.startswith(self.name + "-"):
                raise CourseError(
                    f"{self.path}: the grade_id {grade_id!r} must begin with {self.name + '-'!r}"
                )
            by_hand = "task" if meta.get("task") else "written"
            kind = by_hand if meta.get("task") or meta.get("solution") else "auto"
            found[grade_id] = Question(grade_id, self.name, float(meta["points"]), kind)
        return found

    def auto_questions(self) -> list[Question]:
        return [q for q in self.questions.values() if q.kind == "auto"]

    @cached_property
    def starred(self) -> list[str]:
        """The stretch exercises, in the order of the notebook: checked at home, never graded."""
        return [cell.grade_id for cell in self.cells if cell.starred and cell.grade_id]


@lru_cache(maxsize=1024)
def _place(path: Path, changed: int) -> CoursePlace:
    """Read once for each state of a file, since assignments are asked for again and again.

    Args:
        changed: when the file last changed.
    """
    return place_of(json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Assignment:
    """A folder of source notebooks that students hand in together, in the order of the course."""

    name: str
    notebooks: Mapping[str, SourceNotebook]

    def question(self, grade_id: str) -> Question:
        for notebook in self.notebooks.values():
            if grade_id in notebook.questions:
                return notebook.questions[grade_id]
        raise CourseError(f"{self.name} has no question {grade_id!r}")


@dataclass(frozen=True)
class Course:
    """The folders of a course, as nbgrader names them."""

    root: Path = HOME

    @property
    def source_dir(self) -> Path:
        return self.root / "source"

    @property
    def release_dir(self) -> Path:
        return self.root / "release"

    @property
    def submitted_dir(self) -> Path:
        return self.root / "submitted"

    @property
    def autograded_dir(self) -> Path:
        return self.root / "autograded"

    @property
    def feedback_dir(self) -> Path:
        return self.root / "feedback"

    @property
    def reports_dir(self) -> Path:
        return self.root / "reports"

    @property
    def journal_path(self) -> Path:
        return self.root / "journal.jsonl"

    @property
    def gradebook_path(self) -> Path:
        return self.root / "gradebook.db"

    @property
    def db_url(self) -> str:
        return f"sqlite:///{self.gradebook_path}"

    def secret(self) -> bytes:
        """The course's secret, which decides everybody's inputs; made on first use."""
        path = self.root / ".autograder-secret"
        if not path.exists():
            new = path.with_name(f"{path.name}.{os.getpid()}")
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
            with suppress(FileExistsError):
                os.link(new, path)  # whole or not at all, and never in the place of another
            new.unlink()
        return bytes.fromhex(path.read_text().strip())

    def assignments(self) -> list[str]:
        """Names of the assignments: the folders of ``source/`` that hold a notebook."""
        return sorted({path.parent.name for path in self.source_dir.glob("*/*.ipynb")})

    def assignment(self, name: str) -> Assignment:
        """The notebooks of an assignment, in the order that their metadata give.

        Raises:
            CourseError: there is no such assignment.
        """
        paths = (self.source_dir / name).glob("*.ipynb")
        notebooks = [SourceNotebook(name, path.stem, path) for path in paths]
        if not notebooks:
            known = ", ".join(self.assignments()) or "none"
            raise CourseError(
                f"no source notebooks for assignment {name!r} under {self.source_dir} "
                f"(known assignments: {known})"
            )
        notebooks.sort(key=lambda notebook: (notebook.place.order, notebook.name))
        return Assignment(name, {notebook.name: notebook for notebook in notebooks})
