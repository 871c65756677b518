"""The one door to patients as such, for those who merge and correct them; and what stands beside a patient."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Action
from screening.models import Patient, PatientMerge
from screening.selectors.doors import sites_where

SHOWN = 50


def patients_of(user: User) -> QuerySet[Patient]:
    """Patients of the sites where the user manages them, but those that erasing has emptied."""
    patients = Patient.objects.filter(site__in=sites_where(user, Action.MANAGE_PATIENTS)).select_related("site")
    return patients.exclude(patient_id="", name="")


def patient_for(user: User, number: int) -> Patient:
    """Raises Http404, alike for another site's patient and for none."""
    patient = patients_of(user).filter(pk=number).first()
    if patient is None:
        raise Http404(_("There is no such patient."))
    return patient


def found_patients(user: User, words: str, site: str = "") -> list[Patient]:
    """By patient ID (its beginning) or parts of the name, in any case; those whose images differ where nothing is
    asked for. At most `SHOWN`, with `study_count`."""
    patients = patients_of(user).annotate(study_count=Count("studies")).filter(merged_away(False))
    if site:
        patients = patients.filter(site__slug=site)
    if not words:
        return list(patients.filter(mismatch=True).order_by("name", "id")[:SHOWN])
    condition = Q()
    for word in words.replace("^", " ").split()[:6]:
        condition &= Q(name__icontains=word) | Q(patient_id__istartswith=word)
    return list(patients.filter(condition).order_by("name", "id")[:SHOWN])


def merged_away(yes: bool) -> Q:
    gone = PatientMerge.objects.filter(undone_at__isnull=True).values("gone")
    return Q(pk__in=gone) if yes else ~Q(pk__in=gone)


def merge_for(user: User, number: int) -> PatientMerge:
    """Raises Http404."""
    sites = sites_where(user, Action.MANAGE_PATIENTS)
    merge = PatientMerge.objects.filter(pk=number, site__in=sites).select_related("kept", "gone", "site").first()
    if merge is None:
        raise Http404(_("There is no such merge."))
    return merge
