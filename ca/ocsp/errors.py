"""What cannot be read of online certificate status.

CAError
└── DerInvalid
    ├── OcspMalformed      a request
    └── OcspInvalid        a response
"""

from dataclasses import dataclass

from ca.errors import DerInvalid


@dataclass(eq=False)
class OcspMalformed(DerInvalid):
    """Bytes that are not an OCSP request we can read."""

    code = "ca.ocsp_malformed"
    zh = "OCSP 请求无法读取：{reason}"
    en = "the OCSP request cannot be read: {reason}"


@dataclass(eq=False)
class OcspInvalid(DerInvalid):
    """Bytes that are not an OCSP response we can read."""

    code = "ca.ocsp_invalid"
    zh = "OCSP 响应无法读取：{reason}"
    en = "the OCSP response cannot be read: {reason}"
