"""The rows of anchoring: what was seen on the chain, what was sent to it, and every anchor that it holds."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Integer, LargeBinary, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from ledger.models import Base


class AnchorLookRow(Base):
    """The last look at one chain. chain: `eip155:<chain>:<contract>`.

    size, root: what stands there for good, as the block of that number has it; newest_size: what its newest block says.
    proposed_at: when the last new anchor was sent off. alarm: why the chain and the log contradict one another. trouble:
    what kept the last run from doing its work, in words without addresses.
    """

    __tablename__ = "anchor_looks"
    __table_args__ = (
        CheckConstraint("octet_length(root) = 32", name="root"),
        {"info": {"app_select": "true"}},
    )

    chain: Mapped[str] = mapped_column(Text, primary_key=True)
    looked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes]
    newest_size: Mapped[int] = mapped_column(BigInteger)
    block_number: Mapped[int] = mapped_column(BigInteger)
    proposed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    alarm: Mapped[str | None] = mapped_column(Text)
    trouble: Mapped[str | None] = mapped_column(Text)


class AnchorAttemptRow(Base):
    """A transaction that is under way: kept before it is sent, gone when its fate is settled.

    All rows of a chain have one nonce, so that at most one of them can ever stand in a block; number: 1 for the first,
    2 for what replaces it at a higher fee. raw: the signed transaction; price, tip: what it offers, in wei.
    """

    __tablename__ = "anchor_attempts"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("octet_length(hash) = 32", name="hash"),
    )

    chain: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    nonce: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    price: Mapped[int] = mapped_column(Numeric(78, 0))
    tip: Mapped[int | None] = mapped_column(Numeric(78, 0))
    signed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AnchorRow(Base):
    """An anchor that the chain holds for good, as its event tells; seen_at is our own time, blocks' times are not used."""

    __tablename__ = "anchors"
    __table_args__ = (
        CheckConstraint("octet_length(root) = 32", name="root"),
        {"info": {"app_select": "true"}},
    )

    chain: Mapped[str] = mapped_column(Text, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    root: Mapped[bytes]
    block_number: Mapped[int] = mapped_column(BigInteger)
    block_hash: Mapped[bytes]
    transaction: Mapped[bytes]
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
