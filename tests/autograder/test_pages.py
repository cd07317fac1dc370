"""Pages are texts first, then files: of this submission only, and with what nbgrader asks for."""

import json

import msgspec
import pytest
from tiny_course import ASSIGNMENT, changed_notebook, make_course, make_report, make_submission

from autograder.pages import Rendered, Rendering, pages_there, render_pages, save_pages
from autograder.submission import Submission

AUTOGRADED = f"autograded/ada/{ASSIGNMENT}"
FEEDBACK = f"feedback/ada/{ASSIGNMENT}"


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


def handed_in(answer="It doubles because."):
    files = {"warm.ipynb": json.dumps(make_submission(answer)).encode()}
    return Submission("ada", ASSIGNMENT, files)


def files(course):
    return sorted(
        path.relative_to(course.root).as_posix()
        for folder in (course.autograded_dir, course.feedback_dir)
        for path in folder.rglob("*")
        if path.is_file()
    )


def test_rendering_writes_nothing(course):
    pages = render_pages(course, make_report(), handed_in())
    assert sorted(pages) == [
        f"{AUTOGRADED}/warm.ipynb",
        f"{FEEDBACK}/cold.html",
        f"{FEEDBACK}/warm.html",
    ]
    assert files(course) == []
    assert "It doubles because." in pages[f"{FEEDBACK}/warm.html"]


def test_the_fences_job_tells_the_pages(course):
    job = Rendering(course, make_report(), handed_in(), None)
    (told,) = job.run(course.assignment(ASSIGNMENT))
    assert told.pages == render_pages(course, make_report(), handed_in())
    assert msgspec.json.decode(msgspec.json.encode(told), type=Rendered) == told


def test_files_that_nbgrader_asks_for_lie_beside_the_pages(course):
    pages = render_pages(course, make_report(), handed_in())
    assert [str(path) for path in save_pages(course, make_report(), pages)] == [
        str(course.root / path) for path in pages
    ]
    assert files(course) == sorted(
        [
            *pages,
            *(
                f"{folder}/{name}.txt"
                for folder in (AUTOGRADED, FEEDBACK)
                for name in ("timestamp", "submission_secret")
            ),
        ]
    )
    secret = (course.root / FEEDBACK / "submission_secret.txt").read_text()
    assert len(secret) == 128
    save_pages(course, make_report(), render_pages(course, make_report()))
    assert (course.root / AUTOGRADED / "submission_secret.txt").read_text() == secret


@pytest.mark.parametrize(("given", "kept"), [("a" * 128, True), ("../../x", False), ("", False)])
def test_the_secret_that_was_handed_in_counts(course, given, kept):
    folder = course.submitted_dir / "ada" / ASSIGNMENT
    folder.mkdir(parents=True)
    (folder / "submission_secret.txt").write_text(given)
    save_pages(course, make_report(), {})
    secret = (course.root / FEEDBACK / "submission_secret.txt").read_text()
    assert (secret == given) is kept


def test_answers_come_from_the_files_where_nothing_was_handed_in_again(course):
    save_pages(course, make_report(), render_pages(course, make_report(), handed_in("My **why**")))
    pages = render_pages(course, make_report())
    assert list(pages) == [f"{FEEDBACK}/cold.html", f"{FEEDBACK}/warm.html"]
    assert "My <strong>why</strong>" in pages[f"{FEEDBACK}/warm.html"]


def test_knows_whether_the_pages_are_there(course):
    report = make_report()
    assert not pages_there(course, report)
    paths = save_pages(course, report, render_pages(course, report, handed_in()))
    assert pages_there(course, report)
    for path in paths:
        text = path.read_text()
        path.unlink()
        assert not pages_there(course, report)
        path.write_text(text)


def test_a_notebook_taken_back_is_removed(course):
    save_pages(course, make_report(), render_pages(course, make_report(), handed_in()))
    report = make_report()
    changed_notebook(report, "warm", status="missing")
    save_pages(course, report, render_pages(course, report, Submission("ada", ASSIGNMENT)))
    assert not list(course.autograded_dir.glob("**/*.ipynb"))


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "gradebook.db", f"feedback/bob/{ASSIGNMENT}/warm.html"]
)
def test_a_page_of_nobody_elses_is_written(course, path):
    with pytest.raises(ValueError, match="no pages of ada"):
        save_pages(course, make_report(), {path: "x"})
    assert files(course) == []
