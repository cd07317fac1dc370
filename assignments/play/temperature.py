"""The temperature of softmax: how sharp the probabilities are that the same scores give."""

import numpy as np

from assignments.messages import N_, _
from assignments.play.explore import Control, Drawing, Play, new_figure
from assignments.plots import DASHES, PALETTE

NAMES = ("bird", "cat", "hand", "heart")
SCORES = np.array([1.0, 3.0, 2.0, -1.0])
TEMPERATURES = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0)


def draw(temperature: float = 1.0) -> Drawing:
    """Draw the probabilities of four classes at a temperature, and at all others."""
    chosen = _probabilities(np.array([temperature]))[0]
    figure = new_figure(10, 3.4)
    left, right = figure.subplots(1, 2)
    bars = left.bar(NAMES, chosen, color=PALETTE[:4])
    left.bar_label(bars, [f"{p:.3f}" for p in chosen], padding=2)
    left.set(title=_("temperature {value:g}").format(value=temperature), ylim=(0, 1.12))
    left.set_ylabel(_("probability"))
    many = np.geomspace(TEMPERATURES[0], TEMPERATURES[-1], 100)
    for number, line in enumerate(_probabilities(many).T):
        name = _("{name}, score {score:g}").format(name=NAMES[number], score=SCORES[number])
        style = {"color": PALETTE[number], "linestyle": DASHES[number], "linewidth": 2}
        right.plot(many, line, label=name, **style)
    right.axvline(temperature, color="0.4", linewidth=1)
    right.set(xscale="log", xlabel=_("temperature"), ylim=(-0.02, 1.05))
    right.set_xticks([0.1, 0.3, 1, 3, 10], ["0.1", "0.3", "1", "3", "10"])
    right.minorticks_off()
    right.legend(frameon=False, loc="upper right")
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    told = ", ".join(f"{name} {p:.3f}" for name, p in zip(NAMES, chosen, strict=True))
    return figure, _(
        "Left: bars of the probabilities at temperature {value:g}: {told}. Right: the four "
        "probabilities by temperature; to the left one of them is 1, to the right all tend to a "
        "quarter."
    ).format(value=temperature, told=told)


def _probabilities(temperatures: np.ndarray) -> np.ndarray:
    """(T, 4) for temperatures (T,)."""
    # Less the largest score, which changes no probability and keeps the exponentials small.
    powers = np.exp((SCORES - SCORES.max()) / temperatures[:, None])
    return powers / powers.sum(axis=1, keepdims=True)


temperature = Play(
    number=2,
    draw=draw,
    caption=N_(
        "Softmax of the same four scores, divided by a temperature. It changes how sure the "
        "answer is, and never which class comes first."
    ),
    controls={"temperature": Control(N_("temperature"), TEMPERATURES)},
)
