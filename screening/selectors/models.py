"""What the administrator's pages show of the models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Site, User
from accounts.roles import Action
from screening.models import ModelActivation, ModelBundle, TriageBasis, TriageGrant
from screening.programmes import PROGRAMMES
from screening.scoring.bundle import BundleError
from screening.scoring.bundle_schema import DATA_ENDINGS, intervals
from screening.scoring.bundle_schema import PROGRAMMES as INSTALLABLE
from screening.selectors.doors import sites_where
from screening.selectors.registry import active_row, folder_of, previous_row, standing_grant, triage_basis

FIGURES: dict[str, str | Promise] = {
    "study_auc": gettext_lazy("study AUC"),
    "abnormal_woman_auc": gettext_lazy("abnormal woman, AUC"),
    "malignant_auc": gettext_lazy("malignant mass, AUC"),
    "abnormal_auc": gettext_lazy("abnormal film, AUC"),
    "suspicion_auc": gettext_lazy("suspicion AUC"),
    "slice_auc": gettext_lazy("slice AUC"),
    "dice": gettext_lazy("outline, Dice"),
    "mass_sensitivity": gettext_lazy("masses found"),
    "density_balanced_accuracy": gettext_lazy("density, balanced accuracy"),
    "specificity_at_95_sensitivity": gettext_lazy("specificity at 95 %% sensitivity"),
    "sensitivity": gettext_lazy("sensitivity"),
    "specificity": gettext_lazy("specificity"),
}
ON_LIST = 2
ON_PAGE = 10
HISTORY = 12


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: str
    interval: str


@dataclass(frozen=True, slots=True)
class SiteRight:
    """What a version may do at a site, with the administrator's word on it, if any."""

    site: Site
    basis: str
    words: str
    grant: TriageGrant | None


@dataclass(frozen=True, slots=True)
class Version:
    row: ModelBundle
    active: bool
    here: bool
    figures: list[Figure]
    earned: bool
    rights: list[SiteRight]
    intended_use: str


@dataclass(frozen=True, slots=True)
class ProgrammeModels:
    """One programme's section of the page. since: the activation that holds now, None for the drafter."""

    name: str
    label: str
    scored: bool
    since: ModelActivation | None
    versions: list[Version]
    waiting: int = 0


def model_sites(user: User) -> list[Site]:
    """The sites whose models this person manages."""
    return list(sites_where(user, Action.MANAGE_MODELS))


def manages_everywhere(user: User) -> bool:
    """Does the person manage the models of every active site? A version reads for all of them at once."""
    return not Site.objects.filter(is_active=True).exclude(pk__in=[site.pk for site in model_sites(user)]).exists()


def model_for(name: str, version: str) -> ModelBundle:
    """One version. Raises Http404."""
    row = ModelBundle.objects.filter(name=name, version=version).select_related("installed_by").first()
    if row is None:
        raise Http404(_("There is no such model."))
    return row


def programme_label(programme: str) -> str:
    entry = PROGRAMMES.get(programme)
    return str(entry.label) if entry else _("Report drafting")


def figures_of(metadata: dict[str, Any], most: int) -> list[Figure]:
    """The figures with an interval, the best known first, each name once."""
    order = list(FIGURES)
    found: dict[str, Figure] = {}
    for name, value, low, high in intervals(metadata):
        shown = str(FIGURES[name]).replace("%%", "%") if name in FIGURES else name.replace("_", " ")
        found.setdefault(name, Figure(shown, f"{value:.3f}", f"{low:.3f}–{high:.3f}"))
    names = sorted(found, key=lambda name: order.index(name) if name in order else len(order))
    return [found[name] for name in names[:most]]


def rights_of(row: ModelBundle, sites: list[Site]) -> list[SiteRight]:
    return [
        SiteRight(site, basis, str(TriageBasis(basis).label), standing_grant(row, site))
        for site in sites
        for basis in (triage_basis(row, site),)
    ]


def version_of(row: ModelBundle, sites: list[Site], most: int = ON_PAGE) -> Version:
    try:
        folder_of(row)
        here = True
    except BundleError:
        here = False
    return Version(
        row=row,
        active=row == active_row(row.programme),
        here=here,
        figures=figures_of(row.metadata, most),
        earned=row.metadata.get("triage") is True,
        rights=rights_of(row, sites) if row.programme in INSTALLABLE else [],
        intended_use=str(row.metadata.get("intended_use", "")),
    )


def all_models(user: User) -> list[ProgrammeModels]:
    """Every programme with its versions, the newest first, as the list shows them."""
    sites = model_sites(user)
    rows = list(ModelBundle.objects.order_by("-id"))
    names = [*PROGRAMMES, *sorted({row.programme for row in rows} - PROGRAMMES.keys())]
    return [
        ProgrammeModels(
            name=name,
            label=programme_label(name),
            scored=name in INSTALLABLE,
            since=ModelActivation.objects.filter(programme=name).select_related("bundle", "by").first(),
            versions=[version_of(row, sites, ON_LIST) for row in rows if row.programme == name],
        )
        for name in names
    ]


def history_of(programme: str) -> list[ModelActivation]:
    """Which version read the programme since when, the newest first."""
    return list(ModelActivation.objects.filter(programme=programme).select_related("bundle", "by")[:HISTORY])


def earlier_of(row: ModelBundle) -> ModelBundle | None:
    """Where one could go back to from this version: only from the one that reads now."""
    return previous_row(row.programme) if row == active_row(row.programme) else None


def files_of(row: ModelBundle) -> dict[str, Path]:
    """The bundle's data files and pictures by name, the needed three left out; empty when it is gone."""
    try:
        folder = folder_of(row)
    except BundleError:
        return {}
    return {
        path.name: path
        for path in sorted(folder.iterdir())
        if path.suffix in DATA_ENDINGS and path.is_file() and not path.is_symlink() and path.name != "model.json"
    }


def card_of(row: ModelBundle) -> str:
    """The text of CARD.md; empty when the bundle is gone or has none."""
    try:
        return (folder_of(row) / "CARD.md").read_text(encoding="utf-8", errors="replace")
    except (BundleError, OSError):
        return ""
