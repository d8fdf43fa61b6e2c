"""Why a certificate path is not good: the codes, with ETSI's indications and a sentence for people."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Outcome = Literal["passed", "failed", "indeterminate"]
Indication = Literal["PASSED", "FAILED", "INDETERMINATE"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One verdict: ours, ETSI EN 319 102-1's indication and sub-indication, and a sentence in two languages.

    Ours may be firmer than ETSI's: under a trust list that the verifier chose, a certificate that leads to none of its
    authorities is not "perhaps good".
    """

    outcome: Outcome
    indication: Indication
    sub_indication: str | None
    zh: str
    en: str


def _failed(sub_indication: str, zh: str, en: str, indication: Indication = "FAILED") -> Reason:
    return Reason("failed", indication, sub_indication, zh, en)


def _open(sub_indication: str, zh: str, en: str) -> Reason:
    return Reason("indeterminate", "INDETERMINATE", sub_indication, zh, en)


REASONS: Final = MappingProxyType(
    {
        "good": Reason("passed", "PASSED", None, "证书路径有效", "the certificate path is good"),
        "unreadable": _failed("FORMAT_FAILURE", "证书无法读取", "the certificate cannot be read"),
        "no_chain": _failed(
            "NO_CERTIFICATE_CHAIN_FOUND",
            "证书并非由信任列表中的机构签发",
            "the certificate was issued by none of the authorities on the trust list",
            "INDETERMINATE",
        ),
        "not_listed": _failed(
            "CHAIN_CONSTRAINTS_FAILURE",
            "证书未列入信任列表中的相应用途",
            "the trust list does not name this certificate for this use",
            "INDETERMINATE",
        ),
        "not_an_authority": _failed(
            "CHAIN_CONSTRAINTS_FAILURE",
            "路径中的证书无权签发证书",
            "a certificate on the path may not issue certificates",
            "INDETERMINATE",
        ),
        "path_too_long": _failed(
            "CHAIN_CONSTRAINTS_FAILURE",
            "证书路径超过上级机构允许的长度",
            "the path is longer than an authority on it allows",
            "INDETERMINATE",
        ),
        "key_usage": _failed(
            "CHAIN_CONSTRAINTS_FAILURE",
            "证书的密钥用途不符",
            "the certificate's key may not be used for this",
            "INDETERMINATE",
        ),
        "unknown_extension": _failed(
            "CHAIN_CONSTRAINTS_FAILURE",
            "证书含有无法识别的关键扩展",
            "the certificate holds a critical extension that is not known here",
            "INDETERMINATE",
        ),
        "signature": _failed(
            "CERTIFICATE_CHAIN_GENERAL_FAILURE",
            "路径中的证书签名不正确",
            "the signature of a certificate on the path is wrong",
            "INDETERMINATE",
        ),
        "name_chaining": _failed(
            "CHAIN_CONSTRAINTS_FAILURE",
            "证书的签发者名称与上级证书的主体名称不一致",
            "a certificate on the path names another issuer than the certificate above it",
            "INDETERMINATE",
        ),
        "name_constraints": _failed(
            "CHAIN_CONSTRAINTS_FAILURE",
            "证书中的名称超出上级机构被允许的命名范围",
            "a certificate names what an authority above it may not name",
            "INDETERMINATE",
        ),
        "policy": _failed(
            "CHAIN_CONSTRAINTS_FAILURE",
            "路径中没有符合要求的证书策略",
            "no certificate policy that is asked for holds along the path",
            "INDETERMINATE",
        ),
        "policy_mapping": _failed(
            "CHAIN_CONSTRAINTS_FAILURE",
            "路径中的证书把任意策略用于策略映射",
            "a certificate on the path maps policies from or to anyPolicy",
            "INDETERMINATE",
        ),
        "algorithm_unavailable": _open(
            "CERTIFICATE_CHAIN_GENERAL_FAILURE",
            "本机的密码库不支持证书所用的算法，无法判断",
            "this machine's libraries lack the algorithm of a certificate, so it cannot be judged here",
        ),
        "algorithm": _open(
            "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
            "签发证书所用的算法在该时刻已不被信任列表认可",
            "the trust list no longer allowed the algorithm of a certificate at that time",
        ),
        "not_yet_valid": _failed(
            "NOT_YET_VALID", "该时刻证书尚未生效", "the certificate was not yet valid at that time"
        ),
        "not_yet_valid_no_poe": _open(
            "OUT_OF_BOUNDS_NO_POE",
            "证书尚未生效，且无法证明签署时间；请检查本机时钟",
            "the certificate is not yet valid, and nothing proves when it was used: check this machine's clock",
        ),
        "expired": _failed("EXPIRED", "该时刻证书已过期", "the certificate had expired at that time"),
        "expired_no_poe": _open(
            "OUT_OF_BOUNDS_NO_POE",
            "证书已过期，且无法证明签署发生在有效期内",
            "the certificate has expired, and nothing proves that it was used before",
        ),
        "revoked": _failed("REVOKED", "该时刻证书已被吊销", "the certificate had been revoked at that time"),
        "on_hold": _open("TRY_LATER", "证书处于暂停状态", "the certificate is on hold"),
        "revocation_unknown": _open(
            "TRY_LATER",
            "没有覆盖该时刻的吊销列表，无法判断证书是否被吊销；请更新信任列表后重试",
            "no revocation list covers that time: get a newer trust list and try again",
        ),
    }
)
