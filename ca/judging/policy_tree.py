"""Certificate policies along a path: which are valid, and under which names the verifier knows them.

The tree of RFC 5280 grows exponentially under policy mappings that a hostile authority writes; RFC 9618 makes a graph of
it. Only its lowest level is kept here: a level without nodes is all that pruning would ever show, and what a verifier
asks of the levels above, under which policy each node hangs at the top, the nodes carry along.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final

from ca.encoding import oids
from ca.reading.certificate_reader import Certificate
from ca.reading.extension_reader import Qualifier

ANY_POLICY: Final = frozenset({oids.ANY_POLICY})

_MAX_QUALIFIERS: Final = 16
_MAX_LOOKED_AT: Final = 256
"""What is said of a policy and is kept, and is looked at for it: no verdict hangs on it, and every policy may hand all of
it on to every policy of the next certificate."""


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """What the verifier asks of policies: the initial set, and three switches.

    Source: RFC 5280 section 6.1.1 (c), (e), (f), (g)
    """

    initial: frozenset[str] = ANY_POLICY
    explicit: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False


ANY_RULES: Final = PolicyRules()


@dataclass(frozen=True, slots=True)
class ValidPolicy:
    """A policy of the user-constrained set, in the verifier's own terms, with what the certificates say about it."""

    id: str
    qualifiers: tuple[Qualifier, ...]


@dataclass(frozen=True, slots=True)
class _Node:
    """A policy of the lowest level.

    expected: by which policies the next certificate may continue it; roots: the policies of the top under which it hangs
    (`authority-constrained`); empty for anyPolicy, which hangs under itself; qualifiers: of it and all that it continues.
    """

    policy: str
    expected: frozenset[str]
    roots: frozenset[str]
    qualifiers: tuple[Qualifier, ...]


@dataclass(slots=True)
class PolicyState:
    """The policies at one certificate of a path, from the anchor down. length: certificates below the anchor."""

    rules: PolicyRules
    length: int
    level: dict[str, _Node] = field(init=False)
    explicit_policy: int = field(init=False)
    policy_mapping: int = field(init=False)
    inhibit_any: int = field(init=False)

    def __post_init__(self) -> None:
        # RFC 5280 section 6.1.2 (a), (d), (e), (f)
        self.level = {oids.ANY_POLICY: _Node(oids.ANY_POLICY, ANY_POLICY, frozenset(), ())}
        self.explicit_policy = 0 if self.rules.explicit else self.length + 1
        self.inhibit_any = 0 if self.rules.inhibit_any else self.length + 1
        self.policy_mapping = 0 if self.rules.inhibit_mapping else self.length + 1

    def enter(self, certificate: Certificate, *, last: bool) -> bool:
        """Go down to a certificate; False where a policy must be explicit and none is valid (6.1.3 (d) to (f))."""
        any_counts = self.inhibit_any > 0 or (not last and certificate.is_self_issued)
        self.level = {} if certificate.policies is None else self._below(certificate.policies, any_counts=any_counts)
        return self.explicit_policy > 0 or bool(self.level)

    def _below(self, policies: Mapping[str, tuple[Qualifier, ...]], *, any_counts: bool) -> dict[str, _Node]:
        parents: dict[str, list[_Node]] = {}
        for node in self.level.values():
            for expected in node.expected:
                parents.setdefault(expected, []).append(node)
        anything = self.level.get(oids.ANY_POLICY)
        below = {}
        for policy, qualifiers in policies.items():  # (d) (1)
            if policy == oids.ANY_POLICY:
                continue
            above = parents.get(policy) or ([anything] if anything is not None else [])
            if above:
                below[policy] = _node(policy, above, qualifiers)
        if oids.ANY_POLICY in policies and any_counts:  # (d) (2)
            for policy, above in parents.items():
                if policy not in below:
                    below[policy] = _node(policy, above, policies[oids.ANY_POLICY])
        return below

    def leave(self, certificate: Certificate) -> bool:
        """Prepare for the certificate below; False where a mapping is from or to anyPolicy (6.1.4 (a), (b), (h) to (j))."""
        if any(oids.ANY_POLICY in pair for pair in certificate.policy_mappings):
            return False
        self._map(certificate)
        if not certificate.is_self_issued:
            self.explicit_policy = max(self.explicit_policy - 1, 0)
            self.policy_mapping = max(self.policy_mapping - 1, 0)
            self.inhibit_any = max(self.inhibit_any - 1, 0)
        constraints = certificate.policy_constraints
        if constraints is not None:
            if constraints.require_explicit_policy is not None:
                self.explicit_policy = min(self.explicit_policy, constraints.require_explicit_policy)
            if constraints.inhibit_policy_mapping is not None:
                self.policy_mapping = min(self.policy_mapping, constraints.inhibit_policy_mapping)
        if certificate.inhibit_any_policy is not None:
            self.inhibit_any = min(self.inhibit_any, certificate.inhibit_any_policy)
        return True

    def _map(self, certificate: Certificate) -> None:
        mapped: dict[str, set[str]] = {}
        for policy, continued_as in certificate.policy_mappings:
            mapped.setdefault(policy, set()).add(continued_as)
        anything = self.level.get(oids.ANY_POLICY)
        for policy, subjects in mapped.items():
            node = self.level.get(policy)
            if self.policy_mapping == 0:  # (b) (2)
                self.level.pop(policy, None)
            elif node is not None:  # (b) (1)
                self.level[policy] = _Node(policy, frozenset(subjects), node.roots, node.qualifiers)
            elif anything is not None:
                self.level[policy] = _Node(policy, frozenset(subjects), frozenset({policy}), anything.qualifiers)

    def end(self, certificate: Certificate) -> tuple[ValidPolicy, ...] | None:
        """Return the user-constrained policies after the last certificate; None where there must be one and is none.

        Source: RFC 5280 section 6.1.5 (a), (b), (g)
        """
        explicit_policy = max(self.explicit_policy - 1, 0)
        constraints = certificate.policy_constraints
        if constraints is not None and constraints.require_explicit_policy == 0:
            explicit_policy = 0
        found = self._valid()
        return found if explicit_policy > 0 or found else None

    def _valid(self) -> tuple[ValidPolicy, ...]:
        """Intersect the valid policies with the initial set."""
        by_root: dict[str, list[_Node]] = {}
        for node in self.level.values():
            for root in node.roots:
                by_root.setdefault(root, []).append(node)
        anything = self.level.get(oids.ANY_POLICY)
        wanted = self.rules.initial
        if oids.ANY_POLICY in wanted:
            if anything is not None:
                by_root[oids.ANY_POLICY] = [anything]
            wanted = frozenset(by_root)
        elif anything is not None:
            for policy in wanted - by_root.keys():
                by_root[policy] = [anything]
        return tuple(ValidPolicy(policy, _said(by_root[policy])) for policy in sorted(wanted & by_root.keys()))


def _said(nodes: Iterable[_Node], more: Iterable[Qualifier] = ()) -> tuple[Qualifier, ...]:
    """Return the first of what is said of nodes, and more, each once."""
    everything = chain(chain.from_iterable(node.qualifiers for node in nodes), more)
    found: dict[Qualifier, None] = {}
    for one in islice(everything, _MAX_LOOKED_AT):
        found[one] = None
        if len(found) == _MAX_QUALIFIERS:
            break
    return tuple(found)


def _node(policy: str, above: list[_Node], qualifiers: tuple[Qualifier, ...]) -> _Node:
    said = _said(above, qualifiers)
    if policy == oids.ANY_POLICY:
        return _Node(policy, ANY_POLICY, frozenset(), said)
    # A node right under anyPolicy is at the top of what the authorities agreed on.
    roots = frozenset[str]().union(*(node.roots or {policy} for node in above))
    return _Node(policy, frozenset({policy}), roots, said)
