"""A captioning model that looks at places of the picture: an LSTM with attention, by PyTorch.

The notebook lstm_captioning lets students write its forward pass; the gradients come from here.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.data.vocabulary import END, NULL, START
from assignments.standins.a3_captioning.lstm_captioning import attend
from assignments.standins.autograd import labels, leaves

__all__ = ["AttentionCaptioner"]


class AttentionCaptioner:
    """Says what is in a picture, and looks at one place or another for each word.

    params: W_embed (V, W): word vectors. W_proj (C, H), b_proj (H,): from the C numbers of each
        place to H. Wx (W, 4H), Wh (H, 4H), Wattn (H, 4H), b (4H,): the LSTM, with the gates in the
        order i, f, o, g; the forget gate's bias begins at 1. W_vocab (H, V), b_vocab (V,): from
        each state to the scores of words.
    """

    def __init__(
        self,
        word_to_idx: Mapping[str, int],
        input_dim: int = 128,
        wordvec_dim: int = 128,
        hidden_dim: int = 128,
        dtype: Any = np.float32,
    ) -> None:
        """Parameters by NumPy's random numbers; input_dim, wordvec_dim, hidden_dim: C, W, H."""
        self.dtype = dtype
        self.word_to_idx = word_to_idx
        V, C, W, H = len(word_to_idx), input_dim, wordvec_dim, hidden_dim
        shapes = {"W_embed": (V, W), "W_proj": (C, H), "Wx": (W, 4 * H), "Wh": (H, 4 * H)}
        shapes |= {"Wattn": (H, 4 * H), "W_vocab": (H, V)}
        self.params = {
            name: np.random.normal(0, 0.1 if name == "W_embed" else shape[0] ** -0.5, shape)
            for name, shape in shapes.items()
        }
        self.params |= {"b_proj": np.zeros(H), "b": np.zeros(4 * H), "b_vocab": np.zeros(V)}
        self.params["b"][H : 2 * H] = 1
        self.params = {name: value.astype(dtype) for name, value in self.params.items()}

    def project(self, grid: np.ndarray) -> np.ndarray:
        """Grid (N, C, 4, 4) -> A (N, H, 4, 4), in which the network looks."""
        params = {name: torch.from_numpy(value) for name, value in self.params.items()}
        return _project(params, grid, self.dtype).numpy()

    def loss(self, grid: np.ndarray, captions: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        """Grid (N, C, 4, 4), captions (N, T) -> cross-entropy of the words a caption, gradients."""
        names = list(self.params)
        params = dict(zip(names, leaves(*self.params.values()), strict=True))
        words = labels(captions)
        A = _project(params, grid, self.dtype)
        into = F.linear(F.embedding(words[:, :-1], params["W_embed"]), params["Wx"].T, params["b"])
        both = torch.cat([params["Wh"], params["Wattn"]])
        h = c = A.mean((2, 3))
        states = []
        for step in into.unbind(1):
            h, c = _step(both, A, step, h, c)
            states.append(h)
        scores = F.linear(torch.stack(states, 1), params["W_vocab"].T, params["b_vocab"])
        loss = F.cross_entropy(
            scores.flatten(0, 1),
            words[:, 1:].flatten(),
            ignore_index=self.word_to_idx[NULL],
            reduction="sum",
        ) / len(words)
        grads = torch.autograd.grad(loss, list(params.values()))
        return loss.item(), {n: grad.numpy() for n, grad in zip(names, grads, strict=True)}

    def sample(self, grid: np.ndarray, max_length: int = 30) -> np.ndarray:
        """Grid (N, C, 4, 4) -> words by greedy decoding, (N, max_length)."""
        null, start, end = (self.word_to_idx[mark] for mark in (NULL, START, END))
        params = {name: torch.from_numpy(value) for name, value in self.params.items()}
        A = _project(params, grid, self.dtype)
        both = torch.cat([params["Wh"], params["Wattn"]])
        h = c = A.mean((2, 3))
        word = torch.full((len(grid),), start)
        ended = torch.zeros(len(grid), dtype=torch.bool)
        said = []
        for _place in range(max_length):
            into = F.linear(F.embedding(word, params["W_embed"]), params["Wx"].T, params["b"])
            h, c = _step(both, A, into, h, c)
            score = F.linear(h, params["W_vocab"].T, params["b_vocab"])
            score[:, [null, start]] = -torch.inf
            word = score.argmax(1)
            said.append(word.masked_fill(ended, null))
            ended |= word == end
        return torch.stack(said, 1).numpy()


def _project(params: Mapping[str, torch.Tensor], grid: np.ndarray, dtype: Any) -> torch.Tensor:
    places = torch.from_numpy(np.array(grid, dtype)).movedim(1, 3)
    return F.linear(places, params["W_proj"].T, params["b_proj"]).movedim(3, 1).contiguous()


def _step(
    weights: torch.Tensor, A: torch.Tensor, into: torch.Tensor, h: torch.Tensor, c: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """One step from what the word brings in, (N, 4H), with the weights of h and of the context."""
    context, _shares = attend(h, A)
    i, f, o, g = torch.addmm(into, torch.cat([h, context], 1), weights).chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
