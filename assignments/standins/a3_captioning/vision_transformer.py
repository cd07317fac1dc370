"""What vision_transformer asks for, declared once, by a convolution and PyTorch's attention.

N images, L patches. Names of parameters and sub-modules are those of the notebook.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from assignments.families.module import Module
from assignments.standins.a3_captioning.transformer_captioning import MultiHeadAttention

__all__ = ["PatchEmbedding", "TransformerEncoderLayer", "VisionTransformer"]


class PatchEmbedding(nn.Module):
    """A convolution whose stride is the size of its kernel."""

    def __init__(
        self, img_size: int, patch_size: int, in_channels: int = 3, embed_dim: int = 128
    ) -> None:
        nn.Module.__init__(self)
        self.patch_size, self.num_patches = patch_size, (img_size // patch_size) ** 2
        self.proj = nn.Linear(in_channels * patch_size**2, embed_dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, C, H, W) -> (N, L, embed_dim)."""
        kernels = self.proj.weight.unflatten(1, (-1, self.patch_size, self.patch_size))
        return F.conv2d(x, kernels, self.proj.bias, self.patch_size).flatten(2).mT


class TransformerEncoderLayer(nn.Module):
    """Self-attention and two linear layers, post-norm."""

    def __init__(
        self, input_dim: int, num_heads: int, dim_feedforward: int = 2048, dropout: float = 0.1
    ) -> None:
        nn.Module.__init__(self)
        self.self_attn = MultiHeadAttention(input_dim, num_heads, dropout)
        self.linear1 = nn.Linear(input_dim, dim_feedforward)
        self.linear2 = nn.Linear(dim_feedforward, input_dim)
        self.norm1, self.norm2 = nn.LayerNorm(input_dim), nn.LayerNorm(input_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, src: torch.Tensor, src_mask: torch.Tensor | None = None) -> torch.Tensor:
        """src (N, L, input_dim), mask (L, L) true where a token may look."""
        x = src
        for change, norm in (
            (lambda x: self.self_attn(x, x, x, src_mask), self.norm1),
            (lambda x: self.linear2(self.dropout(F.gelu(self.linear1(x)))), self.norm2),
        ):
            x = norm(x + self.dropout(change(x)))
        return x


class VisionTransformer(nn.Module):
    """Patches, positions, encoder layers, mean, scores."""

    def __init__(
        self,
        img_size: int = 32,
        patch_size: int = 8,
        in_channels: int = 3,
        embed_dim: int = 128,
        num_layers: int = 6,
        num_heads: int = 4,
        dim_feedforward: int = 256,
        num_classes: int = 10,
        dropout: float = 0.1,
    ) -> None:
        nn.Module.__init__(self)
        self.patch_embed = PatchEmbedding(img_size, patch_size, in_channels, embed_dim)
        places = torch.empty(1, self.patch_embed.num_patches, embed_dim)
        self.positions = nn.Parameter(places.normal_(0, 0.02))
        self.dropout = nn.Dropout(dropout)
        settings = embed_dim, num_heads, dim_feedforward, dropout
        layers = (TransformerEncoderLayer(*settings) for _number in range(num_layers))
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, C, img_size, img_size) -> scores (N, num_classes)."""
        placed = torch.add(self.patch_embed(x), self.positions)
        return self.head(self.layers(self.dropout(placed)).mean(1))


def normal(rng: np.random.Generator, *shape: int) -> torch.Tensor:
    """Numbers around 0, in double precision."""
    return torch.from_numpy(rng.normal(size=shape))


def some_may_look(rng: np.random.Generator, queries: int, keys: int) -> torch.Tensor:
    """A mask (T, S): half of the pairs may look, and each query may look at one key at least."""
    seen = rng.random((queries, keys)) < 0.5
    seen[np.arange(queries), rng.integers(keys, size=queries)] = True
    return torch.from_numpy(seen)


def images_to_patch(
    rng: np.random.Generator, N: int, H: int, W: int, size: int, channels: int, width: int
) -> tuple[tuple, tuple]:
    """Images of H x W pixels, and patches of some size."""
    return (4 * size, size, channels, width), (normal(rng, N, channels, H, W),)


patches = Module("PatchEmbedding", PatchEmbedding, images_to_patch, output="tokens")


def tokens_to_encode(
    rng: np.random.Generator, N: int, L: int, width: int, heads: int, hidden: int,
    share: float = 0.1, masked: bool = False,
) -> tuple[tuple, tuple]:  # fmt: skip
    """Sequences of L tokens, with a mask or without."""
    mask = (some_may_look(rng, L, L),) if masked else ()
    return (width, heads, hidden, share), (normal(rng, N, L, width), *mask)


encoder = Module(
    "TransformerEncoderLayer", TransformerEncoderLayer, tokens_to_encode, ("src", "src_mask")
)


def images_to_classify(
    rng: np.random.Generator, N: int, patches: int, width: int, layers: int, classes: int,
    share: float = 0.0,
) -> tuple[tuple, tuple]:  # fmt: skip
    """Images of patches x patches patches, of 2 x 2 pixels and 3 channels each."""
    pixels = 2 * patches
    settings = (pixels, 2, 3, width, layers, 2, 5, classes, share)
    return settings, (normal(rng, N, 3, pixels, pixels),)


vit = Module(
    "VisionTransformer", VisionTransformer, images_to_classify,
    parts=("patch_embed", "layers"), output="scores",
)  # fmt: skip
