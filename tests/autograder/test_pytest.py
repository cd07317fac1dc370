"""Checks as ordinary tests: what an author sees of them on the command line."""

import copy
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from boxes import needs_bubblewrap

from assignments.checking import HOME_SEEDS, find_checks
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.scoring import proof_seeds

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]
HIDDEN = ROOT / "autograder" / "checks" / "a1_classifiers" / "test_knn.py"
PUBLIC = ROOT / "assignments" / "checks" / "a1_classifiers" / "test_knn.py"
#: As in a terminal, but for a plugin that each run would import anew.
OPTIONS = [
    "-c",
    str(ROOT / "pyproject.toml"),
    "-p",
    "no:cacheprovider",
    "-p",
    "no:hypothesispytest",
]
ROOT_MISSING = "two-loops-no-square-root"


@pytest.fixture(scope="module")
def key():
    key = answer_key(Course().assignment("a1_classifiers").notebooks["knn"])
    assert key.reference  # loaded here, so that what it imports stays for the next run
    return key


@pytest.fixture
def run(pytester, key):
    return lambda *arguments: pytester.runpytest_inprocess(*OPTIONS, *map(str, arguments))


@pytest.fixture
def write(pytester):
    """Writes a file of checks, whose place says what it is about."""

    def write(place, text):
        path = pytester.path / place
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def text_of(result):
    return result.stdout.str()


# --- the reference --------------------------------------------------------------------------------


def test_every_check_is_collected_and_the_reference_passes(run, key):
    public = [check for question in key.checks for check in find_checks(question)]
    hidden = [check for checks in key.checks.values() for check in checks]
    run(PUBLIC, HIDDEN).assert_outcomes(passed=len(public) + len(hidden))


@pytest.mark.parametrize(
    ("file", "options", "seeds"),
    [
        (HIDDEN, [], proof_seeds(0)),
        (HIDDEN, ["--seed=3"], proof_seeds(3)),
        (PUBLIC, [], HOME_SEEDS),
        (PUBLIC, ["--seed=3"], proof_seeds(3)),
    ],
)
def test_inputs_are_those_of_verify_or_of_home(pytester, key, file, options, seeds):
    class Recorder:
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_call(self, item):
            rng, student = item.funcargs["rng"], item.funcargs["student"]
            drawn.append((item.name.partition("[")[0], rng.bit_generator.state, student._seed))

    drawn = []
    pytester.inline_run(*OPTIONS, file, "-k", "two-loops", *options, plugins=[Recorder()])
    name = "knn-two-loops"
    checks = key.checks[name] if file is HIDDEN else find_checks(name)
    rngs = [np.random.default_rng(seeds.inputs(check)).bit_generator.state for check in checks]
    assert drawn == [
        (check.name, rng, seeds.inside(check)) for check, rng in zip(checks, rngs, strict=True)
    ]


BATTERIES = """
from assignments.questions import Battery

one, two = Battery("knn-one-loop"), Battery("knn-two-loops")

@one.add("values", "The values are right.")
@two.add("values", "The values are right.")
def check_values(student, rng):
    pass
"""


def test_checks_of_one_name_are_told_apart_by_their_questions(run, write):
    checks = write("autograder/checks/a1_classifiers/test_knn.py", BATTERIES)
    result = run(checks, "-k", "values and two-loops", "--collect-only")
    result.assert_outcomes(deselected=1)
    result.stdout.fnmatch_lines(["*::test_values[[]two-loops[]]"])


# --- mistakes and variants ------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "check"), [(HIDDEN, "values"), (PUBLIC, "by_hand")])
def test_a_mistake_fails_with_what_a_student_reads(run, file, check):
    result = run(file, "-k", f"two-loops and {check}", "--mistake", ROOT_MISSING)
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [r"E .*CheckFailed: dists: wrong at \d+ of \d+ places", "E .*→ .*square root missing.*"],
        consecutive=True,
    )
    assert "find_symptom" not in text_of(result)  # it ends in the check, not in assert_close


def test_the_first_failure_can_be_the_last(run):
    result = run(HIDDEN, "-x", "--mistake", ROOT_MISSING)
    result.assert_outcomes(failed=1)


def test_a_variant_passes(run):
    result = run(HIDDEN, "-k", "two-loops", "--mistake", "two-loops-norm")
    result.assert_outcomes(passed=4, deselected=23)


def test_an_unknown_mistake_names_those_that_are_near(run):
    result = run(HIDDEN, "--mistake", "two-loops-square-root")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: knn has no *'two-loops-square-root'; near it are {ROOT_MISSING}, *knn.md*"]
    )


def test_a_shortcut_is_no_mistake(run):
    assert run(HIDDEN, "--mistake", "scikit-learn-distances").ret == pytest.ExitCode.USAGE_ERROR


def test_a_mistake_belongs_to_one_notebook(run, write):
    svm = write("assignments/checks/a1_classifiers/test_svm.py", BATTERIES)
    result = run(PUBLIC, svm, "--mistake", ROOT_MISSING)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *the checks of one notebook"])


def test_the_debugger_stops_in_the_check(pytester):
    arguments = [*OPTIONS, "--pdb", "--tb=no", "--mistake", ROOT_MISSING, HIDDEN]
    result = pytester.run(
        sys.executable, "-m", "pytest", *map(str, arguments), stdin=b"p want['dists'].shape\nq\n"
    )
    result.stdout.fnmatch_lines(["*exercise.py(*)check()", "-> assert_close(*", "*(5, 8)"])


# --- submissions ----------------------------------------------------------------------------------

ODD = """
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_two_loops(self, X):
        return super().compute_distances_two_loops(X).tolist()

    def compute_distances_one_loop(self, X):
        import os
        os._exit(0)

    def compute_distances_no_loops(self, X):
        from scipy.spatial.distance import cdist
        return cdist(X, self.X_train)

    def predict_labels(self, dists, k=1):
        return globals()["np"].array(super().predict_labels(dists, k))
"""


@pytest.fixture
def submission(pytester, key):
    """A submission whose questions fail in different ways."""
    nb = copy.deepcopy(key.source.nb)
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "id": "x"}
    nb["cells"].append({**cell, "source": ODD})
    path = pytester.path / "mine.ipynb"
    path.write_text(json.dumps(nb), encoding="utf-8")
    return path


@needs_bubblewrap
def test_a_submission_is_judged_as_in_grading(run, submission):
    chosen = "two-loops or one-loop or no-loops or predict-labels"
    result = run(HIDDEN, "-k", chosen, "--submission", submission)
    result.assert_outcomes(passed=3, failed=1 + 5 + 6 + 5, deselected=7, warnings=3)
    lines, last = text_of(result), len(json.loads(submission.read_text("utf-8"))["cells"])
    assert f"cannot be read, because of globals in cell {last}, line 15" in lines
    assert "A student reads: it ended the Python process" in lines
    assert "not tried, because the check before it had to be stopped" in lines
    assert f"scipy.spatial.distance.cdist (cell {last}, line 12) does the exercise" in lines
    assert f"globals in cell {last}, line 15 may use any library" in lines
    assert "PytestWarning: not in the documented form: dists: a list" in lines


READS_A_FILE = """
from assignments.questions import question

@question("knn-two-loops")
def test_file(student, rng):
    assert student.file("mine.npz") == b"weights"
"""


@needs_bubblewrap
def test_files_beside_a_submission_are_read(run, submission, write):
    submission.with_name("mine.npz").write_bytes(b"weights")
    checks = write("autograder/checks/a1_classifiers/test_knn.py", READS_A_FILE)
    run(checks, "--submission", submission).assert_outcomes(passed=1)
    run(checks).assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "is missing"), ("", "the file is empty"), ("[]", "holds no JSON object")],
)
def test_a_submission_that_cannot_be_read_is_said(run, pytester, content, reason):
    path = pytester.path / "mine.ipynb"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    result = run(HIDDEN, "--submission", path)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --submission: mine.ipynb*{reason}*"])
