"""Patients as such: two numbers of one person merged, parted again, and demographics corrected over what came in."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from screening.models import Patient, PatientCorrection, PatientMerge, Study
from screening.selectors.patients import found_patients, merge_for, patient_for
from screening.services.patients import (
    SEXES,
    PatientConflict,
    PatientError,
    correct_patient,
    merge_patients,
    shown_of,
    undo_merge,
)

FIELDS = ("name", "birth_date", "sex")


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def patients(request: HttpRequest) -> HttpResponse:
    """Those whose images differ in name or birth date; POST words: a search, kept out of addresses and logs."""
    person = _allowed(request)
    words = request.POST.get("words", "").strip()[:200]
    found = found_patients(person, words)
    audit.record(Verb.PATIENTS_SEARCHED, actor=person, detail={"found": len(found)}, request=request)
    return render(request, "screening/patients.html", {"words": words, "found": found})


@require_GET
@login_required
@never_cache
def patient(request: HttpRequest, number: int) -> HttpResponse:
    person = _allowed(request)
    return _page(request, person, patient_for(person, number))


@require_POST
@login_required
@never_cache
def patient_correct(request: HttpRequest, number: int) -> HttpResponse:
    """POST name, birth_date, sex, reason, and each as seen-<field>."""
    person = _allowed(request)
    found = patient_for(person, number)
    values = {name: request.POST.get(name, "") for name in FIELDS}
    seen = {name: request.POST.get(f"seen-{name}", "") for name in FIELDS}
    try:
        reason = request.POST.get("reason", "")
        correct_patient(patient=found, values=values, seen=seen, reason=reason, actor=person, request=request)
    except PatientError as error:
        return _page(request, person, found, problem=str(error), status=400)
    except PatientConflict as error:
        return _page(request, person, found, problem=str(error), status=409)
    messages.success(request, _("The patient is shown as corrected. What came in is kept as it came."))
    return redirect("patient", found.pk)


@require_POST
@login_required
@never_cache
def patient_merge(request: HttpRequest, number: int) -> HttpResponse:
    """POST other: the ID of the patient that is the same person, issuer where two have it; reason."""
    person = _allowed(request)
    kept = patient_for(person, number)
    others = Patient.objects.filter(site=kept.site, patient_id=request.POST.get("other", "").strip()[:64])
    issuer = request.POST.get("issuer", "").strip()
    others = others.exclude(patient_id="").exclude(pk=kept.pk)
    gone = (others.filter(issuer=issuer) if issuer else others).select_related("site")[:2]
    if len(gone) != 1:
        return _page(request, person, kept, problem=_("No single patient of this site has this ID."), status=400)
    try:
        reason = request.POST.get("reason", "")
        merge_patients(kept=kept, gone=gone[0], reason=reason, actor=person, request=request)
    except PatientError as error:
        return _page(request, person, kept, problem=str(error), status=400)
    except PatientConflict as error:
        return _page(request, person, kept, problem=str(error), status=409)
    messages.success(request, _("The patients are merged. This can be undone here."))
    return redirect("patient", kept.pk)


@require_POST
@login_required
@never_cache
def patient_unmerge(request: HttpRequest, number: int) -> HttpResponse:
    """POST: undo the merge of this number."""
    person = _allowed(request)
    merge = merge_for(person, number)
    try:
        undo_merge(merge=merge, actor=person, request=request)
    except PatientConflict as error:
        return _page(request, person, merge.kept, problem=str(error), status=409)
    messages.success(request, _("The merge is undone."))
    return redirect("patient", merge.kept_id)


def _allowed(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not can(request.user, Action.MANAGE_PATIENTS):
        raise PermissionDenied(_("Your role does not allow this."))
    return request.user


def _page(request: HttpRequest, person: User, found: Patient, *, problem: str = "", status: int = 200) -> HttpResponse:
    if request.method == "GET":
        audit.record(
            Verb.PATIENTS_SEARCHED,
            actor=person,
            site=found.site,
            object_type="patient",
            object_id=found.pk,
            request=request,
        )
    merges = PatientMerge.objects.filter(kept=found).select_related("gone", "by", "undone_by")
    shown = {
        "patient": found,
        "shown": shown_of(found),
        "sexes": SEXES,
        "problem": problem,
        "studies": Study.objects.filter(patient=found).order_by("-study_at", "-id")[:100],
        "merges": merges,
        "into": PatientMerge.objects.filter(gone=found, undone_at__isnull=True).select_related("kept", "by").first(),
        "corrections": PatientCorrection.objects.filter(patient=found).select_related("by"),
    }
    return render(request, "screening/patient.html", shown, status=status)
