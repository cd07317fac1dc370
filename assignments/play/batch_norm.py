"""What batch normalisation does to the distribution of a feature."""

import numpy as np

from assignments.messages import N_, _
from assignments.play.explore import Control, Drawing, Play, new_figure
from assignments.plots import PALETTE

BATCH = 2000


def draw(
    mean: float = 3.0, deviation: float = 2.0, gamma: float = 1.0, beta: float = 0.0
) -> Drawing:
    """Draw a feature before, within and after batch normalisation.

    Args:
        mean, deviation: those with which the feature comes in; its shape is skewed.
        gamma, beta: what the layer has learned.
    """
    # A gamma distribution: skewed, so that one sees that its shape stays.
    raw = np.random.default_rng(0).gamma(4.0, size=BATCH)
    coming = mean + deviation * (raw - 4.0) / 2.0
    standard = (coming - coming.mean()) / coming.std()
    leaving = gamma * standard + beta
    figure = new_figure(11, 3.2)
    axes = figure.subplots(1, 3, sharex=True, sharey=True)
    titles = _("before: x"), _("normalised: x_hat"), _("after: gamma * x_hat + beta")
    told = []
    bins = np.linspace(-11, 11, 89)
    for number, (axis, title, values) in enumerate(
        zip(axes, titles, (coming, standard, leaving), strict=True)
    ):
        axis.hist(values, bins, color=PALETTE[number], histtype="stepfilled")
        axis.axvline(0, color="black", linewidth=1)
        what = _("mean {mean:.2f}, std {deviation:.2f}").format(
            mean=values.mean(), deviation=values.std()
        )
        through = _("{share:.0%} pass a ReLU").format(share=(values > 0).mean())
        axis.set_title(f"{title}\n{what}\n{through}", fontsize=10)
        axis.set(yticks=[], xlim=(-11, 11), ylim=(0, 500))
        axis.spines[["top", "right", "left"]].set_visible(False)
        told.append(f"{title}: {what}, {through}")
    return figure, _("Histograms of a feature over a batch of {count}. {told}.").format(
        count=BATCH, told="; ".join(told)
    )


_SHIFTS = (-6.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0)
_FACTORS = (0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0)

batch_norm = Play(
    number=5,
    draw=draw,
    caption=N_(
        "A feature over a batch of 2000 examples: as it comes, normalised, and as the layer gives "
        "it on. What lies right of the line passes a ReLU."
    ),
    controls={
        "mean": Control(N_("mean before"), _SHIFTS),
        "deviation": Control(N_("std before"), _FACTORS),
        "gamma": Control("gamma", (-1.0, 0.0, *_FACTORS)),
        "beta": Control("beta", _SHIFTS),
    },
)
