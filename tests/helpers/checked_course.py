"""A course of one notebook with all that belongs to it: checks on both sides, mistakes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import assignments.checks
import autograder.checks
import autograder.mistakes
from autograder.course import Course

ASSIGNMENT = "a9_checked"

SOLUTION = """\
import numpy as np


def mean_square(x):
    \"\"\"The mean of the squares of x.\"\"\"
    ### BEGIN SOLUTION
    squares_of_all_numbers = np.asarray(x, dtype=float) ** 2
    return float(squares_of_all_numbers.mean())
    ### END SOLUTION"""

#: A stretch exercise: it is checked, and not graded.
STARRED = """\
def root_mean_square(x):
    \"\"\"The root of the mean square of x.\"\"\"
    ### BEGIN SOLUTION
    return mean_square(x) ** 0.5
    ### END SOLUTION"""

TEST = """\
check("square-mean")
### BEGIN HIDDEN TESTS
from autograder.plain import score

score("square-mean")
### END HIDDEN TESTS"""

WRITTEN = """\
=== BEGIN SOLUTION ===
Because large errors weigh more than small ones do.
=== BEGIN MARK SCHEME ===
- 1 point for the weight of large errors
=== END MARK SCHEME ===
=== END SOLUTION ==="""

PUBLIC = '''\
from assignments.questions import question


@question("square-mean")
def test_of_two(student, rng):
    """The mean square of 1 and 3 is 5."""
    assert student.mean_square([1.0, 3.0]) == 5
'''

STARRED_PUBLIC = '''

@question("square-star-root")
def test_root_of_two(student, rng):
    """The root mean square of 1 and 7 is 5."""
    assert student.root_mean_square([1.0, 7.0]) == 5
'''

HIDDEN = '''\
import numpy as np

from assignments.questions import question


@question("square-mean", weight=2)
def test_of_many(student, rng):
    """Many numbers have the mean square that NumPy gives."""
    numbers = rng.normal(size=(7,))
    wanted = np.dot(numbers, numbers) / numbers.size
    assert abs(student.mean_square(numbers) - wanted) < 1e-9


@question("square-mean")
def test_of_one(student, rng):
    """One number has its own square."""
    assert student.mean_square([3.0]) == 9
'''

MISTAKES = """\
## square-mean

### sum-of-squares
```diff
-return float(squares_of_all_numbers.mean())
+return float(squares_of_all_numbers.sum())
```
? Is this the sum of the squares?

You add the squares up but never divide by how many there are.

### Accepted: with-dot
```python
return float(np.mean(squares_of_all_numbers))
```
"""


def cell(kind: str, source: str, name: str, **nbgrader: object) -> dict:
    """A cell as nbgrader marks it, when there is something to mark."""
    made = {"code": new_code_cell, "markdown": new_markdown_cell}[kind](source, id=name)
    if nbgrader:
        defaults = {"grade": False, "solution": False, "task": False, "locked": False}
        made.metadata["nbgrader"] = {
            **defaults, "grade_id": name, "schema_version": 3, **nbgrader
        }  # fmt: skip
    return made


def cells(starred: bool = False) -> list[dict]:
    """The notebook's cells, perhaps with a stretch exercise at the end."""
    given = [
        cell("markdown", "# Squares: x²", "title"),
        cell("code", "from assignments import check", "imports"),
        cell("code", SOLUTION, "square-function", solution=True),
        cell("code", TEST, "square-mean", grade=True, locked=True, points=3),
        cell("markdown", WRITTEN, "square-why", grade=True, solution=True, points=1),
    ]
    star = [
        cell("markdown", "## ★ The root\n\n*Difficulty ●○○ · 5 minutes · ungraded*", "star"),
        cell("code", STARRED, "square-star-root", solution=True),
        cell("code", 'check("square-star-root")', "check-star"),
    ]
    return [*given, *star] if starred else given


def write_notebook(path: Path, cells: list[dict], place: dict | None = None) -> None:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    place = place or {"order": 1, "title": path.stem, "minutes": 60, "needs": []}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "course": place}
    nb = new_notebook(metadata=metadata)
    nb.cells = nbformat.from_dict(cells)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.v4.writes(nb), encoding="utf-8")


@contextmanager
def checked_course(root: Path, starred: bool = False) -> Iterator[Course]:
    """The course, whose checks are importable as long as this lasts."""
    write_notebook(root / "source" / ASSIGNMENT / "square.ipynb", cells(starred))
    packages = {
        assignments.checks: ("test_square.py", PUBLIC + (STARRED_PUBLIC if starred else "")),
        autograder.checks: ("test_square.py", HIDDEN),
        autograder.mistakes: ("square.md", MISTAKES),
    }
    for package, (name, text) in packages.items():
        folder = root / package.__name__ / ASSIGNMENT
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / name).write_text(text, encoding="utf-8")
        package.__path__.append(str(folder.parent))
    try:
        yield Course(root)
    finally:
        for package in packages:
            package.__path__.pop()
            vars(package).pop(ASSIGNMENT, None)
        for name in [name for name in sys.modules if f".{ASSIGNMENT}" in name]:
            del sys.modules[name]
