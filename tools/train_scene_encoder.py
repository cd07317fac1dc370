"""Train the network whose features emoji_scenes comes with, and write its weights.

python tools/train_scene_encoder.py --minutes 15

It sees new scenes all the time, of the pairs of things that training scenes may show, and learns to
say for each object, in the order of reading, what it is, of which colour and size; how many there
are; and, from each place of the grid, which thing is there.
"""

import argparse
import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from assignments.data.emoji_scenes import (
    COLOURS,
    KINDS,
    MAX_OBJECTS,
    SIZE,
    SIZES,
    WORDS,
    Scenes,
    make_scenes,
)
from assignments.data.scene_encoder import CHANNELS, GRID, NUM_FEATURES, SceneEncoder

FOLDER = Path(__file__).resolve().parents[1] / "datasets" / "emoji_scenes"
#: Training begins beyond the seeds of data sets.
FIRST_SEED = 1_000_000
BATCH = 128


class Heads(nn.Module):
    """What the features must tell while they are learned; thrown away afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs = {
            "noun": len(WORDS) + 2, "colour": len(COLOURS) + 1, "size": len(SIZES) + 1,
        }  # fmt: skip
        self.of_objects = nn.ModuleDict(
            {name: nn.Linear(NUM_FEATURES, MAX_OBJECTS * n) for name, n in self.outputs.items()}
        )
        self.of_scene = nn.ModuleDict(
            {"kind": nn.Linear(NUM_FEATURES, len(KINDS)),
             "background": nn.Linear(NUM_FEATURES, len(COLOURS))}
        )  # fmt: skip
        self.of_place = nn.Conv2d(CHANNELS, len(WORDS), kernel_size=1)

    def loss(self, features: torch.Tensor, grid: torch.Tensor, want: dict) -> torch.Tensor:
        """The sum of all cross-entropies."""
        loss = F.binary_cross_entropy_with_logits(self.of_place(grid), want["place"]) * 40
        for name, size in self.outputs.items():
            scores = self.of_objects[name](features).reshape(-1, size)
            loss = loss + F.cross_entropy(scores, want[name].reshape(-1)) * (
                3.0 if name == "noun" else 1.0
            )
        for name, head in self.of_scene.items():
            loss = loss + F.cross_entropy(head(features), want[name])
        return loss


def targets(scenes: Scenes) -> dict[str, torch.Tensor]:
    """What is true of scenes, objects in the order of reading: above first, then left."""
    num = len(scenes.kind)
    centres = scenes.boxes.reshape(num, MAX_OBJECTS, 2, 2).mean(axis=2)  # x, y
    row = (centres[..., 1] > SIZE / 2).astype(int)
    key = np.where(scenes.nouns < 0, 9e9, row * 1000 + centres[..., 0])
    frames = scenes.nouns == len(WORDS)
    key[frames] = 1e6
    order = key.argsort(axis=1)

    def sorted_(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.take_along_axis(values, order, axis=1) + 1)

    place = np.zeros((num, len(WORDS), GRID, GRID), np.float32)
    scene, slot = np.nonzero((scenes.nouns >= 0) & ~frames)
    x, y = (centres[scene, slot] * GRID / SIZE).astype(int).T
    place[scene, scenes.nouns[scene, slot], y, x] = 1
    return {
        "noun": sorted_(scenes.nouns),
        "colour": sorted_(scenes.colours),
        "size": sorted_(scenes.sizes),
        "kind": torch.from_numpy(scenes.kind),
        "background": torch.from_numpy(scenes.backgrounds),
        "place": torch.from_numpy(place),
    }


def to_tensor(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def accuracy(encoder: SceneEncoder, heads: Heads, scenes: Scenes) -> dict[str, float]:
    """The share of things that are named right, and of kinds of scenes."""
    features, _grid = encoder(to_tensor(scenes.images))
    want = targets(scenes)
    nouns = heads.of_objects["noun"](features).reshape(*want["noun"].shape, -1).argmax(-1)
    there = want["noun"] > 0
    kinds = heads.of_scene["kind"](features).argmax(-1)
    return {
        "nouns": float((nouns == want["noun"])[there].float().mean()),
        "kinds": float((kinds == want["kind"]).float().mean()),
    }


def main() -> None:
    """Train for the minutes that were asked for and write weights and manifest."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=15.0)
    options = parser.parse_args()
    torch.manual_seed(0)
    encoder, heads = SceneEncoder(), Heads()
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=1e-4)
    validation = make_scenes(1000, FIRST_SEED, "val")
    start, seed, steps = time.monotonic(), FIRST_SEED, 0
    while (done := (time.monotonic() - start) / 60 / options.minutes) < 1:
        scenes = make_scenes(40 * BATCH, seed)
        images, want = scenes.images, targets(scenes)
        for i in range(0, len(images), BATCH):
            done = min((time.monotonic() - start) / 60 / options.minutes, 1)
            for group in optimizer.param_groups:
                group["lr"] = 2e-3 * min(1, steps / 200) * (0.5 + 0.5 * np.cos(np.pi * done)) + 1e-6
            part = slice(i, i + BATCH)
            features, grid = encoder(to_tensor(images[part]))
            loss = heads.loss(features, grid, {name: value[part] for name, value in want.items()})
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            steps += 1
        seed += 1
        measured = accuracy(encoder, heads, validation)
        print(f"{done:4.0%} {steps:6} steps, loss {loss.item():.3f}, {measured}", flush=True)
    write(encoder, steps, measured)


def write(encoder: SceneEncoder, steps: int, measured: dict[str, float]) -> None:
    """Write the weights in half precision, and what they are."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / "encoder.npz"
    np.savez(path, **{k: v.half().numpy() for k, v in encoder.state_dict().items()})
    data = path.read_bytes()
    manifest = {
        "about": "Weights of the network whose features emoji_scenes comes with.",
        "made_by": "tools/train_scene_encoder.py, from datasets/emoji",
        "licence": "that of this project",
        "file": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "steps": steps,
        "batch": BATCH,
        "validation": {name: round(value, 3) for name, value in measured.items()},
    }
    (FOLDER / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
