"""What goes wrong when certificates are asked for and made.

CAError
├── RequestInvalid (a DerInvalid)   bytes that are not a certification request whose key signed it
├── LintFailed                      what was to be signed breaks a clause: nothing was signed
├── CrlRefused                      a revocation list that would contradict itself
└── SignatureFaulty                 a key made a signature that its own public half refuses
"""

from dataclasses import dataclass

from ca.errors import CAError, DerInvalid


@dataclass(eq=False)
class RequestInvalid(DerInvalid):
    """Bytes that are not a certification request (PKCS #10) signed by the key inside it."""

    code = "ca.request_invalid"
    zh = "证书请求无法读取：{reason}"
    en = "the certification request cannot be read: {reason}"


@dataclass(eq=False)
class LintFailed(CAError):
    """A certificate to be signed breaks a clause of its standard or profile; it was not signed.

    reasons: each clause and what is wrong, separated by semicolons.
    """

    code = "ca.lint_failed"
    zh = "待签证书不符合标准或模板 {profile}，未签发：{reasons}"
    en = "the certificate to be signed breaks its standard or the profile {profile} and was not signed: {reasons}"

    profile: str
    reasons: str


@dataclass(eq=False)
class CrlRefused(CAError):
    """A revocation list was asked for that would contradict itself."""

    code = "ca.crl_refused"
    zh = "无法制作证书吊销列表：{reason}"
    en = "the revocation list cannot be made: {reason}"

    reason: str


@dataclass(eq=False)
class SignatureFaulty(CAError):
    """A key made a signature that its own public half refuses: a faulty device, or memory that lost a bit."""

    code = "ca.signature_faulty"
    zh = "密钥（{algorithm}）给出的签名未能通过其公钥的验证，未采用；请检查密码设备后重试"
    en = "a key ({algorithm}) made a signature that its own public key refuses; it was not used: check the device, try again"

    algorithm: str
