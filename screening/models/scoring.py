"""Score runs and their findings. A run's row is the truth; the broker's message only wakes a worker."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from screening.models.study import Study
from screening.states import RunStatus


class TriageBasis(models.TextChoices):
    """Why a run may or may not bring a due time forward."""

    EARNED = "earned", _("earned by its figures")
    NOT_EARNED = "not_earned", _("not earned by its figures")
    GRANTED = "granted", _("granted at this site")
    TAKEN = "taken", _("taken at this site")
    FOR_SHOW = "for_show", _("granted for show")


class ScoreRun(models.Model):
    """One model reading one state of one study; never overwritten by another."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="score_runs")
    programme = models.CharField(max_length=16)
    inputs_sha256 = models.CharField(max_length=64, help_text="over the digests of the instances scored")
    model_name = models.CharField(max_length=64)
    model_version = models.CharField(max_length=32)
    model_sha256 = models.CharField(max_length=64)
    may_triage = models.BooleanField(default=False)
    triage_basis = models.CharField(max_length=10, choices=TriageBasis, default=TriageBasis.NOT_EARNED)
    # 1, or more where the same images were given to the same version again: a run is added, never overwritten.
    round = models.PositiveSmallIntegerField(default=1)
    # The earlier study's run this one compares with. No constraint: the result keeps what it was compared
    # with when that study is gone.
    prior_run = models.ForeignKey("self", null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")

    status = models.CharField(max_length=10, choices=RunStatus, default=RunStatus.PENDING)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    progress = models.FloatField(default=0.0)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=400, blank=True)
    result = models.JSONField(default=dict, help_text="one line of `score --json`, as the model gave it")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("study", "inputs_sha256", "model_name", "model_version", "round"), name="scorerun_once"
            ),
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="scorerun_status_known"),
            models.CheckConstraint(
                condition=~Q(status=RunStatus.RUNNING) | Q(lease_until__isnull=False), name="scorerun_running_leased"
            ),
        )
        indexes = (
            # The sweeper: runs that wait or whose lease has expired.
            models.Index(
                fields=("status", "lease_until"),
                condition=Q(status__in=(RunStatus.PENDING, RunStatus.RUNNING)),
                name="scorerun_open",
            ),
        )

    def __str__(self) -> str:
        return f"ScoreRun {self.pk} of study {self.study_id}"


class Finding(models.Model):
    """One finding of a run with its evidence: series, SOP instance, frame and box."""

    run = models.ForeignKey(ScoreRun, on_delete=models.CASCADE, related_name="findings")
    number = models.PositiveSmallIntegerField(help_text="from 1: the one number of list, mark and sentence")
    key = models.CharField(max_length=16, help_text='the result\'s id, e.g. "f1"')
    type = models.CharField(max_length=32)
    location = models.CharField(max_length=120)
    size_mm = models.FloatField(null=True)
    probability = models.FloatField()
    series_uid = models.CharField(max_length=64)
    sop_uid = models.CharField(max_length=64)
    frame = models.PositiveIntegerField(default=1)
    box = models.JSONField(help_text="[x0, y0, x1, y1] in pixels from 0, end excluded")
    contour = models.JSONField(null=True)
    attributes = models.JSONField(default=dict)

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("run", "number"), name="finding_number_once"),
            models.CheckConstraint(condition=Q(probability__gte=0, probability__lte=1), name="finding_probability"),
        )

    def __str__(self) -> str:
        return f"Finding {self.number} of run {self.run_id}"
