"""How alike replicas of a kernel become, from the files that benchmark_rapa --inference writes (Rasch et al. 2019,
figure 6A: mean correlation of replica pairs, averaged over the tiled layers)."""

import json
import math
import statistics
from dataclasses import dataclass
from pathlib import Path

from . import style
from .errors import BadInput
from .style import plt


@dataclass(frozen=True)
class Similarity:
    """One trained network: how its patches were shared out, its pooling, and the mean over its tiled layers."""

    scheme: str
    pooling: str
    before: float
    after: float


def read_similarity(file):
    """The similarity in a file; BadInput says what is wrong with it."""
    file = Path(file)
    try:
        study = json.loads(file.read_text(encoding="utf-8"))
        means = [statistics.fmean(study["similarity"][when]) for when in ("before", "after")]
        result = Similarity(str(study["scheme"]), str(study["pooling"]), *means)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{file}: expected what benchmark_rapa --inference writes: {error!r}") from error
    if not all(math.isfinite(value) for value in means):
        raise BadInput(f"{file}: holds no similarity")
    return result


def figure(networks):
    """Similarity by pooling, a bar a scheme; a scheme twice under one pooling (seeds): the mean, each a dot."""
    poolings = list(dict.fromkeys(network.pooling for network in networks))
    schemes = list(dict.fromkeys(network.scheme for network in networks))
    drawing, axes = plt.subplots(figsize=(8.2, 4.6), layout="constrained")
    width = 0.8 / len(schemes)
    for index, scheme in enumerate(schemes):
        for place, pooling in enumerate(poolings):
            values = [n.after for n in networks if (n.scheme, n.pooling) == (scheme, pooling)]
            if not values:
                continue
            x = place + (index - (len(schemes) - 1) / 2) * width
            axes.bar(x, statistics.fmean(values), 0.9 * width, color=style.colour(index))
            axes.plot([x] * len(values), values, ".", color=style.INK)
    for index, scheme in enumerate(schemes):
        axes.bar(0, 0, color=style.colour(index), label=scheme.replace("_", " "))
    axes.axhline(0, color=style.MUTED, linewidth=0.8)
    axes.set_xticks(range(len(poolings)), [f"{pooling} pooling" for pooling in poolings])
    axes.set_xlim(-0.5, len(poolings) - 0.5)
    axes.set_ylabel("mean correlation of replica pairs")
    axes.set_title("Similarity of the replicas after training")
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.1), borderaxespad=0, ncols=4)
    return drawing
