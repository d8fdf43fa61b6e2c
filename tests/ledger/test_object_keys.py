import pytest

from ledger.objects.object_keys import ObjectKeyInvalid, check_key, check_prefix

KEYS = ["a", "log/checkpoint", "log/tile/0/x001/x234/067.p/8", "documents/ab/" + "ab" * 32, "a.b-c_d", "0", "a..b", "-"]
NO_KEYS = [
    "",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "a/../b",
    "./a",
    ".put/x",
    "a/.hidden",
    "A",
    "a b",
    "a\\b",
    "a\n",
    "a\0b",
    "执照",
    "a%2fb",
    "a" * 201,
    "/".join(["abcdefg"] * 100),
]


@pytest.mark.parametrize("key", KEYS)
def test_keys(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize("key", NO_KEYS)
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(ObjectKeyInvalid) as caught:
        check_key(key)
    assert key in caught.value.message("zh")


def test_every_single_character_outside_the_alphabet_is_refused() -> None:
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789_-")
    for character in map(chr, range(256)):
        if character in allowed:
            assert check_key(character) == character
        else:
            with pytest.raises(ObjectKeyInvalid):
                check_key(character)


@pytest.mark.parametrize(("prefix", "folder"), [("", ""), ("a", "a"), ("a/", "a"), ("a/b/", "a/b")])
def test_prefixes(prefix: str, folder: str) -> None:
    assert check_prefix(prefix) == folder


@pytest.mark.parametrize("prefix", ["/", "a//", "../", ".put", "a/.."])
def test_what_is_no_prefix(prefix: str) -> None:
    with pytest.raises(ObjectKeyInvalid):
        check_prefix(prefix)
