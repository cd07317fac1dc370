"""Measure the update rules side by side on emoji10: the same network, the same start.

    python bench/update_rules.py [--rules adam adamw] [--epochs 10]

A fully connected network with four hidden layers of 100 units learns from 5000 images with each
rule and several learning rates; 1000 images are for validation. For each rule the learning rate
with the best validation accuracy counts, and the test accuracy is that of its network. The
notebook ``a2_networks/fully_connected_nets`` trains the same network with these learning rates.
Takes about two minutes on one core.
"""

import argparse
import time

import numpy as np

from assignments.data import Dataset, load_data
from assignments.optim import RULES
from assignments.solver import Solver
from assignments.standins.a2_networks.fully_connected_nets import FullyConnectedNet

NUM_TRAIN, NUM_VAL = 5000, 1000
LEARNING_RATES = {
    "sgd": (0.1, 0.2, 0.4, 0.8),
    "sgd_momentum": (0.01, 0.03, 0.05, 0.1),
    "nesterov": (0.01, 0.03, 0.05, 0.1),
    "adagrad": (0.003, 0.01, 0.02, 0.04),
    "adadelta": (None,),
    "rmsprop": (0.0001, 0.0003, 0.001, 0.003),
    "adam": (0.0003, 0.001, 0.002, 0.004),
    "adamw": (0.0003, 0.001, 0.002, 0.004),
}
FIXED = {"adamw": {"weight_decay": 0.1}}


def split(images: Dataset) -> dict[str, np.ndarray]:
    """Return training, validation and test images from 0 to 1, less the mean training image."""
    X_train, X_val = np.split(images.X_train, [NUM_TRAIN])
    mean = X_train.mean(axis=0) / 255
    data = {"X_train": X_train, "X_val": X_val, "X_test": images.X_test}
    data = {name: (X / 255 - mean).astype(np.float32) for name, X in data.items()}
    y_train, y_val = np.split(images.y_train, [NUM_TRAIN])
    return {**data, "y_train": y_train, "y_val": y_val, "y_test": images.y_test}


def train(data: dict[str, np.ndarray], rule: str, rate: float | None, epochs: int) -> Solver:
    """Return a solver that has trained with an update rule."""
    np.random.seed(0)
    model = FullyConnectedNet([100] * 4, weight_scale=0.05)
    config = {**FIXED.get(rule, {}), **({} if rate is None else {"learning_rate": rate})}
    solver = Solver(
        model, data, update_rule=rule, optim_config=config, num_epochs=epochs, progress=False
    )
    solver.train()
    return solver


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rules", nargs="+", choices=RULES, default=RULES)
    parser.add_argument("--epochs", type=int, default=10, help="default 10")
    options = parser.parse_args()
    data = split(load_data("emoji10", num_train=NUM_TRAIN + NUM_VAL))
    print(f"{'rule':<13}{'rate':>8}{'loss':>8}{'train':>8}{'val':>8}{'test':>8}{'ms/step':>9}")
    for rule in options.rules:
        best: tuple[float, str] = (-1.0, "")
        for rate in LEARNING_RATES[rule]:
            started = time.perf_counter()
            solver = train(data, rule, rate, options.epochs)
            steps = len(solver.loss_history)
            pace = 1000 * (time.perf_counter() - started) / steps
            row = f"{rule:<13}{'-' if rate is None else f'{rate:g}':>8}"
            row += f"{np.mean(solver.loss_history[-50:]):8.3f}{solver.train_acc_history[-1]:8.3f}"
            row += f"{solver.best_val_acc:8.3f}"
            print(f"{row}{'':8}{pace:9.1f}", flush=True)
            test = solver.accuracy(data["X_test"], data["y_test"])
            best = max(best, (solver.best_val_acc, f"{row}{test:8.3f}{pace:9.1f}"))
        print(f"{best[1]}   best\n", flush=True)


if __name__ == "__main__":
    main()
