"""Stand-ins for the RNN-captioning notebook: PyTorch's recurrent cell and automatic gradients.

N captions, T steps, D numbers a word, H hidden units, V words.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.data.vocabulary import END, NULL, START
from assignments.standins.autograd import backward, labels, leaves

__all__ = [
    "CaptioningRNN",
    "rnn_backward",
    "rnn_forward",
    "rnn_step_backward",
    "rnn_step_forward",
    "word_embedding_backward",
    "word_embedding_forward",
]

_Gradients = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def rnn_step_forward(
    x: np.ndarray, prev_h: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, tuple]:
    """x (N, D), prev_h (N, H), Wx (D, H), Wh (H, H), b (H,) -> next_h (N, H), cache."""
    arrays = (x, prev_h, Wx, Wh, b)
    return _rnn_step(*leaves(*arrays)).detach().numpy(), arrays


def rnn_step_backward(dnext_h: np.ndarray, cache: tuple) -> _Gradients:
    """dnext_h (N, H) and the cache of rnn_step_forward -> dx, dprev_h, dWx, dWh, db."""
    dx, dprev_h, dWx, dWh, db = backward(_rnn_step, cache, dnext_h)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(
    x: np.ndarray, h0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, tuple]:
    """x (N, T, D), h0 (N, H), Wx (D, H), Wh (H, H), b (H,) -> h (N, T, H), cache."""
    arrays = (x, h0, Wx, Wh, b)
    return _rnn(*leaves(*arrays)).detach().numpy(), arrays


def rnn_backward(dh: np.ndarray, cache: tuple) -> _Gradients:
    """dh (N, T, H) and the cache of rnn_forward -> dx, dh0, dWx, dWh, db."""
    dx, dh0, dWx, dWh, db = backward(_rnn, cache, dh)
    return dx, dh0, dWx, dWh, db


def word_embedding_forward(x: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Words x of any shape, W (V, D) -> their vectors, of that shape and D, and cache."""
    (vectors,) = leaves(W)
    return F.embedding(labels(x), vectors).detach().numpy(), (x, W)


def word_embedding_backward(dout: np.ndarray, cache: tuple) -> np.ndarray:
    """dout and the cache of word_embedding_forward -> dW (V, D)."""
    x, W = cache
    return backward(lambda vectors: F.embedding(labels(x), vectors), (W,), dout)[0]


class CaptioningRNN:
    """Says what is in a picture, from its features, word by word.

    cell_type: "rnn", or "lstm" with the gates in the order i, f, o, g.
    params: W_embed, W_proj, b_proj, Wx, Wh, b, W_vocab, b_vocab.
    """

    def __init__(
        self,
        word_to_idx: Mapping[str, int],
        input_dim: int = 512,
        wordvec_dim: int = 128,
        hidden_dim: int = 128,
        cell_type: str = "rnn",
        dtype: Any = np.float32,
    ) -> None:
        if cell_type not in ("rnn", "lstm"):
            raise ValueError(f"cell_type is {cell_type!r}; it should be 'rnn' or 'lstm'")
        self.cell_type = cell_type
        self.dtype = dtype
        self.word_to_idx = word_to_idx
        V, D, W, H = len(word_to_idx), input_dim, wordvec_dim, hidden_dim
        gates = H if cell_type == "rnn" else 4 * H
        self.params = {
            "W_embed": np.random.normal(0, 0.1, (V, W)).astype(dtype),
            "W_proj": np.random.normal(0, D**-0.5, (D, H)).astype(dtype),
            "Wx": np.random.normal(0, W**-0.5, (W, gates)).astype(dtype),
            "Wh": np.random.normal(0, H**-0.5, (H, gates)).astype(dtype),
            "W_vocab": np.random.normal(0, H**-0.5, (H, V)).astype(dtype),
        }
        for name, size in (("b_proj", H), ("b", gates), ("b_vocab", V)):
            self.params[name] = np.zeros(size, dtype)

    def loss(
        self, features: np.ndarray, captions: np.ndarray
    ) -> tuple[float, dict[str, np.ndarray]]:
        """Features (N, D), captions (N, T) -> cross-entropy of the words a caption, gradients."""
        names = list(self.params)
        params = dict(zip(names, leaves(*self.params.values()), strict=True))
        words = labels(captions)
        state = _first_state(self, params, features)
        scores = []
        for word in words[:, :-1].unbind(1):
            state, score = _next_word(self, params, state, word)
            scores.append(score)
        loss = F.cross_entropy(
            torch.stack(scores, 2),
            words[:, 1:],
            ignore_index=self.word_to_idx[NULL],
            reduction="sum",
        ) / len(words)
        grads = torch.autograd.grad(loss, list(params.values()))
        return loss.item(), {n: grad.numpy() for n, grad in zip(names, grads, strict=True)}

    def sample(self, features: np.ndarray, max_length: int = 30) -> np.ndarray:
        """Features (N, D) -> words by greedy decoding, (N, max_length)."""
        null, start, end = (self.word_to_idx[mark] for mark in (NULL, START, END))
        params = {name: torch.from_numpy(value) for name, value in self.params.items()}
        state = _first_state(self, params, features)
        word = torch.full((len(features),), start)
        ended = torch.zeros(len(features), dtype=torch.bool)
        said = []
        for _step in range(max_length):
            state, score = _next_word(self, params, state, word)
            score[:, [null, start]] = -torch.inf
            word = score.argmax(1)
            said.append(word.masked_fill(ended, null))
            ended |= word == end
        return torch.stack(said, 1).numpy()


def _rnn_step(
    x: torch.Tensor, h: torch.Tensor, Wx: torch.Tensor, Wh: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
    return torch.rnn_tanh_cell(x, h, Wx.T, Wh.T, b, torch.zeros_like(b))


def _rnn(
    x: torch.Tensor, h: torch.Tensor, Wx: torch.Tensor, Wh: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
    return _rnn_in_pieces(x, h, Wx, Wh, b, x.shape[1])


def _rnn_in_pieces(
    x: torch.Tensor,
    h: torch.Tensor,
    Wx: torch.Tensor,
    Wh: torch.Tensor,
    b: torch.Tensor,
    piece: int,
) -> torch.Tensor:
    """The states; no gradient passes into a piece of so many steps from the next one."""
    states = []
    for t, at_step in enumerate(x.unbind(1)):
        h = _rnn_step(at_step, h.detach() if t and t % piece == 0 else h, Wx, Wh, b)
        states.append(h)
    return torch.stack(states, 1)


def truncated_gradients(
    arrays: tuple[np.ndarray, ...], dh: np.ndarray, piece: int
) -> list[np.ndarray]:
    """dx, dh0, dWx, dWh and db of ``(x, h0, Wx, Wh, b)``, as the stretch exercise asks for them."""
    return backward(lambda x, h, Wx, Wh, b: _rnn_in_pieces(x, h, Wx, Wh, b, piece), arrays, dh)


def _first_state(
    model: Any, params: Mapping[str, torch.Tensor], features: np.ndarray
) -> tuple[torch.Tensor, torch.Tensor]:
    """h from the picture, and c, which only an LSTM reads."""
    picture = torch.from_numpy(np.array(features, model.dtype))
    h = F.linear(picture, params["W_proj"].T, params["b_proj"])
    return h, torch.zeros_like(h)


def _next_word(
    model: Any,
    params: Mapping[str, torch.Tensor],
    state: tuple[torch.Tensor, torch.Tensor],
    word: torch.Tensor,
) -> tuple[tuple[torch.Tensor, torch.Tensor], torch.Tensor]:
    """The state after a word (N,), and scores (N, V) of the word that follows."""
    h, c = state
    x = F.embedding(word, params["W_embed"])
    weights = params["Wx"], params["Wh"], params["b"]
    if model.cell_type == "rnn":
        h = _rnn_step(x, h, *weights)
    else:
        into = F.linear(torch.cat([x, h], 1), torch.cat(weights[:2]).T, weights[2])
        h, c = gates_of(into, c)
    return (h, c), F.linear(h, params["W_vocab"].T, params["b_vocab"])


def gates_of(into: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What goes into the gates (N, 4H), and the cell state c (N, H) -> the next h and c."""
    i, f, o, g = into.chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
