"""The twins of the Vision Transformer are right, pixel by pixel and part by part."""

import torch
from torch import nn

from assignments.standins.a3_captioning import vision_transformer as twins


def test_patches_come_row_by_row_channel_by_channel():
    embed = twins.PatchEmbedding(4, 2, 3, 12)
    nn.init.eye_(embed.proj.weight)
    nn.init.zeros_(embed.proj.bias)
    x = torch.arange(72.0).reshape(1, 3, 4, 6)
    squares = [x[0, :, r : r + 2, c : c + 2].flatten() for r in (0, 2) for c in (0, 2, 4)]
    assert torch.equal(embed(x)[0], torch.stack(squares))


def test_a_model_gives_head_the_mean_of_what_its_layers_return():
    model = twins.VisionTransformer(8, 4, 3, 6, 2, 2, 5, 4).eval()
    x = torch.randn(2, 3, 8, 8)
    first, second = model.layers
    tokens = second(first(model.patch_embed(x) + model.positions))
    torch.testing.assert_close(model(x), model.head(tokens.mean(dim=1)))
