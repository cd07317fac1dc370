"""autograder.leaks: nothing that students get holds what they must not see."""

import json
import zipfile

import pytest
from checked_course import ASSIGNMENT, cells, write_notebook
from checked_course import checked_course as make_course

from autograder.course import Course, CourseError
from autograder.leaks import find_leaks, shipped_files
from autograder.release import release


@pytest.fixture
def course(tmp_path):
    with make_course(tmp_path) as course:
        release(course, ASSIGNMENT)
        yield course


@pytest.mark.parametrize("assignment", Course().assignments())
def test_nothing_leaks_from_this_suite(assignment):
    assert [str(leak) for leak in find_leaks(Course(), assignment)] == []


def test_a_fresh_release_holds_no_secret(course):
    assert find_leaks(course, ASSIGNMENT) == []
    shipped = shipped_files(course)
    assert course.release_dir / ASSIGNMENT / "square.ipynb" in shipped
    assert any(path.name == "checking.py" for path in shipped)


PLANTED = {
    "a solution line": (
        "squares_of_all_numbers  =  np.asarray(x,dtype = float)**2",
        "a line of the solution of source/a9_checked/square.ipynb, cell 3",
    ),
    "the hidden tests' call": (
        "from autograder.plain import score",
        "a line of the hidden tests of source/a9_checked/square.ipynb, cell 4",
    ),
    "a model answer": (
        "> Because large errors weigh more\n  than small ones do.",
        "a line of the solution of source/a9_checked/square.ipynb, cell 5",
    ),
    "a mark scheme": (
        "- 1 point for the weight of large errors",
        "a line of the mark scheme of source/a9_checked/square.ipynb, cell 5",
    ),
    "a hidden check": (
        "def test_mine(student, rng):\n"
        "    numbers = rng.normal(size=(7,))\n"
        "    wanted = np.dot(numbers, numbers) / numbers.size\n"
        "    assert abs(student.mean_square(numbers) - wanted) < 1e-9\n",
        "code of the hidden check test_of_many",
    ),
    "a mistake": (
        "return float(squares_of_all_numbers.sum())",
        "code of the mistake 'sum-of-squares'",
    ),
    "a variant": (
        "return float(np.mean(squares_of_all_numbers))",
        "code of the variant 'with-dot'",
    ),
}


@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.parametrize("place", ["notebook", "python", "bundle"])
def test_a_planted_leak_is_found(course, what, place):
    text, secret = PLANTED[what]
    if place == "notebook":
        path = course.release_dir / ASSIGNMENT / "square.ipynb"
        nb = json.loads(path.read_text("utf-8"))
        nb["cells"][1]["source"] = text.splitlines(keepends=True)
        path.write_text(json.dumps(nb))
        shown = f"release/{ASSIGNMENT}/square.ipynb"
    elif place == "python":
        path = course.release_dir / ASSIGNMENT / "helpers.py"
        path.write_text(text)
        shown = f"release/{ASSIGNMENT}/helpers.py"
    else:
        path = course.root / "bundle" / f"{ASSIGNMENT}.zip"
        path.parent.mkdir()
        with zipfile.ZipFile(path.parent / "inner.whl", "w") as wheel:
            wheel.writestr("package/module.py", text)
        with zipfile.ZipFile(path, "w") as bundle:
            bundle.write(path.parent / "inner.whl", "inner.whl")
        (path.parent / "inner.whl").unlink()
        shown = f"bundle/{ASSIGNMENT}.zip/inner.whl/package/module.py"
    leaks = find_leaks(course, ASSIGNMENT)
    assert {leak.file for leak in leaks} == {shown}
    assert secret in {leak.secret for leak in leaks}
    assert str(leaks[0]).startswith(f"{shown} holds ")


def test_what_the_source_gives_away_itself_is_no_leak(course):
    changed = cells()
    changed[1].source += "\nsquares_of_all_numbers = np.asarray(x, dtype=float) ** 2"
    write_notebook(course.source_dir / ASSIGNMENT / "square.ipynb", changed)
    release(course, ASSIGNMENT)
    assert find_leaks(course, ASSIGNMENT) == []


def test_everyday_lines_and_sentences_of_checks_are_no_leak(course, tmp_path):
    path = tmp_path / "notes.md"
    path.write_text("import numpy as np\nOne number has its own square.\nnumbers = [3.0]\n")
    assert find_leaks(course, ASSIGNMENT, [path]) == []


def test_an_unclosed_region_is_an_error_not_a_pass(course):
    changed = cells()
    changed[2].source = changed[2].source.replace("    ### END SOLUTION", "")
    write_notebook(course.source_dir / ASSIGNMENT / "square.ipynb", changed)
    with pytest.raises(CourseError, match="not closed"):
        find_leaks(course, ASSIGNMENT)
