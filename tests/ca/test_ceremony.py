import pickle
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ca import private_files
from ca.ceremony import open_ceremony, perform
from ca.ceremony_acts import LOG_KEY
from ca.ceremony_plan import CeremonyPlan, load_plan
from ca.certificate_reader import read_certificate
from ca.errors import CeremonyDamaged, CeremonyDone, CeremonyMissing, CeremonyRunning, KeyMissing
from ca.keys import KeyFolder
from ca.names import seal_holder
from ca.paths import validate_path
from ca.trust import load_trust
from ledger.notes import Vkey
from tests.ca.conftest import City
from tests.ca.house import CHEAP, NOW, PLAN

TEXT = PLAN.read_text()


@pytest.fixture
def plan() -> CeremonyPlan:
    """The city with one seal only, which is quicker."""
    whole = load_plan(TEXT)
    return whole.model_copy(update={"seals": whole.seals[:1]})


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "keys", b"passphrase", CHEAP)


def test_every_certificate_has_its_key_in_the_folder(city: City) -> None:
    for credential in city.ceremony.credentials():
        certificate = read_certificate(credential.cert_der)
        assert city.folder.signer(credential.key_name).public_key == certificate.public_key
    assert len({read_certificate(one.cert_der).public_key for one in city.ceremony.credentials()}) == 9


def test_the_log_key_is_the_one_on_the_trust_list(city: City) -> None:
    signer = city.folder.signer(LOG_KEY)
    assert signer.algorithm == "Ed25519"
    assert city.trust.log_keys == {"elicence.test/log": Vkey.of("elicence.test/log", signer).text}


def test_the_wrapper_is_of_this_year(city: City) -> None:
    assert city.folder.wrapper().wrap(bytes(32), b"").kek_id == "kek-2026"


def test_a_seals_certificate_names_its_holder(city: City) -> None:
    for seal in city.ceremony.seals.values():
        holder = seal_holder(read_certificate(seal.cert_der).subject)
        assert holder is not None
        assert (holder.code, holder.uscc, holder.organisation) == (
            seal.plan.code,
            seal.plan.uscc,
            seal.plan.organisation,
        )


def test_the_next_process_finds_what_was_made(city: City) -> None:
    again = open_ceremony(city.folder.path)
    assert again == city.ceremony
    token = again.timestamp_authority(KeyFolder(city.folder.path, b"a passphrase for tests")).stamp(bytes(32), NOW)
    assert token


def test_what_a_ceremony_made_can_be_given_to_another_process(city: City) -> None:
    assert pickle.loads(pickle.dumps((city.ceremony, city.trust))) == (city.ceremony, city.trust)


def test_all_files_are_the_owners_alone(city: City) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in city.folder.path.iterdir()}
    assert set(modes.values()) == {0o600}
    assert "trust.json" in modes
    assert not any("unfinished" in name for name in modes)


def test_validity_follows_the_plan_and_never_leaves_the_issuers(city: City) -> None:
    years = {one.key_name: read_certificate(one.cert_der).not_after.year for one in city.ceremony.credentials()}
    assert years["root"] == 2046
    assert years["issuing"] == years["timestamp"] == 2041
    assert years["status"] == 2031
    assert years["seal-market"] == years["receipt"] == 2036


def test_a_ceremony_on_29_february(plan: CeremonyPlan, folder: KeyFolder) -> None:
    ceremony = perform(plan, folder, datetime(2028, 2, 29, tzinfo=UTC))
    ends = {read_certificate(one.cert_der).not_after for one in ceremony.credentials()}
    assert datetime(2043, 2, 28, tzinfo=UTC) in ends
    assert datetime(2048, 2, 29, tzinfo=UTC) in ends


def test_a_finished_ceremony_is_never_written_over(plan: CeremonyPlan, folder: KeyFolder) -> None:
    first = perform(plan, folder, NOW)
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    with pytest.raises(CeremonyDone) as caught:
        perform(plan, folder, NOW)
    assert str(folder.path) in caught.value.message("zh")
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before
    (folder.path / "trust.json").unlink()  # lost by accident: the keys are still there
    with pytest.raises(CeremonyDone):
        perform(plan, folder, NOW)
    assert folder.signer("root").public_key == read_certificate(first.root.cert_der).public_key


def test_two_at_once_are_one(plan: CeremonyPlan, folder: KeyFolder) -> None:
    with folder.locked(), pytest.raises(CeremonyRunning):
        perform(plan, KeyFolder(folder.path, b"passphrase", CHEAP), NOW)


class Power(Exception):
    """The power failed."""


WRITES = ("write", "write_new", "remove")


def cut_off(monkeypatch: pytest.MonkeyPatch, step: int, *, persisted: bool) -> None:
    """Let the power fail at one write: before it, or after it reached the disk."""
    count = 0

    def failing(act: Callable[..., None]) -> Callable[..., None]:
        def run(*arguments: object) -> None:
            nonlocal count
            count += 1
            if count == step and not persisted:
                raise Power
            act(*arguments)
            if count == step:
                raise Power

        return run

    for name in WRITES:
        monkeypatch.setattr(private_files, name, failing(getattr(private_files, name)))


@pytest.mark.parametrize("persisted", [False, True])
def test_a_ceremony_that_was_cut_off_begins_again(
    plan: CeremonyPlan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    persisted: bool,  # noqa: FBT001
) -> None:
    cut = 0
    for step in range(1, 100):
        path = tmp_path / str(step)
        with monkeypatch.context() as patch:
            cut_off(patch, step, persisted=persisted)
            try:
                perform(plan, KeyFolder(path, b"first", CHEAP), NOW)
                break
            except Power:
                cut += 1
        finished = persisted and not (path / "ceremony.unfinished").exists()
        if finished:
            assert validates(path)
            continue
        with pytest.raises(CeremonyMissing):
            open_ceremony(path)
        # Nobody can have used the keys, so not even the passphrase is kept.
        perform(plan, KeyFolder(path, b"second", CHEAP), NOW)
        assert validates(path)
        assert KeyFolder(path, b"second").signer("root").algorithm == "ES256"
    assert cut == 19


def validates(path: Path) -> bool:
    ceremony = open_ceremony(path)
    seal = ceremony.seals["real-estate"]
    report = validate_path(seal.cert_der, (), load_trust(ceremony.trust, NOW), NOW, "seal")
    return report.outcome == "passed"


def test_an_empty_folder_holds_no_ceremony(tmp_path: Path) -> None:
    with pytest.raises(CeremonyMissing):
        open_ceremony(tmp_path)
    with pytest.raises(CeremonyMissing):
        open_ceremony(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["plan.json", "root.cert.pem", "seal-real-estate.cert.pem"])
@pytest.mark.parametrize(
    "damage", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"{}"]
)
def test_a_damaged_ceremony_is_told(plan: CeremonyPlan, folder: KeyFolder, name: str, damage: bytes | None) -> None:
    perform(plan, folder, NOW)
    if damage is None:
        (folder.path / name).unlink()
    else:
        (folder.path / name).write_bytes(damage)
    with pytest.raises(CeremonyDamaged) as caught:
        open_ceremony(folder.path)
    assert caught.value.file == name


def test_a_lost_key_is_told(plan: CeremonyPlan, folder: KeyFolder) -> None:
    ceremony = perform(plan, folder, NOW)
    (folder.path / "timestamp.key.pem").unlink()
    with pytest.raises(KeyMissing):
        ceremony.timestamp_authority(folder)


def test_two_ceremonies_share_nothing_but_names(plan: CeremonyPlan, tmp_path: Path) -> None:
    one = perform(plan, KeyFolder(tmp_path / "one", b"x", CHEAP), NOW)
    other = perform(plan, KeyFolder(tmp_path / "other", b"x", CHEAP), NOW)
    trust = load_trust(one.trust, NOW)
    impostor = other.seals["real-estate"]
    helpers = other.chain(impostor)
    assert read_certificate(impostor.cert_der).subject == read_certificate(one.seals["real-estate"].cert_der).subject
    assert validate_path(impostor.cert_der, helpers, trust, NOW, "seal").reason == "no_chain"
    assert validate_path(impostor.cert_der, helpers, replace(trust, crls=()), NOW, "seal").outcome == "failed"
