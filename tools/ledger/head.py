"""`elicence ledger head`: what is published, and what waits behind it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.errors import Language
from tools.ca.answering import Answer, answering, facts, language_of, tell, told, written
from tools.ledger.place import open_place, placed

if TYPE_CHECKING:
    from api.house import House


@click.command()
@placed
@answering
def head(at: str | None, vkey: str | None, trust: Path | None, lang: Language | None, *, as_json: bool) -> None:
    """Show the published checkpoint, and of our own log what waits for its place or its publication.

    显示已发布的检查点；对本机构账本还显示待写入与待发布的数量。
    """
    from ledger.log.reader import LogReader

    language = language_of(lang)
    with open_place(at, vkey, trust) as place:
        now = datetime.now(UTC)
        reader = LogReader.open(place.fetch, place.vkey)
        answer: Answer = {
            "origin": reader.checkpoint.origin,
            "size": reader.size,
            "root": reader.checkpoint.root.hex(),
            "vkey": place.vkey.text,
            "checkpoint": reader.note,
        }
        names = ("账本", "条目数", "根", "公钥") if language == "zh" else ("log", "entries", "root", "key")
        pairs = list(zip(names, map(str, list(answer.values())[:4]), strict=True))
        if place.house is not None:
            answer |= (waits := _waiting(place.house, reader.size, now))
            pairs.append(("待写入事件" if language == "zh" else "events that wait", _waits(waits, language)))
            unpublished = "待发布条目" if language == "zh" else "entries not yet published"
            pairs.append((unpublished, str(waits["unpublished"])))
    tell(answer, facts(pairs), as_json=as_json)


def _waiting(house: "House", published: int, now: datetime) -> Answer:
    from api.schema import Role
    from ledger import store
    from ledger.store import checking

    with house.database.session(Role.WORKER) as session:
        number, since = checking.waiting(session)
        late = len(checking.overdue(session, now, published))
        found = store.head(session)
    return {
        "waiting": number,
        "waiting_since": written(since),
        "overdue": late,
        "unpublished": 0 if found is None else found.size - published,
    }


def _waits(waits: Answer, language: Language) -> str:
    if not waits["waiting"]:
        return "0"
    since = told(datetime.fromisoformat(str(waits["waiting_since"])))
    if language == "zh":
        return f"{waits['waiting']}（最早 {since}，逾期 {waits['overdue']}）"
    return f"{waits['waiting']} (since {since}, overdue {waits['overdue']})"
