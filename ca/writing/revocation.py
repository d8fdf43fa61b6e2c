"""Make certificate revocation lists."""

from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType
from typing import Final

from ca.algorithms.signatures import identifier
from ca.encoding import der, oids
from ca.reading.certificate_reader import Certificate
from ca.reading.crl_reader import REASONS, Reason, Revoked
from ca.writing import extensions
from ca.writing.certificate_errors import CrlRefused
from ca.writing.certificates import Authority
from ca.writing.signed import signed
from ca.writing.to_be_signed import issuer_key_identifier
from ledger.signing import SignatureAlgorithm

_VERSION_2: Final = der.integer(1)
_MAX_NUMBER_OCTETS: Final = 20


def _reason_extension(code: int) -> bytes:
    return extensions.extension(oids.CRL_REASON, der.integer(code, der.ENUMERATED))


# RFC 5280 section 5.3.1: "unspecified" is said by leaving the reason out
_REASONS: Final[MappingProxyType[Reason | None, bytes]] = MappingProxyType(
    {reason: _reason_extension(code) if code else b"" for code, reason in REASONS.items()} | {None: b""}
)


def make_crl(
    authority: Authority,
    number: int,
    revoked: Iterable[Revoked],
    this_update: datetime,
    next_update: datetime,
    *,
    keeps_expired: bool = True,
) -> bytes:
    """Sign a full revocation list and return its DER; raises KeyMismatch, CrlRefused, SignatureFaulty.

    number: rises with every list of this authority; times are cut to the second; keeps_expired: whether the entries are
    all that the authority ever revoked, expired or not, which the list then says: without it a verifier learns nothing
    from the silence of a list that is younger than the certificate's end.
    Source: RFC 5280 section 5, ITU-T X.509 (2019) section 9.5.2.9
    """
    issuer = authority.read()
    tbs = _to_be_signed(issuer, authority.signer.algorithm, number, revoked, (this_update, next_update), keeps_expired)
    return signed(tbs, authority.signer)


def _to_be_signed(
    issuer: Certificate,
    algorithm: SignatureAlgorithm,
    number: int,
    revoked: Iterable[Revoked],
    updates: tuple[datetime, datetime],
    keeps_expired: bool,  # noqa: FBT001 - named by its only caller
) -> bytes:
    listed = tuple(revoked)
    _check(number, listed, updates)
    members = [
        extensions.extension(
            oids.AUTHORITY_KEY_IDENTIFIER, extensions.authority_key_identifier(issuer_key_identifier(issuer))
        ),
        extensions.extension(oids.CRL_NUMBER, der.integer(number)),
    ]
    if keeps_expired:
        members.append(
            extensions.extension(oids.EXPIRED_CERTS_ON_CRL, extensions.expired_certs_on_crl(issuer.not_before))
        )
    return der.sequence(
        _VERSION_2,
        identifier(algorithm),
        issuer.subject,
        *map(der.time, updates),
        # RFC 5280 section 5.1.2.6: no entries, no list of them
        der.sequence(*map(_entry, listed)) if listed else b"",
        extensions.extensions(members, 0),
    )


def _check(number: int, listed: tuple[Revoked, ...], updates: tuple[datetime, datetime]) -> None:
    # RFC 5280 section 5.2.3
    if not 0 <= number < 1 << 8 * _MAX_NUMBER_OCTETS - 1:
        raise CrlRefused("its number is negative or longer than 20 octets")
    if updates[0].replace(microsecond=0) >= updates[1].replace(microsecond=0):
        raise CrlRefused("it would end before it begins")
    if len({entry.serial_number for entry in listed}) != len(listed):
        raise CrlRefused("a certificate stands in it twice")


def _entry(entry: Revoked) -> bytes:
    members = _REASONS[entry.reason]
    if entry.invalidity_date is not None:
        moment = der.generalized_time(entry.invalidity_date.replace(microsecond=0))
        members += extensions.extension(oids.INVALIDITY_DATE, moment)
    return der.sequence(der.integer(entry.serial_number), der.time(entry.at), der.sequence(members) if members else b"")
