"""Measure what batch and layer normalisation are worth in a deep network on emoji10.

    python bench/normalization.py [--seed 0] [--epochs 10]

Five hidden layers of 100 units, plain gradient descent, first weights of several sizes: the test
accuracy without normalisation, with batch and with layer normalisation. Nothing is chosen by it.
Takes about two minutes on two cores; ends with exit status 1 unless batch normalisation is the
better one to have for every size of the weights.
"""

import argparse
import warnings

import numpy as np

from assignments.data import Dataset, load_data
from assignments.solver import Solver
from assignments.standins.a2_networks.fully_connected_nets import FullyConnectedNet

NORMALIZATIONS = (None, "batchnorm", "layernorm")
WEIGHT_SCALES = (0.01, 0.03, 0.1, 0.3)
LEARNING_RATE = 0.3


def accuracy(
    data: Dataset, normalization: str | None, weight_scale: float, epochs: int, seed: int
) -> float:
    """Train a network with `FullyConnectedNet`'s arguments; its accuracy after the last epoch."""
    np.random.seed(seed)
    model = FullyConnectedNet(
        [100] * 5, normalization=normalization, weight_scale=weight_scale, seed=seed
    )
    mean_image = data.X_train.mean(axis=0) / 255
    X_train, X_test = (
        (X / 255 - mean_image).astype(np.float32) for X in (data.X_train, data.X_test)
    )
    solver = Solver(
        model,
        {"X_train": X_train, "y_train": data.y_train, "X_val": X_test, "y_val": data.y_test},
        optim_config={"learning_rate": LEARNING_RATE},
        num_epochs=epochs,
        num_train_samples=100,
        seed=seed,
        progress=False,
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # without normalisation, large weights explode
        solver.train()
    return solver.val_acc_history[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches (default 0)")
    parser.add_argument("--epochs", type=int, default=10, help="of each training (default 10)")
    options = parser.parse_args()
    data = load_data("emoji10")
    print(f"emoji10: {len(data.X_train)} training and {len(data.X_test)} test images")
    print("first weights " + "".join(f"{name or 'none':>12}" for name in NORMALIZATIONS))
    worse = []
    for scale in WEIGHT_SCALES:
        scores = {
            name: accuracy(data, name, scale, options.epochs, options.seed)
            for name in NORMALIZATIONS
        }
        print(f"{scale:<13} " + "".join(f"{score:12.3f}" for score in scores.values()), flush=True)
        worse += [scale] if scores["batchnorm"] <= scores[None] else []
    if worse:
        raise SystemExit(f"Batch normalisation is no better with first weights of {worse}.")


if __name__ == "__main__":
    main()
