"""What is shipped registers itself; what an administrator installs is whole or not there; a choice can be taken back."""

from __future__ import annotations

import json
import shutil

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent, Verb
from screening.models import ModelActivation, ModelBundle, ScoreRun
from screening.programmes import PROGRAMMES
from screening.scoring.bundle import BUNDLES, BundleError, load_bundle
from screening.selectors.registry import (
    active_row,
    allows_triage,
    bundle_for_run,
    bundle_of,
    folder_of,
    previous_row,
    triage_basis,
)
from screening.services import registry
from screening.services.registry import BundleRefused, activate, install_archive, install_folder, roll_back
from screening.services.rights import set_triage
from tests.registry import bundles

pytestmark = pytest.mark.django_db
SHIPPED = sorted(path.parent.name for path in BUNDLES.glob("*/model.json"))


@pytest.fixture
def shipping(monkeypatch, tmp_path):
    """A folder of shipped bundles of the test's own, registered nowhere yet."""
    ModelActivation.objects.all().delete()
    ModelBundle.objects.all().delete()
    root = tmp_path / "shipping"
    root.mkdir()
    monkeypatch.setattr(registry, "BUNDLES", root)
    monkeypatch.setattr("screening.selectors.registry.BUNDLES", root)
    return root


def installed(tmp_path, version, **changes):
    return install_folder(folder=bundles.write(tmp_path / version, version=version, **changes), actor=None)


def test_what_is_shipped_is_registered_by_migrating_and_reads():
    assert sorted(ModelBundle.objects.values_list("name", flat=True)) == SHIPPED
    for programme in PROGRAMMES.values():
        row = active_row(programme.name)
        assert (row.name, row.shipped) == (programme.bundle, True)
        assert bundle_of(row).model == load_bundle(programme.bundle).model


def test_registering_again_changes_nothing():
    before = list(ModelBundle.objects.values()), list(ModelActivation.objects.values())
    assert registry.register_shipped() == []
    assert (list(ModelBundle.objects.values()), list(ModelActivation.objects.values())) == before


def test_a_new_shipped_version_appears_reads_and_leaves_the_old_one_to_go_back_to(shipping):
    bundles.write(shipping / "lung-nodule", version="1.0.0")
    registry.register_shipped()
    bundles.write(shipping / "lung-nodule", version="1.1.0", weights=bundles.safetensors({"other": (4,)}))
    [new] = registry.register_shipped()
    assert (new.version, active_row("lung")) == ("1.1.0", new)
    old = roll_back(programme="lung", reason="It marks too much.", actor=None).bundle
    assert (old.version, bundle_of(old).metadata["version"]) == ("1.0.0", "1.0.0")


def test_a_person_s_choice_stands_against_a_new_shipped_version(shipping, fits, tmp_path, administrator):
    bundles.write(shipping / "lung-nodule", version="1.0.0")
    registry.register_shipped()
    chosen = installed(tmp_path, "9.0.0")
    activate(row=chosen, reason="Better at our site.", actor=administrator)
    bundles.write(shipping / "lung-nodule", version="1.1.0")
    registry.register_shipped()
    assert active_row("lung") == chosen
    assert ModelBundle.objects.filter(version="1.1.0").exists()


def test_the_same_shipped_version_in_another_state_is_noticed(shipping):
    bundles.write(shipping / "lung-nodule", version="1.0.0")
    registry.register_shipped()
    run = ScoreRun(model_name="lung-nodule", model_version="1.0.0", model_sha256=active_row("lung").sha256)
    assert bundle_for_run(run)
    bundles.write(shipping / "lung-nodule", version="1.0.0", weights=bundles.safetensors({"other": (4,)}))
    registry.register_shipped()
    assert bundle_of(active_row("lung")).model.sha256 != run.model_sha256
    with pytest.raises(BundleError, match="replaced meanwhile"):
        bundle_for_run(run)


def test_a_right_granted_to_weights_is_not_that_of_other_weights(shipping, administrator, north, south):
    bundles.write(shipping / "lung-nodule", version="1.0.0")
    registry.register_shipped()
    row = active_row("lung")
    set_triage(row=row, site=north, granted=True, reason="Tried here.", actor=administrator)
    registry.register_shipped()
    assert allows_triage(triage_basis(row, north)), "the same weights keep it"
    bundles.write(shipping / "lung-nodule", version="1.0.0", weights=bundles.safetensors({"other": (4,)}))
    registry.register_shipped()
    row.refresh_from_db()
    assert not allows_triage(triage_basis(row, north))
    assert [grant.reason for grant in row.grants.filter(site=north)][0] == registry.OTHER_WEIGHTS
    assert not row.grants.filter(site=south).exists()


def test_one_broken_shipped_bundle_stops_neither_the_others_nor_the_program(shipping, caplog):
    bundles.write(shipping / "lung-nodule", version="1.0.0")
    (shipping / "broken").mkdir()
    (shipping / "broken" / "model.json").write_text("{not json")
    assert [row.name for row in registry.register_shipped()] == ["lung-nodule"]
    assert any("shipped_bundle_broken" in line.getMessage() for line in caplog.records)


def test_installing_keeps_the_files_says_so_and_lets_nothing_read(fits, tmp_path, own_bundles, administrator):
    before = active_row("lung")
    source = bundles.write(tmp_path / "b", files={"seen.json": b"[]"})
    row = install_archive(archive=bundles.zipped(source, "b"), actor=administrator)
    assert (row.installed_by, row.shipped, active_row("lung")) == (administrator, False, before)
    folder = own_bundles / "lung-nodule@9.0.0"
    assert sorted(path.name for path in folder.iterdir()) == [
        "CARD.md",
        "model.json",
        "seen.json",
        "weights.safetensors",
    ]
    assert folder_of(row) == folder
    event = AuditEvent.objects.get(verb=Verb.MODEL_INSTALLED)
    assert (event.object_id, event.detail["sha256"]) == ("lung-nodule@9.0.0", row.sha256)


def nothing_left(own_bundles, count):
    assert ModelBundle.objects.count() == count
    assert not own_bundles.exists() or [path.name for path in own_bundles.iterdir()] == []


@pytest.mark.parametrize(
    "changes", [{"licence": None}, {"files": {"run.py": b"x"}}, {"sha256": "0" * 64}, {"weights": b"\x80\x04."}]
)
def test_a_faulty_bundle_leaves_no_row_and_no_file(fits, tmp_path, own_bundles, changes):
    count = ModelBundle.objects.count()
    with pytest.raises(BundleRefused) as refusal:
        install_folder(folder=bundles.write(tmp_path / "b", **changes), actor=None)
    assert refusal.value.faults and fits == []
    nothing_left(own_bundles, count)


def test_weights_that_do_not_fit_their_network_leave_no_row_and_no_file(monkeypatch, tmp_path, own_bundles):
    monkeypatch.setattr(registry, "network_faults", lambda _folder: ["The weights lack nodule.bias."])
    count = ModelBundle.objects.count()
    with pytest.raises(BundleRefused, match=r"nodule\.bias"):
        install_folder(folder=bundles.write(tmp_path / "b"), actor=None)
    nothing_left(own_bundles, count)


def test_a_disk_that_fails_at_the_last_step_leaves_no_row(fits, monkeypatch, tmp_path):
    def full(*_arguments):
        raise OSError("No space left on device")

    count = ModelBundle.objects.count()
    monkeypatch.setattr(registry, "_put", full)
    with pytest.raises(OSError, match="No space"):
        install_folder(folder=bundles.write(tmp_path / "b"), actor=None)
    assert ModelBundle.objects.count() == count


def test_a_version_is_installed_once_and_never_changed(fits, tmp_path, own_bundles):
    installed(tmp_path, "9.0.0")
    kept = (own_bundles / "lung-nodule@9.0.0" / "weights.safetensors").read_bytes()
    other = bundles.write(tmp_path / "other", weights=bundles.safetensors({"other": (4,)}))
    with pytest.raises(BundleRefused, match="here already"):
        install_folder(folder=other, actor=None)
    assert (own_bundles / "lung-nodule@9.0.0" / "weights.safetensors").read_bytes() == kept
    assert [path.name for path in own_bundles.iterdir()] == ["lung-nodule@9.0.0"]


def test_what_a_broken_attempt_left_behind_does_not_stop_the_next(fits, tmp_path, own_bundles):
    left = own_bundles / "lung-nodule@9.0.0"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"half")
    installed(tmp_path, "9.0.0")
    assert not (left / "half").exists() and (left / "model.json").exists()


def test_activating_and_going_back_are_history_with_a_person_and_a_reason(fits, tmp_path, administrator):
    first, row = active_row("lung"), installed(tmp_path, "9.0.0")
    activate(row=row, reason="Better at our site.", actor=administrator)
    assert (active_row("lung"), previous_row("lung")) == (row, first)
    roll_back(programme="lung", reason="It was not.", actor=administrator)
    assert active_row("lung") == first
    assert list(
        ModelActivation.objects.filter(programme="lung", by=administrator).values_list("reason", flat=True)
    ) == [
        "It was not.",
        "Better at our site.",
    ]
    events = AuditEvent.objects.filter(verb=Verb.MODEL_ACTIVATED).order_by("id")
    assert [event.detail["reason"] for event in events] == ["Better at our site.", "It was not."]


def test_what_cannot_be_chosen_is_refused_with_a_sentence(fits, tmp_path, own_bundles):
    with pytest.raises(BundleRefused, match="already"):
        activate(row=active_row("lung"), reason="Again.", actor=None)
    with pytest.raises(BundleRefused, match="reads no programme"):
        activate(row=ModelBundle.objects.get(name="drafter"), reason="Why not.", actor=None)
    with pytest.raises(BundleRefused, match="No other version"):
        roll_back(programme="lung", reason="Back.", actor=None)
    row = installed(tmp_path, "9.0.0")
    shutil.rmtree(own_bundles / "lung-nodule@9.0.0")
    with pytest.raises(BundleRefused, match="no longer on this machine"):
        activate(row=row, reason="It is gone.", actor=None)
    assert active_row("lung").shipped


def test_files_changed_after_they_were_installed_read_nothing(fits, tmp_path, own_bundles):
    row = installed(tmp_path, "9.0.0")
    path = own_bundles / "lung-nodule@9.0.0" / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "operating_points": {"nodule": 0.01}}))
    with pytest.raises(BundleError, match="not those registered"):
        bundle_of(row)


def test_the_command_lists_installs_activates_and_goes_back(fits, tmp_path, capsys):
    source = bundles.write(tmp_path / "b")
    archive = tmp_path / "b.zip"
    archive.write_bytes(bundles.zipped(source).getvalue())
    call_command("models", "install", str(archive))
    call_command("models", "activate", "lung-nodule", "9.0.0", reason="A trial.")
    capsys.readouterr()
    call_command("models", "list", json=True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["version"] for line in lines if line["programme"] == "lung" and line["state"] == "reads"] == ["9.0.0"]
    call_command("models", "rollback", "lung", reason="The trial is over.")
    assert active_row("lung").shipped
    with pytest.raises(CommandError, match="here already"):
        call_command("models", "install", str(source))
    with pytest.raises(CommandError, match="no model"):
        call_command("models", "activate", "lung-nodule", "7.7.7", reason="No.")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("models", "install", str(tmp_path / "nowhere.zip"))
