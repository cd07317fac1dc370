"""How deep a function loops, what it reads and what it is a copy of, under whatever name."""

import contextlib
import textwrap

import pytest
from hypothesis import given
from hypothesis.strategies import text

from assignments.notebook import Outline, load, read_cells
from assignments.student import CheckFailed, Student, StudentError, in_process
from assignments.syntax import LiveReading, loop_depth, names_read, same_code, words_used
from assignments.workspace import Workspace


def student_of(source):
    """A student whose notebook is one cell."""
    cells = read_cells({"cells": [{"cell_type": "code", "source": textwrap.dedent(source)}]})
    module = load(cells, Outline.of(cells), "syntax_notebook")
    transport = in_process(Workspace(vars(module), module.missing_names))
    return Student(transport, reading=LiveReading(vars(module)))


@pytest.mark.parametrize(
    ("depth", "body"),
    [
        (0, "return np.sqrt(((a - b) ** 2).sum(axis=1))"),
        (0, "a, b = (x.astype(float) for x in (a, b))\nreturn a @ b.T"),
        (1, "for x in a:\n    x += 1"),
        (1, "while a:\n    a -= 1"),
        (1, "return [x + b for x in a]"),
        (2, "return [x + y for x in a for y in b]"),
        (2, "for x in a:\n    total = sum(x * y for y in b)"),
        (2, "for x in a:\n    while x:\n        x -= 1"),
        (1, "for x in a:\n    pass\nfor y in b:\n    pass"),
        (1, "for x in sorted(y for y in a):\n    pass"),
        (1, "return [x for x in [y for y in a]]"),
        (2, "return {x: [x + y for y in b] for x in a}"),
        (1, "return list(map(abs, a))"),
        (1, "return list(map(abs, [x + 1 for x in a]))"),
        (1, "return np.fromiter((x for x in a), float)"),
        (0, "return np.add.reduce(a, axis=1) + np.maximum.accumulate(b)"),
        (1, "return np.vectorize(abs)(a)"),
        (2, "return np.apply_along_axis(lambda x: [y - x for y in b], 1, a)"),
        (1, "def row(x):\n    return [x - y for y in b]\nreturn row(a)"),
        (2, "def row(x):\n    return [x - y for y in b]\nreturn [row(x) for x in a]"),
        (2, "def row(x):\n    return [x - y for y in b]\nreturn list(map(row, a))"),
        (1, "def row(n):\n    return n and row(n - 1)\nreturn row(a)"),
    ],
)
def test_depth_of_a_function(depth, body):
    source = "import numpy as np\ndef f(a, b):\n" + textwrap.indent(body, "    ")
    assert loop_depth(student_of(source), "f") == depth


def test_functions_and_methods_of_the_notebook_are_read_too():
    student = student_of(
        """
        def distances_of(x, b):
            return [x - y for y in b]

        class Net:
            def slow(self, a, b):
                for x in a:
                    distances_of(x, b)

            def hidden(self, a, b):
                return self.slow(a, b)

            def spelled(self, a, b):
                return Net.slow(self, a, b)

            def again(self, a):
                return a and self.again(a - 1)

            def fast(self, a, b):
                return self.scale(a) @ b

            def scale(self, a):
                return 2 * a
        """
    )
    depths = {"slow": 2, "hidden": 2, "spelled": 2, "again": 1, "fast": 0}
    for method, depth in depths.items():
        assert loop_depth(student, f"Net.{method}") == depth, method


class Lying(Student):
    """A student whose code is anything at all."""

    def __init__(self, source):
        super().__init__(in_process(Workspace({})))
        self.answer = source

    def source(self, target):
        return self.answer(target) if callable(self.answer) else self.answer


NESTED = "\n".join(f"{' ' * i}for x{i} in a:" for i in range(1, 60)) + "\n" + " " * 60 + "pass"
DOUBLING = "\n".join(f"    def g{i}():\n        g{i + 1}(); g{i + 1}()" for i in range(60))


@pytest.mark.parametrize(
    "source",
    [
        "def f(:",
        "",
        "def f():\n    return " + "-" * 5000 + "1",
        "def f():\n    return a" + ".b" * 5000,
        "def f():\n    return '" + "x" * 200_000 + "'",
        lambda name: f"def {name}():\n    return {name}0() + {name}1()",
    ],
    ids=["broken", "empty", "minus", "attributes", "long", "endless"],
)
def test_a_source_that_cannot_be_read_fails_the_check(source):
    with pytest.raises(CheckFailed, match="cannot be read"):
        loop_depth(Lying(source), "f")


def test_a_source_made_to_take_for_ever_does_not():
    assert loop_depth(Lying(f"def f(a):\n{NESTED}"), "f") == 59
    assert loop_depth(Lying(f"def f():\n{DOUBLING}\n    def g60(): pass\n    g0()"), "f") == 0


@given(text())
def test_any_text_is_read_or_refused(source):
    with contextlib.suppress(CheckFailed):
        assert loop_depth(Lying(source), "f") >= 0


LAYERS = """
import numpy as np

def slope(x):
    return np.cos(x)

def backward(dout, cache):
    'The long way.'
    total = dout.sum()
    return total * slope(cache)

def copied(dy, kept):  # under other names
    s = dy.sum()
    return s * slope(kept)

def other(dout, cache):
    return dout.mean() * slope(cache)

def direct(dout, cache):
    return backward(dout, cache)

def by_another_name(dout, cache):
    def step():
        way = direct
        return way(dout, cache)
    return step()
"""


def test_what_a_function_reads_it_reads_through_others():
    student = student_of(LAYERS)
    assert names_read(student, "other") == {"slope", "np"}
    for name in ("direct", "by_another_name"):
        assert "backward" in names_read(student, name), name
    for name in ("slope", "copied", "other"):
        assert "backward" not in names_read(student, name), name


WORDS = """
import math
from math import hypot as size

def helper(x):
    from math import fsum
    return fsum(x)

class Net:
    def forward(self, x):
        return self.inner(math.sqrt(x)) + helper(x)

    def inner(self, x):
        return size(x, 1)
"""


def test_the_words_of_a_method_are_those_of_what_it_uses_too():
    words = words_used(student_of(WORDS), "Net.forward")
    assert {"sqrt", "inner", "helper", "size", "fsum"} <= words
    assert not {"print", "sum", "Net"} & words
    assert words_used(student_of(WORDS), "helper") == {"x", "fsum"}
    with pytest.raises(CheckFailed, match="cannot be read"):
        words_used(Lying(lambda name: f"def f(): return {name}a, {name}b".replace(".", "")), "f")


def test_a_copy_is_known_under_other_names():
    student = student_of(LAYERS)
    assert same_code(student, "backward", "copied")
    assert not same_code(student, "backward", "other")
    assert not same_code(student, "backward", "direct")


def test_an_endless_or_broken_source_is_refused():
    for source in (lambda name: f"def {name}(): return {name}a, {name}b", "def f(:"):
        with pytest.raises(CheckFailed, match="cannot be read"):
            names_read(Lying(source), "f")
    deep = "def f():\n    return a" + ".b" * 5000
    with pytest.raises(CheckFailed, match="cannot be read"):
        same_code(Lying(deep), "f", "g")


def test_live_code_is_read_by_name():
    student = student_of(WORDS)
    assert student.source("Net.inner").lstrip().startswith("def inner(self, x):")
    assert student.methods("inner") == ["Net.inner"]
    for name in ("Net.nothing", "nothing", "math", "size"):
        with pytest.raises(StudentError, match="is not defined"):
            student.source(name)
    with pytest.raises(CheckFailed, match="cannot be read"):
        Student(in_process(Workspace({}))).source("f")
