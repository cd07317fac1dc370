"""A figure to play with: sliders above a drawing, its number and caption below it.

Where there are no widgets, on a page or in a file, the figure stands still at its first settings.
"""

import base64
import html
import importlib.util
import inspect
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from IPython.display import display
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import NullLocator

from assignments.messages import _
from assignments.plots import DPI

__all__ = ["Control", "Drawing", "Play", "new_figure", "powers_of_ten"]

#: A figure, and what it shows, in words.
Drawing = tuple[Figure, str]


@dataclass(frozen=True)
class Control:
    """A slider.

    Attributes:
        label: what it sets; short.
        values: where it can stand, from left to right; the first setting is among them.
    """

    label: str
    values: Sequence[Any]


@dataclass(frozen=True)
class Play:
    """An idea to play with; a call shows it.

    Attributes:
        number: of the figure, in the order of the course.
        draw: makes the figure from the values of the sliders; its defaults are the first settings.
        caption: what the figure shows, in a sentence or two.
        controls: a slider for each argument of ``draw``.
    """

    number: int
    draw: Callable[..., Drawing]
    caption: str
    controls: Mapping[str, Control]

    @property
    def settings(self) -> dict[str, Any]:
        """The first settings."""
        parameters = inspect.signature(self.draw).parameters
        return {name: parameters[name].default for name in self.controls}

    def __call__(self) -> None:
        """Show the sliders below the cell, and below them the figure, which they draw anew."""
        sliders = self._sliders() if importlib.util.find_spec("ipywidgets") else {}
        if sliders:
            _display_in_a_box(list(sliders.values()))
        figure, alt = self.draw()
        still = io.BytesIO()
        figure.savefig(still, format="png", dpi=DPI)
        image = {"image/png": base64.b64encode(still.getvalue()).decode()}
        shown = display(
            self._bundle(figure, alt) | image,
            raw=True,
            metadata={"image/png": {"alt": alt}},
            display_id=True,
        )

        def redraw(_change: Any) -> None:
            settings = {name: slider.value for name, slider in sliders.items()}
            shown.update(self._bundle(*self.draw(**settings)), raw=True)

        for slider in sliders.values():
            slider.observe(redraw, "value")

    def _bundle(self, figure: Figure, alt: str) -> dict[str, str]:
        text = f"{self.title} {_(self.caption)} {alt}"
        return {"text/html": self.page(figure, alt), "text/plain": text}

    @property
    def title(self) -> str:
        """Which figure it is."""
        return _("Figure {number}.").format(number=self.number)

    def page(self, figure: Figure, alt: str) -> str:
        """HTML of a drawing with number and caption: sharp at any size, white on any ground."""
        drawn = io.BytesIO()
        with mpl.rc_context({"svg.hashsalt": "play"}):  # the same drawing has the same bytes
            figure.savefig(drawn, format="svg", metadata={"Date": None})
        source = f"data:image/svg+xml;base64,{base64.b64encode(drawn.getvalue()).decode()}"
        return (
            f'<figure style="margin: 0"><img alt="{html.escape(alt)}" src="{source}" '
            'style="max-width: 100%; background: white; border-radius: 4px">'
            '<figcaption style="max-width: 60em; line-height: 1.5">'
            f"<b>{self.title}</b> {html.escape(_(self.caption))}</figcaption></figure>"
        )

    def _sliders(self) -> dict[str, Any]:
        """A slider for each argument of ``draw``; a list, where the values are words."""
        import ipywidgets as widgets

        return {
            name: (
                widgets.Dropdown if isinstance(control.values[0], str) else widgets.SelectionSlider
            )(
                options=[(_text(value), value) for value in control.values],
                value=self.settings[name],
                description=_(control.label),
                style={"description_width": "11em"},
                layout={"width": "32em", "max_width": "100%"},
            )
            for name, control in self.controls.items()
        }


def _display_in_a_box(sliders: list[Any]) -> None:
    """Show sliders; where there is no kernel for them, on a page, show nothing."""
    import ipywidgets as widgets

    bundle = widgets.VBox(sliders)._repr_mimebundle_()
    display(bundle | {"text/html": "", "text/plain": ""}, raw=True)


def new_figure(width: float, height: float) -> Figure:
    """A figure of its own, which pyplot need not close; in inches."""
    margin = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)  # white, on dark ground
    return Figure(figsize=(width, height), layout=margin)


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def powers_of_ten(axis: Axis, exponents: Sequence[int]) -> None:
    """Label an axis on a logarithmic scale, in half the time that Matplotlib's labels take."""
    axis.set_ticks(
        [10.0**n for n in exponents], ["10" + str(n).translate(_RAISED) for n in exponents]
    )
    axis.set_minor_locator(NullLocator())


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else _(str(value))
