"""Lints of what a certificate is for: extended key usages, and the subject of a seal."""

import re
from collections.abc import Iterator
from typing import Final

from ca.encoding import der, oids
from ca.reading import names
from ca.writing.lint_draft import Draft, Rule

_CODE: Final = re.compile("[0-9]{14}")
# GB 32100: the letters I, O, S, V, Z are never used
_USCC: Final = re.compile("[0-9A-HJ-NPQRTUWXY]{18}")


def _purposes(draft: Draft) -> tuple[str, ...]:
    extension = draft.extensions.get(oids.EXTENDED_KEY_USAGE)
    if extension is None:
        return ()
    return tuple(der.parse_oid(one) for one in der.children(der.read(extension.value, der.SEQUENCE)))


def _extended_key_usage(draft: Draft) -> Iterator[str]:
    extension = draft.extensions.get(oids.EXTENDED_KEY_USAGE)
    if extension is not None and not _purposes(draft):
        yield "the extended key usage is empty"
    if _purposes(draft) != draft.profile.extended_key_usage:
        yield "the extended key usage is not the profile's"
    if extension is not None and extension.critical != draft.profile.purpose_critical:
        yield "the extended key usage is critical where the profile's is not, or the reverse"


def _time_stamping(draft: Draft) -> Iterator[str]:
    purposes = _purposes(draft)
    if oids.TIME_STAMPING in purposes and not (
        purposes == (oids.TIME_STAMPING,) and draft.extensions[oids.EXTENDED_KEY_USAGE].critical
    ):
        yield "time stamping is not the only purpose, or not critical"


def _ocsp_signing(draft: Draft) -> Iterator[str]:
    if oids.OCSP_SIGNING in _purposes(draft) and draft.profile.is_ca:
        yield "a delegated responder is an authority"


def _nocheck(draft: Draft) -> Iterator[str]:
    extension = draft.extensions.get(oids.OCSP_NOCHECK)
    if (extension is not None) != draft.profile.ocsp_nocheck:
        yield "the extension nocheck stands where the profile has none, or is missing"
    if extension is None:
        return
    if extension.critical or extension.value != der.tlv(der.NULL):
        yield "the extension nocheck is critical or not NULL"
    if oids.OCSP_SIGNING not in _purposes(draft):
        yield "the extension nocheck stands in a certificate that is no responder's"


def _trust_list_signing(draft: Draft) -> Iterator[str]:
    purposes = _purposes(draft)
    if oids.TSL_SIGNING in purposes and (purposes != (oids.TSL_SIGNING,) or draft.profile.is_ca):
        yield "a trust list's signer has other purposes, or is an authority"


def _seal_subject(draft: Draft) -> Iterator[str]:
    if not draft.profile.seal_subject:
        return
    holder = names.seal_holder(draft.subject)
    named = holder is not None and _CODE.fullmatch(holder.code) and _USCC.fullmatch(holder.uscc)
    if holder is None or not named or not holder.organisation:
        yield "CN is not a seal code of 14 digits, or O not a USCC and the unit's name"


PURPOSE_RULES: Final = (
    Rule("RFC 5280 4.2.1.12", _extended_key_usage),
    Rule("RFC 3161 2.3", _time_stamping),
    Rule("RFC 6960 4.2.2.2", _ocsp_signing),
    Rule("RFC 6960 4.2.2.2.1", _nocheck),
    Rule("ETSI TS 119 612 5.7.1", _trust_list_signing),
    Rule("profile: subject of a seal", _seal_subject),
)
