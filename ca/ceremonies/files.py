"""The files that ceremonies leave in the key folder, all of them public but the keys themselves.

`plan.json`, `transcript.json` (and `transcript.txt` for people), `trust.json`, a `.cert.pem` for every certificate and
a `.crl` (DER) for every authority. The first ceremony writes them under its mark. A later one replaces some of them all
at once: it first writes the whole of them into one file, and from then on they hold, whether they are in their places
already or not.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ca.ceremonies import names as key_names
from ca.ceremonies.credentials import Ceremony, Credential, SealCertificate
from ca.ceremonies.errors import TranscriptInvalid
from ca.ceremonies.names import HIERARCHIES, Hierarchy
from ca.ceremonies.plan import CeremonyPlan
from ca.ceremonies.transcript import Act, read_transcript, sha256
from ca.ceremonies.transcript_text import as_text
from ca.encoding import strict_json
from ca.errors import CeremonyDamaged, CeremonyMissing, CertificateInvalid, CrlInvalid, JsonInvalid
from ca.keys import pkcs8, private_files
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import read_crl
from ca.writing.profiles import PROFILES

MARK: Final = "ceremony.unfinished"
PENDING: Final = "ceremony.pending"
PLAN: Final = "plan.json"
TRUST: Final = "trust.json"
TRANSCRIPT: Final = "transcript.json"
TRANSCRIPT_TEXT: Final = "transcript.txt"
_CERTIFIES: Final = frozenset({"certificate", "link"})


def plan_file(plan: CeremonyPlan) -> bytes:
    """Return the plan as it is kept."""
    return plan.model_dump_json(indent=1).encode() + b"\n"


def write_ceremony(folder: Path, ceremony: Ceremony) -> None:
    """Write what the first ceremony made."""
    certificates = {name: one.cert_der for name, one in ceremony.certificates.items()}
    files = _files(certificates, ceremony.crls, ceremony.transcript)
    files |= {PLAN: plan_file(ceremony.plan), TRUST: ceremony.trust}
    for name, data in files.items():
        private_files.write(folder / name, data)


def commit(folder: Path, certificates: Mapping[str, bytes], crls: Mapping[str, bytes], record: bytes) -> None:
    """Write what a later ceremony made, all of it or nothing. certificates and lists: DER, by their names."""
    files = _files(certificates, crls, record)
    encoded = {name: base64.b64encode(data).decode() for name, data in files.items()}
    private_files.write(folder / PENDING, json.dumps(encoded, indent=1).encode() + b"\n")
    settle(folder)


def settle(folder: Path) -> None:
    """Put the files of a ceremony that was cut off while it wrote them into their places; raises CeremonyDamaged."""
    for name, data in _pending(folder).items():
        private_files.write(folder / name, data)
    if (folder / PENDING).exists():
        private_files.remove(folder / PENDING)


def _files(certificates: Mapping[str, bytes], crls: Mapping[str, bytes], record: bytes) -> dict[str, bytes]:
    return {
        **{_certificate(name): pkcs8.pem("CERTIFICATE", der) for name, der in certificates.items()},
        **{_list(name): der for name, der in crls.items()},
        TRANSCRIPT_TEXT: as_text(read_transcript(record)).encode(),
        TRANSCRIPT: record,
    }


def _pending(folder: Path) -> dict[str, bytes]:
    try:
        data = (folder / PENDING).read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CeremonyDamaged(PENDING) from error
    try:
        texts = strict_json.texts_by_name(strict_json.parse(data), "file")
        return {name: strict_json.octets(text, name) for name, text in texts.items()}
    except JsonInvalid as error:
        raise CeremonyDamaged(PENDING) from error


def forget(folder: Path) -> None:
    """Remove the files of a ceremony that was cut off before anyone could use them."""
    for path in (*folder.glob("*.cert.pem"), *folder.glob("*.crl")):
        private_files.remove(path)


def open_ceremony(folder: Path) -> Ceremony:
    """Read what ceremonies left in their folder, which needs no passphrase; raises CeremonyMissing, CeremonyDamaged."""
    if (folder / MARK).exists() or not (folder / TRUST).exists():
        raise CeremonyMissing(str(folder))
    reading = _Reading(folder, _pending(folder))
    try:
        plan = CeremonyPlan.model_validate_json(reading.file(PLAN))
    except ValidationError as error:
        raise CeremonyDamaged(PLAN) from error
    record = reading.file(TRANSCRIPT)
    try:
        # A certificate that was renewed stands there twice: the last one is the one that counts.
        done = [act for session in read_transcript(record) for act in session.acts]
        acts = {act.name: act for act in done if act.kind in _CERTIFIES}
        certificates = _credentials(reading, acts, plan)
    except TranscriptInvalid as error:
        raise CeremonyDamaged(TRANSCRIPT) from error
    lists = {act.name: act for act in done if act.kind == "crl"}
    return Ceremony(
        plan=plan,
        certificates=certificates,
        links={name: reading.certificate(act) for name, act in acts.items() if act.kind == "link"},
        crls={
            name: reading.revocation_list(name, lists.get(name))
            for name, one in certificates.items()
            if one.profile.is_ca
        },
        trust=reading.trust(done),
        transcript=record,
    )


def last_written(folder: Path) -> int | None:
    """Return when the last ceremony's files were written, None if never: it changes with every ceremony.

    From when they hold, whether they are in their places or not: one that was cut off may be left like that for long.
    """
    return _written(folder / PENDING) or _written(folder / TRANSCRIPT)


def _written(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _credentials(reading: "_Reading", acts: Mapping[str, Act], plan: CeremonyPlan) -> dict[str, Credential]:
    seals = {key_names.seal(one.id, hierarchy): one for one in plan.seals for hierarchy in HIERARCHIES}
    found = {}
    for name, act in acts.items():
        if act.kind == "certificate":
            profile = next((one for known, one in PROFILES.items() if known == act.details.get("profile")), None)
            issuer, hierarchy = act.details.get("issuer"), _hierarchy(act.details.get("hierarchy"))
            if profile is None or issuer is None or hierarchy is None:
                raise TranscriptInvalid("a certificate without its profile, issuer or hierarchy")
            members = (profile, reading.certificate(act), name, issuer, hierarchy)
            found[name] = Credential(*members) if name not in seals else SealCertificate(*members, seals[name])
    return found


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads the files of a folder; those that were written and not put into their places yet come first."""

    folder: Path
    pending: Mapping[str, bytes]

    def file(self, name: str) -> bytes:
        """Return a file; raises CeremonyDamaged."""
        if name in self.pending:
            return self.pending[name]
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise CeremonyDamaged(name) from error

    def certificate(self, act: Act) -> bytes:
        """Return the certificate (DER) that the transcript names, and no other; raises CeremonyDamaged."""
        name = _certificate(act.name)
        lines = self.file(name).split(b"\n")
        if lines[:1] != [b"-----BEGIN CERTIFICATE-----"] or lines[-2:] != [b"-----END CERTIFICATE-----", b""]:
            raise CeremonyDamaged(name)
        try:
            certificate = read_certificate(base64.b64decode(b"".join(lines[1:-2]), validate=True))
        except (binascii.Error, CertificateInvalid) as error:
            raise CeremonyDamaged(name) from error
        if sha256(certificate.der) != act.sha256:
            raise CeremonyDamaged(name)
        return certificate.der

    def revocation_list(self, authority: str, act: Act | None) -> bytes:
        """Return the authority's list (DER) that the transcript names last: an older one would undo revocations.

        Raises CeremonyDamaged.
        """
        name = _list(authority)
        try:
            crl = read_crl(self.file(name)).der
        except CrlInvalid as error:
            raise CeremonyDamaged(name) from error
        if act is None or sha256(crl) != act.sha256:
            raise CeremonyDamaged(name)
        return crl

    def trust(self, acts: Iterable[Act]) -> bytes:
        """Return the first trust list, which the transcript names; raises CeremonyDamaged."""
        file = self.file(TRUST)
        if sha256(file) not in {act.sha256 for act in acts if act.kind == "trust"}:
            raise CeremonyDamaged(TRUST)
        return file


def _hierarchy(text: str | None) -> Hierarchy | None:
    return next((one for one in HIERARCHIES if one == text), None)


def _certificate(name: str) -> str:
    return f"{name}.cert.pem"


def _list(authority: str) -> str:
    return f"{authority}.crl"
