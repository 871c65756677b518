"""The one signal of the project, sent inside the transaction that records a score's outcome.

study_scored(sender=ScoreRun, run=ScoreRun): the run is SUCCEEDED, REFUSED or FAILED.
"""

from __future__ import annotations

from django.dispatch import Signal

study_scored = Signal()
