"""Every string the reading room's scripts show, translated; `{name}` places are filled by the scripts."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.image_strings import IMAGE_STRINGS
from reports.signing_strings import SIGNING_STRINGS

_STRINGS: dict[str, str | Promise] = {
    **IMAGE_STRINGS,
    **SIGNING_STRINGS,
    # Images
    "slice_of": _("Slice {n} of {count}"),
    "zoom_at": _("zoom {factor}"),
    "cannot_decode": _("This image cannot be shown: its pixels cannot be decoded. Image {n} of {count}."),
    "cannot_load": _("This image did not arrive. Image {n} of {count}; go to another and back to try again."),
    "no_images": _("This study has no image that can be shown."),
    "view_missing": _("{view} missing"),
    "view_RCC": _("Right CC"),
    "view_LCC": _("Left CC"),
    "view_RMLO": _("Right MLO"),
    "view_LMLO": _("Left MLO"),
    "other_images": _("{count} other images"),
    "other_title": _("Other images"),
    "tool_scroll": _("Scroll"),
    "tool_window": _("Window"),
    "tool_zoom": _("Zoom"),
    "tool_pan": _("Pan"),
    "tool_length": _("Length"),
    "ai_marks": _("AI marks"),
    "heat_map": _("Heat map"),
    "heat_strength": _("Strength of the heat map"),
    "invert": _("Invert"),
    "reset": _("Reset"),
    "enlarge": _("Enlarge"),
    "series": _("Series"),
    "all_keys": _("All keys"),
    "finding_of": _("Finding {n} of {count}"),
    "findings_count": _("{count} findings"),
    "no_marks": _("No AI marks on this study"),
    # State of the AI
    "ai_above": _("Findings above the threshold"),
    "ai_below": _("Scored · nothing above the threshold"),
    "ai_incomplete": _("Assessment incomplete"),
    "ai_refused": _("Refused"),
    "ai_failed": _("Scoring failed"),
    "ai_out_of_scope": _("Out of scope"),
    "ai_pending": _("Not scored yet"),
    "ai_hidden": _("Your role does not see AI results"),
    "ai_unknown": _("No AI result"),
    "ai_progress": _("{percent} percent done"),
    "ai_score": _("score {score}"),
    "ai_band": _("Band {band} of 10"),
    "ai_category": _("Category {category}"),
    "read_without_ai": _("Read without AI."),
    "read_meanwhile": _("Reading need not wait for it."),
    "probability": _("probability {p}"),
    # Report
    "required": _("required"),
    "add_sentence": _("+ add"),
    "add_sentence_to": _("Add a sentence to {section}"),
    "show_finding": _("Show finding {n}"),
    "draft_offered": _("An AI draft arrived after you began. It is here to compare; nothing of yours was changed."),
    "use_sentence": _("Use"),
    "normal_nothing": _("No section is empty: the normal text goes only where there is none."),
    "go_there": _("Go there"),
    "show_late": _("Show them"),
    "readonly_signed": _("This report is signed. It can be read and printed; its text stays as it is."),
    "readonly_unclaimed": _("Read-only until you claim the study."),
    "readonly_other": _("Read-only: {who} is reading this study."),
    "readonly_images": _("Your role sees the images, not the report."),
    "another_reader": _("another reader"),
    "readonly_role": _("Read-only: your role does not write this report."),
    "signed_by": _("Signed by {who} at {time}."),
    "signed_preliminary": _("Signed as preliminary at {time}. A reader confirms it."),
    # After the signature
    "addendum_number": _("Addendum {n}"),
    "addendum_reason": _("Reason: {reason}"),
    "late_seen": _("I have seen them"),
    # Saving
    "saved_at": _("saved {time}"),
    "unsaved": _("not saved yet"),
    "saving": _("saving …"),
    "save_ended": _("Your session has ended. What you wrote is kept in this tab."),
    "save_sign_in": _("Sign in again"),
    "save_offline": _("offline, kept here; sent when the connection is back"),
    "save_conflict": _("not saved: the report changed elsewhere"),
    "save_refused": _("not saved: {detail}"),
    "save_no_answer": _("not saved: sign in again in another tab, then press Ctrl+S here"),
    "leave_unsaved": _("Your text is not saved yet. It is kept here until it is; then go on."),
    "conflict": _("{who} saved this report at {time}, after you opened it. Both texts are here; which one stays?"),
    "yours": _("Yours"),
    "the_ai": _("The AI"),
    "keep_mine": _("Keep mine"),
    "take_theirs": _("Take theirs"),
    # Coded answers, sentences of the AI, phrases
    "answer_ai": _("AI"),
    "answer_rule": _("by rule"),
    "answer_rule_says": _("by rule: {value}"),
    "answer_differs": _("Text differs from the answer."),
    "answer_absent": _("The text does not say this answer."),
    "answer_write": _("Write it"),
    "answer_take": _("Keep the text"),
    "sentence_accepted": _("Accepted as it stands"),
    "phrases": _("Your phrases"),
    "phrases_none": _("You have no phrases yet: they are written under Preferences, Phrases."),
    # What stands before the signature
    "issue_empty": _("Still empty: {names}"),
    "issue_late": _("{count} images arrived after you opened the study"),
    "issue_conflict": _("The report changed elsewhere: choose which text stays"),
    "sign_blocked": _("Not signed. {reason}."),
    "sign_changed": _("Not signed: a rule has just changed the text. Look at it, then sign."),
    "sign_unsaved": _("Not signed: your text could not be saved."),
    "sign_offline": _("Not signed: there is no connection. Try again."),
    "sign_failed": _("Not signed: the server could not do it. Try again."),
    # Time
    "minutes": _("{n} min"),
    "hours": _("{n} h"),
    "days": _("{n} days"),
    "late_by": _("late {amount}"),
    "due_in": _("due in {amount}"),
    # Tasks
    "readonly_opinion": _("The report is written when the opinions are in."),
    "task_failed": _("The server could not do it. Try again."),
    "task_offline": _("There is no connection. Try again."),
    # Keys
    "editing_enter": _("Enter begins a new sentence."),
    "editing_backspace": _("Backspace in an empty sentence removes it."),
    "editing_arrows": _("Arrow keys go from sentence to sentence."),
    "editing_escape": _("Escape leaves the text, so that the image keys work again."),
}


def room_strings() -> dict[str, str]:
    """The strings in the language of the request, ready for JSON."""
    return {key: str(text) for key, text in _STRINGS.items()}
