"""What is offered, and that a replacement is one in the eyes of every node."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.anchor.fees import Fee, FeePolicy

GWEI = 10**9
WEI = st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("policy", "node_price", "base_fee", "fee"),
    [
        (FeePolicy("legacy"), 7, None, Fee(7)),
        (FeePolicy("legacy"), 7, 100, Fee(7)),
        (FeePolicy("legacy", 3), 7, None, Fee(3)),
        (FeePolicy("legacy", cap=5), 7, None, Fee(5)),
        (FeePolicy.free(), 7, 100, Fee(0)),
        (FeePolicy("eip1559"), 7, 100 * GWEI, Fee(201 * GWEI, GWEI)),
        (FeePolicy("eip1559", 5), 7, 100, Fee(205, 5)),
        (FeePolicy("eip1559", 0), 7, 0, Fee(0, 0)),
        (FeePolicy("eip1559", 5), 7, None, Fee(5, 5)),
        (FeePolicy("eip1559", 5, cap=150), 7, 100, Fee(150, 5)),
        (FeePolicy("eip1559", 500, cap=150), 7, 100, Fee(150, 150)),
    ],
)
def test_the_first_offer(policy: FeePolicy, node_price: int, base_fee: int | None, fee: Fee) -> None:
    assert policy.first(node_price, base_fee) == fee


def test_members_of_the_transaction() -> None:
    assert Fee(7).members() == {"gasPrice": 7}
    assert Fee(7, 2).members() == {"type": 2, "maxFeePerGas": 7, "maxPriorityFeePerGas": 2}


@given(st.sampled_from(["legacy", "eip1559"]), WEI, WEI, WEI, WEI)
def test_a_raised_offer_is_a_replacement_and_never_above_the_cap(
    kind: str, price: int, old_price: int, base_fee: int, cap: int
) -> None:
    policy = FeePolicy(kind, price, cap)  # type: ignore[arg-type]
    old, new = policy.first(old_price, base_fee), policy.first(old_price, 2 * base_fee)
    raised = policy.raised(old, new)
    if raised is None:
        assert max(old.price * 5 / 4, new.price, old.price + 1) > cap
        return
    assert new.price <= raised.price <= cap
    # What nodes ask for: a tenth more and a whole unit more, of the price and of the tip.
    assert raised.price > old.price
    assert raised.price * 10 >= old.price * 11
    if old.tip is not None and raised.tip is not None:
        assert raised.tip > old.tip
        assert raised.tip * 10 >= old.tip * 11
        assert raised.tip <= raised.price


def test_where_nothing_costs_nothing_is_raised() -> None:
    assert FeePolicy.free().raised(Fee(0), Fee(0)) is None
