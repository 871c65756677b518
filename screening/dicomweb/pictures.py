"""Pictures for display: rendered images, and thumbnails of what has many (PS3.18 sections 8.3.5, 10.4.1.1.3–5)."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence

from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAcceptable, ValidationError
from rest_framework.request import Request

from screening.dicom.pixels import PixelError
from screening.dicom.render_child import RENDERER
from screening.dicom.rendering import FUNCTIONS, JPEG, PNG, Wish
from screening.dicomweb import wado
from screening.dicomweb.multipart import MediaType
from screening.dicomweb.views import DicomwebView, kept, multipart_answer
from screening.models import Instance
from screening.storage import storage

THUMBNAIL = (256, 256)
LARGEST = 8192
Picture = tuple[str, int]


def wish_of(query: QueryDict, kind: str, size: tuple[int, int] | None = None) -> Wish:
    """window, viewport and quality of a query string. Raises ValueError with a sentence."""
    return Wish(kind=kind, quality=_quality(query), window=_window(query), size=_viewport(query) or size)


def _quality(query: QueryDict) -> int:
    text = query.get("quality", "90")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 100):
        raise ValueError(_("The quality is a whole number from 1 to 100."))
    return int(text)


def _window(query: QueryDict) -> tuple[float, float, str] | None:
    text = query.get("window", "")
    if not text:
        return None
    parts = [part.strip() for part in text.split(",")]
    try:
        centre, width = float(parts[0]), float(parts[1])
        function = parts[2].lower() if len(parts) > 2 else "linear"
    except (ValueError, IndexError):
        centre = width = math.nan
        function = ""
    if function not in FUNCTIONS or not math.isfinite(centre) or not math.isfinite(width) or width <= 0:
        raise ValueError(_("The window is its centre, its width and linear, linear-exact or sigmoid."))
    return centre, width, function


def _viewport(query: QueryDict) -> tuple[int, int] | None:
    text = query.get("viewport", "")
    if not text:
        return None
    parts = text.split(",")
    if len(parts) != 2 or not all(
        part.isascii() and part.isdigit() and 1 <= int(part[:5]) <= LARGEST for part in parts
    ):
        raise ValueError(_("The viewport is a width and a height in pixels. A part of an image cannot be asked for."))
    return int(parts[0]), int(parts[1])


def choose_picture(ranges: Sequence[MediaType], *, many: bool) -> tuple[str, bool]:
    """The media type of a picture, and whether it goes alone. Raises `NotOffered`."""
    for wanted in ranges:
        for kind in (JPEG, PNG):
            if many and wanted.name not in ("*/*", "image/*", JPEG, PNG) and wanted.takes_parts(kind):
                return kind, False
            if wanted.takes(kind):
                return kind, True
    raise wado.NotOffered(_("Pictures are given out as image/jpeg or image/png."))


def picture(sha256: str, wish: Wish) -> bytes:
    """One frame of a stored file. Raises `NotOffered`."""
    with storage().open_range(sha256) as stream:
        data = stream.read()
    try:
        return RENDERER.make(data, wish)
    except PixelError:
        raise wado.NotOffered(_("The image cannot be shown as a picture.")) from None


class Rendered(DicomwebView):
    """What is addressed, as pictures; asked for one picture of many images, the middle one."""

    size: tuple[int, int] | None = None
    middle_only = False

    def get(
        self, request: Request, study_uid: str, series_uid: str = "", sop_uid: str = "", frames: str = ""
    ) -> HttpResponseBase:
        shown = self._shown(study_uid, series_uid, sop_uid, frames)
        try:
            kind, alone = choose_picture(self.ranges(), many=len(shown) > 1 and not self.middle_only)
            wish = wish_of(request._request.GET, kind, self.size)
            if alone:
                return self._alone(shown[len(shown) // 2], wish)
            parts = ((kind, (data,)) for data in self._each(shown, wish))
            return multipart_answer(parts, kind)
        except wado.NotOffered as error:
            raise NotAcceptable(str(error)) from error
        except ValueError as error:
            raise ValidationError({"detail": str(error)}) from error

    def _shown(self, study_uid: str, series_uid: str, sop_uid: str, frames: str) -> list[Picture]:
        """(digest, frame) of every picture; what has no pixels has none."""
        if frames:
            image = self.image(study_uid, series_uid, sop_uid)
            try:
                return [(image.sha256, number) for number in wado.frame_numbers(frames, image)]
            except ValueError as error:
                raise ValidationError({"detail": str(error)}) from error
        images: list[Instance] = [
            one for one in self.images(study_uid, series_uid, sop_uid) if one.rows and one.columns
        ]
        if not images:
            raise NotAcceptable(_("There is no image here to be shown as a picture."))
        if self.middle_only:
            middle = images[len(images) // 2]
            return [(middle.sha256, max(1, middle.frames) // 2 + 1 if middle.frames > 1 else 1)]
        return [(image.sha256, frame) for image in images for frame in range(1, max(1, image.frames) + 1)]

    def _alone(self, chosen: Picture, wish: Wish) -> HttpResponseBase:
        sha256, frame = chosen
        asked = Wish.of({**wish.as_json(), "frame": frame})
        mark = hashlib.sha256(json.dumps([sha256, asked.as_json()]).encode()).hexdigest()
        etag = f'"{mark}"'
        if etag in self.request.headers.get("If-None-Match", ""):
            return kept(HttpResponse(status=304), etag)
        return kept(HttpResponse(picture(sha256, asked), content_type=wish.kind), etag)

    @staticmethod
    def _each(shown: Sequence[Picture], wish: Wish) -> Iterator[bytes]:
        for sha256, frame in shown:
            try:
                yield picture(sha256, Wish.of({**wish.as_json(), "frame": frame}))
            except wado.NotOffered:
                # Said by the number of parts: a broken image must not keep the others back.
                continue


class Thumbnail(Rendered):
    """One small picture of whatever is addressed."""

    size = THUMBNAIL
    middle_only = True
