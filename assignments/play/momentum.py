"""Momentum, and the path of a heavy ball in a long valley."""

from assignments.messages import N_, _
from assignments.play.explore import Control, Drawing, Play
from assignments.play.valley import descend, draw_descent


def draw(momentum: float = 0.9, rate: float = 0.2) -> Drawing:
    """Draw a descent with momentum."""
    title = _("momentum {momentum:g}, learning rate {rate:g}").format(momentum=momentum, rate=rate)
    return draw_descent(descend(rate, momentum), title)


momentum = Play(
    number=4,
    draw=draw,
    caption=N_(
        "Gradient descent with momentum in a valley that is ten times as curved across as along, "
        "and the loss at each of its 40 steps."
    ),
    controls={
        "momentum": Control(
            N_("momentum"), (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
        ),
        "rate": Control(
            N_("learning rate"), (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 1.5, 1.9, 2.1, 2.5, 3.0, 3.5, 4.0)
        ),
    },
)
