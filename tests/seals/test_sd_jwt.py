from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seals.errors import ClaimsNotSealable, JsonOverLimits
from seals.jwt.jose import JSON, MAX_DEPTH, b64url_encode, dump_json
from seals.jwt.sd_jwt import (
    ALWAYS_OPEN,
    ELEMENT,
    MAX_DISCLOSURES,
    SD,
    SD_ALG,
    Concealed,
    DisclosureInvalid,
    Path,
    conceal,
    digest_of,
    restore,
)

CLAIMS: dict[str, JSON] = {
    "iss": "https://example.test",
    "fields": {"zl": "测试市测试路1号", "yt": "住宅", "area": {"land": 30.5, "house": 90}},
    "holders": [{"name": "测试甲", "code": "990101199001010019"}, {"name": "测试乙"}],
}
PATHS: tuple[Path, ...] = (
    ("fields", "zl"),
    ("fields", "yt"),
    ("fields", "area"),
    ("fields", "area", "house"),
    ("holders", 0),
    ("holders", 0, "code"),
    ("holders", 1),
)


def counter(count: int) -> Iterator[str]:
    return iter([b64url_encode(number.to_bytes(16, "big")) for number in range(count)])


def texts(concealed: Concealed) -> list[str]:
    return [disclosure.text for disclosure in concealed.disclosures]


def test_everything_comes_back() -> None:
    concealed = conceal(CLAIMS, PATHS)
    assert restore(concealed.payload, texts(concealed)).claims == CLAIMS
    assert restore(concealed.payload, texts(concealed)[::-1]).claims == CLAIMS


def test_nothing_disclosable_changes_nothing() -> None:
    assert conceal(CLAIMS, ()).payload == CLAIMS
    assert restore(CLAIMS, ()).claims == CLAIMS


def test_what_is_left_out_is_gone_and_counted() -> None:
    concealed = conceal(CLAIMS, PATHS)
    restored = restore(concealed.payload, ())
    assert restored.claims == {"iss": "https://example.test", "fields": {}, "holders": []}
    # `area.house` and `code` lie inside other disclosures and are not even seen.
    assert restored.closed == 5


def test_payload_names_no_concealed_value() -> None:
    # Salts that are all zero: a random digest may spell any two letters by chance.
    payload = conceal(CLAIMS, PATHS, counter).payload
    assert not [
        word for word in ("测试", "住宅", "990101199001010019", "zl", "30.5") if word in dump_json(payload).decode()
    ]


def test_digests_do_not_tell_the_order() -> None:
    concealed = conceal(CLAIMS, PATHS)
    fields = concealed.payload["fields"]
    assert isinstance(fields, dict)
    assert fields[SD] == sorted(fields[SD])  # type: ignore[arg-type,type-var]
    assert concealed.payload[SD_ALG] == "sha-256"


def test_salts_differ() -> None:
    made = [text for _ in range(20) for text in texts(conceal({"a": 1, "b": 1}, [("a",), ("b",)]))]
    assert len(set(made)) == 40


@given(st.sets(st.sampled_from(PATHS)), st.data())
def test_any_subset_is_restored_or_refused_for_its_parent(paths: set[Path], data: st.DataObject) -> None:
    concealed = conceal(CLAIMS, paths, counter)
    kept = data.draw(st.sets(st.sampled_from(concealed.disclosures))) if concealed.disclosures else set()
    kept_paths = {disclosure.path for disclosure in kept}
    # A disclosure inside one that was left out is referenced by nothing.
    orphaned = any(path[:n] in paths - kept_paths for path in kept_paths for n in range(1, len(path)))
    chosen = [disclosure.text for disclosure in kept]
    if orphaned:
        with pytest.raises(DisclosureInvalid):
            restore(concealed.payload, chosen)
    else:
        assert restore(concealed.payload, chosen).closed <= len(paths - kept_paths)


def test_every_changed_character_is_found() -> None:
    concealed = conceal({"a": {"b": "测试", "c": [1, 2]}}, [("a", "b"), ("a", "c", 1)])
    disclosures = texts(concealed)
    for which, text in enumerate(disclosures):
        for position in range(len(text)):
            for replacement in "Aaz09-_=~. é":
                if replacement == text[position]:
                    continue
                changed = [*disclosures]
                changed[which] = text[:position] + replacement + text[position + 1 :]
                with pytest.raises(DisclosureInvalid):
                    restore(concealed.payload, changed)


@pytest.mark.parametrize("name", sorted(ALWAYS_OPEN))
def test_never_disclosable(name: str) -> None:
    with pytest.raises(ClaimsNotSealable):
        conceal({name: "x"}, [(name,)])
    with pytest.raises(ClaimsNotSealable):
        conceal({name: {"deeper": 1}}, [(name, "deeper")])
    text = _disclosure(["salt", name, "x"])
    with pytest.raises(DisclosureInvalid) as refused:
        restore({SD: [digest_of(text)]}, [text])
    assert refused.value.reason == "claim_is_always_open"


@pytest.mark.parametrize("path", [(), ("missing",), ("fields", "missing"), ("holders", 2), ("holders", "0")])
def test_paths_must_exist(path: Path) -> None:
    with pytest.raises(ClaimsNotSealable):
        conceal(CLAIMS, [path])


@pytest.mark.parametrize("name", [SD, SD_ALG, ELEMENT])
def test_reserved_names_are_not_issued(name: str) -> None:
    with pytest.raises(ClaimsNotSealable):
        conceal({"a": [{name: 1}]}, [])


def _disclosure(content: JSON) -> str:
    return b64url_encode(dump_json(content))


MEMBER = _disclosure(["salt", "name", "value"])
ITEM = _disclosure(["salt", "value"])
INNER = _disclosure(["salt", "inner", {SD: [digest_of(MEMBER)]}])


@pytest.mark.parametrize(
    ("payload", "disclosures", "reason"),
    [
        ({}, [MEMBER], "disclosure_not_referenced"),
        ({SD: [digest_of(MEMBER)]}, [MEMBER, MEMBER], "disclosure_repeated"),
        ({SD: [digest_of(MEMBER), digest_of(MEMBER)]}, [MEMBER], "digest_repeated"),
        ({SD: [digest_of(MEMBER)], "a": {SD: [digest_of(MEMBER)]}}, [MEMBER], "digest_repeated"),
        ({SD: ["decoy", "decoy"]}, [], "digest_repeated"),
        ({SD: [digest_of(MEMBER), digest_of(INNER)]}, [MEMBER, INNER], "digest_repeated"),
        ({SD: [digest_of(MEMBER)], "name": 1}, [MEMBER], "member_exists"),
        ({SD: [digest_of(ITEM)]}, [ITEM], "element_in_place_of_member"),
        ({"a": [{ELEMENT: digest_of(MEMBER)}]}, [MEMBER], "member_in_place_of_element"),
        ({"a": [{ELEMENT: digest_of(ITEM), "b": 1}]}, [ITEM], "element_with_other_members"),
        ({"a": {ELEMENT: digest_of(ITEM)}}, [ITEM], "reserved_name"),
        ({"a": {SD_ALG: "sha-256"}}, [], "reserved_name"),
        ({SD: digest_of(MEMBER)}, [MEMBER], "digests_not_a_list"),
        ({SD: [1]}, [], "digest_not_text"),
        ({"a": [{ELEMENT: None}]}, [], "digest_not_text"),
        ({SD_ALG: "sha-512", SD: []}, [], "digest_algorithm_not_supported"),
        ({}, ["!"], "disclosure_malformed"),
        ({}, ["é"], "disclosure_malformed"),
        ({}, [_disclosure("text")], "disclosure_malformed"),
        ({}, [_disclosure(["salt"])], "disclosure_malformed"),
        ({}, [_disclosure(["salt", "a", 1, 2])], "disclosure_malformed"),
        ({}, [_disclosure([1, "a", 1])], "disclosure_malformed"),
        ({}, [_disclosure(["salt", 1, 1])], "disclosure_malformed"),
        ({}, [b64url_encode(b'["salt","a",{"x":1,"x":2}]')], "disclosure_malformed"),
    ],
)
def test_what_does_not_fit_is_refused(payload: dict[str, JSON], disclosures: list[str], reason: str) -> None:
    with pytest.raises(DisclosureInvalid) as refused:
        restore(payload, disclosures)
    assert refused.value.reason == reason


@pytest.mark.parametrize("name", [SD, SD_ALG, ELEMENT])
def test_reserved_names_are_not_read(name: str) -> None:
    text = _disclosure(["salt", name, "x"])
    with pytest.raises(DisclosureInvalid):
        restore({"a": {SD: [digest_of(text)]}}, [text])


def test_a_chain_of_disclosures_is_bounded() -> None:
    chain = [_disclosure(["salt", "end", 1])]
    for _ in range(2 * MAX_DEPTH):
        chain.append(_disclosure(["salt", "next", {SD: [digest_of(chain[-1])]}]))
    with pytest.raises(JsonOverLimits):
        restore({SD: [digest_of(chain[-1])]}, chain)


def test_the_number_of_disclosures_is_bounded() -> None:
    with pytest.raises(JsonOverLimits):
        restore({}, ["e30"] * (MAX_DISCLOSURES + 1))
