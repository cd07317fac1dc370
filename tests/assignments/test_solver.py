"""The solver: does it learn, keep the best, repeat itself, and go on where it stopped?"""

import json

import numpy as np
import pytest

from assignments.optim import RULES, find_rule, sgd
from assignments.solver import Solver
from assignments.standins.a1_classifiers.two_layer_net import TwoLayerNet


class Linear:
    """Scores X w, trained by squared errors to one-hot labels: as small as a model can be."""

    def __init__(self, inputs=4, classes=3):
        self.params = {"W": np.zeros((inputs, classes))}
        self.batches = []

    def loss(self, X, y=None):
        scores = X @ self.params["W"]
        if y is None:
            return scores
        self.batches.append(X.copy())
        error = scores - np.eye(scores.shape[1])[y]
        return 0.5 * np.sum(error**2) / len(X), {"W": X.T @ error / len(X)}


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    centres = 3 * np.eye(3, 4)
    y = rng.integers(3, size=130)
    X = centres[y] + rng.normal(size=(130, 4))
    return {"X_train": X[:90], "y_train": y[:90], "X_val": X[90:], "y_val": y[90:]}


def solve(data, model=None, **settings):
    settings = {"num_epochs": 4, "batch_size": 20, "progress": False, **settings}
    solver = Solver(Linear() if model is None else model, data, **settings)
    return solver


def test_it_learns(data):
    solver = solve(data, optim_config={"learning_rate": 0.1}, num_epochs=10)
    solver.train()
    assert solver.loss_history[0] > 3 * solver.loss_history[-1]
    assert solver.best_val_acc > 0.8
    assert solver.accuracy(data["X_val"], data["y_val"]) == solver.best_val_acc


def test_histories_have_a_value_for_each_step_and_each_epoch(data):
    solver = solve(data)
    solver.train()
    assert len(solver.loss_history) == 4 * (90 // 20)
    assert len(solver.train_acc_history) == len(solver.val_acc_history) == 5


def test_an_epoch_uses_an_example_at_most_once(data):
    solver = solve(data, num_epochs=2)
    solver.train()
    steps = len(solver.loss_history) // 2
    first, second = solver.model.batches[:steps], solver.model.batches[steps:]
    for batches in (first, second):
        rows = np.concatenate(batches)
        assert len(rows) == 80
        assert len(np.unique(rows, axis=0)) == 80
    assert not np.array_equal(first[0], second[0])


def test_the_same_seed_gives_the_same_training(data):
    runs = [solve(data, seed=seed) for seed in (3, 3, 4)]
    for run in runs:
        run.train()
    assert runs[0].loss_history == runs[1].loss_history
    assert runs[0].loss_history != runs[2].loss_history


def test_training_leaves_global_random_numbers_alone(data):
    np.random.seed(1)
    wanted = np.random.rand()
    np.random.seed(1)
    solve(data).train()
    assert np.random.rand() == wanted


def test_it_keeps_the_parameters_that_were_best_on_validation_data(data):
    # Steps uphill: the first accuracy is never reached again.
    def best_first(w, dw, config):
        return sgd(w, -dw, config)

    solver = solve(data, optim_config={"learning_rate": 0.5})
    solver.train()
    best, accuracy = solver.best_params["W"], solver.best_val_acc
    worse = solve(data, solver.model, update_rule=best_first, optim_config={"learning_rate": 0.5})
    worse.train()
    assert worse.best_val_acc == accuracy
    assert worse.val_acc_history[-1] < accuracy
    assert np.array_equal(worse.model.params["W"], best)


@pytest.mark.parametrize("name", RULES)
def test_an_update_rule_may_be_given_by_name(data, name):
    solver, same = (solve(data, update_rule=rule, num_epochs=1) for rule in (name, find_rule(name)))
    for each in (solver, same):
        each.train()
    assert solver.loss_history[0] > solver.loss_history[-1]
    assert solver.loss_history == same.loss_history


def test_the_learning_rate_decays_after_each_epoch(data):
    solver = solve(data, optim_config={"learning_rate": 0.8}, lr_decay=0.5, num_epochs=3)
    solver.train()
    assert solver.optim_configs["W"]["learning_rate"] == pytest.approx(0.1)


def test_each_parameter_has_a_config_of_its_own(data):
    def counting(w, dw, config):
        config["steps"] = config.get("steps", 0) + w.size
        return w, config

    given = {"learning_rate": 1.0}
    solver = solve(data, TwoLayerNet(4, 5, 3), update_rule=counting, optim_config=given)
    solver.train()
    assert given == {"learning_rate": 1.0}
    assert solver.optim_configs["W1"]["steps"] == 16 * 20
    assert solver.optim_configs["b2"]["steps"] == 16 * 3


def test_a_loss_that_is_not_finite_stops_the_training(data):
    solver = solve(data, optim_config={"learning_rate": 1e200})
    with (
        np.errstate(all="ignore"),
        pytest.warns(UserWarning, match="learning rate"),
    ):
        solver.train()
    assert len(solver.loss_history) < 4
    assert np.isfinite(solver.model.params["W"]).all()


@pytest.mark.parametrize("grads", [{}, {"W": np.zeros((3, 4))}, {"W": None}])
def test_a_gradient_that_is_missing_or_of_another_shape_is_named(data, grads):
    model = Linear()
    model.loss = lambda X, y=None: np.zeros((len(X), 3)) if y is None else (1.0, grads)
    with pytest.raises(ValueError, match=r"for W, which has shape \(4, 3\)"):
        solve(data, model).train()


# -- checkpoints ------------------------------------------------------------------------------


def momentum(w, dw, config):
    velocity = 0.9 * config.get("velocity", np.zeros_like(w)) - config["learning_rate"] * dw
    return w + velocity, {**config, "velocity": velocity, "t": config.get("t", 0) + 1}


@pytest.fixture
def settings(tmp_path):
    return {
        "update_rule": momentum,
        "optim_config": {"learning_rate": 0.1},
        "lr_decay": 0.9,
        "checkpoint": tmp_path / "made" / "state.npz",
    }


def test_a_resumed_training_ends_as_one_that_was_never_stopped(data, settings):
    whole = solve(data, TwoLayerNet(4, 5, 3), **settings | {"checkpoint": None})
    start = {name: value.copy() for name, value in whole.model.params.items()}
    whole.train()

    half = TwoLayerNet(4, 5, 3)
    half.params = start
    solve(data, half, **settings, num_epochs=2).train()
    resumed = solve(data, TwoLayerNet(4, 5, 3), **settings)
    resumed.train(resume=True)

    assert resumed.loss_history == whole.loss_history
    assert resumed.val_acc_history == whole.val_acc_history
    assert resumed.optim_configs["W1"]["t"] == whole.optim_configs["W1"]["t"]
    for name, value in whole.best_params.items():
        assert np.array_equal(resumed.model.params[name], value)


def test_resume_without_a_checkpoint_begins_anew(data, settings):
    solver = solve(data, **settings)
    solver.train(resume=True)
    assert len(solver.val_acc_history) == 5


def test_without_resume_a_checkpoint_is_written_anew(data, settings):
    solve(data, **settings).train()
    again = solve(data, **settings, num_epochs=1)
    again.train()
    assert len(again.val_acc_history) == 2
    assert not list(settings["checkpoint"].parent.glob("*.part"))


def test_a_checkpoint_holds_plain_arrays(data, settings):
    solve(data, **settings).train()
    with np.load(settings["checkpoint"], allow_pickle=False) as file:
        assert {"params/W", "best/W", "config/W/velocity", "loss_history"} <= set(file.files)
        assert all(file[name].dtype.kind in "fi" for name in file.files)


def test_a_checkpoint_of_another_model_is_refused(data, settings):
    solve(data, **settings).train()
    with pytest.raises(ValueError, match="another model"):
        solve(data, TwoLayerNet(4, 5, 3), **settings).train(resume=True)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", json.dumps([1]).encode()])
def test_a_damaged_checkpoint_is_named(data, settings, content):
    settings["checkpoint"].parent.mkdir()
    settings["checkpoint"].write_bytes(content)
    with pytest.raises(ValueError, match=r"state\.npz is no checkpoint"):
        solve(data, **settings).train(resume=True)


def test_a_pickled_checkpoint_is_refused(data, settings):
    settings["checkpoint"].parent.mkdir()
    np.savez(settings["checkpoint"], loss_history=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(ValueError, match="no checkpoint"):
        solve(data, **settings).train(resume=True)
