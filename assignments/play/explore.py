"""A figure to play with: sliders above a drawing, its number and caption below.

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
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from assignments.messages import _
from assignments.plots import DPI

__all__ = ["Control", "Drawing", "Play", "new_figure"]

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
        """Show the figure below the cell, with its sliders."""
        figure, alt = self.draw()
        still = io.BytesIO()
        figure.savefig(still, format="png", dpi=DPI)
        shown = {
            "text/html": self.page(figure, alt),
            "image/png": base64.b64encode(still.getvalue()).decode(),
            "text/plain": f"{self.title} {_(self.caption)} {alt}",
        }
        if importlib.util.find_spec("ipywidgets"):
            shown = self._widget(shown["text/html"])._repr_mimebundle_() | shown
        display(shown, raw=True, metadata={"image/png": {"alt": alt}})

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
            f'<figcaption style="max-width: 60em"><b>{html.escape(self.title)}</b> '
            f"{html.escape(_(self.caption))}</figcaption></figure>"
        )

    def _widget(self, first: str) -> Any:
        """The sliders above the picture that they change."""
        import ipywidgets as widgets

        picture = widgets.HTML(first)
        sliders = {
            name: widgets.SelectionSlider(
                options=[(_text(value), value) for value in control.values],
                value=self.settings[name],
                description=_(control.label),
                style={"description_width": "11em"},
                layout={"width": "32em", "max_width": "100%"},
            )
            for name, control in self.controls.items()
        }

        def redraw(_change: Any) -> None:
            picture.value = self.page(*self.draw(**{n: s.value for n, s in sliders.items()}))

        for slider in sliders.values():
            slider.observe(redraw, "value")
        return widgets.VBox([*sliders.values(), picture])


def new_figure(width: float, height: float) -> Figure:
    """A figure of its own, which pyplot need not close; in inches."""
    margin = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)  # white, on dark ground
    return Figure(figsize=(width, height), layout=margin)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else _(str(value))
