"""The two signals of the project, each sent inside the transaction of what it tells.

study_scored(sender=ScoreRun, run=ScoreRun): the run is SUCCEEDED, REFUSED or FAILED.
study_completed(sender=Study, study=Study): the study is taken as complete and has its programme; again after late images.
"""

from __future__ import annotations

from django.dispatch import Signal

study_scored = Signal()
study_completed = Signal()
