"""A few thousand mutated inputs, by the code of `make soak`, and that this code would notice what it looks for."""

import hashlib
import os
import re
import signal
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from random import Random

import pytest

from ca.encoding import der
from ca.errors import CertificateInvalid, DerInvalid
from ca.judging.path_building import Bag
from ca.judging.path_validation import Question, validate
from ca.judging.policy_tree import PolicyRules
from ca.outside.foreign_chain import examine_chain
from ca.reading.certificate_reader import read_certificate
from tests.ca.house import NOW
from tests.soak import corpus as corpora
from tests.soak import crew
from tests.soak.chains import ROLES
from tests.soak.corpus import Corpus
from tests.soak.crew import Outcome
from tests.soak.mutations import CHANGES, Seed, mutate, noise
from tests.soak.services import Services
from tests.soak.targets import Target, targets
from tests.soak.trees import at, changed, grow, places
from tests.soak.trial import Trial, keep

DOCUMENT = Path(__file__).parents[2] / "docs" / "soak.md"
COUNT = 2640
SEED = 20261122


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return corpora.make()


def test_mutated_inputs_raise_nothing_but_what_is_declared(corpus: Corpus) -> None:
    trial = Trial(targets(corpus), SEED)
    for number in range(COUNT):
        target, data = trial.input(number)
        found = trial.run(number, target, data)
        assert found is None, (found.target, found.what, found.data.hex(), found.story)
    assert {tally.inputs for tally in trial.tallies.values()} == {COUNT // len(trial.targets)}


def test_the_document_has_a_row_for_every_target(corpus: Corpus) -> None:
    told = re.findall(r"^\| ([a-z0-9-]+) \| [0-9,]+ \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(target.name for target in targets(corpus))


def test_every_family_is_read_as_it_is(corpus: Corpus) -> None:
    """Unspoilt inputs get to the end: a target that refuses everything would notice nothing."""
    by_name = {target.name: target for target in targets(corpus)}
    families = {
        "certificate": "certificate",
        "crl": "crl",
        "extensions": "extensions",
        "name": "name",
        "ocsp-request": "ocsp-request",
        "ocsp-response": "ocsp-response",
        "tsa-token": "timestamp-token",
        "tsa-answer": "timestamp-answer",
        "pkcs10": "pkcs10",
        "pkcs8": "pkcs8",
        "trust": "trust-list",
    }
    for family, name in families.items():
        read = 0
        for data in corpus.objects[family]:
            try:
                by_name[name].read(data)
            except by_name[name].declared:
                continue
            read += 1
        assert read >= min(len(corpus.objects[family]), 5) // 2 + 1, family


def test_the_unspoilt_chain_is_good(corpus: Corpus) -> None:
    """Else a spoilt one would never be looked at to its end."""
    chain = corpus.chain
    leaf, *others, anchor = (chain.certificate(role) for role in reversed(ROLES))
    lists, answers = tuple(data for _, data in chain.crls), tuple(data for _, data in chain.ocsp)
    for ocsp in (answers, ()):
        question = Question(NOW, lambda _: True, PolicyRules(explicit=True), lists, ocsp)
        assert validate(read_certificate(leaf), Bag.of([anchor], others), question).reason == "good"
    own = [chain.certificate(role) for role in ("leaf", "issuing", "policies", "root")]
    fingerprint = hashlib.sha256(own[-1]).hexdigest()
    examine_chain("client", read_certificate(leaf).public_key, own, fingerprint, NOW)
    services = Services(chain)
    services.fetched_list(chain.crls[3][1])
    services.fetched_answer(answers[0])


def test_a_run_can_be_repeated(corpus: Corpus, tmp_path: Path) -> None:
    corpus.save(tmp_path / "corpus.json")
    again = Trial(targets(corpora.load(tmp_path / "corpus.json")), SEED)
    first = Trial(targets(corpus), SEED)
    signed_again = {"path", "fetched-crl", "fetched-ocsp", "private-key"}  # by fresh random numbers
    for number in range(440):
        target, data = first.input(number)
        if target.name not in signed_again:
            assert again.input(number)[1] == data
    assert again.input(441) != Trial(first.targets, SEED + 1).input(441)


def _raises(error: Exception) -> Callable[[bytes], None]:
    def read(_data: bytes) -> None:
        raise error

    return read


def _spins(_data: bytes) -> None:
    while True:
        pass


def _hoards(_data: bytes) -> None:
    bytearray(os.urandom(1)) * (200 << 20)


FAULTS: dict[str, tuple[Callable[[bytes], None], str]] = {
    "a stray exception": (_raises(KeyError("x")), "KeyError in test_soak.py:read"),
    "an error that is not declared": (_raises(DerInvalid("x")), "undeclared DerInvalid in test_soak.py:read"),
    "endless": (_spins, "slow"),
    "greedy": (_hoards, "memory"),
}


def _target(read: Callable[[bytes], None]) -> Target:
    return Target("planted", lambda rng: rng.randbytes(4), read, (CertificateInvalid,))


@pytest.mark.parametrize("what", FAULTS)
def test_a_planted_fault_is_noticed(what: str, tmp_path: Path) -> None:
    read, expected = FAULTS[what]
    trial = Trial([_target(read)], SEED)
    target, data = trial.input(7)
    found = trial.run(7, target, data)
    assert found is not None
    assert (found.what, found.data) == (expected, data)
    keep(found, tmp_path, SEED)
    (kept,) = tmp_path.glob("planted-20261122-7-*.bin")
    assert kept.read_bytes() == data
    assert "--replay" in kept.with_suffix(".txt").read_text()


def test_the_declared_error_is_none(tmp_path: Path) -> None:
    trial = Trial([_target(_raises(CertificateInvalid("x")))], SEED)
    assert trial.run(0, *trial.input(0)) is None
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def _dies_at(octet: int) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        if data[0] == octet:
            os._exit(9)

    return read


def _hangs_at(octet: int) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        if data[0] == octet:
            time.sleep(60)

    return read


@pytest.mark.parametrize(("read", "what"), [(_dies_at(1), "died"), (_hangs_at(1), "hung")])
def test_a_process_that_does_not_survive_gives_away_its_input(
    read: Callable[[bytes], None], what: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(crew, "SILENCE", 1.0)
    chosen = Target("planted", lambda rng: bytes((rng.randrange(4),)), read)
    wanted = [number for number in range(12) if chosen.make(Random(f"{SEED}:{number}")) == b"\x01"]
    assert wanted
    seen: list[int] = []
    outcome: Outcome = crew.run(
        [chosen], SEED, 12, 2, keep=lambda found: keep(found, tmp_path, SEED), progress=seen.append
    )
    assert sorted(found.number for found in outcome.findings) == wanted
    assert {(found.what, found.data) for found in outcome.findings} == {(what, b"\x01")}
    assert len(list(tmp_path.glob("*.bin"))) == len(wanted)
    assert seen[-1] == 12 - len(wanted)


def test_processes_share_the_inputs_and_keep_what_they_find(tmp_path: Path) -> None:
    outcome = crew.run(
        [_target(_raises(KeyError("x")))],
        1,
        40,
        2,
        keep=lambda found: keep(found, tmp_path, 1),
        progress=lambda _: None,
    )
    assert outcome.tallies["planted"].inputs == 40
    assert len(outcome.findings) == 2 * 5  # each process tells so many alike
    assert len(list(tmp_path.glob("*.bin"))) == 10
    assert outcome.peak > 0


TREE = der.sequence(der.integer(1), der.octets(der.sequence(der.oid("2.999"))), der.bits(der.integer(7)))


def test_a_tree_grows_into_strings_and_is_written_as_it_was() -> None:
    tree = grow(TREE)
    assert len(places(tree)) == 7
    for place in places(tree):
        assert changed(tree, place, lambda node: node.raw) == TREE
        assert at(tree, place).raw in TREE
    (deep,) = (place for place in places(tree) if at(tree, place).tag == der.OBJECT_IDENTIFIER)
    longer = changed(tree, deep, lambda node: node.raw * 60)
    assert grow(longer).children[1].children[0].children[59].raw == der.oid("2.999")


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_every_change_works_on_every_element(change: Callable[..., bytes]) -> None:
    donors = [Seed(TREE)]
    tree = grow(TREE)
    different = 0
    for place, seed in product(places(tree), range(20)):
        rng = Random(seed)
        different += changed(tree, place, lambda node, rng=rng: change(rng, node, donors)) != TREE  # type: ignore[misc]
    assert different > 20


def test_noise_and_mutation_change_even_what_is_no_der() -> None:
    for data in (b"", b"x", TREE):
        assert {noise(Random(seed), data) for seed in range(50)} - {data}
        assert {mutate(Random(seed), Seed(data), [Seed(TREE)]) for seed in range(50)} - {data}
