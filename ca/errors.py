"""What this package refuses, and why.

CAError
├── KeyRefused             a key cannot be had
│   ├── KeyMissing         no key of that name
│   ├── KeyExists          a key of that name is there already: never overwritten
│   ├── KeyNameInvalid     the name is not one
│   ├── KeyExposed         other accounts can read the file
│   ├── KeyUnreadable      not a key file of ours, or changed
│   ├── KeyMismatch        the key does not belong to the certificate
│   ├── KeyKept            a signing key was asked for something else than a signature
│   └── PassphraseWrong
├── NationalUnavailable    this machine has no SM2 and SM3 that pass their check
│   └── NationalFailed     it has, but they failed at this
├── UnwrapRefused          a wrapped data key was changed, moved or belongs to a key we do not have
├── DerInvalid             bytes that are not the strict DER of what they should be
│   ├── CertificateInvalid
│   ├── CrlInvalid
│   └── TokenInvalid
├── JsonInvalid            a JSON file of ours that has not its form
├── ProfileViolated        a certificate was asked for that its profile does not allow
├── PlanInvalid            the ceremony's YAML, all faults at once
├── CeremonyRefused
│   ├── CeremonyDone       there is a ceremony in that folder
│   ├── CeremonyRunning    another process holds one there now
│   ├── CeremonyMissing    there is none to open
│   └── CeremonyDamaged    one of its files is gone or changed
└── TrustListInvalid
    └── …                  what is not taken in the place of a list that is kept (judging/trust_errors.py)
"""

from dataclasses import dataclass

from ledger.errors import DomainError, Language


class CAError(DomainError):
    """Root of what the root of trust refuses."""

    code = "ca.error"


class KeyRefused(CAError):
    """A key cannot be had."""

    code = "ca.key_refused"


@dataclass(eq=False)
class KeyMissing(KeyRefused):
    """There is no key of that name."""

    code = "ca.key_missing"
    zh = "没有名为 {name} 的密钥"
    en = "there is no key named {name}"

    name: str


@dataclass(eq=False)
class KeyExists(KeyRefused):
    """A key of that name exists; keys are never overwritten."""

    code = "ca.key_exists"
    zh = "名为 {name} 的密钥已存在，不会覆盖"
    en = "a key named {name} exists already and is never overwritten"

    name: str


@dataclass(eq=False)
class KeyKept(KeyRefused):
    """A signing key signs: it is not exported, and agrees on no other keys."""

    code = "ca.key_kept"
    zh = "签名密钥只用于签名，不能导出，也不能用于密钥协商"
    en = "a signing key only signs: it cannot be exported, and agrees on no other keys"


@dataclass(eq=False)
class KeyNameInvalid(KeyRefused):
    """A key name is 1 to 64 small letters, digits and hyphens, so that it can be a file name anywhere."""

    code = "ca.key_name_invalid"
    zh = "密钥名称只能由 1 至 64 个小写字母、数字和连字符组成"
    en = "a key name consists of 1 to 64 small letters, digits and hyphens"


@dataclass(eq=False)
class KeyExposed(KeyRefused):
    """Other accounts of this machine can reach the file."""

    code = "ca.key_exposed"
    zh = "密钥文件 {name} 可被其他账户读取，请执行 chmod 600（目录用 chmod 700）后重试"
    en = "other accounts can reach the key file {name}: set it to mode 600 (its folder to 700) and try again"

    name: str


@dataclass(eq=False)
class KeyUnreadable(KeyRefused):
    """The file is not a key file of ours, or it was changed."""

    code = "ca.key_unreadable"
    zh = "无法读取密钥 {name}：{reason}"
    en = "the key {name} cannot be read: {reason}"

    name: str
    reason: str


@dataclass(eq=False)
class KeyMismatch(KeyRefused):
    """The private key does not belong to the certificate."""

    code = "ca.key_mismatch"
    zh = "私钥与证书 {certificate} 不匹配"
    en = "the private key does not belong to the certificate {certificate}"

    certificate: str


@dataclass(eq=False)
class PassphraseWrong(KeyRefused):
    """The passphrase opens nothing here."""

    code = "ca.passphrase_wrong"
    zh = "口令不正确，无法打开密钥"
    en = "the passphrase is wrong: the keys stay closed"


@dataclass(eq=False)
class NationalUnavailable(CAError):
    """The machine's libcrypto has no SM2 and SM3, or computes them wrongly: nothing national can be signed or judged."""

    code = "ca.national_unavailable"
    zh = "本机的密码库不能使用国密 SM2/SM3（{reason}）：请安装 OpenSSL 3.0 或更高版本的共享库（Debian、Ubuntu：apt install libssl3）"
    en = "this machine's libcrypto cannot do SM2 and SM3 ({reason}): install the shared library of OpenSSL 3.0 or newer (Debian, Ubuntu: apt install libssl3)"

    reason: str


@dataclass(eq=False)
class NationalFailed(NationalUnavailable):
    """The library refused an operation that it should do: out of memory, or out of random numbers."""

    code = "ca.national_failed"
    zh = "密码库执行国密 SM2/SM3 运算失败：{reason}"
    en = "the libcrypto failed at an operation of SM2 and SM3: {reason}"


@dataclass(eq=False)
class UnwrapRefused(CAError):
    """A wrapped data key was changed, was moved to another place, or belongs to a key-encryption key that is not here."""

    code = "ca.unwrap_refused"
    zh = "数据密钥无法解开（密钥加密密钥 {kek_id}）：内容被改动、被移位，或缺少对应的密钥"
    en = "a data key cannot be unwrapped (key-encryption key {kek_id}): it was changed or moved, or that key is missing"

    kek_id: str


@dataclass(eq=False)
class DerInvalid(CAError):
    """Bytes that are not the strict DER of what they should be."""

    code = "ca.der_invalid"
    zh = "数据不是规范的 DER 编码：{reason}"
    en = "not strict DER: {reason}"

    reason: str


@dataclass(eq=False)
class CertificateInvalid(DerInvalid):
    """Bytes that are not a certificate we can read."""

    code = "ca.certificate_invalid"
    zh = "证书无法读取：{reason}"
    en = "the certificate cannot be read: {reason}"


@dataclass(eq=False)
class CrlInvalid(DerInvalid):
    """Bytes that are not a certificate revocation list we can read."""

    code = "ca.crl_invalid"
    zh = "证书吊销列表无法读取：{reason}"
    en = "the certificate revocation list cannot be read: {reason}"


@dataclass(eq=False)
class TokenInvalid(DerInvalid):
    """Bytes that are not a timestamp token in the one form we accept, or whose signature fails."""

    code = "ca.token_invalid"
    zh = "时间戳令牌无效：{reason}"
    en = "the timestamp token is invalid: {reason}"


@dataclass(eq=False)
class JsonInvalid(CAError):
    """A JSON file that has not its form."""

    code = "ca.json_invalid"
    zh = "JSON 文件格式不正确：{reason}"
    en = "the JSON file has not its form: {reason}"

    reason: str


@dataclass(eq=False)
class ProfileViolated(CAError):
    """A certificate was asked for that its profile does not allow."""

    code = "ca.profile_violated"
    zh = "证书申请不符合模板 {profile}：{reason}"
    en = "the request does not fit the certificate profile {profile}: {reason}"

    profile: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlanFault:
    """One fault of a ceremony plan: the line (1-based; 0: the whole file), the field as a dotted path, two messages."""

    line: int
    field: str
    zh: str
    en: str

    def message(self, language: Language = "en") -> str:
        """Return where the fault is and what it is."""
        if language == "zh":
            where = f"第 {self.line} 行 {self.field}" if self.line else self.field
            return f"{where}：{self.zh}"
        where = f"line {self.line}, {self.field}" if self.line else self.field
        return f"{where}: {self.en}"


@dataclass(eq=False)
class PlanInvalid(CAError):
    """The ceremony's YAML is wrong; every fault is told at once, and no value is repeated."""

    code = "ca.plan_invalid"
    zh = "仪式计划中的错误（共 {count} 处）："
    en = "faults in the ceremony plan ({count}):"

    faults: tuple[PlanFault, ...]

    def message(self, language: Language = "en") -> str:
        """Return the heading and a line for each fault."""
        heading: str = getattr(self, language).format(count=len(self.faults))
        return "\n".join([heading, *(f"  {fault.message(language)}" for fault in self.faults)])


class CeremonyRefused(CAError):
    """A ceremony cannot be held or opened."""

    code = "ca.ceremony_refused"


@dataclass(eq=False)
class CeremonyDone(CeremonyRefused):
    """There is a ceremony in that folder; its keys are never overwritten."""

    code = "ca.ceremony_done"
    zh = "{folder} 中已有完成的密钥仪式，不会覆盖；如确需重做，请先移走该目录"
    en = "a ceremony was held in {folder} and is never overwritten; to begin anew, move that folder away first"

    folder: str


@dataclass(eq=False)
class CeremonyRunning(CeremonyRefused):
    """Another process holds a ceremony there now."""

    code = "ca.ceremony_running"
    zh = "另一个进程正在 {folder} 中进行密钥仪式"
    en = "another process is holding a ceremony in {folder} right now"

    folder: str


@dataclass(eq=False)
class CeremonyMissing(CeremonyRefused):
    """No ceremony was finished in that folder."""

    code = "ca.ceremony_missing"
    zh = "{folder} 中没有完成的密钥仪式，请先运行 elicence init"
    en = "no ceremony was finished in {folder}: run `elicence init` first"

    folder: str


@dataclass(eq=False)
class CeremonyDamaged(CeremonyRefused):
    """One of the files that a ceremony left is gone or changed."""

    code = "ca.ceremony_damaged"
    zh = "密钥仪式的文件 {file} 缺失或被改动，请从备份恢复"
    en = "the ceremony's file {file} is gone or changed: restore it from a backup"

    file: str


@dataclass(eq=False)
class TrustListInvalid(CAError):
    """The trust list cannot be believed or read."""

    code = "ca.trust_list_invalid"
    zh = "信任列表无效：{reason}"
    en = "the trust list is invalid: {reason}"

    reason: str
