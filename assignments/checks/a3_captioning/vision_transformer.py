"""What the public and hidden checks of vision_transformer share with others."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from assignments.compare import assert_unchanged, to_array
from assignments.messages import _
from assignments.standins.a3_captioning.vision_transformer import patches, vit
from assignments.student import CheckFailed, Remote, Student, StudentError

Weights = Mapping[str, torch.Tensor]


def tensor(rng: np.random.Generator, *shape: int) -> torch.Tensor:
    return torch.from_numpy(rng.normal(size=shape))


def build(student: Student, name: str, *args: float) -> Remote:
    """A module of the student's, in double precision and in eval mode."""
    module = student.call(name, *args, keep=True)
    module.double()
    module.eval()
    return module


def parameter_shapes(student: Student, module: Remote) -> dict[str, tuple[int, ...]]:
    """The shape of each parameter by its name."""
    named = student.iterate(module.named_parameters(keep=True))
    return {name: tuple(value.shape) for name, value in named}


def load_weights(student: Student, module: Remote, weights: Weights) -> None:
    """Put weights into a module, by their names.

    Raises:
        CheckFailed: a weight is missing or has another shape.
    """
    check_parameters(student, module, {name: tuple(value.shape) for name, value in weights.items()})
    module.load_state_dict(dict(weights), strict=False)


def check_parameters(
    student: Student, module: Remote, shapes: Mapping[str, tuple[int, ...]]
) -> None:
    """Are there parameters of these names and shapes?"""
    found = parameter_shapes(student, module)
    for name, shape in shapes.items():
        if name not in found:
            raise CheckFailed(
                _("there is no parameter {name}; are the names those of the docstring?").format(
                    name=name
                )
            )
        if found[name] != shape:
            raise CheckFailed(
                _("{what} has shape {got}, where {want} is expected").format(
                    what=name, got=found[name], want=shape
                )
            )


def check_shape(got: object, shape: tuple[int, ...]) -> None:
    """Has the result this shape?"""
    found = to_array(got, "the result").shape
    if found != shape:
        raise CheckFailed(
            _("the result has shape {got}, where {want} is expected").format(got=found, want=shape)
        )


def check_same(kept: Remote, x: torch.Tensor, name: str) -> None:
    """Is an argument that was put inside as it was? What it has become tells who changed it."""
    if not torch.equal(kept.detach(), x):
        assert_unchanged({0: x}, {0: name})


def randomize(module: nn.Module, rng: np.random.Generator) -> nn.Module:
    """Give a module of PyTorch random weights, norms and biases too; double, in eval mode."""
    module.double().eval()
    with torch.no_grad():
        for name, weight in module.named_parameters():
            drawn = tensor(rng, *weight.shape)
            if weight.ndim == 2:
                drawn /= weight.shape[1] ** 0.5
            elif "norm" in name and name.endswith("weight"):
                drawn = torch.from_numpy(rng.uniform(0.5, 1.5, size=weight.shape))
            weight.copy_(drawn)
    return module


def own_names(weights: Weights) -> dict[str, torch.Tensor]:
    """The weights of a module of PyTorch by the names that the notebooks use."""
    named = {}
    for name, value in weights.items():
        if "in_proj" in name:
            before, _prefix, kind = name.partition("in_proj_")
            for part, piece in zip(("query", "key", "value"), value.chunk(3), strict=True):
                named[f"{before}{part}.{kind}"] = piece.detach().clone()
        else:
            named[name.replace("out_proj", "proj").replace("multihead", "cross")] = value.detach()
    return named


WIDTH = 16
#: Linear layers that return 0.
QUIET = {
    f"linear{number}.{kind}": torch.zeros(shape)
    for number in (1, 2)
    for kind, shape in (("weight", (WIDTH, WIDTH)), ("bias", (WIDTH,)))
}
#: linear2 returns ones; GELU does (nearly three of them), which go through linear2 unchanged.
LATE = {**QUIET, "linear2.bias": torch.ones(WIDTH)}
INNER = {**QUIET, "linear1.bias": torch.full((WIDTH,), 3.0), "linear2.weight": torch.eye(WIDTH)}


def check_dropped(
    student: Student,
    kind: str,
    share: float,
    give: Callable[[Remote], None],
    times: int,
    what: str,
) -> None:
    """Is the share of dropout right in a layer of this kind, in training?

    The layer gets zeros. ``give`` makes one of its changes ones, which go through dropout
    ``times`` times.
    """
    layer = student.call(kind, WIDTH, 2, WIDTH, share, keep=True)
    layer.double()
    give(layer)
    layer.train()
    zeros = torch.zeros(40, 50, WIDTH, dtype=torch.float64)
    memory = () if kind == "TransformerEncoderLayer" else (zeros[:, :3],)
    out = to_array(layer(zeros, *memory), "out").reshape(-1, WIDTH)
    # Norms keep the order: what was dropped lies below what was kept.
    spread = np.ptp(out, axis=1) > 1e-6
    middle = (out.max(axis=1) + out.min(axis=1)) / 2
    kept = float((out[spread] > middle[spread, None]).mean()) if spread.any() else 1.0
    want = (1 - share) ** times
    # 32,000 draws, of which a standard deviation is less than 0.003.
    if abs(kept - want) > 0.03:
        raise CheckFailed(
            _("in training, dropout does not act as described on what {what} returns").format(
                what=what
            ),
            _("too much is dropped") if kept < want else _("too little is dropped"),
        )


def check_refused(student: Student, size: int, *images: tuple[int, int]) -> None:
    """Do images that patches of this size do not fill raise a ValueError?"""
    embed = patches.fresh(student, 2 * size, size, 1, 3)
    for height, width in images:
        try:
            embed(torch.ones(1, 1, height, width, dtype=torch.float64))
        except StudentError as error:
            if error.type == "ValueError":
                continue
            if error.blank:
                raise
            reason = _("an image that patches do not fill raises {error}, not ValueError")
            raise CheckFailed(reason.format(error=error.type)) from error
        raise CheckFailed(_("an image that patches do not fill raises no ValueError"))


def check_first_positions(student: Student, size: int, patch: int, width: int) -> None:
    """Are the positions of a fresh model small random numbers?"""
    model = vit.fresh(student, size, patch, 1, width, 1, 1, 4, 2)
    positions = to_array(model.get("positions"), "positions")
    if not 0.018 < positions.std() < 0.022 or abs(positions.mean()) > 0.003:
        raise CheckFailed(_("the first positions have another mean or standard deviation"))
    if len(np.unique(positions)) < positions.size / 2:
        raise CheckFailed(_("the first positions of different places are the same"))


def check_whole(student: Student, rng: np.random.Generator, *sizes: tuple) -> None:
    """Has a model the parameters described, no others, and layers with its heads and dropout?"""
    for size in sizes:
        case = vit.draw(rng, size)
        vit.check_parameters(student, case)
        *_others, layers, heads, _hidden, _classes, share = case.settings
        model = vit.fresh(student, *case.settings)
        for number in range(layers):
            if model.get(f"layers[{number}].self_attn.num_heads") != heads:
                raise CheckFailed(_("the layers do not have num_heads heads"))
            if model.get(f"layers[{number}].dropout.p") != share:
                raise CheckFailed(_("the layers do not have the model's share of dropout"))
