"""A result on images that nobody has seen."""

from typing import Self

import numpy as np

from assignments.families.result import Result
from assignments.messages import N_, _
from assignments.results import assert_accuracy
from assignments.student import CheckFailed, Student
from autograder.heldout import heldout_images

__all__ = ["HeldOutResult"]


class HeldOutResult(Result):
    """The hidden checks of a question that is graded by its result, with one for each percentage.

    The images are classified once for all of them.
    """

    def heldout(self) -> Self:
        """These many percent of the held-out images are right."""
        for percent in self.percent:
            self._add_at_least(percent)
        return self

    def _add_at_least(self, percent: int) -> None:
        @self.add(
            f"at_least_{percent}",
            N_("At least {percent} % of the held-out images are classified right."),
            percent=str(percent),
        )
        def check_accuracy(student: Student, rng: np.random.Generator) -> None:
            X, y = heldout_images(student.course_seed)
            if "labels" not in student.shared:
                try:
                    student.shared["labels"] = self.labels(student, X)
                except CheckFailed as failure:
                    student.shared["labels"] = failure
            if isinstance(student.shared["labels"], CheckFailed):
                raise student.shared["labels"]
            what = _("held-out images")
            assert_accuracy(student.shared["labels"], y, percent / 100, what)
