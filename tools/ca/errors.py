"""What `elicence ca` refuses, beyond what the authority refuses itself.

ToolError
├── CertificateNotFound    none is meant by that name
├── CertificateAmbiguous   several are
├── SubjectMissing         a certificate needs a name
└── MadeInCeremony         the house would go on using what the ceremony made
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
    """Several serial numbers begin so."""

    code = "tools.certificate_ambiguous"
    zh = "有多张证书的序列号以 {name} 开头，请多写几位"
    en = "several serial numbers begin with {name}: give more digits"

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
