"""Stand-ins for the LSTM-captioning notebook: PyTorch's cells and automatic gradients.

N captions, T steps, D numbers a word, H hidden units. The gates of an LSTM are in the order i, f,
o, g; those of a GRU in the order r, z, n.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import torch

from assignments.standins.a3_captioning import rnn_captioning
from assignments.standins.a3_captioning.rnn_captioning import gates_of
from assignments.standins.autograd import backward, leaves

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

_Gradients: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Numbers of any shape -> numbers between 0 and 1."""
    return torch.sigmoid(torch.from_numpy(np.array(x))).numpy()


def lstm_step_forward(
    x: np.ndarray,
    prev_h: np.ndarray,
    prev_c: np.ndarray,
    Wx: np.ndarray,
    Wh: np.ndarray,
    b: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, tuple]:
    """x (N, D), prev_h, prev_c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,) -> next_h, next_c, cache."""
    arrays = (x, prev_h, prev_c, Wx, Wh, b)
    next_h, next_c = (tensor.detach().numpy() for tensor in _lstm_step(*leaves(*arrays)))
    return next_h, next_c, arrays


def lstm_step_backward(
    dnext_h: np.ndarray, dnext_c: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """dnext_h, dnext_c (N, H) and the cache -> dx, dprev_h, dprev_c, dWx, dWh, db."""
    dx, dprev_h, dprev_c, dWx, dWh, db = backward(
        lambda *arrays: torch.cat(_lstm_step(*arrays), 1), cache, np.hstack([dnext_h, dnext_c])
    )
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(
    x: np.ndarray, h0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, tuple]:
    """x (N, T, D), h0 (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,) -> h (N, T, H), cache."""
    arrays = (x, h0, Wx, Wh, b)
    return _lstm(*leaves(*arrays)).detach().numpy(), arrays


def lstm_backward(dh: np.ndarray, cache: tuple) -> _Gradients:
    """dh (N, T, H) and the cache of lstm_forward -> dx, dh0, dWx, dWh, db."""
    dx, dh0, dWx, dWh, db = backward(_lstm, cache, dh)
    return dx, dh0, dWx, dWh, db


def gru_step_forward(
    x: np.ndarray, prev_h: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, tuple]:
    """x (N, D), prev_h (N, H), Wx (D, 3H), Wh (H, 3H), b (3H,) -> next_h (N, H), cache."""
    arrays = (x, prev_h, Wx, Wh, b)
    return _gru_step(*leaves(*arrays)).detach().numpy(), arrays


def gru_step_backward(dnext_h: np.ndarray, cache: tuple) -> _Gradients:
    """dnext_h (N, H) and the cache of gru_step_forward -> dx, dprev_h, dWx, dWh, db."""
    dx, dprev_h, dWx, dWh, db = backward(_gru_step, cache, dnext_h)
    return dx, dprev_h, dWx, dWh, db


def dot_product_attention(prev_h: np.ndarray, A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """prev_h (N, H), A (N, H, 4, 4) -> context (N, H), weights (N, 4, 4)."""
    context, weights = attend(*leaves(prev_h, A))
    return context.detach().numpy(), weights.detach().numpy()


def attention_lstm_forward(
    x: np.ndarray,
    A: np.ndarray,
    Wx: np.ndarray,
    Wh: np.ndarray,
    Wattn: np.ndarray,
    b: np.ndarray,
) -> np.ndarray:
    """x (N, T, D), A (N, H, 4, 4), Wx (D, 4H), Wh, Wattn (H, 4H), b (4H,) -> h (N, T, H)."""
    tensors = (torch.from_numpy(np.array(a)) for a in (x, A, Wx, Wh, Wattn, b))
    return _attention_lstm(*tensors).numpy()


class CaptioningRNN(rnn_captioning.CaptioningRNN):
    """Says what is in a picture, from its features, word by word, with an LSTM.

    params: W_embed, W_proj, b_proj, Wx, Wh, b, W_vocab, b_vocab. The gates begin fairly open, and
        some weights larger than those of an RNN.
    """

    def __init__(
        self,
        word_to_idx: Mapping[str, int],
        input_dim: int = 512,
        wordvec_dim: int = 128,
        hidden_dim: int = 128,
        cell_type: str = "lstm",
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(word_to_idx, input_dim, wordvec_dim, hidden_dim, cell_type, dtype)
        if cell_type == "lstm":
            self.params["b"][: 3 * hidden_dim] = 1
            for name, larger in (("W_embed", 5), ("Wh", 2), ("W_vocab", 3)):
                self.params[name] *= larger

    # previous() fills single methods from here, and looks for them in this very class.
    loss = rnn_captioning.CaptioningRNN.loss
    sample = rnn_captioning.CaptioningRNN.sample


# --- in PyTorch ----------------------------------------------------------------------------------


def attend(h: torch.Tensor, A: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """h (N, H), A (N, H, rows, columns) -> context (N, H), weights (N, rows, columns)."""
    flat = A.flatten(2)
    match = torch.einsum("nh,nhp->np", h, flat)
    weights = torch.softmax(match / h.shape[1] ** 0.5, 1)
    return torch.einsum("nhp,np->nh", flat, weights), weights.unflatten(1, A.shape[2:])


def _lstm_step(
    x: torch.Tensor,
    h: torch.Tensor,
    c: torch.Tensor,
    Wx: torch.Tensor,
    Wh: torch.Tensor,
    b: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    return gates_of(x @ Wx + h @ Wh + b, c)


def _lstm(
    x: torch.Tensor, h: torch.Tensor, Wx: torch.Tensor, Wh: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
    c = torch.zeros_like(h)
    states = []
    for at_step in x.unbind(1):
        h, c = _lstm_step(at_step, h, c, Wx, Wh, b)
        states.append(h)
    return torch.stack(states, 1)


def _attention_lstm(
    x: torch.Tensor,
    A: torch.Tensor,
    Wx: torch.Tensor,
    Wh: torch.Tensor,
    Wattn: torch.Tensor,
    b: torch.Tensor,
) -> torch.Tensor:
    h = c = A.mean((2, 3))
    states = []
    for word in x.unbind(1):
        h, c = gates_of(word @ Wx + h @ Wh + attend(h, A)[0] @ Wattn + b, c)
        states.append(h)
    return torch.stack(states, 1)


def _gru_step(
    x: torch.Tensor, h: torch.Tensor, Wx: torch.Tensor, Wh: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
    return torch.gru_cell(x, h, Wx.T, Wh.T, b, torch.zeros_like(b))
