"""What transformer_captioning asks for, declared once, by PyTorch's own attention and norms.

N captions, T words, S places of a picture, V words in all. Names of sub-modules are those of the
notebook. As stand-ins, a method may find itself in a student's class, beside methods of theirs; so
none uses super().
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from assignments.data.vocabulary import END, NULL, START
from assignments.families.function import Function
from assignments.families.module import Module

__all__ = [
    "CaptioningTransformer",
    "MultiHeadAttention",
    "PositionalEncoding",
    "PreNormDecoderLayer",
    "RMSNorm",
    "SwiGLU",
    "TransformerDecoderLayer",
    "position_table",
]


class MultiHeadAttention(nn.Module):
    """Attention with several heads."""

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.1) -> None:
        nn.Module.__init__(self)
        self.num_heads = num_heads
        self.query, self.key, self.value, self.proj = (
            nn.Linear(embed_dim, embed_dim) for _layer in range(4)
        )
        self.attn_drop = nn.Dropout(dropout)

    def forward(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """query (N, T, D), key and value (N, S, D), mask (T, S) true where one may look."""
        layers = self.query, self.key, self.value
        answers, _weights = F.multi_head_attention_forward(
            query.transpose(0, 1),
            key.transpose(0, 1),
            value.transpose(0, 1),
            query.shape[2],
            self.num_heads,
            in_proj_weight=None,
            in_proj_bias=torch.cat([layer.bias for layer in layers]),
            bias_k=None,
            bias_v=None,
            add_zero_attn=False,
            dropout_p=self.attn_drop.p,
            out_proj_weight=self.proj.weight,
            out_proj_bias=self.proj.bias,
            training=self.training,
            need_weights=False,
            attn_mask=None if attn_mask is None else attn_mask.logical_not(),
            use_separate_proj_weight=True,
            q_proj_weight=self.query.weight,
            k_proj_weight=self.key.weight,
            v_proj_weight=self.value.weight,
        )
        return answers.transpose(0, 1)


def position_table(max_len: int, embed_dim: int) -> torch.Tensor:
    """Sines and cosines of the places 0, 1, 2, ..., (max_len, embed_dim)."""
    numbers = torch.arange(embed_dim, dtype=torch.float64)
    phase = numbers % 2
    turns = torch.outer(
        torch.arange(max_len, dtype=torch.float64), 1e4 ** ((phase - numbers) / embed_dim)
    )
    return torch.sin(turns + phase * (torch.pi / 2)).float()


class PositionalEncoding(nn.Module):
    """Adds the vectors of the places, then drops."""

    def __init__(self, embed_dim: int, dropout: float = 0.1, max_len: int = 5000) -> None:
        nn.Module.__init__(self)
        self.dropout = nn.Dropout(dropout)
        self.table: torch.Tensor
        self.register_buffer("table", position_table(max_len, embed_dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, T, embed_dim) -> the same shape."""
        return self.dropout(torch.add(x, self.table.narrow(0, 0, x.shape[1])))


class TransformerDecoderLayer(nn.Module):
    """Self-attention, cross-attention and two linear layers, post-norm."""

    def __init__(
        self, input_dim: int, num_heads: int, dim_feedforward: int = 2048, dropout: float = 0.1
    ) -> None:
        nn.Module.__init__(self)
        self.self_attn = MultiHeadAttention(input_dim, num_heads, dropout)
        self.cross_attn = MultiHeadAttention(input_dim, num_heads, dropout)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(input_dim) for _norm in range(3))
        self.dropout = nn.Dropout(dropout)
        self.linear1 = nn.Linear(input_dim, dim_feedforward)
        self.linear2 = nn.Linear(dim_feedforward, input_dim)

    def forward(
        self, tgt: torch.Tensor, memory: torch.Tensor, tgt_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """tgt (N, T, D), memory (N, S, D), mask (T, T) true where a word may look."""
        x = tgt
        for change, norm in (
            (lambda x: self.self_attn(x, x, x, tgt_mask), self.norm1),
            (lambda x: self.cross_attn(x, memory, memory), self.norm2),
            (lambda x: self.linear2(self.dropout(F.gelu(self.linear1(x)))), self.norm3),
        ):
            x = norm(x + self.dropout(change(x)))
        return x


class CaptioningTransformer(nn.Module):
    """Says what is in a picture, word by word."""

    def __init__(
        self,
        word_to_idx: Mapping[str, int],
        input_dim: int,
        wordvec_dim: int,
        num_heads: int = 4,
        num_layers: int = 2,
        max_length: int = 50,
    ) -> None:
        nn.Module.__init__(self)
        self.word_to_idx = word_to_idx
        self._null, self._start, self._end = map(word_to_idx.__getitem__, (NULL, START, END))
        self.embed = nn.Embedding(len(word_to_idx), wordvec_dim)
        self.positions = PositionalEncoding(wordvec_dim, 0.0, max_length)
        self.picture = nn.Linear(input_dim, wordvec_dim)
        layers = (
            TransformerDecoderLayer(wordvec_dim, num_heads, 2 * wordvec_dim, 0.0)
            for _number in range(num_layers)
        )
        self.layers = nn.ModuleList(layers)
        self.head = nn.Linear(wordvec_dim, len(word_to_idx))
        for name, weights in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weights)
            elif weights.ndim == 2 and not name.startswith("embed"):
                nn.init.xavier_uniform_(weights)

    def forward(self, features: torch.Tensor, captions: torch.Tensor) -> torch.Tensor:
        """features (N, D) or (N, S, D), captions (N, T) -> scores (N, T, V)."""
        vectors = features.reshape(len(features), -1, features.shape[-1])
        picture = self.positions(self.picture(vectors))
        step = torch.arange(captions.shape[1], device=captions.device)
        words = self.positions(self.embed(captions))
        for layer in self.layers:
            words = layer(words, picture, step <= step[:, None])
        return self.head(words)

    @torch.no_grad()
    def sample(self, features: torch.Tensor, max_length: int = 30) -> torch.Tensor:
        """features as in forward -> words by greedy decoding, (N, max_length)."""
        mode = self.training
        self.eval()
        marks = torch.tensor([self._null, self._start], device=features.device)
        words = marks[1:].expand(len(features), 1)
        for _step in range(max_length):
            likely = self(features, words)[:, -1].index_fill(1, marks, -torch.inf).argmax(1)
            words = torch.cat((words, likely[:, None]), 1)
        self.train(mode)
        after_end = (words == self._end).cumsum(1).roll(1, 1)
        after_end[:, 0] = 0
        return words.masked_fill(after_end > 0, self._null)[:, 1:]


class RMSNorm(nn.Module):
    """Divides by the root of the mean square."""

    def __init__(self, dim: int, eps: float = 1e-6) -> None:
        nn.Module.__init__(self)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (..., dim) -> the same shape and type."""
        kind = torch.promote_types(x.dtype, torch.float32)
        return F.rms_norm(x.to(kind), x.shape[-1:], self.weight.to(kind), self.eps).to(x.dtype)


class SwiGLU(nn.Module):
    """Two linear layers, one gated by the other, and a third."""

    def __init__(self, dim: int, hidden_dim: int) -> None:
        nn.Module.__init__(self)
        self.w1 = nn.Linear(dim, hidden_dim, bias=False)
        self.w2 = nn.Linear(dim, hidden_dim, bias=False)
        self.w3 = nn.Linear(hidden_dim, dim, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (..., dim) -> the same shape."""
        doubled = torch.cat((self.w2(x), self.w1(x)), -1)
        plain, gate = doubled.chunk(2, -1)
        return self.w3(plain.mul(nn.functional.silu(gate)))


class PreNormDecoderLayer(nn.Module):
    """Self-attention, cross-attention and SwiGLU, pre-norm."""

    def __init__(
        self, input_dim: int, num_heads: int, dim_feedforward: int = 2048, dropout: float = 0.1
    ) -> None:
        nn.Module.__init__(self)
        self.self_attn = MultiHeadAttention(input_dim, num_heads, dropout)
        self.cross_attn = MultiHeadAttention(input_dim, num_heads, dropout)
        self.norm1, self.norm2, self.norm3 = (RMSNorm(input_dim) for _norm in range(3))
        self.dropout = nn.Dropout(dropout)
        self.feed_forward = SwiGLU(input_dim, dim_feedforward)

    def forward(
        self, tgt: torch.Tensor, memory: torch.Tensor, tgt_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """tgt (N, T, D), memory (N, S, D), mask (T, T) true where a word may look."""
        x = tgt
        for change, norm in (
            (lambda n: self.self_attn(n, n, n, tgt_mask), self.norm1),
            (lambda n: self.cross_attn(n, memory, memory), self.norm2),
            (self.feed_forward, self.norm3),
        ):
            x = x + self.dropout(change(norm(x)))
        return x


# --- declarations ---------------------------------------------------------------------------------

Drawn = tuple[tuple[Any, ...], tuple[torch.Tensor, ...]]


def normal(rng: np.random.Generator, *shape: int) -> torch.Tensor:
    """Numbers around 0, in double precision."""
    return torch.from_numpy(rng.normal(size=shape))


def mask(rng: np.random.Generator, kind: str, queries: int, keys: int) -> tuple[torch.Tensor, ...]:
    """``(mask,)``: a causal one, or any in which each query may look somewhere; () for no mask."""
    seen = rng.random((queries, keys)) < 0.5
    seen[np.arange(queries), rng.integers(keys, size=queries)] = True
    drawn = {"": (), "any": (seen,), "causal": (np.tri(queries, keys, dtype=bool),)}
    return tuple(map(torch.from_numpy, drawn[kind]))


def draw_attention(
    rng: np.random.Generator, N: int, T: int, S: int, width: int, heads: int,
    kind: str = "", share: float = 0.1,
) -> Drawn:  # fmt: skip
    """Queries and keys of large scores, so that softmax is far from even."""
    query, key, value = (normal(rng, N, length, width) for length in (T, S, S))
    return (width, heads, share), (1.5 * query, 1.5 * key, value, *mask(rng, kind, T, S))


attention = Module(
    "MultiHeadAttention", MultiHeadAttention, draw_attention,
    ("query", "key", "value", "attn_mask"), output="answers",
    tolerance={"rtol": 1e-5, "atol": 1e-7},  # a root may be taken in single precision
)  # fmt: skip

table = Function(
    "position_table", position_table, lambda rng, *size: size,
    arguments=("max_len", "embed_dim"), outputs=("table",),
)  # fmt: skip
encoding = Module(
    "PositionalEncoding", PositionalEncoding,
    lambda rng, N, T, width, share=0.3: ((width, share, 40), (normal(rng, N, T, width),)),
    tolerance={"rtol": 1e-4, "atol": 1e-4},  # the table is in single precision
)  # fmt: skip


def draw_layer(
    rng: np.random.Generator, N: int, T: int, S: int, width: int, heads: int,
    kind: str = "causal", share: float = 0.1,
) -> Drawn:  # fmt: skip
    """Words, what they look at, and a mask."""
    tgt, memory = normal(rng, N, T, width), normal(rng, N, S, width)
    return (width, heads, width - 1, share), (tgt, memory, *mask(rng, kind, T, T))


ASKED, WORDS = ("self_attn", "cross_attn"), ("tgt", "memory", "tgt_mask")
decoder = Module("TransformerDecoderLayer", TransformerDecoderLayer, draw_layer, WORDS, parts=ASKED)
prenorm = Module(
    "PreNormDecoderLayer", PreNormDecoderLayer, draw_layer, WORDS,
    parts=(*ASKED, "feed_forward", "norm1", "norm2", "norm3"),
)  # fmt: skip


def vocabulary(rng: np.random.Generator, V: int) -> dict[str, int]:
    """V words with numbers in any order; no mark has the number 0."""
    words = ["word0", NULL, START, END, *(f"word{number}" for number in range(1, V - 3))]
    return dict(zip(words, [0, *(1 + rng.permutation(V - 1)).tolist()], strict=True))


def draw_captions(
    rng: np.random.Generator, N: int, S: int, T: int, layers: int = 3, width: int = 6
) -> Drawn:
    """S vectors of each picture, or a single one without an axis of its own (S = 0).

    The first caption ends in padding.
    """
    words = vocabulary(rng, 8)
    features = normal(rng, N, *([S] if S else []), 5)
    captions = torch.from_numpy(rng.integers(8, size=(N, T)))
    captions[:, 0], captions[0, max(1, T // 2) :] = words[START], words[NULL]
    return (words, 5, width, 2, layers, 40), (features, captions)


captioner = Module(
    "CaptioningTransformer", CaptioningTransformer, draw_captions, ("features", "captions"),
    parts=("positions", "layers"), output="scores",
)  # fmt: skip


def draw_vectors(
    rng: np.random.Generator, shape: tuple[int, ...], eps: float = 0.3, size: float = 1.0
) -> Drawn:
    """Vectors of some size that are not centred on 0."""
    return (shape[-1], eps), (size * (0.5 + normal(rng, *shape)),)


rmsnorm = Module("RMSNorm", RMSNorm, draw_vectors)
swiglu = Module(
    "SwiGLU", SwiGLU,
    lambda rng, shape, hidden: ((shape[-1], hidden), (normal(rng, *shape),)),
)  # fmt: skip
