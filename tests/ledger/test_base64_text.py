import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.formats import base64_text


@given(st.binary())
def test_bytes_come_back(data: bytes) -> None:
    assert base64_text.decode(base64_text.encode(data)) == data


@given(st.text(max_size=12))
def test_a_text_has_one_meaning_or_none(text: str) -> None:
    try:
        data = base64_text.decode(text)
    except ValueError:
        return
    assert base64_text.encode(data) == text


@pytest.mark.parametrize("text", ["QQ", "QQ=", "QR==", "Q===", "QQ==\n", " QQ==", "Q-==", "QQ==QQ==", "٠٠٠٠", "é"])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        base64_text.decode(text)
