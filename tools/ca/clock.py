"""`elicence ca clock`: the clock against the newest time that was trusted."""

from datetime import UTC, datetime

import click

from api.schema import Role
from ca.timekeeping.database_clock import log_time, mark_time, write_mark
from ledger.errors import Language
from tools.ca.answering import Answer, answering, facts, language_of, tell, written
from tools.opening import opened_house

_ACCEPT = "The clock is right: give up a mark that is later. 确认系统时钟正确，放弃更晚的标记"


@click.command()
@click.option("--accept", is_flag=True, help=_ACCEPT)
@answering
def clock(lang: Language | None, *, accept: bool, as_json: bool) -> None:
    """Show the clock beside the newest time that was trusted; before that one nothing is stamped.

    查看系统时钟与已信任的最新时间（标记）；时钟落后于标记时不签发时间戳。A clock that ran ahead for a while leaves a mark in
    the future: set the clock right, then --accept it. What the log has recorded cannot be given up: wait until it is past.
    """
    with opened_house() as house, house.database.session(Role.WORKER) as session:
        now = datetime.now(UTC)
        before = session.scalar(mark_time())
        if accept:
            write_mark(session, now, lower="operator")
        mark, log = session.scalar(mark_time()), session.scalar(log_time())
    lowered = before is not None and mark is not None and mark < before
    answer: Answer = {"clock": written(now), "mark": written(mark), "log": written(log), "lowered": lowered}
    zh = language_of(lang) == "zh"
    names = ("系统时钟", "标记", "账本", "已放弃") if zh else ("clock", "mark", "log", "given up")
    values = (written(now), written(mark), written(log), written(before) if lowered else None)
    tell(answer, facts([(name, value or "-") for name, value in zip(names, values, strict=True)]), as_json=as_json)
