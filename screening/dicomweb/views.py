"""The addresses of DICOMweb. Each goes through the same doors as the pages and leaves the same trail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import APIException, NotAcceptable, UnsupportedMediaType, ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from config.pace import Searches, Uploads
from screening.api.instances import AnyAccept, upload_site
from screening.dicom.attributes import dumps
from screening.dicomweb import qido, stow, wado
from screening.dicomweb.multipart import BadMultipart, MediaType, accepted, boundary_of, media_type, write_parts
from screening.dicomweb.schema import DicomwebSchema
from screening.models import Instance, Study
from screening.selectors import study_for
from screening.selectors.doors import StoredImage, image_for
from screening.selectors.qido import Level, QueryError
from screening.services.looking import record_images_sent, record_once
from screening.services.metadata import image_metadata, series_metadata

JSON = "application/dicom+json"
MOST_BYTES = 32 * 1024**3
T = TypeVar("T")


class LengthRequired(APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class DicomwebView(APIView):
    """Who asks, what they accept, and one study's door."""

    content_negotiation_class = AnyAccept
    schema = DicomwebSchema()

    @property
    def user(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user

    @property
    def site_slug(self) -> str:
        return self.request.query_params.get("site", "")

    def address(self, name: str, *uids: str) -> str:
        """An absolute address; the site stays in it when the request named one."""
        query = f"?{urlencode({'site': self.site_slug})}" if self.site_slug else ""
        return self.request.build_absolute_uri(reverse(name, args=uids) + query)

    def instance_address(self, instance: Instance) -> str:
        return qido.instance_address(self.address, instance)

    def study(self, study_uid: str) -> Study:
        return study_for(self.user, study_uid, Action.VIEW_IMAGES, self.site_slug or None)

    @staticmethod
    def rows(study: Study, series_uid: str = "", sop_uid: str = "") -> QuerySet[Instance]:
        """The images of an address, series by series."""
        found = Instance.objects.filter(series__study=study)
        if series_uid:
            found = found.filter(series__series_uid=series_uid)
        if sop_uid:
            found = found.filter(sop_uid=sop_uid)
        return found.order_by("series__number", "series_id", "number", "id")

    def images(self, study_uid: str, series_uid: str = "", sop_uid: str = "") -> list[Instance]:
        """The images of an address, all of them whole on disk."""
        found = self.rows(self.study(study_uid), series_uid, sop_uid)
        instances = list(found.select_related("series__study__site"))
        wado.check_kept([instance.sha256 for instance in instances])
        record_once(Verb.IMAGES_VIEWED, study=instances[0].series.study, actor=self.user, request=self.request._request)
        return instances

    def image(self, study_uid: str, series_uid: str, sop_uid: str) -> StoredImage:
        """One image of an address, whole on disk; no more than its file is looked up."""
        above = {"study_uid": study_uid, "series_uid": series_uid}
        image = image_for(self.user, sop_uid, Action.VIEW_IMAGES, self.site_slug or None, **above)
        wado.check_kept([image.sha256])
        record_images_sent(study_uid=study_uid, site_id=image.site_id, actor=self.user, request=self.request._request)
        return image

    def ranges(self) -> list[MediaType]:
        """What the caller accepts; a query parameter counts before the header (PS3.18 section 8.3.3)."""
        return accepted(self.request.query_params.get("accept") or self.request.headers.get("Accept", ""))

    def needs_json(self) -> None:
        if not any(wanted.takes(JSON) or wanted.takes("application/json") for wanted in self.ranges()):
            raise NotAcceptable(_("This is given out as application/dicom+json only."))


class Found(DicomwebView):
    """A search. Many results are asked for in parts, by limit and offset."""

    throttle_classes = (Searches, Uploads)
    level: Level = "study"

    def get(self, request: Request, study_uid: str = "", series_uid: str = "") -> HttpResponse:
        self.needs_json()
        study = self.study(study_uid) if study_uid else None
        if study is None and not can(self.user, Action.VIEW_IMAGES):
            raise PermissionDenied(_("Your role does not allow this."))
        if study is not None and series_uid and not study.series.filter(series_uid=series_uid).exists():
            raise Http404(_("There is no such series."))
        try:
            asked = qido.read_search(request._request.GET)
            found = qido.search(self.user, self.level, asked, self.address, study, series_uid)
        except QueryError as error:
            raise ValidationError({"detail": str(error)}) from error
        self._record(study, asked, len(found))
        answer = HttpResponse(dumps(found), content_type=JSON) if found else HttpResponse(status=204)
        if not found:
            del answer["Content-Type"]
        if asked.warnings:
            answer["Warning"] = f'299 {request.get_host()} "{" ".join(asked.warnings)}"'
        answer["Cache-Control"] = "private, no-store"
        return answer

    def _record(self, study: Study | None, asked: qido.Search, rows: int) -> None:
        """What was searched for may name a patient, so the trail has how much was found, not by which words."""
        if study is not None:
            record_once(Verb.STUDY_OPENED, study=study, actor=self.user, request=self.request._request)
            return
        detail = {"rows": rows, "source": "dicomweb", "level": self.level}
        audit.record(Verb.PATIENTS_SEARCHED, actor=self.user, request=self.request._request, detail=detail)


class Studies(Found):
    """Search for studies, or store images of any study."""

    def post(self, request: Request) -> HttpResponse:
        return _stored(self, "")


class Retrieved(DicomwebView):
    """The images of a study or series, or one image; at a study's address images can be stored too."""

    def get(self, request: Request, study_uid: str, series_uid: str = "", sop_uid: str = "") -> HttpResponseBase:
        instances = self.images(study_uid, series_uid, sop_uid)
        chosen = _or_406(lambda: wado.choose_objects(self.ranges(), instances, single=bool(sop_uid)))
        if not chosen.alone:
            return multipart_answer(wado.object_parts(instances, plain=chosen.plain), wado.DICOM)
        content_type, body = _or_406(lambda: wado.one_object(instances[0], plain=chosen.plain))
        answer = StreamingHttpResponse(body, content_type=content_type)
        if not chosen.plain:
            answer["Content-Length"] = str(instances[0].size)
        return answer


class StudyObjects(Retrieved):
    throttle_classes = (Uploads,)

    def post(self, request: Request, study_uid: str) -> HttpResponse:
        return _stored(self, study_uid)


class Metadata(DicomwebView):
    """The headers of the stored files, without bulk data."""

    def get(self, request: Request, study_uid: str, series_uid: str = "", sop_uid: str = "") -> HttpResponseBase:
        self.needs_json()
        study = self.study(study_uid)
        files = list(self.rows(study, series_uid, sop_uid).values_list("series_id", "sha256"))
        wado.check_kept([sha256 for _series, sha256 in files])
        record_once(Verb.IMAGES_VIEWED, study=study, actor=self.user, request=request._request)
        if sop_uid:
            return HttpResponse(dumps([image_metadata(sha256) for _series, sha256 in files]), content_type=JSON)
        if len({series for series, _sha256 in files}) > 1 or "gzip" not in request.headers.get("Accept-Encoding", ""):
            return StreamingHttpResponse(wado.metadata_array(files), content_type=JSON)
        body = series_metadata(files[0][0], [sha256 for _series, sha256 in files])
        return HttpResponse(body, content_type=JSON, headers={"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})


class FrameList(DicomwebView):
    """Frames as they are stored."""

    def get(self, request: Request, study_uid: str, series_uid: str, sop_uid: str, frames: str) -> HttpResponseBase:
        image = self.image(study_uid, series_uid, sop_uid)
        try:
            numbers = wado.frame_numbers(frames, image)
        except ValueError as error:
            raise ValidationError({"detail": str(error)}) from error
        chosen = _or_406(lambda: wado.choose_frames(self.ranges(), image, len(numbers)))
        content_type, alone = chosen.content_type, chosen.alone
        etag = f'"{image.sha256}/{frames}/{"1" if alone else "n"}{"plain" if chosen.plain else ""}"'
        if etag in request.headers.get("If-None-Match", ""):
            return kept(HttpResponse(status=304), etag)
        each = _or_406(
            lambda: wado.plain_frames(image, numbers) if chosen.plain else wado.locate_frames(image).each(numbers)
        )
        if alone:
            return kept(StreamingHttpResponse(each, content_type=content_type), etag)
        parts = ((content_type, (frame,)) for frame in each)
        return kept(multipart_answer(parts, content_type.partition(";")[0], wado.boundary_for(etag)), etag)


def _or_406(choose: Callable[[], T]) -> T:
    try:
        return choose()
    except wado.NotOffered as error:
        raise NotAcceptable(str(error)) from error


def kept(answer: HttpResponseBase, etag: str) -> HttpResponseBase:
    """What a browser may keep for its user: the bytes behind a digest never change (one day, as on the pages)."""
    answer["ETag"] = etag
    answer["Cache-Control"] = "private, max-age=86400, immutable"
    patch_vary_headers(answer, ("Accept", "Cookie", "Authorization"))
    return answer


def multipart_answer(
    parts: Iterable[tuple[str, Iterable[bytes]]], kind: str, boundary: str = ""
) -> StreamingHttpResponse:
    boundary = boundary or wado.new_boundary()
    content_type = f'multipart/related; type="{kind}"; boundary={boundary}'
    return StreamingHttpResponse(write_parts(parts, boundary), content_type=content_type)


def _stored(view: DicomwebView, study_uid: str) -> HttpResponse:
    """Take in the parts of the request's body, read as it comes."""
    request = view.request
    site = upload_site(view.user, view.site_slug)
    view.needs_json()
    content_type = media_type(request.headers.get("Content-Type", ""))
    if content_type.name != "multipart/related" or content_type.part not in ("", wado.DICOM):
        sentence = _("Send multipart/related with parts of the type application/dicom.")
        raise UnsupportedMediaType(content_type.name, detail=sentence)
    length = request.headers.get("Content-Length", "")
    if not length.isdigit():
        raise LengthRequired(_("Send the length of the body (Content-Length)."))
    if int(length) > MOST_BYTES:
        raise TooLarge(_("The files are too large to be sent at once."))
    try:
        outcome = stow.store(
            read=request._request.read,
            boundary=boundary_of(content_type),
            site=site,
            actor=view.user,
            request=request._request,
            study_uid=study_uid,
            address=view.instance_address,
        )
    except BadMultipart as error:
        raise ValidationError({"detail": _("The body is not what its Content-Type says.")}) from error
    answer = outcome.as_json(lambda uid: view.address("dicomweb-study", uid))
    return HttpResponse(dumps(answer), status=outcome.status, content_type=JSON)
