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
    # Planes
    "planes": _("Planes"),
    "slab": _("Slab"),
    "slab_thickness": _("Thickness of the slab"),
    "slab_mm": _("{mm} mm"),
    "slab_of": _("Maximum over {mm} mm"),
    "plane_axial": _("Axial"),
    "plane_coronal": _("Coronal"),
    "plane_sagittal": _("Sagittal"),
    "plane_stack": _("Slab"),
    "planes_loading": _("Loading {n} of {count} slices"),
    "planes_failed": _("{count} slices cannot be shown; their place stays empty"),
    "planes_every": _("Every {n}. slice of a very long series"),
    "planes_uneven": _("Uneven slices: spacing {least}–{most} mm"),
    "planes_holes": _("Gaps without slices, hatched: {count}"),
    "planes_tilted": _("Gantry tilt of {degrees}° set right"),
    "planes_measure_slab": _("A slab does not say at which depth something lies: make it thin to measure."),
    "planes_measure_tool": _("This tool measures on the slices themselves: close the planes first."),
    # Why a stack gives no other planes
    "planes_kind": _("Other planes can be cut from CT, MR and PET stacks only."),
    "planes_few": _("Other planes need more slices than this series has."),
    "planes_frames": _("Other planes cannot be cut: this series keeps its slices in one multi-frame image."),
    "planes_unplaced": _("Other planes cannot be cut: the files do not say where each slice lies."),
    "planes_mixed": _("Other planes cannot be cut: the slices differ in direction or size."),
    "planes_duplicate": _("Other planes cannot be cut: images {n} and {next} lie at the same place."),
    "planes_beside": _("Other planes cannot be cut: the slices lie beside each other, not on top of each other."),
}
