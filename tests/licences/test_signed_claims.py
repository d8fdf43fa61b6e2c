from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.subjects import SubjectKeys
from licences.content import Content
from licences.signed_claims import claims_of, disclosable, status_claim, status_list_uri
from licences.verification.claims import read_claims
from seals.jwt.jades import JsonSealer, read_json
from seals.jwt.jose import JSON, b64url_encode
from tests.licences import samples
from tests.seals.keys import NOW, seal_keys

KEYS = SubjectKeys.derive(b"k" * 32)
BASE = "https://elicence.test"
IDENTIFIER = "1.2.156.3005.2.11990100MB9T001850001.11990100MB9T000544.2026000000004.001.Q"


def claims(slug: str, **changes: Any) -> dict[str, JSON]:
    content = Content(samples.request(slug, **changes), "测试局", "c" * 22)
    made = claims_of(
        content, samples.kind(slug), identifier=IDENTIFIER, serial="2026000000004", version=1, keys=KEYS, base_url=BASE
    )
    return {**made, "status": status_claim(BASE, 5, 1 << 20)}


def seconds(day: date, hour: int) -> int:
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=UTC).timestamp())


def test_the_verifier_reads_them() -> None:
    read = read_claims(claims("real-estate-title"))
    assert read is not None
    assert read.identifier == IDENTIFIER
    assert read.issuer_uri == f"{BASE}/issuers/11990100MB9T00011N"
    assert (read.issuer_name, read.trust_level, read.type_zh) == ("测试局", "A", "不动产权证书")
    assert read.tag_key_sha256 == b64url_encode(KEYS.tag_digest)
    assert (read.issue_date, read.valid_until) == (samples.DAY, None)
    assert (read.status_index, read.status_uri) == (5, f"{BASE}/v1/status-lists/1")


def test_the_last_day_ends_at_midnight_in_beijing() -> None:
    made = claims("tobacco-retail-permit", valid_until=date(2031, 11, 21))
    assert made["exp"] == seconds(date(2031, 11, 21), 16)
    assert made["nbf"] == seconds(date(2026, 11, 21), 16)


def test_without_end_nothing_expires() -> None:
    made = claims("real-estate-title")
    assert "exp" not in made
    assert made["licence"]["valid_until"] is None  # type: ignore[index,call-overload]


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_holders_and_fields_may_be_left_out_and_nothing_else(slug: str) -> None:
    made = claims(slug)
    content = Content(samples.request(slug), "测试局", "c" * 22)
    keys = seal_keys()
    sealed = JsonSealer(keys.signer, keys.chain, None).seal(made, disclosable(content), NOW)
    smallest = read_json((sealed.compact.split("~")[0] + "~").encode()).claims
    assert smallest["holders"] == []
    assert smallest["fields"] == {}
    assert {name: value for name, value in smallest.items() if name not in {"holders", "fields", "iat"}} == {
        name: value for name, value in made.items() if name not in {"holders", "fields"}
    }
    assert read_json(sealed.flattened).claims == {**made, "iat": int(NOW.timestamp())}


@pytest.mark.parametrize(("index", "place", "number"), [(0, 0, 1), (1048575, 1048575, 1), (1048576, 0, 2)])
def test_lists_follow_each_other(index: int, place: int, number: int) -> None:
    assert status_claim(BASE, index, 1 << 20) == {"status_list": {"idx": place, "uri": status_list_uri(BASE, number)}}
