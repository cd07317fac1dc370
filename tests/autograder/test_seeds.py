"""What was seen in one hand-in helps in no other."""

import pytest
from checked_course import ASSIGNMENT, checked_course

from assignments.notebook import Cell, as_loaded, load
from assignments.questions import Seeds
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.scoring import attempt_question
from autograder.session import LiveSession

#: Remembers what it was asked, and answers from a table.
CHEAT = """\
SEEN, TABLE = [], {table}


def mean_square(x):
    SEEN.append(tuple(map(float, x)))
    return TABLE.get(SEEN[-1], -1.0)
"""


@pytest.fixture
def source(tmp_path):
    with checked_course(tmp_path) as course:
        yield course.assignment(ASSIGNMENT).notebooks["square"]


def handed_in(source, code, seeds=None):
    """The module of a hand-in, its checks that pass, and what its checks were seeded with."""
    cells, loaded, _steps = as_loaded([Cell(1, "code", code)], source.outline)
    seeds = seeds or Seeds(b"secret", ("ada", loaded))
    module = load(cells, source.outline, "handed_in")
    attempt = attempt_question(LiveSession(vars(module)), answer_key(source), "square-mean", seeds)
    return module, {r.check.name for r in attempt.results if r.passed}, seeds


def test_a_table_of_the_inputs_of_the_hand_in_before_earns_nothing(source):
    first, passed, seeds = handed_in(source, CHEAT.format(table={}))
    assert not passed
    assert len(first.SEEN) == 2
    # The inputs have come back, and the reference has answered them.
    right = {x: answer_key(source).reference.mean_square(x) for x in first.SEEN if len(x) > 1}
    with_table = CHEAT.format(table=right)
    assert handed_in(source, with_table, seeds)[1] == {"test_of_many"}  # as it once was
    second, passed, other = handed_in(source, with_table)
    assert not passed
    assert not set(second.SEEN) & set(right)
    assert other.inputs != seeds.inputs


def test_a_table_where_it_does_not_count_is_not_handed_over(source):
    plain, _passed, seeds = handed_in(source, CHEAT.format(table={}))
    commented, _passed, same = handed_in(source, CHEAT.format(table={}) + "# (1.0, 2.0): 2.5")
    assert same == seeds
    assert commented.SEEN == plain.SEEN
    cells, _code, _steps = as_loaded([Cell(1, "code", CHEAT + "# a table")], source.outline)
    assert "a table" not in cells[0].source


def test_little_of_an_exception_comes_back(source):
    code = "def mean_square(x):\n    raise ValueError('x' * 400 + repr(x))\n"
    cells, _code, _steps = as_loaded([Cell(1, "code", code)], source.outline)
    session = LiveSession(vars(load(cells, source.outline, "handed_in")))
    attempt = attempt_question(session, answer_key(source), "square-mean", Seeds(b"secret"))
    assert len(attempt.results) == 2
    assert all(0 < r.reason.count("x") <= 100 for r in attempt.results)


@pytest.mark.parametrize(
    ("assignment", "name"), [("a1_classifiers", "features"), ("a2_networks", "pytorch")]
)
def test_a_file_is_read_by_its_own_question_only_and_by_the_last(assignment, name):
    source = Course().assignment(assignment).notebooks[name]
    key = answer_key(source)
    session, asking = key.session(), []

    def files(file):
        asking.append(question)
        raise LookupError("none was handed in")

    session.files = files
    for question in key.checks:
        if question != f"{name}-best":
            attempt_question(session, key, question, Seeds(b"test"))
    assert not asking
    question = f"{name}-best"
    attempt_question(session, key, question, Seeds(b"test"))
    assert asking
    # What it brought along stays in the student's process: nothing may be asked there afterwards.
    assert source.auto_questions()[-1].grade_id == question
