import pytest

from licences.licence_type import LicenceType
from licences.row_columns import ENVELOPE, MAX_HOLDERS, Target, target_of, targets_of
from licences.row_header import Header, letters
from tests.licences.row_files import CATALOGUE


@pytest.mark.parametrize("kind", list(CATALOGUE), ids=lambda kind: kind.slug)
def test_every_field_has_its_key_and_its_chinese_name(kind: LicenceType) -> None:
    names = targets_of(kind)
    for key in kind.properties:
        target = Target("field", key)
        assert names[key] == target
        assert names[kind.field_labels[key].zh] == target


@pytest.mark.parametrize("kind", list(CATALOGUE), ids=lambda kind: kind.slug)
def test_columns_of_every_type_are_not_hidden_by_fields(kind: LicenceType) -> None:
    names = targets_of(kind)
    for key, labels in ENVELOPE.items():
        assert names[key].group in {"licence", "decision"}
        assert {names[label] for label in labels} == {names[key]}
        assert names[key].place == key.replace("decision_", "decision.")


def test_a_type_names_number_and_dates_in_its_own_way() -> None:
    title, food = targets_of(CATALOGUE.type("real-estate-title")), targets_of(CATALOGUE.type("food-business-permit"))
    assert title["不动产权证号"] == title["bdcqzh"] == Target("licence", "number")
    assert title["登记日期"] == Target("licence", "issue_date")
    assert food["有效期至"] == Target("licence", "valid_until")


def test_a_name_by_kind_of_entity() -> None:
    names = targets_of(CATALOGUE.type("business-licence"))
    assert names["经营者"] == names["法定代表人"] == names["fddbr"] == Target("field", "head")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("holder_1_name", Target("holder", "name")),
        ("持证主体1名称", Target("holder", "name")),
        ("持证主体12代码类型", Target("holder", "code_type", 11)),
        (f"holder_{MAX_HOLDERS}_share", Target("holder", "share", MAX_HOLDERS - 1)),
        (f"holder_{MAX_HOLDERS + 1}_share", None),
        ("holder_0_name", None),
        ("holder_01_name", None),
        ("holder_1_colour", None),
        ("持证主体1颜色", None),
        ("持证主体1", None),
    ],
)
def test_columns_of_holders(name: str, target: Target | None) -> None:
    assert target_of(targets_of(CATALOGUE.type("business-licence")), name) == target


def test_the_place_of_a_column_is_its_path_in_the_request() -> None:
    assert Target("holder", "code", 1).place == "holders[1].code"
    assert Target("field", "scope").place == "fields.scope"
    assert Target("decision", "case").place == "decision.case"


def test_one_column_means_something_else_in_another_type() -> None:
    required = ["issuer", "number", "issue_date", "business_number"]
    holder = ["holder_1_name", "holder_1_code", "holder_1_code_type"]
    header = Header(["type", *required, *holder, " 用途 ", "经营范围", ""], CATALOGUE, None)
    title, business = (header.layout(CATALOGUE.type(slug)) for slug in ("real-estate-title", "business-licence"))
    assert title[-3:] == (Target("field", "use"), None, None)
    assert business[-3:] == (None, Target("field", "scope"), None)
    assert (header.name(8), header.name(10)) == ("用途", "K")


def test_letters_of_a_spreadsheet() -> None:
    assert [letters(at) for at in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
