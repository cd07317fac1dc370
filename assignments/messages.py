"""Translation of every sentence that a student reads from code, when it is said.

English is the source. A translated edition adds ``locale/<language>/LC_MESSAGES/assignments.mo``
beside this file; the usual environment variables (``LANGUAGE``, ``LANG``) choose among them.
"""

import gettext
from pathlib import Path

_translation = gettext.translation("assignments", Path(__file__).parent / "locale", fallback=True)
_, ngettext = _translation.gettext, _translation.ngettext


def N_(text: str) -> str:  # gettext's usual name
    """Mark a text for translators that is looked up later, with ``_``, when it is said."""
    return text
