"""The trust list: one signed file that holds everything a verifier needs off line.

The signature shows that the list is whole and was made by whom an anchor inside it has charged with that; that the
anchor deserves belief is the user's own decision, taken by handing the list over, or by comparing `anchor_fingerprints`
with a published value. The anchor's own key, which lies off line, is not needed for a new list.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Self, get_args

import rfc8785

from ca.algorithms import signatures
from ca.encoding import oids, strict_json
from ca.errors import CertificateInvalid, CrlInvalid, DerInvalid, JsonInvalid, KeyMismatch, TrustListInvalid
from ca.judging.revocation_status import revocation_status
from ca.ocsp.reader import read_ocsp_response
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.crl_reader import read_crl
from ledger.formats.tlog_policy import Policy, PolicyUnreadable
from ledger.signing import SignatureAlgorithm, Signer

FORMAT: Final = "elicence/trust/v1"
_DOMAIN: Final = b"elicence/trust/v1\n"
_CLOCK_TOLERANCE: Final = timedelta(hours=1)
_NUMBERS_END: Final = 2**53
"""RFC 8785 section 3.2.2.3: whole numbers from here on have no one spelling."""


@dataclass(frozen=True, slots=True)
class AllowedAlgorithm:
    """An algorithm id (`ES256`, `Ed25519`, `SHA-256`, …) and the last day on which it is believed (UTC)."""

    id: str
    until: date


@dataclass(frozen=True, slots=True)
class SealMaker:
    """Who is believed to make national seals (SES): a name for people, and the certificate (DER) that signs the seals."""

    name: str
    certificate: bytes = field(repr=False)

    @classmethod
    def of(cls, certificate: bytes) -> Self:
        """Name a maker as its certificate (DER) does; raises CertificateInvalid."""
        return cls(read_certificate(certificate).subject_text, certificate)


@dataclass(frozen=True, slots=True)
class TrustList:
    """Whom to believe for what. Certificates, revocation lists and OCSP responses are DER.

    foreign_anchors: roots of other, licensed authorities, which certify people and companies of every kind: no seal under
    them is believed but `foreign_seals`, and they sign no trust list; digest: names the signed contents; number: rises
    with every list of the same house, 0 for one of a release that did not number them; seal_makers: all others who make
    seals are strangers; witness_policy: whose cosignatures a checkpoint must bear (C2SP tlog-policy), "" where nobody is
    asked; signer: the certificate (DER) of who signed it, empty before it was read.
    """

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
    foreign_anchors: tuple[bytes, ...] = ()
    foreign_seals: tuple[bytes, ...] = ()
    ocsp: tuple[bytes, ...] = ()
    number: int = 0
    seal_makers: tuple[SealMaker, ...] = ()
    witness_policy: str = ""
    signer: bytes = field(default=b"", repr=False)

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


def sign_trust(trust: TrustList, certificate: bytes, signer: Signer) -> bytes:
    """Return the trust list as a file, signed by a key that an anchor in it has certified for that; raises KeyMismatch.

    certificate: DER; signer: holds its private key.
    """
    found = read_certificate(certificate)
    if found.public_key != signer.public_key:
        raise KeyMismatch(found.subject_text)
    contents = _contents(trust)
    signature = {
        "alg": signer.algorithm,
        "certificate": base64.b64encode(certificate).decode(),
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


# A house asks for the same list with every document that it verifies.
@lru_cache(maxsize=16)
def _load(data: bytes) -> TrustList:
    members = strict_json.Members(strict_json.parse(data), "file")
    contents = members.take("trust", strict_json.anything)
    signature = members.take("signature", strict_json.Members)
    members.end()
    algorithm = signature.take("alg", _algorithm_id)
    certificate = read_certificate(signature.take("certificate", _certificate))
    value = signature.take("value", strict_json.octets)
    signature.end()
    trust = _trust(contents)
    _check_signer(certificate, trust)
    signed: bytes = rfc8785.dumps(contents)  # type: ignore[arg-type]
    identifier = signatures.identifier(algorithm)
    if not signatures.verify(certificate.public_key, identifier, _DOMAIN + signed, value):
        raise TrustListInvalid("its signature is wrong")
    return replace(trust, digest="sha-256:" + hashlib.sha256(signed).hexdigest(), signer=certificate.der)


def _algorithm_id(value: object, where: str) -> SignatureAlgorithm:
    spelled = strict_json.text(value, where)
    if spelled not in get_args(SignatureAlgorithm):
        raise TrustListInvalid("its signature is wrong")
    known: SignatureAlgorithm = spelled  # type: ignore[assignment]
    return known


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
    foreign = members.optional("foreign", strict_json.Members)
    # Lists of earlier releases had neither: their makers of seals are believed by nobody, and any numbered list is newer.
    trust = replace(
        trust,
        number=members.optional("number", _list_number) or 0,
        seal_makers=members.optional("seal_makers", strict_json.list_of(_seal_maker)) or (),
        witness_policy=members.optional("witness_policy", _witness_policy) or "",
    )
    members.end()
    if foreign is None:
        return trust
    trust = replace(
        trust,
        foreign_anchors=foreign.take("anchors", certificates),
        foreign_seals=foreign.take("seals", certificates),
        ocsp=foreign.take("ocsp", strict_json.list_of(_ocsp)),
    )
    foreign.end()
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


def _ocsp(value: object, where: str) -> bytes:
    try:
        return read_ocsp_response(strict_json.octets(value, where)).der
    except DerInvalid as error:
        raise TrustListInvalid(f"{where}: {error.reason}") from error


def _algorithm(value: object, where: str) -> AllowedAlgorithm:
    members = strict_json.Members(value, where)
    allowed = AllowedAlgorithm(members.take("id", strict_json.text), members.take("until", strict_json.day))
    members.end()
    return allowed


def _witness_policy(value: object, where: str) -> str:
    """Read the lines of a policy."""
    policy = "".join(f"{line}\n" for line in strict_json.list_of(strict_json.text)(value, where))
    try:
        Policy.parse(policy.encode())
    except (PolicyUnreadable, UnicodeEncodeError) as error:
        raise TrustListInvalid(f"{where} is no witness policy") from error
    return policy


def _list_number(value: object, where: str) -> int:
    number = strict_json.number(value, where)
    if not 0 < number < _NUMBERS_END:
        raise TrustListInvalid(f"{where} is out of range")
    return number


def _seal_maker(value: object, where: str) -> SealMaker:
    members = strict_json.Members(value, where)
    maker = SealMaker(members.take("name", strict_json.text), members.take("certificate", _certificate))
    members.end()
    return maker


def _check_signer(signer: Certificate, trust: TrustList) -> None:
    """Check that an anchor inside has charged the signer with trust lists, and had not taken that back.

    Not by `paths`, which judges for all other uses under a list that is already believed: this is one step long.
    """
    anchor = anchor_of(signer, trust)
    if anchor is None:
        raise TrustListInvalid("its signer was certified by no anchor inside it")
    # ETSI TS 119 612 section 5.7.1: a purpose of its own, so that no other key of an authority's makes trust lists
    purpose = signer.extended_key_usage == (oids.TSL_SIGNING,)
    if signer.is_ca or not purpose or "digitalSignature" not in (signer.key_usage or ()):
        raise TrustListInvalid("its signer may not sign trust lists")
    if not all(one.not_before <= trust.valid_from <= one.not_after for one in (signer, anchor)):
        raise TrustListInvalid("its signer was not valid at that time")
    # A key that is out of use, and perhaps out of our hands, could otherwise speak for ever: by a day long past.
    if trust.valid_until > min(signer.not_after, anchor.not_after):
        raise TrustListInvalid("it would last longer than its signer")
    verdict = revocation_status(signer, anchor, trust.crls, trust.valid_from).verdict
    if verdict in {"revoked", "on_hold"}:
        raise TrustListInvalid("a revocation list inside it says that its signer was revoked")
    # Whoever took a revoked key would leave that out.
    if verdict != "good":
        raise TrustListInvalid("no revocation list inside it says that its signer was not revoked")


def anchor_of(signer: Certificate, trust: TrustList) -> Certificate | None:
    """Return the anchor of a trust list that has certified who signs trust lists, None if none has."""
    return next((one for one in map(read_certificate, trust.anchors) if _issued(one, signer)), None)


def _issued(anchor: Certificate, signer: Certificate) -> bool:
    may = anchor.is_ca and anchor.subject == signer.issuer and "keyCertSign" in (anchor.key_usage or ())
    return may and signatures.verify(anchor.public_key, signer.signature_algorithm, signer.tbs, signer.signature)


def _base64(items: tuple[bytes, ...]) -> list[str]:
    return [base64.b64encode(item).decode() for item in items]


def _contents(trust: TrustList) -> dict[str, Any]:
    foreign = {
        "anchors": _base64(trust.foreign_anchors),
        "seals": _base64(trust.foreign_seals),
        "ocsp": _base64(trust.ocsp),
    }
    makers = [
        {"name": one.name, "certificate": base64.b64encode(one.certificate).decode()} for one in trust.seal_makers
    ]
    # Only where there is any: lists without them stay readable to verifiers that know of none.
    optional = {
        "foreign": foreign if any(foreign.values()) else None,
        "number": trust.number or None,
        "seal_makers": makers or None,
        "witness_policy": trust.witness_policy.split("\n")[:-1] or None,
    }
    return _own_contents(trust) | {name: value for name, value in optional.items() if value is not None}


def _own_contents(trust: TrustList) -> dict[str, Any]:
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
