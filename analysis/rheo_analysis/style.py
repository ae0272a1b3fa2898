"""One look for every picture: readable type, a palette for all eyes (Okabe and Ito), no chart junk."""

import textwrap
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from .errors import BadInput  # noqa: E402
from .files import write_whole  # noqa: E402

COLOURS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#8C6D1F", "#4D4D4D"]
LINES = ["-", "--", "-.", ":"]
SHARED = "#A6A6A6"
OTHERS = "#D9D9D9"
INK = "#222222"
MUTED = "#666666"
ENDINGS = (".png", ".svg", ".pdf")

PHASES = {
    "forward": "#0072B2",
    "backward": "#E69F00",
    "update": "#009E73",
    "digital": "#CC79A7",
    "transfer": "#56B4E9",
    "idle": SHARED,
}

plt.rcParams.update({
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "savefig.dpi": 150,
    "svg.hashsalt": "rheo",
})


def colour(index):
    """The colour of the index-th series."""
    return COLOURS[index % len(COLOURS)]


def shade(index):
    """The colour of the index-th part of many: the colours once more, paler each time they start over."""
    mix = 1 - 0.62 ** (index // len(COLOURS))
    return matplotlib.colors.to_hex([c + (1 - c) * mix for c in matplotlib.colors.to_rgb(colour(index))])


def line(index):
    """Its line style: another one when the colours start over."""
    return LINES[index // len(COLOURS) % len(LINES)]


def headline(figure, *paragraphs, size=12):
    """Writes the figure's title at the left, wrapped to its width."""
    room = max(20, int(figure.get_figwidth() / (0.0085 * size)))
    lines = [line for paragraph in paragraphs for line in textwrap.wrap(paragraph, room)]
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontweight="bold", fontsize=size)


def two_lines(text, longest=18):
    """A long name in two lines, parted after a dot or at a blank near the middle."""
    places = [i + 1 for i, letter in enumerate(text[:-1]) if letter in ". "]
    if len(text) <= longest or not places:
        return text
    middle = min(places, key=lambda place: abs(place - len(text) / 2))
    return text[:middle].rstrip() + "\n" + text[middle:]


def shortened(name, most=26):
    """A name of at most so many letters, its middle left out; underscores become blanks."""
    name = name.replace("_", " ")
    return name if len(name) <= most else f"{name[:most // 2]}…{name[-(most - most // 2 - 1):]}"


def ink_on(background):
    """Black or white, whichever reads better on a colour."""
    red, green, blue = matplotlib.colors.to_rgb(background)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else INK


def picture_file(path):
    """The path of a picture to write; BadInput when its ending is none that can be drawn."""
    path = Path(path)
    if path.suffix.lower() not in ENDINGS:
        raise BadInput(f"--out {path}: the ending says the format; expected one of {', '.join(ENDINGS)}")
    return path


def save(figure, path):
    """Writes the figure, format by the ending of `path`, whole; the same figure gives the same bytes."""
    path = picture_file(path)
    kind = path.suffix.lower()[1:]
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    try:
        write_whole(path, lambda stream: figure.savefig(stream, format=kind, metadata=undated))
    finally:
        plt.close(figure)
