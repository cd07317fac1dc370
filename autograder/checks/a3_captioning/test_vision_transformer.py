"""Hidden checks of the notebook on the Vision Transformer.

Patches are held against PyTorch's convolution, encoder layers against PyTorch's attention and norms
with the same weights. The whole model is tried with other modules in the place of its patches and
layers, so that a mistake in those does not count twice.
"""

from assignments.checks.a3_captioning.vision_transformer import (
    check_first_positions,
    check_refused,
    check_whole,
)
from assignments.standins.a3_captioning.vision_transformer import encoder, patches, vit
from autograder.families.hidden import Hidden

#: What PyTorch has of these layers is what they ask for.
REFUSED = {
    "vision_transformer-encoder": ("torch*.TransformerEncoderLayer", "torch*.TransformerEncoder"),
    "vision_transformer-model": ("torch*.TransformerEncoder", "torchvision.*"),
}

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
        patches.check_gradients, (2, 4, 6, 2, 3, 4),
        weight=0.5,
    )
    .single()
    .untouched("x is as it was.", weight=0.5)
)  # fmt: skip


@patch_embedding.check()
def refused(student, rng):
    """A height or a width that is no multiple of the patch size raises a ValueError."""
    # 4 x 9 pixels are as many as 6 x 6.
    check_refused(student, 6, (12, 13), (17, 12), (7, 9), (4, 9))


encoder_layer = (
    Hidden("vision_transformer-encoder", encoder, (3, 5, 12, 3, 20))
    .values("In eval mode, the outputs are those of PyTorch's layer with the same weights.",
            weight=2)
    .sizes("With a mask, tokens see only what they may.", (2, 6, 8, 2, 6, "any"))
    .sizes(
        "One image, one token, one head: the outputs are right.",
        (1, 4, 6, 2, 7), (2, 1, 4, 4, 7), (1, 1, 5, 1, 7),
    )
    .holds(
        "The right gradients reach src and all weights.",
        encoder.check_gradients, (2, 4, 6, 2, 5),
        weight=0.5,
    )
    .single()
    .holds(
        "In training, dropout acts on what attention, GELU and linear2 return.",
        encoder.check_dropout, (1, 1, 3, 1, 2, "", 0.3), (1, 1, 3, 3, 3, "", 0.5),
    )
    .holds(
        "In training without dropout, the outputs are those of eval mode.",
        encoder.check_training, (2, 3, 6, 3, 9, "", 0.0),
        weight=0.5,
    )
    .untouched("src is as it was.", weight=0.5)
)  # fmt: skip

model = (
    Hidden("vision_transformer-model", vit, (3, 3, 6, 3, 4))
    .values("With given patches and layers, positions, mean and head give the right scores.",
            weight=2)
    .sizes("They do so for one image, for one patch and for many.",
           (1, 2, 4, 2, 2), (4, 1, 6, 1, 2), (2, 5, 4, 2, 3), weight=2)
    .holds(
        "The right gradients reach positions and head.",
        vit.check_gradients, (2, 2, 6, 0, 4), (2, 2, 6, 2, 4),
    )
    .holds(
        "In training, dropout acts on the sum of tokens and positions.",
        vit.check_dropout, (1, 1, 6, 0, 3, 0.2), (1, 2, 2, 0, 4, 0.6),
    )
    .untouched("x is as it was.", weight=0.5)
)  # fmt: skip


@model.check(weight=0.5)
def first_positions(student, rng):
    """The positions are drawn from a normal distribution with standard deviation 0.02."""
    check_first_positions(student, 32, 4, 32)


@model.check(weight=1.5)
def parameters(student, rng):
    """All parameters are there, as described, and no others; heads and dropout reach the layers."""
    check_whole(student, rng, (1, 4, 6, 3, 4, 0.2), (1, 2, 4, 1, 3, 0.6))
