"""Hidden checks of the fully-connected-nets notebook, against PyTorch's layers and optimisers.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own; special cases follow. Networks have parameters that are not trivial, hidden layers of
different sizes, and inputs away from the kinks of ReLU.
"""

import numpy as np

from assignments.compare import assert_close, assert_equal, to_array
from assignments.families.update_rule import Path, UpdateRule, get_state
from assignments.standins.a2_networks.fully_connected_nets import (
    adadelta_rule,
    adagrad_rule,
    adam_rule,
    adamw_rule,
    momentum_rule,
    nesterov_rule,
    net,
    rmsprop_rule,
)
from autograder.checks.a2_networks.habits import Judge, judged_gradients
from autograder.families.hidden import Hidden

#: A network that cannot be made still earns its scores, and so on.
NET = {"fully_connected_nets-init": ("FullyConnectedNet.__init__",)}

USUAL = {"hidden_dims": (6, 5), "input_dim": 7, "num_classes": 4}
IMAGES = {**USUAL, "input_dim": 12, "shape": (3, 2, 2)}


def depths(*hidden_dims, **settings):
    """Sizes of networks with these hidden layers."""
    return [{**USUAL, "hidden_dims": dims, **settings} for dims in hidden_dims]


# --- plain networks ------------------------------------------------------------------------------

WIDE = {"hidden_dims": [110, 60, 80], "input_dim": 90, "num_classes": 70}

init = (
    Hidden("fully_connected_nets-init", net.init)
    .sizes(
        "Networks of one to five hidden layers have all parameters, in the right shapes; biases "
        "and beta are 0, gamma is 1.",
        *(
            {"hidden_dims": dims, "input_dim": 11, "num_classes": 6, "normalization": kind,
             "weight_scale": 0.3}
            for dims in ([9], [5, 8], [4, 7, 3, 6, 5])
            for kind in (None, "batchnorm", "layernorm")
        ),
        weight=3,
    )
    .holds("All weights scatter around 0, with the standard deviation weight_scale.",
           net.init.check_spread, {**WIDE, "weight_scale": 0.003}, {**WIDE, "weight_scale": 0.4},
           weight=2)
    .holds(
        "All parameters are of the type asked for, of single precision by default.",
        net.init.check_precision,
        *({"hidden_dims": [6, 5], "input_dim": 7, "num_classes": 3, "normalization": "layernorm",
           **settings} for settings in ({}, {"dtype": np.float64}, {"dtype": np.float32})),
    )
    .holds("By default it is made for CIFAR-10, with a weight_scale of 0.01.",
           net.init.check_defaults, {"hidden_dims": [30]}, weight=0.5)
)  # fmt: skip

scores = (
    Hidden("fully_connected_nets-scores", net.scores, USUAL, builds_on=NET)
    .sizes("With two to five hidden layers, the scores are those that PyTorch computes.",
           *depths((6, 5), (5, 6, 7), (6, 6, 6, 6, 6)), weight=3)
    .sizes("So they are for images, for a single one, and with one hidden layer.",
           {**IMAGES, "N": 5}, {**IMAGES, "N": 1}, {**IMAGES, "N": 3, "hidden_dims": (6,)})
    .repeated(times=2, size=IMAGES)
    .holds("With parameters of single precision, the scores are right and of single precision.",
           net.scores.check_precision,
           *depths((9, 8, 7), dtype=np.float32), weight=0.5, beyond=True)
)  # fmt: skip

loss = (
    Hidden("fully_connected_nets-loss", net.loss, builds_on=NET)
    .sizes("With regularisation, the loss of two and of five hidden layers is PyTorch's.",
           *depths((6, 5), (5, 6, 7, 4, 6), reg=0.6), weight=2)
    .sizes("Without regularisation, it is so, too, also for a single image.",
           *({**IMAGES, "N": N, "hidden_dims": (6, 4, 5)} for N in (8, 1)))
)  # fmt: skip


@loss.check()
def loss_of_normalized(student, rng):
    """With normalisation, what reg adds to the loss counts neither gamma nor beta."""
    for kind in ("batchnorm", "layernorm"):
        case = net.net(rng, **{**USUAL, "hidden_dims": (6, 6, 6)}, normalization=kind)
        without, told = (
            to_array(net.loss.read(net.loss.call(student, one), one)["loss"], "loss", ndim=0)
            for one in (case, case.changed(reg=0.8))
        )
        want = 0.4 * sum((case.params[name] ** 2).sum() for name in case.weights)
        assert_close(told - without, want, "what reg = 0.8 adds to the loss", rtol=1e-5)


gradients = (
    Hidden("fully_connected_nets-gradients", judged_gradients, {**USUAL, "reg": 0.6}, builds_on=NET)
    .values("With regularisation, the gradients of two hidden layers are those that PyTorch finds.",
            weight=2)
    .sizes("So are those of one, three and five hidden layers, for images.",
           *({**IMAGES, "N": 5, "hidden_dims": dims, "reg": 0.2}
             for dims in ((6,), (5, 7, 4), (6, 5, 6, 7, 5))), weight=2)
    .sizes("So are those without regularisation, where all layers have the same size.",
           {"hidden_dims": (6, 6, 6), "input_dim": 6, "num_classes": 6}, weight=2)
    .holds("With normalisation, reg adds nothing to the gradients of biases, gamma and beta.",
           net.gradients.check_regularisation,
           {**USUAL, "normalization": "layernorm", "reg": 0.8})
    .repeated()
)  # fmt: skip


# --- fully_connected_nets-normalization-dropout --------------------------------------------------

extras = Hidden("fully_connected_nets-normalization-dropout", net.gradients, builds_on=NET)


@extras.check(weight=2)
def batchnorm(student, rng):
    """With batch normalisation, loss and gradients in training are those that PyTorch finds."""
    for size in depths((6, 5), (5, 6, 7, 4), normalization="batchnorm"):
        Judge(student, net.net(rng, **size)).check_training()


@extras.check(weight=2)
def batchnorm_in_a_test(student, rng):
    """Scores are normalised by running averages over all calls in training, and no others."""
    judge = Judge(student, net.net(rng, 12, **{**USUAL, "hidden_dims": (6, 6, 6)},
                                   normalization="batchnorm"))  # fmt: skip
    for _batch in range(3):
        judge.train(rng.normal(0.5, 2, size=judge.case.X.shape))
        judge.check_scores(judge.case.X[:5])


@extras.check(weight=2)
def layernorm(student, rng):
    """With layer normalisation, scores, loss and gradients are those that PyTorch finds."""
    for size in depths((6, 5), (7, 4, 6), normalization="layernorm"):
        judge = Judge(student, net.net(rng, **size))
        judge.check_scores()
        judge.check_training()


@extras.check(weight=2)
def dropout(student, rng):
    """With dropout and a seed, loss and gradients in training are right, and repeat."""
    for size in depths((9, 8), (8, 9, 7, 8, 10), dropout_keep_ratio=0.6):
        judge = Judge(student, net.net(rng, **size, seed=int(rng.integers(1000))))
        for _call in range(2):
            judge.check_training()


@extras.check()
def dropout_in_a_test(student, rng):
    """In a test, also after training, nothing is dropped."""
    (size,) = depths((9, 8, 7), dropout_keep_ratio=0.4, seed=5)
    judge = Judge(student, net.net(rng, **size))
    judge.check_scores()
    judge.train(judge.case.X)
    judge.check_scores()


@extras.check(weight=2)
def both(student, rng):
    """With both at once, at two to five hidden layers, loss and gradients are right."""
    layers = (6, 8), (8, 6, 7), (7, 8, 9, 6), (8, 8, 8, 8, 8)
    for kind in ("batchnorm", "layernorm"):
        for size in depths(*layers, normalization=kind, dropout_keep_ratio=0.7, seed=11):
            Judge(student, net.net(rng, **size)).check_training()


@extras.check(weight=0.5, beyond=True)
def both_in_single_precision(student, rng):
    """So they are in single precision."""
    settings = {"dropout_keep_ratio": 0.8, "seed": 2, "dtype": np.float32}
    for kind in ("batchnorm", "layernorm"):
        (size,) = depths((8, 6, 7), normalization=kind, **settings)
        Judge(student, net.net(rng, **size)).check_training()


# --- update rules --------------------------------------------------------------------------------


def rule(name: str, declared: UpdateRule, library: str, builds_on=None, **settings: float):
    """What is checked of every rule; what is peculiar to it is added."""
    return (
        Hidden(f"fully_connected_nets-{name}", declared, (settings,), builds_on=builds_on)
        .values(f"Ten steps lead where PyTorch's {library} leads.", weight=3)
        .holds("What is missing in config gets its default.", declared.check_defaults,
               {"steps": 3})
        .holds("w and dw are as they were, and types and shapes stay.", declared.check_kept,
               {"config": settings, "steps": 2}, weight=0.5, beyond=True)
    )  # fmt: skip


MOMENTUM = {"learning_rate": 0.07, "momentum": 0.6}
FALLING = {"config": {"momentum": 0.8}, "shape": (5,), "steps": 6}

sgd_momentum = rule("sgd-momentum", momentum_rule, "momentum", **MOMENTUM).holds(
    "The velocity is what was added to w, so it stays when the learning rate falls.",
    momentum_rule.check_falling_rate,
    FALLING,
)
nesterov = rule("nesterov", nesterov_rule, "Nesterov momentum", **MOMENTUM).holds(
    "The places are those ahead of a rolling weight, also when the learning rate falls.",
    nesterov_rule.check_falling_rate,
    FALLING,
)
adagrad = rule("adagrad", adagrad_rule, "Adagrad", learning_rate=0.3, epsilon=0.2)
adadelta = rule("adadelta", adadelta_rule, "Adadelta", decay_rate=0.7, epsilon=0.05)
rmsprop = rule("rmsprop", rmsprop_rule, "RMSprop", learning_rate=0.3, decay_rate=0.7, epsilon=0.2)

ADAM = {"learning_rate": 0.3, "beta1": 0.7, "beta2": 0.9, "epsilon": 0.2}
adam = rule("adam", adam_rule, "Adam", **ADAM)
adamw = rule(
    "adamw", adamw_rule, "AdamW", {"fully_connected_nets-adam": ("adam",)}, **ADAM, weight_decay=0.4
)


@adam.check()
def going_on(student, rng):
    """From given m, v and t, the next step is right, and t counts on."""
    w, dw, m = rng.normal(size=(3, 2, 5))
    v, t = rng.uniform(0.5, 2, size=(2, 5)), int(rng.integers(5, 20))
    # Without gradients, past or present, nothing moves: what is wrong with t shows alone.
    zeros = np.zeros((2, 5))
    for begun, count in (({"m": zeros, "v": zeros, "t": t}, t + 1), ({}, 1)):
        ((next_w, config),) = adam_rule.call(student, Path(zeros, zeros[None], begun))
        assert_close(next_w, zeros, "next_w, without a gradient,")
        assert_equal(get_state(config, "t"), count, "config['t']")
    adam_rule.check(student, Path(w, dw[None], {**ADAM, "m": m, "v": v, "t": t}))
