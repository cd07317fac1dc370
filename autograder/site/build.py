"""Make the site: run what was not run, write the pages, build them, look for faults."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from autograder.course import Course, CourseError
from autograder.leaks import Leak, find_leaks
from autograder.site.faults import find_faults
from autograder.site.figures import kept, run
from autograder.site.pages import notebooks_of, write_pages

__all__ = ["build"]

#: The line of every hidden test that the guide for check authors tells them to write.
_TAUGHT = "from autograder.plain import score"


def build(course: Course, most: int | None = None, say: Callable[[str], None] = print) -> list[str]:
    """Build ``build/site`` from nothing, with the figures of all notebooks that were ever run.

    Args:
        most: run at most so many notebooks that were not run as they are; the others' pages show
            no figures.
        say: told of each notebook that is run, before it is.

    Returns:
        What is wrong with the pages, a sentence each: links that lead nowhere, pictures without
        alternative text, texts that students must not see.

    Raises:
        CourseError: a source notebook does not run, or Sphinx warns of something.
    """
    made = course.root / "build"
    figures = {}
    for page, source in notebooks_of(course).items():
        outputs = kept(course, source, made / "executed")
        if outputs is None and (most is None or most > 0):
            say(f"running {page}")
            outputs = run(course, source, made / "executed")
            most = most and most - 1
        if outputs is not None:
            figures[page] = outputs
    write_pages(course, made / "site-pages", figures)
    site = made / "site"
    shutil.rmtree(site, ignore_errors=True)
    _sphinx(course.root / "docs" / "site", made / "site-pages", site)
    return [*find_faults(site), *map(str, _leaks(course, site))]


def _leaks(course: Course, site: Path) -> Iterator[Leak]:
    files = [path for path in sorted(site.rglob("*")) if path.is_file()]
    for name in course.assignments():
        for leak in find_leaks(course, name, files):
            if not (leak.text == _TAUGHT and "/guides/" in leak.file):
                yield leak


def _sphinx(conf: Path, pages: Path, site: Path) -> None:
    """Have Sphinx build the pages; a warning is a failure."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-E", "-b", "html"]
    command += ["-c", str(conf), "-d", str(pages.with_name("site-doctrees")), str(pages), str(site)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"})
    if done.returncode:
        raise CourseError(f"Sphinx found faults in {pages}:\n{done.stderr.strip()}")
