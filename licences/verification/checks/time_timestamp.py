"""time.timestamp: whether a trusted timestamp proves that the seal existed at a certain time (RFC 3161)."""

from typing import TYPE_CHECKING, Final

from licences.verification.case import Case, path_evidence
from licences.verification.check import Check, Finding
from licences.verification.codes import NO_TRUST_LIST, NOT_APPLICABLE, Advice, Code
from licences.verification.per_seal import each_seal
from licences.verification.report import JSON, utc_text
from licences.verification.seal_case import SealCase
from licences.verification.timestamps import FORGED, BadToken, UnjudgedToken
from seals.ses.steps import shown

if TYPE_CHECKING:
    from ca.judging.paths import PathReport
    from ca.timestamping.token import TimestampToken

NO_TIMESTAMP: Final = Code(
    "NO_TIMESTAMP",
    "failed",
    "time.no_timestamp",
    "印章上应有的时间戳不见了",
    "the timestamp that belongs to this seal is missing",
)
TIMESTAMP_INVALID: Final = Code(
    "TIMESTAMP_INVALID",
    "failed",
    "time.timestamp_invalid",
    "时间戳是伪造的、损坏的，或来自另一份文件",
    "the timestamp is forged, damaged or taken from another document",
)
TIMESTAMP_REFUSED: Final = Code(
    "TIMESTAMP_REFUSED",
    "failed",
    "time.timestamp_refused",
    "签发时间戳的证书不能用于时间戳，或当时已失效、已吊销",
    "the certificate behind the timestamp may not be used for that, or had run out or been revoked",
)
TIMESTAMP_UNTRUSTED: Final = Code(
    "TIMESTAMP_UNTRUSTED",
    "failed",
    "time.timestamp_untrusted",
    "时间戳不是信任列表中的时间戳机构签发的",
    "the timestamp is not from an authority of the trust list",
)
TIMESTAMP_UNKNOWN: Final = Code(
    "TIMESTAMP_UNKNOWN",
    "not_run",
    "time.timestamp_unknown",
    "时间戳机构不在信任列表之内，无法判断",
    "the timestamp authority is not on the trust list, so its time cannot be judged",
    Advice.ASK_ISSUER,
)
TIMESTAMP_UNDECIDED: Final = Code(
    "TIMESTAMP_UNDECIDED",
    "not_run",
    "time.timestamp_undecided",
    "没有足够新的吊销列表，无法判断时间戳证书是否可信",
    "it cannot be decided from these revocation lists whether the timestamp is to be trusted",
    Advice.RENEW_TRUST,
)
TIMESTAMP_ALGORITHM: Final = Code(
    "TIMESTAMP_ALGORITHM",
    "not_run",
    "time.timestamp_algorithm",
    "本机的密码库不支持时间戳所用的国密算法，无法判断",
    "the timestamp is signed with SM2, which this machine's cryptographic library lacks, so it cannot be judged here",
    Advice.PAPER,
)
TIMESTAMP_FORM: Final = Code(
    "TIMESTAMP_FORM",
    "not_run",
    "time.timestamp_form",
    "时间戳的形式不在本服务能读取的范围内，无法判断",
    "the timestamp is of a form that this service does not read, so it cannot be judged",
    Advice.ASK_ISSUER,
)
TIMESTAMP_AGED: Final = Code(
    "TIMESTAMP_AGED",
    "not_run",
    "time.timestamp_aged",
    "时间戳机构的证书或算法已过期，且没有其他证据证明时间戳在过期前已存在",
    "the timestamp authority's certificate or algorithm has run out, and nothing else proves that the timestamp is older than that",
    Advice.ASK_ISSUER,
)
TIMESTAMP_FROM_FUTURE: Final = Code(
    "TIMESTAMP_FROM_FUTURE",
    "not_run",
    "time.timestamp_from_future",
    "时间戳晚于当前时间，请检查本机时钟",
    "the timestamp is later than the present: check this machine's clock",
    Advice.RETRY,
)


def _run(case: Case) -> Finding:
    return each_seal(case, _judge)


def _judge(seal: SealCase) -> Finding:
    case, token = seal.case, seal.token
    if case.examined.form == "sd-jwt" and not seal.signature.beside:
        # The compact form has no place for one; its time is claimed, and proved by record or ledger alone.
        return Finding(NOT_APPLICABLE)
    if token is None:
        return Finding(NO_TIMESTAMP if case.is_licence and not seal.signature.beside else NOT_APPLICABLE)
    if isinstance(token, UnjudgedToken):
        return Finding(TIMESTAMP_ALGORITHM)
    if isinstance(token, BadToken):
        strict = case.is_licence or token.reason in FORGED
        return Finding(TIMESTAMP_INVALID if strict else TIMESTAMP_FORM, {"reason": token.reason})
    return _trusted(seal, token)


def _trusted(seal: SealCase, token: "TimestampToken") -> Finding:
    from ca.judging.paths import has_stray

    case = seal.case

    evidence: dict[str, JSON] = {"gen_time": utc_text(token.gen_time)}
    if case.trust is None:
        return Finding(NO_TRUST_LIST, evidence)
    if token.gen_time > case.request.now + case.request.policy.clock_tolerance:
        return Finding(TIMESTAMP_FROM_FUTURE, evidence)
    path = seal.token_path
    assert path is not None
    evidence |= path_evidence(path)
    if path.outcome != "passed":
        return Finding(_untrusted(case, path), evidence)
    if not seal.signature.foreign and has_stray(token.certificates, path, case.trust):
        return Finding(TIMESTAMP_INVALID, {**evidence, "reason": "stray_certificate"})
    if seal.token_aged:
        return Finding(TIMESTAMP_AGED, evidence)
    if seal.carried_by is not None:
        # What its own certificate could no longer prove, the later timestamps over it do.
        evidence["carried_by"] = shown(seal.carried_by.name)
    return Finding(evidence=evidence, at=token.gen_time)


def _untrusted(case: Case, path: "PathReport") -> Code:
    if path.reason in {"no_chain", "not_listed"}:
        return TIMESTAMP_UNTRUSTED if case.is_licence else TIMESTAMP_UNKNOWN
    return TIMESTAMP_REFUSED if path.outcome == "failed" else TIMESTAMP_UNDECIDED


CHECK: Final = Check(
    id="time.timestamp",
    zh="是否有可信的时间戳证明盖章时间",
    en="Does a trusted timestamp prove when it was sealed?",
    passed_zh="可信的时间戳证明了盖章时间",
    passed_en="a trusted timestamp proves when it was sealed",
    depends_on=("integrity.signature",),
    codes=(
        NO_TIMESTAMP,
        TIMESTAMP_INVALID,
        TIMESTAMP_REFUSED,
        TIMESTAMP_UNTRUSTED,
        TIMESTAMP_UNKNOWN,
        TIMESTAMP_UNDECIDED,
        TIMESTAMP_ALGORITHM,
        TIMESTAMP_FORM,
        TIMESTAMP_AGED,
        TIMESTAMP_FROM_FUTURE,
    ),
    run=_run,
)
