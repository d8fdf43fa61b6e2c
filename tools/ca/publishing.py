"""`elicence ca publish`: revocation lists and the trust list, now."""

from datetime import UTC, datetime

import click

from api.schema import Role
from api.trust_lists import publish_lists
from ca import store
from ledger.errors import Language
from tools.ca.answering import Answer, answering, language_of, tell, told, written
from tools.ca.office import publisher
from tools.opening import opened_house


@click.command()
@click.argument("authorities", nargs=-1, metavar="[AUTHORITY]...")
@answering
def publish(authorities: tuple[str, ...], lang: Language | None, *, as_json: bool) -> None:
    """Publish the revocation lists that are due, and the trust list if it is; or the list of each AUTHORITY in any case.

    发布到期或有变动的吊销列表与信任列表；指明机构则立即发布其列表。`elicence work` does it by itself; a root's list comes
    from a ceremony (`elicence ca rollover`).
    """
    language, now = language_of(lang), datetime.now(UTC)
    with opened_house() as house:
        for authority in authorities:
            publisher(house).publish(authority, now)
        published = (*authorities, *publish_lists(house, now))
        with house.database.session(Role.WORKER) as session:
            lists = [(name, store.crl_of(session, name)) for name in published if name != "trust"]
            trust = store.newest_trust(session) if "trust" in published else None
    answer: list[Answer] = [
        {"authority": name, "number": row.number, "next_update": written(row.next_update)}
        for name, row in lists
        if row is not None
    ]
    lines = [f"{name}  {row.number}  {told(row.next_update)}" for name, row in lists if row is not None]
    if trust is not None:
        answer.append({"authority": None, "number": trust.number, "next_update": written(trust.valid_until)})
        lines.append(f"{'信任列表' if language == 'zh' else 'trust list'}  {trust.number}  {told(trust.valid_until)}")
    nothing = "没有到期的列表" if language == "zh" else "nothing was due"
    tell(answer, lines or [nothing], as_json=as_json)
