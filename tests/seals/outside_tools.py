"""Other people's tools, asked for a second opinion on our files."""

import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


def run(*command: str | Path) -> str:
    """Run a tool and return what it printed; a failure fails the test with all of it."""
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False)
    printed = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == 0, printed
    return printed


def pem(folder: Path, name: str, *certificates: x509.Certificate) -> Path:
    """Write certificates into one PEM file."""
    path = folder / f"{name}.pem"
    path.write_bytes(b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates))
    return path


def pdfsig(folder: Path, document: Path, root: x509.Certificate) -> str:
    """Ask poppler, which trusts the root by an NSS database."""
    store = folder / "nss"
    if not store.exists():
        store.mkdir()
        run("certutil", "-N", "-d", f"sql:{store}", "--empty-password")
        run("certutil", "-A", "-d", f"sql:{store}", "-n", "root", "-t", "CT,CT,CT", "-i", pem(folder, "nss-root", root))
    return run("pdfsig", "-nssdir", f"sql:{store}", document)


def openssl_cms_verify(folder: Path, cms: bytes, content: bytes, root: x509.Certificate, moment: int) -> str:
    """Ask OpenSSL for the CMS, signed attributes of CAdES included."""
    (folder / "cms.der").write_bytes(cms)
    (folder / "content.bin").write_bytes(content)
    return run(
        *("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", folder / "cms.der"),
        *("-content", folder / "content.bin", "-CAfile", pem(folder, "root", root), "-purpose", "any"),
        *("-attime", str(moment), "-out", "/dev/null"),
    )


def openssl_ts_verify(folder: Path, token: bytes, imprinted: bytes, root: x509.Certificate, moment: int) -> str:
    """Ask OpenSSL for the timestamp token over the imprinted bytes."""
    (folder / "token.der").write_bytes(token)
    (folder / "imprinted.bin").write_bytes(imprinted)
    return run(
        *("openssl", "ts", "-verify", "-token_in", "-in", folder / "token.der"),
        *("-data", folder / "imprinted.bin", "-CAfile", pem(folder, "root", root), "-attime", str(moment)),
    )
