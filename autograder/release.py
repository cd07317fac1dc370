"""Compile an assignment's source notebooks into the students' version under ``release/``.

nbgrader's own preprocessors do the work; here the source is checked first, and the result has the
same bytes every time, so that git and CI can tell when it is stale.
"""

import copy
import importlib
import json
import math
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.coursedir import CourseDirectory
from nbgrader.nbgraderformat import MetadataValidator, SchemaTooOldError, ValidationError
from nbgrader.utils import find_all_files

from assignments.notebook import course_metadata
from assignments.questions import Check, collect
from assignments.regions import split_regions
from autograder.course import Course, CourseError, SourceNotebook
from autograder.gradebook import Gradebook, compiled, course_config

__all__ = ["ReleaseResult", "check_fresh", "consistency", "release"]


@dataclass(frozen=True)
class ReleaseResult:
    """What :func:`release` did in ``release/<assignment>/``."""

    assignment: str
    written: list[Path]
    removed: list[Path]
    unchanged: list[Path]


def release(course: Course, assignment: str, *, gradebook: bool = False) -> ReleaseResult:
    """Write the students' version of an assignment; what is fresh already stays untouched.

    Files of the release folder that the source does not lead to are removed.

    Args:
        gradebook: also bring the course's gradebook up to the source.

    Raises:
        CourseError: the source contradicts itself; the message lists every problem.
    """
    folder = course.release_dir / assignment
    wanted = _compile(course, assignment)
    present = _files(folder, course)
    result = ReleaseResult(assignment, written=[], removed=[], unchanged=[])
    for name, content in wanted.items():
        path = folder / name
        if name in present and path.read_bytes() == content:
            result.unchanged.append(path)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        result.written.append(path)
    for name in present:
        if name not in wanted:
            (folder / name).unlink()
            result.removed.append(folder / name)
    if gradebook:
        with Gradebook(course) as book:
            book.sync(assignment)
    return result


def check_fresh(course: Course, assignment: str) -> list[str]:
    """Compare the release folder with what the source compiles to, changing nothing.

    Returns:
        One line for each file that differs; empty when the release is fresh, else
        :func:`release` makes it so.

    Raises:
        CourseError: as :func:`release`.
    """
    folder = course.release_dir / assignment
    wanted = _compile(course, assignment)
    present = _files(folder, course)
    stale = []
    for name in sorted(wanted.keys() | present):
        shown = f"release/{assignment}/{name}"
        if name not in present:
            stale.append(f"{shown} is missing")
        elif name not in wanted:
            stale.append(f"{shown} has no source")
        elif (folder / name).read_bytes() != wanted[name]:
            stale.append(f"{shown} is stale")
    return stale


def _compile(course: Course, assignment: str) -> dict[str, bytes]:
    """The content of each file of a release, by its path below the release folder."""
    if problems := consistency(course, assignment):
        raise CourseError("\n  ".join([f"{assignment} cannot be released:", *problems]))
    source = course.source_dir / assignment
    content = {name: (source / name).read_bytes() for name in _files(source, course)}
    config = course_config(course)
    for notebook in course.assignment(assignment).notebooks.values():
        nb = compiled(notebook, config, release=True)
        text = nbformat.v4.writes(nb, ensure_ascii=False) + "\n"  # keys are sorted
        content[notebook.path.name] = text.encode()
    return content


def _files(folder: Path, course: Course) -> set[str]:
    """The files below a folder, less those that nbgrader ignores (checkpoints, caches)."""
    ignore = CourseDirectory(config=course_config(course)).ignore
    found = find_all_files(str(folder), ignore)
    return {Path(path).relative_to(folder).as_posix() for path in found}


# --- is the source consistent? -----------------------------------------------------------------


def consistency(course: Course, assignment: str) -> list[str]:
    """Whether notebooks, points and checks of an assignment hold together, one to one.

    Returns:
        One sentence a problem: where, what, and what to do; empty when all is well.

    Raises:
        CourseError: there is no such assignment.
    """
    problems = []
    owners = _owners(course)
    for notebook in course.assignment(assignment).notebooks.values():
        place = notebook.path.relative_to(course.root).as_posix()
        try:
            cells = notebook.nb["cells"]
            _validate(notebook.nb)
        except (KeyError, TypeError, ValueError, nbformat.ValidationError) as error:
            problems.append(f"{place}: not a notebook of nbformat 4: {str(error)[:200]}")
            continue
        for number, cell in enumerate(cells, start=1):
            meta = cell["metadata"].get("nbgrader", {})
            grade_id = meta.get("grade_id", "")
            where = f"{place}, cell {number}" + (f" ({grade_id})" if grade_id else "")
            found = [*_metadata_problems(cell, notebook.name), *_region_problems(cell)]
            found += _call_problems(cell, owners)
            if first := [other for other in owners.get(grade_id, []) if other != (place, number)]:
                other, at = first[0]
                found.append(f"the grade_id is also that of {other}, cell {at}; rename one")
            problems += [f"{where}: {problem}" for problem in found]
        problems += [f"{place}: {problem}" for problem in _place_problems(course, notebook)]
        problems += [f"{place}: {problem}" for problem in _check_problems(notebook)]
    return problems


def _validate(nb: dict) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nbformat.warnings.MissingIDFieldWarning)  # named by cell
        nbformat.validate(copy.deepcopy(nb))  # it fills in what is missing


def _written(lines: list[str]) -> bool:
    return any(line.strip() for line in lines)


def _text(cell: Mapping) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _owners(course: Course) -> dict[str, list[tuple[str, int]]]:
    """For each grade_id of the suite, the (notebook, cell number) that have it."""
    owners: dict[str, list[tuple[str, int]]] = {}
    for name in course.assignments():
        for notebook in course.assignment(name).notebooks.values():
            place = notebook.path.relative_to(course.root).as_posix()
            for cell in notebook.cells if _readable(notebook) else []:
                if cell.grade_id:
                    owners.setdefault(cell.grade_id, []).append((place, cell.number))
    return owners


def _readable(notebook: SourceNotebook) -> bool:
    try:
        return isinstance(notebook.nb, dict)
    except json.JSONDecodeError:
        return False


def _metadata_problems(cell: Mapping, notebook: str) -> Iterator[str]:
    if not cell.get("id"):
        yield "the cell has no id; run `make format`"
    meta = cell["metadata"].get("nbgrader")
    if meta is None:
        return
    grade_id = meta.get("grade_id")
    if not grade_id:
        yield "nbgrader's metadata has no grade_id"
    elif not grade_id.startswith(f"{notebook}-"):
        yield f"the grade_id must begin with {notebook + '-'!r}"
    points = meta.get("points")
    good = type(points) in (int, float) and math.isfinite(points) and points > 0
    if (meta.get("grade") or meta.get("task")) and not good:
        yield f"points must be a positive number, not {points!r}"
        return
    try:
        MetadataValidator().validate_cell(nbformat.from_dict(cell))
    except (SchemaTooOldError, ValidationError) as error:
        yield f"nbgrader's metadata is not valid: {str(error).splitlines()[0]}"


def _place_problems(course: Course, notebook: SourceNotebook) -> Iterator[str]:
    """What the metadata do not say of the notebook's place in the course."""
    said, place = course_metadata(notebook.nb), notebook.place
    for key in ("order", "title", "minutes", "needs"):
        value = getattr(place, key)
        if said.get(key) != (list(value) if key == "needs" else value):
            yield f'"course" in the metadata needs "{key}" ({_PLACE[key]}), not {said.get(key)!r}'
    for name in place.needs:
        assignment, _slash, needed = name.partition("/")
        if (
            assignment in course.assignments()
            and needed not in course.assignment(assignment).notebooks
        ):
            yield f"it needs {name}, which is no notebook of this course"
    for other in course.assignment(notebook.assignment).notebooks.values():
        if other.place.order == place.order and other.name != notebook.name:
            yield f"it has the same order as {other.name}"


_PLACE = {
    "order": "its number among the notebooks of the assignment",
    "title": "a text",
    "minutes": "how long a student takes",
    "needs": 'a list of notebooks to do before it, as "assignment/notebook"',
}


def _region_problems(cell: Mapping) -> Iterator[str]:
    """Regions that are missing, unclosed, or where nbgrader would not clear them."""
    meta = cell["metadata"].get("nbgrader", {})
    text = _text(cell)
    try:
        _rest, solution = split_regions(text, "SOLUTION")
        _rest, hidden = split_regions(text, "HIDDEN TESTS")
        _rest, scheme = split_regions(text, "MARK SCHEME")
        _rest, scheme_in_solution = split_regions("\n".join(solution), "MARK SCHEME")
    except ValueError as error:
        yield str(error)
        return
    auto = meta.get("grade") and not meta.get("solution")
    if meta.get("solution") and not _written(solution):
        yield "a solution cell needs its answer between BEGIN SOLUTION and END SOLUTION"
    if solution and not meta.get("solution"):
        yield "a SOLUTION region must be in a cell that nbgrader's metadata calls a solution"
    if auto and cell["cell_type"] == "code" and not _written(hidden):
        yield "a test cell needs its hidden tests between BEGIN and END HIDDEN TESTS"
    if auto and cell["cell_type"] != "code":
        yield "a graded cell of text must be a solution cell too, for the answer"
    if hidden and not auto:
        yield "a HIDDEN TESTS region must be in a test cell"
    if meta.get("task") and not _written(scheme):
        yield "a task needs a mark scheme between BEGIN and END MARK SCHEME"
    if meta.get("grade") and meta.get("solution") and not _written(scheme):
        yield "a written question needs a mark scheme between BEGIN and END MARK SCHEME"
    if not meta.get("task") and len(scheme) > len(scheme_in_solution):
        # nbgrader clears it elsewhere only in tasks, and would not recognise an untouched answer.
        yield "the MARK SCHEME region of a written question must lie inside its SOLUTION region"


_CHECK_CALL = re.compile(r"^\s*check\(\s*[\"']([^\"']*)[\"']", re.M)


def _call_problems(cell: Mapping, owners: Mapping[str, object]) -> Iterator[str]:
    """``check`` and ``score`` calls that name another question than they should."""
    if cell["cell_type"] != "code":
        return
    meta = cell["metadata"].get("nbgrader", {})
    try:
        given, hidden = split_regions(_text(cell), "HIDDEN TESTS")
    except ValueError:
        return  # named already
    checked = _CHECK_CALL.findall("\n".join(given))
    if meta.get("grade") and not meta.get("solution"):
        own = meta.get("grade_id")
        if checked != [own]:
            yield f'a test cell must call check("{own}") once, and no other'
        if hidden and "\n".join(hidden).rstrip().rpartition("\n")[2] != f'score("{own}")':
            yield f'the hidden tests must end in score("{own}"), the points that nbgrader reads'
    else:
        yield from (f'check("{name}") names no question' for name in checked if name not in owners)


def _check_problems(notebook: SourceNotebook) -> Iterator[str]:
    """Questions without checks, checks without questions, checks without a sentence."""
    try:
        auto = {question.grade_id for question in notebook.auto_questions()}
        starred = set(notebook.starred)
    except (CourseError, KeyError, TypeError, ValueError):
        return  # named already, with its cell
    called = {name for cell in notebook.cells for name in _CHECK_CALL.findall(cell.source)}
    for grade_id in sorted(starred - called):
        yield f'{grade_id} is never checked; add a cell with check("{grade_id}")'
    for kind, package, asked in (
        ("public", "assignments.checks", auto | starred),
        ("hidden", "autograder.checks", auto),
    ):
        module = f"{package}.{notebook.assignment}.test_{notebook.name}"
        file = module.replace(".", "/") + ".py"
        checks = _collect(module)
        for grade_id in sorted(asked - checks.keys()):
            yield f"{grade_id} has no {kind} check; write one in {file}"
        for grade_id in sorted(checks.keys() - asked):
            what = "a stretch exercise" if grade_id in starred else "no test cell"
            yield f"{file} checks {grade_id}, which is {what} of this notebook"
        for check in (check for group in checks.values() for check in group):
            if not (check.text or check.function.__doc__):
                yield f"{file}: {check.name} needs a docstring, the sentence that students read"
            if not check.marker.weight > 0:
                yield f"{file}: {check.name} needs a weight above 0"
            for other in check.marker.builds_on.keys() - auto:
                yield f"{file}: {check.name} builds on {other}, which is no question here"


def _collect(module: str) -> dict[str, list[Check]]:
    """The checks of a module by question; none when there is no such module."""
    try:
        return collect(importlib.import_module(module))
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        return {}
