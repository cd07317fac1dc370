"""Where data files lie: those that came with the project, and those made or downloaded here.

- `embedded_folder` finds what needs no network: ``datasets/`` in a clone,
  ``assignments/data/files`` in an installed wheel.
- `cache_folder` is where downloads and ready-made image arrays are kept. The environment variable
  ``ASSIGNMENTS_DATA`` moves it.
"""

import os
import sys
from pathlib import Path

from assignments.messages import _

_HERE = Path(__file__).resolve().parent
_CLONE = _HERE.parents[1] / "datasets"
_WHEEL = _HERE / "files"


def embedded_folder(name: str) -> Path:
    """Return the folder of an embedded collection of files, such as ``emoji``.

    Raises FileNotFoundError when neither the clone nor the installed package has it.
    """
    for parent in (_CLONE, _WHEEL):
        if (parent / name / "manifest.json").is_file():
            return parent / name
    raise FileNotFoundError(
        _(
            "The files of '{name}' are in neither {clone} nor {wheel}. "
            "Clone the whole project again, or install the assignments package again."
        ).format(name=name, clone=_CLONE, wheel=_WHEEL)
    )


def cache_folder() -> Path:
    """Return the folder for downloads and ready-made arrays (it may not exist yet).

    ``ASSIGNMENTS_DATA`` if set, else the system's usual place for a user's cached files.
    """
    chosen = os.environ.get("ASSIGNMENTS_DATA")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        parent = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        parent = Path.home() / "Library" / "Caches"
    else:
        parent = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return parent / "vision-assignments"
