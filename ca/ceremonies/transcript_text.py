"""A transcript for people: the same acts as lines in two languages. The signed form is the JSON beside it."""

from collections.abc import Iterator, Sequence
from typing import Final

from ca.ceremonies.transcript import Act, ActKind, Session

_HEAD: Final = """密钥仪式记录 Transcript of key ceremonies

本文件供人阅读；经根密钥签名的是同目录下的 transcript.json。
This is for people to read; what the roots have signed is transcript.json beside it.
"""
_ACTS: Final[dict[ActKind, str]] = {
    "key": "生成密钥 key made",
    "certificate": "签发证书 certificate",
    "link": "根证书衔接 root vouches for root",
    "crl": "吊销列表 revocation list",
    "trust": "信任列表 trust list",
}


def as_text(sessions: Sequence[Session]) -> str:
    """Return the transcript as lines."""
    return "\n".join([_HEAD, *(line for session in sessions for line in _session(session))]) + "\n"


def _session(session: Session) -> Iterator[str]:
    yield f"第 {session.number} 次 Session {session.number}: {session.purpose}"
    yield f"  时间 held at  {_time(session)}"
    yield f"  机构 by       {session.organisation}"
    for witness in session.witnesses:
        yield f"  见证 witness  {witness}"
    yield f"  计划 plan     SHA-256 {session.plan_sha256}"
    yield f"  前次 previous {session.previous_sha256 or '-'}"
    yield ""
    for number, act in enumerate(session.acts, 1):
        yield from _act(number, act)
    for signature in session.signatures:
        yield f"  签名 signed   {signature.key_name} ({signature.algorithm})"
    yield ""


def _act(number: int, act: Act) -> Iterator[str]:
    yield f"  {number:>3}. {_ACTS[act.kind]}: {act.name}"
    yield f"       SHA-256 {act.sha256}"
    yield f"       {' · '.join(f'{name} {value}' for name, value in act.details.items())}".rstrip()


def _time(session: Session) -> str:
    return session.held_at.strftime("%Y-%m-%d %H:%M:%S UTC")
