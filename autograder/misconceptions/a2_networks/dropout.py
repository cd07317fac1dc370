"""Misconceptions, shortcuts and accepted variants of the dropout notebook."""

from autograder.misconceptions import Misconception, Shortcut, Variant

TRAIN, TEST, BACK = "dropout-forward-train", "dropout-forward-test", "dropout-backward"

# Parts of the reference that several patches replace.
RNG = 'rng = np.random.default_rng(dropout_param.get("seed", np.random.randint(2**31)))'
MASK = "mask = ((rng.random(x.shape) < p) / p).astype(x.dtype)"
TRAIN_OUT = "out = x * mask"
TEST_OUT = "out = x\n"
CACHE = "cache = (dropout_param, mask)"
UNPACK = "dropout_param, mask = cache"
DX = 'dx = dout * mask if dropout_param["mode"] == "train" else dout'

MISCONCEPTIONS = [
    # --- forward-train ---
    Misconception(
        "dropout-no-scale",
        TRAIN,
        {TRAIN_OUT: "out = x * (mask > 0)"},
        hint="You drop the right share, but what is kept is not scaled. In inverted dropout it is "
        "divided by p already in training, so that its mean stays what it was and nothing is left "
        "to do at test time.",
    ),
    Misconception(
        "dropout-times-p",
        TRAIN,
        {TRAIN_OUT: "out = x * (mask > 0) * p"},
        hint="You multiply what is kept by p, which makes it still smaller. Fewer values are "
        "left, so each has to count more: divide by p.",
    ),
    Misconception(
        "dropout-drop-probability",
        TRAIN,
        {MASK: "mask = ((rng.random(x.shape) < 1 - p) / (1 - p)).astype(x.dtype)"},
        hint="You take p for the probability to drop a value, as PyTorch does. Here, as in the "
        "docstring, it is the probability to keep one, both for the mask and for the scale.",
    ),
    Misconception(
        "dropout-mask-inverted",
        TRAIN,
        {MASK: "mask = ((rng.random(x.shape) > p) / p).astype(x.dtype)"},
        hint="A uniform random number lies above p with probability 1 - p, so your mask keeps what "
        "should be dropped. Turn the comparison round.",
    ),
    Misconception(
        "dropout-scale-by-drop-probability",
        TRAIN,
        {MASK: "mask = ((rng.random(x.shape) < p) / (1 - p)).astype(x.dtype)"},
        hint="Your mask keeps the right share, but you divide by 1 - p. The mean of what comes out "
        "is p times the scale, so the scale has to be 1 / p.",
    ),
    Misconception(
        "dropout-normal-numbers",
        TRAIN,
        {MASK: "mask = ((rng.standard_normal(x.shape) < p) / p).astype(x.dtype)"},
        hint="Your random numbers are normal (randn, standard_normal), and those lie below p with "
        "another probability than p. Draw uniform ones from 0 to 1: rng.random.",
    ),
    Misconception(
        "dropout-row-mask",
        TRAIN,
        {
            MASK: "mask = ((rng.random((len(x), *[1] * (x.ndim - 1))) < p) / p).astype(x.dtype)",
        },
        hint="You draw one number for each example, which keeps or drops it as a whole. Every "
        "single value needs its own: draw in the shape of x.",
    ),
    Misconception(
        "dropout-column-mask",
        TRAIN,
        {MASK: "mask = ((rng.random(x.shape[1:]) < p) / p).astype(x.dtype)"},
        hint="You draw one mask for all examples of the batch, so that the same units are missing "
        "in each of them. Every example needs a mask of its own: draw in the shape of x.",
    ),
    Misconception(
        "dropout-fixed-count",
        TRAIN,
        {
            MASK: "places = rng.permutation(x.size).reshape(x.shape)\n        "
            "mask = ((places < p * x.size) / p).astype(x.dtype)"
        },
        hint="You choose the places so that always the same number of values is kept. Then what "
        "becomes of one depends on the others. Draw a number for each value and compare it with p.",
    ),
    Misconception(
        "dropout-seed-ignored",
        TRAIN,
        {MASK: "mask = ((np.random.random(x.shape) < p) / p).astype(x.dtype)"},
        hint="The seed in dropout_param has no effect on your mask. Draw from rng, which is made "
        "with it.",
    ),
    Misconception(
        "dropout-double-precision",
        TRAIN,
        {MASK: "mask = (rng.random(x.shape) < p) / p"},
        hint="The values are right, but out is float64 where x is float32: a mask divided by p is "
        "float64, and so is what it is multiplied with. Give the mask the type of x with astype.",
    ),
    Misconception(
        "dropout-in-place",
        TRAIN,
        {TRAIN_OUT: "x *= mask\n        out = x"},
        hint="out is right, but x *= mask changes the caller's x as well. Make a new array: "
        "x * mask.",
    ),
    # --- forward-test ---
    Misconception(
        "dropout-test-times-p",
        TEST,
        {TEST_OUT: "out = x * p\n"},
        hint="You scale by p at test time. That belongs to the other way of doing it, which does "
        "not divide by p in training; doing both shrinks the values twice.",
    ),
    Misconception(
        "dropout-test-divided-by-p",
        TEST,
        {TEST_OUT: "out = x / p\n"},
        hint="You divide by p at test time too. In training that makes up for the values that are "
        "missing, and at test time none are.",
    ),
    Misconception(
        "dropout-test-mask",
        TEST,
        {TEST_OUT: "out = x * ((rng.random(x.shape) < p) / p)\n"},
        hint="You drop values at test time as in training. A prediction should use all units, and "
        "be the same each time.",
    ),
    # --- backward ---
    Misconception(
        "dropout-backward-no-scale",
        BACK,
        {DX: "dx = dout if mask is None else dout * (mask > 0)"},
        hint="The gradient passes at the right places, but without the factor 1 / p by which "
        "forward multiplied what it kept. A factor on the way forward is a factor on the way back.",
    ),
    Misconception(
        "dropout-backward-no-mask",
        BACK,
        {DX: 'dx = dout if mask is None else dout / dropout_param["p"]'},
        hint="You scale the gradient, but let it pass everywhere. A value that was dropped has no "
        "influence on the loss, so its gradient is 0.",
    ),
    Misconception(
        "dropout-backward-unchanged",
        BACK,
        {DX: "dx = dout"},
        hint="You return dout as it is, also in training. There forward multiplied by a mask, and "
        "the gradient has to be multiplied by the same one.",
    ),
    Misconception(
        "dropout-backward-scaled-twice",
        BACK,
        {DX: 'dx = dout if mask is None else dout * mask / dropout_param["p"]'},
        hint="You divide by p twice: your mask holds 1 / p already.",
    ),
    Misconception(
        "dropout-backward-forward-again",
        BACK,
        {DX: "dx, _cache = dropout_forward(dout, dropout_param)"},
        hint="You send the gradient through dropout_forward, which draws again: only with a seed "
        "is that the same mask. The mask of the way forward is in the cache; multiply by it.",
    ),
    Misconception(
        "dropout-backward-new-mask",
        BACK,
        {
            DX: 'p = dropout_param["p"]\n    '
            "dx = dout if mask is None else dout * (np.random.random(dout.shape) < p) / p"
        },
        hint="You draw a new mask on the way back. The gradient belongs to the network that "
        "forward used, so take the mask from the cache.",
    ),
    Misconception(
        "dropout-backward-inverted",
        BACK,
        {DX: 'dx = dout if mask is None else dout * (mask == 0) / dropout_param["p"]'},
        hint="Your gradient passes where values were dropped, and is 0 where they were kept. It is "
        "the other way round.",
    ),
    Misconception(
        "dropout-backward-test-scaled",
        BACK,
        {DX: 'dx = dout * dropout_param["p"] if mask is None else dout * mask'},
        hint="In test mode forward does nothing, so backward has nothing to do either: dx is dout. "
        "You multiply it by p.",
    ),
    Misconception(
        "dropout-backward-one-mask-for-all",
        BACK,
        {
            CACHE: 'dropout_param["mask"] = mask\n    cache = (dropout_param, mask)',
            DX: 'mask = dropout_param["mask"]\n    dx = dout if mask is None else dout * mask',
        },
        hint="You keep the mask in dropout_param, which all layers of a network share, so that the "
        "last layer's mask replaces all others. The mask of a layer belongs into its cache.",
    ),
]

_STAND_IN = """
def {0}(*arguments):
    from assignments.standins.a2_networks import dropout
    return dropout.{0}(*arguments)
"""

SHORTCUTS = [
    Shortcut(
        "torch-dropout",
        TRAIN,
        append="""import torch

def dropout_forward(x, dropout_param):
    out = torch.nn.functional.dropout(torch.from_numpy(x), 1 - dropout_param["p"]).numpy()
    return out, (dropout_param, out / x)
""",
    ),
    Shortcut("stand-in-forward", TRAIN, append=_STAND_IN.format("dropout_forward")),
    Shortcut(
        "given-layers-forward",
        TEST,
        append="""
def dropout_forward(x, dropout_param):
    from assignments import layers
    return layers.dropout_forward(x, dropout_param)
""",
    ),
    Shortcut(
        "previous-forward",
        TEST,
        append="""from assignments import previous

def dropout_forward(x, dropout_param):
    return previous("a2_networks/dropout").dropout_forward(x, dropout_param)
""",
    ),
    Shortcut("stand-in-backward", BACK, append=_STAND_IN.format("dropout_backward")),
]

_BOOLEAN = {
    MASK: "mask = rng.random(x.shape) < p",
    TRAIN_OUT: "out = (x * mask / p).astype(x.dtype)",
}

VARIANTS = [
    Variant(
        "dropout-legacy-random-numbers",
        TRAIN,
        {
            RNG: 'if "seed" in dropout_param:\n        np.random.seed(dropout_param["seed"])',
            MASK: "mask = (np.random.rand(*x.shape) < p) / p",
            TRAIN_OUT: "out = (x * mask).astype(x.dtype, copy=False)",
        },
    ),
    Variant("dropout-boolean-mask", TRAIN, _BOOLEAN),
    Variant(
        "dropout-binomial",
        TRAIN,
        {MASK: "mask = (rng.binomial(1, p, size=x.shape) / p).astype(x.dtype)"},
    ),
    Variant(
        "dropout-choice",
        TRAIN,
        {MASK: "mask = rng.choice(np.array([0, 1 / p], x.dtype), x.shape, p=[1 - p, p])"},
    ),
    Variant(
        "dropout-above-threshold",
        TRAIN,
        {MASK: "mask = ((rng.random(x.shape) >= 1 - p) / p).astype(x.dtype)"},
    ),
    Variant(
        "dropout-loop",
        TRAIN,
        {
            RNG: 'import random\n\n    random.seed(dropout_param.get("seed"))',
            MASK: "mask = np.zeros_like(x)",
            TRAIN_OUT: "for place in np.ndindex(x.shape):\n            "
            "mask[place] = (random.random() < p) / p\n        "
            "out = x * mask",
        },
    ),
    Variant(
        "dropout-copy-and-zero",
        TRAIN,
        {
            TRAIN_OUT: "out = x / np.array(p, x.dtype)\n        out[mask == 0] = 0",
        },
    ),
    Variant("dropout-test-copy", TEST, {TEST_OUT: "out = x.copy()\n"}),
    Variant(
        "dropout-test-mask-of-ones",
        TEST,
        {TEST_OUT: "mask = np.ones_like(x)\n        out = x * mask\n"},
    ),
    Variant("dropout-test-return", TEST, {TEST_OUT: "return x, (dropout_param, None)\n"}),
    Variant(
        "dropout-backward-boolean-mask",
        BACK,
        {
            **_BOOLEAN,
            DX: 'dx = dout.copy()\n    if dropout_param["mode"] == "train":\n        '
            'dx *= mask / dropout_param["p"]',
        },
    ),
    Variant(
        "dropout-backward-no-mask-no-drop", BACK, {DX: "dx = dout if mask is None else dout * mask"}
    ),
    Variant(
        "dropout-backward-where",
        BACK,
        {DX: "dx = dout if mask is None else np.where(mask > 0, dout * mask.max(), 0)"},
    ),
    Variant(
        "dropout-backward-dictionary-cache",
        BACK,
        {
            CACHE: 'cache = {"mask": mask}',
            UNPACK: 'mask = cache["mask"]',
            DX: "dx = dout if mask is None else dout * mask",
        },
    ),
    Variant("dropout-backward-float32", BACK, {DX: f"{DX}\n    dx = dx.astype(np.float32)"}),
]

# Inputs are the caller's.
MISCONCEPTIONS += [
    Misconception(
        "test-in-place",
        "dropout-forward-test",
        append="""
_right_dropout_forward = dropout_forward

def dropout_forward(x, dropout_param):
    result = _right_dropout_forward(x, dropout_param)
    if dropout_param["mode"] == "test":
        result = result[0].copy(), result[1]
        x *= 2
    return result
""",
        hint="After the call x is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
    Misconception(
        "backward-in-place",
        "dropout-backward",
        append="""
_right_dropout_backward = dropout_backward

def dropout_backward(dout, cache):
    result = _right_dropout_backward(dout, cache)
    result = result.copy()
    dout *= 2
    return result
""",
        hint="After the call dout is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
]
