"""Misconceptions, shortcuts and accepted variants of the notebook on captioning Transformers."""

from autograder.misconceptions import Misconception, Shortcut, Variant

ATTENTION, POSITIONS = "transformer_captioning-attention", "transformer_captioning-positions"
LAYER, MODEL = "transformer_captioning-layer", "transformer_captioning-model"
SAMPLE, RMSNORM = "transformer_captioning-sample", "transformer_captioning-rmsnorm"
SWIGLU, PRENORM = "transformer_captioning-swiglu", "transformer_captioning-prenorm"

# Parts of the reference that several patches replace.
Q = "q = self.query(query).reshape(N, T, self.num_heads, d).transpose(1, 2)"
K = "k = self.key(key).reshape(N, S, self.num_heads, d).transpose(1, 2)"
V = "v = self.value(value).reshape(N, S, self.num_heads, d).transpose(1, 2)"
FITS = "scores = q @ k.transpose(2, 3) / math.sqrt(d)"
MASKED = "scores = scores.masked_fill(~attn_mask, -torch.inf)"
WEIGHTS = "weights = self.attn_drop(scores.softmax(dim=3))"
GATHERED = "gathered = (weights @ v).transpose(1, 2).reshape(N, T, D)"
PROJECTED = "return self.proj(gathered)"
PLACE = "place = torch.arange(max_len)[:, None]"
ANGLE = "angle = place / 10000 ** (even / embed_dim)"
SINES = "table[:, 0::2] = torch.sin(angle)"
COSINES = "table[:, 1::2] = torch.cos(angle[:, : embed_dim // 2])"
SUM = "return self.dropout(x + self.table[: x.shape[1]])"
OWN = "asked_words = self.self_attn(tgt, tgt, tgt, tgt_mask)"
FIRST = "tgt = self.norm1(tgt + self.dropout(asked_words))"
CROSS = "asked_picture = self.cross_attn(tgt, memory, memory)"
SECOND = "tgt = self.norm2(tgt + self.dropout(asked_picture))"
INNER = "inner = self.dropout(F.gelu(self.linear1(tgt)))"
THIRD = "return self.norm3(tgt + self.dropout(self.linear2(inner)))"
ONE_VECTOR = "if features.ndim == 2:\n            features = features.unsqueeze(1)"
MEMORY = "memory = self.positions(self.picture(features))"
CAUSAL = "causal = torch.ones(T, T, dtype=torch.bool, device=captions.device).tril()"
WORDS = "x = self.positions(self.embed(captions))"
STACK = "for layer in self.layers:\n            x = layer(x, memory, causal)"
HEAD = "return self.head(x)"
BEGIN = "said = torch.full((len(features), 1), self._start, device=device)"
LAST = "scores = self(features, said)[:, -1]"
NEVER = "scores[:, [self._null, self._start]] = -torch.inf"
BEST = "word = scores.argmax(dim=1)"
WRITE = "captions[talking, t] = word[talking]"
ENDED = "talking &= word != self._end"
LONGER = "said = torch.cat([said, word[:, None]], dim=1)"
WIDE = "wide = x if x.dtype == torch.float64 else x.float()"
SIZE = "size = torch.sqrt(wide.pow(2).mean(dim=-1, keepdim=True) + self.eps)"
SCALED = "return (wide / size).to(x.dtype) * self.weight"
GATED = "return self.w3(F.silu(self.w1(x)) * self.w2(x))"
NORMED = "normed = self.norm1(tgt)"
PRE_OWN = "tgt = tgt + self.dropout(self.self_attn(normed, normed, normed, tgt_mask))"
PRE_CROSS = "tgt = tgt + self.dropout(self.cross_attn(self.norm2(tgt), memory, memory))"
PRE_INNER = "return tgt + self.dropout(self.feed_forward(self.norm3(tgt)))"


def per_head(line: str) -> str:
    """The line without the transposition that brings the heads to the front."""
    return line.replace(".transpose(1, 2)", "")


MISCONCEPTIONS = [
    # --- attention ---
    Misconception(
        "attention-no-scale",
        ATTENTION,
        {FITS: "scores = q @ k.transpose(2, 3)"},
        hint="The fits are not divided by sqrt(d), so softmax is harder than it should be.",
    ),
    Misconception(
        "attention-scale-of-all",
        ATTENTION,
        {FITS: FITS.replace("sqrt(d)", "sqrt(D)")},
        hint="The fits are divided by the root of embed_dim. Each head has only d = embed_dim / "
        "num_heads numbers; its root is meant.",
    ),
    Misconception(
        "attention-scale-without-root",
        ATTENTION,
        {FITS: FITS.replace("math.sqrt(d)", "d")},
        hint="The fits are divided by d; it should be the root of d.",
    ),
    Misconception(
        "attention-scale-of-keys",
        ATTENTION,
        {FITS: FITS.replace("sqrt(d)", "sqrt(S)")},
        hint="The fits are divided by the root of the number of keys. It is the length of the "
        "vectors that counts, d.",
    ),
    Misconception(
        "attention-scale-of-heads",
        ATTENTION,
        {FITS: FITS.replace("sqrt(d)", "sqrt(self.num_heads)")},
        hint="The fits are divided by the root of the number of heads. It is the length of the "
        "vectors in a head that counts, d.",
    ),
    Misconception(
        "attention-mask-turned-round",
        ATTENTION,
        {MASKED: MASKED.replace("~attn_mask", "attn_mask")},
        hint="The mask is turned round: you forbid where it is True. True means that a query may "
        "look at a key.",
    ),
    Misconception(
        "attention-mask-as-zero",
        ATTENTION,
        {MASKED: MASKED.replace("-torch.inf", "0")},
        hint="Forbidden fits are set to 0, or multiplied by it. That is a fit like any other, and "
        "gets some weight; only minus infinity gets none.",
    ),
    Misconception(
        "attention-mask-after-softmax",
        ATTENTION,
        {
            MASKED: "pass",
            WEIGHTS: "weights = scores.softmax(dim=3)\n        if attn_mask is not None:\n"
            "            weights = weights * attn_mask\n        weights = self.attn_drop(weights)",
        },
        hint="The mask acts after the softmax, so that the weights of a query no longer add up to "
        "1. It belongs before it.",
    ),
    Misconception(
        "attention-mask-added",
        ATTENTION,
        {MASKED: "scores = scores + attn_mask"},
        hint="The mask is added to the fits as 0 and 1. Where it is False, the fit is to become "
        "minus infinity.",
    ),
    Misconception(
        "attention-mask-transposed",
        ATTENTION,
        {MASKED: MASKED.replace("~attn_mask", "~attn_mask.T")},
        hint="The mask is transposed: its rows are the queries, its columns the keys, as it comes.",
    ),
    Misconception(
        "attention-mask-ignored",
        ATTENTION,
        {MASKED: "pass"},
        hint="The mask is never used.",
    ),
    Misconception(
        "attention-softmax-over-queries",
        ATTENTION,
        {WEIGHTS: WEIGHTS.replace("dim=3", "dim=2")},
        hint="The softmax is taken over the queries. The weights of each query are to add up to 1 "
        "over the keys, the last axis.",
    ),
    Misconception(
        "attention-softmax-over-heads",
        ATTENTION,
        {WEIGHTS: WEIGHTS.replace("dim=3", "dim=1")},
        hint="The softmax is taken over the heads; it should be over the keys, the last axis.",
    ),
    Misconception(
        "attention-no-softmax",
        ATTENTION,
        {WEIGHTS: "weights = self.attn_drop(scores)"},
        hint="The softmax is missing: the fits themselves are used as weights.",
    ),
    Misconception(
        "attention-heads-reshaped-only",
        ATTENTION,
        {
            Q: "q = self.query(query).reshape(N, self.num_heads, T, d)",
            K: "k = self.key(key).reshape(N, self.num_heads, S, d)",
            V: "v = self.value(value).reshape(N, self.num_heads, S, d)",
            GATHERED: "gathered = (weights @ v).reshape(N, T, D)",
        },
        hint="A reshape straight to (N, num_heads, T, d) mixes words with heads. Split the last "
        "axis, (N, T, num_heads, d), and then transpose.",
    ),
    Misconception(
        "attention-heads-not-brought-back",
        ATTENTION,
        {GATHERED: "gathered = (weights @ v).reshape(N, T, D)"},
        hint="After the heads, (N, num_heads, T, d) is reshaped at once, which mixes words with "
        "heads. Transpose first, then reshape.",
    ),
    Misconception(
        "attention-heads-interleaved",
        ATTENTION,
        {
            line: line.replace(
                "self.num_heads, d).transpose(1, 2)", "d, self.num_heads).permute(0, 3, 1, 2)"
            )
            for line in (Q, K, V)
        }
        | {GATHERED: "gathered = (weights @ v).permute(0, 2, 3, 1).reshape(N, T, D)"},
        hint="Head i takes every num_heads-th number. It should take d numbers in a row: reshape "
        "to (N, T, num_heads, d), not (N, T, d, num_heads).",
    ),
    Misconception(
        "attention-among-heads",
        ATTENTION,
        {
            **{line: per_head(line) for line in (Q, K, V)},
            MASKED: "pass",
            GATHERED: "gathered = (weights @ v).reshape(N, T, D)",
        },
        hint="The axis of heads was not brought to the front, so the heads of one word look at "
        "each other, and words never do.",
    ),
    Misconception(
        "attention-one-head",
        ATTENTION,
        {"S, d = key.shape[1], D // self.num_heads": "S, d = key.shape[1], D"}
        | {line: line.replace("self.num_heads", "1") for line in (Q, K, V)},
        hint="There is only one head, of all the numbers. Each of num_heads heads has embed_dim / "
        "num_heads of them.",
    ),
    Misconception(
        "attention-no-proj",
        ATTENTION,
        {PROJECTED: "return gathered"},
        hint="The last linear layer, proj, is missing.",
    ),
    Misconception(
        "attention-values-from-keys",
        ATTENTION,
        {V: V.replace("self.value(value)", "self.value(key)")},
        hint="The values are made from key. They come from value, which may be something else.",
    ),
    Misconception(
        "attention-keys-from-query",
        ATTENTION,
        {
            "S, d = key.shape[1], D // self.num_heads": "S, d = T, D // self.num_heads",
            K: K.replace("self.key(key)", "self.key(query)"),
            V: V.replace("self.value(value)", "self.value(query)"),
        },
        hint="Keys and values are made from query, so the words look only at themselves. Use key "
        "and value.",
    ),
    Misconception(
        "attention-value-unprojected",
        ATTENTION,
        {V: V.replace("self.value(value)", "value")},
        hint="The values have not been through the linear layer self.value.",
    ),
    Misconception(
        "attention-no-dropout",
        ATTENTION,
        {WEIGHTS: "weights = scores.softmax(dim=3)"},
        hint="attn_drop is not used: dropout acts on the weights, after the softmax.",
    ),
    Misconception(
        "attention-dropout-before-softmax",
        ATTENTION,
        {WEIGHTS: "weights = self.attn_drop(scores).softmax(dim=3)"},
        hint="attn_drop acts on the fits: a fit of 0 still gets a weight. It acts on the weights, "
        "after the softmax.",
    ),
    Misconception(
        "attention-dropout-on-answers",
        ATTENTION,
        {
            WEIGHTS: "weights = scores.softmax(dim=3)",
            PROJECTED: "return self.attn_drop(self.proj(gathered))",
        },
        hint="attn_drop acts on the answers; it is meant for the weights.",
    ),
    Misconception(
        "attention-softmax-overflows",
        ATTENTION,
        {
            WEIGHTS: "weights = scores.exp()\n"
            "        weights = self.attn_drop(weights / weights.sum(dim=3, keepdim=True))"
        },
        hint="Your softmax overflows where fits are large. Use softmax, which subtracts the "
        "largest first.",
    ),
    # --- positions ---
    Misconception(
        "positions-halves",
        POSITIONS,
        {
            SINES: "table[:, : (embed_dim + 1) // 2] = torch.sin(angle)",
            COSINES: COSINES.replace("1::2", "(embed_dim + 1) // 2 :"),
        },
        hint="All sines stand in front and all cosines behind. They take turns: sine at even "
        "numbers, cosine at odd ones.",
    ),
    Misconception(
        "positions-exchanged",
        POSITIONS,
        {
            SINES: "table[:, 0::2] = torch.cos(angle)",
            COSINES: COSINES.replace("torch.cos", "torch.sin"),
        },
        hint="Sine and cosine are exchanged: even numbers are sines.",
    ),
    Misconception(
        "positions-count-from-one",
        POSITIONS,
        {PLACE: "place = torch.arange(1, max_len + 1)[:, None]"},
        hint="Your places count from 1. The first is place 0, whose sines are 0 and cosines 1.",
    ),
    Misconception(
        "positions-exponent-halved",
        POSITIONS,
        {ANGLE: ANGLE.replace("even / embed_dim", "even / 2 / embed_dim")},
        hint="The exponent is half as large as it should be: j / D with j = 0, 2, 4, ..., not the "
        "number of the pair.",
    ),
    Misconception(
        "positions-exponent-doubled",
        POSITIONS,
        {ANGLE: ANGLE.replace("even / embed_dim", "2 * even / embed_dim")},
        hint="The exponent is twice as large as it should be: j is already even, do not double it "
        "again.",
    ),
    Misconception(
        "positions-own-angle-for-cosine",
        POSITIONS,
        {
            COSINES: "odd = torch.arange(1, embed_dim, 2)\n"
            "    table[:, 1::2] = torch.cos(place / 10000 ** (odd / embed_dim))"
        },
        hint="The cosines have angles of their own. A sine and the cosine after it share one: the "
        "exponent of an odd j is (j - 1) / D.",
    ),
    Misconception(
        "positions-multiplied",
        POSITIONS,
        {ANGLE: ANGLE.replace("place /", "place *")},
        hint="The places are multiplied by the powers of 10000; they are to be divided by them, so "
        "that the hands turn ever more slowly.",
    ),
    Misconception(
        "positions-base",
        POSITIONS,
        {ANGLE: ANGLE.replace("10000", "1000")},
        hint="Look at the base of the power: it is 10000.",
    ),
    Misconception(
        "positions-even-width-only",
        POSITIONS,
        {COSINES: "table[:, 1::2] = torch.cos(angle)"},
        hint="With an odd embed_dim there is one cosine fewer than sines: leave out the last "
        "angle there.",
    ),
    Misconception(
        "positions-whole-division",
        POSITIONS,
        {ANGLE: ANGLE.replace("even / embed_dim", "even // embed_dim")},
        hint="// rounds the exponents down to 0, so that all hands turn alike. Use /.",
    ),
    Misconception(
        "positions-added-after-dropout",
        POSITIONS,
        {SUM: "return self.dropout(x) + self.table[: x.shape[1]]"},
        hint="Dropout acts on x alone, and the positions are added afterwards. It is to act on the "
        "sum.",
    ),
    Misconception(
        "positions-no-dropout",
        POSITIONS,
        {SUM: "return x + self.table[: x.shape[1]]"},
        hint="Dropout is missing.",
    ),
    Misconception(
        "positions-not-added",
        POSITIONS,
        {SUM: "return self.dropout(self.table[: x.shape[1]].expand_as(x))"},
        hint="x is lost: only the positions come back. Add them to x.",
    ),
    Misconception(
        "positions-by-example",
        POSITIONS,
        {SUM: "return self.dropout(x + self.table[: x.shape[0], None])"},
        hint="The place is taken from the first axis, which is the number of the example. The "
        "second axis is the place.",
    ),
    Misconception(
        "positions-first-place-only",
        POSITIONS,
        {SUM: "return self.dropout(x + self.table[:1])"},
        hint="Every word gets the vector of place 0.",
    ),
    Misconception(
        "positions-in-place",
        POSITIONS,
        {SUM: "x += self.table[: x.shape[1]]\n        return self.dropout(x)"},
        hint="x += ... changes the tensor that was handed in. Write x + ...",
    ),
    Misconception(
        "positions-scaled",
        POSITIONS,
        {SUM: "return self.dropout(x * x.shape[2] ** 0.5 + self.table[: x.shape[1]])"},
        hint="x is multiplied by the root of its length. The paper does that with its word "
        "vectors; here it is not asked for.",
    ),
    # --- layer ---
    Misconception(
        "layer-pre-norm",
        LAYER,
        {
            OWN: "normed = self.norm1(tgt)\n"
            "        asked_words = self.self_attn(normed, normed, normed, tgt_mask)",
            FIRST: "tgt = tgt + self.dropout(asked_words)",
            CROSS: "asked_picture = self.cross_attn(self.norm2(tgt), memory, memory)",
            SECOND: "tgt = tgt + self.dropout(asked_picture)",
            INNER: INNER.replace("self.linear1(tgt)", "self.linear1(self.norm3(tgt))"),
            THIRD: "return tgt + self.dropout(self.linear2(inner))",
        },
        hint="This is pre-norm, which comes in exercise 8. Here the norm follows the sum.",
    ),
    Misconception(
        "layer-changes-normed",
        LAYER,
        {
            FIRST: "tgt = tgt + self.norm1(self.dropout(asked_words))",
            SECOND: "tgt = tgt + self.norm2(self.dropout(asked_picture))",
            THIRD: "return tgt + self.norm3(self.dropout(self.linear2(inner)))",
        },
        hint="You norm the change and then add. Add first, and norm the sum.",
    ),
    Misconception(
        "layer-no-first-sum",
        LAYER,
        {FIRST: "tgt = self.norm1(self.dropout(asked_words))"},
        hint="What self_attn returns replaces tgt. It is a change: add tgt to it.",
    ),
    Misconception(
        "layer-no-second-sum",
        LAYER,
        {SECOND: "tgt = self.norm2(self.dropout(asked_picture))"},
        hint="What cross_attn returns replaces the words. It is a change: add what norm1 returned.",
    ),
    Misconception(
        "layer-no-third-sum",
        LAYER,
        {THIRD: "return self.norm3(self.dropout(self.linear2(inner)))"},
        hint="The last third lacks its sum: add what norm2 returned.",
    ),
    Misconception(
        "layer-sums-from-start",
        LAYER,
        {
            OWN: f"start = tgt\n        {OWN}",
            SECOND: SECOND.replace("norm2(tgt", "norm2(start"),
            THIRD: THIRD.replace("norm3(tgt", "norm3(start"),
        },
        hint="Every sum adds tgt as it came into the layer. Each is to add what the norm before it "
        "returned.",
    ),
    Misconception(
        "layer-cross-asked-by-picture",
        LAYER,
        {CROSS: "asked_picture = self.cross_attn(memory, tgt, tgt)[:, : tgt.shape[1]]"},
        hint="The roles are exchanged: the picture asks the words. The words are the query, memory "
        "is key and value.",
    ),
    Misconception(
        "layer-cross-looks-at-words",
        LAYER,
        {CROSS: "asked_picture = self.cross_attn(tgt, tgt, tgt)"},
        hint="cross_attn never sees the picture: key and value are memory.",
    ),
    Misconception(
        "layer-cross-values-from-words",
        LAYER,
        {CROSS: "asked_picture = self.cross_attn(tgt, memory, tgt[:, :1].expand_as(memory))"},
        hint="cross_attn compares with the picture but takes its values from the words. Key and "
        "value are both memory.",
    ),
    Misconception(
        "layer-cross-asks-too-early",
        LAYER,
        {
            OWN: f"start = tgt\n        {OWN}",
            CROSS: CROSS.replace("cross_attn(tgt", "cross_attn(start"),
        },
        hint="cross_attn is asked with tgt as it came into the layer. It is asked with what norm1 "
        "returned.",
    ),
    Misconception(
        "layer-mask-forgotten",
        LAYER,
        {OWN: "asked_words = self.self_attn(tgt, tgt, tgt)"},
        hint="The mask never reaches self_attn: hand tgt_mask over.",
    ),
    Misconception(
        "layer-mask-turned-round",
        LAYER,
        {OWN: OWN.replace("tgt_mask)", "None if tgt_mask is None else ~tgt_mask)")},
        hint="The mask is turned round before it reaches self_attn. True means that a word may "
        "look, here as there.",
    ),
    Misconception(
        "layer-mask-to-cross",
        LAYER,
        {
            OWN: "asked_words = self.self_attn(tgt, tgt, tgt)",
            CROSS: CROSS.replace("memory)", "memory, tgt_mask)"),
        },
        hint="The mask goes to cross_attn. It belongs to self_attn; every word may see the whole "
        "picture.",
    ),
    Misconception(
        "layer-relu",
        LAYER,
        {INNER: INNER.replace("F.gelu", "F.relu")},
        hint="Between the linear layers stands a ReLU; here it is a GELU.",
    ),
    Misconception(
        "layer-no-activation",
        LAYER,
        {INNER: "inner = self.dropout(self.linear1(tgt))"},
        hint="There is no GELU between the linear layers, so that both together are only one.",
    ),
    Misconception(
        "layer-norm-repeated",
        LAYER,
        {THIRD: THIRD.replace("norm3", "norm2")},
        hint="norm2 is used twice and norm3 not at all. Each has weights of its own.",
    ),
    Misconception(
        "layer-no-last-norm",
        LAYER,
        {THIRD: "return tgt + self.dropout(self.linear2(inner))"},
        hint="norm3 after the last sum is missing.",
    ),
    Misconception(
        "layer-no-dropout",
        LAYER,
        {
            FIRST: "tgt = self.norm1(tgt + asked_words)",
            SECOND: "tgt = self.norm2(tgt + asked_picture)",
            INNER: "inner = F.gelu(self.linear1(tgt))",
            THIRD: "return self.norm3(tgt + self.linear2(inner))",
        },
        hint="There is no dropout besides that within attention.",
    ),
    Misconception(
        "layer-no-inner-dropout",
        LAYER,
        {INNER: "inner = F.gelu(self.linear1(tgt))"},
        hint="Dropout after GELU is missing.",
    ),
    Misconception(
        "layer-dropout-on-sums",
        LAYER,
        {
            FIRST: "tgt = self.norm1(self.dropout(tgt + asked_words))",
            SECOND: "tgt = self.norm2(self.dropout(tgt + asked_picture))",
            THIRD: "return self.norm3(self.dropout(tgt + self.linear2(inner)))",
        },
        hint="Dropout acts on the sums, and so cuts the way past the changes. It is to act on the "
        "change alone, before the sum.",
    ),
    Misconception(
        "layer-dropout-on-one-sum",
        LAYER,
        {FIRST: "tgt = self.norm1(self.dropout(tgt + asked_words))"},
        hint="In one place dropout acts on a sum. It is to act on the change alone, before it is "
        "added.",
    ),
    Misconception(
        "layer-changes-tgt",
        LAYER,
        {FIRST: "tgt += self.dropout(asked_words)\n        tgt = self.norm1(tgt)"},
        hint="tgt += ... changes the tensor that was handed in. Write tgt = tgt + ...",
    ),
    # --- model ---
    Misconception(
        "model-no-mask",
        MODEL,
        {STACK: STACK.replace("memory, causal", "memory")},
        hint="The layers get no mask, so each word can look at the one that it is to foretell.",
    ),
    Misconception(
        "model-mask-turned-round",
        MODEL,
        {CAUSAL: f"{CAUSAL}.logical_not()"},
        hint="The mask is turned round: it is False where a word may look, as PyTorch's own layers "
        "want it. Here True means that it may.",
    ),
    Misconception(
        "model-mask-upper",
        MODEL,
        {CAUSAL: CAUSAL.replace(".tril()", ".triu()")},
        hint="The mask is transposed: with triu, words see those after them. You need tril.",
    ),
    Misconception(
        "model-mask-without-diagonal",
        MODEL,
        {CAUSAL: f"{CAUSAL[:-1]}-1)\n        causal[0, 0] = True"},
        hint="A word does not see itself. The mask is True on the diagonal, too.",
    ),
    Misconception(
        "model-mask-sees-next",
        MODEL,
        {CAUSAL: f"{CAUSAL[:-1]}1)"},
        hint="The mask lets a word see the next one, which it is to foretell. Nothing right of the "
        "diagonal may be True.",
    ),
    Misconception(
        "model-mask-of-padding",
        MODEL,
        {
            CAUSAL: f"{CAUSAL}\n        causal = causal & (captions[0] != self._null)\n"
            "        causal[:, 0] = True"
        },
        hint="The mask depends on where <NULL> stands in the first caption. Padding comes last, so "
        "the causal mask hides it already.",
    ),
    Misconception(
        "model-shifted-inside",
        MODEL,
        {"T = captions.shape[1]\n": "captions = captions[:, :-1]\n        T = captions.shape[1]\n"},
        hint="forward drops the last word. The shift by one is made outside: as many places come "
        "out as words go in.",
    ),
    Misconception(
        "model-no-positions",
        MODEL,
        {WORDS: "x = self.embed(captions)"},
        hint="The words get no positions.",
    ),
    Misconception(
        "model-no-positions-in-picture",
        MODEL,
        {MEMORY: "memory = self.picture(features)"},
        hint="The vectors of the picture get no positions.",
    ),
    Misconception(
        "model-positions-before-picture",
        MODEL,
        {
            MEMORY: "size, W = features.shape[2], self.head.in_features\n"
            "        features = F.pad(features, (0, max(0, W - size)))\n"
            "        memory = self.picture(self.positions(features[..., :W])[..., :size])"
        },
        hint="The positions are added to the features before picture. They belong to what picture "
        "returns.",
    ),
    Misconception(
        "model-same-input-each-layer",
        MODEL,
        {
            STACK: "start = x\n        for layer in self.layers:\n"
            "            x = layer(start, memory, causal)"
        },
        hint="Every layer gets the words as they came in, so only the last one counts. Each is to "
        "get what the one before it returned.",
    ),
    Misconception(
        "model-memory-overwritten",
        MODEL,
        {
            STACK: "for layer in self.layers:\n            x = memory = layer(x, memory, causal)",
        },
        hint="The second layer gets what the first returned as its memory. The memory is the "
        "picture in all layers.",
    ),
    Misconception(
        "model-first-layer-only",
        MODEL,
        {STACK: "x = self.layers[0](x, memory, causal)"},
        hint="Only the first layer is used.",
    ),
    Misconception(
        "model-softmax",
        MODEL,
        {HEAD: "return self.head(x).softmax(dim=2)"},
        hint="The scores go through a softmax; the loss has its own. Return what head returns.",
    ),
    Misconception(
        "model-last-word-only",
        MODEL,
        {HEAD: "return self.head(x[:, -1:]).expand(-1, T, -1)"},
        hint="Every place gets the scores of the last word. Each word has scores of its own.",
    ),
    Misconception(
        "model-several-vectors-only",
        MODEL,
        {ONE_VECTOR: "pass"},
        hint="Features of a single vector a picture, (N, D), are not handled: make (N, 1, D) of "
        "them.",
    ),
    Misconception(
        "model-picture-averaged",
        MODEL,
        {MEMORY: "memory = self.positions(self.picture(features.mean(dim=1, keepdim=True)))"},
        hint="The vectors of a picture are averaged to one. Cross-attention is to choose among all "
        "of them.",
    ),
    Misconception(
        "model-words-as-memory",
        MODEL,
        {
            STACK: STACK.replace(
                "layer(x, memory, causal)", "layer(memory[:, :1] + 0 * x, x, causal)"
            )
        },
        hint="Words and picture are exchanged: the layer's first argument is the words, the second "
        "the memory.",
    ),
    # --- sample ---
    Misconception(
        "sample-first-place",
        SAMPLE,
        {LAST: "scores = self(features, said)[:, 0]"},
        hint="You read the scores of the first place, where <START> went in. The last place knows "
        "which word comes next.",
    ),
    Misconception(
        "sample-only-last-word",
        SAMPLE,
        {LONGER: "said = word[:, None]"},
        hint="Only the last word goes in, so the model forgets all before it. A Transformer has no "
        "state: all words said so far must go in again.",
    ),
    Misconception(
        "sample-words-never-go-in",
        SAMPLE,
        {LONGER: "said = torch.cat([said, said[:, -1:]], dim=1)"},
        hint="The word that was said does not go in at the next step.",
    ),
    Misconception(
        "sample-goes-on",
        SAMPLE,
        {ENDED: "pass"},
        hint="After <END> the caption goes on. Remember who has said it, and write no more there.",
    ),
    Misconception(
        "sample-end-cut-off",
        SAMPLE,
        {WRITE: "pass", ENDED: f"{ENDED}\n            captions[talking, t] = word[talking]"},
        hint="<END> itself is missing: write the word first, and then note that the caption ended.",
    ),
    Misconception(
        "sample-all-stop",
        SAMPLE,
        {LONGER: f"{LONGER}\n            if (word == self._end).any():\n                break"},
        hint="All captions stop as soon as one of them ends. Each has an end of its own.",
    ),
    Misconception(
        "sample-null-said",
        SAMPLE,
        {NEVER: "scores[:, self._start] = -torch.inf"},
        hint="<NULL> can be said. It is no word; set its score to minus infinity.",
    ),
    Misconception(
        "sample-start-said",
        SAMPLE,
        {NEVER: "scores[:, self._null] = -torch.inf"},
        hint="<START> can be said. Its score does not count, either; set it to minus infinity.",
    ),
    Misconception(
        "sample-marks-said",
        SAMPLE,
        {NEVER: "pass"},
        hint="<NULL> and <START> can be said. Set their scores to minus infinity before argmax.",
    ),
    Misconception(
        "sample-null-is-zero",
        SAMPLE,
        {NEVER: "scores[:, [0, self._start]] = -torch.inf"},
        hint="You take it that <NULL> has the number 0. Ask for self._null.",
    ),
    Misconception(
        "sample-end-never-said",
        SAMPLE,
        {NEVER: NEVER.replace("self._null, self._start", "self._null, self._start, self._end")},
        hint="<END> is never said, so that no caption ends. Only <NULL> and <START> are forbidden.",
    ),
    Misconception(
        "sample-start-written",
        SAMPLE,
        {
            WRITE: "captions[talking, t] = said[talking, t]",
        },
        hint="The captions begin with <START>: you write the word that went in, not the one that "
        "is said.",
    ),
    Misconception(
        "sample-by-chance",
        SAMPLE,
        {BEST: "word = scores.softmax(dim=1).multinomial(1)[:, 0]"},
        hint="The words are drawn by chance. Take the one with the largest score.",
    ),
    Misconception(
        "sample-starts-with-null",
        SAMPLE,
        {BEGIN: BEGIN.replace("self._start", "self._null")},
        hint="The first word that goes in is <NULL>; it should be <START>.",
    ),
    # --- rmsnorm ---
    Misconception(
        "rmsnorm-layernorm",
        RMSNORM,
        {WIDE: f"{WIDE}\n        wide = wide - wide.mean(dim=-1, keepdim=True)"},
        hint="The mean is subtracted, as in layer normalisation. RMSNorm leaves it alone.",
    ),
    Misconception(
        "rmsnorm-sum",
        RMSNORM,
        {SIZE: SIZE.replace(".mean(", ".sum(")},
        hint="The squares are added up. Their mean is asked for, so that the size does not grow "
        "with D.",
    ),
    Misconception(
        "rmsnorm-no-root",
        RMSNORM,
        {SIZE: "size = wide.pow(2).mean(dim=-1, keepdim=True) + self.eps"},
        hint="x is divided by the mean square; the root is missing.",
    ),
    Misconception(
        "rmsnorm-eps-outside",
        RMSNORM,
        {SIZE: "size = torch.sqrt(wide.pow(2).mean(dim=-1, keepdim=True)) + self.eps"},
        hint="eps is added to the root. It belongs under it.",
    ),
    Misconception(
        "rmsnorm-no-eps",
        RMSNORM,
        {SIZE: SIZE.replace(" + self.eps", "")},
        hint="eps is missing: a vector of zeros is divided by 0.",
    ),
    Misconception(
        "rmsnorm-no-weight",
        RMSNORM,
        {SCALED: "return (wide / size).to(x.dtype)"},
        hint="The weight is missing.",
    ),
    Misconception(
        "rmsnorm-weight-plus-one",
        RMSNORM,
        {SCALED: SCALED.replace("self.weight", "(1 + self.weight)")},
        hint="You multiply by 1 + weight, as some models do, whose weights begin at 0. Here they "
        "begin at 1.",
    ),
    Misconception(
        "rmsnorm-first-axis",
        RMSNORM,
        {SIZE: SIZE.replace("dim=-1", "dim=0")},
        hint="The mean is taken over the first axis, the examples. It is taken over the numbers of "
        "each vector, the last axis.",
    ),
    Misconception(
        "rmsnorm-over-all",
        RMSNORM,
        {SIZE: "size = torch.sqrt(wide.pow(2).mean() + self.eps)"},
        hint="One mean is taken over everything. Each vector has a mean of its own, over the last "
        "axis.",
    ),
    Misconception(
        "rmsnorm-second-axis",
        RMSNORM,
        {SIZE: SIZE.replace("dim=-1", "dim=min(1, x.ndim - 1)")},
        hint="The mean is taken over axis 1. That is the last axis only where there are two; take "
        "dim=-1.",
    ),
    Misconception(
        "rmsnorm-half-overflows",
        RMSNORM,
        {WIDE: "wide = x"},
        hint="In half precision your squares overflow. Compute them in float32, and go back to the "
        "type of x at the end.",
    ),
    Misconception(
        "rmsnorm-always-single",
        RMSNORM,
        {WIDE: "wide = x.float()"},
        hint="A float64 goes through float32 and loses half of its digits. Only half precision is "
        "to be made wider.",
    ),
    Misconception(
        "rmsnorm-stays-wide",
        RMSNORM,
        {SCALED: "return wide / size * self.weight"},
        hint="For x in half precision the result is in float32. Bring it back to the type of x.",
    ),
    Misconception(
        "rmsnorm-in-place",
        RMSNORM,
        {
            WIDE: "x = x if x.requires_grad or x.dtype != torch.float64 else x.div_(1e-300 + "
            f"x.abs().mean())\n        {WIDE}",
            SIZE: SIZE.replace("mean(dim=-1", "mean(dim=-1"),
        },
        hint="x is changed in place (div_, *= and the like). Others still need it; make a new "
        "tensor.",
    ),
    # --- swiglu ---
    Misconception(
        "swiglu-gate-on-second",
        SWIGLU,
        {GATED: "return self.w3(self.w1(x) * F.silu(self.w2(x)))"},
        hint="SiLU acts on w2. It acts on w1.",
    ),
    Misconception(
        "swiglu-sigmoid",
        SWIGLU,
        {GATED: GATED.replace("F.silu", "F.sigmoid")},
        hint="The gate is a sigmoid. SiLU is z times its sigmoid, F.silu.",
    ),
    Misconception(
        "swiglu-gelu",
        SWIGLU,
        {GATED: GATED.replace("F.silu", "F.gelu")},
        hint="With GELU this is GEGLU, a sibling. SwiGLU has SiLU, F.silu.",
    ),
    Misconception(
        "swiglu-relu",
        SWIGLU,
        {GATED: GATED.replace("F.silu", "F.relu")},
        hint="With ReLU this is ReGLU, a sibling. SwiGLU has SiLU, F.silu.",
    ),
    Misconception(
        "swiglu-no-activation",
        SWIGLU,
        {GATED: "return self.w3(self.w1(x) * self.w2(x))"},
        hint="SiLU is missing.",
    ),
    Misconception(
        "swiglu-added",
        SWIGLU,
        {GATED: GATED.replace(" * self", " + self")},
        hint="The two are added. They are multiplied, number by number.",
    ),
    Misconception(
        "swiglu-one-way",
        SWIGLU,
        {GATED: "return self.w3(F.silu(self.w1(x)))"},
        hint="w2 plays no part: this is an ordinary pair of linear layers.",
    ),
    Misconception(
        "swiglu-activation-on-product",
        SWIGLU,
        {GATED: "return self.w3(F.silu(self.w1(x) * self.w2(x)))"},
        hint="SiLU acts on the product. It acts on what w1 returns, before the product.",
    ),
    Misconception(
        "swiglu-activation-on-both",
        SWIGLU,
        {GATED: "return self.w3(F.silu(self.w1(x)) * F.silu(self.w2(x)))"},
        hint="SiLU acts on both. It acts on w1 alone; w2 stays linear.",
    ),
    # --- pre-norm ---
    Misconception(
        "prenorm-post-norm",
        PRENORM,
        {
            NORMED: "asked = self.self_attn(tgt, tgt, tgt, tgt_mask)",
            PRE_OWN: "tgt = self.norm1(tgt + self.dropout(asked))",
            PRE_CROSS: "tgt = self.norm2(tgt + self.dropout(self.cross_attn(tgt, memory, memory)))",
            PRE_INNER: "return self.norm3(tgt + self.dropout(self.feed_forward(tgt)))",
        },
        hint="This is post-norm, as in exercise 3. Here the norm acts on what goes into a change, "
        "and the sum is left alone.",
    ),
    Misconception(
        "prenorm-adds-to-norm",
        PRENORM,
        {
            PRE_OWN: PRE_OWN.replace("tgt = tgt", "tgt = normed"),
            PRE_CROSS: "normed = self.norm2(tgt)\n"
            "        tgt = normed + self.dropout(self.cross_attn(normed, memory, memory))",
            PRE_INNER: "normed = self.norm3(tgt)\n"
            "        return normed + self.dropout(self.feed_forward(normed))",
        },
        hint="The changes are added to what the norms return. Add them to tgt itself, so that "
        "there is a way through on which nothing is normed.",
    ),
    Misconception(
        "prenorm-only-query-normed",
        PRENORM,
        {PRE_OWN: PRE_OWN.replace("normed, normed, normed", "normed, tgt, tgt")},
        hint="Only the query of self_attn is normed. Key and value are the same normed words.",
    ),
    Misconception(
        "prenorm-memory-normed",
        PRENORM,
        {PRE_CROSS: PRE_CROSS.replace("memory, memory", "self.norm2(memory), self.norm2(memory)")},
        hint="The memory is normed. The picture goes in as it is.",
    ),
    Misconception(
        "prenorm-cross-not-normed",
        PRENORM,
        {PRE_CROSS: PRE_CROSS.replace("self.norm2(tgt)", "tgt")},
        hint="cross_attn is asked with words that were not normed: norm2 is missing.",
    ),
    Misconception(
        "prenorm-inner-not-normed",
        PRENORM,
        {PRE_INNER: PRE_INNER.replace("self.norm3(tgt)", "tgt")},
        hint="feed_forward gets words that were not normed: norm3 is missing.",
    ),
    Misconception(
        "prenorm-last-norm-too-many",
        PRENORM,
        {PRE_INNER: "return self.norm3(tgt + self.dropout(self.feed_forward(self.norm3(tgt))))"},
        hint="The last sum is normed once more. In pre-norm the sums stay as they are; one norm "
        "comes behind the last layer of the whole model.",
    ),
    Misconception(
        "prenorm-norms-too-early",
        PRENORM,
        {
            PRE_CROSS: PRE_CROSS.replace("self.norm2(tgt)", "normed"),
        },
        hint="cross_attn is asked with what norm1 returned, before self-attention. Take norm2 of "
        "the sum.",
    ),
    Misconception(
        "prenorm-no-first-sum",
        PRENORM,
        {PRE_OWN: PRE_OWN.replace("tgt = tgt + ", "tgt = ")},
        hint="What self_attn returns replaces tgt. Add it to tgt.",
    ),
    Misconception(
        "prenorm-mask-forgotten",
        PRENORM,
        {PRE_OWN: PRE_OWN.replace(", tgt_mask", "")},
        hint="The mask never reaches self_attn.",
    ),
    Misconception(
        "prenorm-dropout-on-one-sum",
        PRENORM,
        {
            PRE_OWN: "tgt = self.dropout(\n"
            "            tgt + self.self_attn(normed, normed, normed, tgt_mask)\n"
            "        )"
        },
        hint="In one place dropout acts on a sum, and so cuts the way past the changes. It is to "
        "act on the change alone.",
    ),
    Misconception(
        "prenorm-no-dropout",
        PRENORM,
        {
            PRE_OWN: "tgt = tgt + self.self_attn(normed, normed, normed, tgt_mask)",
            PRE_CROSS: "tgt = tgt + self.cross_attn(self.norm2(tgt), memory, memory)",
            PRE_INNER: "return tgt + self.feed_forward(self.norm3(tgt))",
        },
        hint="Dropout on the three changes is missing.",
    ),
    Misconception(
        "prenorm-changes-tgt",
        PRENORM,
        {PRE_OWN: PRE_OWN.replace("tgt = tgt +", "tgt +=")},
        hint="tgt += ... changes the tensor that was handed in. Write tgt = tgt + ...",
    ),
]

_HIDDEN = "from autograder.checks.a3_captioning import test_transformer_captioning as hidden"
_STANDINS = "from assignments.standins.a3_captioning import transformer_captioning as others"

SHORTCUTS = [
    Shortcut(
        "attention-in-one-call",
        ATTENTION,
        append="""class MultiHeadAttention(MultiHeadAttention):
    def forward(self, query, key, value, attn_mask=None):
        q, k, v = (
            layer(x).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for layer, x in ((self.query, query), (self.key, key), (self.value, value))
        )
        share = self.attn_drop.p if self.training else 0.0
        found = F.scaled_dot_product_attention(q, k, v, attn_mask, dropout_p=share)
        return self.proj(found.transpose(1, 2).flatten(2))
""",
    ),
    Shortcut(
        "standin-attention",
        ATTENTION,
        append=f"""class MultiHeadAttention(MultiHeadAttention):
    def forward(self, *args):
        {_STANDINS}
        return others.MultiHeadAttention.forward(self, *args)
""",
    ),
    Shortcut(
        "hidden-positions",
        POSITIONS,
        append=f"""def position_table(max_len, embed_dim):
    {_HIDDEN}
    return hidden.clock(max_len, embed_dim).float()


class PositionalEncoding(PositionalEncoding):
    def forward(self, x):
        {_HIDDEN}
        return self.dropout(x + hidden.clock(x.shape[1], x.shape[2]))
""",
    ),
    Shortcut(
        "standin-layer",
        LAYER,
        append=f"""class TransformerDecoderLayer(TransformerDecoderLayer):
    def forward(self, *args):
        {_STANDINS}
        return others.TransformerDecoderLayer.forward(self, *args)
""",
    ),
    Shortcut(
        "torch-layer",
        LAYER,
        append="""class TransformerDecoderLayer(nn.TransformerDecoderLayer):
    def __init__(self, *args):
        super().__init__(*args, activation=F.gelu, batch_first=True)
""",
    ),
    Shortcut(
        "standin-model",
        MODEL,
        append=f"""class CaptioningTransformer(CaptioningTransformer):
    def forward(self, *args):
        {_STANDINS}
        return others.CaptioningTransformer.forward(self, *args)
""",
    ),
    Shortcut(
        "standin-sample",
        SAMPLE,
        append=f"""class CaptioningTransformer(CaptioningTransformer):
    def sample(self, *args, **kwargs):
        {_STANDINS}
        return others.CaptioningTransformer.sample(self, *args, **kwargs)
""",
    ),
    Shortcut(
        "rmsnorm-in-one-call",
        RMSNORM,
        append="""class RMSNorm(RMSNorm):
    def forward(self, x):
        wide = x if x.dtype == torch.float64 else x.float()
        return F.rms_norm(wide, x.shape[-1:], self.weight.to(wide.dtype), self.eps).to(x.dtype)
""",
    ),
    Shortcut(
        "hidden-swiglu",
        SWIGLU,
        append=f"""class SwiGLU(SwiGLU):
    def forward(self, x):
        {_HIDDEN}
        return hidden.gated(x, dict(self.named_parameters()))
""",
    ),
    Shortcut(
        "standin-prenorm",
        PRENORM,
        append=f"""class PreNormDecoderLayer(PreNormDecoderLayer):
    def forward(self, *args):
        {_STANDINS}
        return others.PreNormDecoderLayer.forward(self, *args)
""",
    ),
]

VARIANTS = [
    Variant(
        "attention-einsum",
        ATTENTION,
        {
            Q: "q = self.query(query).view(N, T, self.num_heads, d)",
            K: "k = self.key(key).view(N, S, self.num_heads, d)",
            V: "v = self.value(value).view(N, S, self.num_heads, d)",
            FITS: 'scores = torch.einsum("nthd,nshd->nhts", q, k) * d**-0.5',
            GATHERED: 'gathered = torch.einsum("nhts,nshd->nthd", weights, v).flatten(2)',
        },
    ),
    Variant(
        "attention-loop-over-heads",
        ATTENTION,
        append="""class MultiHeadAttention(MultiHeadAttention):
    def forward(self, query, key, value, attn_mask=None):
        heads = zip(
            self.query(query).chunk(self.num_heads, dim=-1),
            self.key(key).chunk(self.num_heads, dim=-1),
            self.value(value).chunk(self.num_heads, dim=-1),
        )
        answers = []
        for q, k, v in heads:
            fits = torch.bmm(q, k.mT) / torch.sqrt(torch.tensor(float(q.shape[2])))
            if attn_mask is not None:
                fits = fits + torch.where(attn_mask, 0.0, float("-inf"))
            answers.append(self.attn_drop(F.softmax(fits, dim=-1)) @ v)
        return self.proj(torch.cat(answers, dim=-1))
""",
    ),
    Variant(
        "attention-mask-equals-zero",
        ATTENTION,
        {
            FITS: "scores = torch.matmul(q / d**0.5, k.mT)",
            MASKED: "scores = scores.masked_fill(attn_mask == 0, float('-inf'))",
            GATHERED: "gathered = torch.matmul(weights, v).permute(0, 2, 1, 3).contiguous()"
            ".view(N, T, D)",
        },
    ),
    Variant(
        "attention-large-negative",
        ATTENTION,
        {MASKED: "scores = scores.masked_fill(~attn_mask, torch.finfo(scores.dtype).min)"},
    ),
    Variant(
        "attention-softmax-by-hand",
        ATTENTION,
        {
            WEIGHTS: "raised = (scores - scores.amax(-1, keepdim=True)).exp()\n"
            "        weights = self.attn_drop(raised / raised.sum(-1, keepdim=True))"
        },
    ),
    Variant(
        "attention-heads-into-batch",
        ATTENTION,
        {
            GATHERED: "h = self.num_heads\n"
            "        gathered = torch.bmm(weights.flatten(0, 1), v.reshape(N * h, S, d))\n"
            "        gathered = gathered.view(N, h, T, d).transpose(1, 2).flatten(2)"
        },
    ),
    Variant(
        "positions-exp-log",
        POSITIONS,
        {
            PLACE: "place = torch.arange(max_len, dtype=torch.float32).unsqueeze(1)",
            ANGLE: "angle = place * torch.exp(-even * math.log(10000.0) / embed_dim)",
        },
    ),
    Variant(
        "positions-loop",
        POSITIONS,
        append="""def position_table(max_len, embed_dim):
    table = torch.zeros(max_len, embed_dim)
    for t in range(max_len):
        for j in range(embed_dim):
            angle = t / 10000 ** ((j - j % 2) / embed_dim)
            table[t, j] = math.cos(angle) if j % 2 else math.sin(angle)
    return table
""",
    ),
    Variant(
        "positions-numpy",
        POSITIONS,
        append="""def position_table(max_len, embed_dim):
    j = np.arange(embed_dim)
    angles = np.arange(max_len)[:, None] / np.power(10000, 2 * (j // 2) / embed_dim)
    return torch.tensor(np.where(j % 2 == 0, np.sin(angles), np.cos(angles)), dtype=torch.float32)
""",
    ),
    Variant(
        "positions-sliced-otherwise",
        POSITIONS,
        {SUM: "N, T, D = x.shape\n        return self.dropout(x + self.table[:T, :].unsqueeze(0))"},
    ),
    Variant(
        "layer-keywords",
        LAYER,
        {
            OWN: "asked_words = self.self_attn(key=tgt, value=tgt, query=tgt, attn_mask=tgt_mask)",
            CROSS: "asked_picture = self.cross_attn(query=tgt, key=memory, value=memory, "
            "attn_mask=None)",
        },
    ),
    Variant(
        "layer-step-by-step",
        LAYER,
        {
            FIRST: "shortcut = tgt\n        x = self.dropout(asked_words)\n"
            "        x = x + shortcut\n        tgt = self.norm1(x)",
            INNER: "inner = self.linear1(tgt)\n        inner = self.dropout(nn.GELU()(inner))",
            THIRD: "change = self.dropout(self.linear2(inner))\n        change += tgt\n"
            "        return self.norm3(change)",
        },
    ),
    Variant(
        "layer-functional-dropout",
        LAYER,
        {INNER: "inner = F.dropout(F.gelu(self.linear1(tgt)), self.dropout.p, self.training)"},
    ),
    Variant(
        "model-float-mask",
        MODEL,
        {
            CAUSAL: "causal = torch.tril(torch.ones((T, T), device=captions.device))",
            MASKED: "scores = scores.masked_fill(attn_mask == 0, -torch.inf)",
        },
    ),
    Variant(
        "model-mask-compared",
        MODEL,
        {
            CAUSAL: "steps = torch.arange(T, device=captions.device)\n"
            "        causal = steps[None, :] <= steps[:, None]",
            STACK: "for layer in self.layers:\n"
            "            x = layer(tgt=x, memory=memory, tgt_mask=causal)",
        },
    ),
    Variant(
        "model-unsqueezed-after",
        MODEL,
        {
            ONE_VECTOR: "memory = self.picture(features)",
            MEMORY: "memory = memory[:, None] if memory.dim() == 2 else memory\n"
            "        memory = self.positions(memory)",
            CAUSAL: f"causal = ~{CAUSAL.removeprefix('causal = ').replace('.tril()', '.triu(1)')}",
        },
    ),
    Variant(
        "sample-own-places",
        SAMPLE,
        {
            BEGIN: "said = torch.cat([torch.full_like(captions[:, :1], self._start), captions], 1)",
            LAST: "scores = self.forward(features, said[:, : t + 1])[:, t, :].clone()",
            LONGER: "said[:, t + 1] = word",
        },
    ),
    Variant(
        "sample-stops-early",
        SAMPLE,
        {
            LONGER: f"{LONGER}\n            if not talking.any():\n                break",
            NEVER: "scores = scores.clone()\n            scores[:, self._null] = float('-inf')\n"
            "            scores[:, self._start] = float('-inf')",
        },
    ),
    Variant(
        "sample-one-by-one",
        SAMPLE,
        append="""class CaptioningTransformer(CaptioningTransformer):
    @torch.no_grad()
    def sample(self, features, max_length=30):
        was_training = self.training
        self.eval()
        captions = torch.full((len(features), max_length), self._null, dtype=torch.int64)
        for n in range(len(features)):
            said = [self._start]
            for t in range(max_length):
                scores = self(features[n : n + 1], torch.tensor([said]))[0, -1]
                best = scores.argsort(descending=True).tolist()
                word = next(w for w in best if w not in (self._null, self._start))
                captions[n, t] = word
                said.append(word)
                if word == self._end:
                    break
        self.train(was_training)
        return captions
""",
    ),
    Variant(
        "sample-masked-at-the-end",
        SAMPLE,
        {
            WRITE: "captions[:, t] = torch.where(talking, word, self._null)",
            ENDED: "talking = talking & (word != self._end)",
        },
    ),
    Variant(
        "rmsnorm-rsqrt",
        RMSNORM,
        {
            WIDE: "wide = x.to(torch.promote_types(x.dtype, torch.float32))",
            SIZE: "size = torch.rsqrt((wide * wide).mean(-1, keepdim=True) + self.eps)",
            SCALED: "return self.weight * (wide * size).type_as(x)",
        },
    ),
    Variant(
        "rmsnorm-norm-of-vectors",
        RMSNORM,
        {
            SIZE: "size = (wide.square().sum(-1, keepdim=True) / x.shape[-1] + self.eps) ** 0.5",
            SCALED: "return (wide * self.weight / size).to(x.dtype)",
        },
    ),
    Variant(
        "rmsnorm-always-double",
        RMSNORM,
        {WIDE: "wide = x.double()"},
    ),
    Variant(
        "swiglu-by-hand",
        SWIGLU,
        {
            GATED: "gate = self.w1(x)\n        gate = gate * torch.sigmoid(gate)\n"
            "        return self.w3(gate * self.w2(x))"
        },
    ),
    Variant(
        "swiglu-module",
        SWIGLU,
        {GATED: "return F.linear(nn.SiLU()(self.w1(x)) * self.w2(x), self.w3.weight)"},
    ),
    Variant(
        "prenorm-step-by-step",
        PRENORM,
        {
            NORMED: "x = tgt\n        normed = self.norm1(x)",
            PRE_OWN: "x = x + self.dropout(self.self_attn(normed, normed, normed, "
            "attn_mask=tgt_mask))",
            PRE_CROSS: "normed = self.norm2(x)\n"
            "        x = x + self.dropout(self.cross_attn(query=normed, key=memory, value=memory))",
            PRE_INNER: "x += self.dropout(self.feed_forward(self.norm3(x)))\n        return x",
        },
    ),
    Variant(
        "prenorm-added-in-place",
        PRENORM,
        {
            PRE_OWN: "tgt = tgt.clone()\n"
            "        tgt += self.dropout(self.self_attn(normed, normed, normed, tgt_mask))",
        },
    ),
]

# Inputs are the caller's.
MISCONCEPTIONS += [
    Misconception(
        "attention-in-place",
        "transformer_captioning-attention",
        append="""
class MultiHeadAttention(MultiHeadAttention):
    def forward(self, query, *rest, **more):
        result = super().forward(query, *rest, **more)
        if not query.requires_grad:
            query *= 2
        return result
""",
        hint="After the call query is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
    Misconception(
        "layer-in-place",
        "transformer_captioning-layer",
        append="""
class TransformerDecoderLayer(TransformerDecoderLayer):
    def forward(self, tgt, *rest, **more):
        result = super().forward(tgt, *rest, **more)
        if not tgt.requires_grad:
            tgt *= 2
        return result
""",
        hint="After the call tgt is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
    Misconception(
        "model-in-place",
        "transformer_captioning-model",
        append="""
class CaptioningTransformer(CaptioningTransformer):
    def forward(self, features, captions):
        result = super().forward(features, captions)
        if not features.requires_grad:
            features *= 2
        return result
""",
        hint="After the call features is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
    Misconception(
        "sample-in-place",
        "transformer_captioning-sample",
        append="""
class CaptioningTransformer(CaptioningTransformer):
    def sample(self, features, *rest, **more):
        result = super().sample(features, *rest, **more)
        if not features.requires_grad:
            features *= 2
        return result
""",
        hint="After the call features is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
    Misconception(
        "swiglu-in-place",
        "transformer_captioning-swiglu",
        append="""
class SwiGLU(SwiGLU):
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
        "prenorm-in-place",
        "transformer_captioning-prenorm",
        append="""
class PreNormDecoderLayer(PreNormDecoderLayer):
    def forward(self, tgt, *rest, **more):
        result = super().forward(tgt, *rest, **more)
        if not tgt.requires_grad:
            tgt *= 2
        return result
""",
        hint="After the call tgt is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
]
