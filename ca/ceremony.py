"""The key ceremony: from a plan to keys, certificates, revocation lists and the trust list, in one act.

Everything is written into one folder. A mark is set before the first key and taken away after the last file: a ceremony
that was cut off has its mark, nobody can have used its keys, and the next run begins again. One without its mark is
finished and is never written over.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ca import ceremony_acts, pkcs8, private_files, profiles
from ca.ceremony_plan import CeremonyPlan, SealPlan
from ca.certificate_reader import read_certificate
from ca.errors import CeremonyDamaged, CeremonyDone, CeremonyMissing, CertificateInvalid
from ca.keys import KeyFolder
from ca.profiles import Profile
from ca.timestamps import TimestampAuthority

_MARK: Final = "ceremony.unfinished"
_PLAN_FILE: Final = "plan.json"
_TRUST_FILE: Final = "trust.json"


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate (DER) and the name of its key in the folder, which is also the certificate's file name."""

    profile: Profile
    cert_der: bytes
    key_name: str


@dataclass(frozen=True, slots=True)
class SealCertificate(Credential):
    """A seal's certificate, with what the plan says of the seal."""

    plan: SealPlan


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a ceremony made. `trust` is the signed trust list as a file; seals are by their id in the plan."""

    plan: CeremonyPlan
    root: Credential
    issuing: Credential
    tsa: Credential
    status: Credential
    receipt: Credential
    seals: Mapping[str, SealCertificate]
    trust: bytes

    def credentials(self) -> tuple[Credential, ...]:
        """Return all of them, issuers first."""
        return (self.root, self.issuing, self.tsa, self.status, self.receipt, *self.seals.values())

    def issuer(self, credential: Credential) -> Credential:
        """Return whose signature a certificate carries."""
        return self.issuing if credential.profile in ceremony_acts.BELOW_ISSUING else self.root

    def chain(self, credential: Credential) -> tuple[bytes, ...]:
        """Return the certificates from this one up to and including the root, as DER."""
        issuer = self.issuer(credential)
        return (credential.cert_der,) if issuer is credential else (credential.cert_der, *self.chain(issuer))

    def timestamp_authority(self, folder: KeyFolder) -> TimestampAuthority:
        """Open the timestamp authority; raises what `KeyFolder.signer` does."""
        return TimestampAuthority(folder.signer(self.tsa.key_name), self.chain(self.tsa), self.plan.tsa.policy)


def perform(plan: CeremonyPlan, folder: KeyFolder, now: datetime) -> Ceremony:
    """Hold the ceremony in a folder; raises CeremonyDone, CeremonyRunning, PassphraseWrong, ProfileViolated."""
    with folder.locked():
        mark = folder.path / _MARK
        if mark.exists():
            folder.forget()
            for path in folder.path.glob("*.cert.pem"):
                private_files.remove(path)
        elif folder.names() or (folder.path / _TRUST_FILE).exists():
            raise CeremonyDone(str(folder.path))
        private_files.write(mark, b"This key ceremony was not finished; the next run begins again.\n")
        certificates, trust = ceremony_acts.hold(plan, folder, now)
        for name, certificate in certificates.items():
            private_files.write(folder.path / f"{name}.cert.pem", pkcs8.pem("CERTIFICATE", certificate))
        private_files.write(folder.path / _PLAN_FILE, plan.model_dump_json(indent=1).encode() + b"\n")
        private_files.write(folder.path / _TRUST_FILE, trust)
        private_files.remove(mark)
    return _ceremony(plan, certificates, trust)


def open_ceremony(folder: Path) -> Ceremony:
    """Read what a ceremony left in its folder, which needs no passphrase; raises CeremonyMissing, CeremonyDamaged."""
    if (folder / _MARK).exists() or not (folder / _TRUST_FILE).exists():
        raise CeremonyMissing(str(folder))
    try:
        plan = CeremonyPlan.model_validate_json(_read(folder / _PLAN_FILE))
    except ValidationError as error:
        raise CeremonyDamaged(_PLAN_FILE) from error
    names = ceremony_acts.certificate_names(plan)
    certificates = {name: _read_pem(folder / f"{name}.cert.pem") for name in names}
    return _ceremony(plan, certificates, _read(folder / _TRUST_FILE))


def _ceremony(plan: CeremonyPlan, certificates: Mapping[str, bytes], trust: bytes) -> Ceremony:
    def credential(profile: Profile) -> Credential:
        return Credential(profile, certificates[profile.name], profile.name)

    return Ceremony(
        plan=plan,
        root=credential(profiles.ROOT),
        issuing=credential(profiles.ISSUING),
        tsa=credential(profiles.TIMESTAMP),
        status=credential(profiles.STATUS),
        receipt=credential(profiles.RECEIPT),
        seals=_seals(plan.seals, certificates),
        trust=trust,
    )


def _seals(plans: Iterable[SealPlan], certificates: Mapping[str, bytes]) -> Mapping[str, SealCertificate]:
    names = {plan.id: ceremony_acts.seal_key(plan.id) for plan in plans}
    return {
        plan.id: SealCertificate(profiles.SEAL, certificates[names[plan.id]], names[plan.id], plan) for plan in plans
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CeremonyDamaged(path.name) from error


def _read_pem(path: Path) -> bytes:
    lines = _read(path).split(b"\n")
    if lines[:1] != [b"-----BEGIN CERTIFICATE-----"] or lines[-2:] != [b"-----END CERTIFICATE-----", b""]:
        raise CeremonyDamaged(path.name)
    try:
        return read_certificate(base64.b64decode(b"".join(lines[1:-2]), validate=True)).der
    except (binascii.Error, CertificateInvalid) as error:
        raise CeremonyDamaged(path.name) from error
