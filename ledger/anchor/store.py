"""The queries of anchoring."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ledger.anchor.accounts import SignedTransaction
from ledger.anchor.chain import AnchorEvent
from ledger.anchor.fees import Fee
from ledger.anchor.models import AnchorAttemptRow, AnchorLookRow, AnchorRow

_CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""What the clocks of machines that anchor side by side may differ by."""


@dataclass(frozen=True, slots=True)
class Look:
    """The last look at a chain: what stands there for good, what its newest block says, and what is wrong."""

    chain: str
    looked_at: datetime
    size: int
    root: bytes
    newest_size: int
    block_number: int
    alarm: str | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A transaction that is under way."""

    number: int
    nonce: int
    size: int
    transaction: SignedTransaction
    fee: Fee
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class StoredAnchor:
    """An anchor that the chain held when we last looked, and when we first saw it."""

    event: AnchorEvent
    seen_at: datetime


def write_look(session: Session, look: Look) -> None:
    """Keep a look in the place of the one before, unless that is newer; one of tomorrow was that of a wrong clock."""
    values = {
        "looked_at": look.looked_at,
        "size": look.size,
        "root": look.root,
        "newest_size": look.newest_size,
        "block_number": look.block_number,
        "alarm": look.alarm,
        "trouble": look.trouble,
    }
    session.execute(
        insert(AnchorLookRow)
        .values(chain=look.chain, **values)
        .on_conflict_do_update(
            index_elements=["chain"],
            set_=values,
            where=or_(
                AnchorLookRow.looked_at <= look.looked_at, AnchorLookRow.looked_at > look.looked_at + _CLOCKS_DIFFER
            ),
        )
    )


def look(session: Session, chain: str | None = None) -> Look | None:
    """Return the last look at a chain, or at the one that was looked at last; None if nobody has looked."""
    query = select(AnchorLookRow).order_by(AnchorLookRow.looked_at.desc()).limit(1)
    row = session.scalar(query if chain is None else query.where(AnchorLookRow.chain == chain))
    if row is None:
        return None
    return Look(row.chain, row.looked_at, row.size, row.root, row.newest_size, row.block_number, row.alarm, row.trouble)


def write_trouble(session: Session, chain: str, words: str) -> None:
    """Keep what kept a run from doing its work; the next look that goes well takes it away."""
    session.execute(update(AnchorLookRow).where(AnchorLookRow.chain == chain).values(trouble=words))


def write_alarm(session: Session, chain: str, words: str) -> None:
    """Keep why nothing may be anchored; the next look that goes well takes it away."""
    session.execute(update(AnchorLookRow).where(AnchorLookRow.chain == chain).values(alarm=words))


def forget_look(session: Session, chain: str) -> None:
    """Forget a chain that is no longer looked at; what it held stays known."""
    session.execute(delete(AnchorLookRow).where(AnchorLookRow.chain == chain))


def proposed_at(session: Session, chain: str) -> datetime | None:
    """Return when the last new anchor was sent to a chain."""
    return session.scalar(select(AnchorLookRow.proposed_at).where(AnchorLookRow.chain == chain))


def attempts(session: Session, chain: str) -> list[Attempt]:
    """Return the transactions that are under way, the first one first."""
    rows = session.scalars(
        select(AnchorAttemptRow).where(AnchorAttemptRow.chain == chain).order_by(AnchorAttemptRow.number)
    )
    return [_attempt(row) for row in rows]


def add_attempt(session: Session, chain: str, attempt: Attempt) -> bool:
    """Keep a transaction before it is sent; tell whether it was ours to keep: no other anchorer was first.

    What replaces another is kept only while that one is under way: it may be settled by now, and its nonce used up.
    """
    if attempt.number > 1 and not _is_under_way(session, chain, attempt.number - 1, attempt.nonce):
        return False
    added = session.execute(
        insert(AnchorAttemptRow)
        .values(
            chain=chain,
            number=attempt.number,
            nonce=attempt.nonce,
            size=attempt.size,
            hash=attempt.transaction.hash,
            raw=attempt.transaction.raw,
            price=attempt.fee.price,
            tip=attempt.fee.tip,
            signed_at=attempt.signed_at,
        )
        .on_conflict_do_nothing()
        .returning(AnchorAttemptRow.number)
    ).first()
    if added is None:
        return False
    session.execute(update(AnchorLookRow).where(AnchorLookRow.chain == chain).values(proposed_at=attempt.signed_at))
    return True


def _is_under_way(session: Session, chain: str, number: int, nonce: int) -> bool:
    """Tell whether an attempt is there, and keep it there until the caller's transaction ends."""
    query = select(AnchorAttemptRow.number).where(
        AnchorAttemptRow.chain == chain, AnchorAttemptRow.number == number, AnchorAttemptRow.nonce == nonce
    )
    return session.scalar(query.with_for_update()) is not None


def settle_attempts(session: Session, chain: str, nonce: int) -> None:
    """Forget the transactions of a nonce: their fate is known."""
    session.execute(delete(AnchorAttemptRow).where(AnchorAttemptRow.chain == chain, AnchorAttemptRow.nonce == nonce))


def newest_anchor(session: Session, chain: str) -> StoredAnchor | None:
    """Return the largest anchor that was seen."""
    row = session.scalar(select(AnchorRow).where(AnchorRow.chain == chain).order_by(AnchorRow.size.desc()).limit(1))
    return None if row is None else _anchor(row)


def anchors(session: Session, chain: str, limit: int = 100) -> list[StoredAnchor]:
    """Return the largest anchors that were seen, the newest first."""
    rows = session.scalars(
        select(AnchorRow).where(AnchorRow.chain == chain).order_by(AnchorRow.size.desc()).limit(limit)
    )
    return [_anchor(row) for row in rows]


def first_anchor_over(session: Session, chain: str, size: int) -> StoredAnchor | None:
    """Return the first anchor of a tree of at least that size: since when an entry below it is on the chain."""
    row = session.scalar(
        select(AnchorRow).where(AnchorRow.chain == chain, AnchorRow.size >= size).order_by(AnchorRow.size).limit(1)
    )
    return None if row is None else _anchor(row)


def count_anchors(session: Session, chain: str) -> int:
    """Return how many anchors were seen."""
    return session.scalar(select(func.count()).select_from(AnchorRow).where(AnchorRow.chain == chain)) or 0


def add_anchors(session: Session, chain: str, events: Sequence[AnchorEvent], now: datetime) -> None:
    """Keep anchors that the chain holds; those that are there already stay as they were first seen."""
    if not events:
        return
    rows = [
        {
            "chain": chain,
            "size": event.size,
            "root": event.root,
            "block_number": event.block_number,
            "block_hash": event.block_hash,
            "transaction": event.transaction,
            "seen_at": now,
        }
        for event in events
    ]
    session.execute(insert(AnchorRow).on_conflict_do_nothing(), rows)


def forget_anchors(session: Session, chain: str, from_block: int) -> None:
    """Forget the anchors from a block on: the chain has other blocks there now."""
    session.execute(delete(AnchorRow).where(AnchorRow.chain == chain, AnchorRow.block_number >= from_block))


def _attempt(row: AnchorAttemptRow) -> Attempt:
    fee = Fee(int(row.price), None if row.tip is None else int(row.tip))
    return Attempt(row.number, row.nonce, row.size, SignedTransaction(row.raw, row.hash), fee, row.signed_at)


def _anchor(row: AnchorRow) -> StoredAnchor:
    event = AnchorEvent(row.size, row.root, row.block_number, row.block_hash, row.transaction)
    return StoredAnchor(event, row.seen_at)
