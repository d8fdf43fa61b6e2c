"""The anchors that the chain holds for good, told by its events: filled in after a restart, and again after a re-organisation."""

import logging
from datetime import datetime
from typing import Final

from ledger.anchor import store
from ledger.anchor.chain import AnchoredState, AnchorEvent, Chain
from ledger.anchor.errors import AnchorContradiction
from ledger.anchor.reading import PublishedLog
from ledger.log.sequencer import Sessions

_LOG: Final = logging.getLogger(__name__)
BLOCKS: Final = 5_000
"""How many blocks are asked about at once: many nodes answer for no more."""


class History:
    """Keeps the rows of anchors in step with the chain. first_block: no anchor of ours stands before it."""

    def __init__(self, sessions: Sessions, chain: Chain, log_id: bytes, first_block: int = 0) -> None:
        self._sessions = sessions
        self._chain = chain
        self._log_id = log_id
        self._first_block = first_block

    def follow(self, state: AnchoredState, log: PublishedLog, now: datetime) -> None:
        """Take in what became final since the last time; raises AnchorContradiction."""
        newest = self._still_there(state)
        if state.final.size <= (newest.event.size if newest else 0):
            return
        # The block of the newest one again: it may hold more than one anchor. How far we asked before is not kept: a node
        # may have told its blocks sooner than their events.
        first = max(self._first_block, newest.event.block_number if newest else 0)
        while first <= state.block.number:
            last = min(first + BLOCKS - 1, state.block.number)
            events = self._chain.events(self._log_id, first, last)
            for event in events:
                _require_ours(event, log)
            with self._sessions() as session:
                store.add_anchors(session, self._chain.id, events, now)
            first = last + 1

    def _still_there(self, state: AnchoredState) -> store.StoredAnchor | None:
        """Return the newest row whose block the chain still has, or will have; the rows above it are forgotten."""
        while True:
            with self._sessions() as session:
                newest = store.newest_anchor(session, self._chain.id)
            # A node that has not come so far says nothing about it: that is no re-organisation.
            if newest is None or newest.event.block_number > state.block.number:
                return newest
            block = self._chain.node.block(newest.event.block_number)
            if block is not None and block.hash == newest.event.block_hash:
                return newest
            _LOG.warning("the chain was re-organised below the anchor of %d entries", newest.event.size)
            with self._sessions() as session:
                store.forget_anchors(session, self._chain.id, newest.event.block_number)


def _require_ours(event: AnchorEvent, log: PublishedLog) -> None:
    if not log.holds(event.size, event.root):
        raise AnchorContradiction(reason=f"an anchor of {event.size} entries has a root that is not the log's")
