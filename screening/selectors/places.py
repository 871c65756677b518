"""Where a finding lies, in the reader's language. The scorers say it in plain English."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

PLACES = {
    "right upper lobe": _("right upper lobe"),
    "right middle lobe": _("right middle lobe"),
    "right lower lobe": _("right lower lobe"),
    "left upper lobe": _("left upper lobe"),
    "left lower lobe": _("left lower lobe"),
    "right breast": _("right breast"),
    "left breast": _("left breast"),
    "upper": _("upper"),
    "lower": _("lower"),
    "outer": _("outer"),
    "inner": _("inner"),
    "central": _("central"),
    "right hemisphere": _("right hemisphere"),
    "left hemisphere": _("left hemisphere"),
    "both hemispheres": _("both hemispheres"),
    "midline": _("midline"),
    "above the ventricles": _("above the ventricles"),
    "level of the ventricles and basal ganglia": _("level of the ventricles and basal ganglia"),
    "level of the skull base": _("level of the skull base"),
}


def place_words(location: str) -> str:
    """ "right breast, upper", part by part; a part that is not in the table is shown as it is."""
    return ", ".join(str(PLACES.get(part, part)) for part in location.split(", "))
