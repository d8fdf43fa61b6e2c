"""The anchorer: brings published checkpoints of the log onto the chain, and compares the two at every look.

    look     what the contract holds, then what the log publishes; each anchored root is compared with our tiles
    follow   the events that became final are written down
    settle   the transaction under way is chased: see sending.py
    propose  where nothing is under way and the log has grown, the consistency proof is made and sent

Any number may run. Only the contract decides what is anchored: a repeat, a late or a stale transaction is refused there
and changes nothing. No call to the chain runs inside a transaction of the database.
"""

import logging
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ledger.anchor import store
from ledger.anchor.accounts import ChainAccount
from ledger.anchor.chain import AnchoredHead, AnchoredState, Chain, Finality, Growth
from ledger.anchor.contract_code import log_id
from ledger.anchor.errors import AnchorContradiction, ChainError
from ledger.anchor.fees import FeePolicy
from ledger.anchor.history import History
from ledger.anchor.reading import PublishedLog
from ledger.anchor.sending import Sending
from ledger.anchor.store import Look
from ledger.errors import DomainError, FatalLedgerError
from ledger.formats.notes import Vkey
from ledger.log.sequencer import Sessions
from ledger.log.served import tile_fetch
from ledger.objects.objects import ObjectStore, ObjectStoreUnavailable

_LOG: Final = logging.getLogger(__name__)
_PASSING: Final = (ChainError, OperationalError, InterfaceError, PoolTimeout, ObjectStoreUnavailable)
"""What a later look may not meet again: the node restarts, the account has no coin, the database is away."""
_LONGEST_PAUSE: Final = 60.0


@dataclass(frozen=True, slots=True)
class AnchorPolicy:
    """How the chain is used.

    finality: which blocks are believed. every: the least time between two anchors. patience: how long a transaction may
    wait before it offers more. first_block: no anchor of ours stands before it.
    """

    finality: Finality = 0
    every: timedelta = timedelta(minutes=1)
    patience: timedelta = timedelta(minutes=1)
    fees: FeePolicy = field(default_factory=FeePolicy)
    first_block: int = 0


class Anchorer:
    """Anchors the log of one key on one chain. sessions: of the worker; account: the log's publisher."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        objects: ObjectStore,
        vkey: Vkey,
        chain: Chain,
        account: ChainAccount,
        policy: AnchorPolicy = AnchorPolicy(),
    ) -> None:
        self._sessions = sessions
        self._objects = objects
        self._vkey = vkey
        self._chain = chain
        self._policy = policy
        self._log_id = log_id(vkey.name)
        self._history = History(sessions, chain, self._log_id, policy.first_block)
        self._sending = Sending(sessions, chain, account, self._log_id, fees=policy.fees, patience=policy.patience)

    def run(self, stop: threading.Event, interval: float = 5.0) -> None:
        """Anchor until told to stop, looking every `interval` seconds.

        A contradiction is an alarm at every look, and nothing is sent while it lasts; the house goes on working.
        """
        pause = interval
        while not stop.is_set():
            try:
                self.run_once(datetime.now(UTC))
                pause = interval
            except FatalLedgerError as error:
                _LOG.critical("ALARM: %s (%s)", error.message("en"), error.code)
                self._note(error)
                pause = _LONGEST_PAUSE
            except _PASSING as error:
                _LOG.warning("the anchorer tries again: %s", _words(error))
                self._note(error)
                pause = min(2 * pause, _LONGEST_PAUSE)
            stop.wait(pause)

    def run_once(self, now: datetime) -> Look:
        """Look, and do what is next; return what was seen.

        Raises AnchorContradiction and other FatalLedgerErrors, ChainError, and what database and object store raise.
        """
        state, log = self._look(now)
        if log is not None:
            self._history.follow(state, log, now)
            if self._sending.settled(state.block, lambda: self._growth(state.newest, log), now):
                self._propose(state.newest, log, now)
        return self._seen(state, now)

    def _look(self, now: datetime) -> tuple[AnchoredState, PublishedLog | None]:
        # In this order: what is published later can only be larger than what was anchored of it.
        state = self._chain.state(self._log_id, self._policy.finality)
        log = PublishedLog.read(tile_fetch(self._objects), self._vkey)
        alarm = _contradiction(state, log)
        seen = self._seen(state, now, alarm)
        with self._sessions() as session:
            store.write_look(session, seen)
        if alarm is not None:
            raise AnchorContradiction(reason=alarm)
        return state, log

    def _seen(self, state: AnchoredState, now: datetime, alarm: str | None = None) -> Look:
        final, newest = state.final, state.newest
        return Look(self._chain.id, now, final.size, final.root, newest.size, state.block.number, alarm)

    def _growth(self, head: AnchoredHead, log: PublishedLog) -> Growth | None:
        """Return what is to be anchored, None if the log has not grown; raises FatalLedgerError."""
        size, root = log.checkpoint.size, log.checkpoint.root
        if size <= head.size:
            return None
        proof = log.proof(head.size, size) if head.size else ()
        return Growth(head.size, size, root, proof)

    def _propose(self, head: AnchoredHead, log: PublishedLog, now: datetime) -> None:
        growth = self._growth(head, log)
        if growth is None:
            return
        with self._sessions() as session:
            before = store.proposed_at(session, self._chain.id)
        # One of tomorrow was that of a wrong clock.
        if before is None or abs(now - before) >= self._policy.every:
            self._sending.begin(growth, now)

    def _note(self, error: Exception) -> None:
        """Write down what went wrong, for `elicence anchor status`; where even that fails, the log file has it."""
        try:
            chain = self._chain.id  # may ask the node: not while a transaction is open
            with self._sessions() as session:
                if isinstance(error, FatalLedgerError):
                    store.write_alarm(session, chain, error.reason)
                else:
                    store.write_trouble(session, chain, _words(error))
        except (ChainError, SQLAlchemyError):
            return


def _words(error: Exception) -> str:
    """Return what may be told of an error: nothing of a library's own words, in which addresses stand."""
    return error.message("en") if isinstance(error, DomainError) else type(error).__name__


def _contradiction(state: AnchoredState, log: PublishedLog | None) -> str | None:
    """Return why chain and log cannot both be right, None if they can; raises FatalLedgerError if a tile is missing."""
    for head in (state.final, state.newest):
        if head.size == 0:
            continue
        if log is None or head.size > log.checkpoint.size:
            published = 0 if log is None else log.checkpoint.size
            return f"{head.size} entries are anchored, but only {published} are published"
        if not log.holds(head.size, head.root):
            return f"the root anchored for {head.size} entries is not the root of the log"
    return None
