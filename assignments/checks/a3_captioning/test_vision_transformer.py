"""Public checks of the notebook on the Vision Transformer: numbers that the head can follow."""

from collections.abc import Mapping

import torch

from assignments.compare import assert_close, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Remote, Student, StudentError

Weights = Mapping[str, torch.Tensor]


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
    known = {
        _("the patches come column by column"): tokens([1], [3], [2], [4]),
        _("these are rows of the image, not patches"): tokens([1.5], [1.5], [3.5], [3.5]),
    }
    got = embed(torch.tensor(rows, dtype=torch.float64)[None, None])
    assert_close(got, tokens([1], [2], [3], [4]), "tokens", known=known, show=True)


@question("vision_transformer-patches")
def test_patches_inside(student, rng):
    """A patch with the numbers 1 to 8 in two channels goes into proj as 1, 2, ..., 8."""
    embed = build(student, "PatchEmbedding", 2, 2, 2, 8)
    load_weights(student, embed, {"proj.weight": torch.eye(8), "proj.bias": torch.zeros(8)})
    known = {
        _("the channels stand side by side for each pixel"): tokens([1, 5, 2, 6, 3, 7, 4, 8]),
        _("rows and columns are exchanged within a patch"): tokens([1, 3, 2, 4, 5, 7, 6, 8]),
    }
    got = embed(torch.arange(1.0, 9, dtype=torch.float64).reshape(1, 2, 2, 2))
    assert_close(got, tokens(list(range(1, 9))), "tokens", known=known, show=True)


@question("vision_transformer-patches")
def test_patches_do_not_fit(student, rng):
    """Patches of 2 do not fill an image of 4 x 5 pixels: a ValueError says so."""
    check_refused(build(student, "PatchEmbedding", 4, 2, 1, 3), 4, 5)


@question("vision_transformer-encoder")
def test_encoder_shape(student, rng):
    """Tokens keep their shape."""
    layer = build(student, "TransformerEncoderLayer", 6, 2, 5)
    check_shape(layer(torch.ones(2, 3, 6, dtype=torch.float64)), (2, 3, 6))


@question("vision_transformer-encoder")
def test_encoder_norm_only(student, rng):
    """Where both changes are 0, (1, 3) becomes (-1, 1), and src is not changed."""
    layer = quiet_layer(student)
    src = tokens([1, 3])
    out = layer(src)
    assert_unchanged(student.changed, {0: "src"})
    assert_close(out, tokens([-1, 1]), "out", rtol=1e-4, show=True)


@question("vision_transformer-encoder")
def test_encoder_attention(student, rng):
    """Where attention returns (1, 0), (1, 3) becomes (2, 3) and, normed, (-1, 1)."""
    layer = quiet_layer(student, {"self_attn.proj.bias": torch.tensor([1.0, 0])})
    known = {_("src is not added to what attention returns"): tokens([1, -1])}
    assert_close(layer(tokens([1, 3])), tokens([-1, 1]), "out", rtol=1e-4, known=known, show=True)


@question("vision_transformer-encoder")
def test_encoder_second_half(student, rng):
    """Where norm1 multiplies by 10 and linear2 returns (15, 0), (-10, 10) becomes (-1, 1)."""
    layer = quiet_layer(
        student, {"norm1.weight": torch.full((2,), 10.0), "linear2.bias": torch.tensor([15.0, 0])}
    )
    known = {_("what norm1 returns is not added to what linear2 returns"): tokens([1, -1])}
    assert_close(layer(tokens([1, 3])), tokens([-1, 1]), "out", rtol=1e-4, known=known, show=True)


@question("vision_transformer-encoder")
def test_encoder_mask(student, rng):
    """With a mask that lets each token see only itself, the others play no part."""
    layer = build(student, "TransformerEncoderLayer", 6, 2, 5)
    first, second = torch.arange(36.0, dtype=torch.float64).sin().reshape(2, 3, 6)
    second[0] = first[0]
    alone = torch.eye(3, dtype=torch.bool)
    one, other = (to_array(layer(src[None], alone), "out") for src in (first, second))
    assert_close(other[0, 0], one[0, 0], _("the first token, with other tokens beside it,"))


def quiet_layer(student: Student, changes: Weights | None = None) -> Remote:
    """An encoder layer of two numbers a token whose two changes are 0, apart from ``changes``."""
    layer = build(student, "TransformerEncoderLayer", 2, 1, 3)
    zeros = {"self_attn.proj": (2, 2), "linear1": (3, 2), "linear2": (2, 3)}
    weights = {f"{name}.weight": torch.zeros(shape) for name, shape in zeros.items()}
    weights |= {f"{name}.bias": torch.zeros(shape[0]) for name, shape in zeros.items()}
    load_weights(student, layer, weights | dict(changes or {}))
    return layer


@question("vision_transformer-model")
def test_model_shape(student, rng):
    """Two images give two rows of three scores, one for each class."""
    model = small_model(student)
    check_shape(model(torch.ones(2, 1, 4, 4, dtype=torch.float64)), (2, 3))


@question("vision_transformer-model")
def test_model_parameters(student, rng):
    """Positions, head and two different layers are among the parameters."""
    check_parameters(student, small_model(student), model_shapes(4, 2, 1, 2, 2, 3, 3))


@question("vision_transformer-model")
def test_model_by_hand(student, rng):
    """Tokens (1, 2) and (3, 4), positions (10, 20) and (30, 40): the mean is (22, 33)."""
    model = bare_model(student, tokens([10, 20], [30, 40]))
    known = {
        _("the positions are missing"): torch.tensor([[2.0, 3]]),
        _("the tokens are added up, not averaged"): torch.tensor([[44.0, 66]]),
        _("only the first token is read"): torch.tensor([[11.0, 22]]),
        _("only the last token is read"): torch.tensor([[33.0, 44]]),
        _("this is a softmax of the scores"): torch.tensor([[22.0, 33]]).softmax(1),
    }
    x = torch.arange(1.0, 5, dtype=torch.float64).reshape(1, 1, 2, 2)
    assert_close(model(x), torch.tensor([[22.0, 33]]), "scores", known=known, show=True)


def small_model(student: Student) -> Remote:
    """Four patches, two numbers a token, two layers, three classes."""
    return build(student, "VisionTransformer", 4, 2, 1, 2, 2, 1, 3, 3, 0.0)


def bare_model(student: Student, positions: torch.Tensor, dropout: float = 0.0) -> Remote:
    """A model whose tokens are given by the image, without layers, whose scores are the mean.

    positions: (1, L, D). The image has L * D numbers: the tokens, one after the other.
    """
    _one, length, width = tuple(positions.shape)
    model = build(student, "VisionTransformer", 2, 2, 1, width, 1, 1, 3, width, dropout)
    pieces = student.make("torch.nn.Unflatten", 1, (length, width))
    flat = student.make("torch.nn.Flatten")
    replace_parts(student, model, [flat, pieces], [student.make("torch.nn.Identity")], positions)
    load_weights(student, model, {"head.weight": torch.eye(width), "head.bias": torch.zeros(width)})
    return model


# --- shared with the hidden checks ---------------------------------------------------------------


def tokens(*rows: list[float]) -> torch.Tensor:
    """One sequence of tokens, (1, L, D)."""
    return torch.tensor(rows, dtype=torch.float64)[None]


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
    layers: list[Remote],
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
