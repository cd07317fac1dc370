"""What the public and hidden checks of vision_transformer share with others."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from assignments.compare import assert_unchanged, to_array
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student, StudentError

Weights = Mapping[str, torch.Tensor]


def bare_model(
    student: Student,
    positions: torch.Tensor,
    dropout: float = 0.0,
    layers: Sequence[Remote] = (),
) -> Remote:
    """A model whose tokens are given by the image, without layers or with these, and no head.

    positions: (1, L, D). The image has L * D numbers: the tokens, one after the other.
    """
    _one, length, width = tuple(positions.shape)
    model = build(student, "VisionTransformer", 2, 2, 1, width, 1, 1, 3, width, dropout)
    pieces = student.make("torch.nn.Unflatten", 1, (length, width))
    flat = student.make("torch.nn.Flatten")
    layers = layers or [student.make("torch.nn.Identity")]
    replace_parts(student, model, [flat, pieces], layers, positions)
    load_weights(student, model, {"head.weight": torch.eye(width), "head.bias": torch.zeros(width)})
    return model


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


def model_shapes(
    size: int, patch: int, channels: int, width: int, layers: int, hidden: int, classes: int
) -> dict[str, tuple[int, ...]]:
    """The parameters of a Vision Transformer, as the docstrings say."""
    shapes = {
        "positions": (1, (size // patch) ** 2, width),
        "patch_embed.proj.weight": (width, channels * patch * patch),
        "patch_embed.proj.bias": (width,),
        "head.weight": (classes, width),
        "head.bias": (classes,),
    }
    for number in range(layers):
        linear = {
            **{f"self_attn.{name}": (width, width) for name in ("query", "key", "value", "proj")},
            "linear1": (hidden, width),
            "linear2": (width, hidden),
        }
        for name, shape in linear.items():
            shapes[f"layers.{number}.{name}.weight"] = shape
            shapes[f"layers.{number}.{name}.bias"] = shape[:1]
        for name in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"):
            shapes[f"layers.{number}.{name}"] = (width,)
    return shapes


def replace_parts(
    student: Student,
    model: Remote,
    embedding: list[Remote],
    layers: Sequence[Remote],
    positions: torch.Tensor,
) -> None:
    """Put other modules in the place of patches and layers, so that the model is tried alone."""
    model.set("patch_embed", student.make("torch.nn.Sequential", *embedding))
    model.set("layers", student.make("torch.nn.Sequential", *layers))
    try:
        model.get("positions", keep=True)
    except StudentError as error:
        raise CheckFailed(_("there is no parameter positions")) from error
    model.set("positions", student.make("torch.nn.Parameter", positions))
    model.double()
    model.eval()


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


def check_refused(embed: Remote, height: int, width: int) -> None:
    """Does an image of this size raise a ValueError?"""
    try:
        embed(torch.ones(1, 1, height, width, dtype=torch.float64))
    except StudentError as error:
        if error.type == "ValueError":
            return
        if error.blank:
            raise
        raise CheckFailed(
            _("an image that patches do not fill raises {error}, not ValueError").format(
                error=error.type
            )
        ) from error
    raise CheckFailed(_("an image that patches do not fill raises no ValueError"))


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


def drawn_layer(rng: np.random.Generator, width: int, heads: int, hidden: int) -> nn.Module:
    """PyTorch's encoder layer with random weights, norms too."""
    layer = nn.TransformerEncoderLayer(width, heads, hidden, activation=F.gelu, batch_first=True)
    return randomize(layer, rng)


def both_layers(
    student: Student, rng: np.random.Generator, width: int, heads: int, hidden: int
) -> tuple[Remote, nn.Module]:
    """The student's layer and PyTorch's, with the same weights, in eval mode."""
    oracle = drawn_layer(rng, width, heads, hidden)
    layer = build(student, "TransformerEncoderLayer", width, heads, hidden)
    load_weights(student, layer, own_names(oracle.state_dict()))
    return layer, oracle


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


def check_encoder_dropout(student: Student, *shares: float) -> None:
    """Does dropout act on what attention, linear2 and GELU return?"""
    proj = {"self_attn.proj.weight": torch.zeros(WIDTH, WIDTH)}
    proj["self_attn.proj.bias"] = torch.zeros(WIDTH)
    ones = {"self_attn.proj.bias": torch.ones(WIDTH)}
    for weights, times, what in (
        ({**QUIET, **proj, **ones}, 1, "attention"),
        ({**LATE, **proj}, 1, "linear2"),
        ({**INNER, **proj}, 2, "GELU, and then linear2,"),
    ):
        give = partial(load_weights, student, weights=weights)
        for share in shares:
            check_dropped(student, "TransformerEncoderLayer", share, give, times, what)


def check_parts(
    student: Student,
    size: int,
    patch: int,
    channels: int,
    width: int,
    layers: int,
    heads: int,
    hidden: int,
    classes: int,
) -> None:
    """Has a model the parameters described, no others, and these heads?"""
    model = build(
        student, "VisionTransformer", size, patch, channels, width, layers, heads, hidden, classes
    )
    shapes = model_shapes(size, patch, channels, width, layers, hidden, classes)
    check_parameters(student, model, shapes)
    if parameter_shapes(student, model).keys() - shapes.keys():
        raise CheckFailed(_("there are more parameters than the docstring names"))
    for number in range(layers):
        if model.get(f"layers[{number}].self_attn.num_heads") != heads:
            raise CheckFailed(_("the layers do not have num_heads heads"))


def check_first_positions(student: Student, size: int, patch: int, width: int) -> None:
    """Are the positions of a fresh model small random numbers?"""
    model = build(student, "VisionTransformer", size, patch, 1, width, 1, 1, 4, 2)
    positions = to_array(model.get("positions"), "positions")
    if not 0.018 < positions.std() < 0.022 or abs(positions.mean()) > 0.003:
        raise CheckFailed(_("the first positions have another mean or standard deviation"))
    if len(np.unique(positions)) < 2000:
        raise CheckFailed(_("the first positions of different places are the same"))


def check_share(model: Remote, share: float) -> None:
    """Have both layers of a model its share of dropout?"""
    for number in range(2):
        if model.get(f"layers[{number}].dropout.p") != share:
            raise CheckFailed(_("the layers do not have the model's share of dropout"))
