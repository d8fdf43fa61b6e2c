"""What keeps a seal's key from being reached, beside what the keys and the network say themselves.

SealError
└── SealKeyUnusable            (pdf_errors.py) the house's affair, never the licence's
    ├── SealCertificateRevoked  its certificate is revoked or on hold, the seal itself is not stopped
    ├── ProviderUnknown        nobody said where the service is that holds the key
    ├── ServicesUnusable       the file that says so cannot be used
    ├── NationalSealMissing    the seal has no national form to seal OFD with
    └── SealMakerMissing       the house has no key that makes national seals
"""

from dataclasses import dataclass

from seals.pdf.errors import SealKeyUnusable


@dataclass(eq=False, kw_only=True)
class SealCertificateRevoked(SealKeyUnusable):
    """The certificate, or an authority above it, is revoked or on hold: nobody would believe what is sealed with it."""

    code = "seals.certificate_revoked"
    zh = "印章证书已被吊销或暂停，不能再用于盖章。请更换印章证书，暂停的请先恢复"
    en = "the seal's certificate is revoked or on hold, and seals no more; renew it, or end the hold"

    reason: str = "certificate_revoked"


@dataclass(eq=False, kw_only=True)
class ProviderUnknown(SealKeyUnusable):
    """The seal's key is held by a service that is not among those of the settings."""

    code = "seals.provider_unknown"
    zh = "印章密钥由服务 {provider} 保管，但该服务未配置。请在 ELICENCE_SEAL_SERVICES_FILE 所指文件中登记"
    en = "the seal's key is held by {provider}, which the file of ELICENCE_SEAL_SERVICES_FILE does not name; add it"

    provider: str
    reason: str = "provider_unknown"


@dataclass(eq=False, kw_only=True)
class ServicesUnusable(SealKeyUnusable):
    """The file of the seal services cannot be used; what it holds is never repeated, it may be a secret."""

    code = "seals.services_unusable"
    zh = "印章服务配置文件 {path} 无法使用：{zh_reason}"
    en = "the file of seal services {path} cannot be used: {reason}"

    path: str
    zh_reason: str
    reason: str


@dataclass(eq=False, kw_only=True)
class NationalSealMissing(SealKeyUnusable):
    """The seal has no national form (SES), under which alone OFD and other national documents are sealed."""

    code = "seals.national_seal_missing"
    zh = "印章 {seal} 没有国密电子印章（GB/T 38540），不能签署 OFD 等文件"
    en = "seal {seal} has no national form (GB/T 38540), without which OFD is not sealed"

    seal: str
    reason: str = "national_seal_missing"


@dataclass(eq=False, kw_only=True)
class SealMakerMissing(SealKeyUnusable):
    """No ceremony made the key that makes national seals."""

    code = "seals.maker_missing"
    zh = "尚无制章密钥，不能制作国密电子印章。请举行密钥仪式：elicence ca rollover follow national-seal-maker"
    en = "there is no key that makes national seals; hold a ceremony: elicence ca rollover follow national-seal-maker"

    reason: str = "maker_missing"
