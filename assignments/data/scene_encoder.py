"""Features of emoji_scenes, by a small convnet that was trained beforehand and comes with the data.

A captioning model reads a picture as features, as it would read those of a network trained on
ImageNet. This network was trained to say which things are in a scene, of what colour and size, and
where; ``tools/train_scene_encoder.py`` trains it, with scenes that no data set holds.
"""

import itertools
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from assignments.data.folders import embedded_folder

__all__ = ["CHANNELS", "GRID", "NUM_FEATURES", "SceneEncoder", "read_encoder"]

#: A grid of GRID x GRID places with CHANNELS numbers each, and NUM_FEATURES for the whole picture.
CHANNELS, GRID, NUM_FEATURES = 128, 4, 256


class SceneEncoder(nn.Module):
    """Four convolutions with stride 2; then one hidden layer on what they found everywhere."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 128, CHANNELS)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, kernel_size=3, stride=2, padding=1)
            for before, after in itertools.pairwise(widths)
        )
        self.reduce = nn.Conv2d(CHANNELS, 48, kernel_size=1)
        self.whole = nn.Linear(48 * GRID * GRID, NUM_FEATURES)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Images (N, 3, 64, 64) from 0 to 1 -> features (N, 256), grid (N, 128, 4, 4)."""
        x = 2 * images - 1
        for convolution in self.convolutions:
            x = F.relu(convolution(x))
        return F.relu(self.whole(F.relu(self.reduce(x)).flatten(1))), x

    @torch.no_grad()
    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Images (N, 64, 64, 3) uint8 -> features (N, 256), grid (N, 128, 4, 4), both float32."""
        parts = [
            self(torch.from_numpy(images[i : i + 250]).permute(0, 3, 1, 2).float() / 255)
            for i in range(0, len(images), 250)
        ]
        features, grids = zip(*parts, strict=True)
        return torch.cat(features).numpy(), torch.cat(grids).numpy()


def encoder_path() -> Path:
    """Where the weights lie."""
    return embedded_folder("emoji_scenes") / "encoder.npz"


def read_encoder() -> SceneEncoder:
    """The trained network.

    Raises:
        FileNotFoundError: its weights are not there.
    """
    encoder = SceneEncoder()
    with np.load(encoder_path(), allow_pickle=False) as weights:
        encoder.load_state_dict({k: torch.from_numpy(weights[k]).float() for k in weights.files})
    return encoder.eval()
