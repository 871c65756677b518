"""Uploaded files that are too large for memory wait on the disk encrypted, in a file without a name."""

from __future__ import annotations

import io
import tempfile
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from screening.storage_keys import new_key, read_keys
from screening.storage_sealed import CHUNK, Sealed, Writer

# The key lives as long as the process: what a crash leaves on the disk nobody can read.
_RING = read_keys(new_key())
_NAME = "0" * 64


class SealedUploadHandler(FileUploadHandler):
    """In the place of Django's handler of temporary files, whose bytes would lie there as they came."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        assert _RING is not None
        # Closed with the upload, or when it is interrupted.
        self._file = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, buffering=0)  # noqa: SIM115
        self._writer = Writer(self._file, _NAME, _RING)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._writer.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self._writer.finish()
        contents = io.BufferedReader(Sealed(self._file, _NAME, _RING, lambda _words: None), CHUNK)
        return UploadedFile(
            file=contents,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )

    def upload_interrupted(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()
