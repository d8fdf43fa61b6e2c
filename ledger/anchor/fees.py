"""What a transaction offers for its place in a block. Pure: the node only says its price, and fee history is never asked."""

from dataclasses import dataclass
from typing import Any, Final, Literal, Self

FeeKind = Literal["legacy", "eip1559"]

_RAISE: Final = (5, 4)
"""Nodes replace a waiting transaction for at least a tenth more; a quarter is enough for all of them."""


@dataclass(frozen=True, slots=True)
class Fee:
    """price: all that a unit of gas may cost, in wei; tip: what of it the block's maker may keep, None for `legacy`."""

    price: int
    tip: int | None = None

    def members(self) -> dict[str, Any]:
        """Return the members of the transaction."""
        if self.tip is None:
            return {"gasPrice": self.price}
        return {"type": 2, "maxFeePerGas": self.price, "maxPriorityFeePerGas": self.tip}


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """How much we pay.

    kind: `legacy` (one gas price; FISCO BCOS, Besu without London) or `eip1559`. price: the gas price, or the tip, in wei;
    None asks the node for its gas price, and tips one gwei. cap: what a unit of gas may never exceed; on a network
    without fees price and cap are 0.
    """

    kind: FeeKind = "eip1559"
    price: int | None = None
    cap: int = 500 * 10**9

    def first(self, node_price: int, base_fee: int | None) -> Fee:
        """Return the fee of a new transaction.

        node_price: what the node calls its gas price. base_fee: of the newest block, None where blocks have none.
        """
        if self.kind == "legacy":
            return Fee(min(node_price if self.price is None else self.price, self.cap))
        tip = min(10**9 if self.price is None else self.price, self.cap)
        # Twice the base fee outlasts six full blocks; what is not needed is not paid.
        return Fee(min(2 * (base_fee or 0) + tip, self.cap), tip)

    def raised(self, old: Fee, new: Fee) -> Fee | None:
        """Return the fee that replaces a waiting transaction, None where the cap does not allow it.

        old: what the waiting one offers; new: what would be offered today.
        """
        price = max(new.price, _more(old.price))
        if price > self.cap:
            return None
        tip = None if new.tip is None else min(max(new.tip, _more(old.tip or 0)), price)
        return Fee(price, tip)

    @classmethod
    def free(cls) -> Self:
        """Return the policy of a network without fees."""
        return cls("legacy", 0, 0)


def _more(value: int) -> int:
    return max(-(-value * _RAISE[0] // _RAISE[1]), value + 1)
