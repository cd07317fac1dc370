"""Public checks of the notebook on the Vision Transformer, most to be followed by hand."""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from assignments.checks.a3_captioning.vision_transformer import (
    Weights,
    bare_model,
    both_layers,
    build,
    check_encoder_dropout,
    check_first_positions,
    check_parts,
    check_refused,
    check_same,
    check_shape,
    check_share,
    load_weights,
    model_shapes,
    own_names,
    parameter_shapes,
    randomize,
    tensor,
)
from assignments.compare import assert_close, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Remote, Student

# --- vision_transformer-patches ------------------------------------------------------------------


@question("vision_transformer-patches")
def test_patches_shape(student, rng):
    """Two images of 6 x 4 pixels and patches of 2 give six tokens each."""
    embed = build(student, "PatchEmbedding", 6, 2, 3, 5)
    check_shape(embed(torch.ones(2, 3, 6, 4, dtype=torch.float64)), (2, 6, 5))


@question("vision_transformer-patches")
def test_patches_order(student, rng):
    """Four patches with 1, 2, 3 and 4 in them come row by row."""
    embed = build(student, "PatchEmbedding", 4, 2, 1, 1)
    load_weights(
        student, embed, {"proj.weight": torch.full((1, 4), 0.25), "proj.bias": torch.zeros(1)}
    )
    rows = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    got = embed(torch.tensor(rows, dtype=torch.float64)[None, None])
    assert_unchanged(student.changed, {0: "x"})
    assert_close(got, tokens([1], [2], [3], [4]), "tokens", show=True)


@question("vision_transformer-patches")
def test_patches_inside(student, rng):
    """A patch with the numbers 1 to 8 in two channels goes into proj as 1, 2, ..., 8."""
    embed = build(student, "PatchEmbedding", 2, 2, 2, 8)
    load_weights(student, embed, {"proj.weight": torch.eye(8), "proj.bias": torch.zeros(8)})
    got = embed(torch.arange(1.0, 9, dtype=torch.float64).reshape(1, 2, 2, 2))
    assert_close(got, tokens(list(range(1, 9))), "tokens", show=True)


@question("vision_transformer-patches")
def test_patches_do_not_fit(student, rng):
    """Patches of 2 do not fill an image of 4 x 5 pixels: a ValueError says so."""
    check_refused(build(student, "PatchEmbedding", 4, 2, 1, 3), 4, 5)


# --- vision_transformer-encoder ------------------------------------------------------------------


@question("vision_transformer-encoder")
def test_encoder_norm_only(student, rng):
    """Where both changes are 0, (1, 3) becomes (-1, 1)."""
    assert_close(quiet_layer(student)(tokens([1, 3])), tokens([-1, 1]), "out", rtol=1e-4, show=True)


@question("vision_transformer-encoder")
def test_encoder_attention(student, rng):
    """Where attention returns (1, 0), (1, 3) becomes (2, 3) and, normed, (-1, 1)."""
    layer = quiet_layer(student, {"self_attn.proj.bias": torch.tensor([1.0, 0])})
    assert_close(layer(tokens([1, 3])), tokens([-1, 1]), "out", rtol=1e-4, show=True)


@question("vision_transformer-encoder")
def test_encoder_second_half(student, rng):
    """Where norm1 multiplies by 10 and linear2 returns (15, 0), (-10, 10) becomes (-1, 1)."""
    layer = quiet_layer(
        student, {"norm1.weight": torch.full((2,), 10.0), "linear2.bias": torch.tensor([15.0, 0])}
    )
    assert_close(layer(tokens([1, 3])), tokens([-1, 1]), "out", rtol=1e-4, show=True)


@question("vision_transformer-encoder")
def test_encoder_values(student, rng):
    """With random weights, tokens become what PyTorch's own layer makes of them; src stays."""
    layer, oracle = both_layers(student, rng, 6, 2, 5)
    src = tensor(rng, 2, 3, 6)
    kept = student.put(src)
    out = layer(kept)
    check_same(kept, src, "src")
    assert_close(out, oracle(src), "out")


@question("vision_transformer-encoder")
def test_encoder_mask(student, rng):
    """With a mask that lets each token see only itself, the others play no part."""
    layer = build(student, "TransformerEncoderLayer", 6, 2, 5)
    first, second = torch.arange(36.0, dtype=torch.float64).sin().reshape(2, 3, 6)
    second[0] = first[0]
    alone = torch.eye(3, dtype=torch.bool)
    one, other = (to_array(layer(src[None], alone), "out") for src in (first, second))
    assert_close(other[0, 0], one[0, 0], _("the first token, with other tokens beside it,"))


@question("vision_transformer-encoder")
def test_encoder_dropout(student, rng):
    """In training, dropout acts on what attention, GELU and linear2 return."""
    check_encoder_dropout(student, 0.3)


def quiet_layer(student: Student, changes: Weights | None = None) -> Remote:
    """An encoder layer of two numbers a token whose two changes are 0, apart from ``changes``."""
    layer = build(student, "TransformerEncoderLayer", 2, 1, 3)
    zeros = {"self_attn.proj": (2, 2), "linear1": (3, 2), "linear2": (2, 3)}
    weights = {f"{name}.weight": torch.zeros(shape) for name, shape in zeros.items()}
    weights |= {f"{name}.bias": torch.zeros(shape[0]) for name, shape in zeros.items()}
    load_weights(student, layer, weights | dict(changes or {}))
    return layer


# --- vision_transformer-model --------------------------------------------------------------------


@question("vision_transformer-model")
def test_model_shape(student, rng):
    """Two images give two rows of three scores, one for each class."""
    model = small_model(student)
    check_shape(model(torch.ones(2, 1, 4, 4, dtype=torch.float64)), (2, 3))


@question("vision_transformer-model")
def test_model_parameters(student, rng):
    """Positions, head and two different layers with two heads each are there, and nothing else."""
    check_parts(student, 4, 2, 1, 2, 2, 2, 3, 3)


@question("vision_transformer-model")
def test_model_first_positions(student, rng):
    """The positions start as random numbers with mean 0 and standard deviation 0.02."""
    check_first_positions(student, 16, 2, 32)


@question("vision_transformer-model")
def test_model_by_hand(student, rng):
    """(1, 2) and (3, 4), plus (3, -1) and (0, 0), squared, plus 1: the mean is (13.5, 9.5)."""
    served = [student.serve(layer) for layer in (lambda x: x**2, lambda x: x + 1)]
    layers = [student.make("answered", layer) for layer in served]
    model = bare_model(student, tokens([3, -1], [0, 0]), layers=layers)
    got = model(torch.arange(1.0, 5, dtype=torch.float64).reshape(1, 1, 2, 2))
    assert_unchanged(student.changed, {0: "x"})
    assert_close(got, torch.tensor([[13.5, 9.5]]), "scores", show=True)


@question("vision_transformer-model")
def test_model_dropout(student, rng):
    """In training with dropout 1/2, a token of 1 at a position of 1 becomes 0 or 4."""
    model = bare_model(student, torch.ones(1, 1, 40, dtype=torch.float64), 0.5)
    model.train()
    got = to_array(model(torch.ones(1, 1, 1, 40, dtype=torch.float64)), "scores")
    if np.unique(got.round(6)).tolist() != [0, 4]:
        raise CheckFailed(_("dropout does not act on the sum of tokens and positions"))
    check_share(small_model(student, 0.5), 0.5)


def small_model(student: Student, dropout: float = 0.0) -> Remote:
    """Four patches, two numbers a token, two layers, three classes."""
    return build(student, "VisionTransformer", 4, 2, 1, 2, 2, 1, 3, 3, dropout)


# --- vision_transformer-star-prenorm -------------------------------------------------------------


@question("vision_transformer-star-prenorm")
def test_prenorm_nothing_to_add(student, rng):
    """Where both changes are 0, tokens come out of the layer as they went in."""
    layer = build(student, "PreNormEncoderLayer", 2, 1, 3)
    zeros = {"self_attn.proj": (2, 2), "linear2": (2, 3)}
    weights = {f"{name}.weight": torch.zeros(shape) for name, shape in zeros.items()}
    load_weights(student, layer, weights | {f"{name}.bias": torch.zeros(2) for name in zeros})
    assert_close(layer(tokens([1, 3])), tokens([1, 3]), "out", show=True)


@question("vision_transformer-star-prenorm")
def test_prenorm_values(student, rng):
    """With random weights, the layer does what PyTorch's does with norm_first; src stays."""
    (twin,) = prenorm_layers(rng, 1, 6, 2, 5)
    layer = build(student, "PreNormEncoderLayer", 6, 2, 5)
    load_weights(student, layer, own_names(twin.state_dict()))
    src = tensor(rng, 2, 3, 6)
    kept = student.put(src)
    out = layer(kept)
    check_same(kept, src, "src")
    assert_close(out, twin(src), "out")


@question("vision_transformer-star-prenorm")
def test_class_token_parts(student, rng):
    """The class token, its position and the last norm are there; the token is zeros at first."""
    model = build(student, "ClassTokenViT", *CLASS_TOKEN)
    found = parameter_shapes(student, model)
    for name, shape in class_token_shapes().items():
        if found.get(name) != shape:
            raise CheckFailed(
                _("{what} has shape {got}, where {want} is expected").format(
                    what=name, got=found.get(name, _("none")), want=shape
                )
            )
    if to_array(model.get("class_token"), "class_token").any():
        raise CheckFailed(_("class_token is not 0 at first"))


@question("vision_transformer-star-prenorm")
def test_class_token_scores(student, rng):
    """With random weights, the scores of two images are those of the same model by PyTorch."""
    model = build(student, "ClassTokenViT", *CLASS_TOKEN)
    layers = prenorm_layers(rng, 2, 6, 2, 5)
    weights = {name: tensor(rng, *shape) for name, shape in class_token_shapes().items()}
    for number, layer in enumerate(layers):
        named = own_names(layer.state_dict())
        weights |= {f"layers.{number}.{name}": value for name, value in named.items()}
    load_weights(student, model, weights)
    images = tensor(rng, 2, 1, 4, 4)
    kernel = weights["patch_embed.proj.weight"].reshape(6, 1, 2, 2)
    patches = F.conv2d(images, kernel, weights["patch_embed.proj.bias"], stride=2).flatten(2).mT
    sequence = F.pad(patches, (0, 0, 1, 0)) + weights["positions"]
    sequence[:, 0] += weights["class_token"][0]
    for layer in layers:
        sequence = layer(sequence)
    last = F.layer_norm(sequence[:, 0], (6,), weights["norm.weight"], weights["norm.bias"])
    want = F.linear(last, weights["head.weight"], weights["head.bias"])
    assert_close(model(images), want, "scores")


#: Four patches, six numbers a token, two layers of two heads, three classes.
CLASS_TOKEN = (4, 2, 1, 6, 2, 2, 5, 3, 0.0)


def class_token_shapes() -> dict[str, tuple[int, ...]]:
    """The parameters of the model CLASS_TOKEN."""
    shapes = model_shapes(4, 2, 1, 6, 2, 5, 3)
    new = {"class_token": (1, 1, 6), "positions": (1, 5, 6), "norm.weight": (6,)}
    return {**shapes, **new, "norm.bias": (6,)}


def prenorm_layers(
    rng: np.random.Generator, number: int, width: int, heads: int, hidden: int
) -> list[nn.Module]:
    """Pre-norm encoder layers of PyTorch's with random weights."""
    settings: Any = {"activation": F.gelu, "batch_first": True, "norm_first": True}
    return [
        randomize(nn.TransformerEncoderLayer(width, heads, hidden, **settings), rng)
        for _layer in range(number)
    ]


# --- shared with the hidden checks ---------------------------------------------------------------


def tokens(*rows: list[float]) -> torch.Tensor:
    """One sequence of tokens, (1, L, D)."""
    return torch.tensor(rows, dtype=torch.float64)[None]
