"""The authority through the running server: openssl and plain HTTP as any relying party has them."""

import contextlib
import json
import re
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.house import House
from ca.encoding import pem
from tests.tools.conftest import Run
from tests.tools.processes import command, wait_for


@dataclass(frozen=True, slots=True)
class Service:
    """A running server, and the certificates of the house as PEM files by key name."""

    address: str
    port: int
    folder: Path

    def certificate(self, *names: str) -> Path:
        path = self.folder / f"{'+'.join(names)}.pem"
        if not path.exists():
            parts = [pem.encode("CERTIFICATE", self.get(f"/pki/{name}.cer")) for name in names]
            path.write_bytes(b"".join(parts))
        return path

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.address + path, timeout=30) as answer:
            found: bytes = answer.read()
            return found

    def post(self, path: str, media_type: str, data: bytes) -> bytes:
        request = urllib.request.Request(self.address + path, data=data, headers={"Content-Type": media_type})
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: bytes = answer.read()
            return found


@pytest.fixture(scope="module")
def service(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    environment = {"ELICENCE_HOME": str(house.settings.home), "PYTHONPATH": ".", "PATH": "/usr/bin:/bin"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    with command("serve", "--port", port, env=environment, stdout=subprocess.DEVNULL) as process:
        found = Service(f"http://127.0.0.1:{port}", port, tmp_path_factory.mktemp("served"))
        wait_for(lambda: _answers(found))
        yield found
        process.terminate()
        assert process.wait(60) == 0


def _answers(service: Service) -> bool:
    try:
        return bool(service.get("/pki/root.cer"))
    except OSError:
        return False


def openssl(*arguments: object) -> tuple[int, str]:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def seal(house: House, folder: Path, name: str) -> Path:
    path = folder / f"{name}.pem"
    path.write_bytes(pem.encode("CERTIFICATE", house.ceremony.certificates[name].cert_der))
    return path


def test_openssl_asks_about_several_certificates_at_once(house: House, service: Service) -> None:
    names = ("seal-market", "seal-housing", "seal-tobacco")
    certificates = [part for name in names for part in ("-cert", seal(house, service.folder, name))]
    issuer, trusted = service.certificate("issuing-seals"), service.certificate("issuing-seals", "root")
    for asking in (["-nonce"], ["-no_nonce"], ["-no_nonce", "-sha256"]):
        asked = [*asking, "-issuer", issuer, *certificates]
        code, said = openssl("ocsp", *asked, "-url", f"{service.address}/pki/ocsp", "-CAfile", trusted)
        assert code == 0, said
        assert "Response verify OK" in said
        assert said.count(": good") == 3
        assert "WARNING" not in said


def test_openssl_hears_of_a_revocation(house: House, service: Service, run: Run, tmp_path: Path) -> None:
    leaf, issuer = tmp_path / "leaf.pem", service.certificate("issuing-systems")
    names = ("--cn", "测试吊销系统", "--o", "测试市数据局")
    asked = ("ca", "issue", "--profile", "client", "--key", "client-revoked", *names, "-o", leaf, "--json")
    serial = json.loads(run(*asked)[1])["serial_number"]
    question = ("ocsp", "-no_nonce", "-issuer", issuer, "-cert", leaf, "-url", f"{service.address}/pki/ocsp")
    trusted = ("-CAfile", service.certificate("issuing-systems", "root"))
    assert ": good" in openssl(*question, *trusted)[1]
    assert run("ca", "revoke", serial, "--reason", "keyCompromise")[0] == 0
    said = openssl(*question, *trusted)[1]
    assert ": revoked" in said
    assert "keyCompromise" in said

    # The worker publishes the new list by itself.
    def listed() -> bool:
        (tmp_path / "list.crl").write_bytes(service.get("/pki/issuing-systems.crl"))
        told = openssl("crl", "-inform", "DER", "-in", tmp_path / "list.crl", "-noout", "-text", "-CAfile", issuer)[1]
        return serial.upper() in told and "verify OK" in told

    wait_for(listed)
    checked = ("-CRLfile", tmp_path / "list.crl", "-crl_check", "-trusted", trusted[1])
    code, said = openssl("verify", *checked, leaf)
    assert (code, "certificate revoked" in said) == (2, True)


@pytest.mark.parametrize("algorithm", ["-sha256", "-sha512"])
def test_openssl_believes_our_time(service: Service, tmp_path: Path, algorithm: str) -> None:
    data, query, reply = (tmp_path / name for name in ("data", "query", "reply"))
    data.write_bytes(b"data")
    assert openssl("ts", "-query", "-data", data, algorithm, "-cert", "-out", query)[0] == 0
    reply.write_bytes(service.post("/pki/tsa", "application/timestamp-query", query.read_bytes()))
    trusted = service.certificate("root")
    code, said = openssl("ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", trusted)
    assert code == 0, said
    assert "Verification: OK" in said


def test_openssl_reads_why_no_time_was_stamped(service: Service, tmp_path: Path) -> None:
    reply = tmp_path / "reply"
    reply.write_bytes(service.post("/pki/tsa", "application/timestamp-query", b"rubbish"))
    said = openssl("ts", "-reply", "-in", reply, "-text")[1]
    assert "Status: Rejected." in said
    assert "the data submitted has the wrong format" in said
    (tmp_path / "malformed").write_bytes(service.post("/pki/ocsp", "application/ocsp-request", b"rubbish"))
    assert "malformedrequest" in openssl("ocsp", "-respin", tmp_path / "malformed", "-resp_text")[1].lower()


def test_a_slow_sender_keeps_nobody_waiting_and_a_huge_one_is_cut_off(service: Service) -> None:
    head = "POST /pki/ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\nContent-Length: {}\r\n\r\n"
    slow = []
    for _ in range(50):
        line = socket.create_connection(("127.0.0.1", service.port))
        line.sendall(head.format(60_000).encode() + b"0")
        slow.append(line)
    assert service.get("/pki/root.crl")
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as huge:
        huge.sendall(head.format(2**31).encode())
        answer = b""
        try:
            for _ in range(20):
                huge.sendall(b"0" * 1024 * 1024)
        except OSError:
            pass  # cut off while we were still sending
        else:
            answer = huge.recv(1024)
        assert not answer or re.match(rb"HTTP/1.1 413 ", answer)
    for line in slow:
        line.close()


def test_who_asks_too_often_is_refused_for_a_while(service: Service) -> None:
    # Down one line without waiting for answers, so that asking is quicker than the bucket fills.
    asked = b"GET /pki/ocsp/MAA= HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
    answers = b""
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as line:
        sending = threading.Thread(target=_send, args=(line, asked))
        sending.start()
        while b"429 Too Many Requests" not in answers and (piece := line.recv(65536)):
            answers += piece
        line.shutdown(socket.SHUT_RDWR)
        sending.join()
    assert b"HTTP/1.1 200 OK" in answers
    assert b"HTTP/1.1 429 Too Many Requests" in answers


def _send(line: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):  # whoever has seen enough hangs up
        line.sendall(data)
