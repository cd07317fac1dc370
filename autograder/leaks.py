"""Does anything that ships to students hold what they must not see?

Texts are compared without their white space, so that another indentation hides nothing. A line
counts as a secret when it is long enough to say something and the source does not give it away
itself. What students may read (sentences of checks, hints) is no secret; the code of mistakes is.
"""

import ast
import importlib.util
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import assignments
from assignments.regions import split_regions
from autograder.course import Course, CourseError, SourceNotebook
from autograder.mistakes import load_patches

__all__ = ["Leak", "find_leaks", "shipped_files"]

#: Characters, white space not counted, from which on a text is nobody's coincidence.
MIN_LINE = 30
MIN_PROSE = 20
MIN_RUN = 80
#: Consecutive lines of a hidden check that are told apart from everyday code.
RUN = 3


@dataclass(frozen=True)
class Leak:
    """A secret text that stands in a file for students."""

    file: str
    secret: str
    text: str

    def __str__(self) -> str:
        return f"{self.file} holds {self.secret}: {self.text!r}; remove or reword it"


@dataclass(frozen=True)
class _Secret:
    kind: str
    text: str


def find_leaks(course: Course, assignment: str, files: Iterable[Path] | None = None) -> list[Leak]:
    """Look for an assignment's solutions, mark schemes, hidden checks and mistakes.

    Args:
        files: where to look, also inside notebooks, zip files and wheels; by default
            :func:`shipped_files`.

    Raises:
        CourseError: a region of the source is not closed.
        OSError: a file cannot be read.
    """
    notebooks = list(course.assignment(assignment).notebooks.values())
    given = _squeeze("\n".join(_given(notebooks)))
    secrets = {
        _squeeze(secret.text): secret
        for notebook in notebooks
        for secret in _secrets(notebook)
        if _squeeze(secret.text) not in given
    }
    leaks = []
    for path in shipped_files(course) if files is None else files:
        content = path.read_bytes()
        shown = path.relative_to(course.root) if path.is_relative_to(course.root) else path
        for name, text in _texts(shown.as_posix(), content):
            squeezed = _squeeze(text)
            leaks += [
                Leak(name, secret.kind, secret.text)
                for needle, secret in secrets.items()
                if needle in squeezed
            ]
    return leaks


def shipped_files(course: Course) -> list[Path]:
    """Every file that students get: the releases, the bundles, the package ``assignments``."""
    package = Path(assignments.__file__).parent
    folders = (course.release_dir, course.root / "bundle", package)
    found = [path for folder in folders for path in sorted(folder.rglob("*"))]
    return [path for path in found if path.is_file() and path.suffix != ".pyc"]


def _squeeze(text: str) -> str:
    return "".join(text.split())


# --- what is secret ------------------------------------------------------------------------------


def _given(notebooks: list[SourceNotebook]) -> Iterator[str]:
    """The lines that the source gives to students itself."""
    for cell in (cell for notebook in notebooks for cell in notebook.cells):
        text = cell.source
        for region in ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME"):
            outside, _inside = _split(text, region)
            text = "\n".join(outside)
        yield text


def _secrets(notebook: SourceNotebook) -> Iterator[_Secret]:
    for cell in notebook.cells:
        where = f"source/{notebook.assignment}/{notebook.name}.ipynb, cell {cell.number}"
        least = MIN_LINE if cell.cell_type == "code" else MIN_PROSE
        for region in ("SOLUTION", "MARK SCHEME", "HIDDEN TESTS"):
            _outside, inside = _split(cell.source, region)
            for line in inside:
                if len(_squeeze(line)) >= least:
                    yield _Secret(f"a line of the {region.lower()} of {where}", line.strip())
    package = f"autograder.checks.{notebook.assignment}"
    for name in (f"test_{notebook.name}", notebook.name):  # the checks, and what they share
        yield from _check_secrets(f"{package}.{name}")
    yield from _mistake_secrets(notebook)


def _split(text: str, region: str) -> tuple[list[str], list[str]]:
    try:
        return split_regions(text, region)
    except ValueError as error:
        raise CourseError(f"leaks cannot be looked for: {error}") from None


def _check_secrets(module: str) -> Iterator[_Secret]:
    """Runs of lines of the functions of a hidden file, their docstrings left out."""
    source = _module_source(module)
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef):
            continue
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        if not body:
            continue
        code = [line for line in lines[body[0].lineno - 1 : body[-1].end_lineno] if line.strip()]
        for start in range(max(len(code) - RUN, 0) + 1):
            run = "\n".join(code[start : start + RUN])
            if len(_squeeze(run)) >= MIN_RUN:
                yield _Secret(f"code of the hidden check {node.name}", run)


def _module_source(module: str) -> str:
    """The text of a module's file, "" if there is none."""
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return ""
    return Path(found.origin).read_text(encoding="utf-8") if found and found.origin else ""


def _mistake_secrets(notebook: SourceNotebook) -> Iterator[_Secret]:
    for patch in load_patches(notebook.assignment, notebook.name):
        kind = f"{type(patch).__name__.lower()} {patch.name!r}"
        for fence in patch.fences:
            for line in fence.text.split("\n"):
                if not (fence.kind == "diff" and line[:1] != "+"):
                    code = line.removeprefix("+").strip()
                    if len(_squeeze(code)) >= MIN_LINE:
                        yield _Secret(f"code of the {kind}", code)


# --- where to look -------------------------------------------------------------------------------


def _texts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """The texts of a file by name; an archive holds several."""
    if name.endswith((".zip", ".whl")):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from _texts(f"{name}/{member}", archive.read(member))
        return
    text = content.decode("utf-8", "ignore")
    if name.endswith(".ipynb"):
        text = "\n".join(_strings(json.loads(text)))
    yield name, text


def _strings(value: object) -> Iterator[str]:
    """Every string of JSON data; a cell's lines stay one after the other."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
