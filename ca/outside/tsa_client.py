"""Another authority's timestamps in place of ours: asked for over HTTP, checked, completed with their chain.

Source: RFC 3161 sections 2.4 and 3.4
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from ca.algorithms import digests
from ca.errors import NationalUnavailable, TokenInvalid
from ca.outside.crl_client import TOLERANCE
from ca.outside.foreign_errors import ForeignRefused, ForeignUnavailable
from ca.outside.http_client import service
from ca.outside.ocsp_client import Posting
from ca.timestamping.answer import MAX_SIZE, Refusal, make_request, read_answer, with_chain
from ca.timestamping.token import TimestampToken, read_token

MEDIA_TYPE: Final = "application/timestamp-query"
Chains = Callable[[bytes], Sequence[bytes] | None]
"""Gives the chain (DER, up to the root) of a timestamp authority's certificate (DER), None if nobody took that one in."""


class ForeignTimestamps:
    """A timestamp authority behind an address; stamps as `TimestampAuthority` does.

    chains: a token by an authority that the trust list will not name would be worth nothing, so it is refused here.
    """

    def __init__(self, http: Posting, address: str, chains: Chains) -> None:
        self._http, self._address, self._chains = http, address, chains

    def stamp(
        self, imprint: bytes, now: datetime, nonce: int | None = None, *, hash_algorithm: str = "SHA-256"
    ) -> bytes:
        """Return a token over a digest, as DER ContentInfo with the chain up to the root.

        imprint: 32 bytes for SHA-256; now: UTC, which the token's time must agree with to five minutes; nonce: 64 random
        bits if not given. Raises ForeignUnavailable, ForeignRefused, NationalUnavailable, and what `chains` raises of a
        certificate that was revoked.
        """
        if len(imprint) != digests.SIZES[hash_algorithm]:
            raise ValueError(f"a {hash_algorithm} digest has {digests.SIZES[hash_algorithm]} bytes")
        number = secrets.randbits(64) if nonce is None else nonce
        request = make_request(imprint, hash_algorithm, number)
        answer = self._http.post(self._address, request, MEDIA_TYPE, MAX_SIZE)
        try:
            token = read_answer(answer)
            if isinstance(token, Refusal):
                raise self._refused(token)
            found = read_token(token)
        except TokenInvalid as error:
            raise ForeignRefused(service(self._address), error.message("zh"), error.message("en")) from error
        self._check(found, imprint, hash_algorithm, number, now)
        return self._completed(token, found)

    def _check(self, token: TimestampToken, imprint: bytes, hash_algorithm: str, nonce: int, now: datetime) -> None:
        if (token.hash_algorithm, token.imprint) != (hash_algorithm, imprint):
            raise self._unbelievable("时间戳对应另一份数据", "the token is over something else")
        if token.nonce != nonce:
            raise self._unbelievable("应答的随机数不符", "the answer to another question: its nonce differs")
        if abs(token.gen_time - now) > TOLERANCE:
            raise self._unbelievable("时间戳的时间与本机时钟不符", "its time and this machine's clock differ")

    def _completed(self, token: bytes, found: TimestampToken) -> bytes:
        chain = self._chains(found.signer_certificate)
        if chain is None:
            raise self._unbelievable(
                "其证书尚未导入，见 elicence ca import-tsa", "its certificate was not taken in: elicence ca import-tsa"
            )
        if set(chain) == set(found.certificates):
            return token
        completed = with_chain(token, chain)
        try:
            read_token(completed)
        except (TokenInvalid, NationalUnavailable) as error:
            raise self._unbelievable(error.message("zh"), error.message("en")) from error
        return completed

    def _refused(self, refusal: Refusal) -> ForeignUnavailable | ForeignRefused:
        kind = ForeignUnavailable if refusal.later else ForeignRefused
        return kind(service(self._address), refusal.reason, refusal.reason)

    def _unbelievable(self, zh: str, en: str) -> ForeignRefused:
        return ForeignRefused(service(self._address), zh, en)
