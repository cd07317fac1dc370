"""The training loop: mini-batches, an update rule, accuracies, the best parameters, checkpoints.

::

    from assignments.solver import Solver

    solver = Solver(model, data, optim_config={"learning_rate": 1e-2}, num_epochs=10)
    solver.train()
    solver.best_val_acc
"""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from assignments.messages import _
from assignments.optim import UpdateRule, find_rule

__all__ = ["Model", "Solver"]

#: What a checkpoint holds besides arrays by name.
_HISTORIES = ("loss_history", "train_acc_history", "val_acc_history")
#: Examples whose scores are computed at once when an accuracy is measured.
_CHUNK = 1000


class Model(Protocol):
    """What a solver can train.

    params: an array for each name.
    loss(X, y): (loss, gradients), a gradient for each name of params; loss(X): scores (N, C).
    """

    params: dict[str, np.ndarray]

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any: ...


class Solver:
    """Trains a model and leaves it with the parameters that were best on the validation data.

    Args:
        model: see :class:`Model`.
        data: ``X_train``, ``y_train``, ``X_val``, ``y_val``: examples along the first axis, labels
            (N,).
        update_rule: moves one parameter: ``f(w, dw, config) -> (next_w, config)``, or the name of
            such a function, from :data:`assignments.optim.RULES`.
        optim_config: settings of the update rule, such as ``{"learning_rate": 1e-2}``. Each
            parameter has a copy of its own, in which the rule may keep more.
        lr_decay: after each epoch the learning rate is multiplied by this.
        batch_size: examples in a step.
        num_epochs: how often each training example is used.
        num_train_samples: how many training examples the training accuracy is measured on.
        seed: decides the order of the examples. The same seed gives the same training.
        checkpoint: a file (``.npz``) that the state of the training is written to before the first
            epoch and after each one.
        progress: show a progress bar?

    Attributes:
        loss_history: the loss of each step, on its batch.
        train_acc_history, val_acc_history: accuracies before the first epoch and after each one.
        best_val_acc, best_params: the highest validation accuracy and the parameters that had it.
    """

    def __init__(
        self,
        model: Model,
        data: Mapping[str, np.ndarray],
        *,
        update_rule: UpdateRule | str = "sgd",
        optim_config: Mapping[str, Any] | None = None,
        lr_decay: float = 1.0,
        batch_size: int = 100,
        num_epochs: int = 10,
        num_train_samples: int = 1000,
        seed: int = 0,
        checkpoint: str | Path | None = None,
        progress: bool = True,
    ) -> None:
        self.model = model
        self.X_train, self.y_train = data["X_train"], data["y_train"]
        self.X_val, self.y_val = data["X_val"], data["y_val"]
        self.update_rule = find_rule(update_rule) if isinstance(update_rule, str) else update_rule
        self.optim_configs = {name: dict(optim_config or {}) for name in model.params}
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.num_epochs = num_epochs
        self.num_train_samples = num_train_samples
        self.seed = seed
        self.checkpoint = None if checkpoint is None else Path(checkpoint)
        self.progress = progress

        self.loss_history: list[float] = []
        self.train_acc_history: list[float] = []
        self.val_acc_history: list[float] = []
        self.best_val_acc = -1.0
        self.best_params: dict[str, np.ndarray] = {}

    def train(self, resume: bool = False) -> None:
        """Train for ``num_epochs`` epochs, then give the model the best parameters.

        Stops, with a warning, when the loss is no longer a finite number.

        Args:
            resume: go on from the checkpoint, if there is one.

        Raises:
            ValueError: the checkpoint is damaged or belongs to another model, or the model's loss
                gives no gradient of the right shape for a parameter.
        """
        if resume and self.checkpoint is not None and self.checkpoint.exists():
            self._load(self.checkpoint)
        if not self.val_acc_history:
            self._end_epoch()
        steps = max(len(self.X_train) // self.batch_size, 1)
        done = len(self.val_acc_history) - 1
        # Layers by NumPy and by PyTorch take turns: with more threads, those of the one would wait
        # for those of the other.
        with (
            threadpool_limits(1),
            tqdm(
                total=self.num_epochs * steps, initial=done * steps, disable=not self.progress
            ) as bar,
        ):
            for epoch in range(done, self.num_epochs):
                # A generator of its own for each epoch: an interrupted training goes on as it would
                # have gone on.
                order = np.random.default_rng([self.seed, epoch]).permutation(len(self.X_train))
                for batch in np.array_split(order[: steps * self.batch_size], steps):
                    self._step(batch)
                    bar.update()
                    if not np.isfinite(self.loss_history[-1]):
                        warnings.warn(
                            _("The loss is {loss}; training stops. Is the learning rate too large?")
                            .format(loss=self.loss_history[-1]),
                            stacklevel=2,
                        )  # fmt: skip
                        self.model.params = _copy(self.best_params)
                        return
                for config in self.optim_configs.values():
                    if "learning_rate" in config:
                        config["learning_rate"] *= self.lr_decay
                self._end_epoch()
                bar.set_postfix(
                    epoch=epoch + 1,
                    loss=f"{self.loss_history[-1]:.3f}",
                    val_acc=f"{self.val_acc_history[-1]:.3f}",
                )
        self.model.params = _copy(self.best_params)

    def accuracy(self, X: np.ndarray, y: np.ndarray) -> float:
        """The share of examples X whose highest score is at their label y, with the model as it is.

        X: examples along the first axis. y: (N,) labels.
        """
        starts = range(0, len(X), _CHUNK)
        y_pred = [np.argmax(self.model.loss(X[i : i + _CHUNK]), axis=1) for i in starts]
        return float(np.mean(np.concatenate(y_pred) == y))

    def _step(self, batch: np.ndarray) -> None:
        """Move every parameter once, by the gradients on a batch of examples."""
        loss, grads = self.model.loss(self.X_train[batch], self.y_train[batch])
        self.loss_history += [float(loss)]
        for name, w in self.model.params.items():
            dw = grads.get(name)
            if np.shape(dw) != np.shape(w):
                found = _("no gradient") if dw is None else _("a gradient of shape {shape}")
                raise ValueError(
                    _("The model's loss gives {found} for {name}, which has shape {want}.").format(
                        found=found.format(shape=np.shape(dw)), name=name, want=np.shape(w)
                    )
                )
            self.model.params[name], self.optim_configs[name] = self.update_rule(
                w, dw, self.optim_configs[name]
            )

    def _end_epoch(self) -> None:
        """Measure, keep the best parameters, write the checkpoint."""
        few = np.random.default_rng(self.seed).permutation(len(self.X_train))
        few = few[: self.num_train_samples]
        self.train_acc_history.append(self.accuracy(self.X_train[few], self.y_train[few]))
        self.val_acc_history.append(self.accuracy(self.X_val, self.y_val))
        if self.val_acc_history[-1] > self.best_val_acc:
            self.best_val_acc = self.val_acc_history[-1]
            self.best_params = _copy(self.model.params)
        if self.checkpoint is not None:
            self._save(self.checkpoint)

    # --- checkpoints ---------------------------------------------------------------------------

    def _save(self, path: Path) -> None:
        """Write the state as plain arrays; a reader finds the old file or the new one, whole."""
        arrays = {name: np.array(getattr(self, name)) for name in _HISTORIES}
        for name, value in self.model.params.items():
            arrays[f"params/{name}"] = value
            arrays[f"best/{name}"] = self.best_params[name]
            for key, setting in self.optim_configs[name].items():
                arrays[f"config/{name}/{key}"] = np.asarray(setting)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + ".part")
        with unfinished.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # no array is named allow_pickle
        os.replace(unfinished, path)

    def _load(self, path: Path) -> None:
        """Take over the state that a checkpoint holds."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            histories = {name: arrays.pop(name).tolist() for name in _HISTORIES}
        except Exception as error:  # a damaged archive can raise nearly anything
            raise ValueError(
                _("{path} is no checkpoint of a solver ({why}); delete it to begin anew.").format(
                    path=path, why=error
                )
            ) from error
        parts: dict[str, dict[str, np.ndarray]] = {"params": {}, "best": {}, "config": {}}
        for place, value in arrays.items():
            part, _slash, name = place.partition("/")
            parts.setdefault(part, {})[name] = value
        want = {name: np.shape(value) for name, value in self.model.params.items()}
        for part in ("params", "best"):
            found = {name: value.shape for name, value in parts[part].items()}
            if found != want:
                raise ValueError(
                    _(
                        "{path} belongs to another model: it has {found}, where {want} is "
                        "expected. Delete it, or name another file."
                    ).format(path=path, found=found, want=want)
                )
        for name, values in histories.items():
            setattr(self, name, values)
        self.model.params = parts["params"]
        self.best_params = parts["best"]
        self.best_val_acc = max(self.val_acc_history)
        self.optim_configs = {name: {} for name in want}
        for place, value in parts["config"].items():
            name, _slash, key = place.rpartition("/")
            self.optim_configs[name][key] = value.item() if value.ndim == 0 else value


def _copy(params: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.array(value) for name, value in params.items()}
