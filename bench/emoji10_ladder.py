"""Measure how well five kinds of classifiers do on emoji10.

    python bench/emoji10_ladder.py [--seed 0]

kNN on raw pixels, a linear softmax classifier, a two-layer net, a two-layer net on features (HOG
and a colour histogram), a small convnet: each must be clearly better than the one before, as on
CIFAR-10. k is chosen by cross-validation on the training images. Takes two minutes on two cores;
ends with exit status 1 when a step is too small.
"""

import argparse
import time
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from assignments.data import Dataset, load_data

K_CHOICES = (1, 3, 5, 8, 10, 12, 15, 20, 50, 100)
STEP = 0.04  # each method should be better than the one before by this much


def knn(
    X_train: np.ndarray, y_train: np.ndarray, X_test: np.ndarray, y_test: np.ndarray
) -> np.ndarray:
    """Return the accuracy of k-nearest neighbours on raw pixels for each of `K_CHOICES`."""
    train, test = torch.from_numpy(raw_pixels(X_train)), torch.from_numpy(raw_pixels(X_test))
    nearest = torch.cdist(test, train).topk(max(K_CHOICES), largest=False).indices
    votes = F.one_hot(torch.from_numpy(y_train)[nearest], 10).cumsum(1).numpy()
    return np.array([(votes[:, k - 1].argmax(1) == y_test).mean() for k in K_CHOICES])


def cross_validated_knn(X: np.ndarray, y: np.ndarray, folds: int = 5) -> np.ndarray:
    """Return the mean accuracy over the folds for each of `K_CHOICES`."""
    parts = np.array_split(np.arange(len(X)), folds)
    scores = []
    for part in parts:
        rest = np.setdiff1d(np.arange(len(X)), part)
        scores.append(knn(X[rest], y[rest], X[part], y[part]))
    return np.mean(scores, axis=0)


def hog(images: np.ndarray, cell: int = 8, bins: int = 9) -> np.ndarray:
    """Return histograms of oriented gradients, (N, cells * bins), each cell of unit length.

    Dalal and Triggs, Histograms of oriented gradients for human detection, CVPR 2005.
    """
    grey = images.astype(np.float32).mean(axis=3)
    down, right = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(down, right)
    angle = np.arctan2(down, right) % np.pi
    number, height, width = grey.shape
    which = np.minimum((angle / np.pi * bins).astype(int), bins - 1)
    out = np.stack([strength * (which == b) for b in range(bins)], axis=-1)
    out = out.reshape(number, height // cell, cell, width // cell, cell, bins).sum(axis=(2, 4))
    out /= np.linalg.norm(out, axis=-1, keepdims=True) + 1e-3
    return out.reshape(number, -1)


def hue_histogram(images: np.ndarray, bins: int = 10) -> np.ndarray:
    """Return the shares of pixels in each range of hue, (N, bins)."""
    rgb = images.astype(np.float32)
    high, low = rgb.max(axis=3), rgb.min(axis=3)
    span = np.maximum(high - low, 1e-3)
    red, green, blue = np.moveaxis(rgb, 3, 0)
    hue = np.where(
        high == red,
        (green - blue) / span % 6,
        np.where(high == green, (blue - red) / span + 2, (red - green) / span + 4),
    )
    which = np.minimum((hue / 6 * bins).astype(int), bins - 1)
    return np.stack([(which == b).mean(axis=(1, 2)) for b in range(bins)], axis=1)


def raw_pixels(images: np.ndarray) -> np.ndarray:
    """Return pixels from 0 to 1 as vectors, (N, 3072)."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


def features(images: np.ndarray) -> np.ndarray:
    """Return HOG and hue histogram side by side."""
    return np.concatenate([hog(images), hue_histogram(images)], axis=1, dtype=np.float32)


def channels_first(images: np.ndarray) -> np.ndarray:
    """Return images from 0 to 1 as (N, 3, 32, 32)."""
    return images.transpose(0, 3, 1, 2).astype(np.float32) / 255


def linear(inputs: int) -> nn.Module:
    """Scores that are linear in the inputs."""
    return nn.Linear(inputs, 10)


def two_layer_net(inputs: int, hidden: int) -> nn.Module:
    """One hidden layer with ReLU."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def convnet() -> nn.Module:
    """Three convolutions with batch normalisation and max-pooling, then one linear layer."""
    layers: list[nn.Module] = []
    for before, after in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(128 * 16, 10))


def train_and_score(
    model: nn.Module,
    X_train: np.ndarray,
    y_train: np.ndarray,
    X_test: np.ndarray,
    y_test: np.ndarray,
    epochs: int,
    learning_rate: float,
    weight_decay: float,
) -> float:
    """Train with AdamW and a cosine schedule on standardised inputs; return the test accuracy."""
    axes = (0,) if X_train.ndim == 2 else (0, 2, 3)
    mean = X_train.mean(axis=axes, keepdims=True)
    std = X_train.std(axis=axes, keepdims=True) + 1e-6
    X, y = torch.from_numpy((X_train - mean) / std), torch.from_numpy(y_train)
    T = torch.from_numpy((X_test - mean) / std)
    optimizer = torch.optim.AdamW(model.parameters(), learning_rate, weight_decay=weight_decay)
    steps = epochs * (len(X) // 100)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(epochs):
        model.train()
        for batch in torch.randperm(len(X))[: len(X) // 100 * 100].split(100):
            loss = F.cross_entropy(model(X[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        predicted = torch.cat([model(part).argmax(1) for part in T.split(500)])
    return (predicted.numpy() == y_test).mean().item()


def measure(data: Dataset, seed: int) -> dict[str, float]:
    """Return the test accuracy of each step of the ladder, printing as it goes."""
    torch.manual_seed(seed)
    scores: dict[str, float] = {}

    def report(name: str, score: float, started: float) -> None:
        scores[name] = score
        print(f"{name:<40} {score:6.3f}   {time.perf_counter() - started:5.1f} s", flush=True)

    started = time.perf_counter()
    folds = cross_validated_knn(data.X_train, data.y_train)
    test = knn(data.X_train, data.y_train, data.X_test, data.y_test)
    print("k          " + "  ".join(f"{k:>5}" for k in K_CHOICES))
    print("validation " + "  ".join(f"{score:5.3f}" for score in folds))
    print("test       " + "  ".join(f"{score:5.3f}" for score in test))
    best = int(folds.argmax())
    report(f"kNN on raw pixels, k = {K_CHOICES[best]}", test[best], started)

    for name, view, build, epochs, rate, decay in (
        ("linear softmax on raw pixels", raw_pixels, linear, 15, 3e-4, 1.0),
        ("two-layer net on raw pixels", raw_pixels, lambda d: two_layer_net(d, 100), 15, 5e-4, 1.0),
        ("two-layer net on features", features, lambda d: two_layer_net(d, 500), 20, 1e-3, 1.0),
        ("small convnet", channels_first, lambda d: convnet(), 8, 2e-3, 0.05),
    ):
        started = time.perf_counter()
        X, T = view(data.X_train), view(data.X_test)
        model = build(X.shape[1])
        score = train_and_score(model, X, data.y_train, T, data.y_test, epochs, rate, decay)
        report(name, score, started)
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the training (default 0)")
    seed = parser.parse_args().seed
    data = load_data("emoji10")
    print(f"emoji10: {len(data.X_train)} training and {len(data.X_test)} test images")
    scores = list(measure(data, seed).values())
    smallest = min(after - before for before, after in pairwise(scores))
    if smallest < STEP:
        raise SystemExit(f"The smallest step is {smallest:.3f}; it should be {STEP} or more.")


if __name__ == "__main__":
    main()
