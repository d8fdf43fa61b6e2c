"""The transcript of ceremonies: what was made, when and where, signed by the roots, each session bound to the one before.

An auditor needs no key and no software of ours for it: the signed bytes are the session's contents in canonical JSON
(RFC 8785) after one line that names the form, the digests are those that `sha256sum` and `openssl x509` show.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

import rfc8785

from ca.algorithms import signatures
from ca.ceremonies.errors import TranscriptInvalid
from ca.ceremonies.names import KeyName
from ca.encoding import strict_json
from ca.errors import CertificateInvalid, JsonInvalid
from ca.reading.certificate_reader import read_certificate
from ledger.signing import SignatureAlgorithm, Signer

FORMAT: Final = "elicence/ceremony/v1"
_DOMAIN: Final = b"elicence/ceremony/v1\n"

ActKind = Literal["key", "certificate", "link", "crl", "trust"]
"""A key made; a certificate; a root's certificate by another root; a revocation list; a trust list."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing made in a session.

    name: of the key, of the authority whose list it is, or of the file of a link certificate; sha256: in hexadecimal,
    of SubjectPublicKeyInfo, of the certificate's or list's DER, or of the trust list's file; details: by kind:
    `algorithm` and `place` of a key; `profile`, `issuer`, `hierarchy`, `serial_number` and `not_after` of a certificate;
    `number` and `next_update` of a list.
    """

    kind: ActKind
    at: datetime
    name: str
    sha256: str
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Signature:
    """A root's signature over a session."""

    key_name: str
    algorithm: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Session:
    """One ceremony: its number from 1 on, what it was for, and its acts in their order.

    plan_sha256: of the plan's file; previous_sha256: of the contents of the session before, None for the first.
    """

    number: int
    purpose: str
    held_at: datetime
    organisation: str
    witnesses: tuple[str, ...]
    plan_sha256: str
    previous_sha256: str | None
    acts: tuple[Act, ...]
    signatures: tuple[Signature, ...] = ()

    @property
    def contents(self) -> bytes:
        """What is signed and what the next session names: canonical JSON."""
        return bytes(rfc8785.dumps(_contents(self)))


def sha256(data: bytes) -> str:
    """Return the digest as transcripts write it."""
    return hashlib.sha256(data).hexdigest()


def sign_session(session: Session, signers: Mapping[str, Signer]) -> Session:
    """Return the session with the roots' signatures. signers: by the names of their keys."""
    signed = _DOMAIN + session.contents
    made = tuple(Signature(name, signer.algorithm, signer.sign(signed)) for name, signer in signers.items())
    return replace(session, signatures=made)


def write_transcript(sessions: Sequence[Session]) -> bytes:
    """Return the sessions as a file."""
    file = {"format": FORMAT, "sessions": [_as_json(session) for session in sessions]}
    return json.dumps(file, ensure_ascii=False, indent=1).encode() + b"\n"


def read_transcript(data: bytes) -> tuple[Session, ...]:
    """Read a transcript without judging it; raises TranscriptInvalid."""
    try:
        members = strict_json.Members(strict_json.parse(data), "file")
        if members.take("format", strict_json.text) != FORMAT:
            raise TranscriptInvalid("an unknown form")
        sessions = members.take("sessions", strict_json.list_of(_session))
        members.end()
    except JsonInvalid as error:
        raise TranscriptInvalid(error.reason) from error
    if not sessions:
        raise TranscriptInvalid("it holds no session")
    return sessions


def verify_transcript(data: bytes, certificates: Mapping[str, bytes], plan: bytes) -> tuple[Session, ...]:
    """Read a transcript and check it: sessions follow on each other, roots signed them, files are those they name.

    certificates: DER by the names in the transcript; plan: the file. Raises TranscriptInvalid; NationalUnavailable
    where SM2 cannot be checked.
    """
    sessions = read_transcript(data)
    last = {act.name: act for session in sessions for act in session.acts if act.kind in {"certificate", "link"}}
    roots: dict[str, bytes] = {}  # the newest root of each line of roots
    previous: str | None = None
    for number, session in enumerate(sessions, 1):
        if session.number != number or session.previous_sha256 != previous:
            raise TranscriptInvalid(f"session {number} does not follow on the one before it")
        if session.plan_sha256 != sha256(plan):
            raise TranscriptInvalid(f"session {number} was held to another plan")
        made = _certificates_of(session, last, certificates)
        new_roots = {name: der for name, der in made.items() if _is_root(name)}
        _check_signatures(session, {**roots, **new_roots})
        roots = _newest({**roots, **new_roots})
        previous = sha256(session.contents)
    return sessions


def _certificates_of(session: Session, last: Mapping[str, Act], certificates: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the certificates of a session that no later one renewed; raises TranscriptInvalid if one is not there."""
    made = {}
    for act in session.acts:
        if last.get(act.name) is not act:
            continue
        der = certificates.get(act.name)
        if der is None or sha256(der) != act.sha256:
            raise TranscriptInvalid(
                f"the certificate {act.name} is not the one that was made in session {session.number}"
            )
        made[act.name] = der
    return made


def _check_signatures(session: Session, roots: Mapping[str, bytes]) -> None:
    found = {signature.key_name: signature for signature in session.signatures}
    if not roots or set(found) != set(roots) or len(found) != len(session.signatures):
        raise TranscriptInvalid(f"session {session.number} is not signed by the roots of its time")
    for name, der in roots.items():
        if not _is_good(found[name], der, session):
            raise TranscriptInvalid(f"the signature of {name} in session {session.number} is wrong")


def _is_good(signature: Signature, root: bytes, session: Session) -> bool:
    if signature.algorithm not in get_args(SignatureAlgorithm):
        return False
    algorithm: SignatureAlgorithm = signature.algorithm  # type: ignore[assignment]
    try:
        public_key = read_certificate(root).public_key
    except CertificateInvalid as error:
        raise TranscriptInvalid(f"the certificate {signature.key_name} cannot be read") from error
    signed = _DOMAIN + session.contents
    return signatures.verify(public_key, signatures.identifier(algorithm), signed, signature.value)


def _is_root(name: str) -> bool:
    parsed = KeyName.parse(name)
    return parsed is not None and parsed.role == "root"


def _newest(roots: Mapping[str, bytes]) -> dict[str, bytes]:
    newest = {parsed.line: name for name in roots if (parsed := KeyName.parse(name)) is not None}
    return {name: roots[name] for name in newest.values()}


def _contents(session: Session) -> dict[str, Any]:
    return {
        "number": session.number,
        "purpose": session.purpose,
        "held_at": _time(session.held_at),
        "organisation": session.organisation,
        "witnesses": list(session.witnesses),
        "plan_sha256": session.plan_sha256,
        "previous_sha256": session.previous_sha256,
        "acts": [
            {"act": act.kind, "at": _time(act.at), "name": act.name, "sha256": act.sha256, "details": dict(act.details)}
            for act in session.acts
        ],
    }


def _as_json(session: Session) -> dict[str, Any]:
    made: Iterable[Signature] = session.signatures
    return {
        "session": _contents(session),
        "signatures": [
            {"key": one.key_name, "algorithm": one.algorithm, "value": base64.b64encode(one.value).decode()}
            for one in made
        ],
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(strict_json.TIME_FORM)


def _session(value: object, where: str) -> Session:
    file = strict_json.Members(value, where)
    members = file.take("session", strict_json.Members)
    made = file.take("signatures", strict_json.list_of(_signature))
    file.end()
    session = Session(
        number=members.take("number", strict_json.number),
        purpose=members.take("purpose", strict_json.text),
        held_at=members.take("held_at", strict_json.time),
        organisation=members.take("organisation", strict_json.text),
        witnesses=members.take("witnesses", strict_json.list_of(strict_json.text)),
        plan_sha256=members.take("plan_sha256", strict_json.text),
        previous_sha256=members.take("previous_sha256", _text_or_none),
        acts=members.take("acts", strict_json.list_of(_act)),
        signatures=made,
    )
    members.end()
    return session


def _act(value: object, where: str) -> Act:
    members = strict_json.Members(value, where)
    act = Act(
        kind=members.take("act", _kind),
        at=members.take("at", strict_json.time),
        name=members.take("name", strict_json.text),
        sha256=members.take("sha256", strict_json.text),
        details=members.take("details", strict_json.texts_by_name),
    )
    members.end()
    return act


def _kind(value: object, where: str) -> ActKind:
    kind = strict_json.text(value, where)
    if kind not in get_args(ActKind):
        raise JsonInvalid(f"{where} is no act")
    found: ActKind = kind  # type: ignore[assignment]
    return found


def _signature(value: object, where: str) -> Signature:
    members = strict_json.Members(value, where)
    signature = Signature(
        key_name=members.take("key", strict_json.text),
        algorithm=members.take("algorithm", strict_json.text),
        value=members.take("value", strict_json.octets),
    )
    members.end()
    return signature


def _text_or_none(value: object, where: str) -> str | None:
    return None if value is None else strict_json.text(value, where)
