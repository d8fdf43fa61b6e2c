"""`elicence ca keys`: where the keys are, and how often they were used."""

from typing import Final

import click

from api.house import root_keys
from ledger.errors import Language
from tools.ca.answering import Answer, answering, language_of, table, tell
from tools.opening import opened_house

_HEADS: Final = {
    "zh": ("密钥", "位置", "已用次数（不超过）", "上限", "出自仪式"),
    "en": ("key", "place", "uses at most", "limit", "from a ceremony"),
}
_WORDS: Final[dict[Language, dict[object, str]]] = {
    "zh": {None: "-", True: "是", False: "否"},
    "en": {None: "-", True: "yes", False: "no"},
}
_OFFLINE: Final = "offline"


@click.command()
@answering
def keys(lang: Language | None, *, as_json: bool) -> None:
    """List the keys: where they are, how often they were used at most, and how often they may be.

    列出密钥、存放位置与使用次数。Uses are reserved before they happen, a thousand at a time for busy keys. The roots' keys
    are shown while their folder is at hand; carry it away after a ceremony.
    """
    with opened_house() as house:
        ring, certified = house.keys, house.ceremony.certificates
        answer: list[Answer] = []
        for name in sorted(ring.names()):
            uses = ring.uses(name)
            answer.append(
                {
                    "name": name,
                    "place": uses.place,
                    "uses_at_most": uses.reserved,
                    "limit": uses.limit,
                    "from_ceremony": name in certified,
                }
            )
        answer += [
            {"name": name, "place": _OFFLINE, "uses_at_most": None, "limit": None, "from_ceremony": name in certified}
            for name in sorted(root_keys(house.settings).names())
        ]
    language = language_of(lang)
    rows = [tuple(_word(value, language) for value in one.values()) for one in answer]
    tell(answer, table(_HEADS[language], rows), as_json=as_json)


def _word(value: object, language: Language) -> str:
    return _WORDS[language][value] if value is None or isinstance(value, bool) else str(value)
