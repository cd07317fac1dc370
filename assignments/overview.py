"""``progress()``: how far one is in the course, a line a notebook with a dot a question."""

import html
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from assignments.course_map import Exercise, MappedNotebook, read_map
from assignments.messages import _
from assignments.progress_file import Sections, known, learner_folder

__all__ = ["DOTS", "Overview", "duration", "progress"]

#: How a question is shown.
DOTS = {"done": "●", "tried": "◐", "new": "○"}


def progress() -> "Overview":
    """How far you are: a dot a question, a star a stretch exercise, points, and what comes next.

    Works in every notebook and on the course's page. What counts as done: an exercise whose last
    ``check`` passed, and a written answer that was marked with ``reveal``.
    """
    folder = learner_folder()
    here = Path.cwd()
    root = folder or (here if read_map(here) else here.parent)
    return Overview(read_map(root), known(folder), folder is not None)


@dataclass(frozen=True)
class Overview:
    """Shows itself as text, and as a table in a notebook.

    Attributes:
        notebooks: the course map.
        sections: what was done, as :mod:`assignments.progress_file` keeps it.
        is_kept: whether that outlasts the kernel.
        here: the folder that links start from.
    """

    notebooks: list[MappedNotebook]
    sections: Sections
    is_kept: bool = True
    here: Path = field(default_factory=Path.cwd)

    def state(self, exercise: Exercise) -> str:
        """``"done"``, ``"tried"`` or ``"new"``."""
        if exercise.question.kind != "auto":
            marked = "had" in self.sections["written"].get(exercise.name, {})
            return "done" if marked else "tried" if exercise.answered else "new"
        entry = self.sections["exercises"].get(exercise.name, {})
        return "done" if entry.get("passed") else "tried" if "passed" in entry else "new"

    def stars(self, notebook: MappedNotebook) -> str:
        """A star for each stretch exercise of a notebook: ★ where its last ``check`` passed."""
        passed = (self.sections["exercises"].get(name, {}).get("passed") for name in notebook.stars)
        return "".join("★" if one else "☆" for one in passed)

    def points(self, exercise: Exercise) -> float:
        """What it earned: all of an exercise that passed, what one gave oneself for an answer."""
        if exercise.question.kind != "auto":
            given = self.sections["written"].get(exercise.name, {}).get("points", 0.0)
            return min(given, exercise.question.points)
        return exercise.question.points if self.state(exercise) == "done" else 0.0

    @property
    def next(self) -> tuple[MappedNotebook, Exercise] | None:
        """The first question in the order of the course that is not done."""
        for notebook in self.notebooks:
            for exercise in notebook.exercises:
                if self.state(exercise) != "done":
                    return notebook, exercise
        return None

    def totals(self) -> Iterator[str]:
        """Points over the course, those of one's own marking apart, and what else is to be said."""
        for kind, sentence in (
            ("auto", _("{points} of {all} points for exercises whose checks pass")),
            ("written", _("{points} of {all} points for written answers, marked by yourself")),
        ):
            ones = [e for n in self.notebooks for e in n.exercises if e.question.kind == kind]
            yield sentence.format(
                points=f"{sum(map(self.points, ones)):g}",
                all=f"{sum(one.question.points for one in ones):g}",
            )
        solved = self.sections["exercises"].values()
        if seen := sum(bool(entry.get("passed") and entry.get("steps")) for entry in solved):
            yield _("exercises that passed with the solution seen: {count}").format(count=seen)
        if quizzes := self.sections["quizzes"].values():
            right, of = (sum(entry.get(key, 0) for entry in quizzes) for key in ("right", "of"))
            yield _("{right} of {of} quiz questions right at once").format(right=right, of=of)

    def notices(self) -> Iterator[str]:
        if not self.notebooks:
            yield _("There are no notebooks of the course in this folder or the one above.")
        elif not self.is_kept:
            yield _("Here nothing is kept; in a clone of the course, `make learn` keeps it.")

    def __repr__(self) -> str:
        lines = list(self.notices())
        width = max((len(notebook.place.title) for notebook in self.notebooks), default=0)
        dots = max((len(one.exercises) + len(one.stars) for one in self.notebooks), default=0)
        assignment = ""
        for notebook in self.notebooks:
            if notebook.assignment != assignment:
                assignment = notebook.assignment
                lines.append(assignment)
            shown = "".join(DOTS[self.state(exercise)] for exercise in notebook.exercises)
            shown += self.stars(notebook)
            got = sum(map(self.points, notebook.exercises))
            lines.append(
                f"  {notebook.place.title:{width}}  {shown:{dots}}  {got:4g} / {notebook.points:g}"
                f"  {duration(notebook.place.minutes)}"
            )
        if not self.notebooks:
            return "\n".join(lines)
        lines.append(self._legend())
        lines += self.totals()
        if self.next:
            lines.append(self._what_is_next(f"{self.next[0].name}.ipynb"))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [f"<p>{html.escape(notice)}</p>" for notice in self.notices()]
        if not self.notebooks:
            return "".join(parts)
        if self.next:
            notebook = self.next[0]
            link = f'<a href="{self._address(notebook)}">{html.escape(notebook.place.title)}</a>'
            parts.append(f"<p><b>{self._what_is_next(link, html.escape)}</b></p>")
        heads = (_("notebook"), _("needs"), _("time"), _("questions"), _("points"))
        assignment = ""
        parts.append("<table>")
        for notebook in self.notebooks:
            if notebook.assignment != assignment:
                assignment = notebook.assignment
                name = html.escape(assignment)
                parts.append(f'<tr><th colspan="{len(heads)}" {_LEFT}>{name}</th></tr>')
                parts.append(_row("th", heads))
            parts.append(self._line(notebook))
        parts.append(f"</table><p>{self._legend()}<br>")
        parts.append("<br>".join(map(html.escape, self.totals())) + "</p>")
        return "\n".join(parts)

    def _line(self, notebook: MappedNotebook) -> str:
        dots = "".join(
            f'<span title="{html.escape(f"{exercise.title} ({exercise.name})")}: '
            f'{_word(self.state(exercise))}">{DOTS[self.state(exercise)]}</span>'
            for exercise in notebook.exercises
        )
        dots += "".join(
            f'<span title="{html.escape(name)}">{star}</span>'
            for name, star in zip(notebook.stars, self.stars(notebook), strict=True)
        )
        titles = {one.name: one.place.title for one in self.notebooks}
        needs = "; ".join(titles.get(name, name) for name in notebook.place.needs)
        got = sum(map(self.points, notebook.exercises))
        cells = (
            f'<a href="{self._address(notebook)}">{html.escape(notebook.place.title)}</a>',
            html.escape(needs),
            duration(notebook.place.minutes).replace(" ", "&nbsp;"),
            dots,
            f"{got:g} / {notebook.points:g}",
        )
        return _row("td", cells)

    def _address(self, notebook: MappedNotebook) -> str:
        return quote(Path(os.path.relpath(notebook.path, self.here)).as_posix())

    def _legend(self) -> str:
        told = [f"{dot} {_word(state)}" for state, dot in DOTS.items()]
        if any(notebook.stars for notebook in self.notebooks):
            told.append("☆ ★ " + _("stretch exercise"))
        return "   ".join(told)

    def _what_is_next(self, where: str, escape=str) -> str:
        assert self.next
        exercise = self.next[1]
        sentence = _("Next: {exercise}, in {where}")
        if exercise.question.kind != "auto":
            sentence = _("Next: {exercise}, in {where}; then compare with {call}")
            if self.state(exercise) == "tried":
                sentence = _("Next: mark your answer to {exercise} with {call}, in {where}")
        elif exercise.minutes:
            sentence = _("Next: {exercise} ({time}), in {where}")
        return sentence.format(
            exercise=escape(exercise.title or exercise.name),
            time=duration(exercise.minutes or 0),
            call=escape(f'reveal("{exercise.name}")'),
            where=where,
        )


def duration(minutes: int) -> str:
    """Minutes as a reader wants them: ``45 min``, ``2 h``, ``2 h 30 min``."""
    hours, rest = divmod(minutes, 60)
    parts = [_("{count} h").format(count=hours)] if hours else []
    parts += [_("{count} min").format(count=rest)] if rest or not hours else []
    return " ".join(parts)


#: JupyterLab would put all of a table to the right.
_LEFT = 'style="text-align: left"'


def _row(tag: str, cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{tag} {_LEFT}>{cell}</{tag}>" for cell in cells) + "</tr>"


def _word(state: str) -> str:
    return {"done": _("done"), "tried": _("tried"), "new": _("not begun")}[state]
