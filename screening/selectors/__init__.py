from screening.selectors.doors import instance_for, study_for, visible_studies
from screening.selectors.results import findings_of, late_after_report, latest_run, open_reading, standing_run

__all__ = [
    "findings_of",
    "instance_for",
    "late_after_report",
    "latest_run",
    "open_reading",
    "standing_run",
    "study_for",
    "visible_studies",
]
