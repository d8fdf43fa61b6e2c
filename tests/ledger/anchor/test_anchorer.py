"""The anchorer on a real node and a real database: everything that becomes of a transaction, and a restart at any time."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from api.database import Database
from api.schema import Role
from ledger.anchor import history, store
from ledger.anchor.accounts import KeyAccount, SignedTransaction
from ledger.anchor.administration import complete, set_publisher
from ledger.anchor.anchorer import Anchorer, AnchorPolicy
from ledger.anchor.chain import Growth
from ledger.anchor.contract_code import log_id
from ledger.anchor.errors import AnchorContradiction, ChainRefused, ChainUnavailable
from ledger.anchor.fees import Fee, FeePolicy
from ledger.anchor.reading import PublishedLog
from ledger.anchor.web3_client import Web3Chain, Web3Node
from ledger.errors import FatalLedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.log.served import tile_fetch
from tests.ledger.anchor.anvil import Anvil
from tests.ledger.anchor.city import City
from tests.ledger.local_keys import ORIGIN

NewAnchorer = Callable[..., Anchorer]
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OFTEN = AnchorPolicy(every=timedelta())
SURE = AnchorPolicy(every=timedelta(), finality=2)
LOG = log_id(ORIGIN)


def later(minutes: int) -> datetime:
    return NOW + minutes * MINUTE


def anchored(chain: Web3Chain) -> int:
    return chain.state(LOG, 0).newest.size


def attempts(database: Database, chain: Web3Chain) -> list[store.Attempt]:
    with database.session(Role.WORKER) as session:
        return store.attempts(session, chain.id)


def anchors(database: Database, chain: Web3Chain) -> list[int]:
    with database.session(Role.WORKER) as session:
        return [found.event.size for found in store.anchors(session, chain.id)]


# --- the usual way -------------------------------------------------------------------------------------------------


def test_a_growing_log_is_anchored_and_a_repeat_does_nothing(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, publisher: KeyAccount, database: Database
) -> None:
    ours = anchorer(OFTEN)
    for minute, size in enumerate((3, 256, 1000)):
        city.publish(size)
        ours.run_once(later(2 * minute))
        look = ours.run_once(later(2 * minute + 1))
        assert (look.size, look.root, look.newest_size) == (size, city.root, size)
    for minute in range(10, 13):
        anchorer(OFTEN).run_once(later(minute))
    assert chain.node.nonce(publisher.address) == 3
    assert attempts(database, chain) == []
    assert anchors(database, chain) == [1000, 256, 3]


def test_before_the_first_checkpoint_there_is_nothing_to_do(
    anchorer: NewAnchorer, chain: Web3Chain, publisher: KeyAccount
) -> None:
    assert anchorer(OFTEN).run_once(NOW).size == 0
    assert chain.node.nonce(publisher.address) == 0


def test_an_empty_log_is_not_anchored(anchorer: NewAnchorer, city: City, chain: Web3Chain) -> None:
    city.publish_as(
        Checkpoint(ORIGIN, 0, bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
    )
    anchorer(OFTEN).run_once(NOW)
    assert anchored(chain) == 0


def test_anchors_keep_their_distance_also_over_a_restart(anchorer: NewAnchorer, city: City, chain: Web3Chain) -> None:
    policy = AnchorPolicy(every=10 * MINUTE)
    city.publish(5)
    anchorer(policy).run_once(NOW)
    anchorer(policy).run_once(later(1))
    city.publish(9)
    anchorer(policy).run_once(later(9))
    assert anchored(chain) == 5
    anchorer(policy).run_once(later(10))
    assert anchored(chain) == 9


@pytest.mark.parametrize("fees", [FeePolicy("legacy"), FeePolicy("legacy", 2 * 10**9), FeePolicy("eip1559", 1)])
def test_every_kind_of_fee(anchorer: NewAnchorer, city: City, chain: Web3Chain, fees: FeePolicy) -> None:
    city.publish(5)
    anchorer(AnchorPolicy(fees=fees)).run_once(NOW)
    assert anchored(chain) == 5


def test_a_network_without_fees(anchorer: NewAnchorer, city: City, chain: Web3Chain, anvil: Anvil) -> None:
    anvil.ask("anvil_setNextBlockBaseFeePerGas", "0x0")
    city.publish(5)
    anchorer(AnchorPolicy(fees=FeePolicy.free())).run_once(NOW)
    assert anchored(chain) == 5


# --- what becomes of a transaction ---------------------------------------------------------------------------------


def test_a_stuck_transaction_is_replaced_at_a_higher_fee_and_carries_what_is_newest(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, anvil: Anvil, publisher: KeyAccount, database: Database
) -> None:
    anvil.stop_mining()
    city.publish(5)
    anchorer(OFTEN).run_once(NOW)
    city.publish(9)
    anchorer(OFTEN).run_once(NOW + MINUTE / 2)
    assert [attempt.size for attempt in attempts(database, chain)] == [5]
    anchorer(OFTEN).run_once(later(1))
    first, second = attempts(database, chain)
    assert (first.nonce, first.size, second.nonce, second.size) == (0, 5, 0, 9)
    assert second.fee.price >= first.fee.price * 11 // 10
    assert anvil.waiting() == [second.transaction.hash]
    anvil.mine()
    anchorer(OFTEN).run_once(later(2))
    assert anchored(chain) == 9
    assert attempts(database, chain) == []
    assert chain.node.nonce(publisher.address) == 1


def test_the_replaced_transaction_may_be_the_one_that_a_block_takes(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, anvil: Anvil, database: Database
) -> None:
    """A miner need not have heard of the second one: the receipt of any attempt counts."""
    anvil.stop_mining()
    city.publish(5)
    anchorer(OFTEN).run_once(NOW)
    city.publish(9)
    anchorer(OFTEN).run_once(later(1))
    first, second = attempts(database, chain)
    anvil.drop(second.transaction.hash)
    chain.node.send(first.transaction)
    anvil.mine()
    ours = anchorer(OFTEN)
    ours.run_once(later(2))
    assert anchored(chain) == 5
    anvil.mine()
    ours.run_once(later(3))
    assert anchored(chain) == 9
    assert attempts(database, chain) == []


def test_pending_for_ever_ends_at_the_cap(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, anvil: Anvil, database: Database
) -> None:
    anvil.stop_mining()
    city.publish(5)
    policy = AnchorPolicy(fees=FeePolicy("eip1559", 10**9, cap=6 * 10**9))
    for minute in range(30):
        anchorer(policy).run_once(later(minute))
    prices = [attempt.fee.price for attempt in attempts(database, chain)]
    assert prices == sorted(set(prices))
    assert len(prices) > 2
    assert prices[-1] <= 6 * 10**9
    assert anvil.waiting() == [attempts(database, chain)[-1].transaction.hash]


def test_a_dropped_transaction_is_sent_again_byte_for_byte(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, anvil: Anvil, database: Database
) -> None:
    anvil.stop_mining()
    city.publish(5)
    anchorer(OFTEN).run_once(NOW)
    (sent,) = attempts(database, chain)
    anvil.drop(sent.transaction.hash)
    assert anvil.waiting() == []
    anchorer(OFTEN).run_once(NOW + MINUTE / 2)
    assert anvil.waiting() == [sent.transaction.hash]
    assert attempts(database, chain) == [sent]


def test_another_transaction_in_its_place(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, anvil: Anvil, publisher: KeyAccount, database: Database
) -> None:
    """Somebody uses the publisher's key by hand: the nonce is gone, the anchor is not."""
    anvil.stop_mining()
    city.publish(5)
    ours = anchorer(OFTEN)
    ours.run_once(NOW)
    (sent,) = attempts(database, chain)
    anvil.drop(sent.transaction.hash)
    other = {"to": publisher.address, "value": 0, "gas": 21_000, "nonce": 0, "chainId": chain.node.chain_id}
    chain.node.send(publisher.sign(other | Fee(10**11, 10**9).members()))
    anvil.mine()
    ours.run_once(later(1))
    anvil.mine()
    assert ours.run_once(later(2)).size == 5
    assert attempts(database, chain) == []
    assert chain.node.nonce(publisher.address) == 2


def test_a_transaction_that_fails_in_its_block(
    anchorer: NewAnchorer,
    city: City,
    chain: Web3Chain,
    anvil: Anvil,
    administrator: KeyAccount,
    publisher: KeyAccount,
    database: Database,
) -> None:
    """The administrator stops the publisher while an anchor waits; nothing is sent in vain after that."""
    anvil.stop_mining()
    city.publish(5)
    ours = anchorer(OFTEN)
    ours.run_once(NOW)
    fee = Fee(10**12, 10**11)
    arguments = (ORIGIN, anvil.rich().address)
    chain.node.send(chain.signed(administrator, "set_publisher", arguments, gas=300_000, nonce=2, fee=fee))
    anvil.mine()
    for minute in (1, 2, 3):
        with pytest.raises(ChainRefused) as caught:
            ours.run_once(later(minute))
        assert "not the publisher" in caught.value.reason
    assert anchored(chain) == 0
    assert attempts(database, chain) == []
    assert chain.node.nonce(publisher.address) == 1
    anvil.mine_at_once()
    set_publisher(chain, administrator, ORIGIN, publisher.address, FeePolicy())
    ours.run_once(later(4))
    assert anchored(chain) == 5


# --- re-organisations ----------------------------------------------------------------------------------------------


def test_an_anchor_counts_when_its_block_is_final(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, anvil: Anvil, database: Database
) -> None:
    city.publish(5)
    ours = anchorer(SURE)
    ours.run_once(NOW)
    look = ours.run_once(later(1))
    assert (look.size, look.newest_size) == (0, 5)
    assert anchors(database, chain) == []
    assert len(attempts(database, chain)) == 1
    anvil.mine(2)
    assert ours.run_once(later(2)).size == 5
    assert anchors(database, chain) == [5]
    assert attempts(database, chain) == []


def test_finality_as_the_network_says(anchorer: NewAnchorer, city: City, chain: Web3Chain, anvil: Anvil) -> None:
    city.publish(5)
    ours = anchorer(AnchorPolicy(finality="finalized"))
    ours.run_once(NOW)
    assert ours.run_once(later(1)).size == 0
    anvil.mine(3)
    assert ours.run_once(later(2)).size == 5


@pytest.mark.parametrize("restarted", [False, True])
def test_a_re_organisation_that_loses_the_anchor(
    anchorer: NewAnchorer,
    city: City,
    chain: Web3Chain,
    anvil: Anvil,
    publisher: KeyAccount,
    database: Database,
    *,
    restarted: bool,
) -> None:
    city.publish(5)
    ours = anchorer(SURE)
    ours.run_once(NOW)
    ours.run_once(later(1))
    assert anchored(chain) == 5
    anvil.reorganise(1)
    assert anchored(chain) == 0
    ours = anchorer(SURE) if restarted else ours
    ours.run_once(later(2))
    anvil.mine(3)
    assert ours.run_once(later(3)).size == 5
    assert attempts(database, chain) == []
    assert chain.node.nonce(publisher.address) == 1


def test_a_re_organisation_below_what_was_believed(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, anvil: Anvil, database: Database
) -> None:
    """Too little patience with the chain: what was written down is corrected, and anchored again."""
    ours = anchorer(OFTEN)
    for minute, size in enumerate((5, 9, 12)):
        city.publish(size)
        ours.run_once(later(2 * minute))
        ours.run_once(later(2 * minute + 1))
    assert anchors(database, chain) == [12, 9, 5]
    anvil.reorganise(2)
    assert anchored(chain) == 5
    city.publish(20)
    ours.run_once(later(10))
    ours.run_once(later(11))
    assert anchored(chain) == 20
    assert anchors(database, chain) == [20, 5]


def test_a_nonce_that_became_free_below_ours(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, anvil: Anvil, publisher: KeyAccount, database: Database
) -> None:
    """The transaction before ours left the chain and is never seen again: ours would wait for ever."""
    city.publish(5)
    ours = anchorer(OFTEN)
    ours.run_once(NOW)
    ours.run_once(later(1))
    anvil.stop_mining()
    city.publish(9)
    ours.run_once(later(2))
    assert [attempt.nonce for attempt in attempts(database, chain)] == [1]
    anvil.reorganise(1)
    for waiting in anvil.waiting():
        anvil.drop(waiting)
    assert chain.node.nonce(publisher.address) == 0
    ours.run_once(NOW + 2.5 * MINUTE)
    assert [attempt.nonce for attempt in attempts(database, chain)] == [1]
    ours.run_once(later(3))
    assert [(attempt.nonce, attempt.size) for attempt in attempts(database, chain)] == [(0, 9)]
    anvil.mine()
    ours.run_once(later(4))
    assert anchored(chain) == 9


# --- a crash, and company ------------------------------------------------------------------------------------------


class Faulty:
    """A node that fails at sending: before it took the transaction, or after."""

    def __init__(self, node: Web3Node, *, persisted: bool) -> None:
        self._node, self._persisted = node, persisted
        self.block, self.nonce, self.receipt = node.block, node.nonce, node.receipt
        self.knows, self.prices = node.knows, node.prices

    def send(self, transaction: SignedTransaction) -> None:
        if self._persisted:
            self._node.send(transaction)
        raise ChainUnavailable("ReadTimeout")


class FaultyChain:
    def __init__(self, chain: Web3Chain, *, persisted: bool) -> None:
        self.node = Faulty(chain.node, persisted=persisted)
        self.id, self.state, self.events, self.draft = chain.id, chain.state, chain.events, chain.draft


@pytest.mark.parametrize("persisted", [False, True])
def test_a_crash_around_sending(
    anchorer: NewAnchorer,
    city: City,
    chain: Web3Chain,
    anvil: Anvil,
    publisher: KeyAccount,
    database: Database,
    *,
    persisted: bool,
) -> None:
    anvil.stop_mining()
    city.publish(5)
    with pytest.raises(ChainUnavailable):
        anchorer(OFTEN, chain=FaultyChain(chain, persisted=persisted)).run_once(NOW)
    (kept,) = attempts(database, chain)
    assert anvil.waiting() == ([kept.transaction.hash] if persisted else [])
    anchorer(OFTEN).run_once(NOW + MINUTE / 2)
    assert anvil.waiting() == [kept.transaction.hash]
    anvil.mine()
    anchorer(OFTEN).run_once(later(1))
    assert anchored(chain) == 5
    assert chain.node.nonce(publisher.address) == 1


def test_a_database_that_lost_everything_is_filled_from_the_chain(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, database: Database, publisher: KeyAccount
) -> None:
    for minute, size in enumerate((5, 9, 300)):
        city.publish(size)
        anchorer(OFTEN).run_once(later(minute))
    with database.session(Role.WORKER) as session:
        store.forget_anchors(session, chain.id, 0)
        store.settle_attempts(session, chain.id, 2)
    anchorer(OFTEN).run_once(later(9))
    assert anchors(database, chain) == [300, 9, 5]
    with database.session(Role.WORKER) as session:
        first = store.first_anchor_over(session, chain.id, 7)
        assert store.count_anchors(session, chain.id) == 3
    assert first is not None
    assert first.event.size == 9
    assert chain.node.nonce(publisher.address) == 3


def test_a_long_chain_is_asked_in_parts(
    anchorer: NewAnchorer,
    city: City,
    chain: Web3Chain,
    anvil: Anvil,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "BLOCKS", 10)
    for minute, size in enumerate((5, 9)):
        city.publish(size)
        anchorer(OFTEN).run_once(later(minute))
        anvil.mine(25)
    anchorer(OFTEN).run_once(later(9))
    assert anchors(database, chain) == [9, 5]
    with database.session(Role.WORKER) as session:
        store.forget_anchors(session, chain.id, 0)
    anchorer(AnchorPolicy(first_block=20)).run_once(later(10))
    assert anchors(database, chain) == [9]


def test_many_anchorers_send_one_transaction(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, publisher: KeyAccount, database: Database, anvil: Anvil
) -> None:
    anvil.stop_mining()
    city.publish(5)
    anchorer(OFTEN).run_once(NOW)  # the look's row is there
    with database.session(Role.WORKER) as session:
        store.settle_attempts(session, chain.id, 0)
    for waiting in anvil.waiting():
        anvil.drop(waiting)
    barrier, faults = threading.Barrier(4), []

    def run(ours: Anchorer) -> None:
        barrier.wait()
        try:
            ours.run_once(later(1))
        except ChainRefused as error:  # the node has another's by then
            faults.append(error)

    threads = [threading.Thread(target=run, args=(anchorer(OFTEN),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (kept,) = attempts(database, chain)
    assert anvil.waiting() == [kept.transaction.hash]
    assert faults == []
    anvil.mine()
    anchorer(OFTEN).run_once(later(2))
    assert anchored(chain) == 5
    assert chain.node.nonce(publisher.address) == 1


def test_an_anchorer_elsewhere_that_knows_nothing_of_ours_does_no_harm(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, publisher: KeyAccount, database: Database
) -> None:
    """The stand-by site anchors by another account of the same role, or a copy of the database: the contract decides."""
    city.publish(5)
    ours = anchorer(OFTEN)
    ours.run_once(NOW)
    city.publish(9)
    log = PublishedLog.read(tile_fetch(city.objects), city.vkey)
    assert log is not None
    theirs = chain.draft(publisher, LOG, Growth(5, 9, city.root, log.proof(5, 9)), nonce=1, fee=Fee(10**11, 1))
    complete(chain.node, theirs, 10)
    look = ours.run_once(later(1))
    assert look.size == 9
    assert anchors(database, chain) == [9, 5]
    assert chain.node.nonce(publisher.address) == 2


# --- contradictions ------------------------------------------------------------------------------------------------


def test_a_root_that_is_not_ours_is_an_alarm_and_nothing_is_sent(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, publisher: KeyAccount, database: Database
) -> None:
    city.publish(5)
    anchorer(OFTEN).run_once(NOW)
    forked = City(city.objects, salt="forked")
    forked.publish(9)
    for minute in (1, 2):
        with pytest.raises(AnchorContradiction) as caught:
            anchorer(OFTEN).run_once(later(minute))
        assert "5 entries is not the root of the log" in caught.value.reason
    with database.session(Role.APP) as session:
        look = store.look(session)
    assert look is not None
    assert look.alarm == caught.value.reason
    assert chain.node.nonce(publisher.address) == 1


def test_a_log_that_was_set_back(anchorer: NewAnchorer, city: City, database: Database) -> None:
    city.publish(5)
    before = City(city.objects)
    anchorer(OFTEN).run_once(NOW)
    before.publish(3)
    with pytest.raises(AnchorContradiction) as caught:
        anchorer(OFTEN).run_once(later(1))
    assert caught.value.reason == "5 entries are anchored, but only 3 are published"
    city.objects.delete("log/checkpoint")
    with pytest.raises(AnchorContradiction) as caught:
        anchorer(OFTEN).run_once(later(2))
    assert caught.value.reason == "5 entries are anchored, but only 0 are published"
    # The right log back again ends the alarm.
    City(city.objects).publish(5)
    assert anchorer(OFTEN).run_once(later(3)).alarm is None


def test_a_checkpoint_that_nobody_signed(anchorer: NewAnchorer, city: City) -> None:
    city.objects.put("log/checkpoint", b"elicence.test/log\n5\n" + b"A" * 43 + b"=\n\n")
    with pytest.raises(FatalLedgerError):
        anchorer(OFTEN).run_once(NOW)


def test_a_tile_that_is_gone(anchorer: NewAnchorer, city: City) -> None:
    city.publish(300)
    anchorer(OFTEN).run_once(NOW)
    city.publish(301)
    city.objects.delete("log/tile/0/001.p/45")
    with pytest.raises(FatalLedgerError):
        anchorer(OFTEN).run_once(later(1))


def test_a_damaged_tile_is_an_alarm_and_not_a_fork(anchorer: NewAnchorer, city: City) -> None:
    """The upper tiles still give the root of the checkpoint: only the proof from an old size comes out wrong."""
    city.publish(5)
    anchorer(OFTEN).run_once(NOW)
    city.publish(300)
    city.objects.put("log/tile/0/000", bytes(byte ^ 1 for byte in city.objects.get("log/tile/0/000")))
    with pytest.raises(FatalLedgerError) as caught:
        anchorer(OFTEN).run_once(later(1))
    assert not isinstance(caught.value, AnchorContradiction)


# --- running -------------------------------------------------------------------------------------------------------


class Watched(Anchorer):
    """Stops after a number of looks."""

    looks = 0
    stop = threading.Event()

    def run_once(self, now: datetime) -> store.Look:
        self.looks -= 1
        if self.looks <= 0:
            self.stop.set()
        return super().run_once(now)


def watched(ours: Anchorer, looks: int) -> Watched:
    ours.__class__ = Watched
    assert isinstance(ours, Watched)
    ours.looks, ours.stop = looks, threading.Event()
    return ours


def test_it_runs_until_it_is_told_to_stop(anchorer: NewAnchorer, city: City, chain: Web3Chain) -> None:
    city.publish(5)
    ours = watched(anchorer(OFTEN), 3)
    ours.run(ours.stop, interval=0.01)
    assert anchored(chain) == 5


def test_trouble_is_told_and_tried_again(
    anchorer: NewAnchorer,
    city: City,
    chain: Web3Chain,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    anvil: Anvil,
) -> None:
    city.publish(5)
    ours = watched(anchorer(OFTEN, account=anvil.rich()), 2)
    ours.run(ours.stop, interval=0.01)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    with database.session(Role.APP) as session:
        look = store.look(session, chain.id)
    assert look is not None
    assert look.trouble is not None
    assert "not the publisher" in look.trouble


def test_a_contradiction_is_an_alarm_at_every_look(
    anchorer: NewAnchorer, city: City, caplog: pytest.LogCaptureFixture
) -> None:
    city.publish(5)
    anchorer(OFTEN).run_once(NOW)
    City(city.objects, salt="forked").publish(5)
    ours = watched(anchorer(OFTEN), 1)
    ours.run(ours.stop, interval=0.01)
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]
    assert "ALARM" in caplog.text


@pytest.mark.parametrize("key", ["log/checkpoint", "log/tile/0/001.p/44"])
def test_every_alarm_is_told_where_people_look(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, database: Database, key: str
) -> None:
    """Also of a log that does not hold together: at the look itself, and when the proof is made."""
    city.publish(5)
    anchorer(OFTEN).run_once(NOW)
    city.publish(300)
    city.objects.put(key, b"damaged")
    ours = watched(anchorer(OFTEN), 1)
    ours.run(ours.stop, interval=0.01)
    with database.session(Role.APP) as session:
        look = store.look(session, chain.id)
    assert look is not None
    assert look.alarm
    City(city.objects).publish(300)
    assert anchorer(OFTEN).run_once(datetime.now(UTC) + MINUTE).alarm is None
