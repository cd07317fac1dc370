"""Misconceptions, shortcuts and accepted variants of the batch-normalization notebook."""

from autograder.misconceptions import Misconception, Shortcut, Variant

TRAIN, TEST = "batch_normalization-batchnorm-train", "batch_normalization-batchnorm-test"
BACKWARD = "batch_normalization-batchnorm-backward"
ALT = "batch_normalization-batchnorm-backward-alt"
LAYERNORM = "batch_normalization-layernorm-forward"
LAYERNORM_BACKWARD = "batch_normalization-layernorm-backward"

# Parts of the reference that several patches replace.
MEAN = "mean = x.mean(axis=0)"
VAR = "var = np.mean(centred**2, axis=0)"
STD = "std = np.sqrt(var + eps)"
X_HAT = "x_hat = centred / std\n        out"
OUT = "out = gamma * x_hat + beta"
RUNNING_MEAN = "running_mean = momentum * running_mean + (1 - momentum) * mean"
RUNNING_VAR = "running_var = momentum * running_var + (1 - momentum) * var"
TEST_OUT = "out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta"
CACHE = "cache = (gamma, centred, std, x_hat)"
UNPACK = "gamma, centred, std, x_hat = cache"
DBETA = "dbeta = dout.sum(axis=0)"
DGAMMA = "dgamma = np.sum(dout * x_hat, axis=0)"
DX_HAT = "dx_hat = dout * gamma"
DCENTRED = "dcentred = dx_hat / std"
DSTD = "dstd = -np.sum(dx_hat * centred, axis=0) / std**2"
DVAR = "dvar = dstd / (2 * std)"
ADD = "dcentred += 2 * centred * dvar / N"
DMEAN = "dmean = -np.sum(dcentred, axis=0)"
DX = "dx = dcentred + dmean / N"
ALT_DX = "dx = gamma / std * (dout - (dbeta + x_hat * dgamma) / len(dout))"
ALT_SUMS = "dbeta, dgamma = np.sum(dout, axis=0), (dout * x_hat).sum(axis=0)"
ROW_MEAN = "centred = x - x.mean(axis=1, keepdims=True)"
ROW_STD = "std = np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + eps)"
ROW_OUT = "out = x_hat * gamma + beta"
ROW_SUMS = "dgamma, dbeta = (x_hat * dout).sum(axis=0), dout.sum(axis=0)"
ROW_DX_HAT = "dx_hat = gamma * dout"
ALONG = "along = np.mean(dx_hat * x_hat, axis=1, keepdims=True)"
ROW_DX = "dx = (dx_hat - dx_hat.mean(axis=1, keepdims=True) - x_hat * along) / std"

MISCONCEPTIONS = [
    # --- batchnorm-train ---
    Misconception(
        "train-eps-outside",
        TRAIN,
        {STD: "std = np.sqrt(var) + eps"},
        hint="eps is added to the standard deviation; it belongs inside the root, to the variance.",
    ),
    Misconception(
        "train-no-eps",
        TRAIN,
        {STD: "std = np.sqrt(var)"},
        hint="eps is not used. Without it, a feature that is the same for all examples is zero "
        "divided by zero.",
    ),
    Misconception(
        "train-no-root",
        TRAIN,
        {STD: "std = var + eps"},
        hint="You divide by the variance. Divide by its square root, the standard deviation.",
    ),
    Misconception(
        "train-unbiased",
        TRAIN,
        {VAR: "var = np.var(x, axis=0, ddof=1)"},
        hint="Your variance is divided by N - 1; here it is divided by N.",
    ),
    Misconception(
        "train-wrong-axis",
        TRAIN,
        {
            MEAN: "mean = x.mean(axis=1, keepdims=True)",
            VAR: "var = np.mean(centred**2, axis=1, keepdims=True)",
        },
        hint="You normalise each example over its features: that is layer normalisation. Here "
        "each feature is normalised over the examples, axis 0.",
    ),
    Misconception(
        "train-no-axis",
        TRAIN,
        {MEAN: "mean = x.mean()", VAR: "var = np.mean(centred**2)"},
        hint="You take one mean and one variance over all numbers of x. Each feature has its own: "
        "axis 0.",
    ),
    Misconception(
        "train-no-gamma-beta",
        TRAIN,
        {OUT: "out = x_hat.copy()"},
        hint="The normalised values are right, but they are not yet scaled by gamma and shifted by "
        "beta.",
    ),
    Misconception(
        "train-gamma-beta-swapped",
        TRAIN,
        {OUT: "out = beta * x_hat + gamma"},
        hint="gamma and beta are exchanged: gamma scales, beta shifts.",
    ),
    Misconception(
        "train-shift-before-scale",
        TRAIN,
        {OUT: "out = gamma * (x_hat + beta)"},
        hint="beta is multiplied by gamma, too. First scale, then shift.",
    ),
    Misconception(
        "train-by-running-averages",
        TRAIN,
        {
            RUNNING_MEAN: "pass",
            f"        {RUNNING_VAR}\n": "",
            X_HAT: "running_mean = momentum * running_mean + (1 - momentum) * mean\n        "
            "running_var = momentum * running_var + (1 - momentum) * var\n        "
            "x_hat = (x - running_mean) / np.sqrt(running_var + eps)\n        out",
        },
        hint="You normalise by the running averages. In training, mean and variance are those of "
        "this batch; the running averages only follow, for the test.",
    ),
    Misconception(
        "train-mean-of-squares",
        TRAIN,
        {VAR: "var = np.mean(x**2, axis=0) - mean**2"},
        hint="Mean of the squares minus square of the mean: far away from zero these are two huge "
        "numbers, and rounding eats their difference. Subtract the mean first, then square.",
    ),
    Misconception(
        "train-absolute-deviation",
        TRAIN,
        {VAR: "var = np.mean(np.abs(centred), axis=0)"},
        hint="You take the mean of the absolute deviations; the variance is the mean of their "
        "squares.",
    ),
    Misconception(
        "train-in-place",
        TRAIN,
        {"centred = x - mean\n        var": "x -= mean\n        centred = x\n        var"},
        hint="The outputs are right, but x -= mean changes the caller's x. Write x - mean, which "
        "makes a new array.",
    ),
    Misconception(
        "train-double",
        TRAIN,
        {OUT: "out = np.zeros(x.shape)\n        out += gamma * x_hat + beta"},
        hint="Single precision goes in and double comes out: np.zeros makes float64 unless it is "
        "told x.dtype.",
    ),
    Misconception(
        "running-momentum-swapped",
        TRAIN,
        {
            RUNNING_MEAN: "running_mean = (1 - momentum) * running_mean + momentum * mean",
            RUNNING_VAR: "running_var = (1 - momentum) * running_var + momentum * var",
        },
        hint="momentum and 1 - momentum are exchanged. Here momentum is the share of the old "
        "value that stays; in PyTorch it is the share of the new one.",
    ),
    Misconception(
        "running-unbiased",
        TRAIN,
        {
            RUNNING_VAR: "running_var = momentum * running_var\n        "
            "running_var = running_var + (1 - momentum) * x.var(axis=0, ddof=1)"
        },
        hint="The outputs are right, but the running variance is fed with a variance divided by "
        "N - 1. PyTorch does that; here it is the same variance that the outputs use.",
    ),
    Misconception(
        "running-deviation",
        TRAIN,
        {RUNNING_VAR: "running_var = momentum * running_var + (1 - momentum) * std"},
        hint="running_var follows the standard deviation; it should follow the variance.",
    ),
    Misconception(
        "running-with-eps",
        TRAIN,
        {RUNNING_VAR: "running_var = momentum * running_var + (1 - momentum) * (var + eps)"},
        hint="eps goes into the running variance, so that the test adds it a second time.",
    ),
    Misconception(
        "running-last-batch",
        TRAIN,
        {RUNNING_MEAN: "running_mean = mean", RUNNING_VAR: "running_var = var"},
        hint="The running averages are only those of the last batch. Keep the share momentum of "
        "what they were.",
    ),
    Misconception(
        "running-sum",
        TRAIN,
        {
            RUNNING_MEAN: "running_mean = momentum * running_mean + mean",
            RUNNING_VAR: "running_var = momentum * running_var + var",
        },
        hint="The factor 1 - momentum is missing before the batch, so that the running averages "
        "become far too large.",
    ),
    Misconception(
        "running-not-updated",
        TRAIN,
        {RUNNING_MEAN: "pass", f"        {RUNNING_VAR}\n": ""},
        hint="The outputs are right, but the running averages never change. Compute the new ones "
        "under the names running_mean and running_var.",
    ),
    Misconception(
        "running-mean-only",
        TRAIN,
        {f"        {RUNNING_VAR}\n": ""},
        hint="running_mean moves, but running_var never changes. Move it in the same way.",
    ),
    # --- batchnorm-test ---
    Misconception(
        "test-no-gamma-beta",
        TEST,
        {TEST_OUT: "out = (x - running_mean) / np.sqrt(running_var + eps)"},
        hint="gamma and beta are missing. They are what the layer has learned, and hold at test "
        "time, too.",
    ),
    Misconception(
        "test-by-batch",
        TEST,
        {TEST_OUT: "out = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta"},
        hint="You normalise by mean and variance of this batch. At test time the running averages "
        "take their place, so that an image gets the same answer in any company.",
    ),
    Misconception(
        "test-no-root",
        TEST,
        {TEST_OUT: "out = gamma * (x - running_mean) / (running_var + eps) + beta"},
        hint="You divide by the variance. running_var is a variance, so take its square root.",
    ),
    Misconception(
        "test-eps-outside",
        TEST,
        {TEST_OUT: "out = gamma * (x - running_mean) / (np.sqrt(running_var) + eps) + beta"},
        hint="eps is added to the standard deviation; it belongs inside the root, as in training.",
    ),
    Misconception(
        "test-no-eps",
        TEST,
        {TEST_OUT: "out = gamma * (x - running_mean) / np.sqrt(running_var) + beta"},
        hint="eps is not used; the formula is the same as in training.",
    ),
    Misconception(
        "test-precedence",
        TEST,
        {TEST_OUT: "out = gamma * x - running_mean / np.sqrt(running_var + eps) + beta"},
        hint="Only the mean is divided: brackets are missing around x - running_mean.",
    ),
    Misconception(
        "test-moves-averages",
        TEST,
        {
            TEST_OUT: f"{TEST_OUT}\n        "
            "running_mean = momentum * running_mean + (1 - momentum) * x.mean(axis=0)\n        "
            "running_var = momentum * running_var + (1 - momentum) * x.var(axis=0)"
        },
        hint="The outputs are right, but the running averages move. Testing must not change what "
        "was learned.",
    ),
    Misconception(
        "test-double",
        TEST,
        {TEST_OUT: f"{TEST_OUT}\n        out = out.astype(float)"},
        hint="Single precision goes in and double comes out.",
    ),
    Misconception(
        "test-in-place",
        TEST,
        {
            TEST_OUT: "x -= running_mean\n        "
            "out = gamma * x / np.sqrt(running_var + eps) + beta"
        },
        hint="out is right, but -= changes the caller's x. Subtract into a new array.",
    ),
    Misconception(
        "test-no-beta",
        TEST,
        {TEST_OUT: TEST_OUT.removesuffix(" + beta")},
        hint="beta is missing at test time. It has been learned, as gamma has.",
    ),
    Misconception(
        "test-mean-not-subtracted",
        TEST,
        {TEST_OUT: TEST_OUT.replace("(x - running_mean)", "x")},
        hint="You divide by the running deviation, but do not subtract the running mean first.",
    ),
    # --- batchnorm-backward ---
    Misconception(
        "backward-constants",
        BACKWARD,
        {ADD: "pass", DMEAN: "dmean = 0"},
        hint="You treat mean and standard deviation as constants. Both depend on x, so two more "
        "ways lead back to it.",
    ),
    Misconception(
        "backward-no-mean",
        BACKWARD,
        {DMEAN: "dmean = 0"},
        hint="The way through the mean is missing: each x has a part in the mean, which is "
        "subtracted from all examples.",
    ),
    Misconception(
        "backward-no-std",
        BACKWARD,
        {ADD: "pass"},
        hint="The way through the variance is missing: centred is used twice, so its two gradients "
        "are added up.",
    ),
    Misconception(
        "backward-no-gamma",
        BACKWARD,
        {DX_HAT: "dx_hat = dout"},
        hint="gamma is missing in dx: out is gamma times x_hat, so dx_hat is dout times gamma.",
    ),
    Misconception(
        "backward-std-sign",
        BACKWARD,
        {DSTD: "dstd = np.sum(dx_hat * centred, axis=0) / std**2"},
        hint="dstd has the wrong sign: the slope of centred / std along std is -centred / std².",
    ),
    Misconception(
        "backward-std-not-squared",
        BACKWARD,
        {DSTD: "dstd = -np.sum(dx_hat * centred, axis=0) / std"},
        hint="The slope of 1 / std is -1 / std²; your dstd is divided by std once.",
    ),
    Misconception(
        "backward-root-slope",
        BACKWARD,
        {DVAR: "dvar = dstd / std"},
        hint="The slope of the square root is 1 / (2 * std). The 2 is missing in dvar.",
    ),
    Misconception(
        "backward-square-slope",
        BACKWARD,
        {ADD: "dcentred += centred * dvar / N"},
        hint="The slope of a square is twice its base: the 2 is missing on the way from var to "
        "centred.",
    ),
    Misconception(
        "backward-mean-not-divided",
        BACKWARD,
        {DX: "dx = dcentred + dmean"},
        hint="The mean is a sum divided by N, so each x gets dmean / N.",
    ),
    Misconception(
        "backward-var-not-divided",
        BACKWARD,
        {ADD: "dcentred += 2 * centred * dvar"},
        hint="The variance is a mean of squares; 1 / N is missing on the way from var to centred.",
    ),
    Misconception(
        "backward-unbiased",
        BACKWARD,
        {ADD: "dcentred += 2 * centred * dvar / max(N - 1, 1)"},
        hint="You divide by N - 1 on the way from var to centred; the variance here has 1 / N.",
    ),
    Misconception(
        "backward-dgamma-not-normalised",
        BACKWARD,
        {DGAMMA: "dgamma = np.sum(dout * centred, axis=0)"},
        hint="dgamma takes centred where it should take x_hat: that is what gamma multiplies.",
    ),
    Misconception(
        "backward-dgamma-is-dbeta",
        BACKWARD,
        {DGAMMA: "dgamma = np.sum(dout, axis=0)"},
        hint="dgamma is the same as dbeta. gamma multiplies x_hat, so dout is weighed by x_hat.",
    ),
    Misconception(
        "backward-parameters-mean",
        BACKWARD,
        {DGAMMA: "dgamma = np.mean(dout * x_hat, axis=0)", DBETA: "dbeta = dout.mean(axis=0)"},
        hint="dgamma and dbeta are means over the examples; they are sums. If there is a mean in "
        "the loss, its 1/N is in dout already.",
    ),
    Misconception(
        "backward-std-not-summed",
        BACKWARD,
        {DSTD: "dstd = -dx_hat * centred / std**2"},
        hint="dstd has a row for each example. All examples share one std, so its gradient is the "
        "sum over them.",
    ),
    Misconception(
        "backward-mean-sign",
        BACKWARD,
        {DMEAN: DMEAN.replace("-np", "np")},
        hint="dmean has the wrong sign: the mean is subtracted, so its gradient is minus the sum.",
    ),
    Misconception(
        "backward-centred-overwritten",
        BACKWARD,
        {ADD: ADD.replace("+=", "=")},
        hint="What centred gets through var replaces what it got from x_hat. Two arrows leave "
        "centred, so its two gradients are added.",
    ),
    Misconception(
        "backward-order",
        BACKWARD,
        {f"{DX}\n": f"{DX}\n    dgamma, dbeta = dbeta, dgamma\n"},
        hint="dgamma and dbeta are exchanged; the order is that of the inputs: dx, dgamma, dbeta.",
    ),
    Misconception(
        "backward-in-place",
        BACKWARD,
        {DX_HAT: "dx_hat = dout\n    dx_hat *= gamma"},
        hint="The gradients are right the first time, but *= changes dout, which belongs to the "
        "caller.",
    ),
    Misconception(
        "backward-double",
        BACKWARD,
        {DCENTRED: "dcentred = np.zeros(dout.shape)\n    dcentred += dx_hat / std"},
        hint="Single precision goes in and double comes out: np.zeros makes float64 unless it is "
        "told the type.",
    ),
    # --- batchnorm-backward-alt ---
    Misconception(
        "alt-calls-backward",
        ALT,
        {ALT_DX: "dx, dgamma, dbeta = batchnorm_backward(dout, cache)"},
        hint="The gradients are right, but they come from batchnorm_backward. This exercise is "
        "about the formula.",
    ),
    Misconception(
        "alt-same-code",
        ALT,
        append="""def batchnorm_backward_alt(dy, kept):
    scale, shifted, deviation, normal = kept
    count = len(dy)
    db = dy.sum(axis=0)
    dg = np.sum(dy * normal, axis=0)
    dnormal = dy * scale
    dshifted = dnormal / deviation
    ddeviation = -np.sum(dnormal * shifted, axis=0) / deviation**2
    dvariance = ddeviation / (2 * deviation)
    dshifted += 2 * shifted * dvariance / count
    dmiddle = -np.sum(dshifted, axis=0)
    dx = dshifted + dmiddle / count
    return dx, dg, db
""",
        hint="The gradients are right, but the code is that of batchnorm_backward. This exercise "
        "is about the formula.",
    ),
    Misconception(
        "alt-no-mean",
        ALT,
        {ALT_DX: "dx = gamma / std * (dout - x_hat * dgamma / len(dout))"},
        hint="The mean of dout is not subtracted: what moves all outputs together has no effect.",
    ),
    Misconception(
        "alt-no-stretch",
        ALT,
        {ALT_DX: "dx = gamma / std * (dout - dbeta / len(dout))"},
        hint="The term with x_hat is missing: what only stretches the outputs has no effect.",
    ),
    Misconception(
        "alt-sums",
        ALT,
        {ALT_DX: "dx = gamma / std * (dout - dbeta - x_hat * dgamma)"},
        hint="You subtract sums over the batch where the formula has means: divide by N.",
    ),
    Misconception(
        "alt-no-gamma",
        ALT,
        {ALT_DX: "dx = (dout - (dbeta + x_hat * dgamma) / len(dout)) / std"},
        hint="gamma is missing in front of the bracket.",
    ),
    Misconception(
        "alt-divided-by-variance",
        ALT,
        {ALT_DX: "dx = gamma / std**2 * (dout - (dbeta + x_hat * dgamma) / len(dout))"},
        hint="You divide by the variance; the formula divides by its square root, which is std.",
    ),
    Misconception(
        "alt-sign",
        ALT,
        {ALT_DX: "dx = gamma / std * (dout - (dbeta - x_hat * dgamma) / len(dout))"},
        hint="The term with x_hat has the wrong sign: both terms are subtracted.",
    ),
    Misconception(
        "alt-centred",
        ALT,
        {ALT_DX: "dx = gamma / std * (dout - (dbeta + _centred * dgamma) / len(dout))"},
        hint="The last term takes x - mean where it should take the normalised x_hat.",
    ),
    Misconception(
        "alt-gamma-twice",
        ALT,
        {ALT_DX: "dx = gamma**2 / std * (dout - (dbeta + x_hat * dgamma) / len(dout))"},
        hint="gamma is in dx twice. Either it stands in front of the bracket, or with dout inside.",
    ),
    Misconception(
        "alt-in-place",
        ALT,
        {ALT_DX: f"{ALT_DX}\n    dout -= dbeta / len(dout)"},
        hint="The gradients are right the first time, but -= changes dout, which belongs to the "
        "caller.",
    ),
    Misconception(
        "alt-double",
        ALT,
        {ALT_DX: f"{ALT_DX}\n    dx = dx.astype(float)"},
        hint="Single precision goes in and double comes out.",
    ),
    # --- layernorm-forward ---
    Misconception(
        "layernorm-over-batch",
        LAYERNORM,
        {
            ROW_MEAN: "centred = x - x.mean(axis=0)",
            ROW_STD: "std = np.sqrt(np.mean(centred**2, axis=0) + eps)",
        },
        hint="You normalise over the examples: that is batch normalisation. Here each example is "
        "normalised over its own features, axis 1.",
    ),
    Misconception(
        "layernorm-no-axis",
        LAYERNORM,
        {ROW_MEAN: "centred = x - x.mean()", ROW_STD: "std = np.sqrt(np.mean(centred**2) + eps)"},
        hint="You take one mean and one variance over all numbers of x. Each example has its own: "
        "axis 1.",
    ),
    Misconception(
        "layernorm-unbiased",
        LAYERNORM,
        {ROW_STD: "std = np.sqrt(x.var(axis=1, keepdims=True, ddof=x.shape[1] > 1) + eps)"},
        hint="Your variance is divided by D - 1; here it is divided by D.",
    ),
    Misconception(
        "layernorm-eps-outside",
        LAYERNORM,
        {ROW_STD: "std = np.sqrt(np.mean(centred**2, axis=1, keepdims=True)) + eps"},
        hint="eps is added to the standard deviation; it belongs inside the root, to the variance.",
    ),
    Misconception(
        "layernorm-no-eps",
        LAYERNORM,
        {ROW_STD: "std = np.sqrt(np.mean(centred**2, axis=1, keepdims=True))"},
        hint="eps is not used. Without it, an example whose features are all the same is zero "
        "divided by zero.",
    ),
    Misconception(
        "layernorm-no-root",
        LAYERNORM,
        {ROW_STD: "std = np.mean(centred**2, axis=1, keepdims=True) + eps"},
        hint="You divide by the variance. Divide by its square root, the standard deviation.",
    ),
    Misconception(
        "layernorm-no-gamma-beta",
        LAYERNORM,
        {ROW_OUT: "out = x_hat.copy()"},
        hint="The normalised values are right, but they are not yet scaled by gamma and shifted by "
        "beta.",
    ),
    Misconception(
        "layernorm-mean-of-squares",
        LAYERNORM,
        {
            ROW_STD: "var = np.mean(x**2, axis=1, keepdims=True)\n    "
            "var = var - x.mean(axis=1, keepdims=True) ** 2\n    std = np.sqrt(var + eps)"
        },
        hint="Mean of the squares minus square of the mean: far away from zero these are two huge "
        "numbers, and rounding eats their difference. Subtract the mean first, then square.",
    ),
    Misconception(
        "layernorm-in-place",
        LAYERNORM,
        {ROW_MEAN: "x -= x.mean(axis=1, keepdims=True)\n    centred = x"},
        hint="The outputs are right, but -= changes the caller's x.",
    ),
    Misconception(
        "layernorm-double",
        LAYERNORM,
        {ROW_OUT: "out = np.zeros(x.shape)\n    out += x_hat * gamma + beta"},
        hint="Single precision goes in and double comes out: np.zeros makes float64 unless it is "
        "told x.dtype.",
    ),
    # --- layernorm-backward ---
    Misconception(
        "layernorm-backward-over-batch",
        LAYERNORM_BACKWARD,
        {
            ALONG: "along = np.mean(dx_hat * x_hat, axis=0)",
            ROW_DX: "dx = (dx_hat - dx_hat.mean(axis=0) - x_hat * along) / std",
        },
        hint="The means in dx run over the examples, as in batch normalisation. The numbers of one "
        "example share a mean here: axis 1.",
    ),
    Misconception(
        "layernorm-backward-gamma-outside",
        LAYERNORM_BACKWARD,
        {
            ROW_DX_HAT: "dx_hat = dout",
            ROW_DX: "dx = gamma / std * "
            "(dx_hat - dx_hat.mean(axis=1, keepdims=True) - x_hat * along)",
        },
        hint="gamma stands in front of the bracket. There it was right for batch normalisation, "
        "where all numbers of a mean share one gamma; here each has another, so it stays inside.",
    ),
    Misconception(
        "layernorm-backward-no-gamma",
        LAYERNORM_BACKWARD,
        {ROW_DX_HAT: "dx_hat = dout"},
        hint="gamma is missing in dx: out is gamma times x_hat, so dx_hat is dout times gamma.",
    ),
    Misconception(
        "layernorm-backward-parameters-axis",
        LAYERNORM_BACKWARD,
        {ROW_SUMS: "dgamma, dbeta = (x_hat * dout).sum(axis=1), dout.sum(axis=1)"},
        hint="dgamma and dbeta are summed over the features. There is one gamma for each feature, "
        "and all examples use it, so the sum runs over axis 0, as before.",
    ),
    Misconception(
        "layernorm-backward-constants",
        LAYERNORM_BACKWARD,
        {ROW_DX: "dx = dx_hat / std"},
        hint="You treat mean and standard deviation as constants. Both depend on x.",
    ),
    Misconception(
        "layernorm-backward-no-mean",
        LAYERNORM_BACKWARD,
        {ROW_DX: "dx = (dx_hat - x_hat * along) / std"},
        hint="The way through the mean is missing: the mean of dx_hat over the features is "
        "subtracted.",
    ),
    Misconception(
        "layernorm-backward-no-std",
        LAYERNORM_BACKWARD,
        {ROW_DX: "dx = (dx_hat - dx_hat.mean(axis=1, keepdims=True)) / std"},
        hint="The way through the standard deviation is missing: the term with x_hat.",
    ),
    Misconception(
        "layernorm-backward-number-of-examples",
        LAYERNORM_BACKWARD,
        {
            ALONG: "along = np.sum(dx_hat * x_hat, axis=1, keepdims=True) / len(dout)",
            ROW_DX: "dx = dx_hat - dx_hat.sum(axis=1, keepdims=True) / len(dout)\n    "
            "dx = (dx - x_hat * along) / std",
        },
        hint="You divide by the number of examples; these means run over the features.",
    ),
    Misconception(
        "layernorm-backward-gamma-in-dgamma",
        LAYERNORM_BACKWARD,
        {ROW_SUMS: "dgamma, dbeta = (gamma * x_hat * dout).sum(axis=0), dout.sum(axis=0)"},
        hint="dgamma has a factor gamma too much: out = gamma * x_hat + beta, so the slope in "
        "gamma is x_hat alone.",
    ),
    Misconception(
        "layernorm-backward-in-place",
        LAYERNORM_BACKWARD,
        {ROW_DX_HAT: "dx_hat = dout\n    dx_hat *= gamma"},
        hint="The gradients are right the first time, but *= changes dout, which belongs to the "
        "caller.",
    ),
    Misconception(
        "layernorm-backward-double",
        LAYERNORM_BACKWARD,
        {ROW_DX: f"{ROW_DX}\n    dx = dx.astype(float)"},
        hint="Single precision goes in and double comes out.",
    ),
]

_STAND_IN = "from assignments.standins.a2_networks.batch_normalization import {0}\n{0} = {0}\n"
_GIVEN = "from assignments.layers import {0}\n{0} = {0}\n"
_PREVIOUS = """from assignments import previous

def {0}(*arguments):
    return previous("a2_networks/batch_normalization").{0}(*arguments)
"""

SHORTCUTS = [
    Shortcut(
        "torch-train",
        TRAIN,
        append="""import torch

def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    tensors = map(torch.tensor, (x, gamma, beta))
    return torch.batch_norm(*tensors, None, None, True, 0.1, eps, False).numpy(), (x, gamma)
""",
    ),
    Shortcut("stand-in-train", TRAIN, append=_STAND_IN.format("batchnorm_forward")),
    Shortcut("given-layer-test", TEST, append=_GIVEN.format("batchnorm_forward")),
    Shortcut("stand-in-backward", BACKWARD, append=_STAND_IN.format("batchnorm_backward")),
    Shortcut("previous-backward", BACKWARD, append=_PREVIOUS.format("batchnorm_backward")),
    Shortcut("stand-in-alt", ALT, append=_STAND_IN.format("batchnorm_backward_alt")),
    Shortcut(
        "hidden-checks-layernorm",
        LAYERNORM,
        append="""def layernorm_forward(x, gamma, beta, ln_param):
    from autograder.checks.a2_networks import test_batch_normalization as hidden
    return hidden.right(hidden.layer_norm(ln_param.get("eps", 1e-5)), x, gamma, beta), (x, gamma)
""",
    ),
    Shortcut("given-layer-layernorm", LAYERNORM, append=_GIVEN.format("layernorm_forward")),
    Shortcut(
        "stand-in-layernorm-backward",
        LAYERNORM_BACKWARD,
        append=_STAND_IN.format("layernorm_backward"),
    ),
]

VARIANTS = [
    Variant("train-var", TRAIN, {VAR: "var = x.var(axis=0)"}),
    Variant(
        "train-feature-by-feature",
        TRAIN,
        {
            OUT: "out = np.empty_like(x)\n        for d in range(x.shape[1]):\n            "
            "out[:, d] = gamma[d] * (x[:, d] - mean[d]) / np.sqrt(var[d] + eps) + beta[d]"
        },
    ),
    Variant(
        "train-rows-kept",
        TRAIN,
        {
            MEAN: "mean = np.mean(x, axis=0, keepdims=True)",
            RUNNING_MEAN: "running_mean = running_mean + (1 - momentum) * (mean[0] - running_mean)",
            RUNNING_VAR: "running_var = running_var + (1 - momentum) * (var - running_var)",
        },
    ),
    Variant(
        "train-running-in-place",
        TRAIN,
        {
            RUNNING_MEAN: "running_mean *= momentum\n        running_mean += (1 - momentum) * mean",
            RUNNING_VAR: "running_var *= momentum\n        running_var += (1 - momentum) * var",
        },
    ),
    Variant(
        "train-own-cache",
        TRAIN,
        {CACHE: 'cache = {"x": x, "mean": mean, "var": var, "gamma": gamma, "eps": eps}'},
    ),
    Variant(
        "test-scale-and-shift",
        TEST,
        {
            TEST_OUT: "scale = gamma / np.sqrt(running_var + eps)\n        "
            "out = scale * x + (beta - scale * running_mean)"
        },
    ),
    Variant(
        "test-power",
        TEST,
        {
            TEST_OUT: "normal = (x - running_mean) * (running_var + eps) ** -0.5\n        "
            "out = np.multiply(normal, gamma)\n        out += beta"
        },
    ),
    Variant(
        "backward-three-ways",
        BACKWARD,
        {
            DSTD: "dvar = np.sum(dx_hat * centred, axis=0) * -0.5 * std**-3.0",
            DVAR: "dmean = -dx_hat.sum(axis=0) / std - 2 * dvar * centred.mean(axis=0)",
            ADD: "dx = dx_hat / std + 2 * dvar * centred / N",
            DMEAN: "pass",
            DX: "dx = dx + dmean / N",
        },
    ),
    Variant(
        "backward-formula",
        BACKWARD,
        {
            DX: "dx = N * dx_hat - dx_hat.sum(axis=0) - x_hat * (dx_hat * x_hat).sum(axis=0)\n    "
            "dx /= N * std"
        },
    ),
    Variant(
        "backward-dictionary-cache",
        BACKWARD,
        {
            CACHE: 'cache = {"gamma": gamma, "centred": centred, "std": std, "x_hat": x_hat}',
            UNPACK: "gamma, centred, std, x_hat = cache.values()",
        },
    ),
    Variant(
        "alt-means",
        ALT,
        {
            ALT_DX: "steady, stretch = dout.mean(axis=0), (dout * x_hat).mean(axis=0)\n    "
            "dx = (dout - steady - x_hat * stretch) * (gamma / std)"
        },
    ),
    Variant(
        "alt-times-number",
        ALT,
        {
            ALT_SUMS: "N, dbeta = dout.shape[0], np.ones(len(dout), dout.dtype) @ dout\n    "
            'dgamma = np.einsum("nd,nd->d", dout, x_hat)',
            ALT_DX: "dx = gamma / (N * std) * (N * dout - dbeta - x_hat * dgamma)",
        },
    ),
    Variant(
        "layernorm-transposed",
        LAYERNORM,
        {
            ROW_OUT: "settings, ones = {'mode': 'train', 'eps': eps}, np.ones(len(x), x.dtype)\n"
            "    out = gamma * batchnorm_forward(x.T, ones, 0 * ones, settings)[0].T + beta"
        },
    ),
    Variant(
        "layernorm-example-by-example",
        LAYERNORM,
        {
            ROW_OUT: "out = np.stack([(row - row.mean()) / np.sqrt(row.var() + eps) for row in x])"
            "\n    out = out.astype(x.dtype) * gamma + beta"
        },
    ),
    Variant(
        "layernorm-backward-transposed",
        LAYERNORM_BACKWARD,
        {
            ROW_DX: "kept = (1, x_hat.T * std.T, std.T[0], x_hat.T)\n    "
            "dx = batchnorm_backward(dx_hat.T, kept)[0].T"
        },
    ),
    Variant(
        "layernorm-backward-graph",
        LAYERNORM_BACKWARD,
        {
            ROW_DX: "dstd = -(dx_hat * x_hat).sum(axis=1, keepdims=True) / std\n    "
            "dcentred = dx_hat / std + x_hat * dstd / dout.shape[1]\n    "
            "dx = dcentred - dcentred.mean(axis=1, keepdims=True)"
        },
    ),
]
