"""What the page says where readers make their own layouts; `{name}` places are filled by the script."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.hanging_strings import STRINGS as HANGING

STRINGS: dict[str, str | Promise] = {
    "department_layout": _("The department’s"),
    "in_use": _("in use"),
    "unusable": _("of an older form, not usable"),
    "new_layout": _("New layout"),
    "new_name": _("My layout"),
    "name": _("Name of the layout"),
    "use": _("Use for these studies"),
    "duplicate": _("Duplicate"),
    "delete": _("Delete"),
    "deleted": _("“{name}” is deleted."),
    "undo": _("Undo"),
    "copy_name": _("{name}, copy"),
    "department_note": _("The department’s layout stays as it is. Duplicate it to make it yours, or begin a new one."),
    "kept": _("Kept"),
    "keeping": _("Saving …"),
    "not_kept": _("Not kept: {detail}"),
    "offline": _("Not kept yet: no connection"),
    "stages": _("Stages"),
    "stage_n": _("Stage {n}"),
    "stage_add": _("Add a stage"),
    "stage_left": _("Earlier"),
    "stage_right": _("Later"),
    "stage_copy": _("Duplicate the stage"),
    "stage_remove": _("Remove the stage"),
    "stage_name": _("Name of the stage"),
    "rows": _("Rows"),
    "columns": _("Columns"),
    "grid": _("Places of this stage"),
    "grid_keys": _(
        "Arrow keys choose a place. Shift and an arrow make it larger or smaller, Delete empties it, Enter fills an "
        "empty one."
    ),
    "place_empty": _("Empty: row {row}, column {column}"),
    "place_at": _("Row {row}, column {column}"),
    "place_fill": _("Fill"),
    "wider": _("Wider"),
    "narrower": _("Narrower"),
    "taller": _("Taller"),
    "shorter": _("Shorter"),
    "place_remove": _("Empty this place"),
    "last_place": _("A stage has one place at least."),
    "study": _("Study"),
    "study_current": _("Current"),
    "study_prior": _("Prior"),
    "view": _("View"),
    "view_RCC": _("Right CC"),
    "view_LCC": _("Left CC"),
    "view_RMLO": _("Right MLO"),
    "view_LMLO": _("Left MLO"),
    "series_opening": _("the one that opens"),
    "series_nth": _("number {n} that fits"),
    "plane": _("Plane"),
    "plane_any": _("any"),
    "plane_axial": _("axial"),
    "plane_coronal": _("coronal"),
    "plane_sagittal": _("sagittal"),
    "modality": _("Modality"),
    "description": _("Its description says"),
    "nth": _("Which of those that fit"),
    "window": _("Window"),
    "window_opening": _("as the study opens"),
    "window_own": _("width and level"),
    "width": _("Width"),
    "level": _("Level"),
    "link": _("Stacks scroll"),
    "link_position": _("together, by position"),
    "link_none": _("each alone"),
    "scale": _("Size of images"),
    "scale_fit": _("as large as the place"),
    "scale_common": _("one scale for all"),
    "without_prior": _("Without a prior"),
    "without_prior_skip": _("leave the stage out"),
    "without_prior_collapse": _("show its current half"),
}


def layout_strings() -> dict[str, str]:
    """With the names of the department's stages."""
    stages = {key: text for key, text in HANGING.items() if key.startswith("stage_")}
    return {key: str(text) for key, text in (stages | STRINGS).items()}
