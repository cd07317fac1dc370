"""What the hidden tests of a source notebook call, for plain ``nbgrader autograde``.

nbgrader runs the whole submission in one kernel and reads each question's points from the output
of its test cell. There is no sandbox on this route: it is for submissions that one trusts.
"""

import contextlib
import io
import os
import secrets
import sys
from collections.abc import Iterator
from typing import Any

from assignments.checking import kept_random_state
from assignments.questions import Seeds
from autograder.answer_key import AnswerKey, answer_key
from autograder.course import Course, CourseError, Question, SourceNotebook
from autograder.rules import Code
from autograder.scoring import points_of, score_question
from autograder.session import LiveSession

__all__ = ["score"]

#: Inputs are drawn anew in every kernel, since a submission could read this one's memory.
_SEEDS = Seeds(secrets.token_bytes(32))

#: Questions that lost points in this kernel; later ones may get a second chance for them.
_lost: set[str] = set()


def score(grade_id: str) -> float:
    """Grade one question on the names that the notebook has defined by now.

    Prints nothing: nbgrader takes the cell's value as points, and anything on stderr as zero.

    Args:
        grade_id: the question, as its test cell is named.

    Returns:
        Points, a built-in float from 0 to the question's points.

    Raises:
        CourseError: the course has no such question.
    """
    names = sys._getframe(1).f_globals
    source, question = _find(grade_id)
    key = answer_key(source)
    with _silence(), kept_random_state():
        attempt = score_question(
            _session(names, key),
            key,
            grade_id,
            _SEEDS,
            frozenset(_lost),
        )
    points = points_of(attempt.share, question.points)
    (_lost.add if points < question.points else _lost.discard)(grade_id)
    return points


def _session(names: dict[str, Any], key: AnswerKey) -> LiveSession:
    """The kernel's names, with the cells that it has run so far to be read.

    IPython keeps these texts in a list that the submission could overwrite: rules judged here are
    for submissions that one trusts, as all of this route. The sandboxed route reads the notebook.
    """
    session = LiveSession(names)
    if texts := getattr(names.get("get_ipython", dict)(), "history_manager", None):
        session.reading = session.code = Code.of_kernel(texts.input_hist_raw, key.given)
    return session


def _find(grade_id: str) -> tuple[SourceNotebook, Question]:
    course = Course()
    for name in course.assignments():
        for notebook in course.assignment(name).notebooks.values():
            if question := notebook.questions.get(grade_id):
                return notebook, question
    raise CourseError(f"no source notebook has a question {grade_id!r}; check its test cell")


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Drop all output, also what compiled code writes to the file descriptors."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            yield
    finally:
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        for descriptor in (*saved, nowhere):
            os.close(descriptor)
