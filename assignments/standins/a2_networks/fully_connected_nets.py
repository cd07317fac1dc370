"""What fully_connected_nets asks for, declared once; its stand-ins follow.

No gradient and no formula of an update rule is written out here.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import optim
from torch.nn import functional as F

from assignments.families import kinks
from assignments.families.model import Model, Params
from assignments.families.update_rule import UpdateRule
from assignments.standins.a1_classifiers.two_layer_net import affine
from assignments.standins.a2_networks.batch_normalization import batch_norm, batchnorm_forward
from assignments.standins.a2_networks.dropout import draw_mask

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


# --- the network ---------------------------------------------------------------------------------


def net_shapes(
    hidden_dims: Sequence[int],
    input_dim: int,
    num_classes: int,
    normalization: str | None,
    **_others: Any,
) -> dict[str, tuple[int, ...]]:
    """{affine - [batch/layer norm] - ReLU - [dropout]} x (L - 1) - affine."""
    shapes: dict[str, tuple[int, ...]] = {}
    widths = [input_dim, *hidden_dims, num_classes]
    for layer, (before, after) in enumerate(pairwise(widths), start=1):
        shapes |= {f"W{layer}": (before, after), f"b{layer}": (after,)}
        if normalization and layer <= len(hidden_dims):
            shapes |= {f"gamma{layer}": (after,), f"beta{layer}": (after,)}
    return shapes


def net_scores(
    p: Params, X: torch.Tensor, settings: Mapping[str, Any], training: bool
) -> torch.Tensor:
    """The same; running averages move in training, where ``settings`` has ``bn_params``."""
    hidden, last = X, len(settings["hidden_dims"]) + 1
    for layer in range(1, last):
        hidden = affine.twin(hidden, p[f"W{layer}"], p[f"b{layer}"])
        if settings["normalization"]:
            hidden = _normalise(hidden, layer, p, settings, training)
        hidden = settings.get("relu", kinks.relu)(hidden)
        if settings["dropout_keep_ratio"] != 1 and training:
            mask = draw_mask(hidden.shape, settings["dropout_keep_ratio"], settings["seed"])
            hidden = hidden * torch.from_numpy(mask).to(hidden.dtype)
    return affine.twin(hidden, p[f"W{last}"], p[f"b{last}"])


def _normalise(
    x: torch.Tensor, layer: int, p: Params, settings: Mapping[str, Any], training: bool
) -> torch.Tensor:
    gamma, beta = p[f"gamma{layer}"], p[f"beta{layer}"]
    if settings["normalization"] == "layernorm":
        return F.layer_norm(x, x.shape[1:], gamma, beta)
    averages = settings["bn_params"][layer - 1] if "bn_params" in settings else {}
    averages["mode"] = "train" if training else "test"
    inputs, scale, shift = (tensor.detach().numpy() for tensor in (x, gamma, beta))
    _out, (*_arrays, running, eps) = batchnorm_forward(inputs, scale, shift, averages)
    return batch_norm(x, gamma, beta, running=running, eps=eps)


net = Model(
    "FullyConnectedNet",
    defaults={
        "hidden_dims": (100,), "input_dim": 3072, "num_classes": 10, "dropout_keep_ratio": 1,
        "normalization": None, "reg": 0.0, "weight_scale": 1e-2, "dtype": np.float32, "seed": None,
    },
    shapes=net_shapes,
    images=lambda input_dim, **_others: (input_dim,),
    twin=net_scores,
)  # fmt: skip


class FullyConnectedNet(net.standin()):  # type: ignore[misc]
    """A stack of affine layers, with what training remembers of normalisation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.num_layers = len(self.hidden_dims) + 1
        self.bn_params: list[dict] = [{} for _hidden in self.hidden_dims]


# --- update rules --------------------------------------------------------------------------------

RATE = {"learning_rate": ("lr", 1e-2)}
MOMENTUM = {**RATE, "momentum": ("momentum", 0.9)}
VELOCITY = {"velocity": "momentum_buffer"}
ADAM = {
    "learning_rate": ("lr", 1e-3), "beta1": ("beta1", 0.9), "beta2": ("beta2", 0.999),
    "epsilon": ("eps", 1e-8),
}  # fmt: skip
MOMENTS = {"m": "exp_avg", "v": "exp_avg_sq", "t": "step"}

momentum_rule = UpdateRule("sgd_momentum", optim.SGD, MOMENTUM, VELOCITY)
nesterov_rule = UpdateRule("nesterov", optim.SGD, MOMENTUM, VELOCITY, {"nesterov": True})
adagrad_rule = UpdateRule(
    "adagrad", optim.Adagrad, {**RATE, "epsilon": ("eps", 1e-8)}, {"cache": "sum"}
)
adadelta_rule = UpdateRule(
    "adadelta",
    optim.Adadelta,
    {"decay_rate": ("rho", 0.95), "epsilon": ("eps", 1e-6)},
    {"cache": "square_avg", "delta": "acc_delta"},
    {"lr": 1.0},
)
rmsprop_rule = UpdateRule(
    "rmsprop",
    optim.RMSprop,
    {**RATE, "decay_rate": ("alpha", 0.99), "epsilon": ("eps", 1e-8)},
    {"cache": "square_avg"},
)
adam_rule = UpdateRule("adam", optim.Adam, ADAM, MOMENTS)
adamw_rule = UpdateRule(
    "adamw", optim.AdamW, {**ADAM, "weight_decay": ("weight_decay", 1e-2)}, MOMENTS
)

sgd_momentum, nesterov = momentum_rule.step, nesterov_rule.step
adagrad, adadelta, rmsprop = adagrad_rule.step, adadelta_rule.step, rmsprop_rule.step
adam, adamw = adam_rule.step, adamw_rule.step
