"""Grade one notebook that is handed in with a weights file, in a sandbox of its own."""

import copy
import io
import json
from collections.abc import Mapping

import msgspec
import numpy as np

from autograder.answer_key import answer_key
from autograder.course import Assignment, Course
from autograder.grading import Settings, grade_submission
from autograder.mistakes import Patch, apply_patch
from autograder.record import QuestionRecord, Report
from autograder.sandbox.limits import Limits
from autograder.submission import Submission

SETTINGS = Settings(b"secret", limits=Limits(cpu=5.0, wall=60.0))


class HandedIn:
    """A notebook of this course with one question that is graded by its result."""

    def __init__(self, assignment: str, name: str) -> None:
        self.source = Course().assignment(assignment).notebooks[name]
        self.key = answer_key(self.source)
        (self.weights_file,) = self.key.files

    def grade(
        self, patch: Patch | None = None, files: Mapping[str, bytes | None] | None = None
    ) -> Report:
        """The report of the reference, perhaps patched, with other files; None is no file."""
        cells = apply_patch(self.source.cells, patch) if patch else self.source.cells
        nb = copy.deepcopy(self.source.nb)
        for cell, patched in zip(nb["cells"], cells, strict=False):
            cell["source"] = patched.source
        for extra in cells[len(self.source.cells) :]:
            code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
            nb["cells"].append({**code, "source": extra.source, "id": f"extra-{extra.number}"})
        return self.grade_files(
            {self.source.path.name: json.dumps(nb).encode(), **self.key.files, **(files or {})}
        )

    def grade_released(self) -> Report:
        """The report of the untouched release, without a weights file."""
        released = Course().release_dir / self.source.assignment / self.source.path.name
        return self.grade_files({self.source.path.name: released.read_bytes()})

    def grade_files(self, files: Mapping[str, bytes | None]) -> Report:
        given = {name: data for name, data in files.items() if data is not None}
        submission = Submission("ada", self.source.assignment, given)
        assignment = Assignment(self.source.assignment, {self.source.name: self.source})
        report = grade_submission(submission, assignment, SETTINGS)
        assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
        return report

    def questions(self, report: Report) -> dict[str, QuestionRecord]:
        return report.notebooks[self.source.name].questions

    def lost(self, report: Report) -> set[str]:
        """The questions that lost points."""
        graded = self.questions(report)
        return {name for name, q in graded.items() if q.score < q.max_score}

    def arrays(self) -> dict[str, np.ndarray]:
        """The reference's weights file."""
        with np.load(io.BytesIO(self.key.files[self.weights_file])) as file:
            return dict(file)

    def weights(self, **changes: np.ndarray | str | None) -> bytes:
        """The reference's weights file with other arrays; None is no such array."""
        arrays = {**self.arrays(), **changes}
        buffer = io.BytesIO()
        np.savez(buffer, **{name: a for name, a in arrays.items() if a is not None})
        return buffer.getvalue()

    def states_its_scale(self, question: str) -> bool:
        """Does the notebook's table have the shares that the checks ask for, and no others?"""
        table = next(c.source for c in self.source.cells if "right labels, at least" in c.source)
        line = next(line for line in table.splitlines() if line.startswith("| right labels"))
        stated = [part.strip() for part in line.split("|")[2:-1]]
        checks = self.key.checks[question]
        return stated == [f"{check.name[-2:]} %" for check in checks] and all(
            check.marker.weight == 1 and f"{check.name[-2:]} % " in check.sentence
            for check in checks
        )
