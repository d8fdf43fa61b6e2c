"""Read national seals and signature values: three forms, the spellings of many makers, no byte unaccounted for.

The outer encoding must be DER, so that a value has one spelling only; what real files do otherwise than the standard
says (a raw signature, other dates, a version that is not the structure's) is read and named among the faults.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar, get_args

from asn1crypto import core

from ca import der
from ca.errors import CAError, DerInvalid
from ca.timestamp_token import read_token
from seals import ses_schema as schema
from seals.ses_errors import SesOverLimits, SesUnreadable
from seals.ses_spelling import parse_signature, parse_time, parse_time_info, require_der
from seals.ses_values import (
    CertificateDigest,
    Form,
    SesExtension,
    SesPicture,
    SesSeal,
    SesSignature,
)

__all__ = [
    "MAX_SIZE",
    "CertificateDigest",
    "Form",
    "SesExtension",
    "SesPicture",
    "SesSeal",
    "SesSignature",
    "read_seal",
    "read_signature",
]
