"""What readers and technologists do with the list: sessions, deferrals, hand-overs, notes and saved filters."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from screening.models.reading import Reading
from screening.models.study import Study


class ReadingSession(models.Model):
    """A batch of studies in an order that stays as it was at the start. One open batch a reader.

    programme: a programme's name, "none" for studies of no programme, empty for all.
    """

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reading_sessions")
    programme = models.CharField(max_length=16, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("reader",), condition=Q(ended_at__isnull=True), name="readingsession_one_open"
            ),
        )

    def __str__(self) -> str:
        return f"Reading session {self.pk}"


class SessionStudy(models.Model):
    """A study's place in a session. It is claimed only when its turn comes.

    passed: the reader is done with it without having reported it: given back, handed over, preliminary.
    """

    session = models.ForeignKey(ReadingSession, on_delete=models.CASCADE, related_name="entries")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField(help_text="from 1")
    passed = models.BooleanField(default=False)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("session", "position"), name="sessionstudy_position_once"),
            models.UniqueConstraint(fields=("session", "study"), name="sessionstudy_study_once"),
        )

    def __str__(self) -> str:
        return f"{self.position} of session {self.session_id}"


class DeferReason(models.TextChoices):
    PRIORS = "priors", _("Earlier images are awaited")
    IMAGES = "images", _("Images are missing or not usable")
    CLINICAL = "clinical", _("Clinical information is awaited")
    COLLEAGUE = "colleague", _("To be discussed with a colleague")
    OTHER = "other", _("Another reason")


class Deferral(models.Model):
    """A study set aside until a time. Its due time is not touched; what moves it forward, or brings more
    images, ends the deferral by itself (`selectors.deferrals`).

    due_at, images: the study's when it was set aside.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="deferrals")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=12, choices=DeferReason)
    note = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    until = models.DateTimeField()
    due_at = models.DateTimeField()
    images = models.PositiveIntegerField()
    ended_at = models.DateTimeField(null=True, help_text="null: not ended by anybody; its time may be over")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("study",), condition=Q(ended_at__isnull=True), name="deferral_one_open"),
            models.CheckConstraint(condition=Q(reason__in=DeferReason.values), name="deferral_reason_known"),
            models.CheckConstraint(condition=Q(until__gt=models.F("at")), name="deferral_ends_later"),
        )
        indexes = (models.Index("until", name="deferral_open", condition=Q(ended_at__isnull=True)),)

    def __str__(self) -> str:
        return f"Deferral of study {self.study_id} until {self.until:%Y-%m-%d %H:%M}"


class HandOver(models.Model):
    """A reading that a colleague gave. reading: the one that began by it."""

    reading = models.OneToOneField(Reading, on_delete=models.CASCADE, related_name="hand_over")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Hand-over of reading {self.reading_id}"


class StudyNote(models.Model):
    """A question to the technologist, or an answer. Rows are added, never changed.

    asks: written by somebody who reads; False: by who sends the images, and so an answer.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asks = models.BooleanField()
    text = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"Note {self.pk} on study {self.study_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("A note is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("A note is never removed.")


class SavedFilter(models.Model):
    """A person's own name for a choice of filters. values: of `selectors.filters.Filters`, never a searched text."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters")
    name = models.CharField(max_length=40)
    values = models.JSONField(default=dict)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("user", "name"), name="savedfilter_name_once"),)

    def __str__(self) -> str:
        return f"{self.name} of user {self.user_id}"
