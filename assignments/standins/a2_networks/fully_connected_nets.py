"""Stand-ins for the fully-connected-nets notebook: automatic gradients and PyTorch's update rules.

Names, arguments and results are as the notebook describes them; no gradient and no formula of a
rule is written out here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.standins.a2_networks.batch_normalization import (
    batch_norm,
    batchnorm,
)
from assignments.standins.a2_networks.dropout import draw_mask
from assignments.standins.autograd import labels, leaves

__all__ = [
    "FullyConnectedNet",
    "adadelta",
    "adagrad",
    "adam",
    "adamw",
    "nesterov",
    "rmsprop",
    "sgd_momentum",
]


class FullyConnectedNet:
    """{affine - [batch/layer norm] - ReLU - [dropout]} x (L - 1) - affine - softmax.

    params: W1, b1 (and gamma1, beta1), ..., WL, bL.
    """

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 3 * 32 * 32,
        num_classes: int = 10,
        dropout_keep_ratio: float = 1,
        normalization: str | None = None,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: Any = np.float32,
        seed: int | None = None,
    ) -> None:
        self.normalization = normalization
        self.use_dropout = dropout_keep_ratio != 1
        self.reg = reg
        self.num_layers = len(hidden_dims) + 1
        self.dtype = dtype
        self.params = {}
        dims = [input_dim, *hidden_dims, num_classes]
        for layer in range(self.num_layers):
            weights = np.random.normal(0, weight_scale, dims[layer : layer + 2])
            fresh = {"W": weights, "b": np.zeros(dims[layer + 1])}
            if normalization and layer < len(hidden_dims):
                fresh |= {"gamma": np.ones_like(fresh["b"]), "beta": np.zeros_like(fresh["b"])}
            for kind, value in fresh.items():
                self.params[f"{kind}{layer + 1}"] = value.astype(dtype)
        self.dropout_param = {"mode": "train", "p": dropout_keep_ratio}
        if seed is not None:
            self.dropout_param["seed"] = seed
        self.bn_params = [{"mode": "train"} for _hidden in hidden_dims]

    def loss(self, X: np.ndarray, y: np.ndarray | None = None):
        """Scores (N, C), or with labels y the loss and its gradients by name."""
        params = dict(zip(self.params, leaves(*self.params.values()), strict=True))
        scores = _scores(self, torch.from_numpy(np.array(X, self.dtype)), params, y is not None)
        if y is None:
            return scores.detach().numpy()
        penalties = [value.square().sum() for name, value in params.items() if name[0] == "W"]
        loss = F.cross_entropy(scores, labels(y)) + self.reg / 2 * sum(penalties)
        gradients = torch.autograd.grad(loss, list(params.values()), materialize_grads=True)
        return loss.item(), {
            name: gradient.numpy() for name, gradient in zip(params, gradients, strict=True)
        }


def _scores(
    net: Any, X: torch.Tensor, params: dict[str, torch.Tensor], training: bool
) -> torch.Tensor:
    """The scores of a network, whose running averages move where it is training."""
    hidden = X.flatten(1)
    for layer in range(1, net.num_layers):
        hidden = F.linear(hidden, params[f"W{layer}"].T, params[f"b{layer}"])
        if net.normalization:
            hidden = _normalise(net, hidden, layer, params, training)
        hidden = F.relu(hidden)
        if net.use_dropout and training:
            mask = draw_mask(hidden.shape, net.dropout_param["p"], net.dropout_param.get("seed"))
            hidden = hidden * torch.from_numpy(mask).to(hidden.dtype)
    last = net.num_layers
    return F.linear(hidden, params[f"W{last}"].T, params[f"b{last}"])


def _normalise(
    net: Any, x: torch.Tensor, layer: int, params: dict[str, torch.Tensor], training: bool
) -> torch.Tensor:
    gamma, beta = params[f"gamma{layer}"], params[f"beta{layer}"]
    settings = net.bn_params[layer - 1]
    eps = settings.get("eps", 1e-5)
    if net.normalization == "layernorm":
        return F.layer_norm(x, x.shape[1:], gamma, beta, eps)
    settings["mode"] = "train" if training else "test"
    settings.update(batchnorm.averages(x.detach().numpy(), settings))
    return batch_norm(x, gamma, beta, settings)


def sgd_momentum(w: np.ndarray, dw: np.ndarray, config: dict | None = None):
    """Stochastic gradient descent with momentum; config: learning_rate, momentum, velocity."""
    return _momentum(w, dw, config, nesterov=False)


def nesterov(w: np.ndarray, dw: np.ndarray, config: dict | None = None):
    """Nesterov's momentum; config: learning_rate, momentum, velocity."""
    return _momentum(w, dw, config, nesterov=True)


def _momentum(w: np.ndarray, dw: np.ndarray, config: dict | None, nesterov: bool):
    config = {
        "learning_rate": 1e-2,
        "momentum": 0.9,
        "velocity": np.zeros_like(w),
        **(config or {}),
    }
    # PyTorch's buffer is against the velocity, and without the learning rate, which may change.
    next_w, state = _step(
        torch.optim.SGD,
        w,
        config["learning_rate"] * dw,
        {"momentum_buffer": -config["velocity"]},
        lr=1.0,
        momentum=config["momentum"],
        nesterov=nesterov,
    )
    return next_w, {**config, "velocity": -state["momentum_buffer"].numpy()}


def adagrad(w: np.ndarray, dw: np.ndarray, config: dict | None = None):
    """Adagrad; config: learning_rate, epsilon, cache."""
    config = {"learning_rate": 1e-2, "epsilon": 1e-8, "cache": np.zeros_like(w), **(config or {})}
    next_w, state = _step(
        torch.optim.Adagrad,
        w,
        dw,
        {"step": 0.0, "sum": config["cache"]},
        lr=config["learning_rate"],
        eps=config["epsilon"],
    )
    return next_w, {**config, "cache": state["sum"].numpy()}


def adadelta(w: np.ndarray, dw: np.ndarray, config: dict | None = None):
    """Adadelta; config: decay_rate, epsilon, cache, delta."""
    zeros = {"cache": np.zeros_like(w), "delta": np.zeros_like(w)}
    config = {"decay_rate": 0.95, "epsilon": 1e-6, **zeros, **(config or {})}
    next_w, state = _step(
        torch.optim.Adadelta,
        w,
        dw,
        {"step": 0.0, "square_avg": config["cache"], "acc_delta": config["delta"]},
        lr=1.0,
        rho=config["decay_rate"],
        eps=config["epsilon"],
    )
    moved = {"cache": state["square_avg"].numpy(), "delta": state["acc_delta"].numpy()}
    return next_w, {**config, **moved}


def rmsprop(w: np.ndarray, dw: np.ndarray, config: dict | None = None):
    """RMSProp; config: learning_rate, decay_rate, epsilon, cache."""
    given = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "cache": np.zeros_like(w)}
    config = {**given, **(config or {})}
    next_w, state = _step(
        torch.optim.RMSprop,
        w,
        dw,
        {"step": 0.0, "square_avg": config["cache"]},
        lr=config["learning_rate"],
        alpha=config["decay_rate"],
        eps=config["epsilon"],
    )
    return next_w, {**config, "cache": state["square_avg"].numpy()}


def adam(w: np.ndarray, dw: np.ndarray, config: dict | None = None):
    """Adam; config: learning_rate, beta1, beta2, epsilon, m, v, t."""
    return _adam(torch.optim.Adam, w, dw, dict(config or {}), weight_decay=0.0)


def adamw(w: np.ndarray, dw: np.ndarray, config: dict | None = None):
    """Adam with decoupled weight decay; config: as Adam's, and weight_decay."""
    config = {"weight_decay": 1e-2, **(config or {})}
    return _adam(torch.optim.AdamW, w, dw, config, weight_decay=config["weight_decay"])


def _adam(rule: type, w: np.ndarray, dw: np.ndarray, config: dict, weight_decay: float):
    given = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    config = {**given, "m": np.zeros_like(w), "v": np.zeros_like(w), "t": 0, **config}
    next_w, state = _step(
        rule,
        w,
        dw,
        {"step": float(config["t"]), "exp_avg": config["m"], "exp_avg_sq": config["v"]},
        lr=config["learning_rate"],
        betas=(config["beta1"], config["beta2"]),
        eps=config["epsilon"],
        weight_decay=weight_decay,
    )
    moments = {"m": state["exp_avg"].numpy(), "v": state["exp_avg_sq"].numpy()}
    return next_w, {**config, **moments, "t": int(state["step"])}


def _step(
    rule: type[torch.optim.Optimizer],
    w: np.ndarray,
    dw: np.ndarray,
    state: dict[str, Any],
    **settings: Any,
) -> tuple[np.ndarray, dict[str, torch.Tensor]]:
    """One step of a rule of PyTorch's that continues from a state; the next w and state."""
    (parameter,) = leaves(w)
    parameter.grad = torch.from_numpy(np.array(dw, parameter.detach().numpy().dtype))
    optimizer = rule([parameter], **settings)
    optimizer.state[parameter] = {
        name: torch.from_numpy(np.array(value, np.float32 if name == "step" else w.dtype))
        for name, value in state.items()
    }
    optimizer.step()
    return parameter.detach().numpy(), optimizer.state[parameter]
