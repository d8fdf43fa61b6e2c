from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import ED25519_COSIGNATURE, Cosigner, CosignerKey
from ledger.formats.notes import NoteSignatureInvalid, NoteSigner, NoteUnreadable
from ledger.formats.tlog_policy import Group, Policy, PolicyUnreadable, quorum, read_policy
from tests.ledger.local_keys import Ed25519Signer
from tests.ledger.witnessed_logs import NOW, MlDsa44Signer, SmallLog

LOG = SmallLog()
WITNESSES = [Cosigner(f"w{number}.test", Ed25519Signer(bytes([number]) * 32)) for number in range(1, 7)]
POST_QUANTUM = Cosigner("pq.test", MlDsa44Signer())
V = [witness.key.text for witness in WITNESSES]
TWO_LEVELS = f"""\
# who must have seen a checkpoint
log {LOG.vkey_text} https://city.test/log

witness X1 {V[0]} https://w1.test/
witness X2 {V[1]}
witness X3 {V[2]}
group X-witnesses 2 X1 X2 X3

witness Y1 {V[3]}
witness Y2 {V[4]}
witness Y3 {V[5]}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def parse(text: str) -> Policy:
    return Policy.parse(text.encode("utf-8", "surrogateescape"))


def test_the_form_of_the_specification_is_read() -> None:
    policy = parse(TWO_LEVELS)
    assert [(known.key, known.url) for known in policy.logs] == [(LOG.signer.vkey, "https://city.test/log")]
    assert [known.name for known in policy.witnesses] == ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
    assert [known.url for known in policy.witnesses[:2]] == ["https://w1.test/", None]
    assert policy.groups == (
        Group("X-witnesses", 2, ("X1", "X2", "X3")),
        Group("Y-witnesses", 1, ("Y1", "Y2", "Y3")),
        Group("X-and-Y", 2, ("X-witnesses", "Y-witnesses")),
    )
    assert policy.wants_witnesses


def test_a_policy_has_one_canonical_form() -> None:
    policy = parse(TWO_LEVELS)
    assert parse(policy.text) == policy
    assert parse(policy.text).text == policy.text
    lines = policy.text.split("\n")
    assert lines[0] == f"log {LOG.vkey_text} https://city.test/log"
    assert lines[-3:] == ["group X-and-Y 2 X-witnesses Y-witnesses", "quorum X-and-Y", ""]


def test_a_policy_for_a_trust_list_is_printable(tmp_path: Path) -> None:
    place = tmp_path / "policy"
    with pytest.raises(PolicyUnreadable):
        read_policy(place)
    place.write_text(TWO_LEVELS)
    assert read_policy(place) == parse(TWO_LEVELS)
    for name in ("w\udc80", "w\u200b"):
        place.write_bytes(f"witness {name} {V[0]}\nquorum {name}\n".encode("utf-8", "surrogateescape"))
        with pytest.raises(PolicyUnreadable):
            read_policy(place)


def test_the_rule_holds_for_every_subset() -> None:
    policy = parse(TWO_LEVELS)
    names = ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
    for size in range(7):
        for chosen in combinations(names, size):
            by_hand = sum(name[0] == "X" for name in chosen) >= 2 and any(name[0] == "Y" for name in chosen)
            assert policy.is_reached_by(chosen) == by_hand


@pytest.mark.parametrize(
    "text",
    [
        "quorum none\n",
        "quorum none",
        "\n \t\n# nothing but this\n\t# and this\n  quorum\t none \t\n",
        f"witness all {V[0]}\nwitness any {V[1]}\nwitness log {V[2]}\ngroup group 3 all any log\nquorum group\n",
        f"witness K\u212a\udc80 {V[0]}\nquorum K\u212a\udc80\n",
        f"witness w {POST_QUANTUM.key.text}\nquorum w\n",
        f"log {POST_QUANTUM.key.text}\nquorum none\n",
        f"witness w {V[0]} 任何地址\nquorum w\n",
    ],
)
def test_forms_that_are_right(text: str) -> None:
    policy = parse(text)
    assert policy.is_reached_by([known.name for known in policy.witnesses])


AGAIN = CosignerKey("again.test", ED25519_COSIGNATURE, WITNESSES[0].key.public_key).text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 0),
        ("# only a comment\n", 0),
        (f"witness w {V[0]}\n", 0),
        ("quorum none\nquorum none\n", 2),
        ("quorum w\n", 1),
        (f"quorum w\nwitness w {V[0]}\n", 1),
        ("quorum\n", 1),
        ("quorum none none\n", 1),
        ("quorum none\r\n", 1),
        ("quorum none\n\x01", 2),
        ("quorum none\n\x7f", 2),
        ("quibble w\n", 1),
        ("Quorum none\n", 1),
        ("quorum\u00a0none\n", 1),
        ("log\n", 1),
        ("log x\n", 1),
        (f"log {V[0]}\n", 1),
        (f"log {LOG.vkey_text} a b\n", 1),
        (f"log {LOG.vkey_text}\nlog {LOG.vkey_text} again\n", 2),
        ("witness w\n", 1),
        (f"witness w {LOG.vkey_text}\n", 1),
        (f"witness w {V[0]} url # no comment here\n", 1),
        (f"witness none {V[0]}\n", 1),
        (f"witness w {V[0]}\nwitness w {V[1]}\n", 2),
        (f"witness w {V[0]}\nwitness v {V[0]}\n", 2),
        (f"witness w {V[0]}\nwitness v {AGAIN}\n", 2),
        (f"witness w {V[0]}\ngroup w any w\n", 2),
        (f"witness w {V[0]}\ngroup none any w\n", 2),
        (f"witness w {V[0]}\ngroup g any\n", 2),
        (f"witness w {V[0]}\ngroup g 0 w\n", 2),
        (f"witness w {V[0]}\ngroup g -1 w\n", 2),
        (f"witness w {V[0]}\ngroup g +1 w\n", 2),
        (f"witness w {V[0]}\ngroup g 01 w\n", 2),
        (f"witness w {V[0]}\ngroup g \u0661 w\n", 2),
        (f"witness w {V[0]}\ngroup g 2 w\n", 2),
        (f"witness w {V[0]}\ngroup g any none w\n", 2),
        (f"witness w {V[0]}\ngroup g any v\nwitness v {V[1]}\n", 2),
        (f"witness w {V[0]}\ngroup g all w w\n", 2),
        (f"witness w {V[0]}\nwitness v {V[1]}\ngroup g any w v\ngroup h any w\n", 4),
        (f"witness w {V[0]}\ngroup g any g\n", 2),
    ],
)
def test_forms_that_are_wrong(text: str, line: int) -> None:
    with pytest.raises(PolicyUnreadable) as refused:
        parse(text)
    assert refused.value.line == line


def test_groups_may_be_nested_as_deep_as_the_file_is_long() -> None:
    depth = 5000
    groups = "".join(f"group g{number} any g{number - 1}\n" for number in range(1, depth))
    policy = parse(f"witness g0 {V[0]}\n{groups}quorum g{depth - 1}\n")
    assert policy.is_reached_by(["g0"])
    assert not policy.is_reached_by([])


def test_a_file_that_is_too_long_is_not_read() -> None:
    with pytest.raises(PolicyUnreadable):
        Policy.parse(b"# " + b"x" * (1 << 20) + b"\nquorum none\n")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for policy in (data, data + b"\nquorum none\n", b"witness " + data, b"group g " + data):
        try:
            Policy.parse(policy)
        except PolicyUnreadable:
            continue


CHECKPOINT = Checkpoint(LOG.origin, 3, LOG.root(3))
POLICY = parse(
    f"witness one {V[0]}\nwitness two {V[1]}\nwitness three {POST_QUANTUM.key.text}\n"
    "group some 2 one two three\nquorum some\n"
)


def test_a_checkpoint_is_judged_by_who_cosigned_it() -> None:
    note = LOG.note(3)
    found = quorum(note, POLICY)
    assert (found.is_reached, found.cosigned, found.missing, found.at) == (False, (), ("one", "two", "three"), None)
    note += WITNESSES[0].cosign(CHECKPOINT, NOW)
    found = quorum(note, POLICY)
    assert not found.is_reached
    assert [name for name, _ in found.cosigned] == ["one"]
    later = NOW + timedelta(seconds=2)
    note += POST_QUANTUM.cosign(CHECKPOINT, later)
    found = quorum(note, POLICY)
    assert (found.is_reached, found.missing, found.at) == (True, ("two",), later)
    assert quorum(LOG.note(3), parse("quorum none\n")).is_reached


def test_one_who_cosigns_twice_counts_once() -> None:
    note = LOG.note(3) + WITNESSES[0].cosign(CHECKPOINT, NOW) + WITNESSES[0].cosign(CHECKPOINT, NOW + timedelta(1))
    assert not quorum(note, POLICY).is_reached


def test_a_cosignature_from_the_future_is_not_believed() -> None:
    note = LOG.note(3) + "".join(witness.cosign(CHECKPOINT, NOW) for witness in WITNESSES[:2])
    assert quorum(note, POLICY, not_after=NOW).is_reached
    assert not quorum(note, POLICY, not_after=NOW - timedelta(seconds=1)).is_reached


def test_a_known_witness_that_signed_something_else_rejects_the_note() -> None:
    elsewhere = WITNESSES[0].cosign(Checkpoint(LOG.origin, 4, LOG.root(4)), NOW)
    with pytest.raises(NoteSignatureInvalid):
        quorum(LOG.note(3) + elsewhere, POLICY)
    with pytest.raises(NoteUnreadable):
        quorum("no note", POLICY)


def test_a_cosignature_from_the_future_does_not_take_away_the_one_before() -> None:
    note = LOG.note(3) + WITNESSES[1].cosign(CHECKPOINT, NOW)
    note += "".join(WITNESSES[0].cosign(CHECKPOINT, NOW + ahead) for ahead in (timedelta(0), timedelta(days=1)))
    found = quorum(note, POLICY, not_after=NOW)
    assert (found.is_reached, found.at) == (True, NOW)


def test_a_policy_that_names_logs_is_about_no_others() -> None:
    """What the witnesses saw of another log, or of one that calls itself the same, says nothing about these."""
    cosigned = "".join(witness.cosign(CHECKPOINT, NOW) for witness in WITNESSES[:2])
    listed = parse(f"log {LOG.vkey_text}\n{POLICY.text}")
    assert quorum(LOG.note(3) + cosigned, listed).is_reached
    impostor = SmallLog(seed=bytes([9]) * 32)
    other = SmallLog("other.test/log", seed=bytes([7]) * 32)
    for log in (impostor, other):
        found = quorum(LOG.note(3) + cosigned, parse(f"log {log.vkey_text}\n{POLICY.text}"))
        assert (found.is_reached, found.log_is_listed) == (False, False)
        assert [name for name, _ in found.cosigned] == ["one", "two"], "they did cosign, and that is told"
    both = parse(f"log {other.vkey_text}\nlog {LOG.vkey_text}\n{POLICY.text}")
    assert quorum(LOG.note(3) + cosigned, both).is_reached
    # A listed log's key vouches for its own origin alone.
    borrowed = NoteSigner(other.origin, Ed25519Signer(bytes([7]) * 32)).sign(CHECKPOINT.text)
    assert not quorum(borrowed + cosigned, parse(f"log {other.vkey_text}\n{POLICY.text}")).is_reached
    forged = LOG.note(3).replace("\n3\n", "\n4\n")
    assert not quorum(forged, parse(f"log {LOG.vkey_text}\nquorum none\n")).is_reached


def test_two_keys_that_no_line_tells_apart_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key ids have 32 bits: who finds one equal to another witness's would make all of that one's lines look forged."""
    monkeypatch.setattr("ledger.formats.cosignatures.key_id", lambda *_: b"same")
    monkeypatch.setattr("ledger.formats.notes.key_id", lambda *_: b"same")
    twin = CosignerKey(WITNESSES[0].key.name, ED25519_COSIGNATURE, WITNESSES[1].key.public_key).text
    with pytest.raises(PolicyUnreadable) as refused:
        parse(f"witness w {WITNESSES[0].key.text}\nwitness v {twin}\nquorum w\n")
    assert refused.value.line == 2
    parse(f"witness w {WITNESSES[0].key.text}\nwitness v {WITNESSES[1].key.text}\nquorum w\n")
