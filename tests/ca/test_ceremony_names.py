import pytest

from ca.ceremonies import names
from ca.ceremonies.names import KeyName

PARSED = {
    "root": KeyName("international", "root"),
    "root-2": KeyName("international", "root", 2),
    "national-root": KeyName("national", "root"),
    "national-root-12": KeyName("national", "root", 12),
    "issuing-seals": KeyName("international", "issuing-seals"),
    "national-issuing-systems-3": KeyName("national", "issuing-systems", 3),
    "ocsp-root": KeyName("international", "ocsp-root"),
    "national-ocsp-persons-2": KeyName("national", "ocsp-persons", 2),
    "timestamp": KeyName("international", "timestamp"),
    "national-timestamp-2": KeyName("national", "timestamp", 2),
    "status-2": KeyName("international", "status", 2),
    "trust": KeyName("international", "trust"),
}


@pytest.mark.parametrize(("text", "parsed"), PARSED.items(), ids=PARSED.keys())
def test_a_name_is_its_parts(text: str, parsed: KeyName) -> None:
    assert KeyName.parse(text) == KeyName.of(text) == parsed
    assert parsed.text == text
    assert KeyName.parse(parsed.next().text) == parsed.next()
    assert parsed.next().line == parsed.line


@pytest.mark.parametrize(
    "text",
    ["", "log", "seal-market", "seal-2", "root-1", "root-0", "root-02", "root-", "issuing", "issuing-licences", "Root", "root\n", "national-", "national-national-root"],
)  # fmt: skip
def test_other_names_are_none(text: str) -> None:
    assert KeyName.parse(text) is None
    with pytest.raises(ValueError, match="name"):
        KeyName.of(text)


def test_roles_and_responders() -> None:
    for hierarchy in names.HIERARCHIES:
        for role in names.ROLES:
            text = names.authority(role, hierarchy)
            assert (KeyName.of(text).role, KeyName.of(text).hierarchy) == (role, hierarchy)
            for name in (text, f"{text}-2"):
                responder = KeyName.of(names.responder(name))
                assert (responder.base, responder.role) == (f"ocsp-{role}", None)
                assert (responder.hierarchy, responder.generation) == (hierarchy, KeyName.of(name).generation)
        assert KeyName.of(names.timestamp(hierarchy)).hierarchy == hierarchy
        assert KeyName.parse(names.seal("market", hierarchy)) is None
