"""Reading a signed JSON licence: the strict reader's evidence as the checks want it."""

import hashlib
from dataclasses import replace
from typing import Final

from licences.verification.claims import read_claims
from licences.verification.documents import (
    BLANKS,
    BYTE_ORDER_MARK,
    Examined,
    Form,
    Oddity,
    Signature,
    SignedData,
    Trouble,
)
from seals.errors import JsonOverLimits, JsonUnreadable, SealError
from seals.jwt.jades import RESPELT, JsonEvidence, read_json
from seals.jwt.jose import b64url_decode, load_object

# Signature algorithms that others use lawfully. `none` and the MACs (HS…) are not among them: those are forgeries.
_FOREIGN_ALGORITHMS: Final = frozenset(
    {"ES384", "ES512", "EdDSA", "Ed25519", "PS256", "PS384", "PS512", "RS256", "SM2"}
)


def examine_json(document: bytes, form: Form) -> Examined:
    """Read a JSON licence that stands alone."""
    digest = hashlib.sha256(document).digest()
    # Editors and mail begin and end a text with blanks.
    text = document.removeprefix(BYTE_ORDER_MARK)
    data = read_data(text.strip(BLANKS))
    if isinstance(data, Trouble):
        return Examined(form, len(document), digest, data)
    if text != document:
        data = replace(data, oddities=(*data.oddities, Oddity(RESPELT, "byte_order_mark")))
    return Examined(form, len(document), digest, data=data)


def read_data(document: bytes) -> SignedData | Trouble:
    """Read a signed JSON licence, standing alone or taken out of a page."""
    try:
        evidence = read_json(document)
    except JsonOverLimits as fault:
        return Trouble("too_complex", fault.reason)
    except JsonUnreadable as fault:
        if fault.reason == "algorithm_not_supported" and _foreign_algorithm(document):
            return Trouble("unsupported", fault.reason)
        return Trouble("unsigned" if fault.reason == "not_flattened_jws" else "malformed", fault.reason)
    return _signed_data(evidence)


def _signed_data(evidence: JsonEvidence) -> SignedData:
    return SignedData(
        digest=evidence.digest,
        signature=Signature(
            fault=None if evidence.signature_valid else "signature",
            algorithm="ES256",
            certificates=evidence.certs,
            token=evidence.token,
            imprint=evidence.imprint,
            claimed_at=evidence.signing_time,
        ),
        claims=evidence.claims,
        licence=read_claims(evidence.claims),
        closed=evidence.closed,
        oddities=tuple(Oddity(fault.code, fault.detail) for fault in evidence.faults if fault.family == "canonical"),
        disclosure_faults=tuple(
            Oddity(fault.code, fault.detail) for fault in evidence.faults if fault.family == "disclosures"
        ),
    )


def _foreign_algorithm(document: bytes) -> bool:
    """Tell whether the header names an algorithm that is lawful and merely not ours."""
    try:
        if document[:1] == b"{":
            protected = str(load_object(document).get("protected"))
        else:
            protected = document.split(b".", 1)[0].decode("ascii")
        return load_object(b64url_decode(protected)).get("alg") in _FOREIGN_ALGORITHMS
    except (SealError, UnicodeDecodeError):
        return False
