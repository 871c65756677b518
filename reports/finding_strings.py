"""Strings of measuring, deciding and first opinions. Part of the reading room's (`reports.room_strings`)."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_STRINGS: dict[str, str | Promise] = {
    # Measurements
    "measure_length": _("Length"),
    "measure_bidirectional": _("Two axes"),
    "measure_angle": _("Angle"),
    "measure_ellipse": _("Ellipse"),
    "measure_rectangle": _("Rectangle"),
    "measure_arrow": _("Arrow"),
    "measure_probe": _("Pixel value"),
    "measured_mean": _("mean {mean}"),
    "measure_place": _("image {image} of {count}"),
    "measure_sentence": _("{said} (series {series}, image {image})."),
    "measure_sentence_view": _("{said} ({view})."),
    "measure_place_plane": _("{plane} plane at {at}"),
    "measure_sentence_plane": _("{said} (series {series}, {plane} plane at {at})."),
    "plane_in_axial": _("axial"),
    "plane_in_coronal": _("coronal"),
    "plane_in_sagittal": _("sagittal"),
    "measure_insert": _("Insert"),
    "measure_finding": _("As finding"),
    "measure_remove": _("Remove"),
    "measure_offline": _("not kept yet: no connection, trying again"),
    "measure_refused": _("not kept: {detail}"),
    "measure_corrected": _("value corrected by the server"),
    "measure_unkept": _("A measure could not be tied to its image and is not kept. Draw it again."),
    "measure_take": _("Take theirs: {theirs}"),
    "measure_gone": _("removed"),
    "measure_none": _("There is no measurement to insert."),
    "measure_doubt": _("{key} now says {value}."),
    "measure_doubt_gone": _("{key} was removed."),
    # Deciding about findings
    "decide_accept": _("Accept"),
    "decide_correct": _("Correct"),
    "decide_reject": _("Reject"),
    "decide_remove": _("Remove"),
    "choose_finding": _("Choose a finding first."),
    "add_finding": _("+ finding"),
    "draw_finding": _("Draw a box around the finding. Escape gives up."),
    "draw_anew": _("Draw the box anew"),
    "reject_reason": _("Reason"),
    "reject_note": _("Note"),
    "finding_type": _("Kind"),
    "finding_place": _("Place"),
    "finding_size": _("Size in mm"),
    "finding_as_found": _("AI: {found}"),
    "reasons_more": _("{count} more reasons"),
    "keep": _("Keep"),
    "cancel": _("Cancel"),
    "decision_offline": _("Not recorded: there is no connection. Try again."),
    "finding_doubt": _("Finding {n} was rejected. Change this sentence or take it out."),
    "take_out": _("Take out"),
    "issue_rejected": _("{count} drafted sentences rest on a rejected finding"),
    # The first opinion
    "ai_held_back": _("Held back until your first opinion"),
    "opinion_asked": _("Look at the images and commit a first opinion. Then the AI's marks and its draft appear."),
    "opinion_text": _("In words, if you like"),
    "opinion_normal": _("Normal"),
    "opinion_abnormal": _("Abnormal"),
    "opinion_said": _("First opinion of {who} at {time}: {opinion}"),
    "opinion_offline": _("Not committed: there is no connection. Try again."),
    "held_unclaimed": _("Claim the study and commit a first opinion; then the AI's marks and its draft appear."),
    "readonly_held": _("The report opens with your first opinion."),
}


# What the measuring code, which knows no translation, says of points that are no measurement.
MEASURING_SENTENCES: tuple[str | Promise, ...] = (
    _("There is no such tool."),
    _("The measurement does not have the points of its tool."),
    _("A point is not a pair of numbers."),
    _("A point lies far beside the image."),
    _("The region has no area."),
    _("An angle needs two arms."),
    _("A measurement stays on its image."),
    _("The measurement lies on no image of this study."),
    _("This tool measures on the slices themselves, not across them."),
    _("There is no such plane."),
    _("A point is not three numbers."),
    _("The points do not lie in one plane."),
    _("No other planes can be cut from this series."),
)


def finding_strings() -> dict[str, str]:
    """The strings in the language of the request, ready for JSON."""
    return {key: str(text) for key, text in _STRINGS.items()}
