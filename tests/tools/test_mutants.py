"""tools/mutants.py: what is changed, that everything ends, and who is told something false."""

import ast
import importlib
import io
import json
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from checked_course import ASSIGNMENT, checked_course
from rich.console import Console

from autograder.answer_key import answer_key
from autograder.causes import write_causes
from autograder.course import Course
from autograder.mistakes import Fence, apply_patch

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools"))
mutants = importlib.import_module("mutants")
mutations = importlib.import_module("mutations").mutations

QUESTION = "square-mean"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A notebook whose solution is the mean of squares; one mistake is recorded, their sum."""
    with checked_course(tmp_path_factory.mktemp("course")) as course:
        source = course.assignment(ASSIGNMENT).notebooks["square"]
        write_causes(source, course.root)
        yield source


def judged(source, line):
    """What becomes of a solution whose last line is another."""
    diff = f"-return float(squares_of_all_numbers.mean())\n+{line}"
    mutant = mutants.Mutant(line, QUESTION, (Fence("diff", "", diff),), kind="by hand")
    return mutants._Judge(answer_key(source), QUESTION)(mutant)


# --- mutants of a text ----------------------------------------------------------------------------


def found(line, kind):
    """The mutants of one kind of a line."""
    return {text for one, text in mutations(line) if one == kind}


@pytest.mark.parametrize(
    ("line", "kind", "expected"),
    [
        ("x = a - b", "operator", {"x = a + b"}),
        ("x = np.sqrt(-a + b)", "operator", {"x = np.sqrt(-a - b)"}),
        ("x = a @ b", "operands", {"x = b @ a"}),
        ("x &= a", "assignment", {"x = a"}),
        ("x = -a", "sign", {"x = a"}),
        ("x = a < b", "comparison", {"x = a <= b", "x = a > b"}),
        ("x = a and b", "condition", {"x = a or b", "x = a", "x = b"}),
        ("x = 3", "constant", {"x = 4", "x = 2"}),
        ("x = True", "constant", {"x = False"}),
        ("x = f(a, axis=1)", "axis", {"x = f(a, axis=0)"}),
        ("x = f(a, axis=1)", "keyword", {"x = f(a)"}),
        ("x = f(a, b)", "arguments", {"x = f(b, a)"}),
        ("x = np.maximum(a, b)", "arguments", set()),
        ("x = np.sum(a)", "function", {"x = np.mean(a)"}),
        ("x = np.sqrt(a)", "method", {"x = a"}),
        ("x = a.copy()", "method", {"x = a"}),
        ("x = a.T", "method", {"x = a"}),
        ("x = a[i, j]", "order", {"x = a[j, i]"}),
        ("x = a, b", "order", {"x = b, a"}),
        ("x = range(n)", "range", {"x = range(1, n)", "x = range(n - 1)"}),
        ("f(x)", "statement", {"pass"}),
        ("for i in x:\n    a()\n    b()\n", "out of the loop", {"for i in x:\n    a()\nb()\n"}),
    ],
)
def test_one_thing_is_changed(line, kind, expected):
    assert found(line, kind) == expected


def test_only_the_solution_is_changed_and_no_two_mutants_are_the_same():
    before = 'def f(x, axis=0):\n    """1 + 1"""\n    y = 1\n'
    after = "    return y + 1\n"
    asked = '    ### BEGIN SOLUTION\n    y += 2 + 2 if "é" else f"{x + 1}"\n    ### END SOLUTION\n'
    texts = [text for _kind, text in mutations(before + asked + after)]
    assert all(text.startswith(before) and text.endswith(after) for text in texts)
    assert all("{x + 1}" in text or "pass" in text for text in texts)
    assert len(set(texts)) == len(texts) > 5


# --- mutants of a notebook ------------------------------------------------------------------------


def test_each_mutant_of_a_notebook_is_made_by_its_own_diff_and_none_is_recorded():
    key = answer_key(Course().assignment("a1_classifiers").notebooks["svm"])
    question = "svm-loss-vectorized"
    made = list(mutants.drawn(key, question, seed=0))
    assert [one.name for one in made] == [one.name for one in mutants.drawn(key, question, 0)]
    assert [one.name for one in made] != [one.name for one in mutants.drawn(key, question, 1)]
    forms = {form(key, mutant) for mutant in made}
    assert len(forms) == len(made) > 20
    assert not forms & {form(key, patch) for patch in key.patches}
    first = Counter(mutant.kind for mutant in made[:8])
    assert max(first.values()) == 1  # kinds take turns


def form(key, patch):
    """The syntax trees of all solutions, patched."""
    cells = apply_patch(key.source.cells, patch)
    return tuple(
        ast.dump(ast.parse(c.source)) for c in cells if c.solution and c.cell_type == "code"
    )


def test_questions_of_one_solution_are_judged_together_and_those_of_experiments_are_not():
    notebooks = Course().assignment("a1_classifiers").notebooks
    assert ("features-best",) not in mutants.groups(answer_key(notebooks["features"]))
    notebooks = Course().assignment("a3_captioning").notebooks
    assert any(len(group) > 1 for group in mutants.groups(answer_key(notebooks["rnn_captioning"])))


def test_a_number_is_shared_out_evenly():
    assert list(mutants.spread(["a", "b", "c"], 7).values()) == [2, 2, 3]
    shared = dict(mutants.shares([("a", "b"), ("c",)], 6))
    assert shared == {("a", "b"): 4, ("c",): 2}


# --- running them ---------------------------------------------------------------------------------


def test_what_never_ends_or_wants_too_much_is_ended():
    def endless():
        while True:
            pass

    started = time.monotonic()
    assert mutants.in_child(endless, 1) is None
    assert time.monotonic() - started < 20
    with pytest.raises(RuntimeError, match="MemoryError"):
        mutants.in_child(lambda: len(b"x" * 2**33), 10)


def test_what_work_returns_comes_back_and_a_fault_of_ours_is_not_hidden():
    assert mutants.in_child(lambda: {"a": (1, 2.5)}, 10) == {"a": (1, 2.5)}
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        mutants.in_child(lambda: 1 / 0, 10)


# --- judging --------------------------------------------------------------------------------------


def test_a_recorded_mistake_under_another_spelling_is_no_new_one(source):
    one = judged(source, "return float(np.sum(squares_of_all_numbers))")
    assert one.recorded == "sum-of-squares"
    assert mutants.totals([one]) | {"new": 0, "known": 1} == mutants.totals([one])


def test_a_cause_is_false_where_the_hidden_checks_hear_other_answers(source):
    one = judged(source, "return 10.0")  # the sum of the example at home, and of no other
    assert one.failed_at_home
    assert [(told.mistake, told.verdict, told.where) for told in one.told] == [
        ("sum-of-squares", "false", ("home",))
    ]
    assert one.told[0].home == "Is this the sum of the squares?"


def test_a_right_answer_survives(source):
    one = judged(source, "return squares_of_all_numbers.mean().item()")
    assert (one.share, one.wrong, one.told) == (1, False, ())


def test_a_mutant_that_never_ends_is_told_nothing(source, monkeypatch):
    monkeypatch.setattr(mutants.Limits, "cpu", 0.25)
    one = judged(source, "while True: pass")
    assert one.stopped == ("home", "grading")
    assert (one.share, one.wrong, one.told) == (0, True, ())


def test_a_group_is_judged_until_there_are_enough(source):
    found = mutants.judge_group(source, [QUESTION], 3, seed=0)
    assert sum(not one.recorded for one in found) == 3
    assert all(one.diff and one.kind for one in found)


RIGHT = {"test_of_many": {"0[0]": ("right",), "0[1]": ("right",)}}
WRONG = {"0[0]": ("sum",), "0[1]": ("right",)}


def answered(*parts):
    """Answers of one check after the other, all of which fail."""
    checks = dict(zip(("test_of_many", "test_of_one", "test_of_none"), parts, strict=False))
    return mutants.Answers(checks, frozenset(checks), 0.0)


@pytest.mark.parametrize(
    ("mutant", "mistake", "verdict"),
    [
        (answered(WRONG), answered(WRONG), "true"),
        (answered(WRONG | {"0[1]": ("wrong, too",)}), answered(WRONG), "in part"),
        (answered(WRONG | {"0[0]": ("other",)}), answered(WRONG), "false"),
        (answered({"0!": ("error",)}), answered(WRONG), "false"),
        (answered({"0!": ("error",)}), answered({"0!": ("error",)}), "true"),
        (answered({"0!": ("error",)}), answered({"0!": ("other error",)}), "false"),
        (answered(WRONG, {"0": ("a",)}), answered(WRONG, {"0": ("b",)}), "in part"),
        (answered(WRONG, {}, {}), answered(WRONG, {"0": ("a",)}, {"0": ("b",)}), "false"),
        (None, answered(WRONG), "in part"),
    ],
)
def test_a_cause_is_true_as_far_as_the_answers_are_those_of_the_mistake(mutant, mistake, verdict):
    assert mutants.verdict_of(mutant, mistake, RIGHT) == verdict


def test_exceptions_are_the_same_by_type_and_words():
    def said(kind, message):
        return mutants._without_numbers({"test_of_many": {"0!": (kind, message)}})

    one = said("ValueError", "shapes (4, 5) (4,) do not match")
    assert one == said("ValueError", "shapes (4, 5) (1, 4) do not match")
    assert one != said("TypeError", "shapes (4, 5) (4,) do not match")
    assert one != said("ValueError", "no such axis")


# --- the report -----------------------------------------------------------------------------------


def one_of(verdict, **changes):
    told = (mutants.Told("m", "Is it m?", ("home",), verdict),) if verdict else ()
    fields = {"recorded": "", "share": 0.5, "failed_at_home": True, "stopped": (), "told": told}
    return mutants.Judged("square", QUESTION, "sign", "-x\n+y", **(fields | changes))


@pytest.mark.parametrize(("false", "status"), [(3, 0), (4, 1)])
def test_more_than_three_in_a_hundred_false_causes_fail(false, status):
    found = [one_of("false")] * false + [one_of("true")] * (100 - false)
    found.append(one_of("false", recorded="m"))  # the mistake itself does not count
    assert mutants.report(found, Console(file=io.StringIO())) == status


def test_what_a_person_should_see_is_listed():
    text = io.StringIO()
    found = [one_of("", share=1.0), one_of("in part"), one_of("false"), one_of("true")]
    mutants.report(found, Console(file=text))
    assert "Full marks in grading: 1" in text.getvalue()
    assert text.getvalue().count("    -x\n    +y") == 3
    assert "false, home: m ? Is it m?" in text.getvalue()


def test_no_mutant_at_all_is_no_proof():
    assert mutants.report([], Console(file=io.StringIO())) == 1


def test_the_command_runs_and_writes_what_it_found(tmp_path, monkeypatch, capsys):
    file = tmp_path / "mutants.json"
    options = ["-n", "2", "--notebooks", "svm", "--jobs", "1", "--json", str(file)]
    monkeypatch.setattr(sys, "argv", ["mutants.py", *options])
    assert mutants.main() in (0, 1)
    found = json.loads(file.read_text())
    assert found["totals"]["new"] == 2
    assert {one["question"] for one in found["mutants"]} == {
        "svm-loss-naive",
        "svm-loss-vectorized",
    }
    assert "Mutants of the solutions" in capsys.readouterr().out
