"""autograder.site: the figures of the solved run, and nothing of its solutions."""

import json
import zipfile

import pytest
from checked_course import ASSIGNMENT, SOLUTION, cell, cells, checked_course, write_notebook
from click.testing import CliRunner

from autograder.cli import main
from autograder.course import HOME, Course, CourseError
from autograder.leaks import find_leaks
from autograder.release import release
from autograder.site.build import build
from autograder.site.faults import find_faults
from autograder.site.figures import kept, merged, run
from autograder.site.pages import glossary, notebooks_of, terms, write_pages

PAGE = f"{ASSIGNMENT}/square"
PNG = {"text/html": "<img src='data:...'>", "image/png": "iVBORw0KGgo=", "text/plain": "A curve."}
WIDGET = "application/vnd.jupyter.widget-view+json"
SECRET = "squares_of_all_numbers = np.asarray(x, dtype=float) ** 2"


@pytest.fixture
def course(tmp_path):
    with checked_course(tmp_path) as course:
        (tmp_path / "nbgrader_config.py").write_bytes((HOME / "nbgrader_config.py").read_bytes())
        release(course, ASSIGNMENT)
        yield course


# --- figures ---------------------------------------------------------------------------------


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def display(data, kind="display_data", **metadata):
    return {"output_type": kind, "data": data, "metadata": metadata}


def shown(course, name, *outputs):
    """What the page shows of outputs that this cell had in the solved run."""
    source = course.assignment(ASSIGNMENT).notebooks["square"]
    released = json.loads((course.release_dir / f"{PAGE}.ipynb").read_text("utf-8"))
    nb = merged(released, source.nb, {name: list(outputs)})
    assert [c["source"] for c in nb["cells"]] == [c["source"] for c in released["cells"]]
    found = {c["id"]: c["outputs"] for c in nb["cells"] if c.get("outputs")}
    assert set(found) <= {name}
    return found.get(name, [])


def test_a_given_cell_shows_what_it_printed_and_drew(course):
    (text, picture, value) = shown(
        course,
        "imports",
        stream("loss 0.3"),
        display(PNG, **{"image/png": {"alt": "A falling curve."}}),
        display({"text/plain": "3"}, "execute_result"),
    )
    assert text["text"] == "loss 0.3"
    assert picture["data"] == {"image/png": PNG["image/png"]}
    assert picture["metadata"] == {"image/png": {"alt": "A falling curve."}}
    assert value["data"] == {"text/plain": "3"}


def test_a_picture_without_words_of_its_own_has_its_text(course):
    (picture,) = shown(course, "imports", display(PNG))
    assert picture["metadata"] == {"image/png": {"alt": "A curve."}}


def test_warnings_errors_and_bars_of_progress_are_not_shown(course):
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": [SECRET]}
    bar = display({WIDGET: {}, "text/plain": "0%|  | 0/3"})
    assert shown(course, "imports", stream(f"warning: {SECRET}", "stderr"), error, bar) == []


def test_a_widget_gives_way_to_its_page(course):
    sliders = display({WIDGET: {}, "text/html": "", "text/plain": ""})
    quiz = display({WIDGET: {}, "text/html": "<p>?</p>", "text/plain": "?"})
    assert [o["data"] for o in shown(course, "imports", sliders, quiz)] == [
        {"text/html": "<p>?</p>"}
    ]


def test_a_figure_with_a_caption_keeps_it(course):
    figure = (
        "<figure><img alt='A curve.' src='data:...'><figcaption>It falls.</figcaption></figure>"
    )
    (kept_whole,) = shown(course, "imports", display(PNG | {"text/html": figure}))
    assert kept_whole["data"] == {"text/html": figure}


def test_what_a_student_writes_shows_nothing(course):
    assert shown(course, "square-function", stream("mine"), display(PNG)) == []


def test_a_test_cell_shows_what_check_printed_and_no_points(course):
    outputs = stream("All 3 checks pass."), display({"text/plain": "3.0"}, "execute_result")
    assert shown(course, "square-mean", *outputs) == [outputs[0]]


def test_a_run_is_kept_until_what_it_follows_from_changes(course, tmp_path, monkeypatch):
    source, cache = course.assignment(ASSIGNMENT).notebooks["square"], tmp_path / "executed"
    drawing = cell("code", "import os\nprint(os.getcwd())\nmean_square([1, 3])", "drawing")
    write_notebook(source.path, [*cells()[:3], drawing])
    assert kept(course, source, cache) is None
    outputs = run(course, source, cache)
    assert outputs["drawing"][0]["text"] == f"{ASSIGNMENT}\n"  # no folder of this machine
    assert outputs["drawing"][1]["data"] == {"text/plain": "5.0"}
    assert kept(course, source, cache) == outputs
    assert SECRET not in "".join(path.read_text("utf-8") for path in cache.iterdir())
    monkeypatch.setenv("ASSIGNMENTS_SCALE", "reduced")
    assert kept(course, source, cache) is None
    monkeypatch.delenv("ASSIGNMENTS_SCALE")
    source.path.write_text(source.path.read_text("utf-8").replace("Squares", "Cubes"), "utf-8")
    assert kept(course, source, cache) is None
    run(course, source, cache)
    assert len(list(cache.iterdir())) == 1


def test_a_notebook_that_does_not_run_is_named(course, tmp_path):
    source = course.assignment(ASSIGNMENT).notebooks["square"]
    write_notebook(source.path, [cell("code", "1 / 0", "broken")])
    with pytest.raises(CourseError, match=f"{PAGE} does not run: ZeroDivisionError"):
        run(course, source, tmp_path / "executed")
    assert not (tmp_path / "executed").exists()


# --- pages -----------------------------------------------------------------------------------


@pytest.fixture
def pages(course, tmp_path):
    """The tree that Sphinx reads, with our own words around the small course."""
    (course.root / "docs" / "site").mkdir(parents=True)
    (course.root / "docs" / "site" / "index.md").write_text("# Course\n")
    (course.root / "docs" / "zebra.md").write_text("# Z\n[a](students.md) [b](../source/x.py)\n")
    (course.root / "docs" / "students.md").write_text("# S\n")
    write_pages(course, tmp_path / "pages", {})
    return tmp_path / "pages"


def test_pages_hold_the_map_and_the_guides(pages):
    index = (pages / "index.md").read_text("utf-8")
    assert f"| 1 | [square]({PAGE}.ipynb) | 60 | 4 |  |" in index
    assert "Together: 1 notebooks, about 1 hours, 4 points." in index
    assert index.index("guides/students") < index.index("guides/zebra")
    assert (pages / "guides" / "zebra.md").read_text("utf-8") == "# Z\n[a](students.md) b\n"


def test_pages_hold_no_solution(course, pages):
    files = [path for path in pages.rglob("*") if path.is_file()]
    assert pages / f"{PAGE}.ipynb" in files
    assert find_leaks(course, ASSIGNMENT, files) == []


def test_a_notebook_that_is_not_released_is_named(course, tmp_path):
    (course.root / "docs" / "site").mkdir(parents=True)
    (course.release_dir / f"{PAGE}.ipynb").unlink()
    with pytest.raises(CourseError, match=f"run 'autograder release {ASSIGNMENT}'"):
        write_pages(course, tmp_path / "pages", {})


def test_the_syllabus_speaks_of_every_notebook():
    text = (HOME / "docs" / "site" / "syllabus.md").read_text("utf-8")
    assert [page for page in notebooks_of(Course()) if f"({page}.ipynb)" not in text] == []


# --- the glossary ----------------------------------------------------------------------------

BOX = """\
### The field's words

| term | in this notebook | 한국어 |
|---|---|---|
| overfitting | Right on its training points, and {} elsewhere. | 과적합 |
| *k*-fold | $a \\| b$ | 폴드 |
"""


def with_box(page, word):
    name = page.partition("/")[2]
    cells = [{"id": "title", "source": ["# A"]}, {"id": f"{name}-terms", "source": [BOX]}]
    cells[1]["source"] = BOX.format(word).splitlines(keepends=True)
    return {page: {"cells": cells}}


def test_terms_come_from_the_boxes_of_the_notebooks():
    found = terms(with_box("a1/knn", "nervous") | {"a1/svm": {"cells": [{"id": "x"}]}})
    assert [(term.term, term.korean, term.page) for term in found] == [
        ("overfitting", "과적합", "a1/knn"),
        ("*k*-fold", "폴드", "a1/knn"),
    ]
    assert found[1].words == "$a \\| b$"


def test_the_glossary_is_alphabetical_and_links_to_each_notebook():
    found = terms(with_box("a1/knn", "nervous") | with_box("a2/dropout", "lost"))
    page = glossary(found, {"a1/knn": "Neighbours", "a2/dropout": "Dropout"})
    assert page.index("## K") < page.index("**k*-fold** · <span") < page.index("## O")
    assert page.count('**overfitting** · <span lang="ko">과적합</span>') == 1
    assert ": Right on its training points, and nervous elsewhere. ([Neighbours](a1/knn" in page
    assert ": Right on its training points, and lost elsewhere. ([Dropout](a2/dropout" in page


def test_a_course_without_terms_has_a_glossary_that_says_so():
    assert "No notebook lists its terms yet." in glossary([], {})


# --- what is wrong with a site -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<img src='a.png'>", "the picture a.png has no alternative text"),
        ("<a href='away.html'>", "the link away.html leads nowhere"),
        ("<a href='other.html#gone'>", "the link other.html#gone leads to no place of that page"),
        ("<a href='#gone'>", "the link #gone leads to no place of that page"),
        ("<script src='https://cdn.example/x.js'>", "https://cdn.example/x.js is loaded from"),
        ("<link rel='stylesheet' href='//cdn.example/x.css'>", "//cdn.example/x.css is loaded"),
    ],
)
def test_a_fault_of_a_page_is_named(tmp_path, body, fault):
    (tmp_path / "a.png").touch()
    (tmp_path / "other.html").write_text("<h1 id='top'>")
    (tmp_path / "page.html").write_text(body)
    (found,) = find_faults(tmp_path)
    assert found.startswith(f"page.html: {fault}")


def test_a_good_page_has_no_faults(tmp_path):
    (tmp_path / "a b.png").touch()
    (tmp_path / "other.html").write_text("<h1 id='top'>")
    (tmp_path / "page.html").write_text(
        "<a href='other.html#top'><img src='a%20b.png' alt='A'></a>"
        "<a href='https://example.org'>elsewhere</a><img src='data:image/png;base64,' alt='B'>"
    )
    assert find_faults(tmp_path) == []


HIGHLIGHTED = (
    '<span class="n">squares_of_all_numbers</span> <span class="o">=</span> '
    "<span>np.asarray(x, dtype=float)</span> <span>**</span> <span>2</span>"
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.html", f"<pre>{HIGHLIGHTED}</pre>"),
        ("page.html", f'<img alt="{SECRET}">'),
        ("_sources/page.ipynb", json.dumps({"cells": [{"outputs": [{"text": [SECRET]}]}]})),
        ("_sources/page.md", SECRET),
        ("searchindex.js", f'Search.setIndex({{"titles":["{SECRET}"]}})'),
        ("_downloads/1/code.py", SOLUTION),
    ],
)
def test_a_planted_solution_is_found(course, tmp_path, name, text):
    path = tmp_path / "site" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    assert {leak.text for leak in find_leaks(course, ASSIGNMENT, [path])} >= {SECRET}


def test_a_planted_solution_in_an_archive_is_found(course, tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("page.html", HIGHLIGHTED)
    assert find_leaks(course, ASSIGNMENT, [tmp_path / "all.zip"])


@pytest.mark.parametrize(("faults", "code"), [([], 0), (["page.html: no"], 1)])
def test_the_command_fails_when_there_are_faults(monkeypatch, faults, code):
    monkeypatch.setattr("autograder.site.build.build", lambda course, most, say: faults)
    done = CliRunner().invoke(main, ["site", "--run", "0"])
    assert done.exit_code == code
    assert all(fault in done.output for fault in faults)


# --- the whole site ----------------------------------------------------------------------------


@pytest.mark.slow
def test_this_course_makes_a_site_without_faults(tmp_path, monkeypatch):
    """Two notebooks are run, the others' pages show no figures."""
    monkeypatch.setenv("ASSIGNMENTS_SCALE", "reduced")
    for name in ("docs", "release", "source"):
        (tmp_path / name).symlink_to(HOME / name)
    course, ran = Course(tmp_path), []
    assert build(course, most=2, say=ran.append) == []
    first, second, *others = notebooks_of(course)
    assert ran == [f"running {first}", f"running {second}"]
    site = tmp_path / "build" / "site"
    for page in (first, second):
        text = (site / f"{page}.html").read_text("utf-8")
        assert "<img alt=" in text
        assert "checks pass." in text
    for page in others:
        assert "<img alt=" not in (site / f"{page}.html").read_text("utf-8")
    assert (site / "searchindex.js").exists()
