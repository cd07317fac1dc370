"""The teaching assistant's notebooks: how they are read, and how wrong lines find their place."""

import ast
import io
import textwrap
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.notebook import Cell
from autograder.course import Course, CourseError
from autograder.mistakes import Mistake, Shortcut, Variant, apply_patch, load_patches, parse_patches
from autograder.mistakes.edits import EditError, apply_diff, apply_lines

SOLUTION = """\
def affine(x, w, b):
    out = np.dot(
        x, w
    ) + b

    for row in out:
        total = row.sum()
    if total > 1:
        scale(out)
    self.params["W"] = w
    return out
"""


@pytest.mark.parametrize(
    ("wrong", "becomes"),
    [
        ("out = x @ w", "    out = x @ w\n"),
        ("out += 1\nout += 2", "    out += 1\n    out += 2\n"),
        ("total = 0", "        total = 0\n"),
        ("for row in x:", "    for row in x:\n"),
        ("scale(x)", "        scale(x)\n"),
        ('self.params["W"] = w.T', '    self.params["W"] = w.T\n'),
        ("return x", "    return x\n"),
        ("if total > 2:", "    if total > 2:\n"),
        ("out = x @ (\n    w\n)", "    out = x @ (\n        w\n    )\n"),
        ("out = x\nwhile b:\n    b = 1", "    out = x\n    while b:\n        b = 1\n"),
    ],
)
def test_a_wrong_line_replaces_the_one_that_sets_the_same_name(wrong, becomes):
    patched = apply_lines(SOLUTION, wrong)
    assert becomes in patched
    ast.parse(patched)


def test_lines_that_set_nothing_of_the_solutions_come_behind_the_one_before():
    patched = apply_lines(SOLUTION, "total = row.mean()\nfresh = total")
    assert "        total = row.mean()\n        fresh = total\n    if" in patched


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("nowhere = 1", "nowhere sets 'nowhere'"),
        ("x = (", "cannot be read"),
        ("", "no wrong line"),
        ("x = 1", "set 2 times"),
    ],
)
def test_lines_that_do_not_fit(wrong, said):
    with pytest.raises(EditError, match=said):
        apply_lines("def f(x):\n    x = 2\n    x = 3\n", wrong)


def test_a_diff_may_be_indented_as_it_likes_and_skip_empty_lines():
    diff = (
        "-for row in out:\n-    total = row.sum()\n+total = 0\n@@\n-    return out\n+    return 1\n"
    )
    patched = apply_diff(SOLUTION.replace("    if total", "\n    if total"), diff)
    assert "    ) + b\n\n    total = 0\n" in patched
    assert patched.endswith("    return 1\n")


@pytest.mark.parametrize(
    ("diff", "said"),
    [
        ("+new = 1", "has no place"),
        ("-no such line", "stand 0 times"),
        ("-x = 1", "stand 2 times"),
        ("x = 1", "begins with '-'"),
    ],
)
def test_diffs_that_do_not_fit(diff, said):
    with pytest.raises(EditError, match=said):
        apply_diff("x = 1\nx = 1\n", diff)


LINES = st.lists(
    st.from_regex(r"[a-z]{1,3} = [a-z0-9]{1,3}", fullmatch=True),
    min_size=1,
    max_size=6,
    unique=True,
)


@given(LINES, st.data())
def test_a_diff_changes_its_line_and_no_other(lines, data):
    at = data.draw(st.integers(0, len(lines) - 1))
    solution = "def f():\n" + textwrap.indent("\n".join(lines), "    ")
    patched = apply_diff(solution, f"-{lines[at]}\n+changed = 1")
    want = [*lines[:at], "changed = 1", *lines[at + 1 :]]
    assert patched == "def f():\n" + textwrap.indent("\n".join(want), "    ")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with suppress(CourseError):
        parse_patches(text, "any.md")


TEXT = """\
# Mistakes of net

## net-affine

### no-bias
```python
out = x @ w
```
? Is the bias missing,
or is it zero?

The bias b is missing:
it is `added`.

### silent-one
```diff
-a = 1
+a = 2
```
! It shows in large sums only.

Never mind.

### Accepted: einsum
```python in affine
out = einsum(x, w) + b
```

### Shortcut: scipy
```python cell
import scipy
```
"""


def test_a_notebook_of_mistakes():
    bias, silent, variant, shortcut = parse_patches(TEXT, "net.md")
    assert isinstance(bias, Mistake)
    assert (bias.name, bias.question) == ("no-bias", "net-affine")
    assert bias.home == "Is the bias missing, or is it zero?"
    assert bias.hint == "The bias b is missing: it is `added`."
    assert bias.place == "net.md, line 5"
    assert isinstance(silent, Mistake)
    assert silent.silent == "It shows in large sums only."
    assert isinstance(variant, Variant)
    assert variant.fences[0].where == "in affine"
    assert isinstance(shortcut, Shortcut)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("## net-affine\n", "", "line 4: 'no-bias' stands under no question"),
        ("silent-one", "no-bias", "'no-bias' is named twice"),
        ("Never mind.\n", "", "silent-one has no hint"),
        ("```python cell\nimport scipy\n```\n", "", "scipy has no fence"),
        ("python cell", "ruby", "not 'ruby'"),
        ("Accepted", "Acepted", "'Acepted' is none of Accepted, Shortcut"),
    ],
)
def test_what_is_badly_formed_is_named_with_its_line(old, new, said):
    with pytest.raises(CourseError, match=said):
        parse_patches(TEXT.replace(old, new), "net.md")


CELLS = [
    Cell(1, "code", "def helper(x):\n    out = x", "helper-solution", True),
    Cell(2, "code", "check('net-helper')", "net-helper"),
    Cell(3, "code", "def affine(x, w, b):\n    out = x @ w + b", "affine-solution", True),
    Cell(4, "code", "check('net-affine')", "net-affine"),
    Cell(5, "code", "check('net-same-cell')", "net-same-cell"),
]


def changed(fence: str, question: str = "net-affine") -> dict[int, str]:
    (patch,) = parse_patches(f"## {question}\n### Accepted: it\n{fence}\n```", "x.md")
    patched = apply_patch(CELLS, patch)
    return {cell.number: cell.source for cell in patched if cell not in CELLS}


def test_wrong_lines_go_into_the_solution_of_their_question():
    assert changed("```python\nout = x @ w") == {3: "def affine(x, w, b):\n    out = x @ w"}
    assert changed("```python\nout = 1", "net-same-cell") == {
        3: "def affine(x, w, b):\n    out = 1"
    }
    assert changed("```python in helper\nout = 2") == {1: "def helper(x):\n    out = 2"}
    assert changed("```python cell\nmore = 1") == {6: "more = 1\n"}


def test_lines_that_fit_nowhere_or_twice_are_refused():
    with pytest.raises(CourseError, match="fits into no solution cell"):
        changed("```python\nother = 1")
    with pytest.raises(CourseError, match="fits into 2 solution cells; say which"):
        changed("```python\nout = 1", "net-unknown")


def test_files_are_changed_by_our_own_code():
    (patch,) = parse_patches(
        '## q\n### Accepted: it\n```python w.npz\nweights["a"] = weights["a"] + 1\n```', "x.md"
    )
    buffer = io.BytesIO()
    np.savez(buffer, a=np.zeros(2))
    with np.load(io.BytesIO(patch.files["w.npz"](buffer.getvalue()))) as file:
        assert file["a"].tolist() == [1, 1]


def test_all_notebooks_of_mistakes_fit_their_solutions():
    course = Course()
    for name in course.assignments():
        for source in course.assignment(name).notebooks.values():
            patches = load_patches(name, source.name)
            assert patches
            for patch in patches:
                assert apply_patch(source.cells, patch) != source.cells or patch.files
                assert patch.question in source.questions
