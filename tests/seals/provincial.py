"""A provincial seal system: a second process that holds keys and signs digests, with the delays and failures of one.

`python -m tests.seals.provincial` prints its address and public keys as one line of JSON, and serves until it is ended.
How it shall behave next, and what it was asked, goes over /control, which a real one has not.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.algorithms import sm2
from ca.outside.http_client import HttpClient, Limits
from seals.providers.remote_seal_client import RemoteSealService
from tests.ca import sm2_verifier

TOKEN = "synthetic-token"
SLOW = 1.5
LIMITS = Limits(connect=2.0, quiet=0.5, total=2.0)


@dataclass(frozen=True)
class Heard:
    asked: list[dict[str, str]]
    signed: int


@dataclass(frozen=True)
class Province:
    """The running process. public_keys: DER by name."""

    address: str
    public_keys: dict[str, bytes]
    process: "subprocess.Popen[str]"

    def certified(self, **certificates: bytes) -> None:
        """Tell it the certificates (DER) of its keys."""
        self._control({"certificates": {name: sha256(one).hexdigest() for name, one in certificates.items()}})

    def behave(self, *behaviours: str) -> None:
        """Say how it shall answer the next requests; after them it is good again."""
        self._control({"behaviours": behaviours})

    def heard(self) -> "Heard":
        """Return what it was asked, and how many signatures it made, since the last call."""
        told = self._control({})
        return Heard(told["asked"], told["signed"])

    def service(self, token: str | None = TOKEN) -> RemoteSealService:
        return RemoteSealService(HttpClient(LIMITS), self.address, token, wait=lambda _seconds: None)

    def _control(self, told: dict[str, Any]) -> dict[str, Any]:
        # The loopback, and no proxy of the environment is asked for it by these tests
        with urlopen(Request(f"{self.address}/control", json.dumps(told).encode())) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def province() -> Iterator[Province]:
    """Run one."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.seals.provincial"], stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            keys = {name: b64decode(key) for name, key in told["keys"].items()}
            yield Province(told["address"], keys, process)
        finally:
            process.kill()


# --- the second process ----------------------------------------------------------------------------------------------

SignDigest = Callable[[bytes], bytes]


def _ecdsa(curve: ec.EllipticCurve, hashing: hashes.HashAlgorithm) -> tuple[bytes, SignDigest]:
    key = ec.generate_private_key(curve)
    return _info(key), lambda digest: key.sign(digest, ec.ECDSA(Prehashed(hashing)))


def _rsa() -> tuple[bytes, SignDigest]:
    key = rsa.generate_private_key(65_537, 3072)
    return _info(key), lambda digest: key.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))


def _sm2() -> tuple[bytes, SignDigest]:
    secret = secrets.randbelow(sm2_verifier.N - 2) + 1
    point = sm2_verifier.multiply(secret, sm2_verifier.G)
    assert point is not None

    def sign(digest: bytes) -> bytes:
        # GB/T 32918.2 section 6.1, from the digest on
        nonce = secrets.randbelow(sm2_verifier.N - 1) + 1
        shared = sm2_verifier.multiply(nonce, sm2_verifier.G)
        assert shared is not None
        r = (int.from_bytes(digest) + shared[0]) % sm2_verifier.N
        s = pow(1 + secret, -1, sm2_verifier.N) * (nonce - r * secret) % sm2_verifier.N
        return sm2_verifier.encoded(r, s)

    return sm2.public_key_info(b"".join(number.to_bytes(32) for number in point)), sign


def _info(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class _System:
    """Its keys, what it signed by request id, and how it shall behave."""

    def __init__(self) -> None:
        self.keys = {
            "ES256": _ecdsa(ec.SECP256R1(), hashes.SHA256()),
            "ES384": _ecdsa(ec.SECP384R1(), hashes.SHA384()),
            "RS256": _rsa(),
            "SM2": _sm2(),
        }
        self.certificates: dict[str, str] = {}
        self.behaviours: list[str] = []
        self.asked: list[dict[str, str]] = []
        self.signed = 0
        self._known: dict[str, bytes] = {}

    def control(self, told: dict[str, Any]) -> dict[str, Any]:
        answer = {"asked": self.asked, "signed": self.signed}
        self.certificates |= told.get("certificates", {})
        self.behaviours = list(told.get("behaviours", self.behaviours))
        self.asked, self.signed = [], 0
        return answer

    def answer(self, request: dict[str, str], behaviour: str) -> dict[str, str]:
        digest = b64decode(request["digest"])
        if behaviour == "wrong":
            digest = digest[::-1]
        return {
            "request_id": "another" if behaviour == "another_request" else request["request_id"],
            "certificate": "00" * 32 if behaviour == "another_certificate" else self.certificates[request["key"]],
            "signature": b64encode(self._signature(request, digest)).decode(),
        }

    def _signature(self, request: dict[str, str], digest: bytes) -> bytes:
        known = self._known.get(request["request_id"])
        if known is None:
            self.signed += 1
            known = self._known[request["request_id"]] = self.keys[request["key"]][1](digest)
        return known


class _Handler(BaseHTTPRequestHandler):
    system: _System
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for the acknowledgement of its head

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/control":
            self._send(json.dumps(self.system.control(told)).encode())
            return
        behaviour = self.system.behaviours.pop(0) if self.system.behaviours else "good"
        self.system.asked.append(told)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" or told["key"] not in self.system.keys:
            self._send(b"", 403)
            return
        self._behave(behaviour, told)

    def _behave(self, behaviour: str, told: dict[str, str]) -> None:
        if behaviour == "500":
            self._send(b"", 500)
            return
        if behaviour == "killed":
            os._exit(1)
        body = json.dumps(self.system.answer(told, behaviour)).encode()
        if behaviour == "slow":
            time.sleep(SLOW)
        if behaviour == "dead":  # signed, and nobody hears of it
            self.close_connection = True
            return
        if behaviour == "half":
            self.close_connection = True
            self._send(body[:40], length=len(body))
            return
        self._send(
            {"garbage": b"<html>", "more": body[:-1] + b', "more": 1}', "large": body * 200}.get(behaviour, body)
        )

    def _send(self, body: bytes, status: int = 200, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:  # whoever asked did not wait
            self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as the base has it
        pass


def main() -> None:
    """Serve until the process is ended."""
    system = _Handler.system = _System()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        told = {
            "address": f"http://127.0.0.1:{server.server_address[1]}",
            "keys": {name: b64encode(key).decode() for name, (key, _sign) in system.keys.items()},
        }
        print(json.dumps(told), flush=True)  # noqa: T201 - that is how it says where it is
        server.serve_forever()


if __name__ == "__main__":
    main()
