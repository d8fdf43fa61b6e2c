"""The SD-JWT specifications of sd-jwt-python: issue as they say, disclose as they say, read what they expect."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from seals.jwt.jades import JsonSealer, read_json
from seals.jwt.jose import load_object
from seals.jwt.sd_jwt import Path as ClaimPath
from seals.jwt.sd_jwt import conceal, restore
from tests.seals.keys import NOW, seal_keys

CASES = (
    "array_data_types",
    "array_full_sd",
    "array_in_sd",
    "array_nested_in_plain",
    "array_none_disclosed",
    "array_of_nulls",
    "array_of_objects",
    "array_of_scalars",
    "array_recursive_sd",
    "array_recursive_sd_some_disclosed",
    "header_mod",
    "json_serialization_flattened",
    "json_serialization_general",
    "key_binding",
    "no_sd",
    "object_data_types",
    "recursions",
)


@dataclass(frozen=True)
class Sd:
    """What stands behind an `!sd` tag: a member's name or an array element."""

    value: Any


class _Loader(yaml.SafeLoader):
    pass


def _sd(loader: yaml.SafeLoader, node: yaml.Node) -> Sd:
    match node:
        case yaml.MappingNode():
            return Sd(loader.construct_mapping(node, deep=True))
        case yaml.SequenceNode():
            return Sd(loader.construct_sequence(node, deep=True))
    # The tag hides a scalar's type: a plain one is resolved as YAML would have without it.
    assert isinstance(node, yaml.ScalarNode)
    return Sd(yaml.safe_load(node.value) if node.style is None else node.value)


_Loader.add_constructor("!sd", _sd)


def _plain(value: Any, path: ClaimPath, disclosable: list[ClaimPath]) -> Any:
    """Strip the tags, noting their paths."""
    if isinstance(value, Sd):
        disclosable.append(path)
        value = value.value
    if isinstance(value, dict):
        result = {}
        for key, member in value.items():
            name = str(key.value if isinstance(key, Sd) else key)
            here = (*path, name)
            if isinstance(key, Sd):
                disclosable.append(here)
            result[name] = _plain(member, here, disclosable)
        return result
    if isinstance(value, list):
        return [_plain(item, (*path, index), disclosable) for index, item in enumerate(value)]
    return value


def _chosen(choice: Any, path: ClaimPath) -> set[ClaimPath]:
    """Every path at or above a `True`, as the holder of the specification discloses it."""
    if isinstance(choice, dict):
        inner = [(str(name), value) for name, value in choice.items()]
    elif isinstance(choice, list):
        inner = list(enumerate(choice))  # type: ignore[arg-type]
    else:
        return {path} if choice is True else set()
    below = set().union(*(_chosen(value, (*path, name)) for name, value in inner)) if inner else set()
    return {path, *below} if below or inner else below


def _load(vectors: Path, case: str) -> dict[str, Any]:
    text = (vectors / "sd-jwt" / case / "specification.yml").read_text()
    return yaml.load(text, Loader=_Loader)  # type: ignore[no-any-return]


def test_every_specification_is_tried(vectors: Path) -> None:
    assert tuple(sorted(path.parent.name for path in vectors.glob("sd-jwt/*/specification.yml"))) == CASES


@pytest.mark.parametrize("case", CASES)
def test_specification(vectors: Path, case: str) -> None:
    specification = _load(vectors, case)
    disclosable: list[ClaimPath] = []
    claims = _plain(specification["user_claims"], (), disclosable)
    concealed = conceal(claims, disclosable)
    kept = _chosen(specification["holder_disclosed_claims"], ())
    presented = [disclosure.text for disclosure in concealed.disclosures if disclosure.path in kept]
    assert restore(concealed.payload, presented).claims == specification["expect_verified_user_claims"]
    everything = [disclosure.text for disclosure in concealed.disclosures]
    assert restore(concealed.payload, everything).claims == claims


@pytest.mark.parametrize("case", CASES)
def test_specification_through_the_seal(vectors: Path, case: str) -> None:
    disclosable: list[ClaimPath] = []
    claims = _plain(_load(vectors, case)["user_claims"], (), disclosable)
    keys = seal_keys()
    sealed = JsonSealer(keys.signer, keys.chain, None).seal(claims, disclosable, NOW)
    for evidence in (read_json(sealed.compact.encode()), read_json(sealed.flattened)):
        assert evidence.signature_valid
        assert evidence.faults == ()
        assert evidence.claims == {**claims, "iat": int(NOW.timestamp())}
    assert load_object(sealed.flattened)["disclosures"] == sealed.compact.split("~")[1:-1]
