"""The rows of this package: the certificates that were issued. All of it is public; no key stands in the database."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ca.profiles import PROFILES
from ledger.tables import COLUMN_TYPES, one_of, schema_metadata


class Base(DeclarativeBase):
    """The base of this package's rows."""

    metadata = schema_metadata("ca")
    type_annotation_map = COLUMN_TYPES


class CertificateRow(Base):
    """A certificate that we issued.

    `serial_number`, `issuer_serial`: 40 lower-case hexadecimal digits, a root being its own issuer; `subject`: as one
    line for people; `key_name`: of its private key in the key folder.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        one_of("profile", PROFILES),
        CheckConstraint("serial_number ~ '^[0-9a-f]{40}$'", name="serial_number"),
        CheckConstraint("not_before < not_after", name="validity"),
        {"info": {"app_select": "true"}},
    )

    serial_number: Mapped[str] = mapped_column(Text, primary_key=True)
    profile: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    der: Mapped[bytes]
    key_name: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    not_before: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    not_after: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    issuer_serial: Mapped[str] = mapped_column(ForeignKey("certificates.serial_number"))
