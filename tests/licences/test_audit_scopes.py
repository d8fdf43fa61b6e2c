"""What an auditor's question is about, over a register with a few licences."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.database import Database
from api.schema import Role
from ledger.provenance.errors import TraceTooLong
from ledger.provenance.orders import Scope
from licences.audit_scopes import begin_of, covered, end_of, labels
from licences.issuing import Issuer
from licences.issuing_errors import LicenceUnknown
from licences.verification.errors import MomentUnclear
from seals.errors import SealUnknown
from seals.store import newest_by_code
from tests.ledger.plans import whole_tables
from tests.licences.issuing_house import TOBACCO, issued, shop
from tests.seals.keys import NOW
from tests.seals.register import wrapper


def test_licences_by_identifier_department_holder_and_case(issuer: Issuer, database: Database) -> None:
    one, two = issued(issuer, shop(1)), issued(issuer, shop(2))
    holder = shop(1).holders[0]
    with database.session(Role.WORKER) as session:
        about = covered(session, wrapper(), Scope("licence", one.identifier))
        assert (about.unit, about.whole, about.term) == (TOBACCO, (one.licence_id,), None)
        case = covered(session, wrapper(), Scope("case", "YW-2"))
        assert (case.whole, case.term) == ((two.licence_id,), ("case", "YW-2"))
        plain = covered(session, wrapper(), Scope("department", TOBACCO))
        assert (plain.whole, plain.term) == ((), ("unit", TOBACCO))
        both = covered(session, wrapper(), Scope("department", TOBACCO), issued=True)
        assert set(both.whole) == {one.licence_id, two.licence_id}
        later = NOW + timedelta(days=1)
        assert covered(session, wrapper(), Scope("department", TOBACCO), since=later, issued=True).whole == ()
        assert len(covered(session, wrapper(), Scope("department", TOBACCO), until=later, issued=True).whole) == 2
        held = covered(session, wrapper(), Scope("organisation", holder.code))
        assert set(held.whole) == ({one.licence_id, two.licence_id} if holder.code_type == "001" else set())
        assert covered(session, wrapper(), Scope("organisation", "91990101MA9T00018G")).whole == ()
        assert labels(session, [one.licence_id]) == {one.licence_id: (one.identifier,)}


def test_a_seal_by_its_number_and_by_its_id(issuer: Issuer, database: Database) -> None:
    with database.session(Role.WORKER) as session:
        seal = newest_by_code(session, "99010100000004")
        assert seal is not None
        for name in (seal.code, str(seal.id)):
            about = covered(session, wrapper(), Scope("seal", name))
            assert (about.unit, about.whole) == (TOBACCO, (seal.id,))
        assert labels(session, [seal.id]) == {seal.id: (seal.code, seal.name)}
        for name in ("99010199999999", str(UUID(int=7)), "x"):
            with pytest.raises(SealUnknown):
                covered(session, wrapper(), Scope("seal", name))


@pytest.mark.parametrize(
    "scope",
    [
        Scope("licence", "1.2.156.3005.2.none"),
        Scope("department", TOBACCO),
        Scope("case", "YW-1"),
    ],
    ids=str,
)
def test_no_question_reads_a_whole_table(issuer: Issuer, database: Database, scope: Scope) -> None:
    def ask() -> None:
        with suppress(LicenceUnknown):
            covered(session, wrapper(), scope, since=NOW, issued=True)
        labels(session, [UUID(int=7)])

    with database.session(Role.WORKER) as session:
        assert whole_tables(session, ask) == []


def test_what_nobody_knows(issuer: Issuer, database: Database) -> None:
    with database.session(Role.WORKER) as session:
        for value in ("1.2.156.3005.2.none", "", "a\x00b"):
            with pytest.raises(LicenceUnknown):
                covered(session, wrapper(), Scope("licence", value))


def test_more_chains_than_an_answer_holds(issuer: Issuer, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    issued(issuer, shop(1))
    issued(issuer, shop(2))
    monkeypatch.setattr("licences.audit_scopes.MOST_CHAINS", 1)
    with database.session(Role.WORKER) as session, pytest.raises(TraceTooLong):
        covered(session, wrapper(), Scope("department", TOBACCO), issued=True)


def test_periods_are_days_in_china() -> None:
    assert begin_of("2026-11-01") == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert end_of("2026-11-30") == datetime(2026, 11, 30, 16, tzinfo=UTC)
    moment = "2026-11-22T10:00:00+08:00"
    assert begin_of(moment) == end_of(moment) == datetime(2026, 11, 22, 2, tzinfo=UTC)
    for text in ("", "yesterday", "2026-13-01", "2026-11-22T10:00:00", "9999-12-31", "٢٠٢٦-١١-٢٢"):
        with pytest.raises(MomentUnclear):
            end_of(text)
