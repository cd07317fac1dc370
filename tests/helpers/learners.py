"""A clone with a learner's folder: a solution of two steps, and a written question."""

import json
from pathlib import Path

from checked_course import cell, write_notebook

from assignments.progress_file import MARKER

ASSIGNMENT = "a0_tiny"

DOUBLE = """\
def double(x):
    ### BEGIN SOLUTION
    # as a sum
    y = x + x
    # and back
    return y
    ### END SOLUTION"""

HALVE = """\
def halve(x):
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION"""

WHY = """\
### BEGIN SOLUTION
Twice a number is **even**.

=== BEGIN MARK SCHEME ===
1: 0.5, 2: 1.
1. It is even.
2. It is twice something.
=== END MARK SCHEME ===
### END SOLUTION"""


def source_cells() -> list[dict]:
    return [
        cell("markdown", "# Warm up", "title"),
        cell("markdown", "### Exercise 1 · doubling\n\n*Difficulty ●○○ · 10 minutes*", "task-1"),
        cell("code", DOUBLE, "warm-double-code", solution=True),
        cell("code", 'check("warm-double")', "warm-double", grade=True, points=3),
        cell("markdown", "### Question · why", "why"),
        cell("markdown", WHY, "warm-why", grade=True, solution=True, points=1.5),
    ]


def given_cells() -> list[dict]:
    """What the release makes of them."""
    cells = source_cells()
    cells[2]["source"] = (
        "def double(x):\n    # Write your code here.\n    raise NotImplementedError"
    )
    cells[5]["source"] = "Write your answer here."
    return cells


def make_clone(root: Path) -> Path:
    """``source/``, ``release/`` and ``my/`` with the notebooks warm and cold; gives ``my/``."""
    places = {
        "warm": {"order": 1, "title": "Warm up", "minutes": 90, "needs": []},
        "cold": {"order": 2, "title": "Cool down", "minutes": 45, "needs": [f"{ASSIGNMENT}/warm"]},
    }
    for folder, cells in (("source", source_cells), ("release", given_cells), ("my", given_cells)):
        for name, place in places.items():
            path = root / folder / ASSIGNMENT / f"{name}.ipynb"
            text = json.dumps(cells()).replace("warm-", f"{name}-")
            write_notebook(path, json.loads(text), place)
    (root / "my" / MARKER).write_text("{}", encoding="utf-8")
    return root / "my"


def add_star(my: Path) -> None:
    """Put a stretch exercise before the written question of ``warm``, in the clone and in my/."""
    for path in (my, my.parent / "source"):
        path = path / ASSIGNMENT / "warm.ipynb"
        nb = json.loads(path.read_text(encoding="utf-8"))
        nb["cells"][4:4] = [
            cell("markdown", "## ★ Halving\n\n*Difficulty ●●○ · 20 minutes · ungraded*", "star"),
            cell("code", HALVE, "warm-star-halve", solution=True),
            cell("code", 'check("warm-star-halve")', "check-star"),
        ]
        path.write_text(json.dumps(nb), encoding="utf-8")


def write_answer(my: Path, text: str, notebook: str = "warm") -> None:
    """Save an answer to the written question."""
    path = my / ASSIGNMENT / f"{notebook}.ipynb"
    nb = json.loads(path.read_text(encoding="utf-8"))
    nb["cells"][-1]["source"] = text
    path.write_text(json.dumps(nb), encoding="utf-8")
