"""Hidden checks of the notebook on the Vision Transformer.

Patches are held against PyTorch's convolution, encoder layers against nn.TransformerEncoderLayer
with the same weights. The whole model is tried with other modules in the place of its patches and
layers, so that a mistake in those does not count twice.
"""

import numpy as np
import torch
from torch import nn

from assignments.checks.a3_captioning.vision_transformer import (
    bare_model,
    both_layers,
    build,
    check_encoder_dropout,
    check_first_positions,
    check_parts,
    check_refused,
    check_share,
    drawn_layer,
    load_weights,
    own_names,
    replace_parts,
    tensor,
)
from assignments.compare import assert_close, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.standins.a3_captioning.vision_transformer import patches
from assignments.student import CheckFailed, Remote, Student
from autograder.checks.a3_captioning.vision_transformer import check_gradient, check_precision
from autograder.families.hidden import Hidden

#: What PyTorch has of these layers is what they ask for.
REFUSED = {
    "vision_transformer-encoder": ("torch*.TransformerEncoderLayer", "torch*.TransformerEncoder"),
    "vision_transformer-model": ("torch*.TransformerEncoder", "torchvision.*"),
}


# --- vision_transformer-patches ------------------------------------------------------------------


patch_embedding = (
    Hidden("vision_transformer-patches", patches, (3, 16, 12, 4, 3, 5))
    .values(
        "With random weights, the tokens are those of a convolution with the patch size as stride.",
        weight=2,
    )
    .sizes(
        "Each pixel of an image that is no square comes to its place.",
        (2, 6, 8, 2, 3, 12), (2, 12, 6, 3, 2, 18),
        weight=2,
    )
    .sizes(
        "Batches of one, patches of one pixel and patches as large as the image work too.",
        (1, 6, 9, 3, 2, 3), (2, 3, 2, 1, 2, 3), (3, 4, 4, 4, 2, 3), (1, 5, 5, 5, 2, 3),
    )
    .holds(
        "The right gradients reach the image and the weights.",
        patches.check_gradients,
        (2, 4, 6, 2, 3, 4),
        weight=0.5,
    )
    .single()
    .untouched("x is as it was.", weight=0.5)
)  # fmt: skip


@patch_embedding.check()
def refused(student, rng):
    """A height or a width that is no multiple of the patch size raises a ValueError."""
    # 4 x 9 pixels are as many as 6 x 6.
    for height, width in ((12, 13), (17, 12), (7, 9), (4, 9)):
        check_refused(patches.fresh(student, 12, 6, 1, 4), height, width)


# --- vision_transformer-encoder ------------------------------------------------------------------


@question("vision_transformer-encoder", weight=2)
def test_encoder_values(student, rng):
    """In eval mode, the outputs are those of PyTorch's layer with the same weights."""
    layer, oracle = both_layers(student, rng, 12, 3, 20)
    src = tensor(rng, 3, 5, 12)
    assert_close(layer(src), oracle(src), "out")


@question("vision_transformer-encoder", weight=0.5, rule=True)
def test_encoder_inputs(student, rng):
    """src is as it was."""
    layer, _oracle = both_layers(student, rng, 12, 3, 20)
    layer(tensor(rng, 3, 5, 12))
    assert_unchanged(student.changed, {0: "src"})


@question("vision_transformer-encoder")
def test_encoder_masks(student, rng):
    """With a mask, tokens see only what they may."""
    layer, oracle = both_layers(student, rng, 8, 2, 6)
    src = tensor(rng, 2, 6, 8)
    chance = torch.from_numpy(rng.random((6, 6)) < 0.5) | torch.eye(6, dtype=torch.bool)
    for mask in (chance, torch.ones(6, 6, dtype=torch.bool).tril()):
        assert_close(layer(src, mask), oracle(src, ~mask), "out")
        assert_close(layer(src, src_mask=mask), oracle(src, ~mask), "out")


@question("vision_transformer-encoder")
def test_encoder_sizes(student, rng):
    """One image, one token, one head: the outputs are right."""
    for count, length, width, heads in ((1, 4, 6, 2), (2, 1, 4, 4), (1, 1, 5, 1)):
        layer, oracle = both_layers(student, rng, width, heads, 7)
        src = tensor(rng, count, length, width)
        assert_close(layer(src), oracle(src), "out")


@question("vision_transformer-encoder", weight=0.5)
def test_encoder_gradients(student, rng):
    """The right gradients reach src and all weights."""
    layer, oracle = both_layers(student, rng, 6, 2, 5)
    src = tensor(rng, 2, 4, 6).requires_grad_()
    want = oracle(src)
    dout = tensor(rng, *want.shape)
    want.backward(dout)
    kept = student.put(src.detach())
    kept.requires_grad_()
    student.backward(layer(kept, keep=True), dout)
    check_gradient(kept.get("grad"), src.grad, "src")
    for name in ("linear1", "linear2", "norm1", "norm2"):
        right = getattr(oracle, name).weight.grad
        check_gradient(layer.get(f"{name}.weight.grad"), right, f"{name}.weight")
    right = oracle.self_attn.out_proj.weight.grad
    check_gradient(layer.get("self_attn.proj.weight.grad"), right, "self_attn.proj.weight")


@question("vision_transformer-encoder", weight=0.5)
def test_encoder_single_precision(student, rng):
    """In single precision, the outputs are in single precision too, and right."""
    layer, oracle = both_layers(student, rng, 8, 4, 10)
    src = tensor(rng, 2, 3, 8)
    layer.float()
    out = layer(src.float())
    check_precision(out, "float32")
    assert_close(out, oracle(src), "out")


@question("vision_transformer-encoder")
def test_encoder_dropout(student, rng):
    """In training, dropout acts on what attention, GELU and linear2 return."""
    check_encoder_dropout(student, 0.3, 0.5)


@question("vision_transformer-encoder", weight=0.5)
def test_encoder_no_dropout(student, rng):
    """In training without dropout, the outputs are those of eval mode."""
    oracle = drawn_layer(rng, 6, 3, 9)
    layer = build(student, "TransformerEncoderLayer", 6, 3, 9, 0.0)
    load_weights(student, layer, own_names(oracle.state_dict()))
    layer.train()
    src = tensor(rng, 2, 3, 6)
    assert_close(layer(src), oracle(src), "out")


# --- vision_transformer-model --------------------------------------------------------------------

#: Of nn.TransformerEncoderLayer: dropout, activation, eps and batch_first.
REST = (0.0, "gelu", 1e-5, True)


class Parts:
    """A model of the student's whose patches and layers are PyTorch's own, and an oracle.

    The image goes into tokens by one linear layer, so that each patch depends on all of it.
    """

    def __init__(
        self, student: Student, rng: np.random.Generator, count: int = 9, classes: int = 4
    ) -> None:
        self.width, self.count = 6, count
        self.model = build(student, "VisionTransformer", 4, 2, 2, 6, 2, 2, 5, classes, 0.0)
        self.embed = nn.Sequential(
            nn.Flatten(), nn.Linear(32, count * 6), nn.Unflatten(1, (count, 6))
        ).double()
        self.layers = [drawn_layer(rng, 6, 2, 5) for _layer in range(3)]
        self.positions = tensor(rng, 1, count, 6)
        self.head = nn.Linear(6, classes).double()
        for linear in (self.embed[1], self.head):
            linear.load_state_dict({n: tensor(rng, *v.shape) for n, v in linear.named_parameters()})
        linear = self.copy(student, "Linear", self.embed[1], 32, count * 6)
        pieces = student.make("torch.nn.Unflatten", 1, (count, 6))
        layers = [
            self.copy(student, "TransformerEncoderLayer", layer, 6, 2, 5, *REST)
            for layer in self.layers
        ]
        flat = student.make("torch.nn.Flatten")
        replace_parts(student, self.model, [flat, linear, pieces], layers, self.positions)
        load_weights(
            student,
            self.model,
            {f"head.{name}": v.detach() for name, v in self.head.named_parameters()},
        )

    @staticmethod
    def copy(student: Student, kind: str, module: nn.Module, *args: object) -> Remote:
        """PyTorch's module on the student's side, with the same weights."""
        copy = student.make(f"torch.nn.{kind}", *args)
        copy.double()
        copy.load_state_dict(dict(module.state_dict()))
        copy.eval()
        return copy

    def scores(self, x: torch.Tensor, positions: torch.Tensor | None = None) -> torch.Tensor:
        """What the scores should be."""
        tokens = self.embed(x) + (self.positions if positions is None else positions)
        for layer in self.layers:
            tokens = layer(tokens)
        return self.head(tokens.mean(dim=1))


@question("vision_transformer-model", weight=2)
def test_model_values(student, rng):
    """With given patches and layers, positions, mean and head give the right scores."""
    parts = Parts(student, rng)
    x = tensor(rng, 3, 2, 4, 4)
    assert_close(parts.model(x), parts.scores(x), "the scores")


@question("vision_transformer-model", weight=0.5, rule=True)
def test_model_inputs(student, rng):
    """x is as it was."""
    Parts(student, rng).model(tensor(rng, 3, 2, 4, 4))
    assert_unchanged(student.changed, {0: "x"})


@question("vision_transformer-model", weight=1.5)
def test_model_parameters(student, rng):
    """All parameters are there, with the shapes described, and no others."""
    for size, patch, channels, width, layers, heads, hidden, classes in (
        (12, 3, 2, 6, 3, 2, 5, 4),
        (8, 4, 1, 4, 1, 4, 7, 3),
    ):
        check_parts(student, size, patch, channels, width, layers, heads, hidden, classes)


@question("vision_transformer-model", weight=0.5)
def test_model_first_positions(student, rng):
    """The positions are drawn from a normal distribution with standard deviation 0.02."""
    check_first_positions(student, 32, 4, 32)


@question("vision_transformer-model")
def test_model_order(student, rng):
    """With other positions the scores are others; without any, the order of patches is lost."""
    length, width = 5, 4
    places = tensor(rng, 1, length, width)
    x = tensor(rng, 2, 1, length, width)
    for positions in (places, torch.zeros_like(places)):
        model = bare_model(student, positions)
        mixer = drawn_layer(rng, width, 2, 3)
        layer = Parts.copy(student, "TransformerEncoderLayer", mixer, width, 2, 3, *REST)
        model.set("layers", student.make("torch.nn.Sequential", layer))
        for images in (x, x.flip(2)):
            want = mixer(images[:, 0] + positions).mean(dim=1)
            assert_close(model(images), want, "the scores")


@question("vision_transformer-model")
def test_model_batches(student, rng):
    """A batch of one works, and an image's scores do not depend on the others."""
    parts = Parts(student, rng, count=4, classes=2)
    x = tensor(rng, 4, 2, 4, 4)
    want = parts.scores(x)
    assert_close(parts.model(x[:1]), want[:1], "the scores of one image")
    assert_close(parts.model(x[1:]), want[1:], "the scores of three images")


@question("vision_transformer-model")
def test_model_gradients(student, rng):
    """The right gradients reach positions and head."""
    parts = Parts(student, rng)
    x = tensor(rng, 2, 2, 4, 4)
    positions = parts.positions.clone().requires_grad_()
    want = parts.scores(x, positions)
    dout = tensor(rng, *want.shape)
    want.backward(dout)
    student.backward(parts.model(x, keep=True), dout)
    check_gradient(parts.model.get("positions.grad"), positions.grad, "positions")
    check_gradient(parts.model.get("head.weight.grad"), parts.head.weight.grad, "head.weight")


@question("vision_transformer-model")
def test_model_dropout(student, rng):
    """In training, dropout acts on the sum of tokens and positions, and in eval mode on nothing."""
    length, width = 3, 50
    ones = torch.ones(1, length, width, dtype=torch.float64)
    for share in (0.2, 0.6):
        model = bare_model(student, ones, share)
        model.train()
        x = torch.ones(200, 1, length, width, dtype=torch.float64)
        # The tokens are 2, or 0 where they were dropped: how many of the three were kept?
        counts = to_array(model(x), "the scores") * length * (1 - share) / 2
        whole = abs(counts - np.round(counts)).max() < 1e-6
        if not whole or abs(counts.mean() / length - (1 - share)) > 0.03:
            raise CheckFailed(_("in training, dropout does not act as described on tokens"))
        model.eval()
        assert_close(model(x[:2]), torch.full((2, width), 2.0), "the scores in eval mode")
        check_share(build(student, "VisionTransformer", 4, 2, 1, 4, 2, 2, 4, 3, share), share)
