"""`elicence ledger tidy`: the room that partial tiles take is given back, and that of what crashes left behind."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from ledger.errors import Language
from tools.ca.answering import answering, language_of, tell
from tools.ledger.place import open_place

if TYPE_CHECKING:
    from api.house import House


@click.command()
@click.option("--documents", is_flag=True, help="Objects of no document, in the place of tiles. 无登记的文件对象")
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="Only those that have lain there for so many days. 存放天数",
)
@click.option("--delete", is_flag=True, help="With --documents: delete them; without, they are only listed. 实际删除")
@answering
def tidy(lang: Language | None, days: int, *, documents: bool, delete: bool, as_json: bool) -> None:
    """Delete the partial tiles of our own log that full ones have followed; every proof still holds.

    删除已被完整分片取代的旧分片；所有证明仍然有效。Checked first is that each is the beginning of its full tile.

    \b
    With --documents: what a crash left in the store and no document lies under. Listed; deleted with --delete.
    加 --documents：列出崩溃遗留、没有登记的文件对象；加 --delete 才删除。
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
    from ledger.log.reader import LogReader
    from ledger.log.tidying import tidy as tidy_up

    chinese = language_of(lang) == "zh"
    with open_place(None, None, None) as place:
        assert place.house is not None
        if documents:
            keys = _strangers(place.house, datetime.now(UTC) - timedelta(days=days), delete=delete)
            verb = ("已删除", "deleted") if delete else ("可删除", "can be deleted")
            line = f"{verb[0]}无登记对象 {len(keys)} 个" if chinese else f"{len(keys)} objects of no document {verb[1]}"
            tell({"objects": list(keys), "deleted": len(keys) if delete else 0}, [line, *keys], as_json=as_json)
            return
        deleted = tidy_up(place.house.objects, LogReader.open(place.fetch, place.vkey).size)
    line = f"已删除旧分片 {deleted} 个" if chinese else f"{deleted} old partial tiles deleted"
    tell({"deleted": deleted}, [line], as_json=as_json)


def _strangers(house: "House", before: datetime, *, delete: bool) -> list[str]:
    from api.schema import Role
    from api.storage import open_objects
    from licences.document_sweeping import unreferenced

    objects, found = open_objects(house.settings), []
    for key in unreferenced(lambda: house.database.session(Role.WORKER), objects, before):
        if delete:
            objects.delete(key)
        found.append(key)
    return found
