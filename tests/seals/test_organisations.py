from datetime import date

import pytest

from ledger.actor import Uscc
from seals.errors import OrganisationRefused
from seals.life.organisations import Organisation, check_uscc

REAL = ["11100000000013338W", "11100000MB03271699", "11100000MB0143028R", "11220000013544541J", "11330105002500287C"]
TEST_CITY = ["11990100MB9T00011N", "11990100MB9T0002XE", "11990100MB9T001850", "91990101MA9T00018G"]


@pytest.mark.parametrize("code", REAL + TEST_CITY)
def test_good_codes(code: str) -> None:
    assert check_uscc(code) == code
    for position in range(18):
        other = "1" if code[position] != "1" else "2"
        with pytest.raises(OrganisationRefused):
            check_uscc(code[:position] + other + code[position + 1 :])


@pytest.mark.parametrize(
    "code", ["", "340100", "11990100MB9T00011n", "11990100MB9T00011N ", "1199010OMB9T00011N", "１"]
)
def test_bad_codes(code: str) -> None:
    with pytest.raises(OrganisationRefused) as refused:
        check_uscc(code)
    assert refused.value.reason == "uscc"


def test_names_and_dates() -> None:
    code = Uscc(TEST_CITY[0])
    with pytest.raises(OrganisationRefused):
        Organisation(code, " ", date(2026, 1, 1))
    with pytest.raises(OrganisationRefused):
        Organisation(code, "测" * 101, date(2026, 1, 1))
    with pytest.raises(OrganisationRefused):
        Organisation(code, "测试\n局", date(2026, 1, 1))
    with pytest.raises(OrganisationRefused):
        Organisation(code, "测试局", date(2026, 1, 2), date(2026, 1, 1))
    assert Organisation(code, "测试局", date(2026, 1, 1), date(2026, 1, 1)).valid_to
