"""The spectral radius of the recurrent weights, and how far a gradient goes back in time."""

from functools import lru_cache

import numpy as np

from assignments.messages import N_, _
from assignments.play.explore import Control, Drawing, Play, new_figure, powers_of_ten
from assignments.plots import PALETTE

UNITS, STEPS, SEQUENCES = 64, 30, 50
ORTHOGONAL, RANDOM = N_("orthogonal"), N_("random")


def draw(radius: float = 0.8, inputs: float = 0.01, kind: str = ORTHOGONAL) -> Drawing:
    """Draw the eigenvalues of recurrent weights, and the gradient of the last state by steps back.

    Args:
        radius: the spectral radius of the weights, the largest size of an eigenvalue.
        inputs: standard deviation of what comes in at each step; large ones saturate tanh.
        kind: ORTHOGONAL, where all eigenvalues have this size, or RANDOM, normally distributed.
    """
    W, eigenvalues = _weights(kind)
    W = radius * W
    rng = np.random.default_rng(1)
    h, slopes = np.zeros((SEQUENCES, UNITS)), []
    for _step in range(STEPS):
        h = np.tanh(h @ W + inputs * rng.normal(size=h.shape))
        slopes.append(1 - h**2)
    back = rng.normal(size=h.shape)
    sizes = [np.linalg.norm(back, axis=1).mean()]
    for slope in slopes[:0:-1]:
        back = (back * slope) @ W.T
        sizes.append(np.linalg.norm(back, axis=1).mean())
    shares = np.array(sizes) / sizes[0]
    figure = new_figure(10, 3.8)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.4))
    turn = np.linspace(0, 2 * np.pi, 100)
    left.plot(np.cos(turn), np.sin(turn), color="0.6", linestyle="--")
    left.plot(radius * eigenvalues.real, radius * eigenvalues.imag, "o", color=PALETTE[0], ms=4)
    left.set(xlim=(-1.65, 1.65), ylim=(-1.65, 1.65), aspect="equal", xticks=[-1, 0, 1])
    left.set(yticks=[-1, 0, 1], xlabel=_("real part"), ylabel=_("imaginary part"))
    left.set_title(_("eigenvalues, radius {radius:g}").format(radius=radius))
    right.axhline(1, color="0.6", linestyle="--")
    right.plot(shares, color=PALETTE[4], linewidth=2, label=_("gradient"))
    right.plot(
        radius ** np.arange(STEPS), color=PALETTE[0], linestyle=":", linewidth=2,
        label=_("radius to the power of the steps"),
    )  # fmt: skip
    right.set(yscale="log", ylim=(1e-13, 1e6), xlabel=_("steps back"))
    right.set_ylabel(_("size of the gradient"))
    powers_of_ten(right.yaxis, range(-12, 7, 3))
    right.legend(frameon=False, loc="upper left")
    right.spines[["top", "right"]].set_visible(False)
    return figure, _(
        "Left: the 64 eigenvalues of the recurrent weights, within a circle of radius {radius:g}, "
        "and the unit circle. Right: the size of the gradient of the last state by steps back, on "
        "a logarithmic scale: after 10 steps {ten:.2g} of it is left, after 29 steps {all:.2g}."
    ).format(radius=radius, ten=shares[10], all=shares[-1])


@lru_cache(maxsize=2)
def _weights(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Weights (UNITS, UNITS) of spectral radius 1, and their eigenvalues."""
    W = np.random.default_rng(0).normal(size=(UNITS, UNITS))
    if kind == ORTHOGONAL:
        W = np.linalg.qr(W)[0]
    eigenvalues = np.linalg.eigvals(W)
    radius = np.abs(eigenvalues).max()
    return W / radius, eigenvalues / radius


spectral_radius = Play(
    number=9,
    draw=draw,
    caption=N_(
        "The eigenvalues of recurrent weights beside the unit circle, and how much of the gradient "
        "of the last state of an RNN is left some steps back."
    ),
    controls={
        "radius": Control(
            N_("spectral radius"),
            (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5),
        ),
        "inputs": Control(N_("size of the inputs"), (0.0001, 0.01, 0.1, 0.3, 1.0, 3.0)),
        "kind": Control(N_("weights"), (ORTHOGONAL, RANDOM)),
    },
)
