import pickle
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from ca.algorithms import sm2
from ca.algorithms.signatures import SCHEMES, key_kind, verify
from ca.ceremonies.ceremony import Ceremony, open_ceremony, perform
from ca.ceremonies.names import LOG_KEY
from ca.ceremonies.plan import CeremonyPlan, load_plan
from ca.errors import (
    CeremonyDamaged,
    CeremonyDone,
    CeremonyMissing,
    CeremonyRunning,
    CertificateInvalid,
    KeyMissing,
    NationalUnavailable,
)
from ca.judging.paths import validate_path
from ca.judging.trust import load_trust
from ca.keys import private_files
from ca.keys.folder import KeyFolder
from ca.keys.ring import KeyRing
from ca.reading.certificate_reader import read_certificate
from ca.reading.names import seal_holder
from ledger.formats.notes import Vkey
from ledger.signing import SignatureAlgorithm
from tests.ca.conftest import PASSPHRASE, City
from tests.ca.house import CHEAP, NOW, PLAN

TEXT = PLAN.read_text()


@pytest.fixture
def plan() -> CeremonyPlan:
    """The city with one seal only and no national hierarchy, which is quicker."""
    whole = load_plan(TEXT)
    return whole.model_copy(update={"seals": whole.seals[:1], "national": None})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def keys(folder: Path, passphrase: bytes = b"passphrase") -> KeyRing:
    return KeyRing(KeyFolder(folder, passphrase, CHEAP))


def roots(folder: Path, passphrase: bytes = b"passphrase") -> KeyFolder:
    return KeyFolder(folder / "root", passphrase, CHEAP)


def found(plan: CeremonyPlan, folder: Path, passphrase: bytes = b"passphrase", now: datetime = NOW) -> Ceremony:
    return perform(plan, keys(folder, passphrase), roots(folder, passphrase), now)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_certificate_has_its_key(city: City) -> None:
    for credential in city.ceremony.credentials():
        certificate = read_certificate(credential.cert_der)
        store = city.offline if credential.profile.name == "root" else city.ring
        assert store.signer(credential.key_name).public_key == certificate.public_key
    assert len({read_certificate(one.cert_der).public_key for one in city.ceremony.credentials()}) == 30


def test_the_roots_keys_lie_apart_and_nothing_else_there(city: City) -> None:
    assert city.offline.names() == {"root", "national-root"}
    assert not city.ring.names() & {"root", "national-root"}


def test_two_hierarchies_of_one_plan(city: City) -> None:
    ceremony = city.ceremony
    assert ceremony.hierarchies == ("international", "national")
    assert [one.key_name for one in ceremony.authorities()] == [
        prefix + name
        for prefix in ("", "national-")
        for name in ("root", "issuing-seals", "issuing-persons", "issuing-systems")
    ]
    for one in ceremony.credentials():
        national = one.key_name.startswith("national-")
        kind = key_kind(read_certificate(one.cert_der).public_key)
        assert (one.hierarchy, kind) == (("national", ("SM2", 256)) if national else ("international", ("P-256", 256)))
        assert ceremony.issuer(one).hierarchy == one.hierarchy
    assert set(ceremony.national_seals) == set(ceremony.seals) == {"real-estate", "housing", "market", "tobacco"}


ISSUERS = {
    "issuing-persons": "root",
    "timestamp": "root",
    "trust": "root",
    "ocsp-root": "root",
    "ocsp-persons": "issuing-persons",
    "ocsp-seals": "issuing-seals",
    "status": "issuing-systems",
    "receipt": "issuing-systems",
    "seal-market": "issuing-seals",
    "national-root": "national-root",
    "national-timestamp": "national-root",
    "national-ocsp-systems": "national-issuing-systems",
    "national-seal-market": "national-issuing-seals",
}


@pytest.mark.parametrize(("name", "issuer"), ISSUERS.items(), ids=ISSUERS.keys())
def test_who_issues_what(city: City, name: str, issuer: str) -> None:
    one = city.ceremony.certificates[name]
    above = city.ceremony.issuer(one)
    assert (one.issuer, above.key_name) == (issuer, issuer)
    certificate, by = read_certificate(one.cert_der), read_certificate(above.cert_der)
    assert certificate.issuer == by.subject
    assert verify(by.public_key, certificate.signature_algorithm, certificate.tbs, certificate.signature)
    assert city.ceremony.chain_of(one.cert_der) == city.ceremony.chain(one)


def test_certificates_say_where_their_issuer_answers(city: City) -> None:
    seal = x509.load_der_x509_certificate(city.ceremony.seals["market"].cert_der)
    points = seal.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    names = points[0].full_name
    assert names is not None
    assert [name.value for name in names] == ["http://127.0.0.1:8000/pki/issuing-seals.crl"]
    access = seal.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert {one.access_location.value for one in access} == {
        "http://127.0.0.1:8000/pki/issuing-seals.cer",
        "http://127.0.0.1:8000/pki/ocsp",
    }


@pytest.mark.parametrize("algorithm", ["ES384", "RS256"])
def test_the_roots_algorithm_is_that_of_the_authorities(
    plan: CeremonyPlan, folder: Path, algorithm: SignatureAlgorithm
) -> None:
    authorities = plan.authorities.model_copy(
        update={"persons": plan.authorities.persons.model_copy(update={"algorithm": "ES256"})}
    )
    root = plan.root.model_copy(update={"algorithm": algorithm})
    ceremony = found(plan.model_copy(update={"root": root, "authorities": authorities}), folder)
    algorithms = {
        name: SCHEMES[read_certificate(one.cert_der).signature_algorithm].id
        for name, one in ceremony.certificates.items()
    }
    assert {name for name, one in algorithms.items() if one == "ES256"} == {"ocsp-persons"}
    assert set(algorithms.values()) == {algorithm, "ES256"}
    kinds = {name: key_kind(read_certificate(one.cert_der).public_key) for name, one in ceremony.certificates.items()}
    authority = {"ES384": ("P-384", 384), "RS256": ("RSA", 3072)}[algorithm]
    assert {name for name, kind in kinds.items() if kind == authority} == {"root", "issuing-seals", "issuing-systems"}
    assert validates(folder)


def test_a_national_hierarchy_needs_sm2_before_any_key_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking() -> None:
        raise NationalUnavailable("no SM2 here")

    monkeypatch.setattr(sm2, "require", lacking)
    with pytest.raises(NationalUnavailable):
        found(load_plan(TEXT), folder)
    assert not folder.exists()


def test_the_log_key_is_the_one_on_the_trust_list(city: City) -> None:
    signer = city.ring.signer(LOG_KEY)
    assert signer.algorithm == "Ed25519"
    assert city.trust.log_keys == {"elicence.test/log": Vkey.of("elicence.test/log", signer).text}


def test_the_wrapper_is_of_this_year(city: City) -> None:
    assert city.ring.wrapper().wrap(bytes(32), b"").kek_id == "kek-2026"


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
    again = open_ceremony(city.ring.path)
    assert again == city.ceremony
    assert again.timestamp_authority(KeyFolder(city.ring.path, PASSPHRASE)).stamp(bytes(32), NOW)


def test_what_a_ceremony_made_can_be_given_to_another_process(city: City) -> None:
    assert pickle.loads(pickle.dumps((city.ceremony, city.trust))) == (city.ceremony, city.trust)


def test_all_files_are_the_owners_alone(city: City) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in city.ring.path.rglob("*") if path.is_file()}
    assert set(modes.values()) == {0o600}
    assert "trust.json" in modes
    assert not any("unfinished" in name for name in modes)


def test_validity_follows_the_plan_and_never_leaves_the_issuers(city: City) -> None:
    years = {one.key_name: read_certificate(one.cert_der).not_after.year for one in city.ceremony.credentials()}
    assert years["root"] == 2046
    assert years["issuing-seals"] == years["timestamp"] == years["national-timestamp"] == 2041
    assert years["status"] == 2031
    assert years["ocsp-root"] == years["national-ocsp-persons"] == 2028
    assert years["seal-market"] == years["receipt"] == 2036


def test_a_ceremony_on_29_february(plan: CeremonyPlan, folder: Path) -> None:
    ceremony = found(plan, folder, now=datetime(2028, 2, 29, tzinfo=UTC))
    ends = {read_certificate(one.cert_der).not_after for one in ceremony.credentials()}
    assert datetime(2043, 2, 28, tzinfo=UTC) in ends
    assert datetime(2048, 2, 29, tzinfo=UTC) in ends


def test_a_finished_ceremony_is_never_written_over(plan: CeremonyPlan, folder: Path) -> None:
    first = found(plan, folder)
    before = files(folder)
    with pytest.raises(CeremonyDone) as caught:
        found(plan, folder)
    assert str(folder) in caught.value.message("zh")
    assert files(folder) == before
    (folder / "trust.json").unlink()  # lost by accident: the keys are still there
    with pytest.raises(CeremonyDone):
        found(plan, folder)
    assert roots(folder).signer("root").public_key == read_certificate(first.root.cert_der).public_key


def test_roots_keys_alone_forbid_another_ceremony(plan: CeremonyPlan, folder: Path) -> None:
    roots(folder).create("root", "ES256")
    with pytest.raises(CeremonyDone):
        found(plan, folder)


def test_two_at_once_are_one(plan: CeremonyPlan, folder: Path) -> None:
    with keys(folder).locked(), pytest.raises(CeremonyRunning):
        found(plan, folder)


def test_everything_but_ceremonies_works_without_the_roots_keys(plan: CeremonyPlan, folder: Path) -> None:
    found(plan, folder)
    shutil.rmtree(folder / "root")
    assert validates(folder)
    ceremony = open_ceremony(folder)
    for name in set(ceremony.certificates) - {"root"}:
        assert keys(folder).signer(name).sign(b"x")


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
    """Cut at the first writes, at some of the many alike in the middle, and at the last ones."""
    with monkeypatch.context() as patch:
        total = count_writes(patch, lambda: found(plan, tmp_path / "whole"))
    assert total > 60
    for step in sorted({1, 2, 3, *range(5, total, 25), *range(total - 3, total + 1)}):
        path = tmp_path / str(step)
        with monkeypatch.context() as patch:
            cut_off(patch, step, persisted=persisted)
            with pytest.raises(Power):
                found(plan, path, b"first")
        finished = persisted and not (path / "ceremony.unfinished").exists()
        if finished:
            assert step == total
            assert validates(path)
            continue
        with pytest.raises(CeremonyMissing):
            open_ceremony(path)
        # Nobody can have used the keys, so not even the passphrase is kept.
        found(plan, path, b"second")
        assert validates(path)
        assert roots(path, b"second").signer("root").algorithm == "ES256"


def count_writes(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> int:
    """Return how many writes an act makes."""
    count = 0

    def counting(write: Callable[..., None]) -> Callable[..., None]:
        def run(*arguments: object) -> None:
            nonlocal count
            count += 1
            write(*arguments)

        return run

    for name in WRITES:
        monkeypatch.setattr(private_files, name, counting(getattr(private_files, name)))
    act()
    return count


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


@pytest.mark.parametrize(
    "name", ["plan.json", "root.cert.pem", "seal-real-estate.cert.pem", "transcript.json", "issuing-seals.crl"]
)
@pytest.mark.parametrize(
    "damage", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"{}"]
)
def test_a_damaged_ceremony_is_told(city: City, tmp_path: Path, name: str, damage: bytes | None) -> None:
    folder = tmp_path / "keys"
    shutil.copytree(city.ring.path, folder)
    if damage is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(damage)
    with pytest.raises(CeremonyDamaged) as caught:
        open_ceremony(folder)
    assert caught.value.file == name


def test_another_certificate_in_the_place_of_one_is_told(city: City, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    shutil.copytree(city.ring.path, folder)
    shutil.copy(folder / "seal-market.cert.pem", folder / "seal-housing.cert.pem")
    with pytest.raises(CeremonyDamaged):
        open_ceremony(folder)


def test_a_lost_key_is_told(plan: CeremonyPlan, folder: Path) -> None:
    ceremony = found(plan, folder)
    (folder / "timestamp.key.pem").unlink()
    with pytest.raises(KeyMissing):
        ceremony.timestamp_authority(keys(folder))


def test_what_is_not_there_is_told(plan: CeremonyPlan, folder: Path, city: City) -> None:
    ceremony = found(plan, folder)
    assert ceremony.hierarchies == ("international",)
    assert not ceremony.national_seals
    with pytest.raises(KeyMissing):
        ceremony.authority("seals", "national")
    with pytest.raises(KeyMissing):
        ceremony.timestamp_authority(keys(folder), "national")
    for stranger in city.ceremony.credentials():
        with pytest.raises(CertificateInvalid):
            ceremony.chain_of(stranger.cert_der)


def test_two_ceremonies_share_nothing_but_names(plan: CeremonyPlan, tmp_path: Path) -> None:
    one, other = found(plan, tmp_path / "one"), found(plan, tmp_path / "other")
    trust = load_trust(one.trust, NOW)
    impostor = other.seals["real-estate"]
    helpers = other.chain(impostor)
    assert read_certificate(impostor.cert_der).subject == read_certificate(one.seals["real-estate"].cert_der).subject
    assert validate_path(impostor.cert_der, helpers, trust, NOW, "seal").reason == "no_chain"
    assert validate_path(impostor.cert_der, helpers, replace(trust, crls=()), NOW, "seal").outcome == "failed"
