import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from licences.catalogue import TYPES_FOLDER, Catalogue
from licences.codes import CODE_TYPES, is_uscc
from licences.licence_type import LicenceType
from licences.type_errors import TypeBroken, TypeUnknown
from tests.licences import samples

CODES = {
    "real-estate-title": "11100000MB03271699001",
    "construction-permit": "11100000000013338W009",
    "business-licence": "11100000MB0143028R001",
    "tobacco-retail-permit": "11990100MB9T001850001",
    "food-business-permit": "11990100MB9T001850002",
}
KINDS = Catalogue.load().types
each_type = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)


def test_the_five_types_are_there_under_both_names() -> None:
    catalogue = Catalogue.load()
    assert {kind.slug: kind.code for kind in catalogue.types} == CODES
    for slug, code in CODES.items():
        assert catalogue.type(slug) is catalogue.type(code)
    assert {kind.slug for kind in catalogue if kind.local} == {"tobacco-retail-permit", "food-business-permit"}


@pytest.mark.parametrize("name", ["", "real_estate", "11100000MB03271699002", "../etc"])
def test_an_unknown_type_is_refused(name: str) -> None:
    with pytest.raises(TypeUnknown, match="business-licence"):
        Catalogue.load().type(name)


@each_type
def test_the_schema_is_a_schema(kind: LicenceType) -> None:
    Draft202012Validator.check_schema(kind.schema)
    assert kind.schema["additionalProperties"] is False
    assert kind.schema["$id"] == kind.vct


@each_type
def test_everything_has_its_words_in_both_languages(kind: LicenceType) -> None:
    words: list[Any] = [kind.name, kind.authority, kind.number.form, kind.definer, *kind.items, *kind.labels.values()]
    words += [item.about for item in kind.items if item.about]
    words += [label.about for label in kind.labels.values() if label.about]
    words += [variant for item in kind.items if item.labels_by for variant in item.labels_by.values.values()]
    for word in words:
        assert word.zh.strip()
        assert word.en.strip()
        assert word.en != word.zh
    assert kind.field_labels.keys() >= kind.properties.keys()


@each_type
def test_codes_are_sound(kind: LicenceType) -> None:
    assert is_uscc(kind.definer.code)
    assert set(kind.holders.code_types) <= CODE_TYPES.keys()
    assert kind.local == kind.code.startswith("1199")


@each_type
def test_what_identifies_a_person_is_never_public(kind: LicenceType) -> None:
    public = {item.key for item in kind.items if item.face == "P"}
    assert not public & {"id_number", "owner_codes", "owners", "location", "unit_number", "plans"}
    assert kind.face_class == "public" or "notes" not in public


@each_type
def test_the_seal_lies_on_the_page(kind: LicenceType) -> None:
    radius = kind.seal.diameter_mm / 2
    assert radius < kind.seal.x_mm < kind.paper.width_mm - radius
    assert radius < kind.seal.y_mm < kind.paper.height_mm - radius
    assert 1 <= kind.seal.page <= kind.paper.pages


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "type.yaml"
    raw = yaml.safe_load(path.read_text("utf-8"))
    for name, value in changes.items():
        if value is ...:
            del raw[name]
        else:
            raw[name] = value
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with one type in it, and the path of that type."""
    shutil.copytree(TYPES_FOLDER / "food-business-permit", tmp_path / "types" / "food-business-permit")
    return tmp_path / "types" / "food-business-permit"


def test_a_type_is_data(copied: Path) -> None:
    edit(copied, name={"zh": "测试许可证", "en": "Test permit"})
    (kind,) = Catalogue.load(copied.parent).types
    assert kind.name.zh == "测试许可证"


ITEM = {"key": "x", "zh": "某", "en": "Some", "face": "P"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 1}, "version"),
        ({"name": ...}, "name"),
        ({"colour": "red"}, "colour"),
        ({"face_class": "secret"}, "face_class"),
        ({"slug": "other"}, "short name"),
        ({"code": "11990100MB9T001851002"}, "definer"),
        ({"code": "11990100MB9T00185002"}, "definer"),
        ({"items": [ITEM]}, "no label"),
        ({"labels": {}}, "no label"),
        ({"number": {"pattern": "[0-9]", "form": {"zh": "某", "en": "some"}, "example": "12"}}, "example"),
        ({"number": {"pattern": "[", "form": {"zh": "某", "en": "some"}, "example": "12"}}, "pattern"),
        ({"holders": {"min": 1, "max": 1, "code_types": ["001"], "named_by": "nothing"}}, "nothing"),
    ],
)
def test_a_contradictory_type_is_refused(copied: Path, changes: dict[str, Any], reason: str) -> None:
    edit(copied, **changes)
    with pytest.raises(TypeBroken, match=reason):
        Catalogue.load(copied.parent)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (ITEM | {"parts": ["{nothing}"]}, "unknown nothing"),
        (ITEM, "unknown x"),
        (ITEM | {"each": "nothing", "parts": ["{name}"]}, "unknown nothing"),
        (ITEM | {"face": "M", "parts": ["{number}"]}, "not how"),
        (ITEM | {"parts": ["{number}"], "mask": "colour"}, "mask"),
        (ITEM | {"parts": ["{number}"], "stars_when_same_as": "nothing"}, "unknown nothing"),
        (ITEM | {"parts": ["{number}"], "labels_by": {"field": "nothing", "values": {}}}, "unknown nothing"),
    ],
)
def test_a_contradictory_line_is_refused(copied: Path, item: dict[str, Any], reason: str) -> None:
    raw = yaml.safe_load((copied / "type.yaml").read_text("utf-8"))
    edit(copied, items=[*raw["items"], item])
    with pytest.raises(TypeBroken, match=reason):
        Catalogue.load(copied.parent)


@pytest.mark.parametrize("name", ["type.yaml", "schema.json"])
@pytest.mark.parametrize("text", ["{", "[]", "a: b: c", "\x00"])
def test_unreadable_definitions_are_refused(copied: Path, name: str, text: str) -> None:
    (copied / name).write_text(text, "utf-8")
    with pytest.raises(TypeBroken):
        Catalogue.load(copied.parent)


def test_a_definition_without_its_schema_is_refused(copied: Path) -> None:
    (copied / "schema.json").unlink()
    with pytest.raises(TypeBroken, match=r"schema\.json"):
        Catalogue.load(copied.parent)


def test_the_request_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads((TYPES_FOLDER / "request.schema.json").read_text("utf-8")))


def test_the_samples_are_of_these_types() -> None:
    assert sorted(CODES) == sorted(samples.SLUGS)
