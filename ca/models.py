"""The rows of this package: authorities, certificates, what was revoked, revocation lists and trust lists.

Then what came from outside: certificates of other authorities, and what these say of them. No key stands in the database. A serial number is 40 lower-case hexadecimal digits everywhere.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ca.ceremonies.names import HIERARCHIES, ROLES
from ca.reading.crl_reader import REASONS
from ca.writing.profiles import PROFILES, ProfileName
from ledger.tables import COLUMN_TYPES, one_of, schema_metadata

AUTHORITY_STATES: Final = ("active", "retiring", "ended")
"""Issues; issues no more and still says what is revoked; says nothing any more."""
CERTIFICATE_STATES: Final = ("intended", "issued", "abandoned")
AUDIENCES: Final = ("everybody", "trust-list")
"""Whom a revocation list is made for: those who fetch it by its address, or those who have it inside a trust list."""
FOREIGN_USES: Final = ("seal", "timestamp", "client", "seal-maker")
"""What a certificate of another authority may be used for here."""
EVIDENCE_KINDS: Final = ("crl", "ocsp")
MARK_LOWERERS: Final = ("ntp", "operator")
"""Whose word lowers the mark of the newest trusted time."""

_SERIAL: Final = "certificates.serial_number"


class Base(DeclarativeBase):
    """The base of this package's rows."""

    metadata = schema_metadata("ca")
    type_annotation_map = COLUMN_TYPES


class AuthorityRow(Base):
    """A certificate authority of ours; `id` is the name of its key, and stands in its public addresses.

    `revision` rises with every change of what it has revoked: a list that knows a lower one is out of date.
    """

    __tablename__ = "authorities"
    __table_args__ = (
        one_of("hierarchy", HIERARCHIES),
        one_of("role", ROLES),
        one_of("state", AUTHORITY_STATES),
        # An authority and its certificate name each other: both are there at the end of the transaction.
        ForeignKeyConstraint(
            ["serial_number"], [f"ca.{_SERIAL}"], use_alter=True, deferrable=True, initially="DEFERRED"
        ),
        UniqueConstraint("serial_number"),
        UniqueConstraint("hierarchy", "role", "generation"),
        Index("authorities_active_idx", "hierarchy", "role", unique=True, postgresql_where="state = 'active'"),
        {"info": {"app_select": "true"}},
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    hierarchy: Mapped[str]
    role: Mapped[str]
    generation: Mapped[int]
    serial_number: Mapped[str]
    state: Mapped[str]
    revision: Mapped[int] = mapped_column(BigInteger)


class CertificateRow(Base):
    """A certificate that we issue: intended with its serial number and to-be-signed bytes, then issued or abandoned.

    `issuer_serial`: a root is its own issuer; `subject`: as one line for people; `key_name`: of the private key in our
    key folder, None where the subject keeps its own; `key_digest`: SHA-256 of the SubjectPublicKeyInfo;
    `request_digest`: SHA-256 of what was asked, None with the request's id for what a ceremony made; `subject_id`: in
    the ledger, None for a certificate of the first release to which nothing has happened since; `asked_by`: the actor.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        one_of("profile", PROFILES),
        one_of("state", CERTIFICATE_STATES),
        CheckConstraint("serial_number ~ '^[0-9a-f]{40}$'", name="serial_number"),
        CheckConstraint("not_before < not_after", name="validity"),
        CheckConstraint("(state = 'issued') = (der IS NOT NULL) AND num_nulls(der, issued_at) <> 1", name="issued"),
        CheckConstraint("state = 'issued' OR tbs IS NOT NULL", name="tbs"),
        CheckConstraint("(state = 'abandoned') = (abandoned_reason IS NOT NULL)", name="abandoned"),
        CheckConstraint("num_nulls(request_id, request_digest) <> 1", name="request"),
        UniqueConstraint("request_id"),
        UniqueConstraint("subject_id"),
        Index(None, "key_digest"),
        Index("certificates_intended_idx", "requested_at", postgresql_where="state = 'intended'"),
        # One successor each: two renewals at once, under two ids, would be two certificates for one need.
        Index("certificates_replaces_idx", "replaces", unique=True, postgresql_where="state <> 'abandoned'"),
        {"info": {"app_select": "state = 'issued'"}},
    )

    serial_number: Mapped[str] = mapped_column(Text, primary_key=True)
    profile: Mapped[ProfileName] = mapped_column(Text)
    subject: Mapped[str]
    der: Mapped[bytes | None]
    key_name: Mapped[str | None]
    issued_at: Mapped[datetime | None]
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    issuer_serial: Mapped[str] = mapped_column(ForeignKey(_SERIAL))
    authority: Mapped[str] = mapped_column(ForeignKey(AuthorityRow.id))
    key_digest: Mapped[bytes]
    state: Mapped[str]
    request_id: Mapped[str | None]
    request_digest: Mapped[bytes | None]
    asked_by: Mapped[dict[str, Any]]
    requested_at: Mapped[datetime]
    tbs: Mapped[bytes | None]
    abandoned_reason: Mapped[str | None]
    replaces: Mapped[str | None] = mapped_column(ForeignKey(_SERIAL))
    subject_id: Mapped[UUID | None]


class RevocationRow(Base):
    """That a certificate was revoked or put on hold, from a moment on; history: a row that was lifted stays.

    `revocation_date`, `reason`, `invalidity_date`: as they stand in the list (RFC 5280 section 5.3).
    """

    __tablename__ = "revocations"
    __table_args__ = (
        one_of("reason", REASONS.values()),
        CheckConstraint("num_nulls(lifted_at, lifted_by) <> 1", name="lifted"),
        Index(None, "serial_number"),
        Index("revocations_standing_idx", "serial_number", unique=True, postgresql_where="lifted_at IS NULL"),
        {"info": {"app_select": "true"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    serial_number: Mapped[str] = mapped_column(ForeignKey(CertificateRow.serial_number))
    revocation_date: Mapped[datetime]
    reason: Mapped[str]
    invalidity_date: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[dict[str, Any]]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[dict[str, Any] | None]


class LostRevocationRow(Base):
    """A revocation that a published list of ours tells of, whose certificate a restore has lost with its row.

    It stays in every further list: what the world was told stays true.
    """

    __tablename__ = "lost_revocations"
    __table_args__ = (
        one_of("reason", REASONS.values()),
        CheckConstraint("serial_number ~ '^[0-9a-f]{40}$'", name="serial_number"),
        {"info": {"app_select": "true"}},
    )

    authority: Mapped[str] = mapped_column(ForeignKey(AuthorityRow.id), primary_key=True)
    serial_number: Mapped[str] = mapped_column(Text, primary_key=True)
    revocation_date: Mapped[datetime]
    reason: Mapped[str]
    invalidity_date: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[dict[str, Any]]


class CrlRow(Base):
    """A revocation list: its number is taken and committed first, `der` is None until it is signed.

    A number whose list was never signed is a gap, which RFC 5280 section 5.2.3 allows. `revision`: of the authority
    when the entries were read.
    """

    __tablename__ = "crls"
    __table_args__ = (
        one_of("audience", AUDIENCES),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("this_update < next_update", name="validity"),
        {"info": {"app_select": "der IS NOT NULL"}},
    )

    authority: Mapped[str] = mapped_column(ForeignKey(AuthorityRow.id), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    audience: Mapped[str]
    revision: Mapped[int] = mapped_column(BigInteger)
    this_update: Mapped[datetime]
    next_update: Mapped[datetime]
    der: Mapped[bytes | None]


class TrustListRow(Base):
    """A signed trust list, as a file; the highest number is the one that counts."""

    __tablename__ = "trust_lists"
    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("valid_from < valid_until", name="validity"),
        {"info": {"app_select": "true"}},
    )

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    data: Mapped[bytes]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]


class ForeignCertificateRow(Base):
    """A certificate that another, licensed authority issued and an operator took in; never changed, never deleted.

    `digest`: SHA-256 of `der`; `chain`: its issuers (DER) up to and including the anchor; `key_name`: of the private key
    where it is ours, None for a timestamp authority's and a maker's of seals.
    """

    __tablename__ = "foreign_certificates"
    __table_args__ = (
        one_of("use", FOREIGN_USES),
        CheckConstraint("octet_length(digest) = 32", name="digest"),
        CheckConstraint("not_before < not_after", name="validity"),
        CheckConstraint("cardinality(chain) > 0", name="chain"),
        CheckConstraint("(use IN ('timestamp', 'seal-maker')) = (key_name IS NULL)", name="key_name"),
        {"info": {"app_select": "true"}},
    )

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    use: Mapped[str]
    key_name: Mapped[str | None]
    subject: Mapped[str]
    der: Mapped[bytes]
    chain: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    imported_at: Mapped[datetime]
    imported_by: Mapped[dict[str, Any]]


class ForeignEvidenceRow(Base):
    """A revocation list or OCSP response of another authority, checked when it was fetched.

    `about`: SHA-256 of the certificate that an OCSP response speaks of, or of the issuer whose list it is.
    """

    __tablename__ = "foreign_evidence"
    __table_args__ = (
        one_of("kind", EVIDENCE_KINDS),
        CheckConstraint("octet_length(about) = 32", name="about"),
        CheckConstraint("this_update < next_update", name="validity"),
        {"info": {"app_select": "true"}},
    )

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    about: Mapped[bytes] = mapped_column(primary_key=True)
    this_update: Mapped[datetime] = mapped_column(primary_key=True)
    next_update: Mapped[datetime]
    fetched_at: Mapped[datetime]
    der: Mapped[bytes]


class ClockMarkRow(Base):
    """The newest time that was trusted, in the one row of this table; it is raised every few seconds.

    `lowered_from`, `lowered_by`: the mark that was found wrong last, and by whom: an NTP server or the operator.
    """

    __tablename__ = "clock_marks"
    __table_args__ = (
        CheckConstraint("id = 1", name="id"),
        one_of("lowered_by", MARK_LOWERERS),
        CheckConstraint("num_nulls(lowered_from, lowered_by) <> 1", name="lowered"),
        {"info": {"app_select": "true"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reached_at: Mapped[datetime]
    lowered_from: Mapped[datetime | None]
    lowered_by: Mapped[str | None]
