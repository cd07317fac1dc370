"""The twins of the Vision Transformer are right, by PyTorch's own layer and by pixels."""

import torch
from torch import nn

from assignments.standins.a3_captioning import vision_transformer as twins


def test_an_encoder_layer_is_pytorchs():
    layer = twins.TransformerEncoderLayer(6, 2, 5).double().eval()
    theirs = nn.TransformerEncoderLayer(6, 2, 5, activation="gelu", batch_first=True).double()
    attention = layer.self_attn
    three = attention.query, attention.key, attention.value
    state = {name: value for name, value in layer.state_dict().items() if "attn" not in name}
    for kind in ("weight", "bias"):
        stacked = torch.cat([getattr(one, kind) for one in three])
        state[f"self_attn.in_proj_{kind}"] = stacked
        state[f"self_attn.out_proj.{kind}"] = getattr(attention.proj, kind)
    theirs.load_state_dict(state)
    src, lower = torch.randn(2, 4, 6, dtype=torch.float64), torch.ones(4, 4).tril() > 0
    torch.testing.assert_close(layer(src, lower), theirs.eval()(src, ~lower))


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
