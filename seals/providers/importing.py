"""Seals that were made elsewhere, examined before they are registered: certificate, national seal, and keys that answer.

Nothing is written here, and services may be asked: do it outside any transaction. Then take the chain in
(`ca.outside.foreign.ForeignDesk`), and enter the seal (`SealCustodian.import_seal`).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from ca.algorithms import signatures
from ca.errors import CertificateInvalid
from ca.judging.paths import PathReport
from ca.outside.foreign_chain import ForeignChain, examine_chain
from ca.reading.certificate_reader import read_certificate
from ca.reading.names import seal_holder
from ledger.signing import Signer
from seals.errors import SealRefused
from seals.life.registry import NewSeal
from seals.models import SEAL_KINDS
from seals.picture.appearance import SealAppearance
from seals.providers.providers import SealProviders
from seals.ses.checks import check_seal
from seals.ses.reader import SesSeal, read_seal
from seals.ses.trust import Paths
from seals.ses.writer import KINDS, VERSION

_CHALLENGE: Final = b"elicence: does this key answer for its certificate? "
_UNDECIDED: Final = "revocation_unknown"
"""An authority that does not answer now is no hindrance: it is asked again before anything is sealed or verified."""


@dataclass(frozen=True, slots=True)
class NationalSeal:
    """A national seal (DER, an .esl file), with the certificate (DER) that signs under it, and its key's name."""

    esl: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    key_name: str


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What another maker hands over. Number and owner of the seal are those that its certificate names.

    kind: one of SEAL_KINDS; provider: who holds the keys, key_name: by which name; certificates: DER, in any order, up to
    the root; fingerprint: SHA-256 of the root in hexadecimal, as its authority publishes it; public_key: DER, of the
    seal's certificate among them; appearance: a one-page PDF.
    """

    kind: str
    name: str
    provider: str
    key_name: str
    certificates: tuple[bytes, ...] = field(repr=False)
    fingerprint: str
    public_key: bytes = field(repr=False)
    appearance: bytes = field(repr=False)
    national: NationalSeal | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """A seal that may be entered, and the chain that must be taken in with it."""

    seal: NewSeal
    chain: ForeignChain


def examine(handed: HandedOver, providers: SealProviders, paths: Paths, now: datetime) -> Examined:
    """Examine a seal: its chain, its picture, its national seal, and last whether its keys sign.

    paths: judges the maker and the signer of the national seal. Raises SealRefused, ChainUnusable, AnchorMismatch,
    SesUnreadable, PdfUnreadable and its kin, ProviderUnknown, and what the provider raises.
    """
    chain = examine_chain("seal", handed.public_key, handed.certificates, handed.fingerprint, now)
    holder = seal_holder(chain.leaf.subject)
    assert holder is not None  # the chain's examination asks for it
    if handed.kind not in SEAL_KINDS:
        raise SealRefused(reason="kind")
    seal = NewSeal(
        code=holder.code,
        organisation=holder.uscc,
        kind=handed.kind,
        name=handed.name,
        certificate=chain.leaf.der,
        key_name=handed.key_name,
        appearance=SealAppearance.from_bytes(handed.appearance).to_bytes(),
        provider=handed.provider,
    )
    national = handed.national
    if national is not None:
        _examine_national(seal, national, paths, now)
        seal = replace(seal, esl=national.esl, esl_certificate=national.certificate, esl_key_name=national.key_name)
    _examine_keys(seal, national, providers)
    return Examined(seal, chain)


def _examine_national(seal: NewSeal, national: NationalSeal, paths: Paths, now: datetime) -> None:
    found = read_seal(national.esl)
    fault = _difference(seal, national, found) or _fault_of_seal(found, paths, now)
    if fault is None:
        fault = _fault_of_path(paths.judge(national.certificate, (), now, "signer"))
    if fault is not None:
        raise SealRefused(reason=f"national_seal: {fault}")


def _difference(seal: NewSeal, national: NationalSeal, found: SesSeal) -> str | None:
    """Return in what the two seals are not one and the same, a stable word."""
    checks: Sequence[tuple[bool, str]] = (
        (found.form >= VERSION, "form"),  # GM/T 0031-2014: read, but nothing is sealed under it any more
        (found.es_id == seal.code, "code"),
        (found.name == seal.name, "name"),
        (found.kind == KINDS[seal.kind], "kind"),
        (found.names_signer(national.certificate), "signer_not_named"),
        (_holder(national.certificate) == (seal.code, seal.organisation), "certificate_of_another_seal"),
    )
    return next((word for passed, word in checks if not passed), None)


def _holder(certificate: bytes) -> tuple[str, str] | None:
    try:
        holder = seal_holder(read_certificate(certificate).subject)
    except CertificateInvalid:
        return None
    return None if holder is None else (holder.code, holder.uscc)


def _fault_of_seal(found: SesSeal, paths: Paths, now: datetime) -> str | None:
    for step in check_seal(found, paths=paths, at=now).steps:
        if step.outcome in {"failed", "not_run"} and step.code != f"trust.{_UNDECIDED}":
            return step.code
    return None


def _fault_of_path(report: PathReport) -> str | None:
    return None if report.outcome == "passed" or report.reason == _UNDECIDED else report.reason


def _examine_keys(seal: NewSeal, national: NationalSeal | None, providers: SealProviders) -> None:
    """Let every key sign something new: a name that opens another key, or none, shows now and not at the first licence."""
    provider = providers.provider(seal.provider)
    keys = [(seal.key_name, seal.certificate)]
    if national is not None:
        keys.append((national.key_name, national.certificate))
    for name, certificate in keys:
        if not _answers(provider.signer(name, certificate), certificate):
            raise SealRefused(reason="key_of_another_certificate")


def _answers(signer: Signer, certificate: bytes) -> bool:
    challenge = _CHALLENGE + secrets.token_bytes(32)
    public_key = read_certificate(certificate).public_key
    return signatures.verify_as(signer.algorithm, public_key, challenge, signer.sign(challenge))
