"""What `elicence ca` refuses, beyond what the authority refuses itself.

ToolError
├── CertificateNotFound    none is meant by that name
├── CertificateAmbiguous   several are
├── SubjectMissing         a certificate needs a name
├── MadeInCeremony         the house would go on using what the ceremony made
├── KeyHasPurpose          the key is certified for something else
└── KeyIsOtherwise         the key is there, and not what was asked for
"""

from dataclasses import dataclass

from tools.errors import ToolError


@dataclass(eq=False)
class CertificateNotFound(ToolError):
    """No issued certificate has that serial number or key name."""

    code = "tools.certificate_not_found"
    zh = "没有序列号以 {name} 开头或密钥名为 {name} 的证书；`elicence ca list` 可列出全部"
    en = "no certificate's serial number begins with {name}, nor is its key named so: `elicence ca list` shows them"

    name: str


@dataclass(eq=False)
class CertificateAmbiguous(ToolError):
    """Several serial numbers begin so, or one does and a key is named so."""

    code = "tools.certificate_ambiguous"
    zh = "{name} 可指多张证书（序列号开头或密钥名称），请多写几位序列号"
    en = "several certificates are meant by {name}: give more digits of the serial number"

    name: str


@dataclass(eq=False)
class SubjectMissing(ToolError):
    """A key of ours has no request that says whose it is."""

    code = "tools.subject_missing"
    zh = "使用本机密钥签发时，须以 --cn 与 --o 指明证书主体"
    en = "for a key of ours say whose certificate it is, with --cn and --o"


@dataclass(eq=False)
class MadeInCeremony(ToolError):
    """A service of the house takes its certificate from the ceremonies."""

    code = "tools.made_in_ceremony"
    zh = "{name} 的证书由密钥仪式签发，请使用 elicence ca rollover"
    en = "the certificate of {name} comes from a ceremony: use `elicence ca rollover`"

    name: str


@dataclass(eq=False)
class KeyHasPurpose(ToolError):
    """A key serves one purpose: what it signed for one must not count for another."""

    code = "tools.key_has_purpose"
    zh = "密钥 {name} 的证书类别为 {profile}，不能用于其他类别；请另选一个密钥名称"
    en = "the key {name} is certified as {profile} and serves nothing else: name another key"

    name: str
    profile: str


@dataclass(eq=False)
class KeyIsOtherwise(ToolError):
    """The key exists already, with another algorithm or in another place."""

    code = "tools.key_is_otherwise"
    zh = "密钥 {name} 已存在（{algorithm}，{place}），与所给的 --algorithm 或 --token 不符；请另选一个密钥名称"
    en = (
        "there is a key {name} already ({algorithm}, {place}), and not as --algorithm or --token says: name another key"
    )

    name: str
    algorithm: str
    place: str
