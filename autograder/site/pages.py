"""What Sphinx reads to make the site: map, syllabus, notebooks, guides, glossary."""

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from autograder.course import Course, CourseError, SourceNotebook
from autograder.site.figures import Outputs, merged

__all__ = ["Stop", "Term", "course_map", "glossary", "terms", "write_pages"]

#: Guides in the order in which they are listed; all others follow.
GUIDES = ("students", "instructors", "check-authors", "architecture", "security", "results")


@dataclass(frozen=True)
class Stop:
    """A notebook on the course's road, as its metadata ``course`` says."""

    source: SourceNotebook
    order: float
    title: str
    minutes: int | None
    needs: tuple[str, ...]

    @property
    def page(self) -> str:
        return f"{self.source.assignment}/{self.source.name}"

    @property
    def points(self) -> float:
        return sum(question.points for question in self.source.questions.values())


def course_map(course: Course) -> list[Stop]:
    """The notebooks in their order; by name where their metadata says none."""
    stops = []
    for name in course.assignments():
        for source in course.assignment(name).notebooks.values():
            about = source.nb["metadata"].get("course", {})
            heading = "".join(source.nb["cells"][0]["source"]).partition("\n")[0].lstrip("# ")
            order, minutes = about.get("order", len(stops)), about.get("minutes")
            title, needs = about.get("title", heading), tuple(about.get("needs", ()))
            stops.append(Stop(source, order, title, minutes, needs))
    return sorted(stops, key=lambda stop: stop.order)


def write_pages(course: Course, folder: Path, figures: Mapping[str, Outputs]) -> None:
    """Write the tree that Sphinx reads into an empty folder.

    Args:
        figures: what notebooks put out, by page (``"a1_classifiers/knn"``); the others go without.

    Raises:
        CourseError: a notebook is not released.
    """
    stops = course_map(course)
    shutil.rmtree(folder, ignore_errors=True)
    home = course.root / "docs" / "site"
    guides = [path.stem for path in sorted((course.root / "docs").glob("*.md"))]
    guides.sort(key=lambda name: (GUIDES + (name,)).index(name))
    notebooks = {}
    for stop in stops:
        notebook = _released(course, stop.source)
        notebooks[stop.page] = merged(notebook, stop.source.nb, figures.get(stop.page, {}))
    texts = {f"{page}.ipynb": json.dumps(_dressed(nb)) for page, nb in notebooks.items()}
    texts |= {f"{path.name}": path.read_text("utf-8") for path in home.glob("*.md")}
    texts |= {
        f"guides/{name}.md": _within_site((course.root / "docs" / f"{name}.md").read_text("utf-8"))
        for name in guides
    }
    texts["glossary.md"] = glossary(terms(notebooks), {stop.page: stop.title for stop in stops})
    texts["index.md"] = "\n".join(_index(stops, guides, texts["index.md"]))
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _released(course: Course, source: SourceNotebook) -> dict:
    path = course.release_dir / source.assignment / source.path.name
    if not path.exists():
        raise CourseError(f"there is no {path}; run 'autograder release {source.assignment}'")
    return json.loads(path.read_text(encoding="utf-8"))


def _dressed(nb: dict) -> dict:
    """Fold the code that JupyterLab folds, and what only Colab needs; colour `%` and `!`, too."""
    nb["metadata"]["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    for cell in nb["cells"]:
        folded = cell["metadata"].get("jupyter", {}).get("source_hidden")
        if folded or cell["id"] == "colab":
            cell["metadata"]["tags"] = [*cell["metadata"].get("tags", []), "hide-input"]
    return nb


def _within_site(text: str) -> str:
    """A guide whose links to files that are no page of the site are plain words."""
    return re.sub(r"\[([^\]]*)\]\((?!\w+:|#|[\w-]+\.md)[^)]*\)", r"\1", text)


# --- the map ---------------------------------------------------------------------------------


def _index(stops: list[Stop], guides: list[str], words: str) -> Iterator[str]:
    """The first page: its words, then a table an assignment, then what the sidebar lists."""
    yield words
    pages = {stop.source.name: stop.page for stop in stops} | {s.page: s.page for s in stops}
    numbers = {stop.page: number for number, stop in enumerate(stops, start=1)}
    folders = list(dict.fromkeys(stop.source.assignment for stop in stops))
    for folder in folders:
        yield f"\n## {_name(folder)}\n"
        yield "| | notebook | minutes | points | after |"
        yield "|---:|---|---:|---:|---|"
        for stop in stops:
            if stop.source.assignment == folder:
                needs = [pages[each] for each in stop.needs if each in pages]
                after = ", ".join(f"[{numbers[page]}]({page}.ipynb)" for page in needs)
                notebook = f"[{stop.title}]({stop.page}.ipynb)"
                minutes = stop.minutes or ""
                yield (
                    f"| {numbers[stop.page]} | {notebook} | {minutes} | {stop.points:g} | {after} |"
                )
    points = sum(stop.points for stop in stops)
    minutes = sum(stop.minutes or 0 for stop in stops)
    hours = f", about {round(minutes / 60)} hours" if all(stop.minutes for stop in stops) else ""
    yield f"\nTogether: {len(stops)} notebooks{hours}, {points:g} points.\n"
    yield from _contents("The course", ["syllabus", "glossary"])
    for folder in folders:
        yield from _contents(
            _name(folder), [stop.page for stop in stops if stop.source.assignment == folder]
        )
    yield from _contents("Guides", [f"guides/{name}" for name in guides])


def _contents(caption: str, pages: Iterable[str]) -> list[str]:
    return ["```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```", ""]


def _name(folder: str) -> str:
    """``a1_classifiers`` in words."""
    match = re.fullmatch(r"a(\d+)_(\w+)", folder)
    return f"Assignment {match[1]} · {match[2].replace('_', ' ')}" if match else folder


# --- the glossary ----------------------------------------------------------------------------


class Term(NamedTuple):
    """A term in the words of one notebook, from its cell ``<notebook>-terms``."""

    term: str
    words: str
    korean: str
    page: str


def terms(notebooks: Mapping[str, Mapping]) -> list[Term]:
    """The rows ``| term | in this notebook | 한국어 |`` of all notebooks, by page."""
    found = []
    for page, nb in notebooks.items():
        for cell in nb["cells"]:
            if cell["id"] != f"{page.rpartition('/')[2]}-terms":
                continue
            rows = re.findall(r"^\|(.+)\|[ \t]*$", "".join(cell["source"]), re.M)
            for row in rows[2:]:  # below the heading and its rule
                term, words, korean = (part.strip() for part in re.split(r"(?<!\\)\|", row))
                found.append(Term(term, words, korean, page))
    return found


def glossary(entries: Iterable[Term], titles: Mapping[str, str]) -> str:
    """The page of all terms, alphabetically, each with the notebooks that speak of it.

    Args:
        titles: of the notebooks, by page.
    """
    lines = ["# Glossary", ""]
    by_letter: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for entry in sorted(entries, key=lambda entry: _plain(entry.term)):
        name = _plain(entry.term)
        letter = name[:1].upper() if name[:1].isalpha() else "#"
        by_letter[letter][name].append(entry)
    if not by_letter:
        return "\n".join([*lines, "No notebook lists its terms yet.", ""])
    lines += ["The field's terms, in the words in which the notebooks meet them, and in Korean.", ""]
    for letter, names in by_letter.items():
        lines += [f"## {letter}", ""]
        for same in names.values():
            korean = " · ".join(dict.fromkeys(entry.korean for entry in same if entry.korean))
            lines.append(f"**{same[0].term.strip('*')}**" + (f" · {korean}" if korean else ""))
            lines += [f": {e.words} ([{titles[e.page]}]({e.page}.ipynb))\n" for e in same]
    return "\n".join(lines)


def _plain(term: str) -> str:
    return re.sub(r"[*_`$]", "", term).casefold()
