from io import StringIO

import pytest
from rich.console import Console
from tiny_course import ASSIGNMENT, changed_question, make_course, make_report, question

from autograder.gradebook import Gradebook
from autograder.record import NotebookRecord
from autograder.report import class_report


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


def some_class():
    """A mistake twice, full marks, nothing at all, and a failure of our machine."""
    good = make_report("cleo", score=7.0, reason="")
    good.notebooks["warm"].questions["warm-double"] = question(4.0, 4.0)
    good.notebooks["cold"] = NotebookRecord(
        status="graded", questions={"cold-ice": question(1.0, 1.0)}
    )
    nothing = make_report("dan", answer="", score=0.0, extra_files=["<b>.ipynb"])
    for name in ("warm-double", "warm-types"):
        limit = "memory" if name == "warm-types" else None
        nothing.notebooks["warm"].questions[name] = question(0.0, 4.0, limit=limit)
    changed_question(nothing, "warm-double", status="blank")
    failure = make_report("eve", status="machine", score=0.0, notebooks={})
    return [nothing, make_report("bob"), make_report("ada"), good, failure]


def test_questions_and_mistakes(course):
    report = class_report(course, ASSIGNMENT, some_class())
    questions = {q.name: q for q in report.questions}
    assert list(questions) == ["cold-ice", "warm-double", "warm-types", "warm-why"]
    assert questions["cold-ice"].counts == {"passed": 1, "missing": 3}
    assert questions["warm-double"].counts == {"passed": 1, "partial": 2, "blank": 1}
    assert questions["warm-double"].mean == 2.5
    assert questions["warm-types"].counts == {"passed": 3, "stopped": 1}
    assert questions["warm-why"].counts == {"waiting": 3, "blank": 2}
    (met,) = report.mistakes
    assert (met.name, met.question, met.students) == ("no-sqrt", "warm-double", ["ada", "bob"])
    (check,) = report.checks
    assert (check.sentence, check.failed, check.ran) == ("The check of odd", 2, 2)


def test_who_needs_attention(course):
    report = class_report(course, ASSIGNMENT, some_class())
    attention = {s.student: s.attention for s in report.students}
    assert attention["cleo"] == []
    assert attention["ada"] == ["cold: missing"]
    assert attention["dan"] == [
        "cold: missing",
        "no points",
        "warm-types: Stopped: it used more memory than a question may.",
        "other files: <b>.ipynb",
    ]
    assert attention["eve"] == ["our machine failed; it is graded again next time"]


def test_instructors_see_what_went_wrong_in_the_grader(course):
    report = make_report()
    reason = "grading it took longer than 60 seconds and was stopped"
    changed_question(
        report, "warm-double", status="stopped", limit="step", reason=reason, fault="Trace<back>"
    )
    summary = class_report(course, ASSIGNMENT, [report])
    assert f"warm-double: Stopped: {reason}." in summary.students[0].attention
    assert "<pre>Trace&lt;back&gt;</pre>" in summary.write(course).read_text()


def test_written_marks_come_from_the_gradebook(course):
    with Gradebook(course) as book:
        book.sync(ASSIGNMENT)
        for report in some_class():
            book.apply(report)
        marks = book.marks(ASSIGNMENT)
    why = class_report(course, ASSIGNMENT, some_class(), marks).questions[-1]
    assert why.counts == {"waiting": 4, "blank": 1}  # eve's waits for our machine


def test_histogram_counts_everybody_once(course):
    report = class_report(course, ASSIGNMENT, some_class())
    bins = dict(report.histogram())
    assert sum(bins.values()) == len(report.scores) == 4
    assert bins["0-10 %"] == 1
    assert bins["90-100 %"] == 1


def test_page_and_table(course):
    report = class_report(course, ASSIGNMENT, some_class())
    path = report.write(course)
    assert path.relative_to(course.root).as_posix() == f"reports/{ASSIGNMENT}.html"
    page = path.read_text()
    assert "5 submissions (1 not graded), mean 4.2, median 5 of 7 automatic points" in page
    assert "other files: &lt;b&gt;.ipynb" in page
    assert "<script" not in page
    assert '<td class="number">– / 7</td><td class="small">not graded</td>' in page  # noqa: RUF001
    console = Console(file=StringIO(), width=140)
    console.print(report.table())
    assert "no-sqrt (2)" in console.file.getvalue()


def test_a_class_without_submissions(course):
    report = class_report(course, ASSIGNMENT, [])
    assert "no submissions" in report.write(course).read_text()
