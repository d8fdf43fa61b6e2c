"""Selective disclosure: claims that can be left out of a copy without breaking its signature (RFC 9901).

Issuing replaces a claim by the digest of a salted *disclosure*; reading puts back the claims whose disclosures came
along and refuses whatever does not fit exactly: a reader that drops what it cannot place reports a tampered
document as a smaller genuine one.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from seals.errors import ClaimsNotSealable, JsonOverLimits, JsonUnreadable, SealError
from seals.jwt.jose import JSON, MAX_DEPTH, b64url_decode, b64url_encode, dump_json, load_json

Path: TypeAlias = tuple[str | int, ...]

SD = "_sd"
SD_ALG = "_sd_alg"
ELEMENT = "..."
MAX_DISCLOSURES = 10_000
# Status, validity and issuer must reach every verifier. Source: draft-ietf-oauth-sd-jwt-vc section 3.2.2.2.
ALWAYS_OPEN = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"})
_RESERVED = frozenset({SD, SD_ALG, ELEMENT})
_SALT = 16


@dataclass(eq=False)
class DisclosureInvalid(SealError):
    """A disclosure is malformed, changed, repeated or belongs to another document; `reason` is a stable word."""

    code = "seals.disclosure_invalid"
    zh = "披露项无效：{reason}"
    en = "a disclosure does not belong to this document: {reason}"

    reason: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One claim that was taken out: where it stood, and the text that puts it back."""

    path: Path
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Concealed:
    """A payload with digests in the place of its disclosable claims."""

    payload: dict[str, JSON]
    disclosures: tuple[Disclosure, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """Claims with their disclosures put back, and how many digests stayed closed."""

    claims: dict[str, JSON] = field(repr=False)
    closed: int


def random_salts(count: int) -> Iterator[str]:
    """Return salts of 128 random bits each, as base64url, drawn at once. Source: RFC 9901 section 4.2.1."""
    drawn = secrets.token_bytes(_SALT * count)
    return iter([b64url_encode(drawn[start : start + _SALT]) for start in range(0, len(drawn), _SALT)])


def digest_of(text: str) -> str:
    """Return the digest of a disclosure: base64url of SHA-256 over its ASCII text. Source: RFC 9901 section 4.2.3."""
    return b64url_encode(hashlib.sha256(text.encode("ascii")).digest())


# --- issuing ---------------------------------------------------------------------------------------------------------


def conceal(
    claims: Mapping[str, JSON], disclosable: Iterable[Path], salts: Callable[[int], Iterator[str]] = random_salts
) -> Concealed:
    """Replace the claims at the given paths by digests; raises ClaimsNotSealable.

    disclosable: paths of member names and array indices in `claims`; one path may lie below another.
    Source: RFC 9901 sections 4.2.4, 4.2.6.
    """
    wanted = frozenset(disclosable)
    _check_paths(wanted)
    made: list[Disclosure] = []
    payload = _conceal(dict(claims), (), wanted, made, salts(len(wanted)))
    assert isinstance(payload, dict)
    if len(made) != len(wanted):
        raise ClaimsNotSealable(reason="path_not_in_claims")
    if made:
        payload[SD_ALG] = "sha-256"
    return Concealed(payload, tuple(made))


def _check_paths(wanted: frozenset[Path]) -> None:
    for path in wanted:
        if not path or path[0] in ALWAYS_OPEN:
            raise ClaimsNotSealable(reason="claim_is_always_open")


def _conceal(value: JSON, path: Path, wanted: frozenset[Path], made: list[Disclosure], salts: Iterator[str]) -> JSON:
    """Return the value with everything wanted below it replaced; inner claims first, so that they nest."""
    if isinstance(value, dict):
        return _conceal_members(value, path, wanted, made, salts)
    if isinstance(value, list):
        return [_conceal_element(item, (*path, index), wanted, made, salts) for index, item in enumerate(value)]
    return value


def _conceal_members(
    value: dict[str, JSON], path: Path, wanted: frozenset[Path], made: list[Disclosure], salts: Iterator[str]
) -> dict[str, JSON]:
    if not _RESERVED.isdisjoint(value):
        raise ClaimsNotSealable(reason="reserved_name")
    open_members: dict[str, JSON] = {}
    digests: list[str] = []
    for name, member in value.items():
        here = (*path, name)
        inner = _conceal(member, here, wanted, made, salts)
        if here in wanted:
            digests.append(_disclose(here, [next(salts), name, inner], made))
        else:
            open_members[name] = inner
    if digests:
        # Sorted, so that the order of the digests does not tell the order of the claims (section 4.2.4.1).
        open_members[SD] = list[JSON](sorted(digests))
    return open_members


def _conceal_element(
    item: JSON, path: Path, wanted: frozenset[Path], made: list[Disclosure], salts: Iterator[str]
) -> JSON:
    inner = _conceal(item, path, wanted, made, salts)
    return {ELEMENT: _disclose(path, [next(salts), inner], made)} if path in wanted else inner


def _disclose(path: Path, content: list[JSON], made: list[Disclosure]) -> str:
    text = b64url_encode(dump_json(content))
    made.append(Disclosure(path, text))
    return digest_of(text)


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Reading:
    """What one reading has met so far."""

    by_digest: dict[str, list[JSON]]
    seen: set[str] = field(default_factory=set)
    closed: int = 0

    def take(self, digest: JSON) -> list[JSON] | None:
        """Return the content that a digest stands for, None if it was not disclosed or is a decoy."""
        if not isinstance(digest, str):
            raise DisclosureInvalid(reason="digest_not_text")
        if digest in self.seen:
            raise DisclosureInvalid(reason="digest_repeated")
        self.seen.add(digest)
        content = self.by_digest.get(digest)
        self.closed += content is None
        return content


def restore(payload: Mapping[str, JSON], disclosures: Sequence[str]) -> Restored:
    """Put the disclosed claims back; raises DisclosureInvalid if anything does not fit exactly.

    Source: RFC 9901 section 7.1 step 3, and draft-ietf-oauth-sd-jwt-vc for what is never concealed.
    """
    if len(disclosures) > MAX_DISCLOSURES:
        raise JsonOverLimits(reason="too_many_disclosures")
    if payload.get(SD_ALG, "sha-256") != "sha-256":
        raise DisclosureInvalid(reason="digest_algorithm_not_supported")
    reading = _Reading({digest_of_checked(text): _content(text) for text in disclosures})
    if len(reading.by_digest) != len(disclosures):
        raise DisclosureInvalid(reason="disclosure_repeated")
    claims = _restore_members({name: value for name, value in payload.items() if name != SD_ALG}, reading, depth=0)
    if not reading.seen.issuperset(reading.by_digest):
        raise DisclosureInvalid(reason="disclosure_not_referenced")
    return Restored(claims, reading.closed)


def digest_of_checked(text: str) -> str:
    """Return the digest of a received disclosure; raises DisclosureInvalid when it is not ASCII."""
    if not text.isascii():
        raise DisclosureInvalid(reason="disclosure_malformed")
    return digest_of(text)


def _content(text: str) -> list[JSON]:
    """Read a disclosure: [salt, name, value] or [salt, value]. Source: RFC 9901 section 7.1 step 3.c."""
    try:
        content = load_json(b64url_decode(text))
    except JsonOverLimits:
        raise
    except JsonUnreadable:
        raise DisclosureInvalid(reason="disclosure_malformed") from None
    if not isinstance(content, list) or len(content) not in {2, 3} or not isinstance(content[0], str):
        raise DisclosureInvalid(reason="disclosure_malformed")
    if len(content) == 3 and not isinstance(content[1], str):
        raise DisclosureInvalid(reason="disclosure_malformed")
    return content


def _restore(value: JSON, reading: _Reading, depth: int) -> JSON:
    # Disclosures nest in disclosures: each is shallow, a chain of them need not be.
    if depth > MAX_DEPTH:
        raise JsonOverLimits(reason="too_deep")
    if isinstance(value, dict):
        return _restore_members(value, reading, depth)
    if isinstance(value, list):
        return _restore_elements(value, reading, depth)
    return value


def _restore_members(value: dict[str, JSON], reading: _Reading, depth: int) -> dict[str, JSON]:
    digests = value.get(SD, [])
    if not isinstance(digests, list):
        raise DisclosureInvalid(reason="digests_not_a_list")
    if ELEMENT in value or SD_ALG in value:
        raise DisclosureInvalid(reason="reserved_name")
    members = {name: _restore(member, reading, depth + 1) for name, member in value.items() if name != SD}
    for digest in digests:
        content = reading.take(digest)
        if content is not None:
            name, member = _named(content, members, top=depth == 0)
            members[name] = _restore(member, reading, depth + 1)
    return members


def _named(content: list[JSON], members: Mapping[str, JSON], *, top: bool) -> tuple[str, JSON]:
    if len(content) != 3:
        raise DisclosureInvalid(reason="element_in_place_of_member")
    _salt, name, member = content
    assert isinstance(name, str)
    if name in _RESERVED:
        raise DisclosureInvalid(reason="reserved_name")
    if name in members:
        raise DisclosureInvalid(reason="member_exists")
    if top and name in ALWAYS_OPEN:
        raise DisclosureInvalid(reason="claim_is_always_open")
    return name, member


def _restore_elements(value: list[JSON], reading: _Reading, depth: int) -> list[JSON]:
    items: list[JSON] = []
    for item in value:
        if not (isinstance(item, dict) and ELEMENT in item):
            items.append(_restore(item, reading, depth + 1))
            continue
        if len(item) != 1:
            raise DisclosureInvalid(reason="element_with_other_members")
        content = reading.take(item[ELEMENT])
        if content is None:
            continue
        if len(content) != 2:
            raise DisclosureInvalid(reason="member_in_place_of_element")
        items.append(_restore(content[1], reading, depth + 1))
    return items
