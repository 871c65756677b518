"""What a reader will be given after the study on the screen, so that its images can be fetched before."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.roles import Action, can
from reports.selectors.images import hang_of, series_of
from reports.selectors.opinion import sight
from screening.models import Instance, Study
from screening.selectors import findings_of, latest_run, visible_studies
from screening.selectors.worklist import next_free
from screening.states import AiState, RunStatus
from screening.storage import storage


def upcoming(user: User, *, after: str = "") -> dict[str, Any] | None:
    """The images of the study that “next” would give `user` now; None when there is none they may see.

    after: UID of the study that is open. Nothing is claimed, and nothing is told that opening would hold back.
    """
    open_now = list(visible_studies(user).filter(study_uid=after).values_list("pk", flat=True)) if after else []
    study = next_free(user, after=open_now)
    if study is None or not can(user, Action.VIEW_IMAGES, study.site):
        return None
    kept = storage()
    files = Instance.objects.filter(series__study=study).values_list("sop_uid", "size", "sha256")
    # What is lost is said when the study opens; fetching it ahead would only fail twice.
    sizes = {sop_uid: size for sop_uid, size, sha256 in files if kept.exists(sha256)}
    return {
        "hang": hang_of(study),
        "first": _first_place(study, user),
        "series": [
            {
                "uid": series["uid"],
                "images": [
                    {
                        "url": image["url"],
                        "sop_uid": image["sop_uid"],
                        "frame": image["frame"],
                        "bytes": sizes[image["sop_uid"]],
                    }
                    for image in series["images"]
                    if image["sop_uid"] in sizes
                ],
            }
            for series in series_of(study)
            if any(image["sop_uid"] in sizes for image in series["images"])
        ],
    }


def _first_place(study: Study, user: User) -> dict[str, Any] | None:
    """Where the first finding is that the user may be shown."""
    sees_ai, _sees_report, _held = sight(study, user)
    run = latest_run(study) if sees_ai and study.ai_state == AiState.SCORED else None
    if run is None or run.status != RunStatus.SUCCEEDED:
        return None
    finding = next(iter(findings_of(study)), None)
    if finding is None:
        return None
    return {"series_uid": finding.series_uid, "sop_uid": finding.sop_uid, "frame": finding.frame}
