"""time.archive: whether the timestamps over the whole document, put on later to keep it judgeable, hold (B-LTA).

They are the one thing that anybody may add behind a seal, so whose they are must be known: one that is nobody's is a
change of the document. One that has run out takes nothing away; what it proved is then proved by the others, or not.
"""

from typing import Final

from licences.verification.case import Case, path_evidence
from licences.verification.check import Check, Finding
from licences.verification.codes import NO_TRUST_LIST, NOT_APPLICABLE, Advice, Code
from licences.verification.per_seal import worst_of
from licences.verification.report import JSON, utc_text
from licences.verification.timestamps import BadToken, JudgedStamp, StampState
from seals.ses.steps import shown

ARCHIVE_INVALID: Final = Code(
    "ARCHIVE_INVALID",
    "failed",
    "time.archive_invalid",
    "文件后加的存档时间戳是伪造的或已损坏",
    "an archive timestamp that was added to the file is forged or damaged",
)
ARCHIVE_REFUSED: Final = Code(
    "ARCHIVE_REFUSED",
    "failed",
    "time.archive_refused",
    "签发存档时间戳的证书不能用于时间戳，或当时已失效、已吊销",
    "the certificate behind an archive timestamp may not be used for that, or had run out or been revoked",
)
ARCHIVE_UNTRUSTED: Final = Code(
    "ARCHIVE_UNTRUSTED",
    "failed",
    "time.archive_untrusted",
    "文件后加的存档时间戳不是信任列表中的机构签发的",
    "an archive timestamp that was added to the file is from no authority of the trust list",
)
ARCHIVE_UNKNOWN: Final = Code(
    "ARCHIVE_UNKNOWN",
    "not_run",
    "time.archive_unknown",
    "存档时间戳的机构不在信任列表之内，无法判断",
    "the authority of an archive timestamp is not on the trust list, so it cannot be judged",
    Advice.ASK_ISSUER,
)
ARCHIVE_UNDECIDED: Final = Code(
    "ARCHIVE_UNDECIDED",
    "not_run",
    "time.archive_undecided",
    "没有足够新的吊销列表，无法判断存档时间戳是否可信",
    "it cannot be decided from these revocation lists whether an archive timestamp is to be trusted",
    Advice.RENEW_TRUST,
)
ARCHIVE_ALGORITHM: Final = Code(
    "ARCHIVE_ALGORITHM",
    "not_run",
    "time.archive_algorithm",
    "本机的密码库不支持存档时间戳所用的国密算法，无法判断",
    "an archive timestamp is signed with SM2, which this machine's cryptographic library lacks",
    Advice.PAPER,
)
ARCHIVE_FROM_FUTURE: Final = Code(
    "ARCHIVE_FROM_FUTURE",
    "not_run",
    "time.archive_from_future",
    "存档时间戳晚于当前时间，请检查本机时钟",
    "an archive timestamp is later than the present: check this machine's clock",
    Advice.RETRY,
)
ARCHIVE_AGED: Final = Code(
    "ARCHIVE_AGED",
    "warning",
    "time.archive_aged",
    "存档时间戳未及时续加，其证书或算法已过期，不再作为时间证明",
    "an archive timestamp was not renewed in time: its certificate or algorithm has run out, and it proves nothing now",
)
_BY_STATE: Final[dict[StampState, Code | None]] = {
    "holds": None,
    "invalid": ARCHIVE_INVALID,
    "refused": ARCHIVE_REFUSED,
    "unknown": ARCHIVE_UNKNOWN,
    "undecided": ARCHIVE_UNDECIDED,
    "unjudged": ARCHIVE_ALGORITHM,
    "future": ARCHIVE_FROM_FUTURE,
    "aged": ARCHIVE_AGED,
    "no_trust_list": NO_TRUST_LIST,
}


def _run(case: Case) -> Finding:
    if not case.stamps:
        return Finding(NOT_APPLICABLE)
    found = worst_of([_judge(case, one) for one in case.stamps], [one.name for one in case.stamps])
    carried_by = case.seals[0].carried_by
    if found.code is not None or carried_by is None:
        return found
    # Which of them proves how old the document is: the oldest that later ones have carried to the present.
    return Finding(None, {**found.evidence, "carried_by": shown(carried_by.name)}, carried_by.at)


def _judge(case: Case, stamp: JudgedStamp) -> Finding:
    evidence: dict[str, JSON] = {"name": shown(stamp.name), "had_to_stand_until": utc_text(stamp.until)}
    if isinstance(stamp.token, BadToken):
        evidence["reason"] = shown(stamp.token.reason)
    else:
        evidence["gen_time"] = utc_text(stamp.token.gen_time)
    if stamp.path is not None:
        evidence |= path_evidence(stamp.path)
    code = _BY_STATE[stamp.state]
    if code is ARCHIVE_UNKNOWN and case.is_licence:
        code = ARCHIVE_UNTRUSTED
    return Finding(code, evidence, stamp.at)


CHECK: Final = Check(
    id="time.archive",
    zh="为长期保存而后加的存档时间戳是否可信",
    en="Do the archive timestamps hold that were added to keep the document judgeable?",
    passed_zh="存档时间戳可信，文件可长期核验",
    passed_en="the archive timestamps hold",
    depends_on=("integrity.signature", "coverage.whole_file"),
    codes=(
        ARCHIVE_INVALID,
        ARCHIVE_REFUSED,
        ARCHIVE_UNTRUSTED,
        ARCHIVE_UNKNOWN,
        ARCHIVE_UNDECIDED,
        ARCHIVE_ALGORITHM,
        ARCHIVE_FROM_FUTURE,
        ARCHIVE_AGED,
    ),
    run=_run,
)
