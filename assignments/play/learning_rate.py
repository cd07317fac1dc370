"""The learning rate, and the path that gradient descent takes in a long valley."""

from assignments.messages import N_, _
from assignments.play.explore import Control, Drawing, Play
from assignments.play.valley import descend, draw_descent


def draw(rate: float = 0.5, noise: float = 0.0) -> Drawing:
    """Draw a descent with a learning rate, and with noise in each gradient."""
    title = _("learning rate {rate:g}, noise {noise:g}").format(rate=rate, noise=noise)
    return draw_descent(descend(rate, noise=noise), title)


learning_rate = Play(
    number=3,
    draw=draw,
    caption=N_(
        "Gradient descent in a valley that is ten times as curved across as along, and the loss "
        "at each of its 40 steps. With noise, each gradient is that of another mini-batch."
    ),
    controls={
        "rate": Control(
            N_("learning rate"),
            (0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 1.0, 1.2, 1.5, 1.7, 1.8, 1.9, 1.95, 2.0, 2.02, 2.1),
        ),
        "noise": Control(N_("noise of the gradient"), (0.0, 0.1, 0.2, 0.5, 1.0, 2.0)),
    },
)
