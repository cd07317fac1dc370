"""Measure how much a convolution is worth on emoji10, with the notebooks' own solutions.

    python bench/emoji10_convnet.py [--seed 0]

The network of ``convolutional_networks`` (16 filters of 3 x 3, NumPy, fast layers) and that of
``two_layer_net``, with about as many weights, on 9,000 images, with Adam. The epoch with the best
accuracy on 1,000 validation images counts. Takes about a minute on two cores; ends with exit status
1 when the convolutional network is not better by `STEP` on the 2,000 test images.
"""

import argparse
import time

import numpy as np

from assignments.data import Dataset, load_data
from assignments.solver import Solver
from autograder.answer_key import answer_key
from autograder.course import Course

STEP = 0.05
EPOCHS = 8


def solution(assignment: str, notebook: str, name: str) -> type:
    """A class of a notebook's own solution."""
    return getattr(answer_key(Course().assignment(assignment).notebooks[notebook]).reference, name)


def measure(images: Dataset, seed: int, epochs: int) -> dict[str, float]:
    """The test accuracy of each network, printed as it goes; a tenth of the images validates."""
    held_out = len(images.X_train) // 10
    mean = images.X_train[:-held_out].mean(axis=0) / 255

    def prepare(X: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray((X / 255 - mean).astype(np.float32).transpose(0, 3, 1, 2))

    X, y = prepare(images.X_train), images.y_train
    data = {"X_train": X[:-held_out], "y_train": y[:-held_out]}
    data |= {"X_val": X[-held_out:], "y_val": y[-held_out:]}
    two_layer_net = solution("a1_classifiers", "two_layer_net", "TwoLayerNet")
    convnet = solution("a2_networks", "convolutional_networks", "ThreeLayerConvNet")
    scores = {}
    for name, network, settings, learning_rate in (
        ("two-layer net", two_layer_net, {"hidden_dim": 130, "weight_scale": 1e-2}, 1e-3),
        (
            "convolutional network",
            convnet,
            {"num_filters": 16, "filter_size": 3, "weight_scale": 3e-2},
            2e-3,
        ),
    ):
        np.random.seed(seed)
        model = network(**settings, reg=1e-3)
        model.params = {key: value.astype(np.float32) for key, value in model.params.items()}
        solver = Solver(
            model,
            data,
            update_rule="adam",
            optim_config={"learning_rate": learning_rate},
            lr_decay=0.9,
            num_epochs=epochs,
            seed=seed,
            progress=False,
        )
        start = time.process_time()
        solver.train()
        seconds = time.process_time() - start
        scores[name] = solver.accuracy(prepare(images.X_test), images.y_test)
        size = sum(value.size for value in model.params.values())
        print(
            f"{name:<24} {size:>8,} weights   {seconds:5.1f} s of processor time   "
            f"validation {solver.best_val_acc:.3f}   test {scores[name]:.3f}",
            flush=True,
        )
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the first weights (default 0)")
    flat, convolutional = measure(load_data("emoji10"), parser.parse_args().seed, EPOCHS).values()
    if convolutional - flat < STEP:
        raise SystemExit(
            f"The convolution is worth {convolutional - flat:.3f}; it should be {STEP} or more."
        )


if __name__ == "__main__":
    main()
