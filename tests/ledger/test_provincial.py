"""Two logs in two databases, a city's and a province's: cosigned, gathered, proved, and walked from entry to province."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.database import Database
from api.schema import Role
from ledger import entries
from ledger.entries import Opening
from ledger.errors import LedgerError
from ledger.formats.bundles import MAX_ENTRY
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import Cosigner
from ledger.formats.notes import NoteSigner, Vkey
from ledger.formats.tlog_policy import Policy, quorum
from ledger.formats.tlog_proof import ProofUnreadable, ProofUntrusted, TlogProof
from ledger.log.log import Cosign, Log
from ledger.log.served import read_checkpoint, tile_fetch
from ledger.objects.local_objects import LocalObjects
from ledger.tree.merkle import ProofInvalid, consistency_proof, inclusion_proof
from ledger.tree.tiles import TileReader
from ledger.witness.client import WitnessInProcess
from ledger.witness.errors import WitnessOriginUnknown
from ledger.witness.provincial import ProvincialLog, city_proof
from ledger.witness.provincial_proof import CityCheckpointUnusable, ProvincialProof, city_entry, verify_chain
from ledger.witness.store import WitnessStore
from ledger.witness.witness import Witness
from ledger.witness.witnessing import Witnesses
from tests.ledger.local_keys import Ed25519Signer
from tests.ledger.witnessed_logs import NOW, SmallLog

CITY, PROVINCE = "city.test/log", "province.test/log"
CITY_KEY, PROVINCE_KEY = Ed25519Signer(bytes([1]) * 32), Ed25519Signer(bytes([2]) * 32)
VKEYS = {CITY: Vkey.of(CITY, CITY_KEY), PROVINCE: Vkey.of(PROVINCE, PROVINCE_KEY)}
Databases = Callable[[str], AbstractContextManager[Database]]


def opening(number: int) -> Opening:
    return Opening(number.to_bytes(32), b'{"kind":"issued"}', bytes(32), bytes(32))


@dataclass
class Node:
    """A log with its database and its object store."""

    log: Log
    objects: LocalObjects

    def append(self, *data: bytes) -> None:
        self.log.append(data, NOW)
        self.log.finish(NOW)

    def checkpoint(self) -> Checkpoint:
        return Checkpoint.open(read_checkpoint(self.objects), VKEYS)

    def proof(self, index: int, extra: bytes) -> TlogProof:
        """As a house gives it, at the checkpoint of the moment."""
        note = read_checkpoint(self.objects)
        size = self.checkpoint().size
        reader = TileReader(size, tile_fetch(self.objects))
        return TlogProof(index, inclusion_proof(index, size, reader.nodes), note, extra)

    def reader(self, size: int) -> TileReader:
        return TileReader(size, tile_fetch(self.objects))


@dataclass
class Province:
    node: Node
    store: WitnessStore
    witness: Witness
    gathering: ProvincialLog
    cosigner: Cosigner

    def gather(self) -> int:
        return self.gathering.run_once(NOW)

    def proof(self, city: Node, old: int) -> ProvincialProof:
        """What a counterpart puts together out of the province's answer and the city's tiles."""
        found = city_proof(self.store, self.node.objects, CITY, old)
        anchored = Checkpoint.open((found.extra or b"").split(b"\n", 1)[1].decode(), VKEYS)
        consistency = consistency_proof(old, anchored.size, city.reader(anchored.size).nodes)
        return ProvincialProof(old, consistency, found)


def node(database: Database, folder: Path, origin: str, key: Ed25519Signer, cosign: Cosign | None = None) -> Node:
    objects = LocalObjects(folder)
    sessions = lambda: database.session(Role.WORKER)  # noqa: E731 - as the house does it
    return Node(Log(sessions=sessions, objects=objects, signer=key, origin=origin, cosign=cosign), objects)


@pytest.fixture
def province(new_database: Databases, template: str, tmp_path: Path) -> Iterator[Province]:
    cosigner = Cosigner("province.test/witness", Ed25519Signer(bytes([3]) * 32))
    store = WitnessStore.create(tmp_path / "witness.sqlite", cosigner.key.text)
    with store.exclusive() as memory:
        memory.watch(VKEYS[CITY], NOW)
    with new_database(template) as database:
        made = node(database, tmp_path / "province", PROVINCE, PROVINCE_KEY)
        yield Province(made, store, Witness(store, cosigner), ProvincialLog(store, made.log), cosigner)


@pytest.fixture
def policy(province: Province) -> Policy:
    return Policy.parse(f"witness province {province.cosigner.key.text}\nquorum province\n".encode())


@pytest.fixture
def city(new_database: Databases, template: str, tmp_path: Path, province: Province, policy: Policy) -> Iterator[Node]:
    objects = LocalObjects(tmp_path / "city")
    asker = Witnesses(
        policy,
        lambda size: TileReader(size, tile_fetch(objects)).nodes,
        links={"province": WitnessInProcess(province.witness, lambda: NOW)},
        clock=lambda: NOW,
    )
    with new_database(template) as database:
        yield node(database, tmp_path / "city", CITY, CITY_KEY, cosign=asker.cosign)


def test_licence_city_province(city: Node, province: Province, policy: Policy) -> None:
    with pytest.raises(WitnessOriginUnknown):
        city_proof(province.store, province.node.objects, CITY, 1)
    openings = [opening(number) for number in range(300)]
    city.append(*(one.entry for one in openings[:100]))
    assert quorum(read_checkpoint(city.objects), policy).is_reached, "published with the province's cosignature"
    licence = city.proof(42, openings[42].to_bytes())
    assert province.gather() == 1
    assert province.gather() == 0, "what has not grown is not gathered again"

    # At the very checkpoint of the licence's proof, and at a later one that has swallowed it.
    at_once = province.proof(city, 100)
    for batch in (openings[100:150], openings[150:300]):
        city.append(*(one.entry for one in batch))
    assert province.gather() == 1
    assert province.node.checkpoint().size == 2, "of two checkpoints meanwhile only the latest became an entry"
    later = city.proof(120, openings[120].to_bytes())
    for proof, kept in ((licence, at_once), (later, province.proof(city, 300)), (licence, province.proof(city, 100))):
        again = ProvincialProof.parse(kept.text)
        assert again == kept
        chain = verify_chain(TlogProof.parse(proof.text), again, VKEYS, VKEYS)
        assert chain.entry.origin == CITY
        assert chain.city.size >= chain.entry.size
        assert chain.province.origin == PROVINCE
        assert chain.index < chain.province.size
    with pytest.raises(WitnessOriginUnknown):
        city_proof(province.store, province.node.objects, CITY, 301)


def test_the_older_checkpoint_is_proved_to_continue_into_the_gathered_one(city: Node, province: Province) -> None:
    openings = [opening(number) for number in range(40)]
    city.append(*(one.entry for one in openings[:7]))
    licence = city.proof(3, openings[3].to_bytes())
    city.append(*(one.entry for one in openings[7:]))
    province.gather()
    chain = verify_chain(licence, province.proof(city, 7), VKEYS, VKEYS)
    assert (chain.entry.size, chain.city.size) == (7, 40)


def test_what_is_not_proved_is_refused(city: Node, province: Province) -> None:
    city.append(*(opening(number).entry for number in range(7)))
    licence = city.proof(3, opening(3).to_bytes())
    city.append(*(opening(number).entry for number in range(7, 20)))
    late = city.proof(3, opening(3).to_bytes())
    province.gather()
    proof = province.proof(city, 7)
    inclusion = proof.inclusion
    fork = SmallLog(CITY, "other ", bytes([1]) * 32)
    stranger = SmallLog("stranger.test/log")
    own_log = replace(inclusion, checkpoint=read_checkpoint(city.objects))

    def entry_of(note: str) -> ProvincialProof:
        return replace(proof, inclusion=replace(inclusion, extra=city_entry(note)))

    cases: list[tuple[type[Exception], TlogProof, ProvincialProof, Mapping[str, Vkey]]] = [
        (ProofInvalid, licence, replace(proof, old=6), VKEYS),
        (ProofInvalid, late, proof, VKEYS),
        (ProofInvalid, licence, replace(proof, consistency=()), VKEYS),
        (ProofInvalid, licence, replace(proof, consistency=(bytes(32), *proof.consistency[1:])), VKEYS),
        (ProofInvalid, licence, replace(proof, inclusion=replace(inclusion, index=1)), VKEYS),
        (ProofInvalid, licence, replace(proof, inclusion=replace(inclusion, hashes=(bytes(32),))), VKEYS),
        (ProofInvalid, licence, entry_of(fork.note(20)), VKEYS),
        (ProofInvalid, licence, entry_of(fork.note(5)), VKEYS),
        (ProofInvalid, licence, replace(proof, inclusion=own_log), VKEYS),
        (ProofUntrusted, licence, entry_of(stranger.note(20)), VKEYS),
        (ProofInvalid, licence, entry_of(stranger.note(20)), {**VKEYS, stranger.origin: stranger.signer.vkey}),
        (ProofUntrusted, licence, proof, {CITY: VKEYS[CITY]}),
        (ProofUntrusted, licence, proof, {PROVINCE: VKEYS[PROVINCE]}),
        (ProofUnreadable, licence, replace(proof, inclusion=replace(inclusion, extra=None)), VKEYS),
        (ProofUnreadable, licence, replace(proof, inclusion=replace(inclusion, extra=b"other\n")), VKEYS),
        (ProofUnreadable, licence, entry_of("no note"), VKEYS),
        (ProofUnreadable, licence, replace(proof, inclusion=replace(inclusion, checkpoint="no note")), VKEYS),
        (ProofUnreadable, replace(licence, extra=None), proof, VKEYS),
    ]
    verify_chain(licence, proof, VKEYS, VKEYS)
    for number, (error, kept, chain, vkeys) in enumerate(cases):
        assert _refusal(kept, chain, vkeys) is error, f"case {number}"


def _refusal(licence: TlogProof, proof: ProvincialProof, vkeys: Mapping[str, Vkey]) -> type[Exception] | None:
    try:
        verify_chain(licence, proof, vkeys, vkeys)
    except LedgerError as error:
        return type(error)
    return None


def test_a_fork_of_the_city_is_seen_by_the_province(city: Node, province: Province) -> None:
    city.append(*(opening(number).entry for number in range(5)))
    province.gather()
    other = NoteSigner(CITY, CITY_KEY).sign(Checkpoint(CITY, 5, bytes(32)).text)
    answer = province.witness.answer(f"old 5\n\n{other}".encode(), NOW)
    assert (answer.status, answer.body) == (409, b"5\n")
    with province.store.reading() as memory:
        assert [fork.size for fork in memory.forks()] == [5]


def test_a_crash_between_log_and_memory_does_no_harm(
    city: Node, province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.append(opening(0).entry)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ledger.witness.store.WitnessMemory.gathered", die)
        with pytest.raises(KeyboardInterrupt):
            province.gather()
    assert province.gather() == 1
    assert province.node.checkpoint().size == 2, "the same checkpoint stands there twice"
    verify_chain(city.proof(0, opening(0).to_bytes()), province.proof(city, 1), VKEYS, VKEYS)


def test_what_was_appended_and_not_published_is_published_by_the_next_run(
    city: Node, province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.append(opening(0).entry)
    province.gather()
    city.append(opening(1).entry)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ledger.log.log.Log.finish", die)
        with pytest.raises(KeyboardInterrupt):
            province.gather()
    assert province.node.checkpoint().size == 1
    with pytest.raises(WitnessOriginUnknown):
        city_proof(province.store, province.node.objects, CITY, 2)
    assert province.gather() == 0
    assert province.node.checkpoint().size == 2
    assert city_proof(province.store, province.node.objects, CITY, 2).index == 1


def test_a_city_that_changed_its_key_since_is_gathered_under_what_it_signed(city: Node, province: Province) -> None:
    city.append(opening(0).entry)
    with province.store.exclusive() as memory:
        memory.watch(Vkey.of(CITY, Ed25519Signer(bytes([9]) * 32)), NOW)
        memory.unwatch(VKEYS[CITY])
    assert province.gather() == 1
    verify_chain(city.proof(0, opening(0).to_bytes()), province.proof(city, 1), VKEYS, VKEYS)


def test_a_checkpoint_too_long_for_an_entry_keeps_nobody_else_from_theirs(
    city: Node, province: Province, caplog: pytest.LogCaptureFixture
) -> None:
    chatty = SmallLog("chatty.test/log")
    with province.store.exclusive() as memory:
        memory.watch(chatty.signer.vkey, NOW)
    note = chatty.note(3, ("x" * MAX_ENTRY,))
    assert province.witness.answer(f"old 0\n\n{note}".encode(), NOW).status == 200
    city.append(opening(0).entry)
    assert province.gather() == 1
    assert "chatty.test/log" in caplog.text
    with pytest.raises(CityCheckpointUnusable):
        city_entry("x" * MAX_ENTRY)


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for proof in (text, f"old 3\n\n{text}", f"old 3\n\nc2sp.org/tlog-proof@v1\nindex 0\n\n{text}"):
        try:
            ProvincialProof.parse(proof)
        except ProofUnreadable:
            continue


def test_the_entry_has_its_own_domain() -> None:
    assert city_entry("note\n") == b"elicence/city-checkpoint/v1\nnote\n"
    assert not city_entry("note\n").startswith(entries.DOMAIN), "no city checkpoint can pass for an event"
