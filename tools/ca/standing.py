"""`elicence ca revoke`, `hold` and `release`: certificates put out of force, and back."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, cast

import click

from api.house import House
from api.schema import Role
from ca import store
from ca.desk.issuance import CertificateDesk
from ca.reading.crl_reader import Reason
from ledger.errors import Language
from tools.ca.answering import Answer, answering, language_of, tell
from tools.ca.certificate_telling import certificate_json
from tools.ca.office import OFFICER, desk, find
from tools.moments import MOMENT
from tools.opening import opened_house
from tools.sequencing import Sequencing

# RFC 5280 section 5.3.1, without those that are none of a revocation's: a hold, and its end.
_REASONS: Final = (
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)
_NEXT: Final = {
    "zh": "新的吊销列表由 elicence work 发布；立即发布：elicence ca publish",
    "en": "`elicence work` publishes the new list; to do it at once: `elicence ca publish`",
}

Change = Callable[[CertificateDesk, int, datetime], tuple[int, ...]]


@click.command()
@click.argument("certificate")
@click.option("--reason", required=True, type=click.Choice(_REASONS), help="Why (RFC 5280 5.3.1). 原因")
@click.option("--at", type=MOMENT, help="From when; default: from now. 吊销时间，默认当前")
@click.option("--invalid-since", type=MOMENT, help="When the trouble began, as far as known. 失效起始时间")
@answering
def revoke(
    certificate: str,
    reason: str,
    at: datetime | None,
    invalid_since: datetime | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Revoke CERTIFICATE, for good.

    吊销证书，不可恢复。A compromised key takes every certificate of that key along. What was signed before stays good,
    unless --invalid-since reaches back to it. For a pause use `hold`.
    """

    def act(at_desk: CertificateDesk, serial: int, now: datetime) -> tuple[int, ...]:
        return at_desk.revoke(serial, cast("Reason", reason), at or now, OFFICER, now, invalid_since)

    _change(certificate, act, {"zh": "已吊销", "en": "revoked"}, lang, as_json=as_json)


@click.command()
@click.argument("certificate")
@click.option("--at", type=MOMENT, help="From when; default: from now. 暂停时间，默认当前")
@answering
def hold(certificate: str, at: datetime | None, lang: Language | None, *, as_json: bool) -> None:
    """Put CERTIFICATE on hold: as if revoked, until it is released or revoked.

    暂停证书，之后可恢复或吊销。
    """

    def act(at_desk: CertificateDesk, serial: int, now: datetime) -> tuple[int, ...]:
        at_desk.hold(serial, at or now, OFFICER, now)
        return (serial,)

    _change(certificate, act, {"zh": "已暂停", "en": "on hold"}, lang, as_json=as_json)


@click.command()
@click.argument("certificate")
@answering
def release(certificate: str, lang: Language | None, *, as_json: bool) -> None:
    """Take CERTIFICATE off hold; the next revocation list leaves it out.

    解除暂停，恢复证书。
    """

    def act(at_desk: CertificateDesk, serial: int, now: datetime) -> tuple[int, ...]:
        at_desk.release(serial, OFFICER, now)
        return (serial,)

    _change(certificate, act, {"zh": "已恢复", "en": "released"}, lang, as_json=as_json)


def _change(certificate: str, act: Change, done: dict[Language, str], lang: Language | None, *, as_json: bool) -> None:
    """Do an act, and tell how the certificates stand that it has changed."""
    language, now = language_of(lang), datetime.now(UTC)
    with opened_house() as house, Sequencing(house.sequencer()):
        with house.database.session(Role.WORKER) as session:
            serial = int(find(session, certificate).serial_number, 16)
        changed = act(desk(house), serial, now)
        answer = _standings(house, changed, now)
    lines = [f"{done[language]} {one['serial_number']}  {one['subject']}" for one in answer]
    tell(answer, [*lines, _NEXT[language]], as_json=as_json)


def _standings(house: House, serials: tuple[int, ...], now: datetime) -> list[Answer]:
    with house.database.session(Role.WORKER) as session:
        rows = [row for serial in serials if (row := store.certificate_by_serial(session, serial)) is not None]
        known = store.standing(session, [row.serial_number for row in rows])
        return [certificate_json(row, known.get(row.serial_number), now) for row in rows]
