"""Hidden checks of the fully-connected-nets notebook, against PyTorch's layers and optimisers.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own; special cases follow. Networks have parameters that are not trivial, hidden layers of
different sizes, and inputs away from the kinks of ReLU.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments import layers
from assignments.checks.a1_classifiers.two_layer_net import check_spread, get_gradient, model_loss
from assignments.checks.a2_networks.fully_connected_nets import (
    NORMALIZATIONS,
    check_added_gradients,
    check_constants,
    check_dtypes,
    check_shapes,
    count_layers,
    get_params,
    get_state,
    make_net,
    random_params,
    shapes_of,
    step,
)
from assignments.compare import assert_close, assert_equal, assert_unchanged, to_array, unpack
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed
from autograder.checks.a1_classifiers.networks import leaf, only_loss

#: A network that cannot be made still earns its scores, and so on.
NET = {"fully_connected_nets-init": ("FullyConnectedNet.__init__",)}

#: How far inputs keep away from a kink.
MARGIN = 1e-3


# --- fully_connected_nets-init -------------------------------------------------------------------


@question("fully_connected_nets-init", weight=2)
def test_init_shapes(student, rng):
    """Networks of one to five hidden layers have all parameters, in the right shapes."""
    for hidden_dims in ([9], [5, 8], [4, 7, 3, 6, 5]):
        for normalization in (None, "batchnorm"):
            net = student.FullyConnectedNet(hidden_dims, 11, 6, normalization=normalization)
            check_shapes(get_params(net), shapes_of(11, hidden_dims, 6, normalization))


@question("fully_connected_nets-init")
def test_init_constants(student, rng):
    """Biases and beta are 0, gamma is 1."""
    for normalization in NORMALIZATIONS:
        net = student.FullyConnectedNet(
            [6, 5, 7], 8, 4, normalization=normalization, weight_scale=0.3
        )
        params = get_params(net)
        check_shapes(params, shapes_of(8, [6, 5, 7], 4, normalization))
        check_constants(params)


@question("fully_connected_nets-init", weight=2)
def test_init_scale(student, rng):
    """All weights scatter around 0, with the standard deviation weight_scale."""
    for scale in (0.003, 0.4):
        net = student.FullyConnectedNet([110, 60, 80], 90, 70, weight_scale=scale)
        params = get_params(net)
        for name in ("W1", "W2", "W3", "W4"):
            check_spread(params, name, scale)
            if np.unique(params[name]).size < params[name].size / 2:
                raise CheckFailed(
                    _("the numbers in {name} repeat; each is to be drawn anew").format(name=name)
                )


@question("fully_connected_nets-init")
def test_init_dtype(student, rng):
    """All parameters are of the type asked for, of single precision by default."""
    for settings in ({}, {"dtype": np.float64}, {"dtype": np.float32}):
        net = student.FullyConnectedNet([6, 5], 7, 3, normalization="layernorm", **settings)
        check_dtypes(get_params(net), settings.get("dtype", np.float32))


@question("fully_connected_nets-init", weight=0.5)
def test_init_defaults(student, rng):
    """By default it is made for CIFAR-10, with a weight_scale of 0.01."""
    params = get_params(student.FullyConnectedNet([30]))
    check_shapes(params, shapes_of(3072, [30], 10))
    check_spread(params, "W1", 0.01)


# --- the right network ---------------------------------------------------------------------------


def same(x: torch.Tensor) -> torch.Tensor:
    return x


def alone(loss: torch.Tensor, net: "Net") -> torch.Tensor:
    return loss


def squares(params: Mapping[str, torch.Tensor]) -> Any:
    """The sum of all squared weights."""
    return sum((value**2).sum() for name, value in params.items() if name[0] == "W")


def forward_only(function: Callable) -> Callable:
    """The function in the forward pass, nothing in the backward pass."""
    return lambda x: x + (function(x) - x).detach()


@dataclass(frozen=True)
class Habit:
    """What a student's plain network does between and after its affine layers.

    A mistake there is paid for where plain networks are asked for. What else is asked for is judged
    with the mistake in it.
    """

    hidden: Callable = F.relu
    last: Callable = same
    shown: Callable = same  # what loss(X) makes of the scores
    told: Callable = alone  # what becomes of the loss of a network


RIGHT = Habit()
#: Mistakes that plain scores show.
IN_SCORES = (
    Habit(hidden=same),
    Habit(last=forward_only(F.relu)),
    Habit(last=F.relu),
    Habit(shown=lambda scores: scores.softmax(dim=1)),
    Habit(shown=lambda scores: scores.log_softmax(dim=1)),
)
#: Mistakes that only the loss of a plain network shows, or its gradients.
BEHIND_SCORES = (
    Habit(told=lambda loss, net: loss / len(net.X)),
    Habit(told=lambda loss, net: loss / 2),
    Habit(told=lambda loss, net: 0 * loss),  # overwritten by a regularisation of 0
    Habit(told=lambda loss, net: loss + 0.5 * (1 - net.reg) * squares(net.leaves())),
    Habit(hidden=forward_only(F.relu)),
)
ANY_HABIT = IN_SCORES + BEHIND_SCORES


def own_dict(answer):
    """The answer, if it is a dictionary."""
    if not isinstance(answer, dict):
        raise CheckFailed(_("a dictionary is expected, and something else is returned"))
    return answer


class Net:
    """A random network with its data: the right answers beside the student's network."""

    def __init__(
        self,
        student,
        rng,
        hidden_dims=(6, 5),
        shape=(7,),
        N=8,
        C=4,
        *,
        normalization=None,
        keep=1,
        reg=0.0,
        seed=None,
        dtype=np.float64,
    ):
        self.normalization, self.keep, self.reg, self.seed = normalization, keep, reg, seed
        self.dtype = dtype
        zeros = [torch.zeros(units, dtype=torch.float64) for units in hidden_dims]
        self.running = [(zero, zero) for zero in zeros]
        self.y = rng.integers(C, size=N)
        while True:
            D = int(np.prod(shape))
            self.params = random_params(rng, D, hidden_dims, C, normalization)
            self.X = rng.normal(0.2, 1, size=(N, *shape))
            self.nearest = np.inf
            with torch.no_grad():
                self.scores(self.leaves(), training=True)
            if self.nearest > MARGIN:
                break
        self.student = student
        self.settings = {"normalization": normalization, "reg": reg}
        if keep != 1:
            self.settings |= {"dropout_keep_ratio": keep, "seed": seed}
        self.model = make_net(student, self.params, dtype, **self.settings)

    def leaves(self):
        return {name: leaf(value) for name, value in self.params.items()}

    def scores(self, params, training, habit=RIGHT, X=None):
        hidden = torch.tensor(self.X if X is None else X, dtype=torch.float64).flatten(1)
        for layer in range(1, count_layers(params)):
            hidden = F.linear(hidden, params[f"W{layer}"].T, params[f"b{layer}"])
            if self.normalization:
                hidden = self.normalise(hidden, layer, params, training)
            self.nearest = min(self.nearest, float(hidden.detach().abs().min()))
            hidden = habit.hidden(hidden)
            if self.keep != 1 and training:
                param = {"mode": "train", "p": self.keep, "seed": self.seed}
                mask, _cache = layers.dropout_forward(np.ones(hidden.shape), param)
                hidden = hidden * torch.from_numpy(mask)
        last = count_layers(params)
        return habit.last(F.linear(hidden, params[f"W{last}"].T, params[f"b{last}"]))

    def normalise(self, x, layer, params, training):
        gamma, beta = params[f"gamma{layer}"], params[f"beta{layer}"]
        if self.normalization == "layernorm":
            return F.layer_norm(x, x.shape[1:], gamma, beta)
        if training:
            return F.batch_norm(x, None, None, gamma, beta, training=True)
        return F.batch_norm(x, *self.running[layer - 1], gamma, beta)

    def loss(self, params, habit=RIGHT):
        loss = F.cross_entropy(self.scores(params, True, habit), torch.from_numpy(self.y))
        return loss + 0.5 * self.reg * squares(params)

    def told_loss(self, habit=RIGHT):
        loss = self.loss(self.leaves(), habit)
        return habit.told(loss, self)

    def gradients(self, habit=RIGHT):
        params = self.leaves()
        found = torch.autograd.grad(
            self.loss(params, habit), list(params.values()), materialize_grads=True
        )
        return dict(zip(params, found, strict=True))

    def shown_scores(self, habit=RIGHT, X=None):
        return habit.shown(self.scores(self.leaves(), False, habit, X))

    # --- comparisons: with the right network, or else with the habits of the student's ----------

    def check_scores(self, X=None, what="scores"):
        """In a test, are the scores right?"""
        got = self.model.loss(self.X if X is None else X)
        self._judge(lambda habit: assert_close(got, self.shown_scores(habit, X), what), ANY_HABIT)

    def check_loss(self, what="loss"):
        """In training, is the loss right?"""
        loss = only_loss(self.student, self.model, self.X, self.y)
        self._judge(lambda habit: assert_close(loss, self.told_loss(habit), what), IN_SCORES)

    def check_gradients(self, kinds=("W", "b"), where=""):
        """In training, are the gradients of these kinds of parameters right?"""
        _loss, grads = model_loss(self.model, self.X, self.y)
        names = [name for name in self.params if name.rstrip("0123456789") in kinds]
        found = {name: get_gradient(grads, name) for name in names}
        self._judge(lambda habit: self._compare_gradients(found, habit, where), IN_SCORES)

    def check_training(self):
        """Are loss and all gradients right, but for mistakes that plain networks pay for?"""
        loss, grads = self.train()
        if f"dW{count_layers(self.params)}" in own_dict(grads):
            grads = {name.removeprefix("d"): value for name, value in grads.items()}
        found = {name: get_gradient(grads, name) for name in self.params}
        if to_array(found["W1"], "grads['W1']").dtype == np.float32:
            loss = np.float32(to_array(loss, "loss", ndim=0))  # has no more digits, as a float

        def compare(habit):
            assert_close(loss, self.told_loss(habit), "loss")
            self._compare_gradients(found, habit)

        self._judge(compare, ANY_HABIT)

    def train(self):
        """loss and gradients of the student's network, whose parameters stay, whatever it does."""
        answer = model_loss(self.model, self.X, self.y)
        update = self.model.get("params.update", keep=True)
        self.student.call(update, {name: w.astype(self.dtype) for name, w in self.params.items()})
        return answer

    def _compare_gradients(self, found, habit, where=""):
        want = self.gradients(habit)
        factors = {"the number of examples": len(self.X)}
        for name, gradient in found.items():
            assert_close(gradient, want[name], f"grads[{name!r}]{where}", factors=factors)

    def _judge(self, compare, habits):
        try:
            compare(RIGHT)
        except CheckFailed as failure:
            habit = self.find_habit(habits)
            if habit is RIGHT:
                raise
            try:
                compare(habit)
            except CheckFailed:
                raise failure from None

    def find_habit(self, habits):
        """The habit of the student's plain networks."""
        plain = Net(self.student, np.random.default_rng(0))
        try:
            scores = plain.model.loss(plain.X)
            loss, grads = model_loss(plain.model, plain.X, plain.y)
        except CheckFailed:
            return RIGHT
        for habit in habits:
            try:
                assert_close(scores, plain.shown_scores(habit))
                if habit in BEHIND_SCORES:
                    assert_close(loss, plain.told_loss(habit))
                    assert_close(get_gradient(grads, "W1"), plain.gradients(habit)["W1"])
                return habit
            except CheckFailed:
                continue
        return RIGHT


# --- fully_connected_nets-scores -----------------------------------------------------------------


@question("fully_connected_nets-scores", weight=3, builds_on=NET)
def test_scores_values(student, rng):
    """With two to five hidden layers, the scores are those that PyTorch computes."""
    for hidden_dims in ((6, 5), (5, 6, 7), (6, 6, 6, 6, 6)):
        net = Net(student, rng, hidden_dims)
        what = f"scores ({len(hidden_dims)} hidden layers)"
        assert_close(net.model.loss(net.X), net.shown_scores(), what)


@question("fully_connected_nets-scores", builds_on=NET)
def test_scores_images(student, rng):
    """So they are for images, for a single one, and with one hidden layer."""
    for N, hidden_dims in ((5, (4, 5)), (1, (4, 5)), (3, (6,))):
        net = Net(student, rng, hidden_dims, shape=(3, 2, 2), N=N)
        what = f"scores ({N} images, {len(hidden_dims)} hidden layers)"
        assert_close(net.model.loss(net.X), net.shown_scores(), what)


@question("fully_connected_nets-scores", weight=0.5, builds_on=NET, rule=True)
def test_scores_inputs(student, rng):
    """X is as it was, and the scores are right, also when asked for again."""
    net = Net(student, rng, shape=(2, 1, 3))
    for _call in range(2):
        scores = net.model.loss(net.X)
        assert_unchanged(student.changed, {0: "X"})
        assert_close(scores, net.shown_scores(), "scores")


@question("fully_connected_nets-scores", weight=0.5, builds_on=NET)
def test_scores_single_precision(student, rng):
    """With parameters of single precision, the scores are right and of single precision."""
    net = Net(student, rng, (9, 8, 7), dtype=np.float32)
    scores = to_array(net.model.loss(net.X), "scores")
    assert_close(scores, net.shown_scores(), "scores")
    if scores.dtype != np.float32:
        raise CheckFailed(
            _("scores are of type {got}, where float32 is expected").format(got=scores.dtype)
        )


# --- fully_connected_nets-loss -------------------------------------------------------------------


@question("fully_connected_nets-loss", weight=2, builds_on=NET)
def test_loss_regularisation(student, rng):
    """With regularisation, the loss of two to five hidden layers is the one PyTorch computes."""
    for hidden_dims in ((6, 5), (5, 6, 7, 4, 6)):
        net = Net(student, rng, hidden_dims, reg=0.6)
        net.check_loss(f"loss ({len(hidden_dims)} hidden layers, reg = 0.6)")


@question("fully_connected_nets-loss", builds_on=NET)
def test_loss_value(student, rng):
    """Without regularisation, it is so, too, also for a single image."""
    for N in (8, 1):
        Net(student, rng, (6, 4, 5), (2, 2, 3), N).check_loss(f"loss (reg = 0, {N} images)")


@question("fully_connected_nets-loss", builds_on=NET)
def test_loss_of_normalized(student, rng):
    """With normalisation, what reg adds to the loss counts neither gamma nor beta."""
    for normalization in ("batchnorm", "layernorm"):
        net = Net(student, rng, (6, 6, 6), normalization=normalization)
        strong = make_net(student, net.params, **{**net.settings, "reg": 0.8})
        without, loss = (
            to_array(only_loss(student, model, net.X, net.y), "loss", ndim=0)
            for model in (net.model, strong)
        )
        want = 0.4 * sum((value**2).sum() for name, value in net.params.items() if name[0] == "W")
        assert_close(loss - without, want, "what reg = 0.8 adds to the loss", rtol=1e-5)


# --- fully_connected_nets-gradients --------------------------------------------------------------


@question("fully_connected_nets-gradients", weight=2, builds_on=NET)
def test_gradients_last_layer(student, rng):
    """With regularisation, the gradients of two hidden layers are those that PyTorch finds."""
    Net(student, rng, reg=0.6).check_gradients()


@question("fully_connected_nets-gradients", weight=2, builds_on=NET)
def test_gradients_depths(student, rng):
    """So are those of one, three and five hidden layers, for images."""
    for hidden_dims in ((6,), (5, 7, 4), (6, 5, 6, 7, 5)):
        net = Net(student, rng, hidden_dims, (2, 3, 2), N=5, reg=0.2)
        net.check_gradients(where=f" ({len(hidden_dims)} hidden layers)")


@question("fully_connected_nets-gradients", weight=2, builds_on=NET)
def test_gradients_without_regularisation(student, rng):
    """So are those without regularisation, where all layers have the same size."""
    Net(student, rng, (6, 6, 6), (6,), C=6).check_gradients()


@question("fully_connected_nets-gradients", builds_on=NET)
def test_gradients_of_normalized(student, rng):
    """With normalisation, reg adds nothing to the gradients of biases, gamma and beta."""
    net = Net(student, rng, (6, 5), normalization="layernorm")
    _loss, grads = model_loss(net.model, net.X, net.y)
    # Where normalisation is not there yet, its gradients are not, either.
    params = {name: value for name, value in net.params.items() if name in own_dict(grads)}
    check_added_gradients(student, params, (net.X, net.y), 0.8, normalization="layernorm")


@question("fully_connected_nets-gradients", weight=0.5, builds_on=NET, rule=True)
def test_gradients_inputs(student, rng):
    """Computing them leaves X, y and the parameters as they were."""
    net = Net(student, rng, reg=0.4)
    result = net.model.loss(net.X, net.y)
    assert_unchanged(student.changed, {0: "X", 1: "y"})
    for name, value in get_params(net.model).items():
        if not np.array_equal(value, net.params[name]):
            raise CheckFailed(
                _("loss changes params[{name!r}]; leave steps to the solver").format(name=name)
            )
    unpack(result, "loss", ("loss", "grads"))
    net.check_gradients(kinds=("b",))


# --- fully_connected_nets-normalization-dropout --------------------------------------------------

EXTRAS = "fully_connected_nets-normalization-dropout"


@question(EXTRAS, weight=2, builds_on=NET)
def test_batchnorm(student, rng):
    """With batch normalisation, loss and gradients in training are those that PyTorch finds."""
    for hidden_dims in ((6, 5), (5, 6, 7, 4)):
        Net(student, rng, hidden_dims, normalization="batchnorm").check_training()


@question(EXTRAS, weight=2, builds_on=NET)
def test_batchnorm_in_a_test(student, rng):
    """Scores are normalised by running averages over all calls in training, and no others."""
    net = Net(student, rng, (6, 6, 6), N=12, normalization="batchnorm")
    for _batch in range(3):
        net.X = rng.normal(0.5, 2, size=net.X.shape)
        net.train()
        move_running_averages(net)
        net.check_scores(net.X[:5], "scores of five images, between batches of training,")


def move_running_averages(net):
    """What batch normalisation notes of a batch, with the habits of the student's network."""
    params, hidden = net.leaves(), torch.from_numpy(net.X).flatten(1)
    habit = net.find_habit(ANY_HABIT)
    with torch.no_grad():
        for layer in range(1, count_layers(params)):
            x = F.linear(hidden, params[f"W{layer}"].T, params[f"b{layer}"])
            batch = (x.mean(dim=0), x.var(dim=0, correction=0))
            net.running[layer - 1] = tuple(
                0.9 * before + 0.1 * now
                for before, now in zip(net.running[layer - 1], batch, strict=True)
            )
            hidden = habit.hidden(net.normalise(x, layer, params, training=True))


@question(EXTRAS, weight=2, builds_on=NET)
def test_layernorm(student, rng):
    """With layer normalisation, scores, loss and gradients are those that PyTorch finds."""
    for hidden_dims in ((6, 5), (7, 4, 6)):
        net = Net(student, rng, hidden_dims, normalization="layernorm")
        net.check_scores()
        net.check_training()


@question(EXTRAS, weight=2, builds_on=NET)
def test_dropout(student, rng):
    """With dropout and a seed, loss and gradients in training are right, and repeat."""
    for hidden_dims in ((9, 8), (8, 9, 7, 8, 10)):
        net = Net(student, rng, hidden_dims, keep=0.6, seed=int(rng.integers(1000)))
        for _call in range(2):
            net.check_training()


@question(EXTRAS, builds_on=NET)
def test_dropout_in_a_test(student, rng):
    """In a test, also after training, nothing is dropped."""
    net = Net(student, rng, (9, 8, 7), keep=0.4, seed=5)
    net.check_scores()
    net.train()
    net.check_scores()


@question(EXTRAS, weight=2, builds_on=NET)
def test_both(student, rng):
    """With both at once, at two to five hidden layers, loss and gradients are right."""
    depths = ((6, 8), (8, 6, 7), (7, 8, 9, 6), (8, 8, 8, 8, 8))
    for normalization in ("batchnorm", "layernorm"):
        for hidden_dims in depths:
            net = Net(student, rng, hidden_dims, normalization=normalization, keep=0.7, seed=11)
            net.check_training()


@question(EXTRAS, weight=0.5, builds_on=NET)
def test_both_in_single_precision(student, rng):
    """So they are in single precision."""
    settings = {"keep": 0.8, "seed": 2, "dtype": np.float32}
    for normalization in ("batchnorm", "layernorm"):
        net = Net(student, rng, (8, 6, 7), normalization=normalization, **settings)
        net.check_training()


# --- update rules --------------------------------------------------------------------------------


def check_steps(student, rng, rule, right, settings, states, shape=(3, 4), steps=10):
    """Take steps with random gradients; is the parameter where it should be after each of them?

    right: a function from (w, gradients) to the right places after each step and to what is
        remembered in the end, by name.
    """
    w, gradients = rng.normal(1, 1, size=shape), rng.normal(0.3, 2, size=(steps, *shape))
    places, remembered = right(w, gradients)
    config = settings
    for number, (dw, want) in enumerate(zip(gradients, places, strict=True), start=1):
        w, config = step(student, rule, w, dw, config)
        assert_close(w, want, f"next_w after step {number}")
    for name in states:
        assert_close(get_state(config, name), remembered[name], f"config[{name!r}]")
    for name, value in (settings or {}).items():
        assert_close(get_state(config, name), value, f"config[{name!r}]")


def by_torch(optimizer, states, **settings):
    """The right places by an optimiser of PyTorch, and its state under the names used here."""

    def right(w, gradients):
        parameter, places = leaf(w), []
        rule = optimizer([parameter], **settings)
        for dw in gradients:
            parameter.grad = torch.from_numpy(dw)
            rule.step()
            places.append(parameter.detach().clone())
        found = rule.state[parameter]
        return places, {name: found[key] for name, key in states.items()}

    return right


def check_defaults(student, rng, rule, optimizer, defaults, **settings):
    """Without a config, and with an empty one, are the settings the defaults?

    defaults: the default settings as the notebook names them; settings: as PyTorch does.
    """
    for given in (None, {}):
        right = by_torch(optimizer, {}, **settings)
        check_steps(student, rng, rule, right, given, (), steps=3)
    _w, config = step(student, rule, np.ones(3), np.ones(3), None)
    for name, value in defaults.items():
        assert_close(get_state(config, name), value, f"config[{name!r}]")


def check_leaves_inputs(student, rng, rule, settings):
    """Are w and dw as they were, and is the answer of the type and shape of w?"""
    for dtype, shape in ((np.float64, (2, 3, 2)), (np.float32, (4,))):
        config = settings
        for _step in range(2):
            w, dw = rng.normal(size=(2, *shape)).astype(dtype)
            result = student.call(rule, w, dw, config)
            assert_unchanged(student.changed, {0: "w", 1: "dw"})
            next_w, config = unpack(result, rule, ("next_w", "config"))
            next_w = to_array(next_w, "next_w", ndim=w.ndim)
            if next_w.shape != w.shape or next_w.dtype != w.dtype:
                raise CheckFailed(
                    _(
                        "next_w is of type {dtype} and shape {shape}, "
                        "and w of type {w_dtype} and shape {w_shape}"
                    ).format(
                        dtype=next_w.dtype, shape=next_w.shape, w_dtype=w.dtype, w_shape=w.shape
                    )
                )
            if np.array_equal(next_w, w):
                raise CheckFailed(_("next_w is w; there was no step"))


class Rolling:
    """The right places of the two kinds of momentum, with a learning rate that may change."""

    def __init__(self, rates, momentum, ahead):
        self.rates, self.momentum, self.ahead = rates, momentum, ahead

    def __call__(self, w, gradients):
        # Not the formula of the place ahead: follow the weights themselves, then look ahead.
        place = np.array(w)
        velocity, places = np.zeros_like(place), []
        for rate, dw in zip(self.rates, gradients, strict=True):
            velocity = self.momentum * velocity - rate * dw
            place = place + velocity
            places.append(place + self.momentum * velocity if self.ahead else place)
        return places, {"velocity": velocity}


def check_changing_rate(student, rng, rule, ahead):
    """Does a velocity that was gained at one learning rate stay when the rate changes?"""
    w, gradients = rng.normal(size=5), rng.normal(size=(6, 5))
    rates = 0.3 * 0.7 ** np.arange(6)
    places, remembered = Rolling(rates, 0.8, ahead)(w, gradients)
    config = {"momentum": 0.8}
    for rate, dw, want in zip(rates, gradients, places, strict=True):
        config = {**own_dict(config), "learning_rate": float(rate)}
        w, config = step(student, rule, w, dw, config)
        assert_close(w, want, "next_w, where the learning rate falls,")
    assert_close(get_state(config, "velocity"), remembered["velocity"], "config['velocity']")


MOMENTUM = {"learning_rate": 0.07, "momentum": 0.6}


@question("fully_connected_nets-sgd-momentum", weight=3)
def test_sgd_momentum_steps(student, rng):
    """Ten steps lead where PyTorch's momentum leads."""
    right = by_torch(torch.optim.SGD, {}, lr=0.07, momentum=0.6)
    check_steps(student, rng, "sgd_momentum", right, MOMENTUM, ())


@question("fully_connected_nets-sgd-momentum")
def test_sgd_momentum_rate(student, rng):
    """The velocity is what was added to w, so it stays when the learning rate falls."""
    check_changing_rate(student, rng, "sgd_momentum", ahead=False)


@question("fully_connected_nets-sgd-momentum")
def test_sgd_momentum_defaults(student, rng):
    """What is missing in config gets its default."""
    defaults = {"learning_rate": 1e-2, "momentum": 0.9}
    check_defaults(student, rng, "sgd_momentum", torch.optim.SGD, defaults, lr=1e-2, momentum=0.9)


@question("fully_connected_nets-sgd-momentum", weight=0.5, rule=True)
def test_sgd_momentum_inputs(student, rng):
    """w and dw are as they were, and types and shapes stay."""
    check_leaves_inputs(student, rng, "sgd_momentum", MOMENTUM)


@question("fully_connected_nets-nesterov", weight=3)
def test_nesterov_steps(student, rng):
    """Ten steps lead where PyTorch's Nesterov momentum leads."""
    right = by_torch(torch.optim.SGD, {}, lr=0.07, momentum=0.6, nesterov=True)
    check_steps(student, rng, "nesterov", right, MOMENTUM, ())


@question("fully_connected_nets-nesterov")
def test_nesterov_rate(student, rng):
    """The places are those ahead of a rolling weight, also when the learning rate falls."""
    check_changing_rate(student, rng, "nesterov", ahead=True)


@question("fully_connected_nets-nesterov")
def test_nesterov_defaults(student, rng):
    """What is missing in config gets its default."""
    defaults = {"learning_rate": 1e-2, "momentum": 0.9}
    settings = {"lr": 1e-2, "momentum": 0.9, "nesterov": True}
    check_defaults(student, rng, "nesterov", torch.optim.SGD, defaults, **settings)


@question("fully_connected_nets-nesterov", weight=0.5, rule=True)
def test_nesterov_inputs(student, rng):
    """w and dw are as they were, and types and shapes stay."""
    check_leaves_inputs(student, rng, "nesterov", MOMENTUM)


@question("fully_connected_nets-adagrad", weight=3)
def test_adagrad_steps(student, rng):
    """Ten steps lead where PyTorch's Adagrad leads."""
    right = by_torch(torch.optim.Adagrad, {"cache": "sum"}, lr=0.3, eps=0.2)
    settings = {"learning_rate": 0.3, "epsilon": 0.2}
    check_steps(student, rng, "adagrad", right, settings, ("cache",))


@question("fully_connected_nets-adagrad")
def test_adagrad_defaults(student, rng):
    """What is missing in config gets its default."""
    defaults = {"learning_rate": 1e-2, "epsilon": 1e-8}
    check_defaults(student, rng, "adagrad", torch.optim.Adagrad, defaults, lr=1e-2, eps=1e-8)


@question("fully_connected_nets-adagrad", weight=0.5, rule=True)
def test_adagrad_inputs(student, rng):
    """w and dw are as they were, and types and shapes stay."""
    check_leaves_inputs(student, rng, "adagrad", {"learning_rate": 0.3})


@question("fully_connected_nets-adadelta", weight=3)
def test_adadelta_steps(student, rng):
    """Ten steps lead where PyTorch's Adadelta leads."""
    states = {"cache": "square_avg", "delta": "acc_delta"}
    right = by_torch(torch.optim.Adadelta, states, lr=1.0, rho=0.7, eps=0.05)
    settings = {"decay_rate": 0.7, "epsilon": 0.05}
    check_steps(student, rng, "adadelta", right, settings, ("cache", "delta"))


@question("fully_connected_nets-adadelta")
def test_adadelta_defaults(student, rng):
    """What is missing in config gets its default."""
    defaults = {"decay_rate": 0.95, "epsilon": 1e-6}
    settings = {"lr": 1.0, "rho": 0.95, "eps": 1e-6}
    check_defaults(student, rng, "adadelta", torch.optim.Adadelta, defaults, **settings)


@question("fully_connected_nets-adadelta", weight=0.5, rule=True)
def test_adadelta_inputs(student, rng):
    """w and dw are as they were, and types and shapes stay."""
    check_leaves_inputs(student, rng, "adadelta", {"epsilon": 0.1})


@question("fully_connected_nets-rmsprop", weight=3)
def test_rmsprop_steps(student, rng):
    """Ten steps lead where PyTorch's RMSprop leads."""
    right = by_torch(torch.optim.RMSprop, {"cache": "square_avg"}, lr=0.3, alpha=0.7, eps=0.2)
    settings = {"learning_rate": 0.3, "decay_rate": 0.7, "epsilon": 0.2}
    check_steps(student, rng, "rmsprop", right, settings, ("cache",))


@question("fully_connected_nets-rmsprop")
def test_rmsprop_defaults(student, rng):
    """What is missing in config gets its default."""
    defaults = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8}
    settings = {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8}
    check_defaults(student, rng, "rmsprop", torch.optim.RMSprop, defaults, **settings)


@question("fully_connected_nets-rmsprop", weight=0.5, rule=True)
def test_rmsprop_inputs(student, rng):
    """w and dw are as they were, and types and shapes stay."""
    check_leaves_inputs(student, rng, "rmsprop", {"learning_rate": 0.3})


ADAM = {"learning_rate": 0.3, "beta1": 0.7, "beta2": 0.9, "epsilon": 0.2}
ADAM_BY_TORCH = {"lr": 0.3, "betas": (0.7, 0.9), "eps": 0.2}
ADAM_DEFAULTS = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
ADAM_STATES = {"m": "exp_avg", "v": "exp_avg_sq"}


@question("fully_connected_nets-adam", weight=3)
def test_adam_steps(student, rng):
    """Ten steps lead where PyTorch's Adam leads."""
    right = by_torch(torch.optim.Adam, ADAM_STATES, **ADAM_BY_TORCH)
    check_steps(student, rng, "adam", right, ADAM, ("m", "v"))


@question("fully_connected_nets-adam")
def test_adam_going_on(student, rng):
    """From given m, v and t, the next step is right, and t counts on."""
    w, dw, m = rng.normal(size=(3, 2, 5))
    v, t = rng.uniform(0.5, 2, size=(2, 5)), int(rng.integers(5, 20))
    count_alone(student, {"m": 0 * m, "v": 0 * v, "t": t}, t + 1)
    parameter = leaf(w)
    rule = torch.optim.Adam([parameter], **ADAM_BY_TORCH)
    moments = {"exp_avg": torch.tensor(m), "exp_avg_sq": torch.tensor(v)}
    rule.state[parameter] = {"step": torch.tensor(float(t)), **moments}
    parameter.grad = torch.tensor(dw)
    rule.step()
    next_w, config = step(student, "adam", w, dw, {**ADAM, "m": m, "v": v, "t": t})
    assert_close(next_w, parameter.detach(), "next_w, after an earlier training,")
    assert_equal(get_state(config, "t"), t + 1, "config['t']")


@question("fully_connected_nets-adam")
def test_adam_defaults(student, rng):
    """What is missing in config gets its default."""
    count_alone(student, {}, 1)
    check_defaults(student, rng, "adam", torch.optim.Adam, ADAM_DEFAULTS)


def count_alone(student, config, t):
    """Without gradients, past or present, nothing moves: what is wrong with t shows alone."""
    zeros = np.zeros((2, 5))
    next_w, config = step(student, "adam", zeros, zeros, config)
    assert_close(next_w, zeros, "next_w, without a gradient,")
    assert_equal(get_state(config, "t"), t, "config['t']")


@question("fully_connected_nets-adam", weight=0.5, rule=True)
def test_adam_inputs(student, rng):
    """w and dw are as they were, and types and shapes stay."""
    check_leaves_inputs(student, rng, "adam", {"learning_rate": 0.3})


ON_ADAM = {"fully_connected_nets-adam": ("adam",)}


@question("fully_connected_nets-adamw", weight=3, builds_on=ON_ADAM)
def test_adamw_steps(student, rng):
    """Ten steps lead where PyTorch's AdamW leads."""
    right = by_torch(torch.optim.AdamW, ADAM_STATES, **ADAM_BY_TORCH, weight_decay=0.4)
    check_steps(student, rng, "adamw", right, {**ADAM, "weight_decay": 0.4}, ("m", "v"))


@question("fully_connected_nets-adamw", builds_on=ON_ADAM)
def test_adamw_defaults(student, rng):
    """What is missing in config gets its default."""
    defaults = {**ADAM_DEFAULTS, "weight_decay": 1e-2}
    check_defaults(student, rng, "adamw", torch.optim.AdamW, defaults, weight_decay=1e-2)


@question("fully_connected_nets-adamw", weight=0.5, builds_on=ON_ADAM, rule=True)
def test_adamw_inputs(student, rng):
    """w and dw are as they were, and types and shapes stay."""
    check_leaves_inputs(student, rng, "adamw", {"learning_rate": 0.3})
