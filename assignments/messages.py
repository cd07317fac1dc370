"""Translation of every sentence that a student reads from code.

English is the source. A translated edition adds ``locale/<language>/LC_MESSAGES/assignments.mo``
beside this file; the usual environment variables (``LANGUAGE``, ``LANG``) choose among them.
"""

import gettext
from pathlib import Path

_translation = gettext.translation("assignments", Path(__file__).parent / "locale", fallback=True)
_, ngettext = _translation.gettext, _translation.ngettext
