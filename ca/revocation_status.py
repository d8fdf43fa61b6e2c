"""Judge from revocation lists whether a certificate was revoked at a moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal

from ca import signatures
from ca.certificate_reader import Certificate
from ca.crl_reader import RevocationList, Revoked, read_crl
from ca.errors import CrlInvalid

Verdict = Literal["good", "revoked", "on_hold", "unknown"]

_COMPROMISE: Final = frozenset({"keyCompromise", "cACompromise", "aACompromise"})


@dataclass(frozen=True, slots=True)
class RevocationStatus:
    """What the lists say; `at` is when a revocation took effect."""

    verdict: Verdict
    at: datetime | None = None


@lru_cache(maxsize=1024)
def _signed_by(crl: bytes, issuer_key: bytes) -> bool:
    found = read_crl(crl)
    return signatures.verify(issuer_key, found.signature_algorithm, found.tbs, found.signature)


def _usable(crls: Iterable[bytes], issuer: Certificate) -> list[RevocationList]:
    """Return the lists that this issuer signed and that we understand, newest last."""
    if issuer.key_usage is not None and "cRLSign" not in issuer.key_usage:
        return []
    usable = []
    for data in crls:
        try:
            crl = read_crl(data)
        except CrlInvalid:
            continue
        if crl.issuer == issuer.subject and crl.understood and _signed_by(data, issuer.public_key):
            usable.append(crl)
    return sorted(usable, key=lambda crl: crl.this_update)


def _effective(entry: Revoked) -> datetime:
    # A compromise reaches back to the day the key was lost; any other reason leaves what was signed before alone.
    if entry.reason in _COMPROMISE and entry.invalidity_date is not None:
        return min(entry.at, entry.invalidity_date)
    return entry.at


def _covers(crl: RevocationList, certificate: Certificate, at: datetime) -> bool:
    """Say whether silence of the list means that the certificate was good at that moment."""
    if at >= crl.this_update:
        return crl.next_update is not None and at <= crl.next_update
    # A list made later tells of the past too, but an authority may drop entries once the certificate has expired.
    return certificate.not_after >= crl.this_update


def revocation_status(
    certificate: Certificate, issuer: Certificate, crls: Iterable[bytes], at: datetime, *, dates_tokens: bool = False
) -> RevocationStatus:
    """Judge one certificate by its issuer's lists.

    dates_tokens: the certificate is a timestamp authority's. A compromised one can date its tokens as it likes, so
    none of them counts, whatever time it names (RFC 3161 section 4, which treats a missing reason as the worst).
    """
    usable = _usable(crls, issuer)
    known = False
    held: datetime | None = None
    for crl in usable:
        entry = crl.entries.get(certificate.serial_number)
        held = None  # the newest list decides about a hold, which may be lifted again
        if entry is None:
            known = known or _covers(crl, certificate, at)
        elif entry.reason == "certificateHold":
            held = entry.at
        elif at >= _effective(entry) or (dates_tokens and (entry.reason is None or entry.reason in _COMPROMISE)):
            return RevocationStatus("revoked", _effective(entry))
        else:
            known = True
    if held is not None:
        return RevocationStatus("on_hold", held) if at >= held else RevocationStatus("good")
    return RevocationStatus("good" if known else "unknown")
