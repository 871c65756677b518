"""A reliability diagram as SVG text: what was said against what was seen, and how often it was said."""

from __future__ import annotations

from html import escape

import numpy as np

from training.calibration import MANY
from training.statistics import calibration, wilson

SIDE, LEFT, TOP, HISTOGRAM, GAP = 280.0, 64.0, 44.0, 64.0, 16.0
WIDTH, HEIGHT = 364, 474
BARS = 20
# A paper of its own, so that the drawing reads alike on light and dark pages; blue and orange differ for the
# colour-blind too, and the orange bars hang while the blue ones stand.
PAPER, INK, FAINT, LINE = "#fafaf7", "#22262b", "#62686f", "#c9ccd0"
SAID, POSITIVE, NEGATIVE = "#1f5f8b", "#b4540a", "#1f5f8b"


def reliability_svg(labels: np.ndarray, probabilities: np.ndarray, title: str, bins: int | None = None) -> str:
    """The diagram of probabilities (0–1, (n,)) against labels (0 or 1): each bin's observed share at its mean
    probability with Wilson's interval, the diagonal of a calibrated model, below it a histogram, positives upwards and
    negatives downwards. `bins` as in `calibration_figures`. A figure description lists the bins in words.
    """
    labels, probabilities = np.asarray(labels).astype(int), np.asarray(probabilities, dtype=np.float64)
    rows = calibration(labels, probabilities, bins or (10 if len(labels) >= MANY else 5))["bins"]
    told = "; ".join(
        f"{row['n']} said {row['mean_probability']:.2f} on average, {row['observed']:.2f} observed" for row in rows
    )
    described = f"{len(labels)} cases, {int(labels.sum())} positive. By bin: {told}."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="12">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(described)}</desc>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{PAPER}"/>',
        _text(LEFT, 26, title, INK, size=14),
        *_frame(),
        *[_bin(row) for row in rows],
        *_histogram(labels, probabilities),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _frame() -> list[str]:
    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _x(tick), _y(tick)
        parts += [
            f'<path d="M{LEFT:.1f} {y:.1f}H{LEFT + SIDE:.1f}M{x:.1f} {TOP:.1f}V{TOP + SIDE:.1f}" stroke="{LINE}"/>',
            _text(LEFT - 8, y + 4, f"{tick:g}", FAINT, "end"),
            _text(x, TOP + SIDE + 16, f"{tick:g}", FAINT, "middle"),
        ]
    middle = TOP + SIDE / 2
    return [
        *parts,
        f'<path d="M{_x(0):.1f} {_y(0):.1f}L{_x(1):.1f} {_y(1):.1f}" stroke="{FAINT}" stroke-dasharray="4 4"/>',
        _text(LEFT + SIDE / 2, TOP + SIDE + 34, "predicted probability", INK, "middle"),
        f'<text transform="rotate(-90 20 {middle:.1f})" x="20" y="{middle:.1f}" text-anchor="middle" '
        f'fill="{INK}">observed share</text>',
    ]


def _bin(row: dict[str, float]) -> str:
    low, high = wilson(round(row["observed"] * row["n"]), int(row["n"]))
    x, y = _x(row["mean_probability"]), _y(row["observed"])
    return (
        f'<path d="M{x:.1f} {_y(low):.1f}V{_y(high):.1f}" stroke="{SAID}" stroke-width="2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{SAID}"/>'
        + _text(x + 8, y + 14, str(int(row["n"])), FAINT, size=11)
    )


def _histogram(labels: np.ndarray, probabilities: np.ndarray) -> list[str]:
    place = np.clip((probabilities * BARS).astype(int), 0, BARS - 1)
    positive = np.bincount(place[labels == 1], minlength=BARS)
    negative = np.bincount(place[labels == 0], minlength=BARS)
    most = max(1, int(positive.max()), int(negative.max()))
    base, half = HEIGHT - GAP - HISTOGRAM / 2 - 4, HISTOGRAM / 2
    parts = [f'<path d="M{LEFT:.1f} {base:.1f}H{LEFT + SIDE:.1f}" stroke="{FAINT}"/>']
    for index in range(BARS):
        x, width = LEFT + index * SIDE / BARS + 1.0, SIDE / BARS - 2.0
        up, down = half * positive[index] / most, half * negative[index] / most
        if up:
            parts.append(
                f'<rect x="{x:.1f}" y="{base - up:.1f}" width="{width:.1f}" height="{up:.1f}" fill="{POSITIVE}"/>'
            )
        if down:
            parts.append(
                f'<rect x="{x:.1f}" y="{base:.1f}" width="{width:.1f}" height="{down:.1f}" fill="{NEGATIVE}"/>'
            )
    return [
        *parts,
        _text(LEFT - 8, base - 8, "positive", POSITIVE, "end", 11),
        _text(LEFT - 8, base + 18, "negative", NEGATIVE, "end", 11),
    ]


def _x(value: float) -> float:
    return LEFT + value * SIDE


def _y(value: float) -> float:
    return TOP + (1.0 - value) * SIDE


def _text(x: float, y: float, text: str, fill: str, anchor: str = "start", size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{fill}">{escape(text)}</text>'
    )
