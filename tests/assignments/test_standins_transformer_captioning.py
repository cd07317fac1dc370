"""The stand-ins of the captioning Transformer are right, by modules and formulas not theirs."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from assignments.standins.a3_captioning import transformer_captioning as standins

WORDS = {"a": 0, "<NULL>": 1, "red": 2, "<END>": 3, "crab": 4, "<START>": 5}
LOWER = torch.ones(4, 4, dtype=torch.bool).tril()


@pytest.fixture(autouse=True)
def same_chance():
    torch.manual_seed(0)


def close(a, b, **options):
    torch.testing.assert_close(a, b, **options)


def test_attention_is_a_soft_look_up_in_each_head():
    attention = standins.MultiHeadAttention(6, 2).eval()
    query, memory = torch.randn(2, 4, 6), torch.randn(2, 4, 6)
    q, k, v = attention.query(query), attention.key(memory), attention.value(memory)
    heads = []
    for part in (slice(0, 3), slice(3, 6)):
        fits = q[..., part] @ k[..., part].mT / 3**0.5
        fits = torch.where(LOWER, fits, torch.tensor(-1e9))
        heads.append(F.softmax(fits, 2) @ v[..., part])
    want = attention.proj(torch.cat(heads, 2))
    close(attention(query, memory, memory, LOWER), want)
    assert not torch.allclose(attention(query, memory, memory), want)
    attention.train()
    assert not torch.equal(
        attention(query, memory, memory), attention(query, memory, memory)
    )  # it drops


@pytest.mark.parametrize("width", [6, 7, 1])
def test_positions_are_sines_and_cosines(width):
    table = standins.position_table(9, width)
    assert table.dtype == torch.float32
    for t, j in np.ndindex(9, width):
        angle = t / 10000 ** ((j - j % 2) / width)
        assert table[t, j].item() == pytest.approx([np.sin, np.cos][j % 2](angle), abs=1e-6)
    encoding = standins.PositionalEncoding(width, max_len=9).eval()
    x = torch.randn(2, 5, width)
    close(encoding(x), x + table[:5])
    assert not list(encoding.parameters())


def pytorchs(layer, **options):
    """PyTorch's decoder layer with the weights of a stand-in."""
    other = nn.TransformerDecoderLayer(6, 2, 5, activation="gelu", batch_first=True, **options)
    state = {}
    for name, value in layer.state_dict().items():
        for own, part in (("self_attn", "self_attn"), ("cross_attn", "multihead_attn")):
            if name.startswith(f"{own}.proj"):
                state[name.replace(f"{own}.proj", f"{part}.out_proj")] = value
        if "attn" not in name:
            state[name] = value
    for own, part in (("self_attn", "self_attn"), ("cross_attn", "multihead_attn")):
        for kind in ("weight", "bias"):
            three = [
                getattr(layer, own).get_parameter(f"{n}.{kind}") for n in ("query", "key", "value")
            ]
            state[f"{part}.in_proj_{kind}"] = torch.cat(three)
    other.load_state_dict(state)
    return other.eval()


def test_the_decoder_layer_is_pytorchs():
    layer = standins.TransformerDecoderLayer(6, 2, 5).eval()
    tgt, memory = torch.randn(2, 4, 6), torch.randn(2, 3, 6)
    want = pytorchs(layer)(tgt, memory, tgt_mask=~LOWER)
    close(layer(tgt, memory, LOWER), want)


def test_rmsnorm_and_swiglu_are_their_formulas():
    norm = standins.RMSNorm(4, eps=0.1)
    nn.init.normal_(norm.weight)
    x = torch.randn(3, 4, dtype=torch.float64)
    norm.double()
    close(norm(x), x / (x.square().mean(1, keepdim=True) + 0.1).sqrt() * norm.weight)
    norm.half()
    assert torch.isfinite(norm(1000 * x.half())).all()
    assert norm(x.half()).dtype == torch.float16
    gate = standins.SwiGLU(4, 3).double()
    one, two, three = (layer.weight.T for layer in (gate.w1, gate.w2, gate.w3))
    close(gate(x), ((x @ one) * torch.sigmoid(x @ one) * (x @ two)) @ three)


def test_a_prenorm_layer_adds_changes_of_normed_vectors():
    layer = standins.PreNormDecoderLayer(6, 2, 5).eval()
    tgt, memory = torch.randn(2, 4, 6), torch.randn(2, 3, 6)
    n = layer.norm1(tgt)
    u = tgt + layer.self_attn(n, n, n, LOWER)
    v = u + layer.cross_attn(layer.norm2(u), memory, memory)
    close(layer(tgt, memory, LOWER), v + layer.feed_forward(layer.norm3(v)))


def test_what_is_said_goes_in_again():
    model = standins.CaptioningTransformer(WORDS, 3, 8, 2).eval()
    features = torch.randn(3, 2, 3)
    said = model.sample(features, max_length=5)
    read = torch.cat([torch.full((3, 1), 5), said[:, :-1]], 1)
    scores = model(features, read)
    scores[..., [1, 5]] = -torch.inf
    for row, words in zip(scores.argmax(2), said, strict=True):
        length = int((words != 1).sum())
        assert torch.equal(row[:length], words[:length])
