"""The figures of the notebooks. Each is shown with an alternative text for those who cannot see it.

Colours are those of Okabe and Ito (Color universal design, 2008) and the colour map cividis, which
look different to everyone.
"""

import base64
import html
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from assignments.messages import _

__all__ = [
    "PALETTE",
    "activations",
    "attention_maps",
    "captioned",
    "confusion_matrix",
    "curves",
    "decision_regions",
    "distance_matrix",
    "error_bars",
    "heat_map",
    "image_grid",
    "neighbours",
    "show",
    "times",
    "weights",
]

PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442", "#000000",
)  # fmt: skip
MARKERS = "os^DvP*X"
DASHES = ("-", "--", "-.", ":")
SEQUENTIAL = "cividis"
DPI = 100


def show(figure: Figure, alt: str) -> None:
    """Show a figure below the cell and close it.

    Args:
        figure: a Matplotlib figure.
        alt: what it shows, in words.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight")
    plt.close(figure)
    image = base64.b64encode(buffer.getvalue()).decode()
    # JupyterLab reads alternative text from HTML only; the PNG is what gradebooks keep.
    picture = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{image}">'
    bundle = {"text/html": picture, "image/png": image, "text/plain": alt}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt}})


def image_grid(
    images: np.ndarray,
    titles: Sequence[str],
    columns: int = 10,
    what: str = "",
    size: float = 1.0,
) -> None:
    """Show images in rows from left to right, each below its title.

    Args:
        images: (N, H, W, 3) uint8.
        titles: N texts.
        columns: images in a row.
        what: what they are, for the alternative text.
        size: the width of an image, in inches.
    """
    rows = -(-len(images) // columns)
    height = size + 0.2 + 0.2 * max(title.count("\n") for title in titles)
    figure, axes = plt.subplots(
        rows, columns, figsize=(size * columns, height * rows), squeeze=False
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, title in zip(axes.flat, images, titles, strict=False):
        axis.imshow(image)
        axis.set_title(title, fontsize=9)
    what = what or _("Images")
    show(
        figure,
        _("{what}, from left to right: {titles}.").format(
            what=what, titles=", ".join(titles).replace("\n", " ")
        ),
    )


def neighbours(
    images: np.ndarray,
    y: np.ndarray,
    y_pred: np.ndarray,
    others: np.ndarray,
    y_others: np.ndarray,
    dists: np.ndarray,
    class_names: Sequence[str],
    count: int = 7,
) -> None:
    """Show images, each at the left of a row with its nearest neighbours among others.

    A neighbour of the same class has a solid blue frame, another a dashed orange one.

    Args:
        images: (N, H, W, 3) uint8, with right labels y and predicted labels y_pred, both (N,).
        others: (M, H, W, 3) uint8, with labels y_others (M,).
        dists: (N, M) distances.
        class_names: the name of each label.
        count: how many neighbours to show.
    """
    figure, axes = plt.subplots(
        len(images), 1 + count, figsize=(1.1 * (1 + count), 1.45 * len(images)), squeeze=False
    )
    alike = 0
    for row, line in enumerate(axes):
        line[0].imshow(images[row])
        verdict = _("right") if y[row] == y_pred[row] else class_names[y_pred[row]]
        line[0].set_title(f"{class_names[y[row]]}\n→ {verdict}", fontsize=9, weight="bold")
        line[0].axis("off")
        for axis, other in zip(line[1:], np.argsort(dists[row], kind="stable"), strict=False):
            same = y_others[other] == y[row]
            alike += same
            axis.imshow(others[other])
            axis.set_title(class_names[y_others[other]], fontsize=9)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set(
                color=PALETTE[0] if same else PALETTE[4],
                linestyle="-" if same else (0, (3, 2)),
                linewidth=3,
            )
    figure.subplots_adjust(wspace=0.15, hspace=0.5)
    show(
        figure,
        _(
            "{num} images, each with its {count} nearest neighbours; {alike} of {all} neighbours "
            "are of the class of their image."
        ).format(num=len(images), count=count, alike=int(alike), all=count * len(images)),
    )


def distance_matrix(dists: np.ndarray) -> None:
    """Show distances (num_test, num_train) as a picture: bright is far."""
    figure, axis = plt.subplots(figsize=(9, 3.2))
    picture = axis.imshow(dists, cmap=SEQUENTIAL, aspect="auto", interpolation="none")
    axis.set(xlabel=_("training example"), ylabel=_("test example"))
    figure.colorbar(picture, label=_("distance"))
    show(
        figure,
        _(
            "Picture of {rows} x {columns} distances from {least:.0f} (dark) to {most:.0f} "
            "(bright), with bright and dark rows and columns."
        ).format(rows=dists.shape[0], columns=dists.shape[1], least=dists.min(), most=dists.max()),
    )


def times(seconds: Mapping[str, float]) -> None:
    """Show how long things took.

    Args:
        seconds: for each name its seconds.
    """
    figure, axis = plt.subplots(figsize=(7, 0.5 + 0.5 * len(seconds)))
    bars = axis.barh(list(seconds), list(seconds.values()), color=PALETTE[0])
    axis.bar_label(bars, [f"{value:.3g} s" for value in seconds.values()], padding=4)
    axis.set(xlabel=_("seconds"))
    axis.margins(x=0.15)
    axis.invert_yaxis()
    axis.spines[["top", "right"]].set_visible(False)
    told = ", ".join(f"{name} {value:.3g} s" for name, value in seconds.items())
    show(figure, _("Bars of the time taken: {times}.").format(times=told))


def error_bars(values: Mapping[float, Sequence[float]], xlabel: str, ylabel: str) -> None:
    """Show repeated measurements: each as a dot, their means as a line with standard deviations.

    Args:
        values: for each place on the (logarithmic) x axis, its measurements.
    """
    x = sorted(values)
    means = [float(np.mean(values[place])) for place in x]
    deviations = [float(np.std(values[place])) for place in x]
    figure, axis = plt.subplots(figsize=(7, 3.6))
    for place in x:
        axis.plot([place] * len(values[place]), values[place], ".", color=PALETTE[1])
    axis.errorbar(x, means, deviations, color=PALETTE[0], capsize=4, marker="o", zorder=0)
    axis.set(xscale="log", xlabel=xlabel, ylabel=ylabel)
    axis.set_xticks(x, [f"{place:g}" for place in x])
    axis.minorticks_off()
    axis.spines[["top", "right"]].set_visible(False)
    told = ", ".join(
        f"{place:g}: {mean:.3f} ± {deviation:.3f}"
        for place, mean, deviation in zip(x, means, deviations, strict=True)
    )
    show(
        figure,
        _("{y} by {x}, mean and standard deviation: {values}.").format(
            y=ylabel, x=xlabel, values=told
        ),
    )


def curves(values: Mapping[str, Sequence[float]], xlabel: str, ylabel: str) -> None:
    """Show how numbers change from step to step, a line for each name.

    Args:
        values: for each name its number after 0, 1, 2, ... steps; at most eight names.
    """
    figure, axis = plt.subplots(figsize=(7, 3.6))
    for number, (name, line) in enumerate(values.items()):
        axis.plot(line, color=PALETTE[number], linestyle=DASHES[number % 4], label=name)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.locator_params("x", integer=True)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))  # never on a line
    axis.spines[["top", "right"]].set_visible(False)
    told = "; ".join(
        _("{name}: {first:.3g} at 0, {last:.3g} at {end}").format(
            name=name, first=line[0], last=line[-1], end=len(line) - 1
        )
        for name, line in values.items()
    )
    show(figure, _("{y} by {x}. {curves}.").format(y=ylabel, x=xlabel, curves=told))


def weights(
    W: np.ndarray,
    titles: Sequence[str] = (),
    shape: tuple[int, int, int] = (32, 32, 3),
    columns: int = 10,
) -> None:
    """Show weights as pictures: grey is zero, a colour positive, its opposite negative.

    Args:
        W: (H * W * 3, M) array, a picture for each column, each scaled by itself.
        titles: M texts, if any.
        shape: height, width and 3 colours.
        columns: pictures in a row.
    """
    pictures = W.T.reshape(-1, *shape)
    largest = np.abs(pictures).max(axis=(1, 2, 3), keepdims=True)
    pictures = 0.5 + 0.5 * pictures / np.maximum(largest, 1e-12)
    titles = list(titles) or [""] * len(pictures)
    rows = -(-len(pictures) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(columns, 1.2 * rows), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, picture, title in zip(axes.flat, pictures, titles, strict=False):
        axis.imshow(picture)
        axis.set_title(title, fontsize=9)
    show(
        figure,
        _(
            "Weights as {count} pictures of {high} x {wide} pixels, grey where they are zero{of}."
        ).format(
            count=len(pictures),
            high=shape[0],
            wide=shape[1],
            of=": " + ", ".join(titles) if any(titles) else "",
        ),
    )


def activations(
    images: np.ndarray, maps: np.ndarray, titles: Sequence[str], what: str = ""
) -> None:
    """Show images, each at the left of a row with its (feature) maps: bright is large.

    Args:
        images: (N, H, W, 3) uint8, or floats from 0 to 1.
        maps: (N, F, height, width) numbers. Those of one filter, a column, share one scale.
        titles: a name for each filter.
        what: what images and maps are, for the alternative text.
    """
    columns = 1 + maps.shape[1]
    figure, axes = plt.subplots(
        len(images), columns, figsize=(1.7 * columns, 1.75 * len(images)), squeeze=False
    )
    for image, answers, line in zip(images, maps, axes, strict=True):
        line[0].imshow(image)
        for number, (answer, axis) in enumerate(zip(answers, line[1:], strict=True)):
            least, most = maps[:, number].min(), maps[:, number].max()
            axis.imshow(answer, cmap=SEQUENTIAL, vmin=least, vmax=most)
        for axis in line:
            axis.axis("off")
    for axis, title in zip(axes[0, 1:], titles, strict=True):
        axis.set_title(title, fontsize=10)
    figure.tight_layout(pad=0.3)
    ranges = ", ".join(
        f"{title} ({maps[:, number].min():.2f} to {maps[:, number].max():.2f})"
        for number, title in enumerate(titles)
    )
    what = what or _("{count} images, each with its maps").format(count=len(images))
    show(figure, _("{what}, from dark to bright: {ranges}.").format(what=what, ranges=ranges))


def attention_maps(
    image: np.ndarray, maps: np.ndarray, words: Sequence[str], columns: int = 6
) -> None:
    """Show where a network looks at each word: an image, and after it one darkened for each word.

    A place is the brighter, the more weight it has, and as bright as the image where it has the
    most of all places. This largest weight stands below its word.

    Args:
        image: (H, W, 3) uint8, or floats from 0 to 1.
        maps: (T, height, width) weights that are not negative, of places in rows and columns.
        words: T texts.
        columns: images in a row.
    """
    rows = -(-(len(words) + 1) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(1.7 * columns, 2.15 * rows), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    axes.flat[0].imshow(image)
    extent = (-0.5, image.shape[1] - 0.5, image.shape[0] - 0.5, -0.5)
    told = []
    for axis, weights, word in zip(axes.flat[1:], maps, words, strict=False):
        axis.imshow(image)
        largest = weights.max()
        shade = np.zeros((*weights.shape, 4))  # black, and in the last place how dense
        shade[..., 3] = 0.85 * (1 - weights / max(largest, 1e-12))
        axis.imshow(shade, extent=extent, interpolation="nearest")
        axis.set_title(f"{word}\n{largest:.2f}", fontsize=11)
        row, column = np.unravel_index(weights.argmax(), weights.shape)
        told.append(
            _("{word}: row {row}, column {column} ({largest:.2f})").format(
                word=word, row=row + 1, column=column + 1, largest=largest
            )
        )
    figure.tight_layout(pad=0.3, h_pad=1.0)
    show(
        figure,
        _(
            "An image, and after it the same for each word, bright where the network looks. Of "
            "{high} x {wide} places this one has the largest weight: {places}."
        ).format(high=maps.shape[1], wide=maps.shape[2], places=", ".join(told)),
    )


def captioned(images: Sequence[np.ndarray], captions: Sequence[str], what: str) -> None:
    """Show pictures, four in a row, each above its caption.

    Args:
        images: N pictures, each (H, W, 3) uint8, of any size.
        captions: N texts, of one line or several.
        what: what they are.
    """
    rows = -(-len(images) // 4)
    texts = ["\n".join(textwrap.fill(line, 28) for line in text.split("\n")) for text in captions]
    lines = 1 + max(text.count("\n") for text in texts)
    size = 10.5, (2.2 + 0.18 * lines) * rows
    figure, axes = plt.subplots(rows, 4, figsize=size, squeeze=False)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    for axis, image, text in zip(axes.flat, images, texts, strict=False):
        axis.imshow(image)
        axis.set_xlabel(text, size=10)
    figure.tight_layout()
    show(
        figure,
        _("{what}, from left to right: {captions}.").format(
            what=what, captions="; ".join(captions).replace("\n", ", ")
        ),
    )


def heat_map(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    ylabel: str,
    xlabel: str,
    what: str,
) -> None:
    """Show a table of numbers with colours, bright where they are large.

    Args:
        values: (len(rows), len(columns)) numbers.
        what: what they are.
    """
    figure, axis = plt.subplots(figsize=(1.5 + 0.9 * len(columns), 1.2 + 0.6 * len(rows)))
    axis.imshow(values, cmap=SEQUENTIAL, aspect="auto")
    axis.set_xticks(range(len(columns)), columns)
    axis.set_yticks(range(len(rows)), rows)
    axis.set(xlabel=xlabel, ylabel=ylabel, title=what)
    middle = (np.nanmin(values) + np.nanmax(values)) / 2
    for (row, column), value in np.ndenumerate(values):
        colour = "black" if value > middle else "white"
        axis.text(column, row, f"{value:.3f}", ha="center", va="center", color=colour)
    row, column = map(int, np.unravel_index(np.nanargmax(values), values.shape))
    told = "; ".join(
        f"{name}: " + ", ".join(f"{value:.3f}" for value in line)
        for name, line in zip(rows, values, strict=True)
    )
    show(
        figure,
        _(
            "{what}, a row for each {y}, a column for each {x} ({columns}). {rows}. The largest is "
            "at {y} {best_row}, {x} {best_column}."
        ).format(
            what=what,
            y=ylabel,
            x=xlabel,
            columns=", ".join(columns),
            rows=told,
            best_row=rows[row],
            best_column=columns[column],
        ),
    )


def confusion_matrix(y: np.ndarray, y_pred: np.ndarray, class_names: Sequence[str]) -> None:
    """Show how often each class was taken for each other.

    Args:
        y: (N,) right labels, whole numbers from 0.
        y_pred: (N,) predicted labels.
        class_names: the name of each label.
    """
    counts = np.zeros((len(class_names), len(class_names)), int)
    np.add.at(counts, (y, y_pred), 1)
    figure, axis = plt.subplots(figsize=(6, 5.4))
    axis.imshow(counts, cmap=SEQUENTIAL)
    axis.set_xticks(range(len(class_names)), class_names, rotation=45, ha="right")
    axis.set_yticks(range(len(class_names)), class_names)
    axis.set(xlabel=_("predicted class"), ylabel=_("right class"))
    for (row, column), count in np.ndenumerate(counts):
        colour = "black" if count > counts.max() / 2 else "white"
        axis.text(column, row, count, ha="center", va="center", color=colour, fontsize=9)
    told = ", ".join(
        f"{name} {counts[row, row]} of {counts[row].sum()}" for row, name in enumerate(class_names)
    )
    show(figure, _("Confusion matrix. Predicted right: {counts}.").format(counts=told))


def decision_regions(
    classifiers: Mapping[str, Callable[[np.ndarray], np.ndarray]], X: np.ndarray, y: np.ndarray
) -> None:
    """Show side by side how classifiers divide the plane.

    Args:
        classifiers: for each title, a function from points (M, 2) to labels (M,).
        X: (N, 2) training points to draw.
        y: (N,) their labels, whole numbers from 0 to 7.
    """
    low, high = X.min(axis=0) - 0.5, X.max(axis=0) + 0.5
    across, up = np.meshgrid(*(np.linspace(low[d], high[d], 100) for d in range(2)))
    grid = np.stack([across.ravel(), up.ravel()], axis=1)
    labels = {title: np.asarray(classify(grid)) for title, classify in classifiers.items()}
    figure, axes = plt.subplots(1, len(labels), figsize=(4.2 * len(labels), 3.8), squeeze=False)
    colours = ListedColormap(PALETTE)
    for axis, title in zip(axes[0], labels, strict=True):
        regions = labels[title].reshape(across.shape)
        axis.imshow(
            regions, cmap=colours, vmin=0, vmax=len(PALETTE) - 1, alpha=0.3, origin="lower",
            extent=(low[0], high[0], low[1], high[1]), aspect="auto", interpolation="nearest",
        )  # fmt: skip
        for label in np.unique(y):
            axis.scatter(
                *X[y == label].T, s=22, color=PALETTE[label], marker=MARKERS[label],
                edgecolor="white", linewidth=0.5,
            )  # fmt: skip
        axis.set(title=title, xticks=[], yticks=[])
    titles = ", ".join(classifiers)
    show(
        figure,
        _("The plane, divided into regions of the predicted class: {titles}.").format(
            titles=titles
        ),
    )
