"""A sample class: what a teacher meets in one night, made from the source and handed in."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from assignments.notebook import Cell
from autograder.answer_key import answer_key
from autograder.course import HOME, Course, CourseError, SourceNotebook
from autograder.mistakes import Variant, apply_patch

__all__ = ["ASSIGNMENT", "a_feedback_page", "copy_course", "make_course", "size", "solved"]

ASSIGNMENT = "a1_classifiers"

#: The notebook that the sample students get wrong in their different ways.
_NOTEBOOK = "knn"

#: Marks a folder that may be deleted and made again.
_MARKER = ".sample-course"

_ENDLESS = """
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_one_loop(self, X):
        i = 0
        while i < len(X):
            row = np.sum((self.X_train - X[i]) ** 2, axis=1)
        return row
"""

_CURIOUS = """
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_two_loops(self, X):
        import glob
        import socket

        answers = glob.glob("/**/test_knn.py", recursive=True)
        return answers or socket.create_connection(("192.0.2.1", 80)).recv(1000)
"""

_NOT_A_NUMBER = """
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_no_loops(self, X):
        return np.sqrt(np.zeros((len(X), len(self.X_train))) - 1)

    def predict_labels(self, dists, k=1):
        return self.y_train[np.argsort(dists, axis=1)[:, :k]]
"""

_HOSTILE_ANSWER = """Because <script>alert("marks")</script> of <img src=x onerror="alert(1)"> and
[this proof](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==), k matters."""

_HONEST_ANSWER = "A bright row is a test image that is far from every training image."


def make_course(folder: Path) -> Course:
    """Make the sample course with its submissions in a folder of its own.

    Raises:
        CourseError: the folder holds something else.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARKER).exists():
        raise CourseError(f"{folder} is not empty and no sample course; choose another --folder")
    shutil.rmtree(folder, ignore_errors=True)
    course = copy_course(folder, ASSIGNMENT)
    (folder / _MARKER).touch()
    # The same secret each time, so that the sample class gets the same points each time.
    (folder / ".autograder-secret").write_text("03" * 32)
    for student, changes in _class(course).items():
        target = course.submitted_dir / student / ASSIGNMENT
        target.mkdir(parents=True)
        (target / "timestamp.txt").write_text("2026-11-20 21:30:00 UTC\n")
        for source in course.assignment(ASSIGNMENT).notebooks.values():
            # Only who left one notebook blank left them all.
            elsewhere = source.name != _NOTEBOOK and changes is not _released
            change = _perfect if elsewhere else changes
            if (nb := change(course, source)) is not None:
                (target / source.path.name).write_text(json.dumps(nb, indent=1) + "\n")
            for name, data in answer_key(source).files.items() if elsewhere else ():
                (target / name).write_bytes(data)
    return course


def copy_course(folder: Path, assignment: str) -> Course:
    """A course in a folder of its own, with the source and the release of one assignment."""
    home, course = Course(HOME), Course(folder.resolve())
    shutil.copytree(home.source_dir / assignment, course.source_dir / assignment)
    shutil.copytree(home.release_dir / assignment, course.release_dir / assignment)
    shutil.copy(HOME / "nbgrader_config.py", course.root)
    return course


def size(course: Course) -> int:
    """How many handed in."""
    return len(list(course.submitted_dir.iterdir()))


def a_feedback_page(course: Course) -> Path:
    """One of the pages written."""
    return next(iter(sorted(course.feedback_dir.glob(f"*/{ASSIGNMENT}/{_NOTEBOOK}.html"))))


def solved(course: Course, source: SourceNotebook, cells: list[Cell] | None = None) -> dict:
    """The released notebook with solutions filled in, as a student would hand it in.

    Args:
        cells: the source's cells, perhaps patched; cells beyond the source's are appended.
    """
    nb = _released(course, source)
    cells = source.cells if cells is None else cells
    solutions = {
        cell.grade_id: cell.source
        for cell in cells
        if cell.solution and cell.cell_type == "code" and cell.grade_id
    }
    for cell in nb["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("grade_id") in solutions:
            lines = solutions[meta["grade_id"]].splitlines(keepends=True)
            cell["source"] = [line for line in lines if " SOLUTION" not in line]
        elif meta.get("solution") and meta.get("grade"):
            cell["source"] = [_HONEST_ANSWER]
    for extra in cells[len(source.cells) :]:
        nb["cells"].append(_code_cell(f"extra-{extra.number}", extra.source))
    return nb


def _released(course: Course, source: SourceNotebook) -> dict:
    path = course.release_dir / source.assignment / source.path.name
    return json.loads(path.read_text(encoding="utf-8"))


def _class(course: Course) -> dict[str, Callable[[Course, SourceNotebook], dict | None]]:
    """The students by name, and what each makes of the notebook."""
    students: dict[str, Callable[[Course, SourceNotebook], dict | None]] = {
        "ada-perfect": _perfect,
        "ben-another-way": _another_way,
        "cem-blank": _released,
        "dora-syntax-error": _syntax_error,
        "emil-no-notebook": lambda course, source: None,
        "fay-edited-tests": _edited_tests,
        "gil-endless-loop": _with_code(_ENDLESS),
        "hana-reads-and-calls": _with_code(_CURIOUS),
        "ivo-nan-and-shapes": _with_code(_NOT_A_NUMBER),
        "jo-hostile-answer": _hostile_answer,
    }
    key = answer_key(course.assignment(ASSIGNMENT).notebooks[_NOTEBOOK])
    questions = list(key.checks)
    for name, question in zip(("kim", "lea", "max", "noa"), questions[::-1], strict=False):
        mistake = key.mistakes(question)[0]
        students[f"{name}-{mistake.name}"] = _patched(mistake)
    return students


def _perfect(course: Course, source: SourceNotebook) -> dict:
    return solved(course, source)


def _patched(patch) -> Callable[[Course, SourceNotebook], dict]:
    return lambda course, source: solved(course, source, apply_patch(source.cells, patch))


def _another_way(course: Course, source: SourceNotebook) -> dict:
    """A right solution that looks different: the first accepted variant."""
    variant = next(p for p in answer_key(source).patches if isinstance(p, Variant))
    return solved(course, source, apply_patch(source.cells, variant))


def _with_code(code: str) -> Callable[[Course, SourceNotebook], dict]:
    def make(course: Course, source: SourceNotebook) -> dict:
        nb = solved(course, source)
        nb["cells"].append(_code_cell("my-own-cell", code.lstrip()))
        return nb

    return make


def _syntax_error(course: Course, source: SourceNotebook) -> dict:
    """A forgotten bracket in one method of the class."""
    nb = solved(course, source)
    for cell in nb["cells"]:
        cell["source"] = [
            line.replace(
                "def predict_labels(self, dists, k=1)", "def predict_labels(self, dists, k=1"
            )
            for line in cell["source"]
        ]
    return nb


def _edited_tests(course: Course, source: SourceNotebook) -> dict:
    """Test cells deleted, edited and robbed of their metadata; the work itself is right."""
    nb = solved(course, source)
    tests = [c for c in nb["cells"] if c["metadata"].get("nbgrader", {}).get("locked")]
    nb["cells"].remove(tests[0])
    tests[1]["source"] = ["print('all right')\n", "10.0"]
    tests[2]["metadata"] = {}
    nb["cells"].append(copy.deepcopy(tests[-1]))
    for cell in nb["cells"]:
        cell.pop("id", None)
    return nb


def _hostile_answer(course: Course, source: SourceNotebook) -> dict:
    nb = solved(course, source)
    for cell in nb["cells"]:
        if cell["source"] == [_HONEST_ANSWER]:
            cell["source"] = [_HOSTILE_ANSWER]
    return nb


def _code_cell(cell_id: str, code: str) -> dict:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": {},
        "outputs": [],
        "source": code.splitlines(keepends=True),
    }
