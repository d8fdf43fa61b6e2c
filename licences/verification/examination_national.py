"""Reading national seals (SES) and what carries them: the readers' evidence as the checks want it.

What can be told without any trust is told here, each question by itself: whether these are the bytes that were sealed
must be known of a seal whose maker nobody knows, too. The standard's own order of steps is `seals.ses.checks`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from ca.algorithms.digests import compute
from ca.errors import NationalUnavailable
from licences.verification.documents import (
    Examined,
    NationalSeal,
    Oddity,
    SealFault,
    Signature,
    SignatureFault,
    Trouble,
)
from seals.ses.errors import SesOverLimits, SesUnreadable
from seals.ses.format import format_of_seal, format_of_signature
from seals.ses.reader import SesSeal, SesSignature, read_seal, read_signature
from seals.ses.steps import Finding, Step
from seals.ses.timestamp import is_national

ALGORITHM: Final = "SM2"
DIGEST: Final = "SM3"
_OURS: Final = "elicence"
"""The maker's name in seals of ours, under their signature: those have one spelling."""
_UNTOLD: Final = frozenset({"not_run"})


def examine_seal(data: bytes) -> Examined:
    """Read a national seal that stands by itself (.esl)."""
    digest = hashlib.sha256(data).digest()
    try:
        seal = national_seal(read_seal(data))
    except SesUnreadable as fault:
        return Examined("ses-seal", len(data), digest, trouble_of(fault))
    except NationalUnavailable:
        return Examined("ses-seal", len(data), digest, Trouble("unsupported", "algorithm_unavailable"))
    return Examined("ses-seal", len(data), digest, bare_seal=seal, oddities=oddities_of(seal.seal))


def examine_signature(data: bytes, document: bytes | None) -> Examined:
    """Read a national signature value that stands by itself. document: what it is over, where that is at hand."""
    digest = hashlib.sha256(data).digest()
    try:
        value = read_signature(data)
        documents = None if document is None else {value.property_info: document}
        signature = signature_of(value, documents)
    except SesUnreadable as fault:
        return Examined("ses-signature", len(data), digest, trouble_of(fault))
    except NationalUnavailable:
        return Examined("ses-signature", len(data), digest, Trouble("unsupported", "algorithm_unavailable"))
    return Examined("ses-signature", len(data), digest, seals=(signature,), oddities=oddities_of(value.seal, value))


def trouble_of(fault: SesUnreadable) -> Trouble:
    """Return why a value could not be read."""
    return Trouble("too_complex" if isinstance(fault, SesOverLimits) else "malformed", fault.reason)


def oddities_of(seal: SesSeal, value: SesSignature | None = None) -> tuple[Oddity, ...]:
    """Name where a seal of ours is not spelt as we spell; other makers' spellings are their own.

    value: the signature by itself that carries it; in a package it is held to our form by the package's own saying.
    """
    if seal.vendor != _OURS:
        return ()
    in_value = () if value is None else value.faults
    return (
        *(Oddity("seal.spelling", fault) for fault in seal.faults),
        *(Oddity("value.spelling", fault) for fault in in_value),
    )


def national_seal(
    seal: SesSeal,
    value: SesSignature | None = None,
    documents: Mapping[str, bytes] | None = None,
    *,
    package_steps: Sequence[Step] = (),
    file_differs: bool = False,
) -> NationalSeal:
    """Examine the seal itself; raises NationalUnavailable. file_differs: whether the package shows another one."""
    fault, detail = _seal_fault(seal, value, file_differs=file_differs)
    return NationalSeal(seal, value, documents, tuple(package_steps), fault, detail)


def signature_of(
    value: SesSignature,
    documents: Mapping[str, bytes] | None,
    *,
    name: str = "",
    fault: tuple[SignatureFault | None, str] = (None, ""),
    package_steps: Sequence[Step] = (),
    file_differs: bool = False,
) -> Signature:
    """Examine a signature value and the seal in it; raises NationalUnavailable.

    fault: what was found already of the package that it lies in, which then is what the signature says.
    """
    found, detail = fault if fault[0] is not None else _signature_fault(value, documents)
    # A token in the form of GB/T 35275 is not read: it proves nothing, and takes nothing away either.
    token = None if value.timestamp is None or is_national(value.timestamp) else value.timestamp
    return Signature(
        fault=found,
        algorithm=ALGORITHM,
        certificates=(value.certificate,),
        token=token,
        imprint=hashlib.sha256(value.signature_value).digest(),
        claimed_at=value.signed_at,
        name=name,
        digest_algorithm=DIGEST,
        national_imprint=compute("SM3", value.signature_value),
        national=national_seal(value.seal, value, documents, package_steps=package_steps, file_differs=file_differs),
        detail=detail,
    )


def _signature_fault(value: SesSignature, documents: Mapping[str, bytes] | None) -> tuple[SignatureFault | None, str]:
    form = format_of_signature(value)
    if form.outcome == "failed":
        return "format", form.detail
    if not value.signature_valid():
        return "signature", ""
    if documents is not None:
        document = documents.get(value.property_info)
        if document is None:
            return "document", ""
        if not value.covers(document):
            return "digest", ""
    return ("extension", form.detail) if form.outcome in _UNTOLD else (None, "")


def _seal_fault(seal: SesSeal, value: SesSignature | None, *, file_differs: bool) -> tuple[SealFault | None, str]:
    form: Finding = format_of_seal(seal)
    if form.outcome == "failed":
        return "format", form.detail
    if not seal.signature_valid():
        return "signature", ""
    if file_differs:
        return "file", ""
    # Bit for bit: the seal is nobody else's.
    if value is not None and not seal.names_signer(value.certificate):
        return "signer", ""
    return ("extension", form.detail) if form.outcome in _UNTOLD else (None, "")
