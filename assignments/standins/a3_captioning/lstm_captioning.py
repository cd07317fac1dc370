"""What lstm_captioning asks for, declared once; its stand-ins follow.

N captions, T steps, D numbers a word, H hidden units. The gates of an LSTM are in the order i, f,
o, g; those of a GRU in the order r, z, n. No gradient is written out here.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.families.captioner import Captioner, State, unroll
from assignments.families.function import Function
from assignments.families.layer import Layer
from assignments.messages import N_
from assignments.standins.a3_captioning.rnn_captioning import SIZES, captioner_shapes, cell_inputs

__all__ = [
    "CaptioningRNN",
    "attention_lstm_forward",
    "dot_product_attention",
    "gru_step_backward",
    "gru_step_forward",
    "lstm_backward",
    "lstm_forward",
    "lstm_step_backward",
    "lstm_step_forward",
    "sigmoid",
]


def of_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of tensors as one of arrays."""

    def by_torch(*arrays: np.ndarray) -> Any:
        outs = function(*map(torch.tensor, arrays))
        return tuple(out.numpy() for out in outs) if isinstance(outs, tuple) else outs.numpy()

    return by_torch


sigmoid = of_arrays(torch.sigmoid)
logistic = Function("sigmoid", sigmoid, inputs=lambda rng, *shape: (rng.normal(size=shape),))


def lstm_cell(
    x: torch.Tensor, state: State, Wx: torch.Tensor, Wh: torch.Tensor, b: torch.Tensor
) -> State:
    """PyTorch's LSTM, whose gates are in the order i, f, g, o."""
    (i, f, o, g), H = range(4), state[0].shape[1]
    order = torch.arange(4 * H).unflatten(0, (4, H))[[i, f, g, o]].flatten()
    Wx, Wh, b = (weights[..., order] for weights in (Wx, Wh, b))
    return torch.lstm_cell(x, state, Wx.T, Wh.T, b, torch.zeros_like(b))


def lstm_step_inputs(
    rng: np.random.Generator, shape: tuple[int, int], H: int, scale: float = 1.0
) -> tuple[np.ndarray, ...]:
    """As those of an RNN, with cells of which some lie beyond 1 or -1."""
    x, prev_h, *weights = cell_inputs(rng, shape, H, scale, blocks=4)
    return x, prev_h, rng.normal(0, 1.2, size=prev_h.shape), *weights


lstm_step = Layer(
    "lstm_step",
    twin=lambda x, h, c, *weights: lstm_cell(x, (h, c), *weights),
    inputs=lstm_step_inputs,
    arguments=("x", "prev_h", "prev_c", "Wx", "Wh", "b"),
    outputs=("next_h", "next_c"),
)
lstm_step_forward, lstm_step_backward = lstm_step.standin()

lstm = Layer(
    "lstm",
    twin=partial(unroll, lstm_cell),
    inputs=partial(cell_inputs, blocks=4),
    arguments=("x", "h0", "Wx", "Wh", "b"),
    outputs=("h",),
    counted=(N_("the number of examples"), N_("the number of steps")),
)
lstm_forward, lstm_backward = lstm.standin()

gru_step = Layer(
    "gru_step",
    twin=lambda x, h, Wx, Wh, b: torch.gru_cell(x, h, Wx.T, Wh.T, b, torch.zeros_like(b)),
    inputs=partial(cell_inputs, blocks=3),
    arguments=("x", "prev_h", "Wx", "Wh", "b"),
    outputs=("next_h",),
)
gru_step_forward, gru_step_backward = gru_step.standin()

captioner = Captioner(
    "CaptioningRNN",
    defaults={**SIZES, "cell_type": "lstm", "dtype": np.float32},
    shapes=partial(captioner_shapes, blocks=4),
    cell=lstm_cell,
    larger={"W_embed": 5, "Wh": 2, "W_vocab": 3},
)
CaptioningRNN = captioner.standin()


def attend(h: torch.Tensor, A: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """h (N, H), A (N, H, rows, columns) -> context (N, H), weights (N, rows, columns)."""
    places = A.flatten(2).mT
    each = torch.eye(places.shape[1], dtype=h.dtype).expand(len(h), -1, -1)
    weights = F.scaled_dot_product_attention(h.unsqueeze(1), places, each)
    return (weights @ places).squeeze(1), weights.unflatten(2, A.shape[2:]).squeeze(1)


def attention_inputs(
    rng: np.random.Generator, N: int, H: int, scale: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """prev_h, and A, not centred on zero."""
    return scale * rng.normal(size=(N, H)), rng.normal(0.5, 1.5, size=(N, H, 4, 4))


dot_product_attention = of_arrays(attend)
attention = Function(
    "dot_product_attention",
    dot_product_attention,
    attention_inputs,
    arguments=("prev_h", "A"),
    outputs=("context", "weights"),
)


def attention_unroll(
    x: torch.Tensor,
    A: torch.Tensor,
    Wx: torch.Tensor,
    Wh: torch.Tensor,
    Wattn: torch.Tensor,
    b: torch.Tensor,
) -> torch.Tensor:
    """The states (N, T, H) of an LSTM with the context beside each word."""
    weights, mean = (torch.cat([Wx, Wattn]), Wh, b), A.mean((2, 3))
    state, states = (mean, mean), []
    for word in x.unbind(1):
        state = lstm_cell(torch.cat([word, attend(state[0], A)[0]], 1), state, *weights)
        states.append(state[0])
    return torch.stack(states, 1)


def attention_lstm_inputs(
    rng: np.random.Generator, shape: tuple[int, ...], H: int, spread: float = 1.0
) -> tuple[np.ndarray, ...]:
    """x of some shape (N, T, D), A, of which some places stand out, Wx, Wh, Wattn and b."""
    x, _h0, Wx, Wh, b = cell_inputs(rng, shape, H, blocks=4)
    A = rng.normal(0, 1.5, size=(len(x), H, 4, 4)) + rng.normal(0, 0.5, size=(len(x), H, 1, 1))
    return x, spread * A, Wx, Wh, rng.normal(0, 0.7 / H**0.5, size=(H, 4 * H)), b


attention_lstm_forward = of_arrays(attention_unroll)
attention_lstm = Function(
    "attention_lstm_forward",
    attention_lstm_forward,
    attention_lstm_inputs,
    arguments=("x", "A", "Wx", "Wh", "Wattn", "b"),
    outputs=("h",),
)
