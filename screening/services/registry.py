"""The registry of models: what is shipped appears by itself, an administrator installs, activates and goes back.

Nothing here starts a score by itself; see `rescoring`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import structlog
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User, Verb
from screening.models import ModelActivation, ModelBundle, TriageGrant
from screening.scoring.bundle import BUNDLES, Bundle, BundleError, load_folder
from screening.scoring.bundle_archive import copy_folder, unpack
from screening.scoring.bundle_schema import PROGRAMMES, folder_faults
from screening.scoring.network_trial import network_faults
from screening.selectors.registry import active_row, bundle_of, bundles_root, previous_row

log = structlog.get_logger(__name__)
SHIPPED_REASON = "Shipped with Firstread; nobody has chosen another version."
OTHER_WEIGHTS = "The weights of this version changed; the right was granted to other ones."
MOST_FAULTS = 12


class BundleRefused(Exception):
    """What was to be installed is no good; `faults` are sentences for the administrator."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults[:MOST_FAULTS]


def active_bundle(programme: str) -> tuple[ModelBundle, Bundle]:
    """The row and the checked bundle that read the programme now; registers what is shipped if nothing is.

    Raises `BundleError` when there is none, or its files are gone or changed.
    """
    row = active_row(programme)
    if row is None:
        register_shipped()
        row = active_row(programme)
    if row is None:
        raise BundleError(f"No model is registered for the programme {programme}.")
    return row, bundle_of(row)


def register_shipped() -> list[ModelBundle]:
    """Make rows for the bundles that came with this version of Firstread; idempotent. Returns the new ones.

    A shipped version reads its programme unless a person chose another. Each is kept under
    `<name>@<version>` as well, so that one can go back after the next upgrade.
    """
    new = []
    for described in sorted(BUNDLES.glob("*/model.json")):
        try:
            bundle = load_folder(described.parent)
        except BundleError as error:
            # The program comes up all the same: its programme has no score, and `/health/ready` says so.
            log.error("shipped_bundle_broken", bundle=described.parent.name, reason=str(error))
            continue
        with transaction.atomic():
            row = _register(bundle)
        if row is not None:
            new.append(row)
    return new


def _register(bundle: Bundle) -> ModelBundle | None:
    metadata, model = bundle.metadata, bundle.model
    row, created = ModelBundle.objects.get_or_create(
        name=model.name,
        version=model.version,
        defaults={
            "programme": metadata["programme"],
            "sha256": model.sha256,
            "metadata": metadata,
            "shipped": True,
            "installed_at": timezone.now(),
        },
    )
    if not row.shipped:
        if row.sha256 != model.sha256:
            log.warning("shipped_bundle_hidden", bundle=row.folder_name)
        return None
    changed = not created and row.metadata != metadata
    if changed:
        # The same version in another state, as while it is being made; runs keep the digest they had.
        other = row.sha256 != model.sha256
        row.sha256, row.metadata = model.sha256, metadata
        row.save(update_fields=["sha256", "metadata"])
        if other:
            _take_rights(row)
    _keep(bundle.folder, bundles_root() / row.folder_name, anew=changed)
    newest = ModelActivation.objects.filter(programme=row.programme).first()
    if newest is None or (newest.automatic and newest.bundle_id != row.pk):
        _activate(row, reason=SHIPPED_REASON, actor=None, automatic=True)
    return row if created else None


def _take_rights(row: ModelBundle) -> None:
    """A right was granted to weights; other weights under the same version do not have it."""
    for site in set(row.grants.values_list("site_id", flat=True)):
        newest = row.grants.filter(site_id=site).first()
        if newest is not None and newest.granted:
            TriageGrant.objects.create(
                bundle=row, site_id=site, granted=False, at=timezone.now(), by=None, reason=OTHER_WEIGHTS
            )


def _keep(source: Path, target: Path, *, anew: bool) -> None:
    if target.is_dir() and not anew and load_folder(target).metadata == load_folder(source).metadata:
        return
    try:
        with _incoming() as folder:
            for path in source.iterdir():
                if path.is_file():
                    shutil.copyfile(path, folder / path.name)
            _put(folder, target)
    except OSError as error:
        log.warning("bundle_not_kept", bundle=target.name, error=type(error).__name__)


@contextmanager
def _incoming() -> Iterator[Path]:
    """A new folder beside the bundles, gone afterwards unless it was moved."""
    bundles_root().mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".incoming-", dir=bundles_root()))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put(folder: Path, target: Path) -> None:
    """Move a finished folder to its place by one rename; what lay there without a row is a broken attempt's."""
    if target.exists():
        aside = Path(tempfile.mkdtemp(prefix=".incoming-", dir=bundles_root()))
        target.rename(aside / target.name)
        folder.rename(target)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        folder.rename(target)


def install_archive(*, archive: BinaryIO, actor: User | None, request: HttpRequest | None = None) -> ModelBundle:
    """Install a bundle from a zip archive; see `_install`. Raises `BundleRefused`."""
    return _install(lambda folder: unpack(archive, folder), actor, request)


def install_folder(*, folder: Path, actor: User | None) -> ModelBundle:
    """Install a bundle from a folder; see `_install`. Raises `BundleRefused`."""
    return _install(lambda target: copy_folder(folder, target), actor, None)


def _install(fill: Callable[[Path], None], actor: User | None, request: HttpRequest | None) -> ModelBundle:
    """Check everything, then make the row and move the files into place, in one step; it reads nothing yet.

    After a refusal there is neither a row nor a file. The network named is built without weights in a
    process with limits, to see that they fit it.
    """
    with _incoming() as folder:
        try:
            fill(folder)
        except BundleError as error:
            raise BundleRefused([str(error)]) from error
        faults = folder_faults(folder) or network_faults(folder)
        if faults:
            raise BundleRefused(faults)
        bundle = load_folder(folder)
        metadata, model = bundle.metadata, bundle.model
        target = bundles_root() / f"{model.name}@{model.version}"
        moved = False
        try:
            with transaction.atomic():
                row = ModelBundle.objects.create(
                    name=model.name,
                    version=model.version,
                    programme=metadata["programme"],
                    sha256=model.sha256,
                    metadata=metadata,
                    installed_at=timezone.now(),
                    installed_by=actor,
                )
                _record(Verb.MODEL_INSTALLED, row, actor, request, {"sha256": model.sha256})
                _put(folder, target)
                moved = True
        except IntegrityError as error:
            if moved:
                shutil.rmtree(target, ignore_errors=True)
            words = f"Version {model.version} of {model.name} is here already; a changed bundle needs a new version."
            raise BundleRefused([words]) from error
    return row


def activate(
    *, row: ModelBundle, reason: str, actor: User | None, request: HttpRequest | None = None
) -> ModelActivation:
    """Let this version read its programme from now on; scores there are stay as they are.

    Raises `BundleRefused` when its files are not whole, when the programme is not one it could read,
    or when it reads it already.
    """
    if row.programme not in PROGRAMMES:
        raise BundleRefused([f"{row.name} reads no programme; it cannot be chosen here."])
    if row == active_row(row.programme):
        raise BundleRefused([f"{row.name} {row.version} reads the programme already."])
    try:
        bundle_of(row)
    except BundleError as error:
        raise BundleRefused([str(error)]) from error
    with transaction.atomic():
        activation = _activate(row, reason=reason, actor=actor, automatic=False)
        _record(Verb.MODEL_ACTIVATED, row, actor, request, {"programme": row.programme, "reason": activation.reason})
    return activation


def roll_back(
    *, programme: str, reason: str, actor: User | None, request: HttpRequest | None = None
) -> ModelActivation:
    """Let the version before the one that reads now read again. Raises `BundleRefused` when there is none."""
    row = previous_row(programme)
    if row is None:
        raise BundleRefused(["No other version has read this programme before."])
    return activate(row=row, reason=reason, actor=actor, request=request)


def _activate(row: ModelBundle, *, reason: str, actor: User | None, automatic: bool) -> ModelActivation:
    return ModelActivation.objects.create(
        programme=row.programme,
        bundle=row,
        at=timezone.now(),
        by=actor,
        automatic=automatic,
        reason=reason.strip()[:400],
    )


def _record(
    verb: Verb, row: ModelBundle, actor: User | None, request: HttpRequest | None, detail: dict[str, Any]
) -> None:
    audit.record(verb, actor=actor, object_type="model", object_id=row.folder_name, detail=detail, request=request)
