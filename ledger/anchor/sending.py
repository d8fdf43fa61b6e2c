"""The one transaction that is under way: kept before it is sent, chased until its fate is known.

Whatever becomes of it, the chain says what is anchored; here it is only seen to that an account's transactions follow one
another without a gap. All attempts at one nonce are kept, since any of them may be the one that a block takes.

    in a block, and final      done
    in a block, not yet final  wait: a re-organisation may take it out again
    failed in its block        forget it, and look again at what is to be anchored
    nowhere (dropped)          send the same bytes again
    waiting too long           sign for the same nonce at a higher fee
    its nonce is used up       another transaction took its place: forget it
    a nonce before it is free  one before it was taken out of the chain: forget it, and begin at the free one
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ledger.anchor import store
from ledger.anchor.accounts import ChainAccount
from ledger.anchor.chain import Block, Chain, Growth, Receipt
from ledger.anchor.fees import FeePolicy
from ledger.anchor.store import Attempt
from ledger.log.sequencer import Sessions

_LOG: Final = logging.getLogger(__name__)


class Sending:
    """Sends one account's anchors of one log to one chain; several processes may do so side by side.

    patience: how long a transaction may wait before it offers more.
    """

    def __init__(
        self,
        sessions: Sessions,
        chain: Chain,
        account: ChainAccount,
        log_id: bytes,
        *,
        fees: FeePolicy,
        patience: timedelta,
    ) -> None:
        self._sessions = sessions
        self._chain = chain
        self._node = chain.node
        self._account = account
        self._log_id = log_id
        self._fees = fees
        self._patience = patience

    def begin(self, growth: Growth, now: datetime) -> None:
        """Send a new anchor; raises ChainRefused."""
        nonce = self._node.nonce(self._account.address)
        fee = self._fees.first(*self._node.prices())
        signed = self._chain.draft(self._account, self._log_id, growth, nonce=nonce, fee=fee)
        self._keep_and_send(Attempt(1, nonce, growth.size, signed, fee, now))

    def settled(self, final: Block, growth: Callable[[], Growth | None], now: datetime) -> bool:
        """Chase what is under way; tell whether nothing is any more.

        growth: what is to be anchored at present, asked when a transaction is to be replaced. Raises ChainRefused.
        """
        with self._sessions() as session:
            attempts = store.attempts(session, self._chain.id)
        if not attempts:
            return True
        receipt = self._receipt(attempts)
        if receipt is None:
            return self._chased(attempts, growth, now)
        if not receipt.succeeded:
            _LOG.warning("an anchor of %d entries failed in block %d", attempts[-1].size, receipt.block_number)
        elif receipt.block_number > final.number:
            return False
        self._forget(attempts)
        return True

    def _receipt(self, attempts: list[Attempt]) -> Receipt | None:
        receipts = (self._node.receipt(attempt.transaction.hash) for attempt in attempts)
        return next((found for found in receipts if found is not None), None)

    def _chased(self, attempts: list[Attempt], growth: Callable[[], Growth | None], now: datetime) -> bool:
        """Look after attempts that stand in no block; tell whether they are given up."""
        last = attempts[-1]
        # One of tomorrow was signed by a wrong clock: it may have waited for any time.
        waited = abs(now - last.signed_at) >= self._patience
        count = self._node.nonce(self._account.address)
        if count > last.nonce:
            if self._receipt(attempts) is not None:
                # A block came between the two questions: the next look judges it.
                return False
            _LOG.warning("another transaction of the publisher took the place of an anchor of %d entries", last.size)
            self._forget(attempts)
            return True
        if count < last.nonce:
            # A node that lags behind would look the same, so not at once.
            if waited:
                _LOG.warning("the transaction before an anchor of %d entries has left the chain", last.size)
                self._forget(attempts)
            return waited
        if waited:
            self._replace(last, growth(), now)
        elif not any(self._node.knows(attempt.transaction.hash) for attempt in attempts):
            self._node.send(last.transaction)
        return False

    def _replace(self, last: Attempt, growth: Growth | None, now: datetime) -> None:
        """Offer more for the same nonce, and anchor what is newest now; where no more may be offered, send it again."""
        fee = self._fees.raised(last.fee, self._fees.first(*self._node.prices()))
        if fee is None or growth is None:
            self._node.send(last.transaction)
            return
        signed = self._chain.draft(self._account, self._log_id, growth, nonce=last.nonce, fee=fee)
        _LOG.warning("an anchor of %d entries waits too long: offering %d wei a gas", last.size, fee.price)
        self._keep_and_send(Attempt(last.number + 1, last.nonce, growth.size, signed, fee, now))

    def _keep_and_send(self, attempt: Attempt) -> None:
        """Commit before sending: what a crash leaves unsent is sent by the next run, and never signed twice."""
        with self._sessions() as session:
            ours = store.add_attempt(session, self._chain.id, attempt)
        # Another anchorer was first: its transaction is chased at the next look.
        if ours:
            self._node.send(attempt.transaction)

    def _forget(self, attempts: list[Attempt]) -> None:
        with self._sessions() as session:
            store.settle_attempts(session, self._chain.id, attempts[0].nonce)
