import sqlite3

import msgspec
import pytest
from nbgrader.api import Gradebook as NbgraderGradebook
from tiny_course import (
    ASSIGNMENT,
    changed_question,
    graded,
    make_course,
    make_report,
    new_code_cell,
    warm_cells,
    write_source,
)

from autograder.course import Course, CourseError
from autograder.gradebook import Gradebook


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


@pytest.fixture
def book(course):
    with Gradebook(course) as book:
        book.sync(ASSIGNMENT)
        yield book


def dump(course: Course) -> list[str]:
    """Every row of the gradebook."""
    with sqlite3.connect(course.gradebook_path) as connection:
        return list(connection.iterdump())


def by_hand(course, question, *, score=None, comment=None, student="ada"):
    """What an instructor does in formgrader."""
    with NbgraderGradebook(course.db_url) as gb:
        grade = gb.find_grade(question, question.split("-")[0], ASSIGNMENT, student)
        grade.manual_score, grade.needs_manual_grade = score, False
        if comment:
            cell = "warm-solution" if question in ("warm-double", "warm-types") else question
            found = gb.find_comment(cell, question.split("-")[0], ASSIGNMENT, student)
            found.manual_comment = comment
        gb.db.commit()


def marks(book, student="ada"):
    (found,) = book.marks(ASSIGNMENT, student)
    return found


def test_scores_reach_nbgrader(course, book):
    book.apply(make_report())
    with NbgraderGradebook(course.db_url) as gb:
        submission = gb.find_submission(ASSIGNMENT, "ada")
        assert submission.score == 5.0
        assert submission.max_score == 10.0
        assert submission.timestamp.isoformat() == "2026-11-20T23:59:00"
        warm = gb.find_submission_notebook("warm", ASSIGNMENT, "ada")
        assert warm.needs_manual_grade
        assert warm.failed_tests
        cold = gb.find_submission_notebook("cold", ASSIGNMENT, "ada")
        assert (cold.score, cold.needs_manual_grade) == (0.0, False)
        comment = gb.find_comment("warm-solution", "warm", ASSIGNMENT, "ada").auto_comment
        assert "The check of odd" in comment
        assert "Think again about no-sqrt." in comment


def test_applying_again_changes_nothing(course, book):
    book.apply(make_report())
    before = dump(course)
    book.apply(make_report())
    book.sync(ASSIGNMENT)
    assert dump(course) == before


def test_knows_which_report_it_holds(book):
    report = make_report()
    assert not book.holds(report)
    book.apply(report)
    assert book.holds(report)
    assert not book.holds(make_report(content_hash="other"))
    assert not book.holds(make_report("bob"))


def test_unanswered_question_is_zero_with_a_comment(course, book):
    book.apply(make_report(answer=""))
    why = marks(book).questions["warm-why"]
    assert (why.auto_score, why.needs_manual_grade) == (0.0, False)
    with NbgraderGradebook(course.db_url) as gb:
        comment = gb.find_comment("warm-why", "warm", ASSIGNMENT, "ada")
        assert comment.auto_comment == "No response."


def test_answer_waits_for_a_person(book):
    book.apply(make_report())
    why = marks(book).questions["warm-why"]
    assert (why.auto_score, why.needs_manual_grade, why.graded) == (None, True, False)


def test_manual_marks_survive_and_are_flagged_when_the_answer_changes(course, book):
    book.apply(make_report())
    by_hand(course, "warm-why", score=2.5, comment="Nice.")
    book.apply(make_report())
    why = marks(book).questions["warm-why"]
    assert (why.score, why.needs_manual_grade) == (2.5, False)
    book.apply(make_report(answer="Another answer."))
    why = marks(book).questions["warm-why"]
    assert (why.score, why.needs_manual_grade) == (2.5, True)
    assert marks(book).comments == {"warm-why": "Nice."}


def test_manual_override_of_an_automatic_score_is_flagged_when_that_changes(course, book):
    book.apply(make_report())
    by_hand(course, "warm-double", score=4.0)
    book.apply(make_report())
    assert not marks(book).questions["warm-double"].needs_manual_grade
    better = make_report()
    changed_question(better, "warm-double", score=3.5)
    book.apply(better)
    double = marks(book).questions["warm-double"]
    assert (double.score, double.auto_score, double.needs_manual_grade) == (4.0, 3.5, True)


def test_a_failure_of_our_machine_keeps_no_older_score_alive(course, book):
    book.apply(make_report("bob", status="machine", notebooks={}))
    assert marks(book, "bob").needs_manual_grade
    book.apply(make_report(answer=""))
    by_hand(course, "warm-types", score=1.5, comment="Kept.")
    book.apply(make_report(status="machine", notebooks={}))
    questions = marks(book).questions
    assert marks(book).score == 1.5
    assert marks(book).comments == {"warm-solution": "Kept."}
    assert [name for name, mark in questions.items() if mark.graded] == ["warm-types"]
    for name in ("warm-double", "warm-why", "cold-ice"):
        assert questions[name].needs_manual_grade
    with NbgraderGradebook(course.db_url) as gb:
        assert gb.find_comment("warm-solution", "warm", ASSIGNMENT, "ada").auto_comment is None
    book.apply(make_report())
    assert marks(book).score == 4.5


def test_questions_added_changed_and_removed_after_grading(course, book):
    book.apply(make_report())
    by_hand(course, "warm-why", score=2.0)
    cells = [
        c for c in warm_cells() if c.metadata.get("nbgrader", {}).get("grade_id") != "warm-types"
    ]
    cells[2].metadata.nbgrader["points"] = 8
    cells.append(graded(new_code_cell("check('warm-new')"), "warm-new", grade=True, points=1))
    write_source(course.root, "warm", cells)
    book.sync(ASSIGNMENT)
    questions = marks(book).questions
    assert list(questions) == ["cold-ice", "warm-double", "warm-why", "warm-new"]
    assert questions["warm-double"].score == 3.0
    assert questions["warm-double"].max_score == 8.0
    assert questions["warm-why"].score == 2.0
    assert not questions["warm-new"].graded
    assert not list(course.root.glob("gradebook.db.*"))


def test_marks_by_hand_are_copied_before_their_question_goes(course, book):
    book.apply(make_report())
    by_hand(course, "warm-why", score=2.0)
    write_source(course.root, "warm", warm_cells()[:-1])
    book.sync(ASSIGNMENT)
    assert "warm-why" not in marks(book).questions
    (copy,) = course.root.glob("gradebook.db.*")
    with sqlite3.connect(copy) as connection:
        assert connection.execute("select max(manual_score) from grade").fetchone() == (2.0,)


def test_notebook_added_and_removed_after_grading(course, book):
    book.apply(make_report())
    (course.source_dir / ASSIGNMENT / "cold.ipynb").unlink()
    write_source(course.root, "new", [graded(new_code_cell("1"), "new-a", grade=True, points=2)])
    book.sync(ASSIGNMENT)
    assert list(marks(book).questions) == ["new-a", "warm-double", "warm-types", "warm-why"]


def test_late_penalty_of_the_configured_plugin(course):
    (course.root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"
    )
    with Gradebook(course) as book:
        book.sync(ASSIGNMENT)
        with NbgraderGradebook(course.db_url) as gb:
            gb.update_or_create_assignment(ASSIGNMENT, duedate="2026-11-20T00:00:00")
        book.apply(make_report())
        assert (marks(book).late_penalty, marks(book).score) == (5.0, 0.0)


def test_students_text_in_a_comment_stays_text(course, book):
    report = make_report()
    checks = report.notebooks["warm"].questions["warm-double"].checks
    hostile = "<script>alert(1)</script> [a](javascript:alert(2))"
    checks[1] = msgspec.structs.replace(checks[1], sentence=hostile)
    book.apply(report)
    with NbgraderGradebook(course.db_url) as gb:
        comment = gb.find_comment("warm-solution", "warm", ASSIGNMENT, "ada").comment
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    shown = markdown2html_mistune(comment)
    assert "<script" not in shown
    assert "href" not in shown


def test_a_report_is_written_wholly_or_not_at_all(course, book, monkeypatch):
    before = dump(course)

    def fail(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Gradebook, "_late_penalty", fail)
    with pytest.raises(KeyboardInterrupt):
        book.apply(make_report())
    assert dump(course) == before


def test_unknown_assignment_says_what_to_do(course):
    with Gradebook(course) as book, pytest.raises(CourseError, match="autograder release"):
        book.apply(make_report())


def test_every_student_of_the_gradebook_has_marks(book):
    book.apply(make_report("ada"))
    book._nbgrader.add_student("zoe", last_name="Z")
    ada, zoe = book.marks(ASSIGNMENT)
    assert (ada.submitted, zoe.submitted) == (True, False)
    assert (zoe.score, zoe.max_score, zoe.timestamp) == (0.0, 10.0, None)


def test_a_gradebook_that_cannot_be_opened_is_named(course):
    course.gradebook_path.write_bytes(b"no database" * 1000)
    with pytest.raises(CourseError, match="cannot be opened: file is not a database"):
        Gradebook(course)
