"""What Sphinx reads to make the site: map, syllabus, notebooks, guides, glossary."""

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from autograder.course import Course, CourseError, SourceNotebook
from autograder.site.figures import Outputs, merged

__all__ = ["Term", "glossary", "notebooks_of", "terms", "write_pages"]

#: Guides in the order in which they are listed; all others follow.
GUIDES = ("students", "instructors", "check-authors", "architecture", "security", "results")


def notebooks_of(course: Course) -> dict[str, SourceNotebook]:
    """The notebooks of the course in their order, by page: ``"a1_classifiers/knn"``."""
    assignments = [course.assignment(name) for name in course.assignments()]
    return {f"{one.name}/{name}": nb for one in assignments for name, nb in one.notebooks.items()}


def write_pages(course: Course, folder: Path, figures: Mapping[str, Outputs]) -> None:
    """Write the tree that Sphinx reads into an empty folder.

    Args:
        figures: what notebooks put out, by page (``"a1_classifiers/knn"``); the others go without.

    Raises:
        CourseError: a notebook is not released.
    """
    sources = notebooks_of(course)
    shutil.rmtree(folder, ignore_errors=True)
    home = course.root / "docs" / "site"
    guides = [path.stem for path in sorted((course.root / "docs").glob("*.md"))]
    guides.sort(key=lambda name: (*GUIDES, name).index(name))
    notebooks = {
        page: merged(_released(course, source), source.nb, figures.get(page, {}))
        for page, source in sources.items()
    }
    texts = {f"{page}.ipynb": json.dumps(_dressed(nb)) for page, nb in notebooks.items()}
    texts |= {path.name: path.read_text("utf-8") for path in home.glob("*.md")}
    texts |= {
        f"guides/{name}.md": _within_site((course.root / "docs" / f"{name}.md").read_text("utf-8"))
        for name in guides
    }
    titles = {page: source.place.title for page, source in sources.items()}
    texts["glossary.md"] = glossary(terms(notebooks), titles)
    texts["index.md"] = "\n".join(_index(sources, guides, texts["index.md"]))
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
    return re.sub(r"\[([^\]]*)\]\(\.\./[^)]*\)", r"\1", text)


# --- the map ---------------------------------------------------------------------------------


def _index(sources: Mapping[str, SourceNotebook], guides: list[str], words: str) -> Iterator[str]:
    """The first page: its words, then a table an assignment, then what the sidebar lists."""
    yield words
    numbers = {page: number for number, page in enumerate(sources, start=1)}
    by_assignment: dict[str, list[str]] = defaultdict(list)
    for page, source in sources.items():
        by_assignment[source.assignment].append(page)
    for assignment, pages in by_assignment.items():
        yield f"\n## {_name(assignment)}\n"
        yield "| | notebook | minutes | points | after |"
        yield "|---:|---|---:|---:|---|"
        for page in pages:
            place = sources[page].place
            after = ", ".join(f"[{numbers[each]}]({each}.ipynb)" for each in place.needs)
            title, points = f"[{place.title}]({page}.ipynb)", _points(sources[page])
            yield f"| {numbers[page]} | {title} | {place.minutes} | {points:g} | {after} |"
    hours = sum(source.place.minutes for source in sources.values()) / 60
    points = sum(map(_points, sources.values()))
    yield f"\nTogether: {len(sources)} notebooks, about {hours:.0f} hours, {points:g} points.\n"
    yield from _contents("The course", ["syllabus", "glossary"])
    for assignment, pages in by_assignment.items():
        yield from _contents(_name(assignment), pages)
    yield from _contents("Guides", [f"guides/{name}" for name in guides])


def _points(source: SourceNotebook) -> float:
    return sum(question.points for question in source.questions.values())


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
    lines += [
        "The field's terms, in the words in which the notebooks meet them, and in Korean.",
        "",
    ]
    for letter, names in by_letter.items():
        lines += [f"## {letter}", ""]
        for same in names.values():
            korean = " · ".join(dict.fromkeys(entry.korean for entry in same if entry.korean))
            spoken = f' · <span lang="ko">{korean}</span>' if korean else ""
            lines.append(f"**{same[0].term.strip('*')}**{spoken}")
            lines += [f": {e.words} ([{titles[e.page]}]({e.page}.ipynb))\n" for e in same]
    return "\n".join(lines)


def _plain(term: str) -> str:
    return re.sub(r"[*_`$]", "", term).casefold()
