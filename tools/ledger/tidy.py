"""`elicence ledger tidy`: the room that partial tiles take is given back."""

import click

from ledger.errors import Language
from tools.ca.answering import answering, language_of, tell
from tools.ledger.place import open_place


@click.command()
@answering
def tidy(lang: Language | None, *, as_json: bool) -> None:
    """Delete the partial tiles of our own log that full ones have followed; every proof still holds.

    删除已被完整分片取代的旧分片；所有证明仍然有效。Checked first is that each is the beginning of its full tile.
    """
    from ledger.log_reader import LogReader
    from ledger.tidying import tidy as tidy_up

    with open_place(None, None, None) as place:
        assert place.house is not None
        deleted = tidy_up(place.house.objects, LogReader.open(place.fetch, place.vkey).size)
    line = f"已删除旧分片 {deleted} 个" if language_of(lang) == "zh" else f"{deleted} old partial tiles deleted"
    tell({"deleted": deleted}, [line], as_json=as_json)
