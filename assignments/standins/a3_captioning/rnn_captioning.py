"""What rnn_captioning asks for, declared once; its stand-ins follow.

N captions, T steps, D numbers a word, H hidden units, V words. No gradient is written out here.
"""

from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.compare import unpack
from assignments.families.captioner import Captioner, State, unroll
from assignments.families.exercise import Exercise
from assignments.families.layer import Layer
from assignments.messages import N_
from assignments.student import Student

__all__ = [
    "CaptioningRNN",
    "rnn_backward",
    "rnn_forward",
    "rnn_step_backward",
    "rnn_step_forward",
    "word_embedding_backward",
    "word_embedding_forward",
]


def rnn_cell(
    x: torch.Tensor, state: State, Wx: torch.Tensor, Wh: torch.Tensor, b: torch.Tensor
) -> State:
    """The state after a step; there is no cell."""
    h, c = state
    return torch.rnn_tanh_cell(x, h, Wx.T, Wh.T, b, torch.zeros_like(b)), c


def cell_inputs(
    rng: np.random.Generator, shape: tuple[int, ...], H: int, scale: float = 1.0, blocks: int = 1
) -> tuple[np.ndarray, ...]:
    """x (N, ..., D), states (N, H), Wx, Wh and b, so that tanh is neither linear nor flat.

    Args:
        shape: of x.
        blocks: how many blocks of H columns the weights have.
    """
    x, h = rng.normal(size=shape), rng.uniform(-0.9, 0.9, size=(shape[0], H))
    Wx, Wh = (
        rng.normal(0, scale * 0.7 / size**0.5, size=(size, blocks * H)) for size in (shape[-1], H)
    )
    return x, h, Wx, Wh, rng.normal(0, scale * 0.4, size=blocks * H)


rnn_step = Layer(
    "rnn_step",
    twin=lambda x, h, *weights: rnn_cell(x, (h, h), *weights)[0],
    inputs=cell_inputs,
    arguments=("x", "prev_h", "Wx", "Wh", "b"),
    outputs=("next_h",),
)
rnn_step_forward, rnn_step_backward = rnn_step.standin()

rnn = Layer(
    "rnn",
    twin=partial(unroll, rnn_cell),
    inputs=cell_inputs,
    arguments=("x", "h0", "Wx", "Wh", "b"),
    outputs=("h",),
    counted=(N_("the number of examples"), N_("the number of steps")),
)
rnn_forward, rnn_backward = rnn.standin()


def words_and_vectors(
    rng: np.random.Generator, shape: tuple[int, ...], V: int, D: int
) -> tuple[np.ndarray, np.ndarray]:
    """Words x of some shape, a few of which occur nowhere, others more often, and W (V, D)."""
    return rng.integers(max(V - 3, 1), size=shape), rng.normal(size=(V, D))


embedding = Layer(
    "word_embedding",
    twin=lambda x, W: F.embedding(torch.tensor(x, dtype=torch.int64), W),
    inputs=words_and_vectors,
    arguments=("x", "W"),
)
word_embedding_forward, word_embedding_backward = embedding.standin()


def captioner_shapes(
    word_to_idx: dict[str, int],
    input_dim: int,
    wordvec_dim: int,
    hidden_dim: int,
    blocks: int = 1,
    **_others: Any,
) -> dict[str, tuple[int, ...]]:
    """Word vectors, projection of the features, recurrent network, scores."""
    V, D, W, H = len(word_to_idx), input_dim, wordvec_dim, hidden_dim
    first = {"W_embed": (V, W), "W_proj": (D, H), "b_proj": (H,)}
    cell = {"Wx": (W, blocks * H), "Wh": (H, blocks * H), "b": (blocks * H,)}
    return {**first, **cell, "W_vocab": (H, V), "b_vocab": (V,)}


SIZES = {"word_to_idx": {}, "input_dim": 512, "wordvec_dim": 128, "hidden_dim": 128}

captioner = Captioner(
    "CaptioningRNN",
    defaults={**SIZES, "cell_type": "rnn", "dtype": np.float32},
    shapes=captioner_shapes,
    cell=rnn_cell,
)
CaptioningRNN = captioner.standin()


# --- asked for in its stretch exercise -----------------------------------------------------------


class Truncated(Exercise):
    """``rnn_backward_truncated(dh, cache, piece)``, with the cache of ``rnn_forward``.

    No gradient passes from a piece of so many steps into the one before.
    """

    name = "rnn_backward_truncated"
    arguments = (*rnn.arguments, "dh", "piece")
    parts = tuple(f"d{name}" for name in rnn.arguments)

    def inputs(  # type: ignore[override]
        self, rng: np.random.Generator, shape: tuple[int, int, int], H: int, piece: int
    ) -> tuple[Any, ...]:
        return *cell_inputs(rng, shape, H), rng.normal(size=(*shape[:2], H)), piece

    def call(self, student: Student, case: Any) -> Any:
        *arrays, dh, piece = case
        cache = rnn.forward.cache(rnn.forward.call(student, arrays))
        return student.call(self.name, dh, cache, piece)

    def read(self, answer: Any, case: Any) -> dict[str, Any]:
        return dict(zip(self.parts, unpack(answer, self.name, self.parts), strict=True))

    def right(self, case: Any) -> dict[str, np.ndarray]:
        *arrays, dh, piece = case
        leaves = [torch.tensor(a, dtype=torch.float64).requires_grad_() for a in arrays]
        x, h, *weights = leaves
        states = []
        for first in range(0, x.shape[1], piece):
            states.append(rnn.twin(x[:, first : first + piece], h, *weights))
            h = states[-1][:, -1].detach()
        wanted = torch.autograd.grad(torch.cat(states, 1), leaves, torch.tensor(dh))
        return {name: grad.numpy() for name, grad in zip(self.parts, wanted, strict=True)}

    def watched(self, case: Any) -> dict[int | str, str]:
        return {0: "dh"}


truncated = Truncated()
