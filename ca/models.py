"""The rows of this package: the certificates that were issued. All of it is public; no key stands in the database."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ca.profiles import PROFILES

metadata = MetaData(
    schema="ca",
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    },
)


class Base(DeclarativeBase):
    """The base of this package's rows."""

    metadata = metadata


class CertificateRow(Base):
    """A certificate that we issued.

    `serial_number`, `issuer_serial`: 40 lower-case hexadecimal digits, a root being its own issuer; `subject`: as one
    line for people; `key_name`: of its private key in the key folder.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        CheckConstraint(f"profile IN ({', '.join(repr(name) for name in PROFILES)})", name="profile"),
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
