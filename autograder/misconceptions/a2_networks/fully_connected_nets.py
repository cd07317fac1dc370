"""Misconceptions, shortcuts and accepted variants of the fully-connected-nets notebook."""

from autograder.misconceptions import Misconception, Shortcut, Variant
from autograder.misconceptions.a1_classifiers.two_layer_net import no_half

NAME = "fully_connected_nets"
INIT, SCORES, LOSS = f"{NAME}-init", f"{NAME}-scores", f"{NAME}-loss"
GRADIENTS, EXTRAS = f"{NAME}-gradients", f"{NAME}-normalization-dropout"
MOMENTUM, NESTEROV, ADAGRAD = f"{NAME}-sgd-momentum", f"{NAME}-nesterov", f"{NAME}-adagrad"
ADADELTA, RMSPROP = f"{NAME}-adadelta", f"{NAME}-rmsprop"
ADAM, ADAMW = f"{NAME}-adam", f"{NAME}-adamw"

# Parts of the reference that several patches replace.
SIZES = "sizes = [input_dim, *hidden_dims, num_classes]"
WEIGHTS = 'self.params[f"W{layer}"] = weight_scale * np.random.randn(inputs, outputs)'
BIAS = 'self.params[f"b{layer}"] = np.zeros(outputs)'
WHERE_GAMMA = "if self.normalization and layer < self.num_layers:"
GAMMA = 'self.params[f"gamma{layer}"] = np.ones(outputs)'
BETA = 'self.params[f"beta{layer}"] = np.zeros(outputs)'
CAST = "self.params[name] = self.params[name].astype(dtype)"

EACH = "for settings in (self.dropout_param, *self.bn_params):"
MODE = 'mode = "test" if y is None else "train"'
AFFINE = "hidden, affine_cache = affine_forward(hidden, W, b)"
NORM = "hidden, norm_cache = norm(hidden, gamma, beta, self.bn_params[layer - 1])"
CHOICE = 'norm = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward'
RELU = "hidden, relu_cache = relu_forward(hidden)"
DROPOUT = "hidden, dropout_cache = dropout_forward(hidden, self.dropout_param)"
LAST = "scores, last_cache = affine_forward(hidden, W, b)"
SHOWN = "            return scores"

BEGIN_BACKWARD = "dhidden, dW, db = affine_backward(dscores, last_cache)"
DROPOUT_BACK = "dhidden = dropout_backward(dhidden, dropout_cache)"
RELU_BACK = "dhidden = relu_backward(dhidden, relu_cache)"
NORM_BACK = "dhidden, dgamma, dbeta = norm_backward(dhidden, norm_cache)"
BATCH = 'batch = self.normalization == "batchnorm"'
NORM_GRADS = 'grads[f"gamma{layer}"], grads[f"beta{layer}"] = dgamma, dbeta'
GRADS = 'grads[f"W{layer}"], grads[f"b{layer}"] = dW, db'
LAST_GRADS = 'grads[f"W{self.num_layers}"], grads[f"b{self.num_layers}"] = dW, db'
PENALTY = "loss += 0.5 * self.reg * np.sum(W**2)"
DECAY = 'grads[f"W{layer}"] = grads[f"W{layer}"] + self.reg * W'
RETURN = "        return loss, grads"

ROLL = 'velocity = config["momentum"] * velocity - config["learning_rate"] * dw'
MOVE = "next_w = w + velocity"
KEEP_VELOCITY = 'config["velocity"] = velocity'
ROLL_AHEAD = 'after = momentum * before - config["learning_rate"] * dw'
MOVE_AHEAD = "next_w = w - momentum * before + (1 + momentum) * after"
KEEP_AHEAD = 'config["velocity"] = after'
SQUARES = 'squares = config.get("cache", np.zeros_like(w)) + dw**2'
ADAGRAD_STEP = 'next_w = w - config["learning_rate"] * dw / (np.sqrt(squares) + config["epsilon"])'
KEEP_SQUARES = 'config["cache"] = squares'
C = "c = rho * c + (1 - rho) * dw**2"
STEP = "step = -np.sqrt(d + epsilon) / np.sqrt(c + epsilon) * dw"
D = "d = rho * d + (1 - rho) * step**2"
KEEP_BOTH = 'config["cache"], config["delta"] = c, d'
MEAN = 'mean = config["decay_rate"] * mean + (1 - config["decay_rate"]) * dw**2'
RMSPROP_STEP = 'next_w = w - config["learning_rate"] * dw / (np.sqrt(mean) + config["epsilon"])'
KEEP_MEAN = 'config["cache"] = mean'
BETAS = 'beta1, beta2 = config["beta1"], config["beta2"]'
T = 't = config.get("t", 0) + 1'
M = "m = beta1 * m + (1 - beta1) * dw"
V = "v = beta2 * v + (1 - beta2) * dw**2"
HATS = "m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)"
ADAM_STEP = 'next_w = w - config["learning_rate"] * m_hat / (np.sqrt(v_hat) + config["epsilon"])'
KEEP_MOMENTS = 'config["m"], config["v"], config["t"] = m, v, t'
CALL_ADAM = "next_w, config = adam(w, dw, config)"
DECOUPLED = 'next_w = next_w - config["learning_rate"] * config["weight_decay"] * w'

MISCONCEPTIONS = [
    # --- init ---
    Misconception(
        "init-no-scale",
        INIT,
        {WEIGHTS: 'self.params[f"W{layer}"] = np.random.randn(inputs, outputs)'},
        hint="The weights have standard deviation 1; multiply them by weight_scale.",
    ),
    Misconception(
        "init-scale-as-variance",
        INIT,
        {WEIGHTS: WEIGHTS.replace("weight_scale", "weight_scale**0.5")},
        hint="weight_scale is the standard deviation, not the variance: no root.",
    ),
    Misconception(
        "init-uniform",
        INIT,
        {WEIGHTS: WEIGHTS.replace("randn", "rand")},
        hint="np.random.rand draws between 0 and 1; np.random.randn draws normal numbers, with "
        "mean 0.",
    ),
    Misconception(
        "init-transposed",
        INIT,
        {WEIGHTS: WEIGHTS.replace("inputs, outputs", "outputs, inputs")},
        hint="The weights are transposed: W has a row for each input and a column for each output.",
    ),
    Misconception(
        "init-random-biases",
        INIT,
        {BIAS: 'self.params[f"b{layer}"] = weight_scale * np.random.randn(outputs)'},
        hint="Biases begin at 0, not at random numbers.",
    ),
    Misconception(
        "init-gamma-zero",
        INIT,
        {GAMMA: GAMMA.replace("ones", "zeros")},
        hint="gamma is a factor: at 0 it switches every unit off. It begins at 1.",
    ),
    Misconception(
        "init-beta-one",
        INIT,
        {BETA: BETA.replace("zeros", "ones")},
        hint="beta is added, so it begins at 0.",
    ),
    Misconception(
        "init-gamma-of-last-layer",
        INIT,
        {WHERE_GAMMA: "if self.normalization:"},
        hint="The last affine layer gets a gamma and a beta as well. Only hidden layers are "
        "normalised; the scores are not.",
    ),
    Misconception(
        "init-gamma-always",
        INIT,
        {WHERE_GAMMA: "if layer < self.num_layers:"},
        hint="There are gamma and beta even without normalisation; make them only where "
        "normalization is set.",
    ),
    Misconception(
        "init-gamma-of-inputs",
        INIT,
        {GAMMA: GAMMA.replace("outputs", "inputs"), BETA: BETA.replace("outputs", "inputs")},
        hint="gamma and beta have the size of the layer's inputs. What is normalised is its "
        "output, so they have the shape of its bias.",
    ),
    Misconception(
        "init-double-precision",
        INIT,
        {CAST: "self.params[name] = self.params[name].astype(np.float64)"},
        hint="The parameters are float64, whatever dtype says: use array.astype(dtype).",
    ),
    Misconception(
        "init-names-from-zero",
        INIT,
        {BIAS: BIAS + "\n            " + 'self.params[f"W{layer - 1}"] = self.params[f"W{layer}"]'},
        hint="There is a W0. The names count from 1: W1 belongs to the first affine layer.",
    ),
    # --- scores ---
    Misconception(
        "scores-no-relu",
        SCORES,
        {RELU: "relu_cache = None", RELU_BACK: "pass"},
        hint="There is no ReLU between the affine layers, so all of them together are a single "
        "linear one.",
    ),
    Misconception(
        "scores-relu-at-the-end",
        SCORES,
        {LAST: f"{LAST}\n        scores, _cache = relu_forward(scores)"},
        hint="The scores went through a ReLU as well. The last affine layer has none: scores may "
        "be negative.",
    ),
    Misconception(
        "scores-probabilities",
        SCORES,
        {
            SHOWN: "            odds = np.exp(scores - np.max(scores, 1, keepdims=True))\n"
            "            return odds / odds.sum(1, keepdims=True)"
        },
        hint="You return probabilities. The scores themselves are asked for; softmax belongs to "
        "the loss.",
    ),
    Misconception(
        "scores-log-probabilities",
        SCORES,
        {
            SHOWN: "            lower = scores - np.max(scores, 1, keepdims=True)\n"
            "            return lower - np.log(np.exp(lower).sum(1, keepdims=True))"
        },
        hint="You return logarithms of probabilities. The scores themselves are asked for; softmax "
        "belongs to the loss.",
    ),
    Misconception(
        "scores-double-precision",
        SCORES,
        {SHOWN: "            return scores.astype(np.float64)"},
        hint="The scores are right, but in float64 where the network is in float32.",
    ),
    # --- loss ---
    Misconception(
        "loss-no-regularisation",
        LOSS,
        {PENALTY: "pass"},
        hint="The regularisation is missing from the loss: 0.5 * reg times the sum of all squared "
        "weights.",
    ),
    no_half(LOSS, PENALTY),
    Misconception(
        "loss-last-weights-only",
        LOSS,
        {
            RETURN: f"        loss -= 0.5 * self.reg * (sum(np.sum(self.params[f'W{{i}}'] ** 2) "
            f"for i in range(1, self.num_layers)))\n{RETURN}"
        },
        hint="Only the weights of the last layer are regularised in the loss; those of all layers "
        "are to be.",
    ),
    Misconception(
        "loss-hidden-weights-only",
        LOSS,
        {RETURN: f"        loss -= 0.5 * self.reg * np.sum(W**2)\n{RETURN}"},
        hint="The weights of the last layer are missing from the regularisation in the loss.",
    ),
    Misconception(
        "loss-biases-regularised",
        LOSS,
        {
            PENALTY: f"{PENALTY}\n            "
            'loss += 0.5 * self.reg * np.sum(self.params[f"b{layer}"] ** 2)'
        },
        hint="The biases are regularised in the loss as well; only the weights are to be.",
    ),
    Misconception(
        "loss-gamma-and-beta-regularised",
        LOSS,
        {
            RETURN: f"        for name in self.params:\n"
            f'            if name.startswith(("gamma", "beta")):\n'
            f"                loss += 0.5 * self.reg * np.sum(self.params[name] ** 2)\n{RETURN}"
        },
        hint="gamma and beta are regularised in the loss as well. A name that does not begin with "
        "b may be no weight: take only W1, W2, ...",
    ),
    Misconception(
        "loss-norms",
        LOSS,
        {PENALTY: "loss += 0.5 * self.reg * np.linalg.norm(W)"},
        hint="You add the norms of the weights; their squares are asked for.",
    ),
    Misconception(
        "loss-mean-of-squares",
        LOSS,
        {PENALTY: PENALTY.replace("np.sum", "np.mean")},
        hint="You average the squared weights; they are added up.",
    ),
    Misconception(
        "loss-regularisation-over-examples",
        LOSS,
        {PENALTY: f"{PENALTY} / len(X)"},
        hint="You divide the regularisation by the number of examples; only the data loss is a "
        "mean.",
    ),
    Misconception(
        "loss-overwritten",
        LOSS,
        {PENALTY: PENALTY.replace("+=", "=")},
        hint="The regularisation replaces the loss, layer by layer. Add it, with +=.",
    ),
    Misconception(
        "loss-halved",
        LOSS,
        {PENALTY: PENALTY.replace("0.5 * ", ""), RETURN: "        return 0.5 * loss, grads"},
        hint="The factor 0.5 is on the whole loss. It belongs to the regularisation only.",
    ),
    Misconception(
        "loss-weights-not-squared",
        LOSS,
        {PENALTY: PENALTY.replace("W**2", "W")},
        hint="The weights are added up as they are, so that large ones of both signs cancel. "
        "Square them.",
    ),
    Misconception(
        "loss-mean-again",
        LOSS,
        {BEGIN_BACKWARD: f"loss /= len(X)\n        {BEGIN_BACKWARD}"},
        hint="You divide the data loss by N; softmax_loss has done so already.",
    ),
    # --- gradients ---
    Misconception(
        "gradients-no-regularisation",
        GRADIENTS,
        {DECAY: "pass"},
        hint="The gradient of the regularisation is missing: 0.5 * reg * W**2 has the gradient "
        "reg * W.",
    ),
    Misconception(
        "gradients-regularisation-twice",
        GRADIENTS,
        {DECAY: DECAY.replace("self.reg", "2 * self.reg")},
        hint="The gradient of the regularisation is twice what it should be: the factor 0.5 in the "
        "loss and the 2 of the square cancel.",
    ),
    Misconception(
        "gradients-regularisation-half",
        GRADIENTS,
        {DECAY: DECAY.replace("self.reg", "0.5 * self.reg")},
        hint="The gradient of the regularisation is half of what it should be: the derivative of "
        "W**2 is 2 W, and the 2 cancels the factor 0.5.",
    ),
    Misconception(
        "gradients-biases-regularised",
        GRADIENTS,
        {
            DECAY: f'{DECAY}\n            b = self.params[f"b{{layer}}"]\n'
            '            grads[f"b{layer}"] = grads[f"b{layer}"] + self.reg * b'
        },
        hint="The gradients of the biases contain regularisation; only the weights have any.",
    ),
    Misconception(
        "gradients-gamma-and-beta-regularised",
        GRADIENTS,
        {
            RETURN: f"        for name in grads:\n"
            f'            if name.startswith(("gamma", "beta")):\n'
            f"                grads[name] = grads[name] + self.reg * self.params[name]\n{RETURN}"
        },
        hint="The gradients of gamma and beta contain regularisation; only the weights are "
        "regularised.",
    ),
    Misconception(
        "gradients-last-not-regularised",
        GRADIENTS,
        {DECAY: f"if layer < self.num_layers:\n                {DECAY}"},
        hint="The gradient of the last layer's weights lacks its regularisation.",
    ),
    Misconception(
        "gradients-no-relu",
        GRADIENTS,
        {RELU_BACK: "pass"},
        hint="The way back skips the ReLU: what went through relu_forward comes back through "
        "relu_backward.",
    ),
    Misconception(
        "gradients-lower-case",
        GRADIENTS,
        {RETURN: '        return loss, {f"d{name}": grads[name] for name in grads}'},
        hint="The gradients have to have the names of the parameters, W1 and not dW1: the solver "
        "looks them up by name.",
    ),
    Misconception(
        "gradients-steps",
        GRADIENTS,
        {
            RETURN: f"        for name in grads:\n            self.params[name] = "
            f"self.params[name] - 0.01 * grads[name]\n{RETURN}"
        },
        hint="loss changes the parameters. It only tells the gradients; steps are up to the "
        "solver.",
    ),
    # --- normalization-dropout ---
    Misconception(
        "extras-always-training",
        EXTRAS,
        {MODE: 'mode = "train"'},
        hint="Your network is in training mode in a test as well: it drops units at random, and "
        "normalises by the batch. Without y, the mode is test.",
    ),
    Misconception(
        "extras-always-test",
        EXTRAS,
        {MODE: 'mode = "test"'},
        hint="Your network is in test mode while it trains: nothing is dropped, and batch "
        "normalisation never sees a batch. With y, the mode is train.",
    ),
    Misconception(
        "extras-mode-not-for-normalization",
        EXTRAS,
        {EACH: "for settings in (self.dropout_param,):"},
        hint="Dropout changes its mode, and batch normalisation does not: set the mode in each of "
        "self.bn_params, too.",
    ),
    Misconception(
        "extras-mode-not-for-dropout",
        EXTRAS,
        {EACH: "for settings in self.bn_params:"},
        hint="Batch normalisation changes its mode, and dropout does not: set the mode in "
        "self.dropout_param, too.",
    ),
    Misconception(
        "extras-fresh-averages",
        EXTRAS,
        {NORM: NORM.replace("self.bn_params[layer - 1]", "dict(self.bn_params[layer - 1])")},
        hint="Batch normalisation gets a copy of its dictionary, so that the running averages that "
        "it writes there are lost. Hand over self.bn_params[l - 1] itself.",
    ),
    Misconception(
        "extras-one-average-for-all",
        EXTRAS,
        {NORM: NORM.replace("[layer - 1]", "[0]")},
        hint="All hidden layers share the running averages of the first. Each has a dictionary of "
        "its own in self.bn_params.",
    ),
    Misconception(
        "extras-normalized-after-relu",
        EXTRAS,
        {
            RELU: "pass",
            AFFINE: f"{AFFINE}\n            if not self.normalization:\n                {RELU}",
            NORM: f"{RELU}\n                {NORM}",
            RELU_BACK: f"if not self.normalization:\n                {RELU_BACK}",
            NORM_GRADS: f"{NORM_GRADS}\n                {RELU_BACK}",
        },
        hint="You normalise after the ReLU. The order is affine, normalisation, ReLU, dropout.",
    ),
    Misconception(
        "extras-dropout-before-normalization",
        EXTRAS,
        {
            DROPOUT: "pass",
            AFFINE: f"{AFFINE}\n            if self.use_dropout:\n"
            f"                hidden, dropped = dropout_forward(hidden, self.dropout_param)",
            "caches.append((affine_cache, norm_cache, relu_cache, dropout_cache))": (
                "dropout_cache = dropped if self.use_dropout else None\n            "
                "caches.append((affine_cache, norm_cache, relu_cache, dropout_cache))"
            ),
            f"            if self.use_dropout:\n                {DROPOUT_BACK}\n": "",
            "dhidden, dW, db = affine_backward(dhidden, affine_cache)": (
                "if self.use_dropout:\n                "
                f"{DROPOUT_BACK}\n            "
                "dhidden, dW, db = affine_backward(dhidden, affine_cache)"
            ),
        },
        hint="You drop units before the normalisation, which then takes the zeros into its means. "
        "Dropout comes last in a hidden layer.",
    ),
    Misconception(
        "extras-dropout-of-scores",
        EXTRAS,
        {
            LAST: f"{LAST}\n        if self.use_dropout:\n"
            "            scores, scores_cache = dropout_forward(scores, self.dropout_param)",
            BEGIN_BACKWARD: "if self.use_dropout:\n"
            "            dscores = dropout_backward(dscores, scores_cache)\n"
            f"        {BEGIN_BACKWARD}",
        },
        hint="The scores go through dropout as well; only hidden layers do.",
    ),
    Misconception(
        "extras-dropout-not-on-the-way-back",
        EXTRAS,
        {DROPOUT_BACK: "pass"},
        hint="The way back skips dropout: what went through dropout_forward comes back through "
        "dropout_backward.",
    ),
    Misconception(
        "extras-dropout-ratio",
        EXTRAS,
        {
            DROPOUT: DROPOUT.replace(
                "self.dropout_param", '{**self.dropout_param, "p": 1 - self.dropout_param["p"]}'
            )
        },
        hint="p is the probability to keep a unit, in dropout_param as in dropout_keep_ratio. You "
        "hand over the probability to drop it.",
    ),
    Misconception(
        "extras-gamma-and-beta-swapped",
        EXTRAS,
        {NORM_GRADS: NORM_GRADS.replace("dgamma, dbeta", "dbeta, dgamma")},
        hint="The gradients of gamma and beta are exchanged. A backward function returns the "
        "gradients in the order of the inputs: x, gamma, beta.",
    ),
    Misconception(
        "extras-no-gradients-of-gamma",
        EXTRAS,
        {NORM_GRADS: "pass"},
        hint="The gradients of gamma and beta are missing in grads, so these two never learn.",
    ),
    Misconception(
        "extras-layernorm-is-batchnorm",
        EXTRAS,
        {CHOICE: "norm = batchnorm_forward", BATCH: "batch = True"},
        hint='You use batch normalisation for "layernorm", too. Ask what self.normalization is.',
    ),
    Misconception(
        "extras-batchnorm-is-layernorm",
        EXTRAS,
        {CHOICE: "norm = layernorm_forward", BATCH: "batch = False"},
        hint='You use layer normalisation for "batchnorm", too. Ask what self.normalization is.',
    ),
    Misconception(
        "extras-normalization-not-on-the-way-back",
        EXTRAS,
        {NORM_BACK: "_dx, dgamma, dbeta = norm_backward(dhidden, norm_cache)"},
        hint="The gradient goes past the normalisation: go on with the dx that comes back from it.",
    ),
    # --- sgd-momentum ---
    Misconception(
        "momentum-uphill",
        MOMENTUM,
        {ROLL: ROLL.replace("- config", "+ config")},
        hint="The velocity points uphill: the gradient is subtracted.",
    ),
    Misconception(
        "momentum-subtracted",
        MOMENTUM,
        {MOVE: "next_w = w - velocity"},
        hint="The minus is in the velocity already, so the velocity is added to w.",
    ),
    Misconception(
        "momentum-mean",
        MOMENTUM,
        {
            ROLL: 'velocity = config["momentum"] * velocity - (1 - config["momentum"]) * '
            'config["learning_rate"] * dw'
        },
        hint="You average the gradients with the factor 1 - momentum. Here the velocity is a sum: "
        "the new gradient has the factor learning_rate alone.",
    ),
    Misconception(
        "momentum-velocity-before",
        MOMENTUM,
        {ROLL: f"before = velocity\n    {ROLL}", MOVE: "next_w = w + before"},
        hint="You move by the velocity before this step; compute the new one first.",
    ),
    Misconception(
        "momentum-not-kept",
        MOMENTUM,
        {KEEP_VELOCITY: "pass"},
        hint='The new velocity is not in the config that you return; store it as "velocity".',
    ),
    Misconception(
        "momentum-rate-outside",
        MOMENTUM,
        {
            ROLL: 'velocity = config["momentum"] * velocity - dw',
            MOVE: 'next_w = w + config["learning_rate"] * velocity',
        },
        hint="Your velocity does not include the learning rate. As long as that stays the same, w "
        "is right; when it falls, a velocity that was gained earlier must stay.",
    ),
    Misconception(
        "momentum-in-place",
        MOMENTUM,
        {MOVE: "next_w = w\n    next_w += velocity"},
        hint="`next_w = w` makes no copy, so that += changes the caller's w.",
    ),
    Misconception(
        "momentum-other-default",
        MOMENTUM,
        {
            ROLL: f'config.setdefault("velocity", dw)\n    {ROLL}'.replace(
                "* velocity", '* config["velocity"]'
            )
        },
        hint="The velocity begins with the first gradient; it is 0 before the first step.",
    ),
    Misconception(
        "momentum-fixed",
        MOMENTUM,
        {ROLL: ROLL.replace('config["momentum"]', "0.9")},
        hint="momentum is 0.9 in your code, whatever config says. Take it from config.",
    ),
    Misconception(
        "momentum-other-name",
        MOMENTUM,
        {KEEP_VELOCITY: 'config["v"] = velocity'},
        hint="You store the velocity under another name than the one it is read from, so every"
        ' step begins with 0. The docstring calls it "velocity".',
    ),
    Misconception(
        "momentum-gradients-summed",
        MOMENTUM,
        {
            ROLL: 'velocity = config["momentum"] * velocity + dw',
            MOVE: 'next_w = w - config["learning_rate"] * velocity',
        },
        hint="Your velocity is a sum of gradients, without learning rate and minus. As long as"
        " the rate stays the same, w is right; but velocity should be what is added to w,"
        " so that it stays when the rate falls.",
    ),
    Misconception(
        "momentum-looks-ahead",
        MOMENTUM,
        {MOVE: MOVE + ' * config["momentum"] - config["learning_rate"] * dw'},
        hint="That is Nesterov's momentum, which comes next: here w moves by the new velocity,"
        " and no further.",
    ),
    # --- nesterov ---
    Misconception(
        "nesterov-plain-momentum",
        NESTEROV,
        {MOVE_AHEAD: "next_w = w + after"},
        hint="That is plain momentum: w moves by the new velocity alone. Here w is the place "
        "ahead, so the old look ahead is taken back and a new one added. That needs both "
        "velocities: keep the one before this step.",
    ),
    Misconception(
        "nesterov-wrong-sign",
        NESTEROV,
        {MOVE_AHEAD: MOVE_AHEAD.replace("w - momentum", "w + momentum")},
        hint="The old velocity has the wrong sign: the old look ahead is taken back.",
    ),
    Misconception(
        "nesterov-no-one",
        NESTEROV,
        {MOVE_AHEAD: MOVE_AHEAD.replace("(1 + momentum)", "momentum")},
        hint="The new velocity has the factor 1 + momentum: one for the step, momentum for the "
        "look ahead.",
    ),
    Misconception(
        "nesterov-look-ahead-forgotten",
        NESTEROV,
        {MOVE_AHEAD: MOVE_AHEAD.replace("- momentum * before ", "")},
        hint="The old look ahead is not taken back: the term with the velocity before this step is "
        "missing.",
    ),
    Misconception(
        "nesterov-not-kept",
        NESTEROV,
        {KEEP_AHEAD: "pass"},
        hint='The new velocity is not in the config that you return; store it as "velocity".',
    ),
    Misconception(
        "nesterov-keeps-the-old",
        NESTEROV,
        {KEEP_AHEAD: 'config["velocity"] = before'},
        hint="You store the velocity before this step, so it stays 0 for ever; store the new one.",
    ),
    Misconception(
        "nesterov-in-place",
        NESTEROV,
        {MOVE_AHEAD: "next_w = w\n    next_w += (1 + momentum) * after - momentum * before"},
        hint="`next_w = w` makes no copy, so that += changes the caller's w.",
    ),
    Misconception(
        "nesterov-uphill",
        NESTEROV,
        {ROLL_AHEAD: ROLL_AHEAD.replace("- config", "+ config")},
        hint="The velocity points uphill: the gradient is subtracted.",
    ),
    # --- adagrad ---
    Misconception(
        "adagrad-no-root",
        ADAGRAD,
        {ADAGRAD_STEP: ADAGRAD_STEP.replace("np.sqrt(squares)", "squares")},
        hint="You divide by the sum of squares; take its root.",
    ),
    Misconception(
        "adagrad-epsilon-under-the-root",
        ADAGRAD,
        {
            ADAGRAD_STEP: 'next_w = w - config["learning_rate"] * dw / np.sqrt(squares + '
            'config["epsilon"])'
        },
        hint="epsilon stands under the root; it is added to the root.",
    ),
    Misconception(
        "adagrad-mean",
        ADAGRAD,
        {SQUARES: 'squares = 0.99 * config.get("cache", np.zeros_like(w)) + 0.01 * dw**2'},
        hint="You take a running mean of the squares, which is RMSProp. AdaGrad adds them up.",
    ),
    Misconception(
        "adagrad-not-squared",
        ADAGRAD,
        {SQUARES: SQUARES.replace("dw**2", "np.abs(dw)")},
        hint="You add up the gradients' absolute values; their squares are asked for.",
    ),
    Misconception(
        "adagrad-one-for-all",
        ADAGRAD,
        {SQUARES: SQUARES.replace("dw**2", "np.sum(dw**2)")},
        hint="You add up the squares over all numbers of the parameter. Each number has a sum of "
        "its own.",
    ),
    Misconception(
        "adagrad-cache-before",
        ADAGRAD,
        {ADAGRAD_STEP: ADAGRAD_STEP.replace("np.sqrt(squares)", "np.sqrt(squares - dw**2)")},
        hint="The step uses the cache before this gradient was added, so the first one is divided "
        "by epsilon alone.",
    ),
    Misconception(
        "adagrad-not-kept",
        ADAGRAD,
        {KEEP_SQUARES: "pass"},
        hint='The sum is not in the config that you return: store it in config["cache"].',
    ),
    Misconception(
        "adagrad-in-place",
        ADAGRAD,
        {
            ADAGRAD_STEP: 'next_w = w\n    next_w -= config["learning_rate"] * dw / '
            '(np.sqrt(squares) + config["epsilon"])'
        },
        hint="`next_w = w` makes no copy, so that -= changes the caller's w.",
    ),
    Misconception(
        "adagrad-uphill",
        ADAGRAD,
        {ADAGRAD_STEP: ADAGRAD_STEP.replace("w - config", "w + config")},
        hint="The step goes uphill: it is subtracted from w.",
    ),
    Misconception(
        "adagrad-no-epsilon",
        ADAGRAD,
        {ADAGRAD_STEP: ADAGRAD_STEP.replace(' + config["epsilon"]', "")},
        hint="epsilon is missing: without it, a number whose gradients were all 0 is 0 divided"
        " by 0.",
    ),
    Misconception(
        "adagrad-last-square",
        ADAGRAD,
        {SQUARES: "squares = dw**2"},
        hint="The cache holds the square of this gradient alone. Add it to those of all "
        "gradients before.",
    ),
    # --- adadelta ---
    Misconception(
        "adadelta-learning-rate",
        ADADELTA,
        {"next_w = w + step": 'next_w = w + config.get("learning_rate", 1e-2) * step'},
        hint="There is a learning rate in the step. AdaDelta has none; delta gives the size.",
    ),
    Misconception(
        "adadelta-epsilon-beside-the-roots",
        ADADELTA,
        {STEP: "step = -(np.sqrt(d) + epsilon) / (np.sqrt(c) + epsilon) * dw"},
        hint="epsilon is added to the roots; in AdaDelta it stands under them.",
    ),
    Misconception(
        "adadelta-no-epsilon-above",
        ADADELTA,
        {STEP: STEP.replace("np.sqrt(d + epsilon)", "np.sqrt(d)")},
        hint="epsilon is missing in the numerator. delta is 0 at the start, so nothing ever moves.",
    ),
    Misconception(
        "adadelta-roots-exchanged",
        ADADELTA,
        {STEP: "step = -np.sqrt(c + epsilon) / np.sqrt(d + epsilon) * dw"},
        hint="The roots are exchanged: the gradient is divided by that of the cache, and "
        "multiplied by that of delta.",
    ),
    Misconception(
        "adadelta-delta-of-gradients",
        ADADELTA,
        {D: "d = rho * d + (1 - rho) * dw**2"},
        hint="delta is a running mean of squared steps; you average squared gradients.",
    ),
    Misconception(
        "adadelta-delta-not-squared",
        ADADELTA,
        {D: "d = rho * d + (1 - rho) * np.abs(step)"},
        hint="The steps in delta are not squared.",
    ),
    Misconception(
        "adadelta-rates-exchanged",
        ADADELTA,
        {C: "c = (1 - rho) * c + rho * dw**2", D: "d = (1 - rho) * d + rho * step**2"},
        hint="rho and 1 - rho are exchanged: rho, near 1, is the part of the mean that stays.",
    ),
    Misconception(
        "adadelta-cache-before",
        ADADELTA,
        {C: f"before = c\n    {C}", STEP: STEP.replace("np.sqrt(c", "np.sqrt(before")},
        hint="The step uses the cache before this gradient; it needs the new one.",
    ),
    Misconception(
        "adadelta-delta-not-kept",
        ADADELTA,
        {KEEP_BOTH: 'config["cache"] = c'},
        hint='delta is not in the config that you return: store it in config["delta"].',
    ),
    Misconception(
        "adadelta-in-place",
        ADADELTA,
        {"next_w = w + step": "next_w = w\n    next_w += step"},
        hint="`next_w = w` makes no copy, so that += changes the caller's w.",
    ),
    Misconception(
        "adadelta-uphill",
        ADADELTA,
        {"next_w = w + step": "next_w = w - step"},
        hint="The step has its minus already, so it is added to w.",
    ),
    Misconception(
        "adadelta-sum",
        ADADELTA,
        {C: C.replace("(1 - rho) * dw", "dw").replace("rho * c", "c")},
        hint="The cache is a sum, as in AdaGrad, and only grows. Here it is a running mean.",
    ),
    Misconception(
        "adadelta-kept-crosswise",
        ADADELTA,
        {KEEP_BOTH: 'config["cache"], config["delta"] = d, c'},
        hint="cache and delta are exchanged in the config that you return.",
    ),
    # --- rmsprop ---
    Misconception(
        "rmsprop-no-root",
        RMSPROP,
        {RMSPROP_STEP: RMSPROP_STEP.replace("np.sqrt(mean)", "mean")},
        hint="You divide by the mean of squares; take its root.",
    ),
    Misconception(
        "rmsprop-epsilon-under-the-root",
        RMSPROP,
        {
            RMSPROP_STEP: 'next_w = w - config["learning_rate"] * dw / np.sqrt(mean + '
            'config["epsilon"])'
        },
        hint="epsilon stands under the root; it is added to the root.",
    ),
    Misconception(
        "rmsprop-rates-exchanged",
        RMSPROP,
        {MEAN: 'mean = (1 - config["decay_rate"]) * mean + config["decay_rate"] * dw**2'},
        hint="decay_rate and 1 - decay_rate are exchanged: decay_rate, near 1, is the part of the "
        "mean that stays.",
    ),
    Misconception(
        "rmsprop-sum",
        RMSPROP,
        {MEAN: 'mean = config["decay_rate"] * mean + dw**2'},
        hint="The new square has the factor 1; in a running mean it is 1 - decay_rate.",
    ),
    Misconception(
        "rmsprop-not-squared",
        RMSPROP,
        {MEAN: MEAN.replace("dw**2", "np.abs(dw)")},
        hint="The gradients in the cache are not squared.",
    ),
    Misconception(
        "rmsprop-cache-before",
        RMSPROP,
        {
            MEAN: f"before = mean\n    {MEAN}",
            RMSPROP_STEP: RMSPROP_STEP.replace("np.sqrt(mean)", "np.sqrt(before)"),
        },
        hint="The step uses the cache before this gradient, so the first one is divided by epsilon "
        "alone.",
    ),
    Misconception(
        "rmsprop-not-kept",
        RMSPROP,
        {KEEP_MEAN: "pass"},
        hint='The mean is not in the config that you return: store it in config["cache"].',
    ),
    Misconception(
        "rmsprop-in-place",
        RMSPROP,
        {
            RMSPROP_STEP: 'next_w = w\n    next_w -= config["learning_rate"] * dw / '
            '(np.sqrt(mean) + config["epsilon"])'
        },
        hint="`next_w = w` makes no copy, so that -= changes the caller's w.",
    ),
    # --- adam ---
    Misconception(
        "adam-no-correction",
        ADAM,
        {HATS: "m_hat, v_hat = m, v"},
        hint="The bias correction is missing: m and v begin at 0, so both are too small at first. "
        "Divide them by 1 - beta1**t and 1 - beta2**t.",
    ),
    Misconception(
        "adam-only-m-corrected",
        ADAM,
        {HATS: "m_hat, v_hat = m / (1 - beta1**t), v"},
        hint="Only m is corrected; v begins at 0 as well.",
    ),
    Misconception(
        "adam-only-v-corrected",
        ADAM,
        {HATS: "m_hat, v_hat = m, v / (1 - beta2**t)"},
        hint="Only v is corrected; m begins at 0 as well.",
    ),
    Misconception(
        "adam-counts-after-use",
        ADAM,
        {T: 't = config.get("t", 0)', KEEP_MOMENTS: f"t += 1\n    {KEEP_MOMENTS}"},
        hint="t is increased after it was used, so that in the first step it is 0 and you divide "
        "by 1 - beta**0 = 0. Increase it first.",
    ),
    Misconception(
        "adam-counts-one-too-many",
        ADAM,
        {T: 't = config.get("t", 1) + 1'},
        hint="Your t is one too large: before the first step it is 0, and in it 1.",
    ),
    Misconception(
        "adam-always-the-first-step",
        ADAM,
        {T: "t = 1"},
        hint="t is 1 in every step, so the correction never ends. Read it from config and store it "
        "there.",
    ),
    Misconception(
        "adam-epsilon-under-the-root",
        ADAM,
        {
            ADAM_STEP: 'next_w = w - config["learning_rate"] * m_hat / np.sqrt(v_hat + '
            'config["epsilon"])'
        },
        hint="epsilon stands under the root; it is added to the root.",
    ),
    Misconception(
        "adam-betas-exchanged",
        ADAM,
        {BETAS: 'beta1, beta2 = config["beta2"], config["beta1"]'},
        hint="beta1 and beta2 are exchanged: beta1 belongs to m, the mean of gradients, beta2 to "
        "v, the mean of squares.",
    ),
    Misconception(
        "adam-parts-exchanged",
        ADAM,
        {M: "m = (1 - beta1) * m + beta1 * dw", V: "v = (1 - beta2) * v + beta2 * dw**2"},
        hint="beta and 1 - beta are exchanged: beta, near 1, is the part of the mean that stays.",
    ),
    Misconception(
        "adam-moments-exchanged",
        ADAM,
        {M: "m = beta1 * m + (1 - beta1) * dw**2", V: "v = beta2 * v + (1 - beta2) * dw"},
        hint="m and v are exchanged: m is the mean of gradients, v that of their squares.",
    ),
    Misconception(
        "adam-no-root",
        ADAM,
        {ADAM_STEP: ADAM_STEP.replace("np.sqrt(v_hat)", "v_hat")},
        hint="You divide by v, a mean of squares; take its root.",
    ),
    Misconception(
        "adam-not-squared",
        ADAM,
        {V: "v = beta2 * v + (1 - beta2) * np.abs(dw)"},
        hint="The gradients in v are not squared.",
    ),
    Misconception(
        "adam-gradient-in-the-numerator",
        ADAM,
        {ADAM_STEP: ADAM_STEP.replace("m_hat", "dw")},
        hint="The step is along the gradient, as in RMSProp; in Adam it is along its mean m.",
    ),
    Misconception(
        "adam-keeps-corrected",
        ADAM,
        {KEEP_MOMENTS: 'config["m"], config["v"], config["t"] = m_hat, v_hat, t'},
        hint="You store m and v after their correction, so that they are corrected again in the "
        "next step. Store them as they are before.",
    ),
    Misconception(
        "adam-not-kept",
        ADAM,
        {KEEP_MOMENTS: 'config["t"] = t'},
        hint="m and v are not in the config that you return, so every step begins with zeros.",
    ),
    Misconception(
        "adam-in-place",
        ADAM,
        {
            ADAM_STEP: 'next_w = w\n    next_w -= config["learning_rate"] * m_hat / '
            '(np.sqrt(v_hat) + config["epsilon"])'
        },
        hint="`next_w = w` makes no copy, so that -= changes the caller's w.",
    ),
    Misconception(
        "adam-fixed-betas",
        ADAM,
        {BETAS: "beta1, beta2 = 0.9, 0.999"},
        hint="beta1 and beta2 are numbers in your code, whatever config says. Take them from "
        "config.",
    ),
    Misconception(
        "adam-counter-not-kept",
        ADAM,
        {KEEP_MOMENTS: 'config["m"], config["v"] = m, v'},
        hint="t is not in the config that you return, so each step takes itself for the first.",
    ),
    Misconception(
        "adam-counts-twice",
        ADAM,
        {KEEP_MOMENTS: KEEP_MOMENTS + " + 1"},
        hint="You add 1 to t twice in each step, so it counts the steps double.",
    ),
    Misconception(
        "adam-correction-multiplied",
        ADAM,
        {HATS: HATS.replace("/", "*")},
        hint="You multiply by 1 - beta**t, which makes m and v still smaller. Divide by it.",
    ),
    Misconception(
        "adam-square-of-mean",
        ADAM,
        {V: V.replace("dw**2", "m**2")},
        hint="v averages the squares of m. It should average the squares of the gradients "
        "themselves.",
    ),
    # --- adamw ---
    Misconception(
        "adamw-coupled",
        ADAMW,
        {
            CALL_ADAM: 'next_w, config = adam(w, dw + config["weight_decay"] * w, config)',
            DECOUPLED: "pass",
        },
        hint="The decay is added to the gradient. So it goes through m and v and is divided by the "
        "root of v: that is Adam with regularisation. Shrink the weights beside Adam's step.",
    ),
    Misconception(
        "adamw-no-decay",
        ADAMW,
        {DECOUPLED: "pass"},
        hint="That is Adam: the weight decay is missing.",
    ),
    Misconception(
        "adamw-decay-without-rate",
        ADAMW,
        {DECOUPLED: 'next_w = next_w - config["weight_decay"] * w'},
        hint="The decay is not multiplied by the learning rate; in the formula it stands within "
        "the parentheses.",
    ),
    Misconception(
        "adamw-grows",
        ADAMW,
        {DECOUPLED: DECOUPLED.replace("next_w -", "next_w +")},
        hint="The decay has the wrong sign: your weights grow.",
    ),
    Misconception(
        "adamw-decays-the-next",
        ADAMW,
        {DECOUPLED: DECOUPLED.replace("* w", "* next_w")},
        hint="You shrink the weights after Adam's step. On both sides of the minus, w is the one "
        "before the step.",
    ),
    Misconception(
        "adamw-half",
        ADAMW,
        {DECOUPLED: DECOUPLED.replace("- config", "- 0.5 * config")},
        hint="There is a factor 0.5 in the decay. That belongs to a loss with 0.5 * reg * W**2; "
        "here it is learning_rate * weight_decay * w.",
    ),
    Misconception(
        "adamw-signs",
        ADAMW,
        {DECOUPLED: DECOUPLED.replace("* w", "* np.sign(w)")},
        hint="All weights lose the same amount. They should lose the same part: w itself is the "
        "factor.",
    ),
    Misconception(
        "adamw-in-place",
        ADAMW,
        {
            DECOUPLED: 'w *= 1 - config["learning_rate"] * config["weight_decay"]\n    '
            "next_w = next_w + w - w / "
            '(1 - config["learning_rate"] * config["weight_decay"])'
        },
        hint="*= on w changes the caller's array. Compute a new one.",
    ),
]

_STAND_IN = "from assignments.standins.a2_networks.fully_connected_nets import {0}\n{0} = {0}\n"
_STAND_IN_NET = """\
from assignments.standins.a2_networks.fully_connected_nets import FullyConnectedNet as StandIn

class FullyConnectedNet(FullyConnectedNet):
    def __init__(self, *args, **kwargs):
        self.net = StandIn(*args, **kwargs)
        self.params = self.net.params

    def loss(self, X, y=None):
        return self.net.loss(X, y)
"""
_BY_NAME = """\
from assignments.optim import find_rule

def {0}(w, dw, config=None):
    return find_rule("{0}")(w, dw, config)
"""
_TORCH_NET = """\
import torch

class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        hidden = torch.tensor(X).flatten(1)
        params = {name: torch.tensor(self.params[name]) for name in self.params}
        for layer in range(1, self.num_layers):
            hidden = torch.relu(hidden @ params[f"W{layer}"] + params[f"b{layer}"])
        last = self.num_layers
        return (hidden @ params[f"W{last}"] + params[f"b{last}"]).numpy()
"""
_TORCH_ADAM = """\
import torch

def adam(w, dw, config=None):
    parameter = torch.tensor(w, requires_grad=True)
    parameter.grad = torch.tensor(dw)
    torch.optim.Adam([parameter]).step()
    return parameter.detach().numpy(), config
"""

SHORTCUTS = [
    Shortcut("stand-in-init", INIT, append=_STAND_IN_NET),
    Shortcut("torch-scores", SCORES, append=_TORCH_NET),
    Shortcut("stand-in-scores", SCORES, append=_STAND_IN_NET),
    Shortcut("stand-in-loss", LOSS, append=_STAND_IN_NET),
    Shortcut("stand-in-gradients", GRADIENTS, append=_STAND_IN_NET),
    Shortcut("stand-in-extras", EXTRAS, append=_STAND_IN_NET),
    Shortcut("stand-in-momentum", MOMENTUM, append=_STAND_IN.format("sgd_momentum")),
    Shortcut("rule-by-name-nesterov", NESTEROV, append=_BY_NAME.format("nesterov")),
    Shortcut("stand-in-adagrad", ADAGRAD, append=_STAND_IN.format("adagrad")),
    Shortcut("rule-by-name-adadelta", ADADELTA, append=_BY_NAME.format("adadelta")),
    Shortcut("stand-in-rmsprop", RMSPROP, append=_STAND_IN.format("rmsprop")),
    Shortcut("torch-adam", ADAM, append=_TORCH_ADAM),
    Shortcut("rule-by-name-adam", ADAM, append=_BY_NAME.format("adam")),
    Shortcut("stand-in-adamw", ADAMW, append=_STAND_IN.format("adamw")),
]

#: A network in the style of another course: sandwiches, one cache a layer, gradients from the end.
_SANDWICHES = """\
def block_forward(x, net, i):
    w, b = net.params["W" + str(i)], net.params["b" + str(i)]
    a, fc_cache = affine_forward(x, w, b)
    bn_cache = do_cache = None
    if net.normalization == "batchnorm":
        a, bn_cache = batchnorm_forward(
            a, net.params["gamma" + str(i)], net.params["beta" + str(i)], net.bn_params[i - 1]
        )
    elif net.normalization == "layernorm":
        a, bn_cache = layernorm_forward(
            a, net.params["gamma" + str(i)], net.params["beta" + str(i)], net.bn_params[i - 1]
        )
    out, relu_cache = relu_forward(a)
    if net.use_dropout:
        out, do_cache = dropout_forward(out, net.dropout_param)
    return out, [fc_cache, bn_cache, relu_cache, do_cache]


def block_backward(dout, cache, net, i, grads):
    fc_cache, bn_cache, relu_cache, do_cache = cache
    if net.use_dropout:
        dout = dropout_backward(dout, do_cache)
    dout = relu_backward(dout, relu_cache)
    if bn_cache is not None:
        back = batchnorm_backward if net.normalization == "batchnorm" else layernorm_backward
        dout, grads["gamma" + str(i)], grads["beta" + str(i)] = back(dout, bn_cache)
    dout, grads["W" + str(i)], grads["b" + str(i)] = affine_backward(dout, fc_cache)
    return dout


class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "train" if y is not None else "test"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode
        L, caches = self.num_layers, {}
        for i in range(1, L):
            X, caches[i] = block_forward(X, self, i)
        scores, caches[L] = affine_forward(X, self.params["W%d" % L], self.params["b%d" % L])
        if mode == "test":
            return scores
        loss, dout = softmax_loss(scores, y)
        loss = np.asarray(
            loss + sum(self.reg / 2 * (w**2).sum() for k, w in self.params.items() if k[0] == "W")
        )
        grads = {}
        dout, grads["W%d" % L], grads["b%d" % L] = affine_backward(dout, caches.pop(L))
        while caches:
            i, cache = caches.popitem()
            dout = block_backward(dout, cache, self, i, grads)
        for key in grads:
            if key.startswith("W"):
                grads[key] += self.reg * self.params[key]
        return loss, grads
"""

#: Only plain networks: normalisation and dropout are not written yet.
_PLAIN = """\
class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        steps, x = [], X.astype(self.dtype)
        for i in range(self.num_layers):
            if i:
                x, cache = relu_forward(x)
                steps += [("relu", cache)]
            x, cache = affine_forward(x, self.params[f"W{i + 1}"], self.params[f"b{i + 1}"])
            steps += [(i + 1, cache)]
        if y is None:
            return x
        loss, dx = softmax_loss(x, y)
        grads = {}
        for what, cache in steps[::-1]:
            if what == "relu":
                dx = relu_backward(dx, cache)
                continue
            dx, dw, grads[f"b{what}"] = affine_backward(dx, cache)
            w = self.params[f"W{what}"]
            loss = loss + self.reg / 2 * (w * w).sum()
            grads[f"W{what}"] = dw + self.reg * w
        return loss, grads
"""

_GENERATOR_INIT = """\
class FullyConnectedNet(FullyConnectedNet):
    def __init__(self, hidden_dims, input_dim=3 * 32 * 32, num_classes=10, dropout_keep_ratio=1,
                 normalization=None, reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None):
        self.normalization, self.use_dropout = normalization, dropout_keep_ratio < 1
        self.reg, self.dtype, self.params = reg, dtype, {}
        self.num_layers = 1 + len(hidden_dims)
        rng, last = np.random.default_rng(), input_dim
        for i, size in enumerate(list(hidden_dims) + [num_classes], 1):
            w = rng.normal(0, weight_scale, (last, size))
            self.params.update({f"W{i}": w.astype(dtype), f"b{i}": np.zeros(size, dtype)})
            last = size
        if normalization is not None:
            for i, size in enumerate(hidden_dims, 1):
                self.params[f"gamma{i}"] = np.full(size, 1, dtype)
                self.params[f"beta{i}"] = np.full(size, 0, dtype)
        self.dropout_param = {"mode": "train", "p": dropout_keep_ratio}
        if seed is not None:
            self.dropout_param["seed"] = seed
        self.bn_params = [{"mode": "train"} for i in range(self.num_layers - 1)]
"""

_NORMAL_INIT = {
    WEIGHTS: "self.params[f'W{layer}'] = np.random.normal(0, weight_scale, (inputs, outputs))",
    CAST: "self.params[name] = np.array(self.params[name], dtype=dtype)",
}

VARIANTS = [
    Variant("init-normal", INIT, _NORMAL_INIT),
    Variant("init-generator", INIT, append=_GENERATOR_INIT),
    Variant("scores-sandwiches", SCORES, append=_SANDWICHES),
    Variant("scores-plain-only", SCORES, append=_PLAIN),
    Variant("loss-sandwiches", LOSS, append=_SANDWICHES),
    Variant("loss-plain-only", LOSS, append=_PLAIN),
    Variant("gradients-sandwiches", GRADIENTS, append=_SANDWICHES),
    Variant("gradients-plain-only", GRADIENTS, append=_PLAIN),
    Variant("extras-sandwiches", EXTRAS, append=_SANDWICHES),
    Variant(
        "extras-affine-relu-in-one",
        EXTRAS,
        {
            EACH: "for settings in [self.dropout_param] + self.bn_params:",
            MODE: 'mode = "train" if y is not None else "test"',
        },
    ),
    Variant(
        "momentum-config-in-place",
        MOMENTUM,
        append="""def sgd_momentum(w, dw, config=None):
    if config is None:
        config = {}
    for key, default in (("learning_rate", 1e-2), ("momentum", 0.9)):
        config.setdefault(key, default)
    v = config.get("velocity", np.zeros_like(w))
    v = config["momentum"] * v - config["learning_rate"] * dw
    config["velocity"] = v
    return w + v, config
""",
    ),
    Variant(
        "momentum-velocity-in-place",
        MOMENTUM,
        {
            ROLL: 'velocity *= config["momentum"]\n    velocity -= config["learning_rate"] * dw',
            MOVE: "next_w = np.add(w, velocity)",
        },
    ),
    Variant(
        "nesterov-other-order",
        NESTEROV,
        {MOVE_AHEAD: "next_w = w + after + momentum * (after - before)"},
    ),
    Variant(
        "nesterov-by-the-gradient",
        NESTEROV,
        {
            MOVE_AHEAD: "next_w = w + momentum**2 * before"
            '- (1 + momentum) * config["learning_rate"] * dw'
        },
    ),
    Variant("adagrad-square", ADAGRAD, {SQUARES: SQUARES.replace("dw**2", "np.square(dw)")}),
    Variant(
        "adagrad-cache-in-place",
        ADAGRAD,
        {SQUARES: 'squares = config.setdefault("cache", np.zeros_like(w))\n    squares += dw * dw'},
    ),
    Variant(
        "adadelta-one-root", ADADELTA, {STEP: "step = -dw * np.sqrt((d + epsilon) / (c + epsilon))"}
    ),
    Variant(
        "adadelta-positive-step",
        ADADELTA,
        {STEP: STEP.replace("-np", "np"), "next_w = w + step": "next_w = w - step"},
    ),
    Variant(
        "rmsprop-towards",
        RMSPROP,
        {MEAN: 'mean = mean + (1 - config["decay_rate"]) * (dw**2 - mean)'},
    ),
    Variant(
        "rmsprop-power",
        RMSPROP,
        {RMSPROP_STEP: RMSPROP_STEP.replace("np.sqrt(mean)", "mean**0.5")},
    ),
    Variant(
        "adam-correction-in-the-rate",
        ADAM,
        {
            HATS: "rate = config['learning_rate'] * (1 - beta2**t) ** 0.5 / (1 - beta1**t)\n    "
            "epsilon = config['epsilon'] * (1 - beta2**t) ** 0.5",
            ADAM_STEP: "next_w = w - rate * m / (np.sqrt(v) + epsilon)",
        },
    ),
    Variant(
        "adam-config-in-place",
        ADAM,
        append="""def adam(w, dw, config=None):
    config = config if config else {}
    for key, value in (("learning_rate", 1e-3), ("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8),
                       ("m", np.zeros_like(w)), ("v", np.zeros_like(w)), ("t", 0)):
        config.setdefault(key, value)
    config["t"] += 1
    config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dw
    config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * dw * dw
    m = config["m"] / (1 - config["beta1"] ** config["t"])
    v = config["v"] / (1 - config["beta2"] ** config["t"])
    return w - config["learning_rate"] * m / (np.sqrt(v) + config["epsilon"]), config
""",
    ),
    Variant(
        "adamw-shrinks-first",
        ADAMW,
        {
            CALL_ADAM: "defaults = {'learning_rate': 1e-3}\n    "
            "shrink = {**defaults, **config}['learning_rate'] * config['weight_decay']\n    "
            "next_w, config = adam(w, dw, config)",
            DECOUPLED: "next_w = next_w - w + (1 - shrink) * w",
        },
    ),
    Variant(
        "adamw-written-out",
        ADAMW,
        append="""def adamw(w, dw, config=None):
    c = dict(config or {})
    lr, wd = c.setdefault("learning_rate", 1e-3), c.setdefault("weight_decay", 1e-2)
    b1, b2 = c.setdefault("beta1", 0.9), c.setdefault("beta2", 0.999)
    eps = c.setdefault("epsilon", 1e-8)
    c["t"] = t = c.get("t", 0) + 1
    c["m"] = m = b1 * c.get("m", 0) + (1 - b1) * dw
    c["v"] = v = b2 * c.get("v", 0) + (1 - b2) * dw**2
    step = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
    return w * (1 - lr * wd) - lr * step, c
""",
    ),
]
