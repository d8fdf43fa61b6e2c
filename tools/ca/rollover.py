"""`elicence ca rollover`: the ceremonies after the first, with the roots' keys at hand."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import get_args

import click

from api.founding import register
from api.house import House, root_keys
from api.schema import Role
from ca import store
from ca.ceremonies.credentials import Ceremony
from ca.ceremonies.names import Hierarchy
from ca.ceremonies.rollover import follow, follow_root, renew
from ca.ceremonies.transcript import Session, read_transcript
from ca.keys.folder import KeyFolder
from ca.keys.ring import KeyRing
from ca.reading.crl_reader import Revoked
from ca.writing.profiles import ROOT
from ledger.errors import Language
from tools.ca.answering import answering, language_of, tell
from tools.opening import opened_house
from tools.sequencing import Sequencing

Held = Callable[[KeyRing, KeyFolder, datetime, dict[str, Iterable[Revoked]]], Ceremony]


@click.group()
def rollover() -> None:
    """Hold a later ceremony. The folder with the roots' keys (keys/root) must be in its place; carry it away again.

    举行后续密钥仪式：须先放回根密钥目录（keys/root），之后再移走。Nothing that stands is taken away: what was sealed before
    stays verifiable. Each ceremony makes the roots' revocation lists and the responders' certificates anew, writes and
    signs its transcript, and publishes a new trust list. A running `elicence serve` takes up new responders, and the
    timestamp key that is in use by then, within a minute and without a restart.
    """


@rollover.command("renew")
@answering
def renew_(lang: Language | None, *, as_json: bool) -> None:
    """Hold the yearly ceremony: the roots' revocation lists and the responders' certificates, and no new key.

    年度仪式：更新根吊销列表与 OCSP 证书。Also what publishes the revocation of an authority.
    """
    _hold(renew, lang, as_json=as_json)


@rollover.command("follow")
@click.argument("key")
@click.option("--name", metavar="TEXT", help="Name of the next one; default: the present one with G2, G3 … 新名称")
@answering
def follow_(key: str, name: str | None, lang: Language | None, *, as_json: bool) -> None:
    """Let KEY (issuing-seals, timestamp, status …) be followed by a next generation with a key of its own.

    为签发 CA 或服务换发下一代密钥与证书。The present one issues no more, and still says what it has revoked.
    """

    def act(ring: KeyRing, offline: KeyFolder, now: datetime, revoked: dict[str, Iterable[Revoked]]) -> Ceremony:
        return follow(ring, offline, key, now, name, revoked)

    _hold(act, lang, as_json=as_json)


@rollover.command("root")
@click.argument("hierarchy", type=click.Choice(get_args(Hierarchy)), default="international")
@answering
def root(hierarchy: Hierarchy, lang: Language | None, *, as_json: bool) -> None:
    """Let a root be followed by another key of the same name; each of the two vouches for the other.

    更换根密钥：新旧根互签（RFC 4210 4.4），旧根仍为信任锚。
    """

    def act(ring: KeyRing, offline: KeyFolder, now: datetime, revoked: dict[str, Iterable[Revoked]]) -> Ceremony:
        return follow_root(ring, offline, hierarchy, now, revoked)

    _hold(act, lang, as_json=as_json)


def _hold(held: Held, lang: Language | None, *, as_json: bool) -> None:
    """Hold a ceremony, enter what it made, publish what verifiers need, and tell what was done."""
    language, now = language_of(lang), datetime.now(UTC)
    with opened_house() as house, Sequencing(house.sequencer()):
        ceremony = held(house.keys, root_keys(house.settings), now, _revoked_by_roots(house))
        register(house, now)
    session = read_transcript(ceremony.transcript)[-1]
    tell(_json(session), _lines(session, language), as_json=as_json)


def _revoked_by_roots(house: House) -> dict[str, Iterable[Revoked]]:
    roots = [one.key_name for one in house.ceremony.authorities() if one.profile == ROOT]
    with house.database.session(Role.WORKER) as session:
        return {name: store.revoked_of(session, name) for name in roots}


def _json(session: Session) -> dict[str, object]:
    return {
        "session": session.number,
        "purpose": session.purpose,
        "acts": [{"act": act.kind, "name": act.name, "sha256": act.sha256, **act.details} for act in session.acts],
        "signed_by": [signature.key_name for signature in session.signatures],
    }


def _lines(session: Session, language: Language) -> list[str]:
    zh = language == "zh"
    head = f"第 {session.number} 次仪式完成" if zh else f"ceremony {session.number} held"
    made = [f"  {act.kind:<12} {act.name}" for act in session.acts]
    after = "请将 keys/root 移走保管" if zh else "carry keys/root away"
    return [head, *made, after]
