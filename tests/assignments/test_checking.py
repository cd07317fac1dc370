"""check(...), as a student's kernel calls it."""

import json
import random
import sys

import numpy as np
import pytest
import torch

from assignments import check
from assignments.checking import (
    find_checks,
    format_results,
    imports_missing_in_grading,
    kept_random_state,
    run_live,
)
from assignments.compare import assert_equal
from assignments.progress_file import FILE, MARKER, kept
from assignments.questions import Check, CheckResult, Marker, Seeds


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of public checks for a notebook called warm."""
    folder = tmp_path / "some_checks" / "a0_tiny"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "test_warm.py").write_text(
        "from assignments.compare import assert_close\n"
        "from assignments.questions import question\n"
        "@question('warm-double')\n"
        "def test_doubles(student, rng):\n"
        "    '''It doubles.'''\n"
        "    x = rng.normal(size=3)\n"
        "    assert_close(student.double(x), 2 * x, 'y')\n"
        "@question('warm-double')\n"
        "def test_text(student, rng):\n"
        "    '''It doubles text.'''\n"
        "    assert student.double('a') == 'aa'\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__("some_checks")
    for name in [name for name in sys.modules if name.startswith("some_checks")]:
        del sys.modules[name]


def run(package, monkeypatch, capsys, source):
    monkeypatch.setattr("assignments.checking.find_checks.__defaults__", (package,))
    names = {"check": check, "np": np}
    exec(f"{source}\ncheck('warm-double')", names)
    return capsys.readouterr().out


def test_what_passes(package, monkeypatch, capsys):
    said = run(package, monkeypatch, capsys, "def double(x): return 2 * x")
    assert said.splitlines() == [
        "warm-double",
        "  ✓ It doubles.",
        "  ✓ It doubles text.",
        "  All 2 checks pass.",
    ]


def test_what_fails_has_reason_and_symptom(package, monkeypatch, capsys):
    said = run(package, monkeypatch, capsys, "def double(x): return -2 * x")
    assert "✗ It doubles.\n      y: wrong at 3 of 3 places\n      → every sign is flipped" in said
    assert "0 of 2 checks pass" in said


def test_nothing_written_yet(package, monkeypatch, capsys):
    said = run(package, monkeypatch, capsys, "def double(x): raise NotImplementedError")
    assert said.count("not implemented yet") == 2
    said = run(package, monkeypatch, capsys, "x = 1")
    assert "\n      double is not defined: run the cell that defines it\n" in said


def test_the_same_error_is_told_once(package, monkeypatch, capsys):
    said = run(package, monkeypatch, capsys, "def double(x): return 1 / 0")
    assert said.count("ZeroDivisionError") == 1
    assert "✗ It doubles text.\n      the same as above\n" in said


def test_the_same_exception_with_other_numbers_is_told_once():
    def reshape(student, rng):
        """It reshapes."""
        student.reshape(np.ones(rng.integers(7, 1000)))

    checks = [Check(f"test_{number}", reshape, Marker("q")) for number in (1, 2)]
    results = run_live(checks, {"reshape": lambda x: x.reshape(2, 3)}, Seeds(b"test"))
    assert results[0].reason != results[1].reason
    assert format_results("q", results).count("ValueError") == 1


def test_the_same_reason_is_told_once():
    one = Check("test_it", lambda student, rng: None, Marker("q"))
    results = [CheckResult(one, False, "out: zero everywhere", why) for why in ("a", "a", "b")]
    said = format_results("q", results)
    assert said.count("out: zero everywhere") == 2
    assert said.count("→") == 2
    assert said.count("the same as above") == 1


@pytest.mark.parametrize(
    ("passed", "summary"),
    [
        ([True], "The check passes."),
        ([False], "The check does not pass."),
        ([True, True], "All 2 checks pass."),
        ([True, False], "1 of 2 checks pass."),
    ],
)
def test_summaries(passed, summary):
    one = Check("test_it", lambda student, rng: None, Marker("q"))
    said = format_results("q", [CheckResult(one, each) for each in passed])
    assert said.splitlines()[-1].strip() == summary


def test_a_check_may_leave_a_note():
    def noting(student, rng):
        """It runs."""
        return "as well as it can"

    results = run_live([Check("test_noting", noting, Marker("q"))], {}, Seeds(b"test"))
    assert "  ✓ It runs.\n      as well as it can\n" in format_results("q", results)


def test_unknown_questions_name_the_known(package):
    with pytest.raises(LookupError, match=r"'warm-duoble'.*warm-double"):
        find_checks("warm-duoble", package)
    with pytest.raises(LookupError, match="no question 'cold-x'"):
        find_checks("cold-x", package)


def test_public_checks_have_sentences():
    assert all(check.sentence != check.name for check in find_checks("knn-two-loops"))


def test_random_numbers_go_on_as_if_nothing_had_happened():
    def draw():
        return random.random(), np.random.rand(), float(torch.rand(1))

    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    want = [draw(), draw()]
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    got = [draw()]
    with kept_random_state():
        draw()
        np.random.seed(5)
    assert [*got, draw()] == want


def test_warnings_of_the_code_are_no_failure_for_nbgrader(capsys):
    def noisy(student, rng):
        """It runs."""
        student.warn()

    def warn():
        print("careful", file=sys.stderr)

    one = Check("test_noisy", noisy, Marker("q"))
    (result,) = run_live([one], {"warn": warn}, Seeds(b"test"))
    assert result.passed
    told = capsys.readouterr()
    assert told.err == ""
    assert "careful" in told.out


def test_a_right_value_in_another_form_is_said_once():
    def right(student, rng):
        """It is right."""
        assert_equal(student.f(), np.array([1, 2]), "the labels")

    checks = [Check(f"test_{number}", right, Marker("q")) for number in (1, 2)]
    said = format_results("q", run_live(checks, {"f": lambda: [1, 2]}, Seeds(b"test")))
    assert said.splitlines() == [
        "q",
        "  ✓ It is right.",
        "  ✓ It is right.",
        "  ✗ The results have the documented form.",
        "      the labels: a list, where a NumPy array is documented",
        "  2 of 3 checks pass.",
    ]
    said = format_results("q", run_live(checks, {"f": lambda: np.array([1, 2])}, Seeds(b"test")))
    assert "form" not in said


def test_an_import_that_grading_would_miss_is_told_once(package, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("assignments.checking._told", set())
    metadata = {"course": {"packages": ["numpy", "scipy"]}}
    (tmp_path / "square.ipynb").write_text(json.dumps({"cells": [], "metadata": metadata}))
    code = "import json, numpy, scipy.stats, torch\nfrom yaml import safe_load\n"
    code += "from assignments import check\ncheck('square-x')"
    monkeypatch.setattr("assignments.checking.find_checks", lambda name: [])
    exec(code, {"__name__": "__main__"})
    assert "Note: grading has no torch, yaml; what needs" in capsys.readouterr().out
    exec(code, {"__name__": "__main__"})
    assert "Note" not in capsys.readouterr().out


@pytest.mark.parametrize("text", [None, "{", "[]", '{"metadata": {"course": {"packages": 3}}}'])
def test_without_a_readable_notebook_nothing_is_said_of_imports(text, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "square.ipynb").write_text(text)
    assert list(imports_missing_in_grading("square-x-y", {"torch": torch})) == []


# --- what is kept ---------------------------------------------------------------------------------


@pytest.fixture
def my(tmp_path, monkeypatch):
    """A learner's folder in a clone."""
    folder = tmp_path / "my"
    (folder / "a0_tiny").mkdir(parents=True)
    (tmp_path / "source").mkdir()
    (folder / MARKER).touch()
    monkeypatch.delenv("ASSIGNMENTS_HOME", raising=False)
    monkeypatch.chdir(folder / "a0_tiny")
    return folder


def test_a_learner_s_tries_are_kept_and_the_third_leads_on(package, monkeypatch, capsys, my):
    wrong = "def double(x): return -2 * x"
    for count in (1, 2):
        said = run(package, monkeypatch, capsys, wrong)
        assert "reveal" not in said
        assert (
            kept("exercises", "warm-double").items() >= {"passed": False, "failed": count}.items()
        )
    said = run(package, monkeypatch, capsys, wrong)
    assert 'solution: from assignments import reveal; reveal("warm-double")' in said
    run(package, monkeypatch, capsys, "def double(x): return 2 * x")
    assert kept("exercises", "warm-double").items() >= {"passed": True, "failed": 0}.items()
    assert (my / FILE).exists()


@pytest.mark.parametrize("cell", ["def double(x): raise NotImplementedError", "x = 1"])
def test_what_was_not_written_or_not_run_is_no_try(package, monkeypatch, capsys, my, cell):
    run(package, monkeypatch, capsys, "def double(x): return 2 * x")
    run(package, monkeypatch, capsys, cell)
    assert kept("exercises", "warm-double")["passed"] is True


def test_in_a_bundle_nothing_is_written(package, monkeypatch, capsys, my):
    (my / MARKER).unlink()
    run(package, monkeypatch, capsys, "def double(x): return 2 * x")
    assert [path.name for path in my.rglob("*")] == ["a0_tiny"]
