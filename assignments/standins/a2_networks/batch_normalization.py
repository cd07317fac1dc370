"""What batch_normalization asks for, declared once by PyTorch's layers; its stand-ins follow."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.families.normalisation import Normalisation
from assignments.messages import N_

__all__ = [
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_forward",
    "layernorm_backward",
    "layernorm_forward",
]


def norm_arrays(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """x (N, D, ...), gamma and beta (D,); examples, features and places differ in their means."""
    D = shape[1]
    x = rng.normal(size=shape)
    for axis, size in enumerate(shape):
        by_axis = [1] * len(shape)
        by_axis[axis] = size
        x = x * rng.uniform(0.5, 2, size=by_axis) + rng.normal(0, 1.5, size=by_axis)
    gamma = rng.uniform(0.5, 2, size=D) * rng.choice([-1, 1], size=D)
    return x, gamma, rng.normal(0, 2, size=D)


def norm_inputs(
    rng: np.random.Generator, shape: tuple[int, ...], mode: str = "train", eps: float = 0.4
) -> tuple[Any, ...]:
    """x, gamma, beta and bn_param."""
    D = shape[1]
    averages = {"running_mean": rng.normal(size=D), "running_var": rng.uniform(0.5, 3, size=D)}
    return *norm_arrays(rng, shape), {"mode": mode, "eps": eps, "momentum": 0.7, **averages}


def batch_norm(
    x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor, bn_param: Mapping
) -> torch.Tensor:
    """By the batch's own mean and variance in training, by the running averages in the test.

    Raises:
        ValueError: the mode is neither.
    """
    mode, eps = bn_param["mode"], bn_param.get("eps", 1e-5)
    if mode not in ("train", "test"):
        raise ValueError(f"bn_param['mode'] is {mode!r}; it should be 'train' or 'test'")
    mean, var = (
        torch.tensor(bn_param.get(name, np.zeros(x.shape[1]))).to(x.dtype)
        for name in ("running_mean", "running_var")
    )
    # F.batch_norm refuses a batch of one example; with a momentum of 0 nothing moves.
    return torch.batch_norm(x, gamma, beta, mean, var, mode == "train", 0.0, eps, False)


batchnorm = Normalisation(
    "batchnorm",
    twin=batch_norm,
    inputs=norm_inputs,
    arguments=("x", "gamma", "beta", "bn_param"),
    counted=(N_("the number of examples"), N_("the number of features")),
    rows=lambda x, *_others: x.T,
    running=True,
)
batchnorm_alt = replace(batchnorm, second="batchnorm_backward_alt")
batchnorm_forward, batchnorm_backward = batchnorm.standin()
batchnorm_backward_alt = batchnorm_backward

layernorm = Normalisation(
    "layernorm",
    twin=lambda x, gamma, beta, param: F.layer_norm(
        x, x.shape[1:], gamma, beta, param.get("eps", 1e-5)
    ),
    inputs=lambda rng, shape, eps=0.4: (*norm_arrays(rng, shape), {"eps": eps}),
    arguments=("x", "gamma", "beta", "ln_param"),
    counted=batchnorm.counted,
    rows=lambda x, *_others: x,
    each=N_("example"),
)
layernorm_forward, layernorm_backward = layernorm.standin()
