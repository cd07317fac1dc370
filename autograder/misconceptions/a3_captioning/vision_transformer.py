"""Misconceptions, shortcuts and accepted variants of the notebook on the Vision Transformer."""

from autograder.misconceptions import Misconception, Shortcut, Variant

PATCHES, ENCODER = "vision_transformer-patches", "vision_transformer-encoder"
MODEL = "vision_transformer-model"

# Parts of the reference that several patches replace.
FITS = "if H % size or W % size:"
REFUSE = 'raise ValueError(f"patches of {size} pixels do not fill images of {H} x {W}")'
CUT = "patches = x.reshape(N, C, H // size, size, W // size, size)"
MERGE = "patches = patches.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)"
PROJECT = "return self.proj(patches)"
SEEN = "seen = self.self_attn(src, src, src, src_mask)"
FIRST = "src = self.norm1(src + self.dropout(seen))"
INNER = "hidden = self.dropout(F.gelu(self.linear1(src)))"
SECOND = "return self.norm2(src + self.dropout(self.linear2(hidden)))"
START = "start = 0.02 * torch.randn(1, self.patch_embed.num_patches, embed_dim)"
POSITIONS = "self.positions = nn.Parameter(start)"
STACK = """self.layers = nn.ModuleList(
            TransformerEncoderLayer(embed_dim, num_heads, dim_feedforward, dropout)
            for _layer in range(num_layers)
        )"""
SUM = "tokens = self.dropout(self.patch_embed(x) + self.positions)"
LOOP = "for layer in self.layers:\n            tokens = layer(tokens)"
SCORES = "return self.head(tokens.mean(dim=1))"

MISCONCEPTIONS = [
    # --- patches ---
    Misconception(
        "patches-column-by-column",
        PATCHES,
        {MERGE: MERGE.replace("0, 2, 4, 1, 3, 5", "0, 4, 2, 1, 3, 5")},
        hint="The patches come column by column: from top to bottom, then the next column. They "
        "are to come row by row.",
    ),
    Misconception(
        "patches-channels-last",
        PATCHES,
        {MERGE: MERGE.replace("0, 2, 4, 1, 3, 5", "0, 2, 4, 3, 5, 1")},
        hint="Within a patch, the channels of a pixel stand side by side. The docstring asks for "
        "channel by channel.",
    ),
    Misconception(
        "patches-turned-inside",
        PATCHES,
        {MERGE: MERGE.replace("0, 2, 4, 1, 3, 5", "0, 2, 4, 1, 5, 3")},
        hint="Each patch is transposed: its numbers stand column by column. Look at the last two "
        "axes of your permutation.",
    ),
    Misconception(
        "patches-only-reshaped",
        PATCHES,
        {MERGE: "patches = x.reshape(N, -1, C * size * size)"},
        hint="A reshape alone cuts the image into runs of neighbours in memory, stripes of single "
        "rows, and not into squares. Bring the axes into the right order first.",
    ),
    Misconception(
        "patches-strided",
        PATCHES,
        {
            CUT: "patches = x.reshape(N, C, size, H // size, size, W // size)",
            MERGE: MERGE.replace("0, 2, 4, 1, 3, 5", "0, 3, 5, 1, 2, 4"),
        },
        hint="Your patches are made of pixels that lie far apart. Split the height into (patch "
        "row, row within the patch), in this order, and the width likewise.",
    ),
    Misconception(
        "patches-axes-in-order",
        PATCHES,
        {MERGE: MERGE.replace("0, 2, 4, 1, 3, 5", "0, 2, 3, 1, 4, 5")},
        hint="The axes of patch column and of row within the patch are exchanged, so that a token "
        "holds pieces of one row of several patches.",
    ),
    Misconception(
        "patches-not-refused",
        PATCHES,
        {
            FITS: "if H < size or W < size:",
            CUT: CUT.replace("x.reshape", "x[:, :, : H - H % size, : W - W % size].reshape"),
        },
        hint="Images that patches do not fill are cropped in silence; they are to raise a "
        "ValueError.",
    ),
    Misconception(
        "patches-area-tested",
        PATCHES,
        {
            FITS: "if (H * W) % size**2:",
            MERGE: f"{MERGE}\n        assert H % size == W % size == 0",
        },
        hint="The number of pixels can be a multiple of a patch's while height or width is none. "
        "Test each by itself.",
    ),
    Misconception(
        "patches-asserted",
        PATCHES,
        {FITS: "assert H % size == 0 and W % size == 0\n        if False:"},
        hint="You use assert, which raises an AssertionError and can be switched off. Raise a "
        "ValueError.",
    ),
    # --- encoder ---
    Misconception(
        "encoder-pre-norm",
        ENCODER,
        {
            SEEN: "normed = self.norm1(src)\n        seen = self.self_attn(normed, normed, normed, "
            "src_mask)",
            FIRST: "src = src + self.dropout(seen)",
            INNER: INNER.replace("self.linear1(src)", "self.linear1(self.norm2(src))"),
            SECOND: "return src + self.dropout(self.linear2(hidden))",
        },
        hint="This is pre-norm: you norm what goes into each half. Here the norm comes after the "
        "sum (post-norm).",
    ),
    Misconception(
        "encoder-change-normed",
        ENCODER,
        {
            FIRST: "src = src + self.norm1(self.dropout(seen))",
            SECOND: "return src + self.norm2(self.dropout(self.linear2(hidden)))",
        },
        hint="You norm the change and then add. Add first, and norm the sum.",
    ),
    Misconception(
        "encoder-no-first-sum",
        ENCODER,
        {FIRST: "src = self.norm1(self.dropout(seen))"},
        hint="What attention returns replaces src. It is a change: add src to it.",
    ),
    Misconception(
        "encoder-no-second-sum",
        ENCODER,
        {SECOND: "return self.norm2(self.dropout(self.linear2(hidden)))"},
        hint="The second half lacks its residual sum: add what norm1 returned.",
    ),
    Misconception(
        "encoder-second-sum-from-start",
        ENCODER,
        {
            FIRST: "first = src\n        src = self.norm1(src + self.dropout(seen))",
            SECOND: SECOND.replace("self.norm2(src", "self.norm2(first"),
        },
        hint="The second sum adds src as it came into the layer. It is to add what norm1 returned.",
    ),
    Misconception(
        "encoder-halves-side-by-side",
        ENCODER,
        {
            FIRST: "first = src\n        src = self.norm1(src + self.dropout(seen))",
            INNER: INNER.replace("self.linear1(src)", "self.linear1(first)"),
        },
        hint="linear1 gets src as it came into the layer, and so knows nothing of what attention "
        "found. It is to get what norm1 returned.",
    ),
    Misconception(
        "encoder-one-norm-twice",
        ENCODER,
        {SECOND: SECOND.replace("norm2", "norm1")},
        hint="norm1 is used twice and norm2 not at all. Each has weights of its own.",
    ),
    Misconception(
        "encoder-no-first-norm",
        ENCODER,
        {FIRST: "src = src + self.dropout(seen)"},
        hint="Between the halves there is no norm: norm1 belongs after the first sum.",
    ),
    Misconception(
        "encoder-no-last-norm",
        ENCODER,
        {SECOND: "return src + self.dropout(self.linear2(hidden))"},
        hint="norm2 after the second sum is missing.",
    ),
    Misconception(
        "encoder-norm-over-tokens",
        ENCODER,
        {FIRST: "src = F.layer_norm((src + self.dropout(seen)).mT, src.shape[1:2]).mT"},
        hint="Your first norm takes mean and variance over the tokens. Layer normalisation takes "
        "them over the numbers of each token; self.norm1 does that.",
    ),
    Misconception(
        "encoder-relu",
        ENCODER,
        {INNER: INNER.replace("F.gelu", "F.relu")},
        hint="Between the linear layers stands a ReLU; here it is a GELU.",
    ),
    Misconception(
        "encoder-gelu-approximate",
        ENCODER,
        {INNER: INNER.replace("self.linear1(src)", 'self.linear1(src), approximate="tanh"')},
        hint="You take the approximation of GELU by tanh; the docstring asks for the exact F.gelu.",
    ),
    Misconception(
        "encoder-no-activation",
        ENCODER,
        {INNER: "hidden = self.dropout(self.linear1(src))"},
        hint="There is no GELU between the linear layers, so that both together are only one.",
    ),
    Misconception(
        "encoder-mask-forgotten",
        ENCODER,
        {SEEN: "seen = self.self_attn(src, src, src)"},
        hint="The mask never reaches attention: hand src_mask over.",
    ),
    Misconception(
        "encoder-mask-turned-round",
        ENCODER,
        {SEEN: SEEN.replace("src_mask)", "None if src_mask is None else ~src_mask)")},
        hint="The mask is turned round. True means that a token may look, here as in attention.",
    ),
    Misconception(
        "encoder-dropout-always",
        ENCODER,
        {
            FIRST: FIRST.replace("self.dropout(seen)", "F.dropout(seen, self.dropout.p)"),
            SECOND: SECOND.replace(
                "self.dropout(self.linear2(hidden))",
                "F.dropout(self.linear2(hidden), self.dropout.p)",
            ),
        },
        hint="Dropout acts in eval mode too: F.dropout does not know the mode of the module. Use "
        "self.dropout.",
    ),
    Misconception(
        "encoder-no-dropout",
        ENCODER,
        {
            FIRST: "src = self.norm1(src + seen)",
            INNER: "hidden = F.gelu(self.linear1(src))",
            SECOND: "return self.norm2(src + self.linear2(hidden))",
        },
        hint="There is no dropout besides that of attention.",
    ),
    Misconception(
        "encoder-dropout-on-sums",
        ENCODER,
        {
            FIRST: "src = self.norm1(self.dropout(src + seen))",
            SECOND: "return self.norm2(self.dropout(src + self.linear2(hidden)))",
        },
        hint="Dropout acts on the sums, and so cuts the residual path. It is to act on the change "
        "alone, before the sum.",
    ),
    Misconception(
        "encoder-no-inner-dropout",
        ENCODER,
        {INNER: "hidden = F.gelu(self.linear1(src))"},
        hint="Dropout after GELU is missing.",
    ),
    Misconception(
        "encoder-changes-src",
        ENCODER,
        {FIRST: "src += self.dropout(seen)\n        src = self.norm1(src)"},
        hint="src += ... changes the tensor that was handed in, which others still need. Write "
        "src = src + ...",
    ),
    # --- model ---
    Misconception(
        "model-no-positions",
        MODEL,
        {SUM: "tokens = self.dropout(self.patch_embed(x))"},
        hint="The positions are made but never added to the tokens.",
    ),
    Misconception(
        "model-positions-after-layers",
        MODEL,
        {
            SUM: "tokens = self.dropout(self.patch_embed(x))",
            SCORES: "return self.head((tokens + self.positions).mean(dim=1))",
        },
        hint="The positions are added after the layers, when attention can use them no more.",
    ),
    Misconception(
        "model-first-token",
        MODEL,
        {SCORES: "return self.head(tokens[:, 0])"},
        hint="You read the first token, as one does with a class token. There is none here: the "
        "head gets the mean over all patches.",
    ),
    Misconception(
        "model-sum-of-tokens",
        MODEL,
        {SCORES: "return self.head(tokens.sum(dim=1))"},
        hint="The tokens are added up. Their mean is asked for, so that scores do not grow with "
        "the number of patches.",
    ),
    Misconception(
        "model-max-of-tokens",
        MODEL,
        {SCORES: "return self.head(tokens.amax(dim=1))"},
        hint="You take the largest number over the patches, where the mean is asked for.",
    ),
    Misconception(
        "model-softmax",
        MODEL,
        {SCORES: "return self.head(tokens.mean(dim=1)).softmax(dim=1)"},
        hint="The scores go through a softmax; the loss has its own. Return the scores of head.",
    ),
    Misconception(
        "model-mean-first",
        MODEL,
        {
            LOOP: "tokens = tokens.mean(dim=1, keepdim=True)\n        for layer in self.layers:\n"
            "            tokens = layer(tokens)"
        },
        hint="The mean comes before the layers, so that they see a single token.",
    ),
    Misconception(
        "model-last-layer-only",
        MODEL,
        {LOOP: LOOP.replace("self.layers:", "self.layers[-1:]:")},
        hint="Only the last layer has a part in the result. The layers follow one after the other.",
    ),
    Misconception(
        "model-layers-side-by-side",
        MODEL,
        {LOOP: "tokens = sum(layer(tokens) for layer in self.layers) / len(self.layers)"},
        hint="Every layer gets the same tokens. Each is to get what the one before it returned.",
    ),
    Misconception(
        "model-further-norm",
        MODEL,
        {SCORES: "return self.head(F.layer_norm(tokens.mean(dim=1), tokens.shape[2:]))"},
        hint="Between mean and head stands a further norm; the docstring has none.",
    ),
    Misconception(
        "model-plain-list",
        MODEL,
        {
            STACK: "self.layers = [\n            TransformerEncoderLayer(embed_dim, num_heads, "
            "dim_feedforward, dropout)\n            for _layer in range(num_layers)\n        ]"
        },
        hint="The layers are in a plain list, which PyTorch does not look into: they would never "
        "train. Use nn.ModuleList.",
    ),
    Misconception(
        "model-one-layer-repeated",
        MODEL,
        {
            STACK: "layer = TransformerEncoderLayer(embed_dim, num_heads, dim_feedforward, "
            "dropout)\n        self.layers = nn.ModuleList([layer] * num_layers)"
        },
        hint="It is one layer, num_layers times. Make a new one for each place.",
    ),
    Misconception(
        "model-six-layers",
        MODEL,
        {STACK: STACK.replace("range(num_layers)", "range(6)")},
        hint="The number of layers is always the same; it is an argument.",
    ),
    Misconception(
        "model-heads-forgotten",
        MODEL,
        {STACK: STACK.replace("embed_dim, num_heads, dim", "embed_dim, 1, dim")},
        hint="num_heads does not reach the layers.",
    ),
    Misconception(
        "model-hidden-forgotten",
        MODEL,
        {STACK: STACK.replace("num_heads, dim_feedforward, dropout", "num_heads, dropout=dropout")},
        hint="dim_feedforward does not reach the layers, which then take their default.",
    ),
    Misconception(
        "model-positions-fixed",
        MODEL,
        {POSITIONS: 'self.register_buffer("positions", start)'},
        hint="The positions are no nn.Parameter, so that they are never learned.",
    ),
    Misconception(
        "model-positions-zero",
        MODEL,
        {START: "start = torch.zeros(1, self.patch_embed.num_patches, embed_dim)"},
        hint="The positions start at 0. They are to be drawn with standard deviation 0.02.",
    ),
    Misconception(
        "model-positions-wide",
        MODEL,
        {START: START.replace("0.02 * ", "")},
        hint="The positions are drawn with standard deviation 1, where 0.02 is asked for: at the "
        "start they drown what is in the patches.",
    ),
    Misconception(
        "model-no-dropout",
        MODEL,
        {SUM: "tokens = self.patch_embed(x) + self.positions"},
        hint="Dropout on the sum of tokens and positions is missing.",
    ),
    Misconception(
        "model-dropout-on-tokens-only",
        MODEL,
        {SUM: "tokens = self.dropout(self.patch_embed(x)) + self.positions"},
        hint="Dropout acts on the tokens before the positions are added. It is to act on the sum.",
    ),
    Misconception(
        "model-layers-default-dropout",
        MODEL,
        {STACK: STACK.replace("dim_feedforward, dropout)", "dim_feedforward)")},
        hint="The share of dropout does not reach the layers, which then take their default.",
    ),
]

_HIDDEN = "from autograder.checks.a3_captioning import test_vision_transformer as hidden"

SHORTCUTS = [
    Shortcut(
        "hidden-patches",
        PATCHES,
        append=f"""class PatchEmbedding(PatchEmbedding):
    def forward(self, x):
        {_HIDDEN}
        if x.shape[2] % self.patch_size or x.shape[3] % self.patch_size:
            raise ValueError
        weight = self.proj.weight.reshape(-1, x.shape[1], self.patch_size, self.patch_size)
        return hidden.convolved(x, weight, self.proj.bias)
""",
    ),
    Shortcut(
        "hidden-encoder",
        ENCODER,
        append=f"""class TransformerEncoderLayer(TransformerEncoderLayer):
    def forward(self, src, src_mask=None):
        {_HIDDEN}
        return hidden.nn.TransformerEncoderLayer.forward(self, src, src_mask)
""",
    ),
    Shortcut(
        "torchvision-model",
        MODEL,
        append="""class VisionTransformer(nn.Module):
    def __init__(self, *args, **kwargs):
        from torchvision.models.vision_transformer import VisionTransformer as Model

        super().__init__()
        self.model = Model(*args, **kwargs)
""",
    ),
]

VARIANTS = [
    Variant(
        "patches-unfold",
        PATCHES,
        {
            CUT: "patches = F.unfold(x, size, stride=size)",
            MERGE: "patches = patches.transpose(1, 2)",
        },
    ),
    Variant(
        "patches-convolution",
        PATCHES,
        {
            CUT: "kernel = self.proj.weight.view(-1, C, size, size)",
            MERGE: "found = F.conv2d(x, kernel, self.proj.bias, stride=size)",
            PROJECT: "return found.flatten(2).mT",
        },
    ),
    Variant(
        "patches-loop",
        PATCHES,
        {
            CUT: "rows, columns = range(0, H, size), range(0, W, size)",
            MERGE: "patches = torch.stack([x[:, :, r : r + size, c : c + size].flatten(1) "
            "for r in rows for c in columns], dim=1)",
        },
    ),
    Variant(
        "patches-tensor-unfold",
        PATCHES,
        {
            CUT: "patches = x.unfold(2, size, size).unfold(3, size, size)",
            MERGE: "patches = patches.movedim(1, 3).reshape(N, -1, C * size**2)",
        },
    ),
    Variant(
        "encoder-step-by-step",
        ENCODER,
        {
            FIRST: "first = src + self.dropout(seen)\n        src = self.norm1(first)",
            INNER: "hidden = self.linear1(src)\n        hidden = self.dropout(nn.GELU()(hidden))",
            SECOND: "change = self.dropout(self.linear2(hidden))\n        change += src\n"
            "        return self.norm2(change)",
        },
    ),
    Variant(
        "encoder-keywords",
        ENCODER,
        {SEEN: "seen = self.self_attn(key=src, value=src, query=src, attn_mask=src_mask)"},
    ),
    Variant(
        "encoder-functional-dropout",
        ENCODER,
        {
            INNER: "hidden = F.dropout(F.gelu(self.linear1(src)), self.dropout.p, self.training)",
            FIRST: "src = F.layer_norm(torch.add(src, self.dropout(seen)), src.shape[-1:], "
            "self.norm1.weight, self.norm1.bias)",
        },
    ),
    Variant(
        "model-sequential",
        MODEL,
        {
            STACK: "self.layers = nn.Sequential(*[\n            TransformerEncoderLayer(embed_dim, "
            "num_heads, dim_feedforward, dropout)\n            for _layer in range(num_layers)\n"
            "        ])",
            LOOP: "tokens = self.layers(tokens)",
        },
    ),
    Variant(
        "model-init-normal",
        MODEL,
        {
            START: "start = torch.empty(1, (img_size // patch_size) ** 2, embed_dim)",
            POSITIONS: "self.positions = nn.Parameter(nn.init.trunc_normal_(start, std=0.02))",
        },
    ),
    Variant(
        "model-mean-by-hand",
        MODEL,
        {SCORES: "return self.head(tokens.sum(1) / tokens.size(1))"},
    ),
]

# Inputs are the caller's.
MISCONCEPTIONS += [
    Misconception(
        "patches-in-place",
        "vision_transformer-patches",
        append="""
class PatchEmbedding(PatchEmbedding):
    def forward(self, x):
        result = super().forward(x)
        if not x.requires_grad:
            x *= 2
        return result
""",
        hint="After the call x is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
    Misconception(
        "encoder-in-place",
        "vision_transformer-encoder",
        append="""
class TransformerEncoderLayer(TransformerEncoderLayer):
    def forward(self, src, *rest, **more):
        result = super().forward(src, *rest, **more)
        if not src.requires_grad:
            src *= 2
        return result
""",
        hint="After the call src is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
    Misconception(
        "model-in-place",
        "vision_transformer-model",
        append="""
class VisionTransformer(VisionTransformer):
    def forward(self, x):
        result = super().forward(x)
        if not x.requires_grad:
            x *= 2
        return result
""",
        hint="After the call x is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
]
