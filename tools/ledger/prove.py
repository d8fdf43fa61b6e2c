"""`elicence ledger prove`: proofs out of the tiles, for any entry and any two sizes."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools.errors import ToolError
from tools.ledger.place import open_place, placed
from tools.whole_files import write_whole

if TYPE_CHECKING:
    from tools.ledger.place import Place


@dataclass(eq=False)
class EventUnproved(ToolError):
    """The published log has no such event."""

    code = "tools.event_unproved"
    zh = "已发布的账本中没有这一事件（可能仍在等待写入）"
    en = "the published log does not contain that event; it may still wait for its place"


@click.command()
@placed
@click.option("--event", metavar="ID", help="An event of ours, opened: whoever has the proof reads it. 事件编号")
@click.option("--index", type=click.IntRange(min=0), help="An entry, not opened. 条目序号")
@click.option("--from", "old", type=click.IntRange(min=1), help="Consistency from this size. 一致性证明的旧大小")
@click.option("--to", "new", type=click.IntRange(min=1), help="Up to this size; default: all. 一致性证明的新大小")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File; default: print. 输出文件")
def prove(
    at: str | None,
    vkey: str | None,
    trust: Path | None,
    event: str | None,
    index: int | None,
    old: int | None,
    new: int | None,
    output: Path | None,
) -> None:
    """Write the proof of one entry (.tlog-proof), or that the log of one size continues the log of another.

    导出条目的包含证明，或两个大小之间的一致性证明。A consistency proof is its hashes in base64, one a line.
    """
    if (event is not None) + (index is not None) + (old is not None) != 1 or (new is not None and old is None):
        raise click.UsageError("choose one of --event, --index and --from 须三选一")
    with open_place(at, vkey, trust) as place:
        text = _consistency(place, old, new) if old is not None else _inclusion(place, event, index)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text.encode())


def _consistency(place: "Place", old: int, new: int | None) -> str:
    from ledger.log.reader import LogReader

    proof = LogReader.open(place.fetch, place.vkey).consistency(old, new)
    return "".join(f"{base64.b64encode(part).decode()}\n" for part in proof)


def _inclusion(place: "Place", event: str | None, index: int | None) -> str:
    from ledger.log.reader import LogReader

    if index is not None:
        return LogReader.open(place.fetch, place.vkey).inclusion(index).text
    if place.house is None or event is None:
        raise click.UsageError("--event is for our own log 仅适用于本机构账本")
    from api.schema import Role
    from ledger.log.reading import inclusion

    house = place.house
    with house.database.session(Role.WORKER) as session:
        proof = inclusion(session, house.objects, house.wrapper, event)
    if proof is None:
        raise EventUnproved
    return proof.text
