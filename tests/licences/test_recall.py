"""Who relied on a licence: a table of events, each reliance or none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.event_kinds import EventKind
from ledger.formats import canonical
from ledger.provenance.provenance import PASSED, Chain, Completeness, Finding, Link, Recorded
from licences.recall import relied_on, units

SINCE = datetime(2026, 10, 1, tzinfo=UTC)
ISSUER, BANK = "11990100MB9T000544", "91990101MA9T00018G"


def link(kind: EventKind, at: datetime = SINCE, *, erased: bool = False, **members: Any) -> Link:
    actor = {"kind": "system", "id": "bank-1", "operator_unit": BANK, "on_behalf_of": BANK} | members.pop("actor", {})
    told = {"kind": kind.value, "actor": actor, "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    body = None if erased else canonical.dumps({**told, **members})
    recorded = Recorded(f"evt_{kind}", kind.value, UUID(int=1), at, at, body, bytes(32), None)
    commitment = Finding("not_run", "ERASED") if erased else PASSED
    return Link(recorded, commitment, PASSED, PASSED)


def tampered(one: Link, code: str, **columns: Any) -> Link:
    return replace(one, recorded=replace(one.recorded, **columns), commitment=Finding("failed", code))


def chain(*links: Link) -> Chain:
    whole = Completeness("proved", len(links), 9)
    return Chain(
        UUID(int=1), "licence", erased=False, whole=True, tag_key=bytes(32), links=links, gaps=(), completeness=whole
    )


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (link(EventKind.ACCEPTED), True),
        (link(EventKind.COPIED), True),
        (link(EventKind.PRINTED), True),
        (link(EventKind.VERIFIED, detail={"verdict": "valid"}), True),
        (link(EventKind.VERIFIED, detail={"verdict": "invalid"}), False),
        (link(EventKind.VERIFIED, detail={"verdict": "indeterminate"}), False),
        (link(EventKind.VERIFIED), True),
        (link(EventKind.RETRIEVED), True),
        (link(EventKind.RETRIEVED, actor={"on_behalf_of": ISSUER}), False),
        (link(EventKind.SHOWN), False),
        (link(EventKind.ISSUED), False),
        (link(EventKind.REFUSED), False),
        (link(EventKind.ACCEPTED, SINCE - timedelta(microseconds=1)), False),
        (link(EventKind.VERIFIED, erased=True), True),
    ],
    ids=range(14),
)
def test_what_is_reliance(one: Link, *, counts: bool) -> None:
    assert bool(relied_on([chain(one)], SINCE, ISSUER, opened=False)) is counts


@pytest.mark.parametrize("code", ["ROW_DIFFERS", "BODY_DIFFERS", "TAG_DIFFERS"])
@pytest.mark.parametrize("columns", [{"kind": "shown"}, {"recorded_at": SINCE - timedelta(days=9)}])
def test_who_was_hidden_by_a_changed_row_is_listed_all_the_same(code: str, columns: dict[str, Any]) -> None:
    (found,) = relied_on([chain(tampered(link(EventKind.ACCEPTED), code, **columns))], SINCE, ISSUER, opened=False)
    assert not found.proved
    if code == "ROW_DIFFERS":  # the body is what was committed to
        assert (found.kind, found.at, found.unit) == ("accepted", SINCE, BANK)


def test_a_row_that_was_moved_into_the_period_convicts_nobody() -> None:
    early = tampered(link(EventKind.ACCEPTED, SINCE - timedelta(days=9)), "ROW_DIFFERS", recorded_at=SINCE)
    assert relied_on([chain(early)], SINCE, ISSUER, opened=False) == []


def test_without_an_order_the_unit_is_told_and_nothing_else() -> None:
    one = link(EventKind.ACCEPTED, case="办件-测试-1", item="贷款", purpose="核查")
    (closed,) = relied_on([chain(one)], SINCE, ISSUER, opened=False)
    assert (closed.unit, closed.details, closed.proved) == (BANK, {}, True)
    (opened,) = relied_on([chain(one)], SINCE, ISSUER, opened=True)
    assert opened.details == {
        "case": "办件-测试-1",
        "item": "贷款",
        "purpose": "核查",
        "account": "bank-1",
        "operator_unit": BANK,
    }


def test_they_are_told_in_order_and_counted_by_unit() -> None:
    nobody = {"operator_unit": None, "on_behalf_of": None}
    links = [
        link(EventKind.PRINTED, SINCE + timedelta(days=2), actor=nobody),
        link(EventKind.ACCEPTED, SINCE + timedelta(days=1)),
        link(EventKind.COPIED, SINCE + timedelta(days=1), actor={"on_behalf_of": None}),
        link(EventKind.VERIFIED, SINCE + timedelta(days=3), erased=True),
    ]
    found = relied_on([chain(*links[:2]), chain(*links[2:])], SINCE, ISSUER, opened=False)
    assert [one.kind for one in found] == ["accepted", "copied", "printed", "verified"]
    assert [one.proved for one in found] == [True, True, True, False]
    assert units(found) == {"": 2, BANK: 2}
