"""Stand-ins for the batch-normalization notebook: PyTorch's normalisations and their gradients."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch.nn import functional as F

from assignments.standins.autograd import backward, leaves

__all__ = [
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_forward",
    "layernorm_backward",
    "layernorm_forward",
]

_Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


def batchnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict
) -> tuple[np.ndarray, tuple]:
    """Normalise each of D features over the batch.

    x: (N, D). gamma, beta: (D,).
    bn_param: mode, "train" or "test"; eps (default 1e-5); momentum (default 0.9); running_mean and
        running_var, (D,), from zeros on. Training moves these two in bn_param.
    Returns (out, cache): out (N, D).
    """
    mode = bn_param["mode"]
    if mode not in ("train", "test"):
        raise ValueError(f"bn_param['mode'] is {mode!r}; it should be 'train' or 'test'")
    running = {
        name: torch.from_numpy(np.array(bn_param.get(name, np.zeros(x.shape[1])), x.dtype))
        for name in ("running_mean", "running_var")
    }
    used = None if mode == "train" else tuple(r.numpy() for r in running.values())
    eps = bn_param.get("eps", 1e-5)
    if mode == "train":
        batch = torch.var_mean(torch.from_numpy(np.array(x)), 0, correction=0)
        for name, statistic in zip(("running_var", "running_mean"), batch, strict=True):
            running[name].lerp_(statistic, 1 - bn_param.get("momentum", 0.9))
    bn_param.update({name: statistic.numpy() for name, statistic in running.items()})
    out = batch_norm(*leaves(x, gamma, beta), running=used, eps=eps)
    return out.detach().numpy(), (x, gamma, beta, used, eps)


def batchnorm_backward(dout: np.ndarray, cache: tuple) -> _Gradients:
    """dout (N, D) and the cache of batchnorm_forward -> dx (N, D), dgamma (D,), dbeta (D,)."""
    *arrays, running, eps = cache
    function = partial(batch_norm, running=running, eps=eps)
    dx, dgamma, dbeta = backward(function, arrays, dout)
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout: np.ndarray, cache: tuple) -> _Gradients:
    """The same as batchnorm_backward."""
    return batchnorm_backward(dout, cache)


def layernorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, ln_param: dict
) -> tuple[np.ndarray, tuple]:
    """Normalise each example over its D features.

    x: (N, D). gamma, beta: (D,). ln_param: eps (default 1e-5).
    Returns (out, cache): out (N, D).
    """
    eps = ln_param.get("eps", 1e-5)
    out = _layer_norm(*leaves(x, gamma, beta), eps=eps)
    return out.detach().numpy(), (x, gamma, beta, eps)


def layernorm_backward(dout: np.ndarray, cache: tuple) -> _Gradients:
    """dout (N, D) and the cache of layernorm_forward -> dx (N, D), dgamma (D,), dbeta (D,)."""
    *arrays, eps = cache
    dx, dgamma, dbeta = backward(partial(_layer_norm, eps=eps), arrays, dout)
    return dx, dgamma, dbeta


def batch_norm(
    x: torch.Tensor,
    gamma: torch.Tensor,
    beta: torch.Tensor,
    *,
    running: Sequence[np.ndarray] | None,
    eps: float,
) -> torch.Tensor:
    """By the batch's own statistics where running is None, else by (mean, variance)."""
    mean, var = (None, None) if running is None else map(torch.from_numpy, map(np.array, running))
    # F.batch_norm refuses a batch of one example.
    return torch.batch_norm(x, gamma, beta, mean, var, running is None, 0.0, eps, False)


def _layer_norm(
    x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor, *, eps: float
) -> torch.Tensor:
    return F.layer_norm(x, x.shape[1:], gamma, beta, eps)
