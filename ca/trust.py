"""The trust list: one signed file that holds everything a verifier needs off line.

The signature shows that the list is whole and was made by an anchor inside it; that the anchor deserves belief is the
user's own decision, taken by handing the list over, or by comparing `anchor_fingerprints` with a published value.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import rfc8785

from ca import signatures, strict_json
from ca.certificate_reader import Certificate, read_certificate
from ca.crl_reader import read_crl
from ca.errors import CertificateInvalid, CrlInvalid, JsonInvalid, KeyMismatch, TrustListInvalid
from ledger.signing import Signer

FORMAT: Final = "elicence/trust/v1"
_DOMAIN: Final = b"elicence/trust/v1\n"
_CLOCK_TOLERANCE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AllowedAlgorithm:
    """An algorithm id (`ES256`, `Ed25519`, `SHA-256`, …) and the last day on which it is believed (UTC)."""

    id: str
    until: date


@dataclass(frozen=True, slots=True)
class TrustList:
    """Whom to believe for what. Certificates and revocation lists are DER; `digest` names the signed contents."""

    name: str
    anchors: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    tsa: tuple[bytes, ...]
    log_keys: Mapping[str, str]
    status_keys: tuple[bytes, ...]
    receipt_keys: tuple[bytes, ...]
    algorithms: tuple[AllowedAlgorithm, ...]
    valid_from: datetime
    valid_until: datetime
    digest: str = ""

    def is_current(self, now: datetime) -> bool:
        """Say whether the list may still be used for judgements made now."""
        return self.valid_from - _CLOCK_TOLERANCE <= now <= self.valid_until

    @property
    def anchor_fingerprints(self) -> tuple[str, ...]:
        """SHA-256 of each anchor's DER in hexadecimal, to be compared with what the operator publishes."""
        return tuple(hashlib.sha256(anchor).hexdigest() for anchor in self.anchors)


def algorithm_allowed(trust: TrustList, id: str, at: datetime) -> bool:  # noqa: A002 - as in the file
    """Say whether an algorithm was believed at that moment; one that is not listed never is."""
    today = at.astimezone(UTC).date()
    return any(allowed.id == id and today <= allowed.until for allowed in trust.algorithms)


def sign_trust(trust: TrustList, anchor: bytes, signer: Signer) -> bytes:
    """Return the trust list as a file, signed by one of its anchors; raises KeyMismatch.

    anchor: DER; signer: holds the anchor's private key.
    """
    certificate = read_certificate(anchor)
    if anchor not in trust.anchors or certificate.public_key != signer.public_key:
        raise KeyMismatch(certificate.subject_text)
    contents = _contents(trust)
    signature = {
        "alg": signer.algorithm,
        "certificate": base64.b64encode(anchor).decode(),
        "value": base64.b64encode(signer.sign(_DOMAIN + rfc8785.dumps(contents))).decode(),
    }
    return json.dumps({"trust": contents, "signature": signature}, ensure_ascii=False, indent=1).encode() + b"\n"


def load_trust(data: bytes, now: datetime) -> TrustList:
    """Read and check a trust list; raises TrustListInvalid.

    One that has run out still loads, with `is_current(now)` False: judging by it gives no verdict. One that begins
    later than `now` is refused, because then one of the two clocks is wrong.
    """
    try:
        trust = _load(data)
    except JsonInvalid as error:
        raise TrustListInvalid(error.reason) from error
    if trust.valid_from > now + _CLOCK_TOLERANCE:
        raise TrustListInvalid("it begins later than this machine's clock says: check the clock")
    return trust


def _load(data: bytes) -> TrustList:
    members = strict_json.Members(strict_json.parse(data), "file")
    contents = members.take("trust", strict_json.anything)
    signature = members.take("signature", strict_json.Members)
    members.end()
    algorithm = signature.take("alg", strict_json.text)
    anchor_der = signature.take("certificate", _certificate)
    value = signature.take("value", strict_json.octets)
    signature.end()
    trust = _trust(contents)
    anchor = _signing_anchor(anchor_der, trust)
    signed: bytes = rfc8785.dumps(contents)  # type: ignore[arg-type]
    good = signatures.verify(anchor.public_key, signatures.ES256_IDENTIFIER, _DOMAIN + signed, value)
    if algorithm != "ES256" or not good:
        raise TrustListInvalid("its signature is wrong")
    return replace(trust, digest="sha-256:" + hashlib.sha256(signed).hexdigest())


def _trust(value: object) -> TrustList:
    members = strict_json.Members(value, "trust")
    if members.take("format", strict_json.text) != FORMAT:
        raise TrustListInvalid(f"trust.format is not {FORMAT}")
    certificates = strict_json.list_of(_certificate)
    trust = TrustList(
        name=members.take("name", strict_json.text),
        anchors=members.take("anchors", certificates),
        intermediates=members.take("intermediates", certificates),
        crls=members.take("crls", strict_json.list_of(_crl)),
        tsa=members.take("tsa", certificates),
        log_keys=members.take("log_keys", strict_json.texts_by_name),
        status_keys=members.take("status_keys", certificates),
        receipt_keys=members.take("receipt_keys", certificates),
        algorithms=members.take("algorithms", strict_json.list_of(_algorithm)),
        valid_from=members.take("valid_from", strict_json.time),
        valid_until=members.take("valid_until", strict_json.time),
    )
    members.end()
    return trust


def _certificate(value: object, where: str) -> bytes:
    try:
        return read_certificate(strict_json.octets(value, where)).der
    except CertificateInvalid as error:
        raise TrustListInvalid(f"{where}: {error.reason}") from error


def _crl(value: object, where: str) -> bytes:
    try:
        return read_crl(strict_json.octets(value, where)).der
    except CrlInvalid as error:
        raise TrustListInvalid(f"{where}: {error.reason}") from error


def _algorithm(value: object, where: str) -> AllowedAlgorithm:
    members = strict_json.Members(value, where)
    allowed = AllowedAlgorithm(members.take("id", strict_json.text), members.take("until", strict_json.day))
    members.end()
    return allowed


def _signing_anchor(der: bytes, trust: TrustList) -> Certificate:
    if der not in trust.anchors:
        raise TrustListInvalid("it is not signed by an anchor inside it")
    anchor = read_certificate(der)
    if not anchor.is_ca or not anchor.not_before <= trust.valid_from <= anchor.not_after:
        raise TrustListInvalid("the anchor that signed it was not a valid authority at that time")
    return anchor


def _base64(items: tuple[bytes, ...]) -> list[str]:
    return [base64.b64encode(item).decode() for item in items]


def _contents(trust: TrustList) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "name": trust.name,
        "valid_from": trust.valid_from.astimezone(UTC).strftime(strict_json.TIME_FORM),
        "valid_until": trust.valid_until.astimezone(UTC).strftime(strict_json.TIME_FORM),
        "anchors": _base64(trust.anchors),
        "intermediates": _base64(trust.intermediates),
        "crls": _base64(trust.crls),
        "tsa": _base64(trust.tsa),
        "log_keys": dict(trust.log_keys),
        "status_keys": _base64(trust.status_keys),
        "receipt_keys": _base64(trust.receipt_keys),
        "algorithms": [{"id": item.id, "until": item.until.isoformat()} for item in trust.algorithms],
    }
