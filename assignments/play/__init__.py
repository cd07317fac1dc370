"""Hard ideas to play with: ``play.momentum()`` shows a figure with sliders.

::

    from assignments import play

A module an idea: what it draws is a pure function ``draw`` of the sliders' values. Figures are
numbered in the order of the notebooks that show them. Nothing here is part of an exercise.
"""

from assignments.play.attention import attention
from assignments.play.batch_norm import batch_norm
from assignments.play.convolution import convolution
from assignments.play.dropout import dropout
from assignments.play.heads import heads
from assignments.play.learning_rate import learning_rate
from assignments.play.mixup import mixup
from assignments.play.momentum import momentum
from assignments.play.neighbours import neighbours
from assignments.play.patches import patches
from assignments.play.spectral_radius import spectral_radius
from assignments.play.temperature import temperature

__all__ = [
    "attention",
    "batch_norm",
    "convolution",
    "dropout",
    "heads",
    "learning_rate",
    "mixup",
    "momentum",
    "neighbours",
    "patches",
    "spectral_radius",
    "temperature",
]
