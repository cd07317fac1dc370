"""What was turned in: read it, repair what can be repaired, say what cannot.

Everything here is untrusted bytes. Nothing of it is executed, and no content, however damaged,
raises: what cannot be read is named in ``problems``.
"""

import errno
import hashlib
import json
import os
import stat
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from assignments.messages import _
from autograder.record import moment, plain

__all__ = [
    "Refused", "Submission", "find_submissions", "parse_notebook", "read_small", "read_submission",
]  # fmt: skip

#: A notebook or weights file of more bytes than this is not read.
MAX_FILE = 40 * 2**20
#: Nor are more bytes than this read in all, or more files than that.
MAX_TOTAL, MAX_FILES = 120 * 2**20, 100
#: A notebook of more cells is not read.
MAX_CELLS = 5_000
#: The longest name of a student that a gradebook holds.
MAX_NAME = 128

#: How files are opened: no link is followed, no pipe waited for. Windows knows neither of these
#: flags, and only there are bytes read as text without a third.
_READ = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
    _READ |= getattr(os, _flag, 0)

#: What is read at all; nbgrader's ``timestamp.txt`` is read apart.
SUFFIXES = (".ipynb", ".npz", ".safetensors")


@dataclass(frozen=True)
class Submission:
    """One student's hand-in of one assignment.

    Attributes:
        files: the bytes of each file by name.
        problems: for files that were there but not read, the reason.
        trouble: why nothing of it could be read, if so.
        timestamp: when it was handed in, if nbgrader's ``timestamp.txt`` says so.
    """

    student: str
    assignment: str
    files: dict[str, bytes] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    trouble: str = ""
    timestamp: datetime | None = None

    @property
    def content_hash(self) -> str:
        """SHA-256 over names, bytes, problems and the time of handing in."""
        digest = hashlib.sha256(f"{self.timestamp}\0{self.trouble}\0".encode())
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
        raise LookupError(self.problems.get(name) or self.trouble or missing)

    def extra_files(self, known: set[str]) -> list[str]:
        """The files besides those of these names; where one could not be read, why."""
        names = sorted({*self.files, *self.problems} - known)
        return [self.problems.get(name, name) for name in names]


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
    if len(nb["cells"]) > MAX_CELLS:
        return None, _(
            "the notebook has {count} cells, more than the {limit} that are read"
        ).format(count=len(nb["cells"]), limit=MAX_CELLS)
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


@dataclass(frozen=True)
class Refused:
    """A folder from which no submission can be read, for a reason."""

    folder: Path
    reason: str

    def __str__(self) -> str:
        sentence = _("{folder} is not graded: {reason}")
        folder = plain(str(self.folder)).replace("\n", " ").replace("\t", " ")
        return sentence.format(folder=folder, reason=self.reason)


def find_submissions(
    submitted: Path, assignment: str
) -> tuple[list[tuple[str, Path]], list[Refused]]:
    """(student, folder) of everybody who handed in, as nbgrader lays them out, and who is refused.

    Raises:
        OSError: the folder of all submissions cannot be listed.
    """
    found: list[tuple[str, Path]] = []
    refused: list[Refused] = []
    for student in sorted(submitted.iterdir()) if submitted.is_dir() else []:
        if student.name.startswith("."):
            continue
        folder = student / assignment
        try:
            if not stat.S_ISDIR(os.stat(student).st_mode):
                continue
            os.lstat(folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            refused.append(Refused(student, _cannot_be_read(error)))
            continue
        if reason := _no_student(student):
            refused.append(Refused(student, reason))
        else:
            found.append((student.name, folder))
    return found, refused


def _no_student(folder: Path) -> str:
    """Why the name of a folder cannot be that of a student; empty if it can."""
    if folder.is_symlink():
        return _("it is a link; put the folder itself there")
    if not folder.name.isprintable():
        return _("its name has characters that cannot be shown; give it the student's name")
    if len(folder.name) > MAX_NAME:
        return _("its name is longer than {count} characters").format(count=MAX_NAME)
    return ""


def _cannot_be_read(error: OSError) -> str:
    return _("it cannot be read: {reason}").format(reason=error.strerror)


def read_submission(folder: Path, student: str, assignment: str) -> Submission:
    """Read the files of ``submitted/<student>/<assignment>``.

    Links are not followed, so nothing outside the folder is read.
    """
    try:
        if folder.is_symlink():
            return Submission(
                student,
                assignment,
                trouble=_("{folder} is a link; hand in the folder itself").format(
                    folder=assignment
                ),
            )
        paths = sorted(folder.iterdir())[: 10 * MAX_FILES]
    except OSError as error:
        sentence = _("the folder {folder} cannot be read: {reason}")
        trouble = sentence.format(folder=assignment, reason=error.strerror)
        return Submission(student, assignment, trouble=trouble)
    problems: dict[str, str] = {}
    timestamp = None
    try:
        timestamp = _read_timestamp(folder)
    except _Unreadable as problem:
        problems["timestamp.txt"] = str(problem)
    submission = Submission(student, assignment, problems=problems, timestamp=timestamp)
    total = 0
    for path in paths:
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
        raise _unreadable(path, error) from None
    try:
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
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_FILE)
    except OSError as error:
        raise _unreadable(path, error) from None
    finally:
        os.close(descriptor)


def _unreadable(path: Path, error: OSError) -> _Unreadable:
    if error.errno == errno.ELOOP:
        return _Unreadable(_("{file} is a link; hand in the file itself").format(file=path.name))
    sentence = _("{file} cannot be read: {reason}")
    return _Unreadable(sentence.format(file=path.name, reason=error.strerror))


def read_small(path: Path) -> str | None:
    """The first 1000 bytes of a file as text, or None if it cannot be read so."""
    try:
        return _read_regular(path)[:1000].decode()
    except (_Unreadable, ValueError):
        return None


def _read_timestamp(folder: Path) -> datetime | None:
    path = folder / "timestamp.txt"
    if not os.path.lexists(path):
        return None
    text = _read_regular(path)[:100]
    if not text.strip():
        return None
    try:
        return moment(text.decode())
    except (ValueError, OverflowError):
        reason = _("timestamp.txt gives no time that can be kept; put one there such as {example}")
        raise _Unreadable(reason.format(example="2026-11-21 10:00:00 UTC")) from None
