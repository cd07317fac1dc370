"""What the public and hidden checks of vision_transformer share."""

import numpy as np
import torch

from assignments.compare import to_array
from assignments.messages import _
from assignments.standins.a3_captioning.vision_transformer import patches, vit
from assignments.student import CheckFailed, Student, StudentError


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
