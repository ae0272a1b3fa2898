"""Robustness against the fast gradient sign attack: what stays right, against epsilon and signal-to-noise ratio."""

import re
import statistics

from . import style
from .errors import BadInput
from .evaluations import grouped
from .style import plt


def curve_of(evaluation):
    """The folder's name without seed and attack: "random-attack8-3" is of the curve "random"."""
    return re.sub(r"-attack\d+$", "", evaluation.group)


def points(members):
    """(epsilon, signal-to-noise ratio in dB, share of the right images that stay right), means over seeds, epsilon
    ascending."""
    of_epsilon = grouped(members, lambda evaluation: evaluation.attack("epsilon"))
    return [(epsilon, statistics.fmean(e.attack("signal_to_noise_db") for e in seeds),
             statistics.fmean(e.attack("kept") for e in seeds)) for epsilon, seeds in sorted(of_epsilon.items())]


def figure(evaluations):
    """A curve a network over epsilon (left) and over the signal-to-noise ratio (right; less noise to the right)."""
    attacked = [e for e in evaluations if e.attack("signal_to_noise_db") is not None]
    if not attacked:
        raise BadInput("no evaluation has an attack; rheo evaluate --set attack.epsilon=8 makes one")
    drawing, panels = plt.subplots(1, 2, figsize=(9.6, 4.4), layout="constrained", sharey=True)
    for index, (name, members) in enumerate(grouped(attacked, curve_of).items()):
        curve = points(members)
        look = {"marker": "o", "color": style.colour(index), "linestyle": style.line(index), "label": name}
        panels[0].plot([epsilon for epsilon, _, _ in curve], [100 * kept for _, _, kept in curve], **look)
        panels[1].plot([ratio for _, ratio, _ in curve], [100 * kept for _, _, kept in curve], **look)
    panels[0].set_xlabel("epsilon (grey levels of 255)")
    panels[1].set_xlabel("signal-to-noise ratio (dB)")
    panels[0].set_ylabel("right images that stay right (%)")
    panels[0].set_ylim(0, 100)
    panels[0].set_title("Fast gradient sign attack")
    handles, names = panels[0].get_legend_handles_labels()
    rows = -(-len(names) // 4)
    drawing.get_layout_engine().set(rect=(0, 0.06 * rows, 1, 1 - 0.06 * rows))
    drawing.legend(handles, names, loc="lower left", ncols=4)
    return drawing
