"""A result: what the weights that a student hands in do on images."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from assignments.data import load_data
from assignments.messages import N_, _
from assignments.questions import Battery
from assignments.results import assert_accuracy, predicted_labels, steps_for, weights_handed_in
from assignments.student import Student

__all__ = ["Result"]


class Result(Battery):
    """The checks at home of a question that is graded by its result::

        best = Result("features-best", WEIGHTS_FILE, SCALE).shown(40, images=500)

    Args:
        file: the name of the weights file.
        percent: of the held-out images, what is asked for; each is worth the same.
        builds_on, cpu: of all checks; see :class:`assignments.questions.Marker`.
    """

    def __init__(
        self,
        question: str,
        file: str,
        percent: Sequence[int],
        *,
        builds_on: Mapping[str, tuple[str, ...]] | None = None,
        cpu: float | None = None,
    ) -> None:
        super().__init__(question, builds_on, cpu)
        self.file, self.percent = file, percent

    def labels(self, student: Student, X: np.ndarray) -> np.ndarray:
        """What the student's code, with the weights handed in, takes the images for."""
        return predicted_labels(student, weights_handed_in(student, self.file), X)

    def shown(self, least: int, images: int) -> Self:
        """The file is usable, and this many percent of the test images are right."""

        @self.add(
            "file", N_("The weights file can be read, and says that they were trained on emoji10.")
        )
        def check_file(student: Student, rng: np.random.Generator) -> None:
            weights_handed_in(student, self.file)

        @self.add(
            "accuracy",
            N_("At least {least} % of {images} test images are classified right."),
            least=str(least),
            images=str(images),
        )
        def check_accuracy(student: Student, rng: np.random.Generator) -> str:
            data = load_data("emoji10", num_train=1, num_test=images)
            labels = self.labels(student, data.X_test)
            accuracy = assert_accuracy(labels, data.y_test, least / 100, _("test images"))
            return steps_for(accuracy, self.percent)

        return self
