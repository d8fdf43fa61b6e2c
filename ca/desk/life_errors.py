"""What is refused in a certificate's life, from the request to the revocation.

CAError
└── DeskRefused
    ├── RoleMissing              the actor may not do this
    ├── AuthorityUnknown         there is no authority of that name
    ├── AuthorityNotIssuing      it is retiring or has ended
    ├── ProfileNotIssued         it does not issue certificates of this kind
    ├── RequestIdMalformed       a request's id is not one
    ├── RequestReused            the request's id was used for something else
    ├── RequestAbandoned         what it asked for was given up
    ├── CertificateUnknown       we never issued one of that serial number
    ├── CertificateExpired       its time is over
    ├── CertificateRevoked       which is final
    ├── CertificateHeld          it is on hold
    ├── CertificateNotHeld       it is not
    ├── CertificateReplaced      it has a successor already
    ├── KeyCompromised           no certificate for a key that others know
    ├── KeyNotNew                a rekey wants another key
    ├── CeremonyWanted           an authority's certificate is a matter for a ceremony
    ├── RevocationRefused        a reason or a time that cannot be
    └── ListRefused              a revocation list that is not taken back in
"""

from dataclasses import dataclass

from ca.errors import CAError


class DeskRefused(CAError):
    """A certificate was not issued, renewed or revoked."""

    code = "ca.desk_refused"


@dataclass(eq=False)
class RoleMissing(DeskRefused):
    """The actor has no role that may do this."""

    code = "ca.role_missing"
    zh = "需要 {role} 角色才能办理证书事项"
    en = "only the role {role} may act on certificates"

    role: str


@dataclass(eq=False)
class AuthorityUnknown(DeskRefused):
    """There is no authority of that name."""

    code = "ca.authority_unknown"
    zh = "没有名为 {authority} 的证书认证机构"
    en = "there is no authority named {authority}"

    authority: str


@dataclass(eq=False)
class AuthorityNotIssuing(DeskRefused):
    """The authority is retiring, or has ended."""

    code = "ca.authority_not_issuing"
    zh = "证书认证机构 {authority} 的状态为 {state}，不再办理此事"
    en = "the authority {authority} is {state} and does this no longer"

    authority: str
    state: str


@dataclass(eq=False)
class ProfileNotIssued(DeskRefused):
    """The authority issues other kinds of certificates."""

    code = "ca.profile_not_issued"
    zh = "证书认证机构 {authority} 不签发 {profile} 类证书"
    en = "the authority {authority} issues no certificates of the profile {profile}"

    authority: str
    profile: str


@dataclass(eq=False)
class RequestIdMalformed(DeskRefused):
    """The id of a request is 1 to 128 visible ASCII characters."""

    code = "ca.request_id_malformed"
    zh = "申请编号应为 1 至 128 个可见 ASCII 字符，不含空格"
    en = "a request id is 1 to 128 visible ASCII characters without spaces"


@dataclass(eq=False)
class RequestReused(DeskRefused):
    """The id of this request was used for another one."""

    code = "ca.request_reused"
    zh = "申请编号 {request_id} 已用于另一份内容不同的申请"
    en = "the request id {request_id} was used for a different request"

    request_id: str


@dataclass(eq=False)
class RequestAbandoned(DeskRefused):
    """What this request asked for was given up before it was issued; ask again under another id."""

    code = "ca.request_abandoned"
    zh = "申请 {request_id} 已被放弃（{reason}），请以新的编号重新申请"
    en = "the request {request_id} was given up ({reason}): ask again under another id"

    request_id: str
    reason: str


@dataclass(eq=False)
class CertificateUnknown(DeskRefused):
    """We have issued no certificate of that serial number."""

    code = "ca.certificate_unknown"
    zh = "没有签发过序列号为 {serial} 的证书"
    en = "no certificate with the serial number {serial} was issued here"

    serial: str


@dataclass(eq=False)
class CertificateExpired(DeskRefused):
    """The certificate's time is over."""

    code = "ca.certificate_expired"
    zh = "证书 {serial} 已过期"
    en = "the certificate {serial} has expired"

    serial: str


@dataclass(eq=False)
class CertificateRevoked(DeskRefused):
    """The certificate is revoked, which is final."""

    code = "ca.certificate_revoked"
    zh = "证书 {serial} 已吊销，不可恢复"
    en = "the certificate {serial} is revoked, which is final"

    serial: str


@dataclass(eq=False)
class CertificateHeld(DeskRefused):
    """The certificate is on hold: release it first."""

    code = "ca.certificate_held"
    zh = "证书 {serial} 处于暂停状态，请先解除暂停"
    en = "the certificate {serial} is on hold: release it first"

    serial: str


@dataclass(eq=False)
class CertificateNotHeld(DeskRefused):
    """The certificate is not on hold, so nothing can be released."""

    code = "ca.certificate_not_held"
    zh = "证书 {serial} 未处于暂停状态"
    en = "the certificate {serial} is not on hold"

    serial: str


@dataclass(eq=False)
class CertificateReplaced(DeskRefused):
    """The certificate has a successor, or one is being issued."""

    code = "ca.certificate_replaced"
    zh = "证书 {serial} 已有后继证书，请对后继证书办理"
    en = "the certificate {serial} has a successor already: act on that one"

    serial: str


@dataclass(eq=False)
class KeyCompromised(DeskRefused):
    """The key is known to others: no certificate is made for it any more."""

    code = "ca.key_compromised"
    zh = "该密钥已因泄露被吊销，不能再用于任何证书，请生成新密钥"
    en = "this key was revoked as compromised: make a new one"


@dataclass(eq=False)
class KeyNotNew(DeskRefused):
    """A rekey wants another key."""

    code = "ca.key_not_new"
    zh = "换钥须使用新密钥；仅延长有效期请用续期"
    en = "a rekey wants a new key; to prolong the validity only, renew"


@dataclass(eq=False)
class CeremonyWanted(DeskRefused):
    """An authority's own certificate is made, and put out of force, in ceremonies."""

    code = "ca.ceremony_wanted"
    zh = "{profile} 类证书只能在密钥仪式中办理"
    en = "certificates of the profile {profile} are a matter for a key ceremony"

    profile: str


@dataclass(eq=False)
class RevocationRefused(DeskRefused):
    """A reason or a time of revocation that cannot be."""

    code = "ca.revocation_refused"
    zh = "无法吊销或暂停证书 {serial}：{zh_reason}"
    en = "the certificate {serial} cannot be revoked or held: {reason}"

    serial: str
    zh_reason: str
    reason: str


@dataclass(eq=False)
class ListRefused(DeskRefused):
    """A revocation list was not published by this house, or cannot be taken back in."""

    code = "ca.list_refused"
    zh = "不能取回该吊销列表：{zh_reason}"
    en = "the revocation list is not taken back in: {reason}"

    zh_reason: str
    reason: str
