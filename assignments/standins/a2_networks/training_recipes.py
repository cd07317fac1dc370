"""What training_recipes asks for, declared once where a twin answers it, and all its stand-ins.

Twins are written with tensors. Where chance decides, the generator only gives a seed to PyTorch,
which draws the rest.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.compare import to_array, wrong_kind
from assignments.families.exercise import Exercise
from assignments.families.function import Function
from assignments.messages import N_, _
from assignments.student import CheckFailed, Student, explained

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


# --- schedules -----------------------------------------------------------------------------------

# Parts of Python's and NumPy's messages, and what a mistake that leads there may be.
ARRAYS = {
    "truth value": N_("step may be an array: take np.minimum, np.where, // and the like, no `if`"),
    "can be converted to": N_("step may be an array: no int(), and np. in place of math."),
    "integer scalar arrays": N_("step may be an array: a formula with **, no loop over steps"),
}


@dataclass(frozen=True)
class Schedule(Function):
    """A learning rate ``name(step, *settings)``, for a step or for an array of steps.

    Of a range or tuple of steps, each is asked for by itself.
    """

    outputs: tuple[str, ...] = ("rate",)

    def call(self, student: Student, case: Any) -> Any:
        steps, *settings = case
        if isinstance(steps, np.ndarray):
            with explained(ARRAYS):
                return student.call(self.name, steps, *settings)
        rates = student.batch([(self.name, step, *settings) for step in steps])
        return np.array([to_array(rate, "rate", ndim=0) for rate in rates])

    def right(self, case: Any) -> dict[str, Any]:
        steps, *settings = case
        return {"rate": self.twin(np.asarray(steps), *settings)}


def of_any_shape(rate: Callable[..., torch.Tensor]) -> Callable[..., Any]:
    """A schedule of tensors as one of numbers and arrays."""

    @wraps(rate)
    def schedule(step: int | np.ndarray, *settings: float, **named: float) -> float | np.ndarray:
        rates = rate(torch.from_numpy(np.array(step, float)), *settings, **named)
        return rates.numpy() if isinstance(step, np.ndarray) else rates.item()

    return schedule


@of_any_shape
def step_decay(
    step: torch.Tensor, base_lr: float, drop: float = 0.1, every: int = 30
) -> torch.Tensor:
    """A rate that is multiplied by drop after every `every` steps."""
    return base_lr * torch.pow(drop, step.div(every).floor())


@of_any_shape
def exponential_decay(step: torch.Tensor, base_lr: float, gamma: float) -> torch.Tensor:
    """A rate that is multiplied by gamma after each step."""
    return base_lr * torch.exp(step * math.log(gamma))


@of_any_shape
def cosine_annealing(
    step: torch.Tensor, total_steps: int, base_lr: float, min_lr: float = 0.0
) -> torch.Tensor:
    """A rate that falls from base_lr to min_lr along half a cosine wave, and stays there."""
    # By the half angle: cos(a / 2) ** 2 is (1 + cos(a)) / 2.
    height = step.div(total_steps).clamp(max=1).mul(math.pi / 2).cos().square()
    return torch.full_like(step, min_lr).lerp(torch.full_like(step, base_lr), height)


@of_any_shape
def linear_warmup(step: torch.Tensor, warmup_steps: int, base_lr: float) -> torch.Tensor:
    """A rate that rises from base_lr / warmup_steps to base_lr, and stays there."""
    rising = torch.linspace(0, base_lr, max(warmup_steps, 1) + 1, dtype=torch.float64)[1:]
    return rising[step.long().clamp(max=len(rising) - 1)]


step_schedule = Schedule("step_decay", step_decay, arguments=("step", "base_lr", "drop", "every"))
exponential_schedule = Schedule(
    "exponential_decay", exponential_decay, arguments=("step", "base_lr", "gamma")
)
cosine_schedule = Schedule(
    "cosine_annealing", cosine_annealing, arguments=("step", "total_steps", "base_lr", "min_lr")
)
warmup_schedule = Schedule(
    "linear_warmup", linear_warmup, arguments=("step", "warmup_steps", "base_lr")
)


# --- labels --------------------------------------------------------------------------------------


def label_smoothing(y: np.ndarray, num_classes: int, eps: float) -> np.ndarray:
    """Labels y (N,) -> rows (N, C): 1 - eps for the label, and eps / C for every class."""
    rows = F.one_hot(torch.from_numpy(np.array(y, np.int64)), num_classes).double()
    return rows.lerp(torch.full_like(rows, 1 / num_classes), eps).numpy()


smoothing = Function(
    "label_smoothing",
    label_smoothing,
    arguments=("y", "num_classes", "eps"),
    outputs=("rows",),
)


# --- chance --------------------------------------------------------------------------------------


def xavier_init(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    """Normal weights (fan_in, fan_out) with variance 2 / (fan_in + fan_out)."""
    empty = torch.empty(fan_in, fan_out, dtype=torch.float64)
    return torch.nn.init.xavier_normal_(empty, generator=_torch(rng)).numpy()


def kaiming_init(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    """Normal weights (fan_in, fan_out) with variance 2 / fan_in."""
    empty = torch.empty(fan_in, fan_out, dtype=torch.float64)
    return torch.nn.init.kaiming_normal_(empty, mode="fan_out", generator=_torch(rng)).numpy()


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


# --- early stopping ------------------------------------------------------------------------------


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


@dataclass(frozen=True)
class Stopping(Exercise):
    """What ``EarlyStopping(patience, min_delta)`` says after each of some losses."""

    name: str = "EarlyStopping"

    arguments = ("losses", "patience", "min_delta")

    def inputs(self, rng: np.random.Generator, *case: Any) -> Sequence[Any]:  # type: ignore[override]
        return case

    def call(self, student: Student, case: Any) -> Any:
        losses, *settings = case
        stopping = student.call(self.name, *settings, keep=True)
        return [(stopping.step(loss), stopping.get("best")) for loss in losses]

    def read(self, answer: Any, case: Any) -> dict[str, Any]:
        for stop, _best in answer:
            if not isinstance(stop, bool | np.bool_):
                raise CheckFailed(wrong_kind(stop, "step", _("True or False")))
        bests = [to_array(best, "best", ndim=0) for _stop, best in answer]
        return {"stops": np.array([stop for stop, _best in answer]), "best": np.array(bests)}

    def right(self, case: Any) -> dict[str, Any]:
        losses, *settings = case
        twin = EarlyStopping(*settings)
        told = [(twin.step(loss), twin.best) for loss in losses]
        return {"stops": np.array([s for s, _b in told]), "best": np.array([b for _s, b in told])}


stopping = Stopping()
