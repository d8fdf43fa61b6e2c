"""How rows are gathered: what is refused at the door, and how little is held."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from api.systems import RegisteredSystem
from ledger.actor import Uscc
from licences.drafts import Decision
from licences.faults import FieldFault
from licences.issuing import BATCH
from licences.row_errors import RowQuoteUnclosed
from licences.rows import Row
from tests.licences import samples
from tools.bulk_results import RowResult
from tools.bulk_rows import MOST_WAITING, Feed

UNITS = [f"1199010{number:011}" for number in range(60)]
SYSTEM = RegisteredSystem("approval-1", Uscc(UNITS[0]), frozenset(UNITS))
DECISION = Decision("测许决〔2026〕1号", "u-17", "case-1", "烟草零售许可新办")
SOUND = replace(samples.request("tobacco-retail-permit"), decision=DECISION)
BAD = FieldFault("number", "number.pattern", "证号格式不符", "the number has another form")
NOTE = replace(BAD, severity="warning")


def row(line: int, unit: str = UNITS[0], **changes: Any) -> Row:
    return Row(line, replace(SOUND, issuer=Uscc(unit), **changes), ())


def through(rows: Iterator[Row]) -> tuple[list[tuple[int, ...]], list[RowResult], Feed]:
    refused: list[RowResult] = []
    feed = Feed(rows, SYSTEM, refused.append)
    batches = []
    while (batch := feed.next()) is not None:
        requests = [found.request for found in batch.rows]
        assert {request.issuer for request in requests if request} == {batch.actor.on_behalf_of}
        batches.append(tuple(found.line for found in batch.rows))
    return batches, refused, feed


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 59), max_size=400))
def test_every_row_comes_out_once_in_batches_of_one_issuer(units: list[int]) -> None:
    rows = (row(line, UNITS[unit]) for line, unit in enumerate(units, 2))
    batches, refused, feed = through(rows)
    assert sorted(line for batch in batches for line in batch) == list(range(2, len(units) + 2))
    assert all(len(batch) <= BATCH for batch in batches)
    assert (refused, feed.rows_read, feed.error) == ([], len(units), None)


def test_few_rows_are_held_however_many_issuers_there_are() -> None:
    read = handed = 0

    def counted() -> Iterator[Row]:
        nonlocal read
        for line, unit in enumerate(islice(cycle(UNITS), 5000), 1):
            read += 1
            yield row(line, unit)

    feed = Feed(counted(), SYSTEM, lambda _result: None)
    while (batch := feed.next()) is not None:
        handed += len(batch.rows)
        assert read - handed < MOST_WAITING
    assert handed == read == 5000


def test_the_door_refuses_as_it_refuses_a_pushing_system() -> None:
    rows = [
        row(1),
        Row(2, None, (BAD,)),
        row(3, decision=None),
        row(4, "11990100MB9T001850"),
        replace(row(5), faults=(NOTE,)),
    ]
    batches, refused, _ = through(iter(rows))
    assert batches == [(1, 5)]
    told = [(result.line, result.outcome, fault.field, fault.code) for result in refused for fault in result.faults]
    assert told == [
        (2, "refused", "number", "number.pattern"),
        (3, "refused", "decision", "licences.decision_missing"),
        (4, "refused", "issuer", "door.not_authorised"),
    ]
    assert all(fault.zh and fault.en for result in refused for fault in result.faults)


def test_what_was_read_before_the_file_broke_is_handed_out() -> None:
    def broken() -> Iterator[Row]:
        yield from (row(line) for line in range(1, 4))
        raise RowQuoteUnclosed(line=4)

    batches, _, feed = through(broken())
    assert batches == [(1, 2, 3)]
    assert isinstance(feed.error, RowQuoteUnclosed)
