"""Wycheproof's JWS cases: we implement ES256 and nothing else, and accept no second spelling of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seals.errors import JsonUnreadable
from seals.jwt.jose import b64url_encode, public_key_from_jwk, read_compact

# Two HS256 cases insert a `?` into a part and are called valid there: their algorithm is refused before that.
ACCEPTED = {18, 378}


def _cases(vectors: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    document = json.loads((vectors / "jws" / "json_web_signature_test.json").read_text())
    for group in document["testGroups"]:
        for case in group["tests"]:
            yield group.get("public", group.get("private")), case


def _accepted(jwk: dict[str, Any], text: str) -> bool:
    try:
        return read_compact(text).verified_by(public_key_from_jwk(jwk))
    except JsonUnreadable:
        return False


def test_every_case(vectors: Path) -> None:
    cases = list(_cases(vectors))
    accepted = {case["tcId"] for jwk, case in cases if _accepted(jwk, case["jws"])}
    es256_valid = {case["tcId"] for jwk, case in cases if case["result"] == "valid" and jwk.get("alg") == "ES256"}
    assert len(cases) == 401
    assert accepted == es256_valid == ACCEPTED


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "PS256", "ES512", "none"])
def test_other_algorithms_are_refused_by_name(vectors: Path, algorithm: str) -> None:
    text = f"{b64url_encode(json.dumps({'alg': algorithm}).encode())}.Zm9v.AAAA"
    with pytest.raises(JsonUnreadable) as refused:
        read_compact(text)
    assert refused.value.reason == "algorithm_not_supported"
