"""Public checks of the notebook on the Vision Transformer, most to be followed by hand."""

from typing import Any

import numpy as np

from assignments.checks.a3_captioning.vision_transformer import (
    check_first_positions,
    check_refused,
    check_whole,
)
from assignments.compare import to_array
from assignments.families.checks import Checks
from assignments.messages import _
from assignments.standins.a3_captioning.vision_transformer import (
    encoder,
    paper_vit,
    patches,
    prenorm,
    vit,
)
from assignments.student import CheckFailed

patch_embedding = (
    Checks("vision_transformer-patches", patches, (2, 6, 4, 2, 3, 5))
    .sizes("Two images of 6 x 4 pixels and patches of 2 give six tokens each.", (2, 6, 4, 2, 3, 5))
    .by_hand(
        "Four patches with 1, 2, 3 and 4 in them come row by row.",
        img_size=4, patch_size=2, in_channels=1, embed_dim=1,
        params={"proj.weight": [[0.25] * 4]},
        x=[[[[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]]],
        tokens=[[[1], [2], [3], [4]]],
    )
    .by_hand(
        "A patch with the numbers 1 to 8 in two channels goes into proj as 1, 2, ..., 8.",
        img_size=2, patch_size=2, in_channels=2, embed_dim=8, params={"proj.weight": np.eye(8)},
        x=[[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]], tokens=[[[1, 2, 3, 4, 5, 6, 7, 8]]],
    )
    .untouched("x is not changed.")
)  # fmt: skip


@patch_embedding.check()
def do_not_fit(student, rng):
    """Patches of 2 do not fill an image of 4 x 5 pixels: a ValueError says so."""
    check_refused(student, 2, (4, 5))


SMALL: dict[str, Any] = {
    "input_dim": 2,
    "num_heads": 1,
    "dim_feedforward": 3,
    "src": [[[1, 3]]],
    "rtol": 1e-4,
}

encoder_layer = (
    Checks("vision_transformer-encoder", encoder, (2, 3, 6, 2, 5))
    .by_hand("Where both changes are 0, (1, 3) becomes (-1, 1).", **SMALL, out=[[[-1, 1]]])
    .by_hand(
        "Where attention returns (1, 0), (1, 3) becomes (2, 3) and, normed, (-1, 1).",
        **SMALL, params={"self_attn.proj.bias": [1, 0]}, out=[[[-1, 1]]],
    )
    .by_hand(
        "Where norm1 multiplies by 10 and linear2 returns (15, 0), (-10, 10) becomes (-1, 1).",
        **SMALL, params={"norm1.weight": [10, 10], "linear2.bias": [15, 0]}, out=[[[-1, 1]]],
    )
    .sizes(
        "With random weights, tokens become what PyTorch's own layer makes of them.",
        (2, 3, 6, 2, 5),
    )
    .sizes("With a mask, a token sees only what it may.", (1, 4, 6, 2, 5, "any"))
    .untouched("src is not changed.")
    .holds(
        "In training, dropout acts on what attention, GELU and linear2 return.",
        encoder.check_dropout,
        (1, 1, 3, 1, 2, "", 0.3),
    )
)  # fmt: skip

model = (
    Checks("vision_transformer-model", vit, (2, 2, 2, 2, 3))
    .sizes("Two images give two rows of three scores, one for each class.", (2, 2, 2, 2, 3))
    .by_hand(
        "1, 2, 3 and 4, plus 3, 0, -1 and 0, squared, plus 1: the mean is 11.",
        img_size=2, patch_size=1, in_channels=1, embed_dim=1, num_layers=2, num_heads=1,
        dim_feedforward=1, num_classes=1, dropout=0.0,
        parts={"patch_embed": lambda x: x.reshape(1, 4, 1),
               "layers": [lambda x: x**2, lambda x: x + 1]},
        params={"positions": [[[3], [0], [-1], [0]]], "head.weight": [[1]]},
        x=[[[[1, 2], [3, 4]]]], scores=[[11]],
    )
    .untouched("x is not changed.")
    .holds(
        "In training, dropout acts on the sum of tokens and positions.",
        vit.check_dropout,
        (1, 2, 2, 0, 3, 0.5),
    )
)  # fmt: skip


@model.check()
def first_positions(student, rng):
    """The positions start as random numbers with mean 0 and standard deviation 0.02."""
    check_first_positions(student, 16, 2, 32)


@model.check()
def parameters(student, rng):
    """Positions, head and two different layers with two heads each are there, and nothing else."""
    check_whole(student, rng, (1, 2, 2, 2, 3, 0.5))


# --- vision_transformer-star-prenorm -------------------------------------------------------------

PAPER = (2, 2, 6, 2, 3)

star_prenorm = (
    Checks("vision_transformer-star-prenorm", prenorm, (2, 3, 6, 2, 5))
    .by_hand("Where both changes are 0, tokens come out of the layer as they went in.",
             **SMALL, out=[[[1, 3]]])
    .sizes("With random weights, the layer does what PyTorch's does with norm_first.",
           (2, 3, 6, 2, 5))
    .untouched("src is not changed.")
    .about(paper_vit, PAPER)
    .holds("The class token, its position and the last norm are there, and nothing else is new.",
           paper_vit.check_parameters, PAPER)
    .sizes("With random weights, the scores of two images are those of the same model by PyTorch.",
           PAPER)
)  # fmt: skip


@star_prenorm.check()
def class_token_at_first(student, rng):
    """The class token is zeros at first."""
    model = paper_vit.fresh(student, *paper_vit.draw(rng, PAPER).settings)
    if to_array(model.get("class_token"), "class_token").any():
        raise CheckFailed(_("class_token is not 0 at first"))
