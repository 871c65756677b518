"""Strings of the image tools: measures, turning, cine, planes. Part of the reading room's (`reports.room_strings`)."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

IMAGE_STRINGS: dict[str, str | Promise] = {
    # Measuring
    "tools_measure": _("Measure"),
    "tool_bidirectional": _("Two axes"),
    "tool_angle": _("Angle"),
    "tool_ellipse": _("Ellipse"),
    "tool_rectangle": _("Rectangle"),
    "tool_arrow": _("Arrow with text"),
    "tool_probe": _("Pixel value"),
    "remove_measure": _("Remove the chosen one"),
    "arrow_text": _("Text of the arrow"),
    "arrow_keep": _("Keep"),
    "at_detector": _("{length} at the detector"),
    "roi_mean": _("Mean {mean} · SD {sd}"),
    "roi_range": _("{min} to {max}"),
    # Handling
    "tools_image": _("Image"),
    "tool_loupe": _("Loupe"),
    "rotate": _("Turn by 90°"),
    "flip_horizontal": _("Flip left to right"),
    "flip_vertical": _("Flip top to bottom"),
    "zoom_in": _("Larger"),
    "zoom_out": _("Smaller"),
    "fit": _("Fit, or pixel for pixel"),
    "turned": _("turned {degrees}°"),
    "flipped": _("flipped"),
    # Cine
    "cine": _("Cine"),
    "cine_rate": _("Images per second"),
    "cine_at": _("{rate} per second"),
}
