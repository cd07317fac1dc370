"""The figures of the solved notebooks, for the notebooks that students get.

A source notebook is run in a folder of its own, and what its cells put out is kept under a digest
of all that it follows from. No text of a source cell is kept, and none gets into a page:
:func:`merged` takes outputs alone, by the ids of cells that students get whole.
"""

import copy
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

import assignments
from assignments import scale
from autograder.course import Course, CourseError, SourceNotebook

__all__ = ["Outputs", "kept", "merged", "run"]

#: What each cell put out, by its id; outputs as in nbformat 4.
Outputs = dict[str, list[dict]]

#: Forms of a picture, the best first.
PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
_WIDGET = "application/vnd.jupyter.widget-view+json"
#: HTML that adds nothing to the picture beside it.
_BARE_PICTURE = re.compile(r"<img [^>]*>")


def run(course: Course, source: SourceNotebook, cache: Path) -> Outputs:
    """Run a source notebook from top to bottom in a copy of ``source/``; keep what it put out.

    Raises:
        CourseError: a cell raised, or the kernel died.
    """
    with tempfile.TemporaryDirectory(prefix="solved-") as folder:
        place = Path(folder).resolve()
        shutil.copytree(course.source_dir, place, dirs_exist_ok=True)
        home = place / source.assignment
        nb = nbformat.read(home / source.path.name, as_version=4)
        client = NotebookClient(
            nb,
            timeout=None,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": str(home)}},
        )
        try:
            client.execute()
        except (CellExecutionError, DeadKernelError) as error:
            name = f"{source.assignment}/{source.name}"
            raise CourseError(
                f"{name} does not run: {getattr(error, 'ename', '')} {getattr(error, 'evalue', '')}"
                f"; 'make notebooks ARGS={name}' says where"
            ) from None
        found = {cell.id: cell.outputs for cell in nb.cells if cell.get("outputs")}
        text = json.dumps(found).replace(f"{place}{os.sep}", "")  # previous() names its file
    path = _file(course, source, cache)
    cache.mkdir(parents=True, exist_ok=True)
    for older in cache.glob(f"{path.stem.rpartition('-')[0]}-*.json"):
        older.unlink()
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)  # whole or not at all
    return json.loads(text)


def kept(course: Course, source: SourceNotebook, cache: Path) -> Outputs | None:
    """What the notebook as it is now put out when it was run; None if it was not."""
    path = _file(course, source, cache)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def merged(release: Mapping, source: Mapping, outputs: Outputs) -> dict:
    """The students' notebook with the outputs of the solved run.

    A cell shows what it put out when students get it as it stands in the source; a test cell shows
    what ``check`` printed. What was a student's to write shows nothing.

    Args:
        release, source: notebooks as JSON data.
        outputs: of the source's run.
    """
    given = {cell["id"]: _text(cell) for cell in source["cells"]}
    nb = copy.deepcopy(dict(release))
    nb["metadata"].pop("widgets", None)
    for cell in nb["cells"]:
        if cell["cell_type"] != "code":
            continue
        about = cell["metadata"].get("nbgrader", {})
        tests = bool(about.get("grade") and not about.get("solution"))
        if tests or given.get(cell["id"]) == _text(cell):
            cell["outputs"] = list(_shown(outputs.get(cell["id"], []), tests))
    return nb


def _text(cell: Mapping) -> str:
    return "".join(cell["source"])


def _shown(outputs: Iterable[dict], tests: bool) -> Iterator[dict]:
    """What a page shows: printed text, values, and one form of each picture, with its words."""
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream" and output["name"] == "stdout":
            yield output
        elif kind == "display_data" or (kind == "execute_result" and not tests):
            data = output["data"]
            page = data.get("text/html", "")
            picture = next((form for form in PICTURES if form in data), None)
            if picture and (not page or _BARE_PICTURE.fullmatch(page)):
                words = {"alt": data.get("text/plain", ""), **output["metadata"].get(picture, {})}
                bundle = {"data": {picture: data[picture]}, "metadata": {picture: words}}
                yield {"output_type": "display_data", **bundle}
            elif page:
                yield {**output, "data": {"text/html": page}}
            elif _WIDGET not in data:  # sliders and bars of progress
                yield output


def _file(course: Course, source: SourceNotebook, cache: Path) -> Path:
    return cache / f"{source.assignment}-{source.name}-{_digest(course, source)}.json"


def _digest(course: Course, source: SourceNotebook) -> str:
    """Of the notebook, those it builds on, the package, the data and the size of experiments."""
    package = Path(assignments.__file__).parent
    code = [path for path in sorted(package.rglob("*")) if path.suffix in (".py", ".md")]
    files = [*code, *sorted(package.parent.glob("datasets/*/*.json"))]
    digest = hashlib.sha256(str(scale.scaled("full", "reduced")).encode())
    for content in (path.read_bytes() for path in [*_texts(course, source.path), *files]):
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def _texts(course: Course, path: Path) -> Iterator[Path]:
    """A notebook and all that it builds upon, through ``previous``."""
    yield path
    for earlier in re.findall(r'previous\(\\"([\w/]+)\\"\)', path.read_text(encoding="utf-8")):
        yield from _texts(course, course.source_dir / f"{earlier}.ipynb")
