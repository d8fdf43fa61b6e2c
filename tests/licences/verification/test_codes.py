"""Every check, and every code that it can say, by really sealed documents: the table is complete by its own test."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from ca.keys import SoftwareSigner
from ca.trust import AllowedAlgorithm
from ledger.notes import NoteSigner
from licences.verification.checks import CHECKS
from licences.verification.documents import Unreadable
from licences.verification.engine import judge
from licences.verification.examination import over_limit, unread
from licences.verification.report import Report, Verdict
from licences.verification.request import lookup, verification_request
from licences.verification.sources import Absent, StatusHistory, StatusToken, Unavailable
from seals.jose import b64url_encode
from seals.pades import Placement
from tests.licences.verification import attacks, sealed
from tests.licences.verification.sealed import NOW, SEALED_AT, claims, licence, make_world, seal, world
from tests.licences.verification.worlds import SetSources, act, history, record_of, report


@dataclass(frozen=True, slots=True)
class Scene:
    """What is verified, and what the report must say; reason None: the code does not decide the verdict."""

    check: str
    code: str
    verdict: Verdict
    reason: str | None
    play: Callable[[], Report]


def _trust(**changes: Any) -> Report:
    return report(sources=SetSources(trust=world().trust(**changes)))


def _unread(kind: Unreadable) -> Report:
    return judge(unread(b"x", kind), SetSources(), verification_request(NOW))


def _recorded(**changes: Any) -> Report:
    return report(sources=SetSources(a_record=record_of(licence(), **changes)))


def _status(*rows: Any, **asked: Any) -> Report:
    sources = SetSources(a_record=record_of(licence()), a_status=history(*rows))
    return report(sources=sources, **asked)


def _list(value: int = 0, **changes: Any) -> Report:
    text = world().status_list({sealed.STATUS_INDEX: value}, **changes)
    return report(sources=SetSources(a_status=StatusToken(text)))


def _proof(proof: bytes | Absent | Unavailable) -> Report:
    return report(sources=SetSources(a_proof=proof))


def _revoked_seal(days_ago: int, document: bytes | None = None) -> Report:
    trust = world().trust(revoked=[(world().seal, NOW - timedelta(days=days_ago))])
    return report(document, sources=SetSources(trust=trust))


def _on_hold() -> Report:
    return report(sources=SetSources(trust=world().trust(revoked=[(world().seal, SEALED_AT)], reason="certificateHold")))


INVALID: Verdict = "invalid"
UNDECIDED: Verdict = "indeterminate"
VALID: Verdict = "valid"
pdf = licence().pdf.data

SCENES = [
    Scene("integrity.limits", "TOO_LARGE", UNDECIDED, "document.too_large", lambda: judge(over_limit(200_000_000, sha256(b"").digest()), SetSources(), verification_request(NOW))),
    Scene("integrity.limits", "TOO_COMPLEX", UNDECIDED, "document.too_complex", lambda: report(b'{"a":' * 5000)),
    Scene("integrity.limits", "OUT_OF_MEMORY", UNDECIDED, "document.out_of_memory", lambda: _unread("memory")),
    Scene("integrity.limits", "TIME_OUT", UNDECIDED, "document.time_out", lambda: _unread("time_out")),
    Scene("integrity.limits", "CRASHED", UNDECIDED, "document.crashed", lambda: _unread("crashed")),
    Scene("integrity.format", "EMPTY", INVALID, "document.empty", lambda: report(b"")),
    Scene("integrity.format", "UNKNOWN_FORMAT", INVALID, "document.unknown_format", lambda: report(b"GIF89a...")),
    Scene("integrity.format", "MALFORMED", INVALID, "document.malformed", lambda: report(pdf[: len(pdf) // 2])),
    Scene("integrity.format", "NOT_SIGNED", INVALID, "document.not_signed", lambda: report(attacks.unsealed())),
    Scene("integrity.format", "ENCRYPTED", UNDECIDED, "document.encrypted", lambda: report(attacks.encrypted())),
    Scene("integrity.format", "UNSUPPORTED", UNDECIDED, "document.unsupported", lambda: report(attacks.with_algorithm("EdDSA"))),
]
