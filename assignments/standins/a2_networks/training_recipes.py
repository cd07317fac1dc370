"""Stand-ins for the training recipes notebook: tensors, and PyTorch's distributions.

The generator only gives a seed to PyTorch, which draws the rest.
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

__all__ = [
    "EarlyStopping",
    "cosine_annealing",
    "cutmix",
    "exponential_decay",
    "kaiming_init",
    "label_smoothing",
    "linear_warmup",
    "mixup",
    "random_crop_flip",
    "random_search",
    "step_decay",
    "xavier_init",
]


def xavier_init(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    """Normal weights (fan_in, fan_out) with variance 2 / (fan_in + fan_out)."""
    empty = torch.empty(fan_in, fan_out, dtype=torch.float64)
    return torch.nn.init.xavier_normal_(empty, generator=_torch(rng)).numpy()


def kaiming_init(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    """Normal weights (fan_in, fan_out) with variance 2 / fan_in."""
    empty = torch.empty(fan_in, fan_out, dtype=torch.float64)
    return torch.nn.init.kaiming_normal_(empty, mode="fan_out", generator=_torch(rng)).numpy()


def step_decay(
    step: int | np.ndarray, base_lr: float, drop: float = 0.1, every: int = 30
) -> float | np.ndarray:
    """A rate that is multiplied by drop after every `every` steps."""
    return _like(step, base_lr * torch.pow(drop, torch.as_tensor(step).div(every).floor().double()))


def exponential_decay(step: int | np.ndarray, base_lr: float, gamma: float) -> float | np.ndarray:
    """A rate that is multiplied by gamma after each step."""
    return _like(step, base_lr * torch.pow(gamma, torch.as_tensor(step).double()))


def cosine_annealing(
    step: int | np.ndarray, total_steps: int, base_lr: float, min_lr: float = 0.0
) -> float | np.ndarray:
    """A rate that falls from base_lr to min_lr along half a cosine wave, and stays there."""
    done = torch.as_tensor(step).double().div(total_steps).clamp(max=1)
    return _like(
        step, torch.lerp(_number(min_lr), _number(base_lr), (1 + (math.pi * done).cos()) / 2)
    )


def linear_warmup(step: int | np.ndarray, warmup_steps: int, base_lr: float) -> float | np.ndarray:
    """A rate that rises from base_lr / warmup_steps to base_lr, and stays there."""
    done = torch.as_tensor(step).double() + 1
    rates = done.mul(base_lr).div(warmup_steps) if warmup_steps else torch.full_like(done, base_lr)
    return _like(step, rates.clamp(max=base_lr))


def label_smoothing(y: np.ndarray, num_classes: int, eps: float) -> np.ndarray:
    """Labels y (N,) -> rows (N, C): 1 - eps for the label, and eps / C for every class."""
    rows = F.one_hot(torch.from_numpy(np.array(y, np.int64)), num_classes).double()
    return rows.lerp(torch.full_like(rows, 1 / num_classes), eps).numpy()


def random_crop_flip(x: np.ndarray, pad: int, rng: np.random.Generator) -> np.ndarray:
    """Images (N, C, H, W), each moved by up to pad pixels over zeros, half of them mirrored."""
    chance, (height, width) = _torch(rng), x.shape[2:]
    bordered = F.pad(torch.from_numpy(x), (pad, pad, pad, pad))
    places = torch.randint(2 * pad + 1, (len(x), 2), generator=chance).tolist()
    mirrored = torch.randint(2, (len(x),), generator=chance).tolist()
    pieces = [
        image.narrow(1, row, height).narrow(2, column, width).flip([2] if flip else [])
        for image, (row, column), flip in zip(bordered, places, mirrored, strict=True)
    ]
    return torch.stack(pieces).numpy()


def mixup(
    x: np.ndarray, y_onehot: np.ndarray, alpha: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, C, H, W) and labels (N, K), each mixed with a partner by one share."""
    weight = rng.beta(alpha, alpha)
    others = torch.randperm(len(x), generator=_torch(rng))
    images, labels = torch.from_numpy(x), torch.from_numpy(y_onehot)
    return images[others].lerp(images, weight).numpy(), labels[others].lerp(labels, weight).numpy()


def cutmix(
    x: np.ndarray, y_onehot: np.ndarray, alpha: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, C, H, W) with a box of a partner's, and labels (N, K) by the area of the box."""
    length = math.sqrt(1 - rng.beta(alpha, alpha))
    others = torch.randperm(len(x), generator=_torch(rng))
    inside = torch.ones(x.shape[2:], dtype=torch.bool)
    for axis, size in enumerate(x.shape[2:]):
        extent = round(size * length)
        distance = torch.arange(size) - int(rng.integers(size)) + extent // 2
        within = (distance >= 0) & (distance < extent)
        inside &= within[:, None] if axis == 0 else within
    images, labels = torch.from_numpy(x), torch.from_numpy(y_onehot)
    mixed = torch.where(inside, images[others], images)
    return mixed.numpy(), labels.lerp(labels[others], inside.double().mean().item()).numpy()


class EarlyStopping:
    """Says when the last `patience` validation losses brought no improvement beyond min_delta."""

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        self.patience = patience
        self.min_delta = min_delta
        self.best = float("inf")
        self.left = patience

    def step(self, val_loss: float) -> bool:
        """Note one more loss; True if it is time to stop."""
        improved = self.best - val_loss > self.min_delta
        self.left = self.patience if improved else self.left - 1
        if improved:
            self.best = float(val_loss)
        return self.left <= 0


def random_search(space: dict, n: int, rng: np.random.Generator) -> list[dict]:
    """n choices of hyperparameters; each is a list, ("linear", low, high) or ("log", low, high)."""
    chance = _torch(rng)

    def choose(options: list | tuple) -> object:
        if isinstance(options, list):
            return options[int(torch.randint(len(options), (), generator=chance))]
        kind, low, high = options
        place = torch.rand((), generator=chance, dtype=torch.float64).item()
        return low * (high / low) ** place if kind == "log" else low + place * (high - low)

    return [{name: choose(options) for name, options in space.items()} for _choice in range(n)]


def _torch(rng: np.random.Generator) -> torch.Generator:
    """A generator of PyTorch's with a seed from NumPy's."""
    return torch.Generator().manual_seed(int(rng.integers(2**63)))


def _number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def _like(step: int | np.ndarray, rates: torch.Tensor) -> float | np.ndarray:
    """A number for a number, an array for an array."""
    return rates.numpy() if isinstance(step, np.ndarray) else rates.item()
