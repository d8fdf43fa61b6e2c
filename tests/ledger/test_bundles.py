import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.formats.bundles import MAX_ENTRY, BundleInvalid, EntryTooLong, decode_entries, encode_entries


@given(st.lists(st.binary(max_size=5), max_size=20))
def test_entries_of_any_size_come_back(entries: list[bytes]) -> None:
    assert decode_entries(encode_entries(entries)) == tuple(entries)


@given(st.integers(0, 600), st.integers(0, 9), st.binary(min_size=1, max_size=9))
def test_entries_of_one_size_come_back(length: int, count: int, filling: bytes) -> None:
    entries = [(bytes([number]) + filling * length)[:length] for number in range(count)]
    encoded = encode_entries(entries)
    assert encoded == b"".join(length.to_bytes(2) + entry for entry in entries)
    assert decode_entries(encoded) == tuple(entries)


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=9), st.data())
def test_what_is_cut_is_refused_or_tells_fewer(entries: list[bytes], data: st.DataObject) -> None:
    encoded = encode_entries(entries)
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]
    try:
        found = decode_entries(cut)
    except BundleInvalid:
        return
    assert found == tuple(entries[: len(found)])
    assert encode_entries(found) == cut


def test_a_length_that_divides_the_whole_is_still_read_entry_by_entry() -> None:
    # 2 + 2 octets behind the first length, and the same whole size as three entries of two octets.
    data = b"\x00\x02ab" + b"\x00\x06abcdef"
    assert len(data) % 4 == 0
    assert decode_entries(data) == (b"ab", b"abcdef")


def test_the_longest_entry_and_one_octet_more() -> None:
    assert decode_entries(encode_entries([bytes(MAX_ENTRY)])) == (bytes(MAX_ENTRY),)
    with pytest.raises(EntryTooLong) as caught:
        encode_entries([b"", bytes(MAX_ENTRY + 1)])
    assert caught.value.length == MAX_ENTRY + 1
