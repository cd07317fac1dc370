"""The journal: one JSON line for each graded submission, on disk before anything else changes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from assignments.messages import _
from autograder.record import SCHEMA, Report, Written, moment

__all__ = ["Entry", "Journal"]

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Report | Written)


@dataclass(frozen=True)
class Entry:
    """A student's last report, and whether gradebook and pages have it."""

    report: Report
    written: bool


@dataclass
class Journal:
    """An append-only file of reports, and of notes that what follows from a report is written.

    A line that a crash cut short is closed off before the next append. A line that cannot be read,
    for whatever reason, is passed over and counted.

    Attributes:
        skipped: how many lines the last reading passed over.
    """

    path: Path
    skipped: int = field(default=0, init=False)

    def append(self, record: Report | Written) -> None:
        """Write a record and wait until it is on the disk.

        Raises:
            ValueError: it could not be read back; nothing was written.
        """
        line = _encoder.encode(record)
        if _read(line) is None:
            raise ValueError(f"this record cannot be kept in the journal: {line[:200]!r}")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab+") as file:
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    line = b"\n" + line
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def __iter__(self) -> Iterator[Report | Written]:
        """All records in the order of writing."""
        self.skipped = 0
        if not self.path.exists():
            return
        with open(self.path, "rb") as file:
            for line in file:
                record = _read(line)
                if record is None:
                    self.skipped += 1
                else:
                    yield record

    def latest(self, assignment: str) -> dict[str, Entry]:
        """The last report of each student, by student."""
        entries: dict[str, Entry] = {}
        for record in self:
            if record.assignment != assignment:
                continue
            if isinstance(record, Report):
                entries[record.student] = Entry(record, written=False)
            elif (entry := entries.get(record.student)) and record == Written.of(entry.report):
                entries[record.student] = Entry(entry.report, written=True)
        return entries

    def warning(self) -> str:
        """A sentence on the lines that the last reading passed over; empty for none."""
        if not self.skipped:
            return ""
        sentence = _("{file}: lines that cannot be read and were passed over: {count}")
        return sentence.format(file=self.path, count=self.skipped)


def _read(line: bytes) -> Report | Written | None:
    """The record of a line, or None if it is none of today's form."""
    try:
        record = _decoder.decode(line)
        if isinstance(record, Report):
            if record.schema != SCHEMA:
                return None
            if record.timestamp is not None:
                moment(record.timestamp)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return record
