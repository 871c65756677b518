"""The upload page of the technologist, and the address its files are sent to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Site, User
from accounts.roles import Action
from screening.dicom.elements import clean
from screening.models import IngestProblem, Study
from screening.programmes import PROGRAMMES
from screening.selectors.doors import sites_where
from screening.selectors.phrases import person_name
from screening.services.ingest import ingest_instance
from screening.services.ingest_archive import ingest_archive, is_archive

PROBLEMS_SHOWN = 50
ARRIVED_SHOWN = 50


@login_required
@require_GET
def upload(request: HttpRequest) -> HttpResponse:
    """The page: where to drop files, and what could not be taken lately."""
    user = _user(request)
    sites = list(sites_where(user, Action.UPLOAD))
    watched = sites_where(user, Action.VIEW_INGEST)
    if not sites and not watched.exists():
        raise PermissionDenied(_("Your role does not allow this."))
    problems = IngestProblem.objects.filter(site__in=watched).select_related("site", "actor")
    context = {
        "sites": sites,
        "problems": list(islice(problems, PROBLEMS_SHOWN)),
        "several_sites": watched.count() > 1,
        "max_bytes": settings.UPLOAD_MAX_BYTES,
        "words": _words(),
    }
    return render(request, "screening/upload.html", context)


@login_required
@require_POST
def receive(request: HttpRequest) -> JsonResponse:
    """A batch of files (field `files`, in order) for the site `site`; answers one result for each file.

    {"results": [{"file": index in the batch, "path", "result", "reason", "study_uid", "sop_uid"}, …]}; a zip
    archive gives a result for each file inside.
    """
    user = _user(request)
    sites = sites_where(user, Action.UPLOAD)
    wanted = request.POST.get("site", "")
    site = sites.filter(slug=wanted).first() if wanted or sites.count() > 1 else sites.first()
    if site is None:
        raise PermissionDenied(_("Your role does not allow this."))
    files = request.FILES.getlist("files")
    if not files:
        return JsonResponse({"detail": _("There was no file.")}, status=400)
    results = [
        {"file": index, **answer}
        for index, file in enumerate(files)
        for answer in _ingested(file, site=site, user=user, request=request)
    ]
    return JsonResponse({"results": results})


@login_required
@require_GET
@never_cache
def arrived(request: HttpRequest) -> JsonResponse:
    """{"studies": [{patient, what, state, receiving, url}, …]} of the studies `study` (repeated) of the site `site`.

    What the page shows after sending; of a study that is not there nothing is said.
    """
    user = _user(request)
    sites = sites_where(user, Action.UPLOAD)
    if not sites.exists():
        raise PermissionDenied(_("Your role does not allow this."))
    uids = request.GET.getlist("study")[:ARRIVED_SHOWN]
    studies = Study.objects.filter(site__in=sites, study_uid__in=uids).select_related("patient", "site").order_by("id")
    if wanted := request.GET.get("site", ""):
        studies = studies.filter(site__slug=wanted)
    return JsonResponse({"studies": [_arrived(study) for study in studies]})


def _arrived(study: Study) -> dict[str, Any]:
    receiving = study.closed_at is None
    images = ngettext("%(n)d image", "%(n)d images", study.instance_count) % {"n": study.instance_count}
    programme = PROGRAMMES.get(study.programme)
    return {
        "patient": person_name(study.patient.name),
        "what": " · ".join(part for part in (study.description or study.modality, images) if part),
        "state": _state(receiving, str(programme.label) if programme else ""),
        "receiving": receiving,
        "url": f"{reverse('reading-room', args=(study.study_uid,))}?site={study.site.slug}",
    }


def _state(receiving: bool, programme: str) -> str:
    if receiving:
        return _("waiting for more images")
    return _("complete · %(programme)s") % {"programme": programme} if programme else _("complete · no programme")


def _ingested(file: UploadedFile, *, site: Site, user: User, request: HttpRequest) -> Iterator[dict[str, Any]]:
    name = clean(file.name or "", 200)
    head = file.read(4)
    file.seek(0)
    if is_archive(head):
        members = ingest_archive(archive=file, source="upload", site=site, actor=user, request=request)  # type: ignore[arg-type]
        for member, result in members:
            yield result.as_json(f"{name}/{member}" if member else name)
        return
    data = file.read(settings.UPLOAD_MAX_BYTES + 1)
    yield ingest_instance(data=data, source="upload", site=site, actor=user, request=request).as_json(name)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _words() -> dict[str, str]:
    """Every string the page's script shows."""
    return {
        "stored": _("stored"),
        "duplicate": _("already here"),
        "rejected": _("not taken"),
        "waiting": _("waiting"),
        "progress": _("{done} of {total} files"),
        "reading": _("Looking through the folder: {total} files so far"),
        "checking": _("all sent; the server is looking through it, {seconds} s"),
        "finished": _("Done"),
        "finished_problems": _("Done, with problems"),
        "offline": _("The connection is lost. Trying again in {seconds} s."),
        "failed": _("This file could not be sent. Try it again."),
        "too_large": _("The file is larger than {size} MB, the most that is taken."),
        "signed_out": _("You are signed out, or may not upload here. Sign in again; what was stored stays stored."),
        "leave": _("Files are still being sent."),
        "more": _("and {count} more"),
        "no_files": _("There was no file in what you dropped."),
    }
