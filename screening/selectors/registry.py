"""Which bundle reads a programme, where its files are, and what it may do at a site."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from accounts.models import Site, User
from accounts.roles import Action
from screening.models import ModelActivation, ModelBundle, ScoreRun, TriageBasis, TriageGrant
from screening.scoring.bundle import BUNDLES, Bundle, BundleError, load_folder
from screening.scoring.bundle_schema import PROGRAMMES
from screening.selectors.doors import sites_where


def bundles_root() -> Path:
    """Where registered bundles are kept, one folder `<name>@<version>` each."""
    return Path(settings.BUNDLES_ROOT)


def active_row(programme: str) -> ModelBundle | None:
    """The bundle that reads the programme now; None before anything was registered."""
    newest = ModelActivation.objects.filter(programme=programme).select_related("bundle").first()
    return newest.bundle if newest else None


def previous_row(programme: str) -> ModelBundle | None:
    """The bundle that read the programme before the one that does now; None where there was none."""
    now = active_row(programme)
    earlier = ModelActivation.objects.filter(programme=programme).exclude(bundle=now).select_related("bundle").first()
    return earlier.bundle if earlier else None


def is_active(row: ModelBundle) -> bool:
    """Does this version read its programme now?"""
    return row == active_row(row.programme)


def folder_of(row: ModelBundle) -> Path:
    """The version's own folder, or the shipped one while that holds this version. Raises `BundleError`."""
    own, shipped = bundles_root() / row.folder_name, BUNDLES / row.name
    for folder in (own, shipped) if row.shipped else (own,):
        if (folder / "model.json").is_file() and load_folder(folder).metadata["version"] == row.version:
            return folder
    raise BundleError(f"Version {row.version} of the model {row.name} is no longer on this machine.")


def bundle_of(row: ModelBundle) -> Bundle:
    """The row's bundle, checked. Raises `BundleError` when it is gone or no longer what was registered."""
    bundle = load_folder(folder_of(row))
    if bundle.metadata != row.metadata:
        raise BundleError(f"The files of version {row.version} of the model {row.name} are not those registered.")
    return bundle


def bundle_for_run(run: ScoreRun) -> Bundle:
    """The very bundle that was asked to make this run. Raises `BundleError` with a sentence for the study's row."""
    row = ModelBundle.objects.filter(name=run.model_name, version=run.model_version).first()
    if row is None:
        raise BundleError(f"Version {run.model_version} of the model {run.model_name} is not registered.")
    if row.sha256 != run.model_sha256:
        raise BundleError(f"Version {run.model_version} of the model {run.model_name} was replaced meanwhile.")
    return bundle_of(row)


def standing_grant(row: ModelBundle, site: Site) -> TriageGrant | None:
    """The newest word of an administrator on this version at this site."""
    return TriageGrant.objects.filter(bundle=row, site=site).first()


def triage_basis(row: ModelBundle, site: Site) -> TriageBasis:
    """Why this version may, or may not, bring due times forward at the site: its figures, unless an administrator spoke."""
    grant = standing_grant(row, site)
    if grant is None:
        return TriageBasis.EARNED if row.metadata.get("triage") is True else TriageBasis.NOT_EARNED
    if not grant.granted:
        return TriageBasis.TAKEN
    return TriageBasis.FOR_SHOW if grant.for_show else TriageBasis.GRANTED


def basis_of_run(run: ScoreRun) -> TriageBasis:
    """The right that the run's version has at its site now; the one it was asked for with when the version is gone."""
    row = ModelBundle.objects.filter(name=run.model_name, version=run.model_version).first()
    return triage_basis(row, run.study.site) if row else TriageBasis(run.triage_basis)


def allows_triage(basis: str) -> bool:
    return basis in (TriageBasis.EARNED, TriageBasis.GRANTED, TriageBasis.FOR_SHOW)


_BASIS_WORDS = {
    TriageBasis.EARNED: _("AI may bring it forward: the right is earned by its figures."),
    TriageBasis.GRANTED: _("AI may bring it forward: an administrator granted the right at this site."),
    TriageBasis.FOR_SHOW: _("AI may bring it forward: the right was granted for show."),
    TriageBasis.TAKEN: _("Advisory: does not move the queue. An administrator took the right at this site."),
}
_NOT_EARNED = _("Advisory: does not move the queue. Its figures have not earned the right.")


def basis_words(basis: str) -> str:
    """One sentence for the why-panel and the pages."""
    return str(_BASIS_WORDS.get(TriageBasis(basis), _NOT_EARNED))


def sites_for_show(user: User) -> list[Site]:
    """The sites of the user's worklists where a model that reads now has the right for show only."""
    newest = TriageGrant.objects.filter(bundle=OuterRef("bundle"), site=OuterRef("site")).values("pk")[:1]
    latest = ModelActivation.objects.filter(programme=OuterRef("programme")).order_by("-pk").values("pk")[:1]
    active = ModelActivation.objects.filter(programme__in=PROGRAMMES, pk=Subquery(latest)).values("bundle")
    shown = TriageGrant.objects.filter(bundle__in=active, for_show=True, granted=True, pk=Subquery(newest))
    return list(sites_where(user, Action.VIEW_SCORES).filter(pk__in=shown.values("site")))
