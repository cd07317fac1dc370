"""Misconceptions, shortcuts and accepted variants of the training recipes."""

from autograder.misconceptions import Misconception, Shortcut, Variant

XAVIER, KAIMING = "training_recipes-xavier", "training_recipes-kaiming"
STEP, EXPONENTIAL = "training_recipes-step-decay", "training_recipes-exponential-decay"
COSINE, WARMUP = "training_recipes-cosine-annealing", "training_recipes-linear-warmup"
SMOOTHING, CROP = "training_recipes-label-smoothing", "training_recipes-crop-flip"
MIXUP, CUTMIX = "training_recipes-mixup", "training_recipes-cutmix"
STOPPING, SEARCH = "training_recipes-early-stopping", "training_recipes-random-search"

# Parts of the reference that several patches replace.
X_VARIANCE = "variance = 2 / (fan_in + fan_out)"
X_DRAW = "return rng.normal(0, np.sqrt(variance), size=(fan_in, fan_out))"
K_SPREAD = "spread = np.sqrt(2 / fan_in)"
K_DRAW = "return spread * rng.standard_normal((fan_in, fan_out))"
STAIRS = "return base_lr * drop ** (step // every)"
POWER = "return base_lr * gamma**step"
ANGLE = "angle = np.pi * np.minimum(step, total_steps) / total_steps"
WAVE = "return min_lr + 0.5 * (base_lr - min_lr) * (1 + np.cos(angle))"
SHARE = "share = (step + 1) / max(warmup_steps, 1)"
RAMP = "return base_lr * np.minimum(share, 1)"
ONE_HOT = "one_hot = np.arange(num_classes) == y[:, np.newaxis]"
SMOOTHED = "return (1 - eps) * one_hot + eps / num_classes"
PADDED = "padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))"
PLACE = "top, left = rng.integers(2 * pad + 1, size=2)"
CROP_LOOP = "for i, image in enumerate(padded):"
MIRROR = "out[i] = piece[:, :, ::-1] if rng.random() < 0.5 else piece"
EMPTY = "out = np.empty_like(x)"
M_LAM = "lam = rng.beta(alpha, alpha)\n    partners"
M_PARTNERS = "partners = rng.permutation(len(x))"
M_X = "x_mixed = lam * x + (1 - lam) * x[partners]"
M_Y = "y_mixed = lam * y_onehot + (1 - lam) * y_onehot[partners]"
C_SIDE = "side = np.sqrt(1 - rng.beta(alpha, alpha))"
C_PARTNERS = "partners = rng.permutation(N)"
C_SIZE = "rows, columns = round(H * side), round(W * side)"
C_CENTRE = "top, left = rng.integers(H) - rows // 2, rng.integers(W) - columns // 2"
C_END = "bottom, right = min(top + rows, H), min(left + columns, W)"
C_BEGIN = "top, left = max(top, 0), max(left, 0)"
C_COPY = "x_mixed = x.copy()"
C_PASTE = "x_mixed[:, :, top:bottom, left:right] = x[partners, :, top:bottom, left:right]"
C_SHARE = "share = float((bottom - top) * (right - left) / (H * W))"
C_Y = "y_mixed = (1 - share) * y_onehot + share * y_onehot[partners]"
BETTER = "if val_loss < self.best - self.min_delta:"
NEW_BEST = "self.best = val_loss\n            self.waited = 0"
WORSE = "self.waited += 1"
STOP = "return self.waited >= self.patience"
WAITED = "self.waited = 0\n        ### END"
ITEM = "trial[name] = choice[rng.integers(len(choice))]"
LOG = "trial[name] = float(np.exp(rng.uniform(np.log(low), np.log(high))))"
LINEAR = "trial[name] = float(rng.uniform(low, high))"
TRIAL_LOOP = "for _trial in range(n):\n        trial = {}"

MISCONCEPTIONS = [
    # --- xavier ---
    Misconception(
        "xavier-variance-as-deviation",
        XAVIER,
        {X_DRAW: X_DRAW.replace("np.sqrt(variance)", "variance")},
        hint="The formula is that of the variance. rng.normal asks for the standard deviation, "
        "its square root.",
    ),
    Misconception(
        "xavier-one",
        XAVIER,
        {X_VARIANCE: "variance = 1 / (fan_in + fan_out)"},
        hint="The variance is half of what it should be. The mean of the two fans is their sum "
        "over 2, so the 2 ends up above the line.",
    ),
    Misconception(
        "xavier-fan-in-only",
        XAVIER,
        {X_VARIANCE: "variance = 1 / fan_in"},
        hint="You use the inputs only, which keeps the signal on its way forward. Xavier is a "
        "compromise with the way back: both fans count.",
    ),
    Misconception(
        "xavier-is-kaiming",
        XAVIER,
        {X_VARIANCE: "variance = 2 / fan_in"},
        hint="This is the variance of Kaiming; that of Xavier has both fans in it.",
    ),
    Misconception(
        "xavier-uniform",
        XAVIER,
        {
            X_DRAW: "limit = np.sqrt(3 * variance)\n    "
            "return rng.uniform(-limit, limit, size=(fan_in, fan_out))"
        },
        hint="Mean and variance are right, but your numbers are drawn evenly from an interval. "
        "That exists too; here normal numbers are asked for.",
    ),
    Misconception(
        "xavier-transposed",
        XAVIER,
        {X_DRAW: X_DRAW.replace("size=(fan_in, fan_out)", "size=(fan_out, fan_in)")},
        hint="The shape is (fan_out, fan_in), as PyTorch keeps it. Here a row belongs to an input.",
    ),
    Misconception(
        "xavier-global-chance",
        XAVIER,
        {X_DRAW: X_DRAW.replace("rng.normal", "np.random.normal")},
        hint="You draw from np.random. Draw from rng, so that the caller decides whether a run "
        "repeats.",
    ),
    # --- kaiming ---
    Misconception(
        "kaiming-variance-as-deviation",
        KAIMING,
        {K_SPREAD: "spread = 2 / fan_in"},
        hint="2 / fan_in is the variance; standard normal numbers have to be multiplied by its "
        "square root.",
    ),
    Misconception(
        "kaiming-one",
        KAIMING,
        {K_SPREAD: "spread = np.sqrt(1 / fan_in)"},
        hint="The factor of 2 is missing that makes up for the ReLU.",
    ),
    Misconception(
        "kaiming-fan-out",
        KAIMING,
        {K_SPREAD: "spread = np.sqrt(2 / fan_out)"},
        hint="You use the number of outputs. Each output is a sum over the inputs, so fan_in "
        "counts.",
    ),
    Misconception(
        "kaiming-uniform",
        KAIMING,
        {
            K_DRAW: "limit = np.sqrt(3) * spread\n    "
            "return rng.uniform(-limit, limit, (fan_in, fan_out))"
        },
        hint="Mean and variance are right, but your numbers are drawn evenly from an interval "
        "(PyTorch's kaiming_uniform_). Here normal numbers are asked for.",
    ),
    Misconception(
        "kaiming-own-generator",
        KAIMING,
        {K_DRAW: K_DRAW.replace("rng.", "np.random.default_rng(0).")},
        hint="You make a generator of your own, so that every layer gets the same numbers. Draw "
        "from rng.",
    ),
    # --- step-decay ---
    Misconception(
        "step-decay-smooth",
        STEP,
        {STAIRS: "return base_lr * drop ** (step / every)"},
        hint="Your rate falls a little in every step. It should stay for `every` steps and then "
        "drop: divide with //, which rounds down.",
    ),
    Misconception(
        "step-decay-one-early",
        STEP,
        {STAIRS: "return base_lr * drop ** ((step + 1) // every)"},
        hint="The rate drops one step early: step every - 1 still has the old one.",
    ),
    Misconception(
        "step-decay-one-late",
        STEP,
        {STAIRS: "return base_lr * drop ** (np.maximum(step - 1, 0) // every)"},
        hint="The rate drops one step late: step `every` already has the new one.",
    ),
    Misconception(
        "step-decay-part-removed",
        STEP,
        {STAIRS: "return base_lr * (1 - drop) ** (step // every)"},
        hint="You take the part drop away each time. drop is what the rate is multiplied by.",
    ),
    Misconception(
        "step-decay-subtracts",
        STEP,
        {STAIRS: "return base_lr - drop * (step // every)"},
        hint="You subtract drop each time; the rate is multiplied by it.",
    ),
    Misconception(
        "step-decay-product",
        STEP,
        {STAIRS: "return base_lr * np.where(step < every, 1, drop)"},
        hint="The rate drops once only. It drops again after every `every` steps.",
    ),
    Misconception(
        "step-decay-no-arrays",
        STEP,
        {
            STAIRS: "rate = base_lr\n    for _drop in range(int(step) // every):\n        "
            "rate *= drop\n    return rate"
        },
        hint="This works for one step, and not for an array of them. `drop ** (...)` takes both.",
    ),
    # --- exponential-decay ---
    Misconception(
        "exponential-decay-e",
        EXPONENTIAL,
        {POWER: "return base_lr * np.exp(-gamma * step)"},
        hint="exp(-gamma * step) is another convention. Here the rate is multiplied by gamma in "
        "each step: a power of gamma.",
    ),
    Misconception(
        "exponential-decay-linear",
        EXPONENTIAL,
        {POWER: "return base_lr * gamma * step"},
        hint="You multiply by gamma once and by the step; `step` times the factor gamma is a "
        "power.",
    ),
    Misconception(
        "exponential-decay-one-early",
        EXPONENTIAL,
        {POWER: "return base_lr * gamma ** (step + 1)"},
        hint="Step 0 has the rate base_lr itself; nothing has decayed yet.",
    ),
    Misconception(
        "exponential-decay-part-removed",
        EXPONENTIAL,
        {POWER: "return base_lr * (1 - gamma) ** step"},
        hint="gamma is what the rate is multiplied by, not the part that goes away.",
    ),
    Misconception(
        "exponential-decay-all-powered",
        EXPONENTIAL,
        {POWER: "return (base_lr * gamma) ** step"},
        hint="base_lr stands outside of the power.",
    ),
    Misconception(
        "exponential-decay-no-arrays",
        EXPONENTIAL,
        {
            POWER: "rate = base_lr\n    for _step in range(step):\n        rate *= gamma\n    "
            "return rate"
        },
        hint="A loop over the steps works for one step, and not for an array of them. `**` takes "
        "both.",
    ),
    # --- cosine-annealing ---
    Misconception(
        "cosine-rises-again",
        COSINE,
        {ANGLE: "angle = np.pi * step / total_steps"},
        hint="After total_steps the cosine rises again. Limit the step first.",
    ),
    Misconception(
        "cosine-no-minimum",
        COSINE,
        {WAVE: "return 0.5 * base_lr * (1 + np.cos(angle))"},
        hint="min_lr is ignored: the rate falls to 0.",
    ),
    Misconception(
        "cosine-minimum-on-top",
        COSINE,
        {WAVE: "return min_lr + 0.5 * base_lr * (1 + np.cos(angle))"},
        hint="You add min_lr on top, so that it begins above base_lr. The wave has the height "
        "base_lr - min_lr.",
    ),
    Misconception(
        "cosine-minimum-as-limit",
        COSINE,
        {WAVE: "return np.maximum(0.5 * base_lr * (1 + np.cos(angle)), min_lr)"},
        hint="You cut the wave off at min_lr. It shall reach it only at the end: scale the wave "
        "to the height base_lr - min_lr.",
    ),
    Misconception(
        "cosine-quarter-wave",
        COSINE,
        {WAVE: "return min_lr + (base_lr - min_lr) * np.cos(angle / 2)"},
        hint="This is a quarter of a wave, which is steep at the end. Half a wave ends flat.",
    ),
    Misconception(
        "cosine-whole-wave",
        COSINE,
        {ANGLE: f"{ANGLE} * 2"},
        hint="A whole wave ends where it began. From top to bottom, the angle goes from 0 to pi.",
    ),
    Misconception(
        "cosine-no-half",
        COSINE,
        {WAVE: WAVE.replace("0.5 * ", "")},
        hint="1 + cos goes from 2 to 0: the factor 1/2 is missing.",
    ),
    Misconception(
        "cosine-one-step-less",
        COSINE,
        {
            ANGLE: "angle = np.pi * np.minimum(step / np.maximum(total_steps - 1, 1), 1)",
        },
        hint="You divide by total_steps - 1. The minimum is reached at step total_steps.",
    ),
    Misconception(
        "cosine-no-arrays",
        COSINE,
        {ANGLE: "angle = np.pi * min(step, total_steps) / total_steps"},
        hint="Python's min and if work for one step, and not for an array of them; np.minimum "
        "takes both.",
    ),
    # --- linear-warmup ---
    Misconception(
        "warmup-from-zero",
        WARMUP,
        {SHARE: "share = step / max(warmup_steps, 1)"},
        hint="Your first step has the rate 0 and does nothing. Step 0 has one share of "
        "warmup_steps: step + 1.",
    ),
    Misconception(
        "warmup-rises-on",
        WARMUP,
        {RAMP: "return base_lr * share"},
        hint="The rate goes on rising after the warmup. Limit it to base_lr.",
    ),
    Misconception(
        "warmup-one-too-many",
        WARMUP,
        {SHARE: "share = (step + 1) / (warmup_steps + 1)"},
        hint="You divide by warmup_steps + 1, so that base_lr is reached one step late.",
    ),
    Misconception(
        "warmup-divides-by-zero",
        WARMUP,
        {SHARE: "share = (step + 1) / warmup_steps"},
        hint="With warmup_steps = 0 you divide by 0. Without a warmup, every rate is base_lr.",
    ),
    Misconception(
        "warmup-whole-division",
        WARMUP,
        {SHARE: "share = (step + 1) // max(warmup_steps, 1)"},
        hint="// rounds down, so the rate is 0 until the end of the warmup.",
    ),
    Misconception(
        "warmup-no-arrays",
        WARMUP,
        {RAMP: "return base_lr * min(share, 1)"},
        hint="Python's min and if work for one step, and not for an array of them; np.minimum "
        "takes both.",
    ),
    # --- label-smoothing ---
    Misconception(
        "smoothing-over-others",
        SMOOTHING,
        {SMOOTHED: "return (1 - eps) * one_hot + eps / (num_classes - 1) * ~one_hot"},
        hint="You spread eps over the other classes. The right class gets its part of it, too: "
        "eps over C for all of them.",
    ),
    Misconception(
        "smoothing-not-taken-away",
        SMOOTHING,
        {SMOOTHED: "return one_hot + eps / num_classes"},
        hint="Your rows sum to 1 + eps: what all classes get has to be taken from the right one.",
    ),
    Misconception(
        "smoothing-only-taken-away",
        SMOOTHING,
        {SMOOTHED: "return (1 - eps) * one_hot"},
        hint="Your rows sum to 1 - eps: what is taken away from the right class has to be spread.",
    ),
    Misconception(
        "smoothing-eps-each",
        SMOOTHING,
        {SMOOTHED: "return np.where(one_hot, 1 - eps, eps)"},
        hint="Every other class gets all of eps. It is shared among the classes.",
    ),
    Misconception(
        "smoothing-right-without-part",
        SMOOTHING,
        {SMOOTHED: "return np.where(one_hot, 1 - eps, eps / num_classes)"},
        hint="The right class has 1 - eps only. It gets its part of eps on top, and then the row "
        "sums to 1.",
    ),
    Misconception(
        "smoothing-classes-seen",
        SMOOTHING,
        {ONE_HOT: "num_classes = y.max() + 1\n    " + ONE_HOT},
        hint="You count the classes that occur in y. Take num_classes.",
    ),
    Misconception(
        "smoothing-exchanged",
        SMOOTHING,
        {SMOOTHED: "return eps * one_hot + (1 - eps) / num_classes"},
        hint="eps and 1 - eps are exchanged: eps = 0 should change nothing.",
    ),
    # --- crop-flip ---
    Misconception(
        "crop-last-place-missing",
        CROP,
        {PLACE: "top, left = rng.integers(max(2 * pad, 1), size=2)"},
        hint="The last place never occurs: rng.integers(n) ends at n - 1, and there are "
        "2 * pad + 1 places.",
    ),
    Misconception(
        "crop-same-for-all",
        CROP,
        {
            CROP_LOOP: PLACE + f"\n    {CROP_LOOP}",
            "        " + PLACE + "\n": "",
        },
        hint="All images of the batch are moved alike. Draw anew for each image.",
    ),
    Misconception(
        "crop-flip-same-for-all",
        CROP,
        {
            CROP_LOOP: f"mirror = rng.random() < 0.5\n    {CROP_LOOP}",
            MIRROR: "out[i] = piece[:, :, ::-1] if mirror else piece",
        },
        hint="Either all images are mirrored or none. Draw anew for each image.",
    ),
    Misconception(
        "crop-same-both-ways",
        CROP,
        {PLACE: "top = left = rng.integers(2 * pad + 1)"},
        hint="You use one draw for row and column, so images move along the diagonal only.",
    ),
    Misconception(
        "crop-upside-down",
        CROP,
        {MIRROR: MIRROR.replace("[:, :, ::-1]", "[:, ::-1]")},
        hint="Your images are mirrored top to bottom. Left to right is the last axis.",
    ),
    Misconception(
        "crop-always-mirrored",
        CROP,
        {MIRROR: "out[i] = piece[:, :, ::-1]"},
        hint="Every image is mirrored. Half of them should be, at random.",
    ),
    Misconception(
        "crop-never-mirrored",
        CROP,
        {MIRROR: "out[i] = piece"},
        hint="No image is mirrored.",
    ),
    Misconception(
        "crop-edge-repeated",
        CROP,
        {PADDED: PADDED[:-1] + ', mode="edge")'},
        hint="Your border repeats the outermost pixels. It should be zeros.",
    ),
    Misconception(
        "crop-rolled",
        CROP,
        {
            "piece = image[:, top : top + H, left : left + W]": "piece = np.roll("
            "x[i], (pad - top, pad - left), axis=(1, 2))"
        },
        hint="What leaves the image on one side comes in on the other. A border of zeros should "
        "come in.",
    ),
    Misconception(
        "crop-double-precision",
        CROP,
        {EMPTY: "out = np.empty(x.shape)"},
        hint="The result has dtype float64 whatever goes in: np.empty_like(x) keeps the dtype.",
    ),
    Misconception(
        "crop-global-chance",
        CROP,
        {
            PLACE: "top, left = np.random.randint(2 * pad + 1, size=2)",
            MIRROR: MIRROR.replace("rng.", "np.random."),
        },
        hint="You draw from np.random. Draw from rng, so that the caller decides whether a run "
        "repeats.",
    ),
    # --- mixup ---
    Misconception(
        "mixup-labels-as-they-were",
        MIXUP,
        {M_Y: "y_mixed = y_onehot.copy()"},
        hint="The labels are not mixed. An image that is half a cat asks for half a cat.",
    ),
    Misconception(
        "mixup-labels-exchanged",
        MIXUP,
        {M_Y: "y_mixed = (1 - lam) * y_onehot + lam * y_onehot[partners]"},
        hint="In the labels, lam and 1 - lam are exchanged.",
    ),
    Misconception(
        "mixup-two-permutations",
        MIXUP,
        {M_Y: M_Y.replace("[partners]", "[rng.permutation(len(x))]")},
        hint="Images and labels have different partners. Draw one permutation and use it for both.",
    ),
    Misconception(
        "mixup-lam-each",
        MIXUP,
        {
            M_LAM: "lam = rng.beta(alpha, alpha, size=len(x))\n    partners",
            M_X: "share = lam[:, None, None, None]\n    "
            "x_mixed = share * x + (1 - share) * x[partners]",
            M_Y: "lam = lam[:, None]\n    " + M_Y,
        },
        hint="Each image has a lam of its own. Draw one for the whole batch.",
    ),
    Misconception(
        "mixup-even-lam",
        MIXUP,
        {M_LAM: "lam = rng.random()\n    partners"},
        hint="lam is drawn evenly, whatever alpha is. It follows the Beta distribution.",
    ),
    Misconception(
        "mixup-beta-one",
        MIXUP,
        {M_LAM: "lam = rng.beta(alpha, 1)\n    partners"},
        hint="The Beta distribution has two parameters, and both are alpha.",
    ),
    Misconception(
        "mixup-alpha-as-lam",
        MIXUP,
        {M_LAM: "lam = min(alpha, 0.5)\n    partners"},
        hint="lam is not alpha, nor computed from it: it is drawn from Beta(alpha, alpha).",
    ),
    Misconception(
        "mixup-reversed",
        MIXUP,
        {M_PARTNERS: "partners = np.arange(len(x))[::-1]"},
        hint="The partners are always the batch in reverse. Draw a permutation.",
    ),
    Misconception(
        "mixup-partners-repeat",
        MIXUP,
        {M_PARTNERS: "partners = rng.integers(len(x), size=len(x))"},
        hint="You draw each partner by itself, so some are used twice and others never. "
        "rng.permutation uses each once.",
    ),
    Misconception(
        "mixup-in-place",
        MIXUP,
        {M_X: "partner = x[partners]\n    x *= lam\n    x += (1 - lam) * partner\n    x_mixed = x"},
        hint="The caller's images are changed. x *= lam works in place; lam * x makes a new array.",
    ),
    Misconception(
        "mixup-double-precision",
        MIXUP,
        {M_LAM: "lam = rng.beta(alpha, alpha, size=1)\n    partners"},
        hint="An array of one float64 number makes everything float64. Draw a plain number, "
        "without size.",
    ),
    Misconception(
        "mixup-global-chance",
        MIXUP,
        {
            M_LAM: "lam = np.random.beta(alpha, alpha)\n    partners",
            M_PARTNERS: "partners = np.random.permutation(len(x))",
        },
        hint="You draw from np.random. Draw from rng, so that the caller decides whether a run "
        "repeats.",
    ),
    # --- cutmix ---
    Misconception(
        "cutmix-drawn-share",
        CUTMIX,
        {C_SHARE: "share = float(side**2)"},
        hint="The labels have the shares that were drawn. Boxes are rounded and cut off at the "
        "border, so count what is really covered.",
    ),
    Misconception(
        "cutmix-shares-exchanged",
        CUTMIX,
        {C_SHARE: C_SHARE.replace("float(", "float(1 - ")},
        hint="The shares in the labels are exchanged: the partner gets the area of the box.",
    ),
    Misconception(
        "cutmix-labels-as-they-were",
        CUTMIX,
        {C_Y: "y_mixed = y_onehot.copy()"},
        hint="The labels are not mixed. An image that is a quarter cat asks for a quarter cat.",
    ),
    Misconception(
        "cutmix-two-permutations",
        CUTMIX,
        {C_Y: C_Y.replace("[partners]", "[rng.permutation(N)]")},
        hint="Images and labels have different partners. Draw one permutation and use it for both.",
    ),
    Misconception(
        "cutmix-in-place",
        CUTMIX,
        {C_COPY: "x_mixed = x"},
        hint="The caller's images are changed: x_mixed = x gives a second name to the same array. "
        "Copy it first.",
    ),
    Misconception(
        "cutmix-sides-exchanged",
        CUTMIX,
        {C_SIZE: "rows, columns = round(W * side), round(H * side)"},
        hint="Height and width are exchanged: rows belong to H, the third axis.",
    ),
    Misconception(
        "cutmix-no-root",
        CUTMIX,
        {C_SIDE: "side = 1 - rng.beta(alpha, alpha)"},
        hint="The *area* is 1 - lam of the image, so each side is its square root.",
    ),
    Misconception(
        "cutmix-negative-rows",
        CUTMIX,
        {
            C_BEGIN: "",
        },
        hint="A box that sticks out at the top begins at a negative row, which NumPy counts from "
        "the end, and the box is lost. Limit top and left to 0.",
    ),
    Misconception(
        "cutmix-whole-box-counted",
        CUTMIX,
        {C_SHARE: "share = float(rows * columns / (H * W))"},
        hint="You count the box before it is cut off. Only its pixels inside the image are seen.",
    ),
    Misconception(
        "cutmix-always-inside",
        CUTMIX,
        {C_CENTRE: "top = rng.integers(H - rows + 1)\n    left = rng.integers(W - columns + 1)"},
        hint="Your box never sticks out, so pixels in the middle are covered much more often. The "
        "centre may be any pixel.",
    ),
    Misconception(
        "cutmix-corner-drawn",
        CUTMIX,
        {C_CENTRE: "top, left = rng.integers(H), rng.integers(W)"},
        hint="The pixel you draw is the upper left corner of the box. It should be its centre.",
    ),
    Misconception(
        "cutmix-even-lam",
        CUTMIX,
        {C_SIDE: "side = np.sqrt(1 - rng.random())"},
        hint="lam is drawn evenly, whatever alpha is. It follows the Beta distribution.",
    ),
    Misconception(
        "cutmix-blended",
        CUTMIX,
        {
            C_PASTE: "box = np.s_[:, :, top:bottom, left:right]\n    "
            "x_mixed[box] = side**2 * x[partners][box] + (1 - side**2) * x[box]"
        },
        hint="Inside the box you blend the two images, as mixup does. CutMix takes the partner's "
        "pixels as they are.",
    ),
    Misconception(
        "cutmix-erased",
        CUTMIX,
        {C_PASTE: "x_mixed[:, :, top:bottom, left:right] = 0"},
        hint="The box is set to 0 (Cutout). It should show the partner.",
    ),
    Misconception(
        "cutmix-double-precision",
        CUTMIX,
        {C_SHARE: C_SHARE.replace("float(", "(")},
        hint="share is a NumPy float64 number, and makes labels in single precision float64. "
        "float(share) is a plain number, which does not.",
    ),
    Misconception(
        "cutmix-global-chance",
        CUTMIX,
        {
            C_SIDE: C_SIDE.replace("rng.", "np.random."),
            C_PARTNERS: "partners = np.random.permutation(N)",
            C_CENTRE: C_CENTRE.replace("rng.integers", "np.random.randint"),
        },
        hint="You draw from np.random. Draw from rng, so that the caller decides whether a run "
        "repeats.",
    ),
    # --- early-stopping ---
    Misconception(
        "stopping-one-late",
        STOPPING,
        {STOP: "return self.waited > self.patience"},
        hint="You stop one epoch late: `patience` epochs without an improvement are enough.",
    ),
    Misconception(
        "stopping-never-reset",
        STOPPING,
        {NEW_BEST: "self.best = val_loss"},
        hint="The count does not begin again after an improvement, so that bad epochs add up over "
        "the whole training. They count in a row.",
    ),
    Misconception(
        "stopping-best-drifts",
        STOPPING,
        {
            BETTER: "improved = val_loss < self.best - self.min_delta\n        "
            "self.best = min(self.best, val_loss)\n        if improved:"
        },
        hint="best moves with every smaller loss. Then many small improvements never add up to "
        "min_delta. Only what counts as an improvement changes best.",
    ),
    Misconception(
        "stopping-no-min-delta",
        STOPPING,
        {BETTER: "if val_loss < self.best:"},
        hint="min_delta is ignored.",
    ),
    Misconception(
        "stopping-min-delta-added",
        STOPPING,
        {BETTER: "if val_loss < self.best + self.min_delta:"},
        hint="min_delta has the wrong sign: losses that are a little *worse* than the best count "
        "as improvements.",
    ),
    Misconception(
        "stopping-equal-counts",
        STOPPING,
        {BETTER: "if val_loss <= self.best - self.min_delta:"},
        hint="The same loss again counts as an improvement. It has to be smaller by more than "
        "min_delta.",
    ),
    Misconception(
        "stopping-nan-counts",
        STOPPING,
        {BETTER: "if not val_loss >= self.best - self.min_delta:"},
        hint="Every comparison with NaN is False, so `not (loss >= best)` takes NaN for an "
        "improvement, and best becomes NaN.",
    ),
    Misconception(
        "stopping-last-instead-of-best",
        STOPPING,
        {WORSE: f"{WORSE}\n            self.best = val_loss"},
        hint="You compare with the loss before, not with the best one.",
    ),
    Misconception(
        "stopping-begins-at-zero",
        STOPPING,
        {WAITED: "self.waited = 0\n        self.best = 0.0\n        ### END"},
        hint="best begins at 0, so a positive loss can never be better. It begins at infinity.",
    ),
    Misconception(
        "stopping-larger-is-better",
        STOPPING,
        {BETTER: "if self.best == np.inf or val_loss > self.best + self.min_delta:"},
        hint="You look for larger values, as one does with an accuracy. A loss gets better when it "
        "gets smaller.",
    ),
    # --- random-search ---
    Misconception(
        "search-log-ignored",
        SEARCH,
        {LOG: LINEAR},
        hint='"log" ranges are drawn evenly. Draw the logarithm evenly, then take the exponential.',
    ),
    Misconception(
        "search-mixed-bases",
        SEARCH,
        {LOG: "trial[name] = float(10 ** rng.uniform(np.log(low), np.log(high)))"},
        hint="np.log is the natural logarithm, and 10 ** undoes np.log10. Use the same base both "
        "times.",
    ),
    Misconception(
        "search-log-not-undone",
        SEARCH,
        {LOG: "trial[name] = float(rng.uniform(np.log(low), np.log(high)))"},
        hint="You return the logarithm itself; its exponential is missing.",
    ),
    Misconception(
        "search-grid",
        SEARCH,
        {
            LOG: "trial[name] = float(low * (high / low) ** ((_trial + 0.5) / n))",
            LINEAR: "trial[name] = float(low + (high - low) * (_trial + 0.5) / n)",
        },
        hint="The values of your choices follow each other evenly: a grid. Draw them.",
    ),
    Misconception(
        "search-one-draw",
        SEARCH,
        {
            TRIAL_LOOP: f"{TRIAL_LOOP}\n        u = rng.random()",
            LOG: "trial[name] = float(low * (high / low) ** u)",
            LINEAR: "trial[name] = float(low + (high - low) * u)",
        },
        hint="You draw once a choice and use it for all its settings, so they rise and fall "
        "together. Draw for each setting.",
    ),
    Misconception(
        "search-same-dictionary",
        SEARCH,
        {TRIAL_LOOP: "trial = {}\n    for _trial in range(n):"},
        hint="All entries of your list are the same dictionary, which has the last values. Make a "
        "new one for each choice.",
    ),
    Misconception(
        "search-numpy-choice",
        SEARCH,
        {ITEM: "trial[name] = rng.choice(choice)"},
        hint="rng.choice makes an array of the list first: the items become np.int64 or texts, and "
        "tuples fail. Draw an index and return the item.",
    ),
    Misconception(
        "search-index",
        SEARCH,
        {ITEM: "trial[name] = int(rng.integers(len(choice)))"},
        hint="You return the place of the item in its list, not the item.",
    ),
    Misconception(
        "search-last-item-missing",
        SEARCH,
        {ITEM: "trial[name] = choice[rng.integers(max(len(choice) - 1, 1))]"},
        hint="The last item of a list never occurs: rng.integers(n) ends at n - 1 already.",
    ),
    Misconception(
        "search-global-chance",
        SEARCH,
        {
            ITEM: "trial[name] = choice[np.random.randint(len(choice))]",
            LOG: LOG.replace("rng.", "np.random."),
            LINEAR: LINEAR.replace("rng.", "np.random."),
        },
        hint="You draw from np.random. Draw from rng, so that the caller decides whether a search "
        "repeats.",
    ),
]

_STAND_IN = """
def {name}(*args, **kwargs):
    from assignments.standins.a2_networks import training_recipes
    return training_recipes.{name}(*args, **kwargs)
"""
_TORCH_SCHEDULE = """
def {name}(step, {arguments}):
    import torch
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base_lr)
    scheduler = torch.optim.lr_scheduler.{scheduler}
    for _step in range(step):
        scheduler.step()
    return scheduler.get_last_lr()[0]
"""

SHORTCUTS = [
    Shortcut("stand-in-xavier", XAVIER, append=_STAND_IN.format(name="xavier_init")),
    Shortcut(
        "torch-xavier",
        XAVIER,
        append="""
def xavier_init(fan_in, fan_out, rng):
    import torch
    return torch.nn.init.xavier_normal_(torch.empty(fan_in, fan_out)).numpy()
""",
    ),
    Shortcut("stand-in-kaiming", KAIMING, append=_STAND_IN.format(name="kaiming_init")),
    Shortcut(
        "torch-kaiming",
        KAIMING,
        append="""
def kaiming_init(fan_in, fan_out, rng):
    import torch
    return torch.nn.init.kaiming_normal_(torch.empty(fan_out, fan_in)).T.numpy()
""",
    ),
    Shortcut(
        "torch-step-decay",
        STEP,
        append=_TORCH_SCHEDULE.format(
            name="step_decay",
            arguments="base_lr, drop=0.1, every=30",
            scheduler="StepLR(optimizer, every, drop)",
        ),
    ),
    Shortcut(
        "torch-exponential-decay",
        EXPONENTIAL,
        append=_TORCH_SCHEDULE.format(
            name="exponential_decay",
            arguments="base_lr, gamma",
            scheduler="ExponentialLR(optimizer, gamma)",
        ),
    ),
    Shortcut(
        "torch-cosine-annealing",
        COSINE,
        append=_TORCH_SCHEDULE.format(
            name="cosine_annealing",
            arguments="total_steps, base_lr, min_lr=0.0",
            scheduler="CosineAnnealingLR(optimizer, total_steps, min_lr)",
        ),
    ),
    Shortcut("stand-in-warmup", WARMUP, append=_STAND_IN.format(name="linear_warmup")),
    Shortcut(
        "previous-warmup",
        WARMUP,
        append="""
def linear_warmup(step, warmup_steps, base_lr):
    from assignments import previous
    earlier = previous("a2_networks/training_recipes")
    return earlier.linear_warmup(step, warmup_steps, base_lr)
""",
    ),
    Shortcut("stand-in-smoothing", SMOOTHING, append=_STAND_IN.format(name="label_smoothing")),
    Shortcut(
        "hidden-checks-smoothing",
        SMOOTHING,
        append="""
def label_smoothing(y, num_classes, eps):
    from autograder.checks.a2_networks.test_training_recipes import smooth
    return smooth(y, num_classes, eps).numpy()
""",
    ),
    Shortcut("stand-in-crop", CROP, append=_STAND_IN.format(name="random_crop_flip")),
    Shortcut(
        "torchvision-crop",
        CROP,
        append="""
def random_crop_flip(x, pad, rng):
    import torch
    from torchvision.transforms import v2
    move = v2.Compose([v2.RandomCrop(x.shape[2:], pad), v2.RandomHorizontalFlip()])
    return np.stack([move(torch.from_numpy(image)).numpy() for image in x])
""",
    ),
    Shortcut("stand-in-mixup", MIXUP, append=_STAND_IN.format(name="mixup")),
    Shortcut("stand-in-cutmix", CUTMIX, append=_STAND_IN.format(name="cutmix")),
    Shortcut(
        "torchvision-cutmix",
        CUTMIX,
        append="""
def cutmix(x, y_onehot, alpha, rng):
    import torch
    from torchvision.transforms import v2
    mixed = v2.CutMix(alpha=alpha, num_classes=y_onehot.shape[1])
    x, y = mixed(torch.from_numpy(x), torch.from_numpy(y_onehot.argmax(axis=1)))
    return x.numpy(), y.numpy()
""",
    ),
    Shortcut("stand-in-stopping", STOPPING, append=_STAND_IN.format(name="EarlyStopping")),
    Shortcut("stand-in-search", SEARCH, append=_STAND_IN.format(name="random_search")),
    Shortcut(
        "scipy-search",
        SEARCH,
        append="""
def random_search(space, n, rng):
    from scipy import stats
    made = {"log": stats.loguniform, "linear": lambda a, b: stats.uniform(a, b - a)}
    trials = [{} for _trial in range(n)]
    for name, choice in space.items():
        for trial in trials:
            if isinstance(choice, list):
                trial[name] = choice[rng.integers(len(choice))]
            else:
                trial[name] = made[choice[0]](*choice[1:]).rvs(random_state=rng)
    return trials
""",
    ),
]

VARIANTS = [
    Variant(
        "xavier-scaled",
        XAVIER,
        {X_DRAW: "W = rng.standard_normal((fan_in, fan_out))\n    return W * variance**0.5"},
    ),
    Variant(
        "xavier-number-by-number",
        XAVIER,
        {
            X_DRAW: "return np.array([[rng.normal(scale=variance**0.5) for _j in range(fan_out)] "
            "for _i in range(fan_in)])"
        },
    ),
    Variant("xavier-float32", XAVIER, {X_DRAW: f"{X_DRAW}.astype(np.float32)"}),
    Variant(
        "kaiming-normal",
        KAIMING,
        {K_DRAW: "return rng.normal(scale=spread, size=(fan_in, fan_out))"},
    ),
    Variant(
        "kaiming-transposed-twice",
        KAIMING,
        {K_DRAW: "return spread * rng.normal(size=(fan_out, fan_in)).T"},
    ),
    Variant(
        "step-decay-power",
        STEP,
        {STAIRS: "return np.power(float(drop), np.floor_divide(step, every)) * base_lr"},
    ),
    Variant(
        "step-decay-floor",
        STEP,
        {STAIRS: "return np.asarray(base_lr * drop ** np.floor(np.asarray(step) / every))"},
    ),
    Variant(
        "exponential-decay-exp",
        EXPONENTIAL,
        {POWER: "return base_lr * np.exp(np.log(gamma) * step)"},
    ),
    Variant(
        "exponential-decay-power", EXPONENTIAL, {POWER: "return np.power(gamma, step) * base_lr"}
    ),
    Variant(
        "cosine-where",
        COSINE,
        {
            ANGLE: "angle = np.pi * step / total_steps",
            WAVE: "falling = min_lr + (base_lr - min_lr) * np.cos(angle / 2) ** 2\n    "
            "return np.where(step < total_steps, falling, min_lr)",
        },
    ),
    Variant(
        "cosine-branches",
        COSINE,
        {
            ANGLE: "if np.ndim(step):\n        flat = [cosine_annealing(int(s), total_steps, "
            "base_lr, min_lr) for s in np.ravel(step)]\n        "
            "return np.reshape(flat, np.shape(step))\n    "
            "if step >= total_steps:\n        return min_lr\n    "
            "angle = np.pi * step / total_steps"
        },
    ),
    Variant(
        "warmup-where",
        WARMUP,
        {
            SHARE: "if warmup_steps == 0:\n        "
            "return base_lr * np.ones(np.shape(step))[()]\n    "
            "share = (step + 1) / warmup_steps",
            RAMP: "return np.where(np.asarray(step) < warmup_steps, share * base_lr, base_lr)",
        },
    ),
    Variant(
        "warmup-clip",
        WARMUP,
        {RAMP: "return np.clip(base_lr * share, 0, base_lr)"},
    ),
    Variant(
        "smoothing-in-place",
        SMOOTHING,
        {
            SMOOTHED: "rows = np.full((len(y), num_classes), eps / num_classes)\n    "
            "rows[np.arange(len(y)), y] += 1 - eps\n    return rows"
        },
    ),
    Variant(
        "smoothing-eye",
        SMOOTHING,
        {
            ONE_HOT: "one_hot = np.eye(num_classes, dtype=np.float32)[y]",
            SMOOTHED: "return one_hot - eps * one_hot + np.float32(eps / num_classes)",
        },
    ),
    Variant(
        "crop-flip-first",
        CROP,
        {
            CROP_LOOP: "mirrored = rng.integers(2, size=len(x)) == 1\n    "
            "places = rng.integers(0, 2 * pad, size=(2, len(x)), endpoint=True)\n    "
            "padded[mirrored] = padded[mirrored][..., ::-1]\n    " + CROP_LOOP,
            PLACE: "top, left = places[:, i]",
            MIRROR: "out[i] = piece",
        },
    ),
    Variant(
        "crop-windows",
        CROP,
        {
            CROP_LOOP: "windows = np.lib.stride_tricks.sliding_window_view(padded, (H, W), "
            "axis=(2, 3))\n    rows, columns = rng.integers(2 * pad + 1, size=(2, len(x)))\n    "
            "out = windows[np.arange(len(x)), :, rows, columns].copy()\n    "
            "flip = rng.random(len(x)) < 0.5\n    out[flip] = out[flip, :, :, ::-1]\n    "
            "return out\n    " + CROP_LOOP
        },
    ),
    Variant(
        "mixup-permutation-first",
        MIXUP,
        {
            M_LAM: "partners = rng.permutation(x.shape[0])\n    lam = rng.beta(alpha, alpha)\n    "
            "partners",
            M_PARTNERS: "partners = partners[::-1]",
        },
    ),
    Variant(
        "mixup-shuffled-indices",
        MIXUP,
        {
            M_PARTNERS: "partners = np.arange(len(x))\n    rng.shuffle(partners)",
            M_X: "x_mixed = x + (1 - lam) * (x[partners] - x)",
        },
    ),
    Variant(
        "mixup-as-list",
        MIXUP,
        {M_Y: f"{M_Y}\n    return [x_mixed, y_mixed]"},
    ),
    Variant(
        "cutmix-centre-first",
        CUTMIX,
        {
            C_SIDE: "row, column = rng.integers(H), rng.integers(W)\n    " + C_SIDE,
            C_SIZE: "rows, columns = int(H * side), int(W * side)",
            C_CENTRE: "top, left = row - rows // 2, column - columns // 2",
        },
    ),
    Variant(
        "cutmix-mask",
        CUTMIX,
        {
            C_PASTE: "mask = np.zeros((H, W), bool)\n    mask[top:bottom, left:right] = True\n    "
            "x_mixed = np.where(mask, x[partners], x)",
            C_SHARE: "share = mask.mean().item()",
        },
    ),
    Variant(
        "cutmix-half-sides",
        CUTMIX,
        {
            C_END: "row, column = top + rows // 2, left + columns // 2\n    "
            "bottom, right = min(row + rows // 2, H), min(column + columns // 2, W)",
        },
    ),
    Variant(
        "cutmix-rounded-up",
        CUTMIX,
        {C_SIZE: "rows, columns = int(np.ceil(H * side)), int(np.ceil(W * side))"},
    ),
    Variant(
        "stopping-list",
        STOPPING,
        {
            NEW_BEST: "self.best = val_loss\n            self.waited = []",
            WAITED: "self.waited = []\n        ### END",
            WORSE: "self.waited.append(val_loss)",
            STOP: "return len(self.waited) >= self.patience",
        },
    ),
    Variant(
        "stopping-numpy-bool",
        STOPPING,
        {STOP: "return np.bool_(self.waited >= self.patience)"},
    ),
    Variant(
        "search-log10",
        SEARCH,
        {LOG: "trial[name] = 10 ** rng.uniform(np.log10(low), np.log10(high))"},
    ),
    Variant(
        "search-by-name",
        SEARCH,
        {
            TRIAL_LOOP: """trials = [{} for _trial in range(n)]
    for name, choice in space.items():
        for trial in trials:
            if isinstance(choice, list):
                trial[name] = choice[int(rng.random() * len(choice))]
            elif choice[0] == "log":
                trial[name] = choice[1] * (choice[2] / choice[1]) ** rng.random()
            else:
                trial[name] = choice[1] + (choice[2] - choice[1]) * rng.random()
    return trials
    for _trial in range(n):
        trial = {}"""
        },
    ),
]

# Inputs are the caller's.
MISCONCEPTIONS += [
    Misconception(
        "step-decay-in-place",
        "training_recipes-step-decay",
        append="""
_right_step_decay = step_decay

def step_decay(step, *settings, **more):
    result = _right_step_decay(step, *settings, **more)
    if isinstance(step, np.ndarray):
        step += 1
    return result
""",
        hint="After the call the array of steps is another: your code counts it up in place. It "
        "belongs to the caller, so work on a copy.",
    ),
    Misconception(
        "exponential-decay-in-place",
        "training_recipes-exponential-decay",
        append="""
_right_exponential_decay = exponential_decay

def exponential_decay(step, *settings, **more):
    result = _right_exponential_decay(step, *settings, **more)
    if isinstance(step, np.ndarray):
        step += 1
    return result
""",
        hint="After the call the array of steps is another: your code counts it up in place. It "
        "belongs to the caller, so work on a copy.",
    ),
    Misconception(
        "cosine-annealing-in-place",
        "training_recipes-cosine-annealing",
        append="""
_right_cosine_annealing = cosine_annealing

def cosine_annealing(step, *settings, **more):
    result = _right_cosine_annealing(step, *settings, **more)
    if isinstance(step, np.ndarray):
        step += 1
    return result
""",
        hint="After the call the array of steps is another: your code counts it up in place. It "
        "belongs to the caller, so work on a copy.",
    ),
    Misconception(
        "linear-warmup-in-place",
        "training_recipes-linear-warmup",
        append="""
_right_linear_warmup = linear_warmup

def linear_warmup(step, *settings, **more):
    result = _right_linear_warmup(step, *settings, **more)
    if isinstance(step, np.ndarray):
        step += 1
    return result
""",
        hint="After the call the array of steps is another: your code counts it up in place. It "
        "belongs to the caller, so work on a copy.",
    ),
    Misconception(
        "smoothing-sorts-y",
        "training_recipes-label-smoothing",
        append="""
_right_label_smoothing = label_smoothing

def label_smoothing(y, *settings, **more):
    result = _right_label_smoothing(y, *settings, **more)
    y.sort()
    return result
""",
        hint="After the call y is another: your code sorts it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
]
