"""ledger.witnesses where it passes, and where there is nothing to ask."""

from datetime import timedelta

import pytest

from ca.errors import TrustListInvalid
from licences.verification.sources import Absent, Pending
from tests.licences.verification.sealed import NOW, world
from tests.licences.verification.witness_scenes import POLICY, lines, witnessed
from tests.licences.verification.worlds import SetSources, report


@pytest.mark.parametrize("by", ["ab", "bc", "ca", "abc"])
def test_enough_have_cosigned(by: str) -> None:
    found = witnessed(lines(by)).check("ledger.witnesses")
    assert found.outcome == "passed"
    assert found.evidence == {"cosigned": sorted(by), "missing": sorted(set("abc") - set(by))}
    assert found.at is not None
    assert found.at < NOW


def test_who_is_missing_is_named() -> None:
    found = witnessed(lines("b"))
    assert found.verdict == "valid"
    row = found.check("ledger.witnesses")
    assert (row.outcome, row.code, row.evidence) == ("warning", "NO_QUORUM", {"cosigned": ["b"], "missing": ["a", "c"]})


def test_without_a_proof_there_is_nothing_to_witness() -> None:
    trust = world().trust(witness_policy=POLICY)
    for proof in (Absent.NOT_FOUND, Pending(NOW), Pending(NOW - timedelta(days=1))):
        found = report(sources=SetSources(trust=trust, a_proof=proof)).check("ledger.witnesses")
        assert found.outcome == "not_applicable"
    broken = report(sources=SetSources(trust=trust, a_proof=b"\xff")).check("ledger.witnesses")
    assert (broken.outcome, broken.evidence["on"]) == ("not_run", "ledger.inclusion")


def test_a_trust_list_carries_a_policy_that_can_be_read_or_none() -> None:
    assert world().trust(witness_policy=POLICY).witness_policy == POLICY
    assert world().trust().witness_policy == ""
    with pytest.raises(TrustListInvalid):
        world().trust(witness_policy="quorum nobody\n")
