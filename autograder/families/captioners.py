"""What the hidden checks ask of captioning models, and pictures whose captions tell much."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from assignments.families.captioner import Captioner, Captions, Sample
from assignments.student import Student
from autograder.families.hidden import Hidden

__all__ = ["gradients", "loss", "sample"]

Before = Mapping[str, tuple[str, ...]]
#: From a right model to one with a mistake.
Wrong = Callable[[Captions], Captions]
#: All sizes alike, but for the number of captions.
ALIKE = {"sizes": (4, 4, 4)}


def loss(question: str, captioner: Captioner, builds_on: Before) -> Hidden:
    """The checks of the loss."""
    return (
        Hidden(question, captioner.loss, builds_on=builds_on)
        .values("The loss of captions of different lengths is the one that PyTorch computes.",
                weight=3)
        .sizes("It is so for a single caption, for the shortest ones, and for many long ones.",
               {"N": 1, "T": 6}, {"N": 3, "T": 4}, {"N": 30, "T": 22})
        .repeated()
    )  # fmt: skip


def gradients(question: str, captioner: Captioner, builds_on: Before) -> Hidden:
    """The checks of the gradients."""
    return (
        Hidden(question, captioner.gradients, builds_on=builds_on)
        .values("The gradients of W_vocab, b_vocab and W_embed are those that PyTorch finds.",
                "W_vocab", "b_vocab", "W_embed", weight=2)
        .values("The gradients of Wx, Wh and b are those that PyTorch finds.",
                "Wx", "Wh", "b", weight=2)
        .values("The gradients of W_proj and b_proj are those that PyTorch finds.",
                "W_proj", "b_proj", weight=2)
        .sizes("All eight are right where all sizes are alike, and for a single caption.",
               ALIKE, {**ALIKE, "N": 1})
        .single()
    )  # fmt: skip


def sample(
    question: str, captioner: Captioner, builds_on: Before, wrong: Sequence[Wrong] = ()
) -> Hidden:
    """The checks of what is said; see :class:`Telling` for ``wrong``."""
    telling = Telling(captioner, wrong)
    return (
        Hidden(question, telling, builds_on=builds_on)
        .values("Captions are the likeliest words, one by one, up to <END>.", weight=3)
        .holds("A picture gets the same caption alone as among others.",
               telling.check_each_alone, ())
        .holds("Captions have max_length places, 30 where it is not given, also in single "
               "precision.", telling.check_lengths, (), weight=0.5)
        .repeated(times=2)
    )  # fmt: skip


# --- captions that tell much ----------------------------------------------------------------------


class Telling(Sample):
    """What a captioning model says of pictures whose captions end here and there and vary.

    Args:
        wrong: mistakes, which are to say something else.
    """

    def __init__(self, captioner: Captioner, wrong: Sequence[Wrong]) -> None:
        super().__init__(captioner)
        self.wrong = (begins_with_word_1, *wrong)

    def draw(self, rng: np.random.Generator, size: Any) -> Captions:
        while True:
            case = replace(self.model.net(rng, N=30, sizes=(4, 5, 6), words=9), max_length=9)
            for name in case.weights:  # so that the picture and all words before matter
                case.params[name] *= 4 if name == "W_vocab" else 2
            case.params["b_vocab"][case.marks[2]] = rng.normal(0.5, 0.5)
            rows = telling_rows(case)
            if not rows:
                continue
            case = replace(case, X=case.X[rows])
            right = self.right(case)["captions"]
            if all((self.right(wrong(case))["captions"] != right).any() for wrong in self.wrong):
                return case

    def check_each_alone(self, student: Student, case: Captions) -> None:
        """Is each caption the same without the others?"""
        for row in range(len(case.X)):
            self.check(student, replace(case, X=case.X[[row]]))

    def check_lengths(self, student: Student, case: Captions) -> None:
        """Are captions as long as was asked for, also in single precision?"""
        for one in (replace(case, max_length=3), replace(case, max_length=None), self.single(case)):
            self.check(student, one)


def begins_with_word_1(case: Captions) -> Captions:
    """The first word that goes in has the number 1, as <START> has in many a vocabulary."""
    W_embed = case.params["W_embed"].copy()
    W_embed[case.marks[1]] = W_embed[1]
    return replace(case, params={**case.params, "W_embed": W_embed})


def telling_rows(case: Captions) -> list[int]:
    """Five pictures whose captions end here and there and vary, or none.

    <NULL> would have been said in the first, and <START> in the second: that tells apart who
    forgets one, or the other. One would begin again after its <END>.
    """
    null, start, end = case.marks
    spoken = case.spoken(case.leaves())
    words, captions = case.best(spoken).numpy(), case.said(spoken)
    over = np.cumsum(words == end, axis=1) - (words == end) > 0
    lengths, talks_on = (captions != null).sum(axis=1), (over & (words != end)).any(axis=1)
    # By how much the score of a word that is said is ahead of the next one.
    allowed = np.sort(np.delete(spoken, [null, start], axis=2))
    margins = np.where(over, np.inf, allowed[..., -1] - allowed[..., -2]).min(axis=1)
    # Which mark has first the largest score; an <END> that is missing looks like <NULL>.
    largest = np.where(over | (words == end), end, spoken.argmax(axis=2))
    first = np.isin(largest, (null, start)).argmax(axis=1)
    forbidden = largest[np.arange(len(words)), first]
    _captions, different = np.unique(captions, axis=0, return_index=True)
    good = [row for row in different if margins[row] > 0.01 and lengths[row] > 1]
    rows = [row for mark in (null, start) for row in [r for r in good if forbidden[r] == mark][:1]]
    others = sorted(set(good) - set(rows), key=lambda row: (lengths[row], row))
    if len(rows) < 2 or len(others) < 3:
        return []
    rows += [others[0], others[-1], others[len(others) // 2]]
    moves = (captions[rows, 0] != captions[rows, 1]).any()
    varies = len(set(lengths[rows])) >= 3 and talks_on[rows].any()
    return rows if moves and varies else []
