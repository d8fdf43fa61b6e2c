import itertools

import pytest

from licences.transitions import RULES, Act, Status, acts_in

# What a status may become, written down from the law's side (DOMAIN §4.3), not from the acts.
MAY_BECOME: dict[Status, set[Status]] = {
    Status.ACTIVE: {
        Status.SUSPENDED,
        Status.EXPIRED,
        Status.WITHDRAWN,
        Status.ANNULLED,
        Status.REVOKED,
        Status.CANCELLED,
        Status.VOID,
        Status.REPLACED,
        Status.MOVED,
    },
    Status.SUSPENDED: {Status.ACTIVE, Status.REVOKED, Status.CANCELLED, Status.EXPIRED},
    Status.EXPIRED: {Status.ACTIVE, Status.CANCELLED},
    Status.WITHDRAWN: {Status.CANCELLED},
    Status.ANNULLED: {Status.CANCELLED, Status.ACTIVE},
    Status.REVOKED: {Status.CANCELLED, Status.ACTIVE},
    Status.CANCELLED: {Status.ACTIVE},
    Status.VOID: set(),
    Status.REPLACED: set(),
    Status.MOVED: set(),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(Status, Status)))
def test_every_pair_of_statuses(before: Status, after: Status) -> None:
    reached = {RULES[act].gives for act in acts_in(before)}
    assert (after in reached) == (after in MAY_BECOME[before])


@pytest.mark.parametrize("status", list(Status))
def test_one_act_leads_from_a_status_to_another(status: Status) -> None:
    given = [RULES[act].gives for act in acts_in(status)]
    assert len(given) == len(set(given))


def test_every_act_has_its_rule() -> None:
    assert set(RULES) == set(Act)
    assert all(rule.act is act and rule.allowed_in for act, rule in RULES.items())


def test_only_annulment_and_voiding_reach_back() -> None:
    assert {act for act, rule in RULES.items() if rule.reach == "issue"} == {Act.ANNUL, Act.VOID}


def test_only_what_was_taken_by_decision_is_reinstated() -> None:
    assert RULES[Act.REINSTATE].allowed_in == {Status.ANNULLED, Status.REVOKED, Status.CANCELLED}
    assert Act.REINSTATE not in acts_in(Status.EXPIRED)
    assert Act.EXTEND in acts_in(Status.EXPIRED)
