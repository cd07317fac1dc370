"""autograder.release: the students' version, and what must hold of a source before there is one."""

import json
import runpy

import pytest
from checked_course import ASSIGNMENT, PUBLIC, SOLUTION, TEST, cell, cells, write_notebook
from checked_course import checked_course as make_course
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory

from autograder.course import HOME, Course, CourseError
from autograder.gradebook import Gradebook
from autograder.release import check_fresh, consistency, release

normalise = runpy.run_path(str(HOME / "tools" / "normalise_notebooks.py"))["normalise"]


@pytest.fixture
def course(tmp_path):
    with make_course(tmp_path) as course:
        yield course


def notebook_path(course: Course):
    return course.source_dir / ASSIGNMENT / "square.ipynb"


# --- the committed release ---------------------------------------------------------------------


@pytest.mark.parametrize("assignment", Course().assignments())
def test_committed_source_is_consistent(assignment):
    assert consistency(Course(), assignment) == []


@pytest.mark.parametrize("assignment", Course().assignments())
def test_committed_release_is_fresh(assignment):
    assert check_fresh(Course(), assignment) == []


@pytest.mark.parametrize("assignment", Course().assignments())
def test_committed_release_is_in_normal_form(assignment):
    for path in (HOME / "release" / assignment).glob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert normalise(text) == text


# --- release -----------------------------------------------------------------------------------


def test_release_clears_what_students_must_not_see(course):
    release(course, ASSIGNMENT)
    nb = json.loads((course.release_dir / ASSIGNMENT / "square.ipynb").read_text("utf-8"))
    text = {c["id"]: "".join(c["source"]) for c in nb["cells"]}
    assert text["square-mean"] == 'check("square-mean")'
    assert "squares_of_all_numbers" not in text["square-function"]
    assert "raise NotImplementedError" in text["square-function"]
    assert "Because" not in text["square-why"]
    assert "1 point" not in text["square-why"]


def test_release_twice_writes_the_same_bytes_and_touches_nothing(course):
    first = release(course, ASSIGNMENT)
    (path,) = first.written
    content, when = path.read_bytes(), path.stat().st_mtime_ns
    second = release(course, ASSIGNMENT)
    assert (second.written, second.removed, second.unchanged) == ([], [], [path])
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, when)


def test_nbgrader_itself_generates_the_same_file(course):
    """So it does not matter who presses Generate in formgrader."""
    release(course, ASSIGNMENT)
    path = course.release_dir / ASSIGNMENT / "square.ipynb"
    ours = path.read_text("utf-8")
    path.unlink()
    with Gradebook(course):
        pass  # nbgrader would ask a command for the schema of one that it makes
    place = CourseDirectory(root=str(course.root), assignment_id=ASSIGNMENT)
    GenerateAssignment(coursedir=place, force=True).start()
    assert path.read_text("utf-8") == ours


def test_further_files_are_given_and_stray_ones_go(course):
    given = course.source_dir / ASSIGNMENT / "figures" / "plan.txt"
    given.parent.mkdir()
    given.write_text("a plan")
    cache = course.source_dir / ASSIGNMENT / ".ipynb_checkpoints" / "square-checkpoint.ipynb"
    cache.parent.mkdir()
    cache.write_text("{}")
    stray = course.release_dir / ASSIGNMENT / "old.ipynb"
    stray.parent.mkdir(parents=True)
    stray.write_text("{}")
    result = release(course, ASSIGNMENT)
    assert result.removed == [stray]
    assert not stray.exists()
    names = {
        path.relative_to(course.release_dir / ASSIGNMENT).as_posix() for path in result.written
    }
    assert names == {"figures/plan.txt", "square.ipynb"}


def test_release_without_being_asked_makes_no_gradebook(course):
    release(course, ASSIGNMENT)
    assert not course.gradebook_path.exists()


def test_release_brings_the_gradebook_up_to_the_source(course):
    release(course, ASSIGNMENT, gradebook=True)
    with Gradebook(course) as book:
        assert book.marks(ASSIGNMENT) == []
        assert book._nbgrader.find_grade_cell("square-mean", "square", ASSIGNMENT).max_score == 3


def test_check_fresh_names_each_file_and_changes_nothing(course):
    folder = course.release_dir / ASSIGNMENT
    assert check_fresh(course, ASSIGNMENT) == [f"release/{ASSIGNMENT}/square.ipynb is missing"]
    assert not folder.exists()
    release(course, ASSIGNMENT)
    assert check_fresh(course, ASSIGNMENT) == []
    (folder / "square.ipynb").write_text("{}")
    (folder / "other.txt").write_text("")
    assert check_fresh(course, ASSIGNMENT) == [
        f"release/{ASSIGNMENT}/other.txt has no source",
        f"release/{ASSIGNMENT}/square.ipynb is stale",
    ]
    assert (folder / "square.ipynb").read_text() == "{}"


# --- what is wrong with a source -----------------------------------------------------------------

FUNCTION, GRADED, ANSWER = 2, 3, 4


def without(text: str, *lines: str) -> str:
    for line in lines:
        assert line in text
        text = text.replace(line + "\n", "").replace("\n" + line, "")
    return text


SCHEME = "=== BEGIN MARK SCHEME ===\n1 point\n=== END MARK SCHEME ==="

#: what is done to cell number -> (cell, change), and what is said about it
WRONG = {
    "solution missing": (FUNCTION, {"source": "def mean_square(x): ..."}, "needs its answer"),
    "solution unclosed": (
        FUNCTION,
        {"source": without(SOLUTION, "    ### END SOLUTION")},
        "a SOLUTION region is not closed",
    ),
    "solution closed twice": (
        FUNCTION,
        {"source": SOLUTION + "\n### END SOLUTION"},
        "closed but never opened",
    ),
    "solution nested": (
        FUNCTION,
        {"source": "### BEGIN SOLUTION\n" + SOLUTION},
        "opened inside another",
    ),
    "solution in a plain cell": (1, {"source": SOLUTION}, "metadata calls a solution"),
    "hidden tests missing": (GRADED, {"source": 'check("square-mean")'}, "needs its hidden tests"),
    "hidden tests in a plain cell": (1, {"source": TEST}, "must be in a test cell"),
    "check of another name": (
        GRADED,
        {"source": TEST.replace('check("square-mean")', 'check("square-nothing")')},
        'must call check("square-mean")',
    ),
    "score of another name": (
        GRADED,
        {"source": TEST.replace('score("square-mean")', 'score("square-why")')},
        'must end in score("square-mean")',
    ),
    "score not last": (
        GRADED,
        {"source": TEST.replace('score("square-mean")', 'score("square-mean")\nNone')},
        'must end in score("square-mean")',
    ),
    "check without question": (1, {"source": 'check("square-none")'}, "names no question"),
    "mark scheme missing": (
        ANSWER,
        {"source": "=== BEGIN SOLUTION ===\nso\n=== END SOLUTION ==="},
        "needs a mark scheme",
    ),
    "mark scheme outside the solution": (
        ANSWER,
        {"source": "=== BEGIN SOLUTION ===\nso\n=== END SOLUTION ===\n" + SCHEME},
        "inside its SOLUTION region",
    ),
    "unknown prefix": (GRADED, {"grade_id": "circle-mean"}, "must begin with 'square-'"),
    "id missing": (GRADED, {"grade_id": ""}, "no grade_id"),
    "duplicate id": (FUNCTION, {"grade_id": "square-why"}, "also that of"),
    "points missing": (GRADED, {"points": None}, "points must be a positive number"),
    "points below zero": (GRADED, {"points": -1}, "points must be a positive number"),
    "points not finite": (GRADED, {"points": float("inf")}, "points must be a positive number"),
    "old schema": (GRADED, {"schema_version": 1}, "metadata is not valid"),
    "graded text without solution": (ANSWER, {"solution": False}, "solution cell too"),
    "no cell id": (0, {"id": None}, "no id"),
}


@pytest.mark.parametrize("name", WRONG)
def test_consistency_names_what_is_wrong(course, name):
    number, change, said = WRONG[name]
    changed = cells()
    for key, value in change.items():
        if key == "source":
            changed[number].source = value
        elif key == "id":
            del changed[number]["id"]
        elif value is None:
            del changed[number].metadata.nbgrader[key]
        else:
            changed[number].metadata.nbgrader[key] = value
    write_notebook(notebook_path(course), changed)
    problems = consistency(course, ASSIGNMENT)
    mine = [problem for problem in problems if said in problem]
    assert mine, problems
    place = f"source/{ASSIGNMENT}/square.ipynb, cell {number + 1}"
    assert any(problem.startswith(place) for problem in mine), problems
    with pytest.raises(CourseError, match="cannot be released"):
        release(course, ASSIGNMENT)
    assert not course.release_dir.exists()


def test_a_sound_course_has_no_problems(course):
    assert consistency(course, ASSIGNMENT) == []


def test_a_task_needs_its_mark_scheme(course):
    task = cell("markdown", f"Draw it.\n{SCHEME}", "square-task", task=True, points=2)
    write_notebook(notebook_path(course), [*cells(), task])
    assert consistency(course, ASSIGNMENT) == []
    task.source = "Draw it."
    write_notebook(notebook_path(course), [*cells(), task])
    assert "mark scheme" in consistency(course, ASSIGNMENT)[0]


def test_the_same_id_in_another_notebook_is_named(course):
    other = course.source_dir / "a8_earlier" / "square.ipynb"
    write_notebook(other, cells())
    problems = consistency(course, ASSIGNMENT)
    assert len(problems) == 3
    assert all("a8_earlier/square.ipynb" in problem for problem in problems)


def test_a_file_that_is_no_notebook_is_named(course):
    path = notebook_path(course)
    path.write_text("{")
    assert "not a notebook" in consistency(course, ASSIGNMENT)[0]
    path.write_text("[]")
    assert "not a notebook" in consistency(course, ASSIGNMENT)[0]


@pytest.mark.parametrize("kind", ["assignments", "autograder"])
def test_questions_and_checks_are_one_to_one(tmp_path, kind):
    with make_course(tmp_path) as course:
        file = tmp_path / f"{kind}.checks" / ASSIGNMENT / "test_square.py"
        text = PUBLIC.replace("square-mean", "square-why")
        file.write_text(text.replace('    """The mean square of 1 and 3 is 5."""\n', ""))
        problems = consistency(course, ASSIGNMENT)
    side = {"assignments": "public", "autograder": "hidden"}[kind]
    shown = f"{kind}/checks/{ASSIGNMENT}/test_square.py"
    assert problems == [
        f"source/{ASSIGNMENT}/square.ipynb: {problem}"
        for problem in (
            f"square-mean has no {side} check; write one in {shown}",
            f"{shown} checks square-why, which is no test cell of this notebook",
            f"{shown}: test_of_two needs a docstring, the sentence that students read",
        )
    ]


def test_a_stretch_exercise_needs_public_checks_alone(tmp_path):
    with make_course(tmp_path, starred=True) as course:
        hidden = tmp_path / "autograder.checks" / ASSIGNMENT / "test_square.py"
        hidden.write_text(hidden.read_text().replace("square-mean", "square-star-root"))
        public = tmp_path / "assignments.checks" / ASSIGNMENT / "test_square.py"
        public.write_text(PUBLIC)
        problems = consistency(course, ASSIGNMENT)
    shown = f"source/{ASSIGNMENT}/square.ipynb: "
    assert problems == [
        f"{shown}square-star-root has no public check; write one in "
        f"assignments/checks/{ASSIGNMENT}/test_square.py",
        f"{shown}square-mean has no hidden check; write one in "
        f"autograder/checks/{ASSIGNMENT}/test_square.py",
        f"{shown}autograder/checks/{ASSIGNMENT}/test_square.py checks square-star-root, which is "
        "a stretch exercise of this notebook",
    ]


def test_a_stretch_exercise_that_no_cell_checks_is_named(tmp_path):
    with make_course(tmp_path, starred=True) as course:
        path = course.source_dir / ASSIGNMENT / "square.ipynb"
        path.write_text(path.read_text().replace('check(\\"square-star-root\\")', "pass"))
        (problem,) = consistency(course, ASSIGNMENT)
    assert problem.endswith(
        'square-star-root is never checked; add a cell with check("square-star-root")'
    )


@pytest.mark.parametrize("kind", ["assignments", "autograder"])
def test_a_notebook_without_checks_is_named(tmp_path, kind):
    with make_course(tmp_path) as course:
        (tmp_path / f"{kind}.checks" / ASSIGNMENT / "test_square.py").unlink()
        (problem,) = consistency(course, ASSIGNMENT)
    assert "square-mean has no" in problem


def test_a_check_file_that_cannot_be_imported_is_no_missing_file(tmp_path):
    with make_course(tmp_path) as course:
        file = tmp_path / "autograder.checks" / ASSIGNMENT / "test_square.py"
        file.write_text("import no_such_module_anywhere")
        with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
            consistency(course, ASSIGNMENT)


def test_an_unknown_assignment_is_a_clear_error(course):
    with pytest.raises(CourseError, match="known assignments: a9_checked"):
        consistency(course, "a7_unknown")


# --- the place in the course ---------------------------------------------------------------------


def put_second(course: Course, **place: object) -> None:
    """Another notebook beside the first, with its own place in the course."""
    nb = json.loads(notebook_path(course).read_text("utf-8"))
    nb["cells"] = nb["cells"][:1]
    nb["metadata"]["course"] |= place
    notebook_path(course).with_name("a_second.ipynb").write_text(json.dumps(nb), "utf-8")


def test_notebooks_follow_their_order_not_the_alphabet(course):
    put_second(course, order=2)
    assert list(course.assignment(ASSIGNMENT).notebooks) == ["square", "a_second"]
    assert consistency(course, ASSIGNMENT) == []


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ({"order": "2"}, "\"order\" (its number among the notebooks of the assignment), not '2'"),
        ({"order": 2, "title": None}, '"title" (a text), not None'),
        ({"order": 2, "minutes": 1.5}, '"minutes" (how long a student takes), not 1.5'),
        ({"order": 2, "needs": "square"}, '"needs" (a list'),
        ({"order": 2, "needs": [f"{ASSIGNMENT}/cube"]}, "needs a9_checked/cube, which is no"),
        ({"order": 1}, "the same order as square"),
    ],
)
def test_a_place_that_is_not_said_is_a_problem(course, place, problem):
    put_second(course, **place)
    problems = consistency(course, ASSIGNMENT)
    assert any("a_second" in line and problem in line for line in problems), problems


def test_the_place_survives_into_the_release(course):
    release(course, ASSIGNMENT)
    released = json.loads((course.release_dir / ASSIGNMENT / "square.ipynb").read_text("utf-8"))
    source = json.loads(notebook_path(course).read_text("utf-8"))
    assert released["metadata"]["course"] == source["metadata"]["course"]
