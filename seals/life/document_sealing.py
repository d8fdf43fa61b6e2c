"""A seal on a file that is no licence: who may is asked, the use is opened, the file sealed, the use closed.

1. The seal is chosen for this person or system, or the refusal recorded; committed.
2. The sealer is made: a key that cannot be had shows before anything is opened.
3. The use is admitted and opened; committed before anything is signed.
4. Sealed, outside any transaction. What the file itself makes impossible is found before the key is asked, and the use
   abandoned; whatever else fails may have signed, and leaves a possible use.
5. Seal and grant are looked at again under lock, and the use is closed; only then the sealed file counts.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.actor import Actor
from seals import store
from seals.errors import SealError, SealUnknown
from seals.life.choosing import Choice, Denial, choose_seal
from seals.life.grants import DOCUMENTS, Seal
from seals.life.life_errors import MatterRefused
from seals.life.uses import Ending, Opening, Refusal, UseBook
from seals.life.words import fits
from seals.pdf.errors import SealKeyUnusable

_MOST_COPIES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class DocumentWanted:
    """A file to be sealed. matter: what it is, in words; number: of the document; copies: how many are printed."""

    seal: UUID
    matter: str
    number: str | None = None
    copies: int = 1

    def __post_init__(self) -> None:
        """Refuse what the register could not show; raises MatterRefused."""
        for member, text in (("matter", self.matter), ("number", self.number or "无")):
            if not fits(text):
                raise MatterRefused(reason=member)
        if not 0 < self.copies <= _MOST_COPIES:
            raise MatterRefused(reason="copies")


@dataclass(frozen=True, slots=True)
class Made:
    """A sealed file. document: `sha-256:<hex>`, the digest by which records know the document."""

    data: bytes = field(repr=False)
    document: str


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """A file that was sealed and entered. use: its record."""

    use: UUID
    seal: Seal
    made: Made


Make: TypeAlias = Callable[[datetime], Made]
Sessions: TypeAlias = Callable[[], AbstractContextManager[Session]]


class DocumentSealing:
    """Seals files, one at a time. sessions: opens a transaction that is committed at the end of its block."""

    def __init__(self, sessions: Sessions, uses: UseBook) -> None:
        self._sessions = sessions
        self._uses = uses

    def seal(
        self, wanted: DocumentWanted, actor: Actor, clock: Callable[[], datetime], prepare: Callable[[Seal], Make]
    ) -> SealedDocument:
        """Seal a file; `prepare` opens the seal's key and returns what seals.

        Raises SealUnknown, SealStopped, SealCertificateNotValid, SealNotGranted, SealNotAuthorised, DailyLimitReached, and
        what making the file raises.
        """
        choice = self._choose(wanted, actor, clock())
        make = prepare(choice.seal)
        use = self._open(wanted, choice, actor, clock())
        try:
            made = make(clock())
        except SealError as error:
            if not isinstance(error, SealKeyUnusable):
                with self._sessions() as session:
                    self._uses.abandon(session, [use], clock())
            raise
        self._close(use, choice, wanted, made, actor, clock())
        return SealedDocument(use, choice.seal, made)

    def _choose(self, wanted: DocumentWanted, actor: Actor, now: datetime) -> Choice:
        with self._sessions() as session:
            row = store.seal_by_id(session, wanted.seal)
            if row is None:
                raise SealUnknown(seal=str(wanted.seal))
            chosen = choose_seal(
                session,
                organisation=row.organisation,
                licence_type=DOCUMENTS,
                kind=row.kind,
                actor=actor,
                now=now,
                only=row.id,
            )
            if isinstance(chosen, Denial):
                self._refuse(session, chosen, wanted, actor, now)
        if isinstance(chosen, Denial):
            raise chosen.error
        return chosen

    def _open(self, wanted: DocumentWanted, choice: Choice, actor: Actor, now: datetime) -> UUID:
        with self._sessions() as session:
            [refused] = self._uses.admit(session, [choice.use], now)
            if refused is None:
                opening = Opening(choice.use, None, wanted.matter, wanted.number, wanted.copies)
                [use] = self._uses.open(session, [opening], actor, now)
            else:
                self._refuse(session, Denial(refused, *choice.use), wanted, actor, now)
        if refused is not None:
            raise refused
        return use

    def _close(
        self, use: UUID, choice: Choice, wanted: DocumentWanted, made: Made, actor: Actor, now: datetime
    ) -> None:
        with self._sessions() as session:
            refused = self._uses.look_again(session, [choice.use], now).get(choice.use)
            ending = Ending(use, choice.use, actor, made.document, wanted.number, refused)
            self._uses.close(session, [ending], now)
        if refused is not None:
            raise refused

    def _refuse(self, session: Session, denial: Denial, wanted: DocumentWanted, actor: Actor, now: datetime) -> None:
        self._uses.refuse(session, [Refusal(denial, wanted.matter, wanted.number)], actor, now)
