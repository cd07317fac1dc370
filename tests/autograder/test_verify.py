"""Verify finds what is wrong with checks, mistakes and variants, and names it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import checked_course
import pytest

from autograder.causes import write_causes
from autograder.course import CourseError
from autograder.release import release
from autograder.verify import Verdict, verify_assignment, verify_seed

ASSIGNMENT = checked_course.ASSIGNMENT

ANOTHER_SUM = """
### other-sum
```python
return float(sum(squares_of_all_numbers))
```
? Are these the squares, added up?

The same mistake under another name.

### Accepted"""


@pytest.fixture
def verify(tmp_path, monkeypatch):
    """Verify the small course with changes to its files; gives the whole verdict."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def verify(starred=False, **changes):
        for name, (old, new) in changes.items():
            text = getattr(checked_course, name)
            assert old in text
            monkeypatch.setattr(checked_course, name, text.replace(old, new))
        total = Verdict()
        with checked_course.checked_course(tmp_path, starred) as course:
            release(course, ASSIGNMENT)
            with suppress(CourseError):  # mistakes that do not fit
                write_causes(course.assignment(ASSIGNMENT).notebooks["square"], course.root)
            with ThreadPoolExecutor(1) as executor:
                for _what, verdict in verify_assignment(course, ASSIGNMENT, 2, executor):
                    total.add(verdict)
        return total

    return verify


def test_a_sound_course_holds(verify):
    verdict = verify()
    assert verdict.failures == []
    assert verdict.proved > 10


def test_lists_what_each_check_catches(verify):
    verdict = verify()
    assert verdict.caught[("square-mean", "test_of_many")] == {"sum-of-squares"}
    assert verdict.idle_checks() == [("square-mean", "test_of_one")]


def test_a_mistake_that_loses_nothing(verify):
    verdict = verify(
        MISTAKES=(
            "+return float(squares_of_all_numbers.sum())",
            "+return squares_of_all_numbers.mean()",
        )
    )
    assert any("'sum-of-squares' loses nothing" in failure for failure in verdict.failures)


def test_two_mistakes_that_cannot_be_told_apart(verify):
    verdict = verify(MISTAKES=("\n### Accepted", ANOTHER_SUM))
    assert any("is taken for nothing" in failure for failure in verdict.failures)


def test_a_variant_that_is_wrong(verify):
    verdict = verify(MISTAKES=("np.mean(squares_of_all_numbers)", "np.max(squares_of_all_numbers)"))
    assert any(
        "the variant 'with-dot' fails the hidden check" in failure for failure in verdict.failures
    )
    assert any("fails the public check" in failure for failure in verdict.failures)


def test_a_wrong_check(verify):
    verdict = verify(HIDDEN=("== 9", "== 10"))
    assert any("the reference fails the hidden check test_of_one" in f for f in verdict.failures)
    assert any("in the sandbox the reference fails" in f for f in verdict.failures)


def test_a_check_that_the_untouched_release_passes(verify):
    verdict = verify(HIDDEN=("assert student.mean_square([3.0]) == 9", "pass"))
    assert any("the untouched release passes test_of_one" in f for f in verdict.failures)


def test_a_stretch_exercise_is_proved_at_home(verify):
    verdict = verify(starred=True)
    assert verdict.failures == []
    assert {question for question, _check in verdict.caught} == {"square-mean"}


def test_a_stretch_exercise_whose_solution_is_wrong(verify):
    verdict = verify(starred=True, STARRED=("** 0.5", "** 0.6"))
    (failure,) = verdict.failures
    assert "the reference fails the public check test_root_of_two of square-star-root" in failure


def test_a_stretch_exercise_that_the_untouched_release_passes(verify):
    check = "assert student.root_mean_square([1.0, 7.0]) == 5"
    verdict = verify(starred=True, STARRED_PUBLIC=(check, "pass"))
    assert verdict.failures == [
        "square: the untouched release passes test_root_of_two of square-star-root"
    ]


def test_the_solution_of_a_stretch_exercise_is_no_solution_of_a_question(verify):
    """A mistake's line that would fit into both goes into the question's cell alone."""
    added = "    squares_of_all_numbers = 1\n    return mean_square(x) ** 0.5"
    verdict = verify(starred=True, STARRED=("    return mean_square(x) ** 0.5", added))
    assert verdict.failures == []


def test_a_patch_that_no_longer_fits(verify):
    verdict = verify(MISTAKES=("-return float(squares_of_all_numbers.mean())", "-no_such_text()"))
    assert any(
        "sum-of-squares fits into no solution cell" in failure for failure in verdict.failures
    )


def test_a_shortcut_must_not_pay(verify):
    shortcut = """
### Shortcut: allowed
```python cell
import numpy as np
```

### Accepted"""
    verdict = verify(MISTAKES=("\n### Accepted", shortcut))
    assert any("the shortcut by 'allowed' passes" in failure for failure in verdict.failures)


def test_a_seed_gives_the_same_verdict_again(tmp_path):
    with checked_course.checked_course(tmp_path) as course:
        source = course.assignment(ASSIGNMENT).notebooks["square"]
        assert verify_seed(source, 3) == verify_seed(source, 3)
