"""A licensed authority for tests: made and run with openssl, answering over real HTTP on the loopback."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ca.encoding import pem
from ca.reading.certificate_reader import Certificate, read_certificate

DAY = timedelta(days=1)
SEAL_SUBJECT = "/C=CN/O=11990100MB9T00038E测试市市场监督管理局/CN=99010000000077"
_STAMP = "%Y%m%d%H%M%SZ"

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


def openssl(*arguments: object, data: bytes | None = None) -> bytes:
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def giving(body: bytes, status: int = 200, **headers: str) -> Answer:
    """Answer with these bytes."""

    def answer(handler: BaseHTTPRequestHandler, _request: bytes) -> None:
        handler.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def making(make: Callable[[bytes], bytes]) -> Answer:
    """Answer with what is made of the request."""
    return lambda handler, request: giving(make(request))(handler, request)


def cut_off(body: bytes) -> Answer:
    """Promise more than is sent."""
    return giving(body, Content_Length=str(len(body) + 1000))


def silent(seconds: float) -> Answer:
    """Say nothing for a while, then hang up."""
    return lambda _handler, _request: time.sleep(seconds)


def dripping(first: bytes, piece: bytes, pause: float = 0.1, count: int = 60) -> Answer:
    """Send a beginning, and then piece after piece, each in good time."""

    def answer(handler: BaseHTTPRequestHandler, _request: bytes) -> None:
        handler.wfile.write(first)
        try:
            for _ in range(count):
                handler.wfile.write(piece)
                handler.wfile.flush()
                time.sleep(pause)
        except OSError:
            return

    return answer


@dataclass
class Site:
    """A web server: what it answers by path, and what it was asked."""

    address: str
    routes: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def count(self, path: str) -> int:
        return self.asked.count(path)


@contextmanager
def site() -> Iterator[Site]:
    """Run a web server of the test's own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, request: bytes) -> None:
            found.asked.append(self.path)
            found.headers.append(dict(self.headers))
            self.close_connection = True
            found.routes.get(self.path, giving(b"", 404))(self, request)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as the base has it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Site(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class LicensedCa:
    """A root, an issuing authority under it, and what they say; one generation."""

    def __init__(self, folder: Path, site: Site, name: str = "one") -> None:
        self.folder, self.site, self.name = folder / name, site, name
        self.folder.mkdir()
        (self.folder / "root.db").write_text("")
        (self.folder / "issuing.db").write_text("")
        self._extensions("root", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        for who in ("root", "issuing", "tsa", "ocsp", "leaf"):
            subject = f"/C=CN/O=测试持证机构/CN=测试 {name} {who}"
            openssl(
                "req",
                "-new",
                *key,
                "-utf8",
                "-subj",
                subject,
                "-keyout",
                self._at(who, "key"),
                "-out",
                self._at(who, "csr"),
            )
        openssl(
            "x509", "-req", "-in", self._at("root", "csr"), "-signkey", self._at("root", "key"), "-days", 3650,
            "-extfile", self._at("root", "ext"), "-out", self._at("root", "pem"),
        )  # fmt: skip
        ca = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign"
        self.issuing = self.sign(
            "issuing", ca, by="root", days=1800, points=f"crlDistributionPoints=URI:{self.url('root.crl')}"
        )
        self.tsa = self.sign("tsa", "keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping")
        self.responder = self.sign(
            "ocsp", "keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored", points=""
        )
        self.open()

    @property
    def root(self) -> Certificate:
        return self.certificate("root")

    @property
    def fingerprint(self) -> str:
        told = openssl("x509", "-in", self._at("root", "pem"), "-noout", "-fingerprint", "-sha256").decode()
        return told.strip().split("=")[1]

    def url(self, path: str) -> str:
        return f"{self.site.address}/{self.name}/{path}"

    def path(self, path: str) -> str:
        return f"/{self.name}/{path}"

    def open(self) -> None:
        """Serve everything."""
        routes = self.site.routes
        routes[self.path("root.crl")] = making(lambda _: self.crl("root"))
        routes[self.path("issuing.crl")] = making(lambda _: self.crl("issuing"))
        routes[self.path("ocsp")] = making(self.ocsp)
        routes[self.path("tsa")] = making(self.timestamp)

    def close(self) -> None:
        """Serve nothing: the machine is there, the service is not."""
        for path in list(self.site.routes):
            if path.startswith(f"/{self.name}/"):
                self.site.routes[path] = giving(b"", 503)

    def certificate(self, who: str) -> Certificate:
        return read_certificate(pem.one(self._at(who, "pem").read_bytes(), ["CERTIFICATE"]))

    def sign(
        self, who: str, extensions: str, *, by: str = "issuing", days: int = 700, points: str | None = None
    ) -> Certificate:
        """Sign the request of a file; points: where its revocation is told, both ways if not given."""
        if points is None:
            points = (
                f"authorityInfoAccess=OCSP;URI:{self.url('ocsp')}\ncrlDistributionPoints=URI:{self.url('issuing.crl')}"
            )
        self._extensions(who, f"{extensions}\n{points}")
        openssl(
            "x509", "-req", "-in", self._at(who, "csr"), "-CA", self._at(by, "pem"), "-CAkey", self._at(by, "key"),
            "-CAcreateserial", "-days", days, "-extfile", self._at(who, "ext"), "-out", self._at(who, "pem"),
        )  # fmt: skip
        found = self.certificate(who)
        with (self.folder / f"{by}.db").open("a") as index:
            index.write(f"V\t{found.not_after:%y%m%d%H%M%SZ}\t\t{_serial(found)}\tunknown\t/CN={_serial(found)}\n")
        return found

    def seal(self, request: bytes, points: str | None = None) -> Certificate:
        """Certify a seal: request is PEM."""
        self._at("leaf", "csr").write_bytes(request)
        return self.sign("leaf", "keyUsage=critical,digitalSignature,nonRepudiation", points=points)

    def revoke(self, certificate: Certificate, by: str = "issuing", reason: str = "superseded") -> None:
        index = self.folder / f"{by}.db"
        lines = [line.split("\t") for line in index.read_text().splitlines()]
        for line in lines:
            if line[3] == _serial(certificate):
                line[0], line[2] = "R", f"{datetime.now(UTC) - timedelta(hours=1):%y%m%d%H%M%SZ},{reason}"
        index.write_text("".join("\t".join(line) + "\n" for line in lines))

    def unrevoke(self, certificate: Certificate, by: str = "issuing") -> None:
        index = self.folder / f"{by}.db"
        lines = [line.split("\t") for line in index.read_text().splitlines()]
        for line in lines:
            if line[3] == _serial(certificate):
                line[0], line[2] = "V", ""
        index.write_text("".join("\t".join(line) + "\n" for line in lines))

    def crl(self, who: str = "issuing", begin: timedelta = -timedelta(minutes=1), end: timedelta = DAY) -> bytes:
        """Make a revocation list (DER); begin, end: from now."""
        config = self._at(who, "cnf")
        config.write_text(
            f"[ca]\ndefault_ca=one\n[one]\ndatabase={self.folder / f'{who}.db'}\ncrlnumber={self.folder / f'{who}.number'}\n"
            "default_md=sha256\ncrl_extensions=ext\n[ext]\nauthorityKeyIdentifier=keyid:always\n"
        )
        number = self.folder / f"{who}.number"
        if not number.exists():
            number.write_text("01\n")
        now = datetime.now(UTC)
        made = openssl(
            "ca", "-gencrl", "-config", config, "-cert", self._at(who, "pem"), "-keyfile", self._at(who, "key"),
            "-crl_lastupdate", (now + begin).strftime(_STAMP), "-crl_nextupdate", (now + end).strftime(_STAMP),
        )  # fmt: skip
        return pem.one(made, ["X509 CRL"])

    def ocsp(self, request: bytes, *options: object, signer: str = "ocsp") -> bytes:
        """Answer a DER OCSPRequest as openssl's responder does."""
        given, made = self._at("asked", "req"), self._at("answer", "resp")
        given.write_bytes(request)
        openssl("ocsp", *self.responder_options(signer), "-reqin", given, "-respout", made, *(options or ("-ndays", 1)))
        return made.read_bytes()

    def responder_options(self, signer: str = "ocsp") -> tuple[object, ...]:
        """How openssl's responder finds what it needs."""
        return (
            "-index", self.folder / "issuing.db", "-CA", self._at("issuing", "pem"),
            "-rsigner", self._at(signer, "pem"), "-rkey", self._at(signer, "key"),
        )  # fmt: skip

    def timestamp(self, request: bytes, *, certificates: tuple[str, ...] = ("issuing",), signer: str = "tsa") -> bytes:
        """Answer a DER TimeStampReq as openssl does, with these certificates of superiors beside its own."""
        given, made, config = self._at("asked", "tsq"), self._at("answer", "tsr"), self._at("tsa", "cnf")
        given.write_bytes(request)
        others = self._at("others", "pem")
        others.write_bytes(b"".join(self._at(one, "pem").read_bytes() for one in certificates))
        serial = self.folder / "tsa.serial"
        if not serial.exists():
            serial.write_text("01\n")
        config.write_text(
            f"[tsa]\ndefault_tsa=one\n[one]\nserial={serial}\ncrypto_device=builtin\n"
            f"signer_cert={self._at(signer, 'pem')}\nsigner_key={self._at(signer, 'key')}\ncerts={others}\n"
            "signer_digest=sha256\ndefault_policy=1.3.6.1.4.1.57264.2\ndigests=sha256,sha384,sha512\n"
            "ess_cert_id_alg=sha256\n"
        )
        openssl("ts", "-reply", "-config", config, "-queryfile", given, "-out", made)
        return made.read_bytes()

    def _at(self, who: str, kind: str) -> Path:
        return self.folder / f"{who}.{kind}"

    def _extensions(self, who: str, text: str) -> None:
        self._at(who, "ext").write_text(
            text + "\nsubjectKeyIdentifier=hash" + ("" if who == "root" else "\nauthorityKeyIdentifier=keyid") + "\n"
        )


def _serial(certificate: Certificate) -> str:
    digits = f"{certificate.serial_number:X}"
    return digits if len(digits) % 2 == 0 else f"0{digits}"
