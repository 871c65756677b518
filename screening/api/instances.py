"""Images over REST: one in, or the bytes of one out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Site, User
from accounts.roles import Action
from config.pace import Uploads
from screening.selectors.doors import image_for, sites_where
from screening.services.ingest import ingest_instance
from screening.services.looking import record_images_sent
from screening.storage import MissingObject, storage

log = structlog.get_logger(__name__)
STATUS = {"stored": 201, "duplicate": 200, "rejected": 422}
CONFLICTS = ("conflict", "patient_conflict")
RAW_TYPES = ("application/dicom", "application/octet-stream")
CHUNK = 1 << 18
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class RawParser(BaseParser):
    """The body as it is, read no further than the largest image that is taken."""

    media_type = RAW_TYPES[0]

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        return {"body": stream.read(settings.UPLOAD_MAX_BYTES + 1)}


class OctetParser(RawParser):
    media_type = RAW_TYPES[1]


class AnyAccept(BaseContentNegotiation):
    """Image bytes go out as they are, whatever a viewer says it accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class InstanceCreate(APIView):
    """Take one DICOM file: as the raw body, or as `file` of a form."""

    throttle_classes = (Uploads,)
    parser_classes = (RawParser, OctetParser, MultiPartParser)

    @extend_schema(
        operation_id="instances_create",
        parameters=[OpenApiParameter("site", str, description="slug; needed by who may upload at several sites")],
        request={"application/dicom": OpenApiTypes.BINARY},
        responses={
            201: OpenApiResponse(OpenApiTypes.OBJECT, description="stored"),
            200: OpenApiResponse(OpenApiTypes.OBJECT, description="duplicate: the same bytes are here already"),
            409: OpenApiResponse(OpenApiTypes.OBJECT, description="conflict: the UID means something else here"),
            422: OpenApiResponse(OpenApiTypes.OBJECT, description="rejected, with the reason"),
        },
    )
    def post(self, request: Request) -> Response:
        user = request.user
        assert isinstance(user, User)
        site = upload_site(user, request.query_params.get("site"))
        name, data = _received(request)
        result = ingest_instance(data=data, source="api", site=site, actor=user, request=request._request)
        status = 409 if result.code in CONFLICTS else STATUS[result.result]
        return Response(result.as_json(name), status=status)


def upload_site(user: User, slug: str | None) -> Site:
    """The site that `user` uploads to; it need be named only by who may upload at several."""
    sites = list(sites_where(user, Action.UPLOAD).order_by("id"))
    if slug:
        sites = [site for site in sites if site.slug == slug]
    if not sites:
        raise PermissionDenied(_("Your role does not allow this."))
    if len(sites) > 1:
        raise ValidationError({"site": [_("Name the site: you may upload at several.")]})
    return sites[0]


def _received(request: Request) -> tuple[str | None, bytes]:
    if str(request.content_type).partition(";")[0].strip() in RAW_TYPES:
        raw: Any = request.data
        return None, raw.get("body", b"")
    file = request.FILES.get("file")
    if file is None:
        raise ValidationError({"file": [_("Send the DICOM file as the body, or as the field “file”.")]})
    return file.name, file.read(settings.UPLOAD_MAX_BYTES + 1)


class InstanceFile(APIView):
    """The bytes of one image exactly as they were received; byte ranges are answered."""

    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="instances_file",
        parameters=[OpenApiParameter("site", str, description="slug; tells two sites' equal UIDs apart")],
        responses={(200, "application/dicom"): OpenApiTypes.BINARY, (206, "application/dicom"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, sop_uid: str) -> HttpResponseBase:
        user = request.user
        assert isinstance(user, User)
        image = image_for(user, sop_uid, Action.VIEW_IMAGES, request.query_params.get("site"))
        # A page that fetches the next study says so: its images are sent, and nobody has looked yet.
        ahead = request.headers.get("X-Purpose") == "ahead"
        record_images_sent(
            study_uid=image.study_uid, site_id=image.site_id, actor=user, request=request._request, ahead=ahead
        )
        etag = f'"{image.sha256}"'
        if etag in request.headers.get("If-None-Match", ""):
            return _with_headers(HttpResponse(status=304), etag, sop_uid)
        asked = request.headers.get("Range", "")
        if request.headers.get("If-Range", etag) != etag:
            asked = ""
        response = _content(image.sha256, asked)
        return _with_headers(response, etag, sop_uid)


def _content(key: str, asked: str) -> HttpResponseBase:
    """The whole object, or the one range asked for; several ranges are answered with the whole."""
    try:
        size = storage().size(key)
        found = _span(asked, size)
        if found == "unsatisfiable":
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        start, end = found if isinstance(found, tuple) else (0, size)
        stream = storage().open_range(key, start, end - start)
    except MissingObject:
        log.error("object_missing", key=key)
        raise Http404(_("The image's file is missing.")) from None
    if not isinstance(found, tuple):
        # A file as such: the server may hand it to the kernel without reading it.
        whole = FileResponse(stream, content_type="application/dicom")
        whole.block_size = CHUNK
        whole["Content-Length"] = str(size)
        return whole
    response = StreamingHttpResponse(_chunks(stream), status=206, content_type="application/dicom")
    response["Content-Length"] = str(end - start)
    response["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return response


def _span(asked: str, size: int) -> tuple[int, int] | str:
    """(start, end) of a Range header, end excluded (RFC 9110 section 14); "" for none, or "unsatisfiable"."""
    match = _RANGE.fullmatch(asked.strip())
    if not match or match[0] == "bytes=-":
        return ""
    first, last = match[1], match[2]
    if not first:
        return (max(0, size - int(last)), size) if int(last) else "unsatisfiable"
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return ""
    return (start, end) if start < size else "unsatisfiable"


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _with_headers(response: HttpResponseBase, etag: str, sop_uid: str) -> HttpResponseBase:
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    # One day: long enough for a reading list, short enough for a right that was taken back.
    response["Cache-Control"] = "private, max-age=86400, immutable"
    response["Content-Disposition"] = f'attachment; filename="{sop_uid}.dcm"'
    return response
