"""Labels beside points of a plot that cover neither points nor each other."""

import numpy as np

from . import style

DIRECTIONS = [(1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (1, 0), (0, -1), (-1, 0)]
DISTANCES = (7, 12, 18, 26, 36)  # points of type
POINT = 4.5  # radius of a marker, points of type


def place_labels(axes, texts, points, all_points, size=9, colour=style.INK):
    """Writes texts[i] near points[i] (data coordinates). For each the first place, from near to far, is taken that
    covers no point and no label; a thin line leads there from afar. Where there is none, the text is left out.
    Returns how many were written. The layout must be settled (canvas drawn)."""
    renderer = axes.figure.canvas.get_renderer()
    pixel = axes.figure.dpi / 72
    centres = axes.transData.transform(np.array(all_points, dtype=float))
    frame = axes.get_window_extent()
    taken = []
    written = 0
    for text, point in zip(texts, points):
        drawn = axes.annotate(text, point, textcoords="offset points", xytext=(0, 0), ha="center", va="center",
                              fontsize=size, color=colour, zorder=5)
        box = drawn.get_window_extent(renderer)
        half = np.array([box.width, box.height]) / 2
        home = axes.transData.transform(np.array(point, dtype=float))
        for distance in DISTANCES:
            found = next((centre for direction in DIRECTIONS
                          if free(centre := home + np.array(direction) * (half + (distance - POINT) * pixel), half,
                                  centres, POINT * pixel, taken, frame)), None)
            if found is None:
                continue
            drawn.set_position((found - home) / pixel)
            taken.append((found, half))
            written += 1
            if distance > DISTANCES[1]:
                edge = found - np.sign(found - home) * half * (abs(found - home) > half)
                end = axes.transData.inverted().transform(edge)
                axes.plot(*zip(point, end), color=style.MUTED, linewidth=0.6, zorder=1.5, scalex=False, scaley=False)
            break
        else:
            drawn.remove()
    return written


def free(centre, half, points, radius, taken, frame):
    """Whether a label fits there: inside the axes, on no point and no other label."""
    if np.any(centre - half < (frame.x0, frame.y0)) or np.any(centre + half > (frame.x1, frame.y1)):
        return False
    if np.any(np.all(np.abs(points - centre) < half + radius, axis=1)):
        return False
    return not any(np.all(np.abs(centre - other) < half + extent) for other, extent in taken)


def place_numbers(axes, points, all_points):
    """The numbers 1, 2, ... beside the points."""
    return place_labels(axes, [str(i) for i in range(1, len(points) + 1)], points, all_points)
