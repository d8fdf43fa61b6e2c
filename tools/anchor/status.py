"""`elicence anchor status`: what the anchorer saw, what it sent, and what stands on the chain."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import click

from api.anchoring import log_vkey
from api.schema import Role
from ledger.anchor import store
from ledger.anchor.reading import PublishedLog
from ledger.errors import Language
from ledger.log.served import tile_fetch
from tools.ca.answering import Answer, answering, facts, language_of, table, tell, told, written
from tools.opening import opened_house

_FRESH: Final = timedelta(minutes=5)
_INVALID, _UNDECIDED = 1, 2


@click.command()
@click.option("--last", default=10, show_default=True, type=click.IntRange(0, 10_000), help="Anchors shown. 显示条数")
@answering
def status(lang: Language | None, *, last: int, as_json: bool) -> int:
    """Show the last look at the chain, what is under way, and the newest anchors.

    查看存证状态。Ends with 1 while there is an alarm, 2 if nobody has looked for five minutes or something is in the way.
    """
    with opened_house() as house:
        published = PublishedLog.read(tile_fetch(house.objects), log_vkey(house))
        with house.database.session(Role.WORKER) as session:
            look = store.look(session)
            if look is None:
                tell({"chain": None}, [_nobody(language_of(lang))], as_json=as_json)
                return _UNDECIDED
            attempts = store.attempts(session, look.chain)
            anchors = store.anchors(session, look.chain, last)
            count = store.count_anchors(session, look.chain)
    size = published.checkpoint.size if published else 0
    old = datetime.now(UTC) - look.looked_at > _FRESH
    answer: Answer = {
        "chain": look.chain,
        "looked_at": written(look.looked_at),
        "published": size,
        "anchored": look.size,
        "root": look.root.hex(),
        "newest": look.newest_size,
        "block": look.block_number,
        "alarm": look.alarm,
        "trouble": look.trouble,
        "under_way": [
            {
                "nonce": attempt.nonce,
                "size": attempt.size,
                "transaction": attempt.transaction.hash.hex(),
                "price": attempt.fee.price,
                "signed_at": written(attempt.signed_at),
            }
            for attempt in attempts
        ],
        "count": count,
        "anchors": [
            {
                "size": found.event.size,
                "root": found.event.root.hex(),
                "block": found.event.block_number,
                "transaction": found.event.transaction.hex(),
                "seen_at": written(found.seen_at),
            }
            for found in anchors
        ],
    }
    tell(answer, _lines(answer, look, attempts, anchors, language_of(lang)), as_json=as_json)
    if look.alarm is not None:
        return _INVALID
    return _UNDECIDED if old or look.trouble is not None else 0


@click.command()
def end() -> None:
    """No longer tell verifiers of the chain that was looked at last: it has been given up.

    停用不再使用的链：核验不再提示该链。Its anchors stay on it; take ELICENCE_CHAIN_URL out of the settings first.
    """
    with opened_house() as house, house.database.session(Role.WORKER) as session:
        look = store.look(session)
        if look is not None:
            store.forget_look(session, look.chain)
    click.echo("-" if look is None else look.chain)


def _nobody(language: Language) -> str:
    return (
        "尚未查看过区块链：见 docs/anchoring.md"
        if language == "zh"
        else "nobody has looked at a chain: see docs/anchoring.md"
    )


def _lines(
    answer: Answer,
    look: store.Look,
    attempts: Sequence[store.Attempt],
    anchors: Sequence[store.StoredAnchor],
    language: Language,
) -> list[str]:
    zh = language == "zh"
    names = ("合约", "上次查看", "已发布条目", "链上已确认", "报警", "问题") if zh else _NAMES
    values = (
        look.chain,
        told(look.looked_at),
        str(answer["published"]),
        f"{look.size} ({'区块' if zh else 'block'} {look.block_number})",
        look.alarm or "-",
        look.trouble or "-",
    )
    heads = ("条目数", "根", "区块", "交易", "时间") if zh else ("entries", "root", "block", "transaction", "seen")
    waiting = [(str(one.size), "…", "-", one.transaction.hash.hex()[:16], told(one.signed_at)) for one in attempts]
    rows = [
        (
            str(one.event.size),
            one.event.root.hex()[:16],
            str(one.event.block_number),
            one.event.transaction.hex()[:16],
            told(one.seen_at),
        )
        for one in anchors
    ]
    return [*facts(list(zip(names, values, strict=True))), "", *table(heads, [*waiting, *rows])]


_NAMES: Final = ("contract", "looked at", "published", "anchored", "alarm", "trouble")
