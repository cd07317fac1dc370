"""A model in NumPy that captions pictures: a class with ``loss`` and ``sample``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, count
from typing import Any, ClassVar

import numpy as np
import torch
from torch.nn import functional as F

from assignments.compare import to_array, unpack
from assignments.data.vocabulary import END, NULL, START
from assignments.families.model import (
    LOSS,
    Gradients,
    LossValue,
    Net,
    OfNet,
    OwnScores,
    Params,
    Trainable,
    draw_parameter,
    try_parameters,
)
from assignments.messages import N_, _
from assignments.student import CheckFailed, Student

__all__ = [
    "WORDS",
    "Captioner",
    "Captions",
    "Cell",
    "Sample",
    "numbers",
    "unroll",
    "words_in_order",
]

#: State and cell, (N, H) each; without gates, nothing reads the cell.
State = tuple[torch.Tensor, torch.Tensor]

#: A step of a recurrent network by PyTorch: ``cell(x, state, Wx, Wh, b)``, x (N, D).
Cell = Callable[..., State]

#: The words of examples by hand; <NULL>, <START> and <END> have other numbers than usual.
WORDS = {"a": 0, NULL: 1, "red": 2, END: 3, "bird": 4, START: 5}


def numbers(*captions: str) -> np.ndarray:
    """Captions of as many of these words each, as numbers."""
    return np.array([[WORDS[word] for word in caption.split()] for caption in captions])


def words_in_order(order: Iterable[int]) -> dict[str, int]:
    """A vocabulary in which word number i of a fixed list has the number order[i]."""
    listed = chain((NULL, START, END), (f"word{i}" for i in count(3)))
    return {word: int(number) for word, number in zip(listed, order, strict=False)}


def with_empty_cell(h: torch.Tensor) -> State:
    """What a sequence begins with."""
    return h, torch.zeros_like(h)


def unroll(cell: Cell, x: torch.Tensor, h: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
    """The states (N, T, H) after each step of x (N, T, D), from a first state and an empty cell."""
    state, states = with_empty_cell(h), []
    for at_step in x.unbind(1):
        state = cell(at_step, state, *weights)
        states.append(state[0])
    return torch.stack(states, 1)


@dataclass(frozen=True)
class Captioner(Trainable):
    """A class ``name(word_to_idx, ...)`` with ``params``, ``loss`` and ``sample``.

    An affine layer makes a recurrent network's first state of the features of a picture. Word
    vectors go in, and of each state an affine layer makes the scores of the next word.
    ``loss(features, captions)`` returns the cross-entropy of all next words that are not <NULL>,
    summed over each caption, averaged over captions, and its gradients by the names of the
    parameters. ``sample(features, max_length=30)`` returns captions by greedy decoding.

    Attributes:
        cell: of the recurrent network.
        begin: from the first state to state and cell.
        larger: by how much some weights begin larger than with variance 1 / inputs.
    """

    cell: Cell
    begin: Callable[[torch.Tensor], State] = with_empty_cell
    larger: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def loss(self) -> "CaptionLoss":
        """What is asked of the loss."""
        return CaptionLoss(self)

    @cached_property
    def gradients(self) -> "CaptionGradients":
        """What is asked of the gradients."""
        return CaptionGradients(self)

    @cached_property
    def sample(self) -> "Sample":
        """What is asked of ``sample``."""
        return Sample(self)

    def first_params(self, settings: Mapping[str, Any]) -> dict[str, np.ndarray]:
        params = {}
        for name, shape in self.shapes_for(settings).items():
            scale = 0.1 if name == "W_embed" else shape[0] ** -0.5
            scale *= self.larger.get(name, 1)
            params[name] = np.random.normal(0, scale, shape) if "W" in name else np.zeros(shape)
        # Gates begin fairly open.
        params["b"][: -settings["hidden_dim"]] = 1
        return params

    def case(self, settings: Mapping, params: dict, X: np.ndarray, y: Any = None) -> "Captions":
        return Captions(self, settings, params, X, y)

    def net(
        self,
        rng: np.random.Generator,
        N: int = 4,
        T: int = 7,
        sizes: tuple[int, int, int] = (5, 3, 4),
        words: int | Mapping[str, int] = 8,
    ) -> "Captions":
        """A random model with features and captions of different lengths, the first of T words.

        Args:
            sizes: of features, word vectors and states.
            words: how many, with numbers at random, or these.
        """
        if isinstance(words, int):
            words = words_in_order(rng.permutation(words))
        named = zip(("input_dim", "wordvec_dim", "hidden_dim"), sizes, strict=True)
        settings = {"word_to_idx": dict(words), **dict(named)}
        shapes = self.shapes_for(settings)
        params = {name: draw_parameter(rng, name, shape) for name, shape in shapes.items()}
        features = rng.normal(size=(N, sizes[0]))
        null, start, end = (words[mark] for mark in (NULL, START, END))
        captions = np.full((N, T), null)
        captions[:, 0] = start
        others = sorted(set(words.values()) - {null, start, end})
        for row, last in enumerate([T - 1, *rng.integers(2, max(T - 1, 3), size=N - 1)]):
            captions[row, 1:last] = rng.choice(others, size=last - 1)
            captions[row, last] = end
        return self.case(settings, params, features, captions)

    def standin(self) -> type:
        made, model = super().standin(), self

        def sample(self: Any, features: np.ndarray, max_length: int = 30) -> np.ndarray:
            """Features (N, D) -> words by greedy decoding, (N, max_length)."""
            case = model.case({**model.defaults, **vars(self)}, self.params, features)
            case = replace(case, max_length=max_length)
            return case.said(case.spoken(case.leaves(keep=True)))

        made.sample = sample  # type: ignore[attr-defined]
        return made


@dataclass(frozen=True)
class Captions(Net):
    """A model with parameters, pictures and captions, and what is right for them.

    Attributes:
        X, y: features (N, D) and captions (N, T).
        max_length: of what ``sample`` is to say; None for what it says by default.
    """

    max_length: int | None = None

    @property
    def marks(self) -> tuple[int, int, int]:
        """The numbers of <NULL>, <START> and <END>."""
        null, start, end = (self.settings["word_to_idx"][mark] for mark in (NULL, START, END))
        return null, start, end

    def first(self, leaves: Params) -> torch.Tensor:
        """The state that the features make."""
        X = torch.tensor(self.X, dtype=leaves["W_proj"].dtype)
        return X @ leaves["W_proj"] + leaves["b_proj"]

    def scores(self, leaves: Params, training: bool = True) -> torch.Tensor:
        """The right scores of all words to come, (N, T - 1, V)."""
        words = torch.tensor(self.y, dtype=torch.int64)[:, :-1]
        x, weights = F.embedding(words, leaves["W_embed"]), [leaves[n] for n in ("Wx", "Wh", "b")]
        h = unroll(self.model.cell, x, self.first(leaves), *weights)
        return h @ leaves["W_vocab"] + leaves["b_vocab"]

    def loss_of(self, scores: torch.Tensor, leaves: Params) -> torch.Tensor:
        null, words = self.marks[0], torch.tensor(self.y, dtype=torch.int64)[:, 1:]
        each = scores.flatten(0, 1), words.flatten()
        return F.cross_entropy(*each, ignore_index=null, reduction="sum") / len(words)

    @torch.no_grad()
    def spoken(self, leaves: Params) -> np.ndarray:
        """The right scores of all words in greedy decoding, (N, max_length, V)."""
        state = self.model.begin(self.first(leaves))
        word = torch.full((len(self.X),), self.marks[1])
        weights, spoken = [leaves[name] for name in ("Wx", "Wh", "b")], []
        for _place in range(self.max_length or 30):
            state = self.model.cell(F.embedding(word, leaves["W_embed"]), state, *weights)
            spoken.append(state[0] @ leaves["W_vocab"] + leaves["b_vocab"])
            word = self.best(spoken[-1])
        return torch.stack(spoken, 1).numpy()

    def best(self, scores: Any) -> Any:
        """Which words have the largest of scores (..., V), but for <NULL> and <START>."""
        scores = torch.as_tensor(scores).clone()
        scores[..., list(self.marks[:2])] = -torch.inf
        return scores.argmax(-1)

    def said(self, spoken: np.ndarray) -> np.ndarray:
        """The captions of these scores: after the first <END> there is only <NULL>."""
        null, _start, end = self.marks
        words = self.best(spoken).numpy()
        ends = words == end
        return np.where(np.cumsum(ends, axis=1) - ends > 0, null, words)


class OfCaptions(OfNet):
    """An exercise whose case is a captioning model with pictures and captions.

    An example by hand has the vocabulary WORDS; parameters that it does not name are drawn.
    """

    arguments: tuple[str, ...] = ("features", "captions")

    def example(self, given: dict[str, Any]) -> Captions:
        """A model with the parameters of an example by hand, of which ``sizes`` are no part."""
        case = self.model.net(
            np.random.default_rng(0), sizes=given.pop("sizes", (5, 3, 4)), words=WORDS
        )
        return replace(case, params={n: given.pop(n, value) for n, value in case.params.items()})

    def factors(self, case: Net) -> dict[str, float]:
        return {_("the number of captions"): float(len(case.X))}


class CaptionLoss(OfCaptions, LossValue):
    """The loss of a captioning model."""

    UNTOUCHED: ClassVar[str] = N_(
        "Features, captions and parameters are as they were, and the loss is right."
    )

    def by_hand(self, given: dict[str, Any]) -> tuple[Captions, dict[str, Any]]:
        case, captions = self.example(given), given.pop("captions")
        return replace(case, X=case.X[: len(captions)], y=captions), given

    def follows(self, student: Student, case: Net, only: Sequence[str]) -> bool:
        return False  # no scores are asked for that a loss could follow from


class CaptionGradients(OfCaptions, Gradients):
    """The gradients of a captioning model, which may follow from its own loss."""

    IN_SINGLE: ClassVar[str] = N_(
        "A model in single precision gets right gradients in single precision."
    )

    def follows(self, student: Student, case: Net, only: Sequence[str]) -> bool:
        """Do they follow from the model's own loss, which is wrong?"""
        try:
            self.model.loss.check(student, case.changed(dtype=np.float64))
        except CheckFailed:
            return super().follows(student, case, only)
        return False

    def own(self, student: Student, case: Net) -> "OwnLoss":
        return OwnLoss(student, case.changed(dtype=np.float64))


class Sample(OfCaptions):
    """What a captioning model says of pictures."""

    UNTOUCHED: ClassVar[str] = N_(
        "Features are as they were, captions are whole numbers, and the same the second time."
    )
    name, arguments = "sample", ("features",)

    def by_hand(self, given: dict[str, Any]) -> tuple[Captions, dict[str, Any]]:
        X, max_length = given.pop("features"), given.pop("max_length")
        return replace(self.example(given), X=X, max_length=max_length), given

    def call(self, student: Student, case: Captions) -> Any:
        lengths = {} if case.max_length is None else {"max_length": case.max_length}
        return case.made(student).sample(case.X, **lengths)

    def read(self, answer: Any, case: Captions) -> dict[str, Any]:
        return {"captions": answer}

    def right(self, case: Captions) -> dict[str, Any]:
        return {"captions": case.said(case.spoken(case.leaves()))}

    def assert_untouched(self, student: Student, case: Captions, answer: Any) -> None:
        super().assert_untouched(student, case, answer)
        if to_array(answer, "captions").dtype.kind not in "iu":
            raise CheckFailed(_("captions are not whole numbers"))


class OwnLoss(OwnScores):
    """What follows from the loss of the student's own captioning model, right or wrong."""

    def losses(self, name: str) -> Callable[[list[np.ndarray]], list[float]]:
        net = self.net
        answers = try_parameters(self.student, self.model, net.params, name, net.X, net.y)
        return lambda values: [
            float(to_array(unpack(reply, "loss", LOSS)[0], "loss", ndim=0))
            for reply in answers(values)
        ]

    def depend_on_weights(self) -> bool:
        """Is it a loss of words: do all weights count, and not what all scores have in common?"""
        # A picture that does not count costs points in the question of the loss.
        for name in ("W_embed", "Wx", "Wh", "W_vocab", "b_vocab"):
            value = self.net.params[name]
            one, other, moved = self.losses(name)([value, 1.5 * value, value + 1.0])
            if one == other or (name == "b_vocab" and abs(one - moved) > 1e-6):
                return False
        return True
