"""`elicence ca validate`: judge any certification path, with no server, no network and no trust list."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from ca.algorithms import signatures
from ca.encoding import der, oids
from ca.errors import DerInvalid
from ca.judging.path_building import Bag
from ca.judging.path_validation import Question
from ca.judging.path_validation import validate as judge
from ca.judging.paths import report
from ca.judging.policy_tree import PolicyRules
from ca.reading.certificate_reader import read_certificate
from ledger.errors import Language
from tools.ca import path_material as material
from tools.ca.answering import answering, language_of, tell
from tools.ca.path_telling import VERDICTS, as_lines
from tools.ca.path_telling import as_json as report_json
from tools.moments import MOMENT

_EXIT_CODES: Final = {"valid": 0, "invalid": 1, "indeterminate": 2}
_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


class _Oid(click.ParamType[str]):
    """A parameter that is a dotted object identifier."""

    name = "oid"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it, or fail: one that cannot be written is a slip of the hand."""
        dotted = str(value)
        if not _is_oid(dotted):
            self.fail(f"不是对象标识符 / not an object identifier: {dotted}", param, ctx)
        return dotted


def _is_oid(dotted: str) -> bool:
    try:
        return re.fullmatch(r"[0-9.]{1,128}", dotted) is not None and der.parse_oid(der.read(der.oid(dotted))) == dotted
    except (ValueError, DerInvalid):
        return False


@click.command()
@click.argument("leaf", type=_FILE)
@click.option("--trust", type=_FILE, multiple=True, required=True, help="Roots to believe. 信任的根证书")
@click.option("--intermediate", type=_FILE, multiple=True, help="Certificates that may help. 中间证书")
@click.option("--crl", type=_FILE, multiple=True, help="Revocation lists, full or delta. 吊销列表")
@click.option("--ocsp", type=_FILE, multiple=True, help="OCSP responses. OCSP 响应")
@click.option("--policy", type=_Oid(), multiple=True, help="Policies to accept; default: any. 可接受的证书策略")
@click.option("--explicit-policy", is_flag=True, help="One of them must hold along the path. 必须有有效策略")
@click.option("--inhibit-mapping", is_flag=True, help="No policy stands for another one. 禁止策略映射")
@click.option("--inhibit-any-policy", is_flag=True, help="anyPolicy stands for none. 不接受任意策略")
@click.option("--legacy", is_flag=True, help="Believe SHA-1 and DSA, too. 接受 SHA-1 与 DSA")
@click.option("--at", type=MOMENT, help="The moment in question; default: now. 判断时刻，默认当前")
@answering
@click.pass_context
def validate(
    ctx: click.Context,
    leaf: Path,
    trust: tuple[Path, ...],
    intermediate: tuple[Path, ...],
    crl: tuple[Path, ...],
    ocsp: tuple[Path, ...],
    policy: tuple[str, ...],
    at: datetime | None,
    lang: Language | None,
    *,
    explicit_policy: bool,
    inhibit_mapping: bool,
    inhibit_any_policy: bool,
    legacy: bool,
    as_json: bool,
) -> None:
    """Judge the certification path of LEAF by RFC 5280, at a moment.

    验证证书路径。Files are PEM or DER, several items a file, in any order; of several certificates in LEAF the first one is
    judged and the others may help. Every certificate below the root needs a list or a response that covers the moment.

    \b
    Exit code: 0 valid; 1 invalid; 2 could not tell; 3 a file unreadable, or the request wrong.
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
    moment = at or datetime.now(UTC)
    first, *rest = material.read_all([leaf], material.CERTIFICATES)
    certificate = read_certificate(first)
    helpers = material.read_all(intermediate, material.CERTIFICATES)
    bag = Bag.of(material.read_all(trust, material.CERTIFICATES), (*rest, *helpers))
    question = Question(
        at=moment,
        algorithm_allowed=lambda algorithm: legacy or not signatures.scheme(algorithm).legacy,
        rules=PolicyRules(
            initial=frozenset(policy or (oids.ANY_POLICY,)),
            explicit=explicit_policy,
            inhibit_mapping=inhibit_mapping,
            inhibit_any=inhibit_any_policy,
        ),
        crls=material.read_all(crl, material.LISTS),
        ocsp=material.read_all(ocsp, material.RESPONSES),
    )
    judgement = judge(certificate, bag, question)
    found = report(judgement, certificate)
    answer = report_json(str(leaf), found, judgement, moment)
    tell(answer, as_lines(found, moment, language_of(lang)), as_json=as_json)
    ctx.exit(_EXIT_CODES[VERDICTS[found.outcome]])
