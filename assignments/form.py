"""Right values in another form than the documented one, such as a list where an array should be.

Comparisons accept such values and note their form here; :func:`assignments.questions.run_check`
collects what one check noted, and the question loses one small check for it, however often it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["note_form", "noted_forms"]

_noted: ContextVar[dict[str, None] | None] = ContextVar("noted", default=None)


def note_form(sentence: str) -> None:
    """Note a form that is not the documented one; outside a check nothing happens."""
    forms = _noted.get()
    if forms is not None:
        forms[sentence] = None


@contextmanager
def noted_forms() -> Iterator[dict[str, None]]:
    """Collects what is noted while it lasts, each sentence once, in order."""
    forms: dict[str, None] = {}
    token = _noted.set(forms)
    try:
        yield forms
    finally:
        _noted.reset(token)
