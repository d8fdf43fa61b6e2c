"""`elicence audit monitor`: a process that follows a log and alarms when its history changes."""

import json
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.errors import Language
from tools.audit.trusting import log_keys
from tools.ca.answering import answering, language_of

if TYPE_CHECKING:
    from ledger.formats.notes import Vkey
    from ledger.monitor.monitor import Observation
    from ledger.monitor.state import MonitorFolder

_ALARM: Final = 1
_UNDECIDED: Final = 2
_WORDS: Final = {
    "same": ("无变化", "nothing new"),
    "grown": ("正常增长", "grown, and consistent"),
    "stale": ("收到较旧但真实的检查点", "an older, true checkpoint"),
    "unreachable": ("无法读取", "cannot be read"),
    "back": ("警报：账本退回到较旧的状态", "ALARM: it went back to an older state"),
    "fork": ("警报：历史被改写或分叉", "ALARM: its history was rewritten, or forks"),
    "gap": ("警报：已签名的内容无法读取", "ALARM: it does not serve what it signed"),
    "untrusted": ("警报：检查点不是该账本签署的", "ALARM: the checkpoint is not its own"),
    "repeated": ("警报：同一标签出现两次", "ALARM: a tag was given twice"),
}


@click.command()
@click.argument("log", metavar="URL|FOLDER")
@click.option("--state", required=True, type=click.Path(file_okay=False, path_type=Path), help="Its memory. 状态文件夹")
@click.option("--vkey", metavar="VKEY", help="The log's public key. 账本公钥")
@click.option("--trust", type=click.Path(path_type=Path), help="Or a trust list with its key. 或信任列表")
@click.option("--origin", help="Which log of the trust list, if it knows several. 账本名称")
@click.option("--interval", default=10.0, show_default=True, type=click.FloatRange(0.1, 86_400), help="Seconds. 间隔")
@click.option("--once", is_flag=True, help="Look once, and end. 只检查一次")
@answering
@click.pass_context
def monitor(
    ctx: click.Context,
    log: str,
    state: Path,
    vkey: str | None,
    trust: Path | None,
    origin: str | None,
    interval: float,
    lang: Language | None,
    *,
    once: bool,
    as_json: bool,
) -> None:
    """Follow a log: read every new entry, and check that it continues what was read before.

    跟随账本并逐条核对；发现分叉、缺失或回退即报警，证据保存在状态文件夹中。It needs no house: run it elsewhere.

    \b
    Exit code: 1 an alarm (its proof lies in the state folder); 2 with --once, the log cannot be read; 0 all is well.
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
    from ledger.monitor.client import log_source
    from ledger.monitor.monitor import Monitor
    from ledger.monitor.state import MonitorFolder

    key = _key(vkey, trust, origin)
    folder = MonitorFolder(state)
    language, stop = language_of(lang), threading.Event() if once else _stopping()
    mirror, note, behind = folder.load(key.name)
    watch = Monitor(log_source(log), key, mirror, note, behind)
    while True:
        before = watch.mirror.size, watch.note, watch.behind
        seen = watch.look(datetime.now(UTC))
        # The alarm first: whoever is killed in between sees it again, and never forgets it.
        kept = _keep(folder, seen) if seen.alarm else None
        if (watch.mirror.size, watch.note, watch.behind) != before:
            folder.save(watch.mirror, watch.note, before[0], watch.behind)
        if once or seen.kind != "same":
            _tell(seen, kept, language, as_json=as_json)
        if seen.alarm:
            ctx.exit(_ALARM)
        if once:
            ctx.exit(_UNDECIDED if seen.kind == "unreachable" else 0)
        if stop.wait(interval):
            return


def _key(vkey: str | None, trust: Path | None, origin: str | None) -> "Vkey":
    from ledger.formats.notes import Vkey

    if vkey is not None and trust is None:
        return Vkey.parse(vkey)
    if vkey is not None or trust is None:
        raise click.UsageError("请用 --vkey 或 --trust 指明账本公钥 / give the log's key by --vkey or --trust")
    known = log_keys(trust)
    named = origin or (next(iter(known)) if len(known) == 1 else "")
    if named not in known:
        names = ", ".join(sorted(known))
        raise click.UsageError(f"请用 --origin 指明账本 / say which log with --origin: {names}")
    return known[named]


def _keep(folder: "MonitorFolder", seen: "Observation") -> Path | None:
    """Keep an alarm; one that cannot be kept is told all the same."""
    try:
        return folder.alarm(seen)
    except OSError as error:
        click.echo(f"警报无法保存 / the alarm cannot be kept: {error.strerror}", err=True)
        return None


def _stopping() -> threading.Event:
    """Return what is set when we are told to end."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _tell(seen: "Observation", kept: Path | None, language: Language, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**seen.as_json(), "kept": None if kept is None else str(kept)}, ensure_ascii=False))
        return
    words = _WORDS[seen.kind][0 if language == "zh" else 1]
    colour = "red" if seen.alarm else "yellow" if seen.kind in {"stale", "unreachable"} else "green"
    line = f"{seen.at.isoformat()} {seen.size:,} {click.style(words, fg=colour)} {seen.reason}".rstrip()
    click.echo(line if kept is None else f"{line} → {kept}", err=seen.alarm)
