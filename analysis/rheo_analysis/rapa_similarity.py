"""How alike replicas of a kernel become, from evaluations of networks with replicas (Rasch et al. 2019, figure 6A: mean
correlation of replica pairs, averaged over the tiled layers)."""

import statistics
from dataclasses import dataclass

from . import style
from .errors import BadInput
from .evaluations import read_evaluation
from .style import plt


@dataclass(frozen=True)
class Similarity:
    """One trained network: how its patches were shared out, its pooling, and the mean over its tiled layers."""

    scheme: str
    pooling: str
    value: float


def read_similarity(folder):
    """The similarity in an evaluation's folder; BadInput says what is wrong with it."""
    evaluation = read_evaluation(folder)
    similarities = evaluation.similarities()
    if not similarities:
        raise BadInput(f"{folder}: the network has no replicas")
    config = evaluation.report["config"]
    return Similarity(config.get("rapa.conv1.scheme", "unknown"), config.get("workload.pooling", "unknown"),
                      statistics.fmean(similarities.values()))


def figure(networks):
    """Similarity by pooling, a bar a scheme; a scheme twice under one pooling (seeds): the mean, each a dot."""
    poolings = list(dict.fromkeys(network.pooling for network in networks))
    schemes = list(dict.fromkeys(network.scheme for network in networks))
    drawing, axes = plt.subplots(figsize=(8.2, 4.6), layout="constrained")
    width = 0.8 / len(schemes)
    for index, scheme in enumerate(schemes):
        for place, pooling in enumerate(poolings):
            values = [n.value for n in networks if (n.scheme, n.pooling) == (scheme, pooling)]
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
