"""bench/whole_class.py: who is in the class, and what is counted."""

import importlib
import random
import sys
from collections import Counter
from pathlib import Path

import pytest
from checked_course import ASSIGNMENT, checked_course
from fence_jobs import Act, Said

from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.fence import Account
from autograder.grading import Budget, Settings
from autograder.mistakes import Mistake, Variant, apply_patch
from autograder.release import release

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))
bench = importlib.import_module("whole_class")
metered = importlib.import_module("metered")


def test_a_class_of_sixty():
    made = bench.kinds(60)
    assert Counter(made) == {"right": 15, "mistakes": 36, "variants": 6, "blank": 3}
    assert made[0] == "right"


@pytest.mark.parametrize("students", [6, 7, 11, 30])
def test_a_small_class_has_two_right_ones_and_some_mistakes(students):
    made = Counter(bench.kinds(students))
    assert made.total() == students
    assert made["right"] >= 2 <= made["mistakes"]


def test_one_or_two_mistakes_on_different_questions_are_drawn_the_same_each_time():
    source = Course().assignment("a1_classifiers").notebooks["knn"]
    chance = random.Random(1)
    drawn = [bench.patches(source, "mistakes", chance) for _student in range(20)]
    assert Counter(map(len, drawn)).keys() == {1, 2}
    for patches in drawn:
        assert all(isinstance(patch, Mistake) for patch in patches)
        assert len({patch.question for patch in patches}) == len(patches)
        cells = source.cells
        for patch in patches:
            cells = apply_patch(cells, patch)
    again = random.Random(1)
    assert drawn == [bench.patches(source, "mistakes", again) for _student in range(20)]
    [variant] = bench.patches(source, "variants", chance)
    assert isinstance(variant, Variant)
    assert bench.patches(source, "right", chance) == []


def test_a_mistake_may_be_in_a_file_that_is_handed_in():
    course = Course()
    source = course.assignment("a1_classifiers").notebooks["features"]
    key = answer_key(source)
    right = bench.handed_in(course, source)
    [mistake] = [patch for patch in key.patches if patch.name == "best-untrained"]
    wrong = bench.handed_in(course, source, [mistake])
    assert right.keys() == wrong.keys() == {"features.ipynb", *key.files}
    assert [name for name in right if right[name] != wrong[name]] == list(mistake.files)


def test_what_a_job_and_its_children_compute_is_counted(tmp_path):
    used = []
    with checked_course(tmp_path) as course:
        assignment = course.assignment(ASSIGNMENT)
        with metered.MeteredFence(used, assignment, Settings(b"secret", "none")) as fence:
            job = Act("compute", 0.5)
            told = list(fence.run(job, Account(Budget())))
    assert [type(event) for event in told] == [Said, Said]  # nothing that others do not tell
    [(counted, seconds)] = used
    assert counted == job
    assert 0.5 <= seconds < 2


def test_a_class_is_graded_and_its_costs_are_told_apart(tmp_path):
    with checked_course(tmp_path) as course:
        release(course, ASSIGNMENT)
        kinds = bench.make_class(course, course.assignment(ASSIGNMENT), 6, seed=0)
        reports, spent = bench.grade(course, ASSIGNMENT, jobs=1)
    assert kinds.keys() == reports.keys() == spent.grading.keys() == spent.pages.keys()
    assert bench.unexpected(kinds, reports) == []
    assert min(*spent.grading.values(), *spent.pages.values(), spent.template, spent.command) > 0
    turned = {name: {"right": "blank"}.get(kind, "right") for name, kind in kinds.items()}
    assert len(bench.unexpected(turned, reports)) >= 2 + 3  # those right, and with mistakes


def test_those_with_mistakes_are_held_against_right_ones_but_the_first():
    kinds = {"a": "right", "b": "right", "c": "mistakes", "d": "mistakes", "e": "blank"}
    seconds = {"a": 5.0, "b": 2.0, "c": 2.0, "d": 4.0, "e": 1.0}
    spent = bench.Spent(seconds, seconds, 1.0, 1.0, "a")
    found = bench.summary(kinds, spent)
    assert found == {"cold": 5.0, "warm": 2.0, "mean": 1.5, "worst": 2.0}
