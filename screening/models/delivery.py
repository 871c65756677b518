"""What is kept ready to be sent, and can be made again from the stored files at any time."""

from __future__ import annotations

from django.db import models

from screening.models.study import Series


class SeriesMetadata(models.Model):
    """The headers of a series' files in the DICOM JSON Model, as one JSON array, compressed by gzip.

    It holds what the files say of the patient, so it lives and goes with the series' row.
    """

    series = models.OneToOneField(Series, on_delete=models.CASCADE, primary_key=True, related_name="metadata")
    inputs_sha256 = models.CharField(max_length=64, help_text="of the files' digests in order: another needs another")
    body = models.BinaryField()

    def __str__(self) -> str:
        return f"Metadata of series {self.series_id}"
