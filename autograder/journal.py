"""The journal: one JSON line for each graded submission, on disk before anything else changes."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Journal"]


@dataclass(frozen=True)
class Journal:
    """An append-only file of reports.

    A line that a crash cut short is skipped when reading and closed off before the next append.
    """

    path: Path

    def append(self, report: dict) -> None:
        """Write a report and wait until it is on the disk."""
        line = json.dumps(report, allow_nan=False).encode("ascii")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab+") as file:
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    line = b"\n" + line
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def __iter__(self) -> Iterator[dict]:
        """All reports in the order of grading."""
        if not self.path.exists():
            return
        with open(self.path, encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    report = json.loads(line)
                except ValueError:
                    continue
                if isinstance(report, dict) and "student" in report:
                    yield report

    def latest(self, assignment: str) -> dict[str, dict]:
        """The last report of each student, by student."""
        return {r["student"]: r for r in self if r.get("assignment") == assignment}
