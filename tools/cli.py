"""The command line: `elicence COMMAND`. A command's code is imported when it is used, so that the rest starts fast.

Exit codes, the same everywhere: 0 done, valid. 1 any document invalid. 2 could not tell, crash, time-out.
3 the request itself is wrong.
"""

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

import click

from ledger.errors import DomainError
from tools.languages import chosen_language
from tools.lazy_group import Entry, LazyGroup

VALID: Final = 0
INVALID: Final = 1
UNDECIDED: Final = 2
WRONG_REQUEST: Final = 3
_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells expect
_CRASHES: Final = frozenset(
    {
        "bench.failed",
        "ca.clock_suspect",
        "ca.foreign_unavailable",
        "database.unavailable",
        "demo.incomplete",
        "ledger.anchor_contradiction",
        "ledger.chain_answer_invalid",
        "ledger.chain_unavailable",
        "ledger.fatal",
        "ledger.fence_lost",
        "ledger.log_forked",
        "ledger.log_unreachable",
        "ledger.mirror_damaged",
        "ledger.witness_unable",
        "objects.unavailable",
        "postgres.failed",
        "rendering.failed",
        "rendering.fonts_missing",
        "tools.province_silent",
        "tools.worker_died",
        "tools.worker_failed",
        "tools.worker_silent",
    }
)
"""Errors of the house, known by their codes so that no package is imported to tell: the request may be right."""


COMMANDS: Final = {
    "act": Entry("tools.act:act", "Suspend, revoke, annul … a licence. 证照状态操作"),
    "anchor": Entry("tools.anchor.command:anchor", "The ledger on a chain: anchor, check. 账本上链"),
    "audit": Entry("tools.audit.command:audit", "Trace, prove and export who used what. 审计追溯"),
    "bench": Entry("tools.bench.command:bench", "Measure, beside a reference. 性能测试"),
    "ca": Entry("tools.ca.command:ca", "The certificate authority: certificates, keys, lists. 证书认证"),
    "checks": Entry("tools.checks:checks", "List every verification check with its codes. 核验项目"),
    "db": Entry("tools.db:db", "Migrate the database, or check it. 数据库"),
    "demo": Entry("tools.demo.command:demo", "The main job on invented data. 全流程演示"),
    "init": Entry("tools.init:init", "Hold the key ceremony and found the house. 密钥仪式"),
    "issue": Entry("tools.issue:issue", "Issue the licences of a CSV or JSON Lines file. 批量签发"),
    "ledger": Entry("tools.ledger.command:ledger", "The log: its head, proofs, and the check of it. 存证账本"),
    "licences": Entry("tools.licences:licences", "Write licences and their proofs as files. 导出证照"),
    "seals": Entry("tools.seals.command:seals", "E-seals: made, granted, used, stopped. 电子印章"),
    "sequence": Entry("tools.serve:sequence", "Put waiting events into the log. 写入账本"),
    "serve": Entry("tools.serve:serve", "Serve the API and the pages, and run the two below. 启动服务"),
    "status": Entry("tools.status:status", "Write the signed status list for off-line use. 状态清单"),
    "systems": Entry("tools.init:systems", "Enrol the systems that may issue. 登记业务系统"),
    "trust": Entry("tools.trust:trust", "Write the trust list that verifiers need, or take one in. 信任列表"),
    "verify": Entry("tools.verify:verify", "Verify licence files off line. 离线核验"),
    "witness": Entry("tools.witness.command:witness", "Witness logs, and check who cosigned. 账本见证"),
    "work": Entry("tools.work:work", "Finish what a crash left half-made. 补完中断的制证"),
}
"""One line a command; keep them sorted."""

STORY: Final = (
    ("Found a house 建立", ("init", "systems", "ca", "seals")),
    ("Issue 签发", ("issue", "act", "licences")),
    ("Let others verify 核验", ("trust", "status", "verify", "checks")),
    ("Audit 审计", ("audit",)),
    ("Serve 运行", ("serve", "work", "sequence", "ledger", "witness", "anchor", "db")),
)
"""The commands in the order in which one meets them; what is named nowhere comes last."""


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    story=STORY,
    rest="Try 试用",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="elicence")
def cli() -> None:
    """Electronic licences: issue, verify, and prove.

    电子证照：签发、核验、存证。

    \b
    Exit code: 0 done, valid; 1 a document invalid; 3 the request wrong; 2 could not tell, or a crash.
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    output = sys.stdout
    for stream in (output, sys.stderr):
        # A terminal that has no Chinese shows question marks in its place, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(args=given, prog_name="elicence", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return WRONG_REQUEST
    except DomainError as error:
        code = UNDECIDED if error.code in _CRASHES else WRONG_REQUEST
        return _say(f"{error.message(chosen_language(given))} ({error.code})", code)
    except (KeyboardInterrupt, click.Abort):
        return _INTERRUPTED
    except SystemExit:
        # The reader of our output has gone (`| head`): click then takes the stream away and ends with 1, which here
        # would mean "invalid".
        if sys.stdout is not output:
            return UNDECIDED
        raise
    except Exception as error:  # noqa: BLE001  the last line of defence: one clear line in the place of a traceback
        if os.environ.get("ELICENCE_DEBUG") == "1":
            traceback.print_exc()
        return _say(f"elicence failed: {type(error).__name__}: {error} (ELICENCE_DEBUG=1 shows where)", UNDECIDED)
    return code if isinstance(code, int) else VALID


def _say(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
