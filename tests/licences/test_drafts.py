import pickle
from dataclasses import FrozenInstanceError, replace

import pytest

from licences.drafts import Decision
from tests.licences import samples


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_a_request_crosses_processes(slug: str) -> None:
    asked = samples.request(slug)
    assert pickle.loads(pickle.dumps(asked)) == asked


def test_a_request_does_not_change_under_its_reader() -> None:
    content = samples.fields("business-licence")
    asked = replace(samples.request("business-licence"), fields=content)
    content["head"] = "李测试"
    assert asked.fields["head"] == "张测试"
    with pytest.raises(FrozenInstanceError):
        asked.number = "1"  # type: ignore[misc]


def test_a_log_line_with_a_request_names_nobody() -> None:
    decision = Decision("测市监许〔2026〕1号", "官员测试", "C1", "I1")
    asked = samples.request("real-estate-title", decision=decision)
    shown = repr(asked)
    for holder in asked.holders:
        assert holder.name not in shown
        assert holder.code not in shown
    assert "官员测试" not in shown
    assert "测试路" not in shown
