from dataclasses import replace
from uuid import uuid4

import pytest

from ledger.envelope import EnvelopeInvalid
from ledger.subjects import SubjectKeys
from licences.content import Content, new_code, open_content, seal_content
from licences.drafts import Decision
from tests.licences import samples

KEYS = SubjectKeys.derive(b"k" * 32)
DECISION = Decision("测许〔2026〕1号", "经办甲（测试）", "CASE-1", "ITEM-1")


@pytest.mark.parametrize("slug", samples.SLUGS)
@pytest.mark.parametrize("decision", [None, DECISION])
def test_round_trip(slug: str, decision: Decision | None) -> None:
    version = uuid4()
    content = Content(replace(samples.request(slug), decision=decision), "测试局", new_code())
    assert open_content(seal_content(content, version, KEYS), version, KEYS) == content


def test_it_is_ciphertext_bound_to_its_version() -> None:
    version = uuid4()
    content = Content(samples.request("real-estate-title"), "测试局", new_code())
    payload = seal_content(content, version, KEYS)
    assert not [word for word in ("测试", samples.PERSON.code, content.code) if word.encode() in payload]
    for where, key in ((uuid4(), KEYS), (version, SubjectKeys.derive(b"j" * 32))):
        with pytest.raises(EnvelopeInvalid):
            open_content(payload, where, key)


def test_codes_are_long_and_fresh() -> None:
    codes = {new_code() for _ in range(50)}
    assert len(codes) == 50
    assert {len(code) for code in codes} == {22}


def test_no_name_is_shown_by_accident() -> None:
    content = Content(replace(samples.request("real-estate-title"), decision=DECISION), "测试局", new_code())
    assert not [
        word
        for word in (samples.PERSON.name, samples.PERSON.code, DECISION.officer, content.code)
        if word in repr(content)
    ]
