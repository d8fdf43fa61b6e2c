"""Whatever the bytes are, there is a report; and a changed document is never valid."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licences.verification.checks import CHECKS
from licences.verification.report import Report
from tests.licences.verification import attacks
from tests.licences.verification.sealed import NOW, licence, world
from tests.licences.verification.worlds import SetSources, report

PDF, JSON, COMPACT = licence().pdf.data, licence().json.flattened, licence().json.compact.encode()
DOCUMENTS = {"pdf": PDF, "json": JSON, "sd-jwt": COMPACT}
SOURCES = SetSources()
QUICK = settings(max_examples=60, deadline=timedelta(seconds=2))


def judged(document: bytes) -> Report:
    found = report(document, sources=SOURCES)
    assert [row.id for row in found.checks] == [check.id for check in CHECKS]
    assert "BROKEN_CHECK" not in {row.code for row in found.checks}, found.checks
    assert found.check("integrity.limits").code != "CRASHED", found.check("integrity.limits").evidence
    return found


@pytest.mark.parametrize("form", DOCUMENTS)
def test_no_changed_byte_is_valid(form: str) -> None:
    document, chance = DOCUMENTS[form], random.Random(form)
    for _ in range(400):
        position = chance.randrange(len(document))
        other = chance.choice([byte for byte in range(256) if byte != document[position]])
        assert judged(document[:position] + bytes([other]) + document[position + 1 :]).verdict != "valid"


@pytest.mark.parametrize("form", DOCUMENTS)
def test_no_truncated_document_is_valid(form: str) -> None:
    document, chance = DOCUMENTS[form], random.Random(form)
    lengths = {0, 1, 5, len(document) - 1, *(chance.randrange(len(document)) for _ in range(60))}
    for length in lengths:
        assert judged(document[:length]).verdict == "invalid"


@given(st.sampled_from(list(DOCUMENTS.values())), st.data())
@QUICK
def test_no_piece_taken_out_doubled_or_put_in_is_valid(document: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(document) - 1))
    end = data.draw(st.integers(start + 1, min(len(document), start + 400)))
    piece = data.draw(st.sampled_from([b"", document[start:end] * 2, b"\x00" * 7, b"%PDF-1.7", b"~", b"}"]))
    mutated = document[:start] + piece + document[end:]
    if mutated.strip() != document.strip():
        assert judged(mutated).verdict != "valid"


@given(st.binary(max_size=300))
@QUICK
def test_random_bytes_are_invalid(junk: bytes) -> None:
    assert judged(junk).verdict == "invalid"


@given(
    st.sampled_from([b"%PDF-1.7\n", b"{", b'{"payload":', b"a.b.c~", b"\xef\xbb\xbf{", PDF[:3000]]),
    st.binary(max_size=200),
)
@QUICK
def test_something_that_begins_like_a_document(head: bytes, junk: bytes) -> None:
    assert judged(head + junk).verdict in {"invalid", "indeterminate"}


@given(st.binary(max_size=200))
@QUICK
def test_any_bytes_as_a_ledger_proof(junk: bytes) -> None:
    found = report(sources=SetSources(a_proof=junk))
    assert found.check("ledger.inclusion").code == "PROOF_UNREADABLE"


def test_no_changed_byte_of_a_ledger_proof_is_taken() -> None:
    proof, chance = world().proof(licence().pdf.digest), random.Random(1)
    for _ in range(200):
        changed = attacks.flipped(proof, chance.randrange(len(proof)))
        found = report(sources=SetSources(a_proof=changed))
        assert found.check("ledger.inclusion").outcome in {"failed", "not_run"}
        assert found.verdict != "valid"


@pytest.mark.parametrize("form", DOCUMENTS)
def test_a_document_too_large_is_not_read(form: str) -> None:
    found = report(DOCUMENTS[form] + bytes(33 * 1024 * 1024))
    assert (found.verdict, found.reason) == ("indeterminate", "document.too_large")
    assert found.check("integrity.format").code == "DEPENDENCY"


def test_the_same_question_has_the_same_answer() -> None:
    asked: dict[str, Any] = {"request_id": "vrf_" + "0" * 26, "sources": SOURCES}
    assert report(**asked) == report(**asked)
    assert report(**asked).as_json() == report(now=NOW, **asked).as_json()
