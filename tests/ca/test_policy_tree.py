"""The policy graph against the tree that RFC 5280 describes, built here node by node."""

from dataclasses import dataclass, field, replace
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.encoding import der, oids
from ca.judging.policy_tree import ANY_RULES, PolicyRules, PolicyState
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.extension_reader import PolicyConstraints, Qualifier
from tests.ca.house import certify, issuing, root

ANY = oids.ANY_POLICY
NAMES = ("2.999.1", "2.999.2", "2.999.3", ANY)
CROSSED = read_certificate(issuing(root()).certificate)
SELF_ISSUED = read_certificate(certify("测试根", root(), usage=None).certificate)


def certificate(
    *policies: str,
    maps: tuple[tuple[str, str], ...] = (),
    explicit: int | None = None,
    no_mapping: int | None = None,
    no_any: int | None = None,
    itself: bool = False,
    none: bool = False,
) -> Certificate:
    """A certificate that says this of policies, each qualified by its own name; none: it says nothing."""
    limits = None if explicit is None and no_mapping is None else PolicyConstraints(explicit, no_mapping)
    said = {policy: (Qualifier(policy, b"\x05\x00"),) for policy in policies}
    return replace(
        SELF_ISSUED if itself else CROSSED,
        policies=None if none else MappingProxyType(said),
        policy_mappings=maps,
        policy_constraints=limits,
        inhibit_any_policy=no_any,
    )


def graph(path: tuple[Certificate, ...], rules: PolicyRules) -> frozenset[str] | None:
    """Judge a path, the authority under the anchor first; None where it is refused."""
    state = PolicyState(rules, len(path))
    for place, one in enumerate(path):
        last = place == len(path) - 1
        if not state.enter(one, last=last):
            return None
        if not last and not state.leave(one):
            return None
    found = state.end(path[-1])
    return None if found is None else frozenset(policy.id for policy in found)


@dataclass(eq=False)
class Node:
    policy: str
    expected: set[str]
    depth: int
    parent: "Node | None" = None
    below: "list[Node]" = field(default_factory=list)

    def add(self, policy: str, expected: set[str]) -> None:
        self.below.append(Node(policy, expected, self.depth + 1, self))

    def all(self) -> "list[Node]":
        return [self, *(node for child in self.below for node in child.all())]

    def drop(self) -> None:
        assert self.parent is not None
        self.parent.below.remove(self)


def prune(top: Node | None, depth: int) -> Node | None:
    """6.1.3 (d) (3): take away what has no children above this depth."""
    while top is not None:
        bare = [node for node in top.all() if node.depth < depth and not node.below]
        if not bare:
            return top
        if top in bare:
            return None
        for node in bare:
            node.drop()
    return None


def tree(path: tuple[Certificate, ...], rules: PolicyRules) -> frozenset[str] | None:
    """The same by the letter of RFC 5280 sections 6.1.2 to 6.1.5."""
    last = len(path)
    top: Node | None = Node(ANY, {ANY}, 0)
    explicit = 0 if rules.explicit else last + 1
    any_left = 0 if rules.inhibit_any else last + 1
    mapping = 0 if rules.inhibit_mapping else last + 1
    for depth, one in enumerate(path, 1):
        top = _enter(top, one, depth, any_counts=any_left > 0 or (depth < last and one.is_self_issued))
        if not (explicit > 0 or top is not None):
            return None
        if depth == last:
            break
        if any(ANY in pair for pair in one.policy_mappings):
            return None
        top = _map(top, one, depth, allowed=mapping > 0)
        if not one.is_self_issued:
            explicit, mapping, any_left = (max(count - 1, 0) for count in (explicit, mapping, any_left))
        limits = one.policy_constraints
        if limits is not None and limits.require_explicit_policy is not None:
            explicit = min(explicit, limits.require_explicit_policy)
        if limits is not None and limits.inhibit_policy_mapping is not None:
            mapping = min(mapping, limits.inhibit_policy_mapping)
        if one.inhibit_any_policy is not None:
            any_left = min(any_left, one.inhibit_any_policy)
    explicit = max(explicit - 1, 0)
    limits = path[-1].policy_constraints
    if limits is not None and limits.require_explicit_policy == 0:
        explicit = 0
    found = _intersect(top, rules.initial, last)
    return found if explicit > 0 or found else None


def _enter(top: Node | None, one: Certificate, depth: int, *, any_counts: bool) -> Node | None:
    if top is None or one.policies is None:
        return None
    above = [node for node in top.all() if node.depth == depth - 1]
    for policy in one.policies:
        if policy == ANY:
            continue
        matching = [node for node in above if policy in node.expected]
        for node in matching or [node for node in above if node.policy == ANY]:
            node.add(policy, {policy})
    if ANY in one.policies and any_counts:
        for node in above:
            for policy in node.expected - {child.policy for child in node.below}:
                node.add(policy, {policy})
    return prune(top, depth)


def _map(top: Node | None, one: Certificate, depth: int, *, allowed: bool) -> Node | None:
    if top is None:
        return None
    for policy in {issuers for issuers, _ in one.policy_mappings}:
        subjects = {theirs for ours, theirs in one.policy_mappings if ours == policy}
        here = [node for node in top.all() if node.depth == depth and node.policy == policy]
        if not allowed:
            for node in here:
                node.drop()
        elif here:
            for node in here:
                node.expected = set(subjects)
        else:
            for node in [node for node in top.all() if node.depth == depth and node.policy == ANY]:
                assert node.parent is not None
                node.parent.add(policy, set(subjects))
    return prune(top, depth)


def _intersect(top: Node | None, wanted: frozenset[str], last: int) -> frozenset[str]:
    if top is None:
        return frozenset()
    roots = {node for node in top.all() if node.parent is not None and node.parent.policy == ANY}
    deep = {node for node in top.all() if node.depth == last}
    reached = {root.policy for root in roots if root.policy != ANY and deep & set(root.all())}
    anything = any(node.policy == ANY for node in deep)
    if ANY in wanted:
        return frozenset(reached | ({ANY} if anything else set()))
    return frozenset(wanted if anything else wanted & reached)


COUNT = st.one_of(st.none(), st.integers(0, 2))
CERTIFICATES = st.builds(
    lambda policies, maps, explicit, no_mapping, no_any, itself, none: certificate(
        *policies, maps=tuple(maps), explicit=explicit, no_mapping=no_mapping, no_any=no_any, itself=itself, none=none
    ),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True),
    st.lists(st.tuples(st.sampled_from(NAMES[:3]), st.sampled_from(NAMES[:3])), max_size=3),
    COUNT,
    COUNT,
    COUNT,
    st.booleans(),
    st.sampled_from([False, False, False, True]),
)
RULES = st.builds(
    PolicyRules,
    st.one_of(st.just(frozenset({ANY})), st.frozensets(st.sampled_from(NAMES[:3]), min_size=1)),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@settings(max_examples=600, deadline=None)
@given(st.lists(CERTIFICATES, min_size=1, max_size=4).map(tuple), RULES)
def test_the_graph_says_what_the_tree_of_the_rfc_says(path: tuple[Certificate, ...], rules: PolicyRules) -> None:
    assert graph(path, rules) == tree(path, rules)


@pytest.mark.parametrize(
    ("path", "rules", "expected"),
    [
        ((certificate(NAMES[0]),), ANY_RULES, {NAMES[0]}),
        ((certificate(NAMES[0]),), PolicyRules(frozenset({NAMES[1]})), set()),
        ((certificate(NAMES[0]),), PolicyRules(frozenset({NAMES[1]}), explicit=True), None),
        ((certificate(none=True),), ANY_RULES, set()),
        ((certificate(none=True),), PolicyRules(explicit=True), None),
        ((certificate(ANY), certificate(NAMES[2])), ANY_RULES, {NAMES[2]}),
        ((certificate(ANY), certificate(ANY)), PolicyRules(frozenset(NAMES[:2])), set(NAMES[:2])),
        ((certificate(NAMES[0], maps=((NAMES[0], NAMES[1]),)), certificate(NAMES[1])), ANY_RULES, {NAMES[0]}),
        ((certificate(NAMES[0], maps=((NAMES[0], ANY),)), certificate(NAMES[1])), ANY_RULES, None),
        ((certificate(NAMES[0], explicit=0), certificate(NAMES[1])), ANY_RULES, None),
    ],
)
def test_known_answers(path: tuple[Certificate, ...], rules: PolicyRules, expected: set[str] | None) -> None:
    assert graph(path, rules) == expected
    assert tree(path, rules) == expected


def test_hostile_mappings_end() -> None:
    """Each of 16 policies becomes each of the 16, seven times over: a tree would have 16^8 leaves."""
    every = [f"2.999.{number}" for number in range(16)]
    mapped = tuple((one, other) for one in every for other in every)
    path = (*(certificate(*every, maps=mapped) for _ in range(7)), certificate(*every))
    assert graph(path, ANY_RULES) == frozenset(every)
    state = PolicyState(ANY_RULES, 8)
    for one in path[:-1]:
        assert state.enter(one, last=False)
        assert state.leave(one)
        assert len(state.level) <= len(every) + 1


def test_a_policy_comes_with_what_is_said_of_it_along_the_path() -> None:
    state = PolicyState(ANY_RULES, 2)
    above = certificate(NAMES[0], maps=((NAMES[0], NAMES[1]),))
    assert state.enter(above, last=False)
    assert state.leave(above)
    assert state.enter(certificate(NAMES[1]), last=True)
    found = state.end(certificate(NAMES[1]))
    assert found is not None
    assert [(one.id, [said.kind for said in one.qualifiers]) for one in found] == [
        (NAMES[0], [NAMES[0], NAMES[1]]),
    ]


def test_what_is_said_of_policies_is_bounded() -> None:
    """Each level hands thousands of qualifiers on to hundreds of policies, and these theirs to one."""
    many = tuple(f"2.999.{number}" for number in range(1, 250))
    one = "2.999.0"
    said = tuple(Qualifier("2.999", der.integer(number)) for number in range(2_000))
    wide = replace(certificate(one, maps=tuple((one, other) for other in many)), policies=MappingProxyType({one: said}))
    narrow = certificate(*many, maps=tuple((other, one) for other in many))
    state = PolicyState(ANY_RULES, 7)
    for step in (wide, narrow, wide, narrow, wide, narrow):
        assert state.enter(step, last=False)
        assert state.leave(step)
        assert all(len(node.qualifiers) <= 16 for node in state.level.values())
    last = certificate(one)
    assert state.enter(last, last=True)
    found = state.end(last)
    assert found is not None
    assert [(policy.id, policy.qualifiers) for policy in found] == [(one, said[:16])]
