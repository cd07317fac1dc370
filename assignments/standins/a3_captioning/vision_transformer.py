"""What vision_transformer asks for, declared once, by a convolution and PyTorch's attention.

N images, L patches. Names of parameters and sub-modules are those of the notebook.
"""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from assignments.families.module import Module
from assignments.standins.a3_captioning.transformer_captioning import (
    Drawn,
    MultiHeadAttention,
    mask,
    normal,
)

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
        """x (N, C, H, W) -> (N, L, embed_dim).

        Raises:
            ValueError: patches do not fill the images.
        """
        if any(side % self.patch_size for side in x.shape[2:]):
            raise ValueError(f"patches of {self.patch_size} do not fill {tuple(x.shape)}")
        kernels = self.proj.weight.unflatten(1, (-1, self.patch_size, self.patch_size))
        return F.conv2d(x, kernels, self.proj.bias, self.patch_size).flatten(2).mT


class TransformerEncoderLayer(nn.Module):
    """PyTorch's own, post-norm, by the names of the notebook."""

    norm_first = False

    def __init__(
        self, input_dim: int, num_heads: int, dim_feedforward: int = 2048, dropout: float = 0.1
    ) -> None:
        nn.Module.__init__(self)
        self.self_attn = MultiHeadAttention(input_dim, num_heads, dropout)
        library = nn.TransformerEncoderLayer(
            input_dim, num_heads, dim_feedforward, dropout,
            activation=F.gelu, batch_first=True, norm_first=self.norm_first,
        )  # fmt: skip
        self.linear1, self.linear2 = library.linear1, library.linear2
        self.norm1, self.norm2 = library.norm1, library.norm2
        self.dropout = library.dropout
        self._library = (library,)  # in a tuple, so that its names are none of this module's

    def forward(self, src: torch.Tensor, src_mask: torch.Tensor | None = None) -> torch.Tensor:
        """src (N, L, input_dim), mask (L, L) true where a token may look."""
        (library,) = self._library
        own: dict[str, torch.Tensor] = dict(self.named_parameters())
        weights = {name: value for name, value in own.items() if "attn" not in name}
        for kind in ("weight", "bias"):
            rows = [own[f"self_attn.{part}.{kind}"] for part in ("query", "key", "value")]
            weights[f"self_attn.in_proj_{kind}"] = torch.cat(rows)
            weights[f"self_attn.out_proj.{kind}"] = own[f"self_attn.proj.{kind}"]
        forbidden = None if src_mask is None else src_mask.logical_not()
        library.train(self.training)
        return torch.func.functional_call(library, weights, (src, forbidden))


class VisionTransformer(nn.Module):
    """Patches, positions, encoder layers, mean, scores."""

    patch_embed: nn.Module
    layers: nn.Module
    dropout: nn.Module
    head: nn.Module

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
        encoder = embed_dim, num_heads, dim_feedforward, dropout
        modules = {
            "patch_embed": PatchEmbedding(img_size, patch_size, in_channels, embed_dim=embed_dim),
            "dropout": nn.Dropout(dropout),
            "layers": nn.Sequential(
                *(TransformerEncoderLayer(*encoder) for _one in range(num_layers))
            ),
            "head": nn.Linear(embed_dim, out_features=num_classes),
        }
        for name, module in modules.items():
            self.add_module(name, module)
        places = torch.empty(1, (img_size // patch_size) ** 2, embed_dim)
        self.positions = nn.Parameter(places.normal_(0, 0.02))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, C, img_size, img_size) -> scores (N, num_classes)."""
        placed = torch.add(self.patch_embed(x), self.positions)
        return self.head(self.layers(self.dropout(placed)).mean(1))


def draw_images(
    rng: np.random.Generator, N: int, H: int, W: int, size: int, channels: int, width: int
) -> Drawn:
    """Images of H x W pixels, and patches of some size."""
    return (4 * size, size, channels, width), (normal(rng, N, channels, H, W),)


patches = Module("PatchEmbedding", PatchEmbedding, draw_images, output="tokens")


def draw_tokens(
    rng: np.random.Generator, N: int, L: int, width: int, heads: int, hidden: int,
    kind: str = "", share: float = 0.1,
) -> Drawn:  # fmt: skip
    """Sequences of L tokens, with a mask or without."""
    return (width, heads, hidden, share), (normal(rng, N, L, width), *mask(rng, kind, L, L))


encoder = Module(
    "TransformerEncoderLayer", TransformerEncoderLayer, draw_tokens, ("src", "src_mask")
)


def draw_pictures(
    rng: np.random.Generator, N: int, patches: int, width: int, layers: int, classes: int,
    share: float = 0.0,
) -> Drawn:  # fmt: skip
    """Images of patches x patches patches, of 2 x 2 pixels and 3 channels each."""
    pixels = 2 * patches
    settings = (pixels, 2, 3, width, layers, 2, 5, classes, share)
    return settings, (normal(rng, N, 3, pixels, pixels),)


vit = Module(
    "VisionTransformer", VisionTransformer, draw_pictures,
    parts=("patch_embed", "layers"), output="scores",
)  # fmt: skip


# --- asked for in its stretch exercise -----------------------------------------------------------


class PreNormEncoderLayer(TransformerEncoderLayer):
    """PyTorch's own with ``norm_first``."""

    norm_first = True


class ClassTokenViT(VisionTransformer):
    """The class token is added to a row of zeros before the patches."""

    norm: nn.Module
    class_token: torch.Tensor

    def __init__(self, *settings: Any) -> None:
        VisionTransformer.__init__(self, *settings)
        *_images, width, number, heads, hidden, _classes, dropout = settings
        encoder = width, heads, hidden, dropout
        self.layers = nn.Sequential(*(PreNormEncoderLayer(*encoder) for _one in range(number)))
        self.add_module("norm", nn.LayerNorm(width))
        self.positions = nn.Parameter(F.pad(self.positions.detach(), (0, 0, 1, 0)))
        self.register_parameter("class_token", nn.Parameter(torch.zeros(1, 1, width)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, C, img_size, img_size) -> scores (N, num_classes)."""
        sequence = torch.add(F.pad(self.patch_embed(x), (0, 0, 1, 0)), self.positions)
        sequence = sequence + F.pad(self.class_token, (0, 0, 0, sequence.shape[1] - 1))
        return self.head(self.norm(self.layers(self.dropout(sequence)).select(1, 0)))


prenorm = Module("PreNormEncoderLayer", PreNormEncoderLayer, draw_tokens, ("src", "src_mask"))
paper_vit = Module("ClassTokenViT", ClassTokenViT, draw_pictures, output="scores")
