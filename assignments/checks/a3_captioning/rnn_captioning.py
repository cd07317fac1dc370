"""Public checks of captioning models, which rnn_captioning and lstm_captioning share."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from assignments.families.captioner import WORDS, Captioner, numbers, words_in_order
from assignments.families.checks import Checks
from assignments.families.layer import Layer
from assignments.student import Student

__all__ = [
    "gradients",
    "loss",
    "nothing",
    "own_states",
    "sample",
    "step_by_step",
    "words_in_order",
]

CAPTIONS = numbers("<START> bird <END> <NULL> <NULL>", "<START> a red bird <END>")
#: Sizes for numerical gradients: few words, so that some occur several times.
SMALL = {"N": 2, "T": 5, "sizes": (3, 2, 3), "words": 6}
NO_SCORES = np.zeros((4, 6))
LIKELIHOODS = np.array([1, 2, 4, 8, 16, 32]) / 63


def own_states(
    student: Student, step: Layer, x: np.ndarray, state: Sequence[np.ndarray], *weights: np.ndarray
) -> dict[str, np.ndarray]:
    """The states that the student's own step leaves over a sequence x (N, T, D)."""
    states = []
    for at_step in x.swapaxes(0, 1):
        case = at_step, *state, *weights
        state = tuple(step.forward.read(step.forward.call(student, case), case).values())
        states.append(state[0])
    return {"h": np.stack(states, axis=1)}


def step_by_step(step: Layer, sequence: Layer) -> Callable[[Student, Any], None]:
    """A check that each state of a sequence is what the student's own step makes of it."""

    def check_step_by_step(student: Student, case: Any) -> None:
        x, h0, *weights = case
        state = (h0, np.zeros_like(h0))[: len(step.outputs)]
        want = own_states(student, step, x, state, *weights)
        sequence.forward.check(student, case, want=want)

    return check_step_by_step


def loss(question: str, captioner: Captioner) -> Checks:
    """The checks of the loss."""
    return (
        Checks(question, captioner.loss)
        # Two words and four are to be said, <END> among them: three a caption.
        .by_hand(
            "If six words are always equally likely, each word that counts costs log 6.",
            captions=CAPTIONS, W_vocab=NO_SCORES, b_vocab=np.zeros(6), loss=3 * math.log(6),
        )
        .by_hand(
            "If the likelihood of a word is the same at each step, the loss adds up the right "
            "words'.",
            captions=CAPTIONS[1:], W_vocab=NO_SCORES, b_vocab=np.log(LIKELIHOODS),
            loss=-np.log(LIKELIHOODS[CAPTIONS[1, 1:]]).sum(),
        )
        .sizes("The loss of two captions is right for parameters drawn at random.",
               {"N": 2, "T": 5, "words": WORDS})
        .untouched("Features, captions and parameters are not changed.", {"N": 2})
    )  # fmt: skip


def gradients(question: str, captioner: Captioner) -> Checks:
    """The checks of the gradients."""
    return (
        Checks(question, captioner.gradients, SMALL)
        .numerical("All eight gradients agree with numerical gradients of your loss.", SMALL)
        .untouched("Features, captions and parameters are not changed.")
        .single()
    )


def sample(question: str, captioner: Captioner, blocks: int = 1) -> Checks:
    """The checks of what is said; the weights of the cell have so many blocks of H columns."""
    links = chain(blocks)
    marks = links["W_vocab"].copy()
    marks[WORDS["<START>"], WORDS["<NULL>"]] = 4.0
    marks[[WORDS["a"], WORDS["<NULL>"]], WORDS["<START>"]] = 4.0
    return (
        Checks(question, captioner.sample)
        .by_hand(
            "A model that has learned only which word follows which says: a red bird.",
            **links, features=np.zeros((2, 1)), max_length=6,
            captions=numbers(*["a red bird <END> <NULL> <NULL>"] * 2),
        )
        .by_hand(
            "<NULL> and <START> are not said, even where their scores are the largest.",
            **{**links, "W_vocab": marks}, features=np.zeros((1, 1)), max_length=5,
            captions=numbers("a red bird <END> <NULL>"),
        )
        .by_hand(
            "A model that counts in its state says: a red bird. A picture may make it begin later.",
            **counting(blocks), features=[[0], [1]], max_length=5,
            captions=numbers("a red bird <END> <NULL>", "red bird <END> <NULL> <NULL>"),
        )
    )  # fmt: skip


def chain(blocks: int) -> dict[str, Any]:
    """A model without memory: <START> -> a -> red -> bird -> <END> -> a, but <NULL> -> bird."""
    words = ("<START>", "a", "red", "bird", "<END>", "a")
    params = nothing(1, 6, 6, blocks)
    for word, after in (*pairwise(words), ("<NULL>", "bird")):
        params["W_vocab"][WORDS[word], WORDS[after]] = 2.0
    params["W_embed"], params["Wx"][:, -6:] = np.eye(6), 3.0 * np.eye(6)
    return params


def counting(blocks: int) -> dict[str, Any]:
    """A model of one unit, whose state grows step by step and is all that tells words apart."""
    states = [0.0]
    for _step in range(4):
        state = math.tanh(0.1 + 2.5 * states[-1])
        # The cell of the LSTM has no memory here: its state is tanh(g).
        states.append(math.tanh(state) if blocks == 4 else state)
    params = nothing(1, 1, 1, blocks)
    params["Wh"][0, -1], params["b"][-1] = 2.5, 0.1
    # <END> leads to the largest state.
    params["W_embed"][WORDS["<END>"]], params["Wx"][0, -1] = 1.0, 5.0
    # A word's score is largest at its own state: 2 s * state - s**2.
    (order,), own = numbers("a red bird <END>"), np.array(states[1:])
    params["W_vocab"][0, order], params["b_vocab"][order] = 200 * own, -100 * own**2 - 1
    params["b_vocab"][numbers("<NULL> <START>")] = -1000.0
    params["W_proj"][0, 0] = states[1]
    return params


def nothing(D: int, W: int, H: int, blocks: int) -> dict[str, Any]:
    """The sizes of a model whose parameters are 0, but for gates that let no memory pass.

    The gates i and o of an LSTM are open, and f is closed.
    """
    shapes = {"W_embed": (6, W), "W_proj": (D, H), "b_proj": (H,), "Wx": (W, blocks * H)}
    shapes |= {"Wh": (H, blocks * H), "W_vocab": (H, 6), "b_vocab": (6,)}
    zeros = {name: np.zeros(shape) for name, shape in shapes.items()}
    b = np.repeat([30.0, -30.0, 30.0, 0.0] if blocks == 4 else [0.0], H)
    return {"sizes": (D, W, H), **zeros, "b": b}
