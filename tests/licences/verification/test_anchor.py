"""ledger.anchor where it passes, and where there is nothing to ask."""

from datetime import timedelta

import pytest

from licences.verification.sources import Absent, AnchorStanding, Pending, Unavailable
from tests.licences.verification.anchor_scenes import CHAIN, SEEN, anchored, standing
from tests.licences.verification.sealed import NOW
from tests.licences.verification.worlds import SetSources, report


@pytest.mark.parametrize("size", [8, 9, 40])
def test_a_chain_holds_the_log(size: int) -> None:
    found = anchored(standing(size)).check("ledger.anchor")
    assert (found.outcome, found.evidence, found.at) == ("passed", {"chain": CHAIN, "size": size}, SEEN)


@pytest.mark.parametrize("size", range(1, 8))
def test_a_chain_that_holds_less_than_the_entry_is_compared_all_the_same(size: int) -> None:
    assert anchored(standing(size)).check("ledger.anchor").code == "NOT_ANCHORED_YET"
    assert anchored(standing(size, root=standing(size + 1).root)).check("ledger.anchor").code == "ROOT_DIFFERS"


def test_a_look_grows_old() -> None:
    at_the_edge = standing(8, looked_at=NOW - timedelta(minutes=10))
    assert anchored(at_the_edge).check("ledger.anchor").outcome == "passed"


def test_without_a_proof_there_is_nothing_to_compare() -> None:
    for proof in (Absent.NOT_FOUND, Pending(NOW), Pending(NOW - timedelta(days=1))):
        found = report(sources=SetSources(a_proof=proof, an_anchor=standing(8))).check("ledger.anchor")
        assert found.outcome == "not_applicable"
    broken = report(sources=SetSources(a_proof=b"\xff", an_anchor=standing(8))).check("ledger.anchor")
    assert (broken.outcome, broken.evidence["on"]) == ("not_run", "ledger.inclusion")


@pytest.mark.parametrize(
    ("an_anchor", "verdict", "reason"),
    [
        (standing(9), "valid", "licence.valid"),
        (standing(7), "valid", "licence.valid"),
        (Absent.NO_SOURCE, "valid", "licence.valid"),
        (Unavailable("database"), "indeterminate", "service.chain_unreachable"),
        (standing(9, root=b"\x01" * 32), "invalid", "ledger.root_differs"),
    ],
    ids=["anchored", "not yet", "no chain", "away", "differs"],
)
def test_a_policy_may_make_the_chain_decide(
    an_anchor: AnchorStanding | Absent | Unavailable, verdict: str, reason: str
) -> None:
    found = anchored(an_anchor, policy_id="anchored")
    assert (found.verdict, found.reason) == (verdict, reason)


@pytest.mark.parametrize(
    "an_anchor",
    [standing(9), standing(7), standing(0), Absent.NO_SOURCE, Unavailable("database")],
    ids=["anchored", "not yet", "nothing yet", "no chain", "away"],
)
def test_by_default_nobody_waits_for_the_chain(an_anchor: AnchorStanding | Absent | Unavailable) -> None:
    found = anchored(an_anchor)
    assert (found.verdict, found.reason) == ("valid", "licence.valid")


def test_by_default_evidence_of_a_fork_decides() -> None:
    found = anchored(standing(9, root=b"\x01" * 32))
    assert (found.verdict, found.reason) == ("invalid", "ledger.root_differs")
    assert "不是同一个账本" in found.sentences["zh"]
