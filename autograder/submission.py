"""What was turned in: read it, repair what can be repaired, say what cannot.

Everything here is untrusted bytes. Nothing of it is executed, and no content, however damaged,
raises: what cannot be read is named in ``problems``.
"""

import hashlib
import json
import os
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from assignments.messages import _

__all__ = ["Submission", "find_submissions", "parse_notebook", "read_small", "read_submission"]

#: A notebook or weights file of more bytes than this is not read.
MAX_FILE = 40 * 2**20
#: Nor are more bytes than this read in all, or more files than that.
MAX_TOTAL, MAX_FILES = 120 * 2**20, 100

#: How files are opened: no link is followed, no pipe waited for. Windows knows neither of these
#: flags, and only there are bytes read as text without a third.
_READ = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
    _READ |= getattr(os, _flag, 0)

#: What is read at all; nbgrader's timestamp is read apart.
SUFFIXES = (".ipynb", ".npz", ".safetensors")


@dataclass(frozen=True)
class Submission:
    """One student's hand-in of one assignment.

    Attributes:
        files: the bytes of each file by name.
        problems: for files that were there but not read, the reason.
        timestamp: when it was handed in, if nbgrader's ``timestamp.txt`` says so.
    """

    student: str
    assignment: str
    files: dict[str, bytes] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    timestamp: datetime | None = None

    @property
    def content_hash(self) -> str:
        """SHA-256 over names, bytes and problems."""
        digest = hashlib.sha256()
        for name, data in sorted(self.files.items()):
            digest.update(f"{name}\0{len(data)}\0".encode(errors="surrogateescape") + data)
        for name, problem in sorted(self.problems.items()):
            digest.update(f"{name}\0{problem}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def notebook(self, name: str) -> dict | None:
        """The notebook ``<name>.ipynb`` as JSON data, or None if it is missing or unreadable."""
        data = self.files.get(f"{name}.ipynb")
        return None if data is None else parse_notebook(data)[0]

    def why_not(self, name: str) -> str:
        """Why :meth:`notebook` gives None."""
        file = f"{name}.ipynb"
        try:
            return f"{file}: {parse_notebook(self.file(file))[1]}"
        except LookupError as error:
            return error.args[0]

    def file(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            LookupError: it is missing or was not read; the message says which, and what to do.
        """
        if name in self.files:
            return self.files[name]
        missing = _("{file} is missing from the submission").format(file=name)
        raise LookupError(self.problems.get(name, missing))


def parse_notebook(data: bytes) -> tuple[dict | None, str]:
    """Notebook data from bytes: (notebook, "") or (None, reason).

    A notebook is a JSON object with a list of cells; cells that are no objects are dropped.
    """
    if not data.strip():
        return None, _("the file is empty")
    try:
        nb = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None, _("the file is not text in UTF-8")
    except (ValueError, RecursionError) as error:
        where = _(" (line {line})").format(line=error.lineno) if hasattr(error, "lineno") else ""
        return None, _("the file is not a notebook: its JSON is broken{where}").format(where=where)
    if not isinstance(nb, dict):
        return None, _("the file is not a notebook: it holds no JSON object")
    if not isinstance(nb.get("cells"), list):
        sheets = nb.get("worksheets")
        if not isinstance(sheets, list):
            return None, _("the file is not a notebook: it has no cells")
        nb["cells"] = [
            {**cell, "source": cell.get("source", cell.get("input", ""))}
            for sheet in sheets
            if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
            for cell in sheet["cells"]
            if isinstance(cell, dict)
        ]
    nb["cells"] = [cell for cell in nb["cells"] if isinstance(cell, dict)]
    if language := _other_language(nb):
        return None, _("the notebook is written in {language}, not in Python").format(
            language=language
        )
    return nb, ""


def _other_language(nb: dict) -> str:
    metadata = nb.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for section, key in (("language_info", "name"), ("kernelspec", "language")):
        part = metadata.get(section)
        language = part.get(key) if isinstance(part, dict) else None
        if isinstance(language, str) and language:
            return "" if language.lower() in ("python", "python3", "ipython") else language[:40]
    return ""


def find_submissions(submitted: Path, assignment: str) -> list[tuple[str, Path]]:
    """(student, folder) of everybody who handed in, as nbgrader lays them out."""
    if not submitted.is_dir():
        return []
    return sorted(
        (folder.name, folder / assignment)
        for folder in submitted.iterdir()
        if not folder.name.startswith(".")
        and not folder.is_symlink()
        and (folder / assignment).is_dir()
        and not (folder / assignment).is_symlink()
    )


def read_submission(folder: Path, student: str, assignment: str) -> Submission:
    """Read the files of ``submitted/<student>/<assignment>``.

    Links are not followed, so nothing outside the folder is read.
    """
    submission = Submission(student, assignment, timestamp=_read_timestamp(folder))
    total = 0
    for path in sorted(folder.iterdir())[: 10 * MAX_FILES]:
        if path.suffix not in SUFFIXES:
            continue
        name = path.name
        try:
            data = _read_regular(path)
        except _Unreadable as problem:
            submission.problems[name] = str(problem)
            continue
        total += len(data)
        if total > MAX_TOTAL or len(submission.files) >= MAX_FILES:
            submission.problems[name] = _("the submission has too many or too large files")
            continue
        submission.files[name] = data
    return submission


class _Unreadable(Exception):
    """A file of a submission that is not read; says why."""


def _read_regular(path: Path) -> bytes:
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        if path.is_symlink():
            raise _Unreadable(
                _("{file} is a link; hand in the file itself").format(file=path.name)
            ) from None
        raise _Unreadable(
            _("{file} cannot be read: {reason}").format(file=path.name, reason=error.strerror)
        ) from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _Unreadable(_("{file} is not a file").format(file=path.name))
        if status.st_size > MAX_FILE:
            reason = _("{file} has {size} MB, more than the {limit} MB that are read")
            if path.suffix == ".ipynb":
                reason += _("; clear the outputs of its cells and hand it in again")
            raise _Unreadable(
                reason.format(file=path.name, size=status.st_size // 2**20, limit=MAX_FILE // 2**20)
            )
        return file.read(MAX_FILE)


def read_small(path: Path) -> str | None:
    """The first 1000 bytes of a file as text, or None if it cannot be read so."""
    try:
        return _read_regular(path)[:1000].decode()
    except (_Unreadable, OSError, ValueError):
        return None


def _read_timestamp(folder: Path) -> datetime | None:
    try:
        text = _read_regular(folder / "timestamp.txt")[:100].decode()
        # nbgrader writes "2026-11-21 10:00:00.000000 UTC".
        when = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
    except (_Unreadable, OSError, ValueError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
