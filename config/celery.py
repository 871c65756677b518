"""The Celery application. Workers: `celery -A config worker -P solo -Q …`."""

from __future__ import annotations

import os

from celery import Celery

from config.jobs import JOBS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("firstread")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["accounts", "screening", "reports"], related_name="tasks")
app.conf.beat_schedule = {
    name: {"task": job.task, "schedule": job.every_s, "options": {"queue": job.queue, "expires": job.every_s}}
    for name, job in JOBS.items()
    if job.every_s is not None
}
