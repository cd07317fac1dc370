"""The loader, sentence by sentence of contract 1."""

import ast
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignments import notebook
from assignments.notebook import WRITE_HERE, Cell, Outline, as_loaded, load, plan, read_cells

SOURCE = Path(notebook.__file__).parents[1] / "source"


def loaded(*sources, solutions=None, name="nb_under_test"):
    """A module of code cells; ``solutions`` maps a cell's number to what the source defines."""
    solutions = solutions or {}
    cells = [
        Cell(n, "code", source, f"q{n}" if n in solutions else None)
        for n, source in enumerate(sources, start=1)
    ]
    outline = Outline({f"q{n}": frozenset(names) for n, names in solutions.items()})
    return load(cells, outline, name)


def raw(source, grade_id=None, solution=False, tags=None, cell_type="code"):
    metadata = {"tags": tags or []}
    if grade_id:
        metadata["nbgrader"] = {"grade_id": grade_id, "solution": solution}
    return {"cell_type": cell_type, "source": source, "metadata": metadata}


# --- which cells run --------------------------------------------------------------------------


def test_a_solution_cell_runs_whole():
    module = loaded("total = 0\nfor i in range(4):\n    total += i", solutions={1: []})
    assert module.total == 6


def test_solution_cells_are_those_of_the_source_whatever_the_submission_says():
    source = read_cells({"cells": [raw("def f(): pass", "a", True)]})
    submitted = read_cells(
        {
            "cells": [
                raw("for i in range(3): x = i", "other", True),
                raw("for i in range(3): y = i", "a", False),
            ]
        }
    )
    module = load(submitted, Outline.of(source), "nb_under_test")
    assert module.y == 2
    assert not hasattr(module, "x")


def test_a_solution_without_its_id_is_found_by_the_names_it_defines():
    outline = Outline({"lost": frozenset({"f"})})
    cells = [Cell(1, "code", "k = [i for i in range(3)]\ndef f(): return k")]
    assert load(cells, outline, "nb_under_test").f() == [0, 1, 2]


def test_an_experiment_is_no_solution():
    cells = read_cells({"cells": [raw("def f(): pass", "a", True, ["experiment"])]})
    assert Outline.of(cells).solutions == {}


def test_a_stretch_exercise_is_no_solution_but_its_definitions_are_there():
    star = "class Net:\n    size = 3\nwhile True: pass"
    cells = read_cells(
        {"cells": [raw("def f(): return 1", "warm-f", True), raw(star, "warm-star-net", True)]}
    )
    assert [cell.starred for cell in cells] == [False, True]
    assert Outline.of(cells).solutions == {"warm-f": {"f"}}
    module = load(cells, Outline.of(cells), "nb_under_test")
    assert (module.f(), module.Net.size) == (1, 3)


def test_a_broken_stretch_exercise_takes_down_only_itself():
    cells = read_cells(
        {"cells": [raw("def f(): return 1", "warm-f", True), raw("def g(:", "warm-star-g", True)]}
    )
    module = load(cells, Outline.of(cells), "nb_under_test")
    assert module.f() == 1
    assert "does not parse" in module.missing_names["g"]


def test_other_cells_give_imports_definitions_and_simple_assignments():
    module = loaded(
        "import numpy as np\nfrom math import pi as PI",
        "EPS = np.finfo(float).eps\nA, (B, C) = 1, (2, 3)\nD: int = len('four')\nE = 2 * PI + A",
        "Z = np.arange(6).reshape(2, 3)\nF = 'a,b'.split(',')",
        "def helper(x):\n    return x + EPS\nclass Net:\n    size = 3\nNet.helper = helper",
        "if D > 3:\n    G = 'gpu'\nelse:\n    G = 'cpu'",
        "try:\n    import no_such_module\nexcept ImportError:\n    no_such_module = None",
    )
    assert (module.A, module.B, module.C, module.D) == (1, 2, 3, 4)
    assert module.G == "gpu"
    assert module.F == ["a", "b"]
    assert module.Z.shape == (2, 3)
    assert module.no_such_module is None
    assert module.Net.helper is module.helper


@pytest.mark.parametrize(
    "statement",
    [
        "x = train()",
        "x = [i for i in range(3)]",
        "for x in range(3): pass",
        "with open('f') as x: pass",
        "x = sum(i for i in range(3))",
        "x = helper.run()",
        "while True: x = 1",
        "x = load_data('emoji10')",
    ],
)
def test_what_may_take_long_is_left_out_and_named(statement):
    module = loaded("from assignments.data import load_data", statement)
    with pytest.raises(AttributeError, match=r"x is set in cell 2, .*move it into your solution"):
        _ = module.x


def test_a_function_that_needs_what_was_left_out_says_where_it_is():
    from assignments.student import Student, StudentError, in_process
    from assignments.workspace import Workspace

    module = loaded("EPS = make()", "def f():\n    return EPS")
    student = Student(in_process(Workspace(vars(module), module.missing_names)))
    with pytest.raises(StudentError, match=r"EPS is set in cell 1.*cell 2, line 2"):
        student.f()


def test_a_name_that_is_nowhere():
    with pytest.raises(AttributeError, match="does not define nothing"):
        _ = loaded("x = 1").nothing


def test_expressions_do_not_run():
    module = loaded("box = []", "box.append(1)\nprint('x')\nassert False\n1 / 0")
    assert module.box == []


# --- magics -----------------------------------------------------------------------------------


def test_magics_and_shell_lines_are_dropped():
    module = loaded(
        "%matplotlib inline\n!pip install x\nfiles = !ls\nt = %timeit 1\nlen?\n?len\n"
        "def f():\n    %time y = 2\n    !ls\n    return 1\nz = 5"
    )
    assert module.f() == 1
    assert module.z == 5


def test_a_percent_sign_that_continues_an_expression_stays():
    module = loaded("x = (17\n% 5)\ny = '''\n%matplotlib inline\n!ls'''\n%load_ext autoreload")
    assert module.x == 2
    assert module.y == "\n%matplotlib inline\n!ls"


def test_cell_magics():
    module = loaded(
        "%%bash\ndef f(): pass", "%%time\ndef g():\n    return 3", "\n%%capture out\nh = 4"
    )
    assert not hasattr(module, "f")
    assert module.g() == 3
    assert module.h == 4


def test_lines_keep_their_numbers():
    module = loaded("%%time\n\n%matplotlib inline\ndef f():\n    return 1 / 0")
    assert module.f.__code__.co_firstlineno == 4


def test_an_indented_cell_is_read_as_ipython_does():
    assert loaded("    x = 1\n    def f(): return x").f() == 1


# --- what is broken ---------------------------------------------------------------------------


def test_a_failing_statement_takes_only_its_names():
    module = loaded("a = 1\nb = undefined_name\nc = 3", solutions={1: []})
    assert (module.a, module.c) == (1, 3)
    with pytest.raises(
        AttributeError, match=r"cell 1 stopped at line 2: NameError.*undefined_name"
    ):
        _ = module.b


def test_a_later_definition_mends_an_earlier_failure():
    assert loaded("import no_such_module as m", "m = 1").m == 1


def test_a_syntax_error_in_one_method_keeps_its_class():
    module = loaded(
        "class Net:\n"
        "    size = 3\n"
        "    def good(self):\n        return 1\n"
        "    def bad(self):\n        return ((1\n"
        "    @property\n    def late(self):\n        return 2\n"
        "x = 7\n"
    )
    assert module.Net().good() == 1
    assert module.Net().late == 2
    assert module.x == 7
    with pytest.raises(SyntaxError, match=r"cell 1, line 6 does not parse"):
        module.Net().bad()


def test_a_syntax_error_in_one_function_keeps_the_others():
    module = loaded("def f():\n    return 1\n\ndef g(:\n    return 2\n\ndef h():\n    return 3\n")
    assert (module.f(), module.h()) == (1, 3)
    with pytest.raises(AttributeError, match=r"cell 1, line 4 does not parse"):
        _ = module.g


def test_a_method_with_a_stray_indent_keeps_its_class():
    module = loaded(
        "class A:\n    def f(self):\n        return 1\n     def g(self):\n        return 2"
    )
    assert module.A().f() == 1


def test_python_2_print():
    module = loaded(
        "def f():\n    return 1\nprint 'hello'\ndef g():\n    print 'x'\ndef h(): return 2"
    )
    assert (module.f(), module.h()) == (1, 2)
    with pytest.raises(AttributeError, match="does not parse"):
        _ = module.g


def test_raising_system_exit_ends_nothing():
    module = loaded("a = 1\nraise SystemExit\nb = 2\nexit()\nquit()", "c = 3", solutions={1: []})
    assert (module.a, module.b, module.c) == (1, 2, 3)


def test_an_exception_whose_text_fails():
    source = (
        "class E(Exception):\n    def __str__(self): raise self\nx = (_ for _ in ()).throw(E())"
    )
    with pytest.raises(AttributeError, match="cell 1 stopped at line 3: E"):
        _ = loaded(source, solutions={1: []}).x


def test_future_imports_reach_later_cells():
    module = loaded(
        "from __future__ import annotations\ndef f(x: Unknown): return 1",
        "def g(x: Unknown): return 2",
    )
    assert (module.f(0), module.g(0)) == (1, 2)


def test_dataclasses_work():
    module = loaded(
        "from __future__ import annotations\nfrom dataclasses import dataclass",
        "@dataclass\nclass P:\n    x: int = 3",
    )
    assert module.P().x == 3
    assert sys.modules[module.__name__] is module


# --- damaged notebooks ------------------------------------------------------------------------


def test_duplicate_ids_all_run():
    outline = Outline({"a": frozenset({"f"})})
    cells = [
        Cell(1, "code", "for i in [1]: x = i", "a"),
        Cell(2, "code", "for i in [2]: y = i", "a"),
    ]
    module = load(cells, outline, "nb_under_test")
    assert (module.x, module.y) == (1, 2)


def test_nbformat_3_worksheets():
    nb = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}]}]}
    assert read_cells(nb)[0].source == "x = 1\ny = 2"


@pytest.mark.parametrize(
    "cell",
    [
        None,
        3,
        {},
        {"cell_type": "code"},
        {"cell_type": "code", "source": 5, "metadata": 7},
        {
            "cell_type": ["code"],
            "source": ["x", 3, None],
            "metadata": {"nbgrader": "yes", "tags": 2},
        },
        {
            "cell_type": "code",
            "source": "x=1",
            "metadata": {"nbgrader": {"grade_id": {}}, "tags": [1]},
        },
    ],
)
def test_junk_is_read_as_emptily_as_possible(cell):
    cells = read_cells({"cells": [cell, raw("z = 1")]})
    assert len(cells) == 2
    assert load(cells, Outline({}), "nb_under_test").z == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "source", "metadata", "nbgrader", "cell_type", "grade_id", "tags"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(json_values)
@settings(deadline=None)
def test_any_json_is_a_notebook(nb):
    plan(read_cells(json.loads(json.dumps(nb))), Outline({"a": frozenset({"f"})}))


code_like = st.lists(
    st.sampled_from(
        ["def f(x):", "class A:", "    def g(self):", "    return 1", "%time x", "!ls", "x = (",
         ")", "@d", "'''", "", "  ", "if x:", "else:", "\t", "print 'x'", "x = 1", "\x00",
         "import os", "\\", "é = 2"]
    ),
    max_size=12,
).map("\n".join)  # fmt: skip


@given(code_like | st.text(max_size=200))
@settings(deadline=None)
def test_any_text_is_a_cell(text):
    plan([Cell(1, "code", text, "a")], Outline({"a": frozenset({"f"})}))


@pytest.mark.parametrize(
    "source",
    [
        "f((\n" * 20_000,
        "x = = 1\n" * 12_000,
        "x = 1\n%time f()\n" * 4_000,
        "class A:\n" + "    def f(self) return 1\n" * 4_000,
        "(" * 90_000,
        "-" * 90_000 + "1",
        "x = 1" + "+1" * 40_000,
        "if 1:\n" * 10_000,
        "'" * 90_001,
        "def f(): pass\n" * 100_000,
    ],
    ids=["open", "equals", "magics", "methods", "deep", "minus", "sum", "ifs", "quotes", "long"],
)
def test_no_cell_keeps_the_parser_busy(source, monkeypatch):
    parsed = 0
    parse = notebook.ast.parse

    def counting(text, *args, **kwargs):
        nonlocal parsed
        parsed += len(text)
        return parse(text, *args, **kwargs)

    monkeypatch.setattr(notebook.ast, "parse", counting)
    plan([Cell(1, "code", source)], Outline({}))
    assert parsed <= notebook.MAX_SALVAGE


def test_a_cell_that_is_too_long_says_so():
    module = loaded("def f(): pass\n" + "#" * notebook.MAX_CELL)
    with pytest.raises(AttributeError, match="longer than"):
        _ = module.f


# --- what grading hands over ---------------------------------------------------------------


def handed_over(*sources, **markdown):
    cells = [{"cell_type": "code", "source": source} for source in sources]
    cells += [{"cell_type": "markdown", "source": source} for source in markdown.values()]
    return as_loaded(read_cells({"cells": cells}), Outline({}))[:2]


CODE = 'def f(x):\n    """Twice\n\n    x."""\n    return 2 * x\n'


@pytest.mark.parametrize(
    "again",
    [
        [CODE],
        [CODE + "# last"],
        [CODE.replace("* x", "* x  # twice").replace("(x):", "(x):  # first")],
        [CODE, "", "# nothing", "print(f(3))  # six"],
    ],
)
def test_comments_and_what_does_not_run_are_not_loaded(again):
    assert handed_over(*again, text="a table of answers")[1] == handed_over(CODE)[1]
    cells, _code = handed_over(*again, text="a table of answers")
    assert not any("#" in cell.source or "table" in cell.source for cell in cells)


@pytest.mark.parametrize(
    "again",
    [
        [CODE.replace("2", "3")],
        [CODE.replace("Twice", "Thrice")],
        [CODE.replace("\n\n", "\n \n")],  # inside a string
        [CODE.replace("2 * x", "2  * x")],  # compiled code knows its columns
        ["\n" + CODE],  # ... and its lines
        ["", CODE],  # ... and its cell
        [CODE, "table = [1, 2]"],
        [CODE, "table = train()"],  # not run, but its name is known
        [CODE, "def broken(:  # table"],
        ["'''" + CODE + "# table"],
    ],
)
def test_whatever_student_code_could_find_changes_the_hash(again):
    assert handed_over(*again)[1] != handed_over(CODE)[1]


def test_a_comment_in_a_cell_that_cannot_be_read_counts():
    assert handed_over("x = '''open # 1")[1] != handed_over("x = '''open # 2")[1]


def test_the_line_above_what_is_to_be_written_stays():
    (cell,), _code = handed_over(
        f"def f():\n    # why\n    {WRITE_HERE}\n    raise NotImplementedError"
    )
    assert cell.source.splitlines()[1:3] == ["", WRITE_HERE]


def test_code_behind_a_lone_carriage_return_stays():
    (cell,), _code = handed_over("x = 1  # one\ry = 2")
    assert "y = 2" in cell.source
    assert "one" not in cell.source


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*/*.ipynb")), ids=lambda path: path.stem)
def test_what_is_loaded_runs_the_same(path):
    cells = read_cells(json.loads(path.read_text(encoding="utf-8")))
    outline = Outline.of(cells)

    def seen(cells):
        return [
            (
                step.cell.number,
                [(node.lineno, ast.dump(node)) for node in step.statements],
                step.left_out,
                step.broken,
            )
            for step in plan(cells, outline)
            if step.statements or step.left_out or step.broken
        ]

    needed, code, _steps = as_loaded(cells, outline)
    assert seen(needed) == seen(cells)
    assert as_loaded(needed, outline)[1] == code


@pytest.mark.parametrize(
    "source",
    [
        "f" + "(" * 5_000 + ")" * 5_000,
        "x = " + "-" * 90_000 + "1",
        "x = " + "+".join(["1"] * 40_000),
        "'" + "\\'" * 40_000,
        "'''" + "\n" * 90_000,
        "x" * 200_000 + " # too long",
        "\0 # \ud800",
        "if 1:\n\tx = 1\n        y = 2 # tabs",
        "%%time\n# magic\nx = 1\n!ls 'x  # y",
    ],
)
def test_hostile_code_has_a_hash(source):
    assert len(handed_over(source)[1]) == 64
