"""Objects of other makers: openssl's, made afresh, and what `cryptography` keeps of the world's odd ones."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import cryptography_vectors

from ca.encoding import pem
from ca.errors import DerInvalid

Objects = dict[str, list[bytes]]
"""By the name of their family, as `targets` asks for them."""

_KEYS = {
    "p256": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "p384": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "p521": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"),
    "k256": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
    "rsa": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "pss": ("-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"),
    "ed25519": ("-algorithm", "ED25519"),
    "ed448": ("-algorithm", "ED448"),
    "sm2": ("-algorithm", "SM2"),
}
_SIGNING = {"sm2": ("-sm3", "-sigopt", "distid:1234567812345678"), "p384": ("-sha384",), "p521": ("-sha512",)}
_CONFIGURATION = """
[req]
distinguished_name = dn
[dn]
[plain]
basicConstraints = critical, CA:true, pathlen:1
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
subjectKeyIdentifier = hash
[rich]
basicConstraints = CA:false
keyUsage = critical, digitalSignature, nonRepudiation
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always, issuer:always
subjectAltName = @names
issuerAltName = URI:http://ca.example.test/
certificatePolicies = 2.999.1, 2.999.2, @policy
crlDistributionPoints = crl
authorityInfoAccess = OCSP;URI:http://ca.example.test/ocsp, caIssuers;URI:http://ca.example.test/a.cer
noCheck = ignored
[names]
email = someone@example.test
DNS = *.example.test
URI = https://example.test:8443/path?query
IP.1 = 192.0.2.7
IP.2 = 2001:db8::7
RID = 2.999.5
otherName = 2.999.6;UTF8:测试
dirName = dn_inside
[dn_inside]
C = CN
O = 测试
[policy]
policyIdentifier = 2.999.3
CPS = http://ca.example.test/cps
userNotice = @notice
[notice]
explicitText = UTF8:测试
organization = 测试
noticeNumbers = 1, 2
[crl]
fullname = URI:http://ca.example.test/a.crl
CRLissuer = dirName:dn_inside
reasons = keyCompromise, CACompromise
[narrow]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
certificatePolicies = 2.999.1, 2.5.29.32.0
policyMappings = 2.999.1:2.999.2, 2.999.3:2.999.4
policyConstraints = requireExplicitPolicy:1, inhibitPolicyMapping:2
inhibitAnyPolicy = 1
nameConstraints = critical, permitted;DNS:example.test, permitted;email:.example.test, permitted;IP:192.0.2.0/255.255.255.0, excluded;URI:.bad.example.test, permitted;dirName:dn_inside
[ca]
default_ca = one
[one]
database = index.txt
default_md = sha256
default_crl_days = 30
crlnumber = number
crl_extensions = list
[list]
authorityKeyIdentifier = keyid:always
issuingDistributionPoint = critical, @scope
[scope]
fullname = URI:http://ca.example.test/a.crl
onlysomereasons = keyCompromise, CACompromise
[tsa]
default_tsa = stamps
[stamps]
serial = serial
crypto_device = builtin
default_policy = 2.999.3161.1
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
ess_cert_id_chain = yes
"""


def made_by_openssl(folder: Path) -> Objects:
    """Let openssl make keys, certificates, requests, lists, answers and tokens of all the kinds that it knows."""
    (folder / "openssl.cnf").write_text(
        _CONFIGURATION.replace("noCheck = ignored\n", "noCheck = yes\n"), encoding="utf-8"
    )
    found: Objects = {"certificate": [], "pkcs10": [], "public-key": [], "private-key": [], "pkcs8": []}
    for name, options in _KEYS.items():
        _run(folder, "genpkey", *options, "-out", f"{name}.key")
        found["private-key"].append(_run(folder, "pkey", "-in", f"{name}.key", "-outform", "DER"))
        found["public-key"].append(_run(folder, "pkey", "-in", f"{name}.key", "-pubout", "-outform", "DER"))
        signing = ("-key", f"{name}.key", *_SIGNING.get(name, ()), "-utf8", "-config", "openssl.cnf", "-outform", "DER")
        subject = ("-subj", f"/C=CN/O=测试市/OU=一+OU=二/emailAddress=a@example.test/CN=测试 {name}")
        found["pkcs10"].append(_run(folder, "req", "-new", *signing, *subject))
        for section in ("plain", "rich", "narrow"):
            made = ("-x509", "-days", "3650", "-extensions", section)
            data = _run(folder, "req", "-new", *made, *signing, *subject)
            (folder / f"{name}-{section}.pem").write_bytes(pem.encode("CERTIFICATE", data))
            found["certificate"].append(data)
    scrypt = ("-topk8", "-in", "p256.key", "-passout", "pass:soak")
    found["pkcs8"] += [
        _run(folder, "pkcs8", *scrypt, "-scrypt", "-scrypt_N", "2", "-scrypt_r", "1", "-scrypt_p", "1"),
        _run(folder, "pkcs8", *scrypt, "-v2", "aes-256-cbc", "-iter", "2"),
    ]
    return found | _revocation(folder) | _stamps(folder)


def _revocation(folder: Path) -> Objects:
    lines = [
        f"R\t360101000000Z\t2601010000{number:02}Z,{reason}\t{number + 16:02X}\tunknown\t/CN={number}"
        for number, reason in enumerate(("keyCompromise", "superseded", "holdInstruction,holdInstructionReject"))
    ]
    good = "V\t360101000000Z\t\t30\tunknown\t/CN=x"
    (folder / "index.txt").write_text("\n".join([*lines, good, ""]))
    (folder / "number").write_text("01\n")
    found: Objects = {"crl": [], "ocsp-request": [], "ocsp-response": []}
    for name in ("p256", "rsa", "ed25519"):
        own = ("-cert", f"{name}-plain.pem", "-keyfile", f"{name}.key", "-config", "openssl.cnf")
        md = ("-md", "null") if name == "ed25519" else ()
        text = _run(folder, "ca", "-gencrl", *own, *md)
        found["crl"] += [data for _, data in pem.blocks(text)]
    for name, options in (("p256", ("-sha256", "-nonce")), ("rsa", ("-sha1", "-no_nonce"))):
        serials = [part for serial in ("0x10", "0x11", "0x30", "0x99") for part in ("-serial", serial)]
        issuer = ("-issuer", f"{name}-plain.pem")
        _run(folder, "ocsp", options[0], *issuer, *serials, options[1], "-reqout", "request")
        signed = ("-signer", "p256-plain.pem", "-signkey", "p256.key")
        _run(folder, "ocsp", *issuer, *serials, *signed, "-reqout", "signed-request")
        found["ocsp-request"] += [(folder / one).read_bytes() for one in ("request", "signed-request")]
        answering = ("-CA", f"{name}-plain.pem", "-rsigner", f"{name}-plain.pem", "-rkey", f"{name}.key")
        for more in ((), ("-resp_key_id",)):
            files = ("-index", "index.txt", "-ndays", "7", "-reqin", "request", "-respout", "response")
            _run(folder, "ocsp", *answering, *files, *more)
            found["ocsp-response"].append((folder / "response").read_bytes())
    return found


def _stamps(folder: Path) -> Objects:
    (folder / "serial").write_text("01\n")
    found: Objects = {"tsa-request": [], "tsa-answer": [], "tsa-token": []}
    for name, digest in (("p256", "-sha256"), ("p384", "-sha384"), ("rsa", "-sha512")):
        _run(
            folder,
            "ts",
            "-query",
            "-digest",
            "ab" * {"-sha256": 32, "-sha384": 48, "-sha512": 64}[digest],
            digest,
            "-cert",
            "-out",
            "query",
        )
        found["tsa-request"].append((folder / "query").read_bytes())
        own = ("-signer", f"{name}-rich.pem", "-inkey", f"{name}.key", "-chain", f"{name}-rich.pem", digest)
        reply = ("ts", "-reply", "-config", "openssl.cnf", "-queryfile", "query", *own)
        for family, more in (("tsa-answer", ()), ("tsa-token", ("-token_out",))):
            _run(folder, *reply, *more, "-out", "reply")
            found[family].append((folder / "reply").read_bytes())
    return found


def _run(folder: Path, *arguments: str) -> bytes:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return done.stdout


_VECTORS = Path(cryptography_vectors.__path__[0])
_COLLECTIONS = {
    "certificate": ("x509", "x509/custom", "x509/PKITS_data/certs"),
    "crl": ("x509/custom", "x509/PKITS_data/crls"),
    "pkcs10": ("x509/requests",),
    "ocsp-request": ("x509/ocsp",),
    "ocsp-response": ("x509/ocsp",),
    "public-key": ("asymmetric/EC", "asymmetric/DER_Serialization", "asymmetric/PKCS8"),
    "private-key": ("asymmetric/EC", "asymmetric/DER_Serialization", "asymmetric/PKCS8"),
}
_LABELS = {
    "certificate": "CERTIFICATE",
    "crl": "X509 CRL",
    "pkcs10": "CERTIFICATE REQUEST",
    "public-key": "PUBLIC KEY",
    "private-key": "PRIVATE KEY",
}
_WORDS = {"crl": "crl", "ocsp-request": "req", "ocsp-response": "resp", "public-key": "pub", "private-key": "pkcs8"}
_LARGEST = 1 << 14


def kept_by_cryptography() -> Objects:
    """Return what `cryptography` tests itself with: NIST's certificates and lists, and many odd objects."""
    return {
        family: [data for folder in folders for data in _objects(_VECTORS / folder, family) if len(data) <= _LARGEST]
        for family, folders in _COLLECTIONS.items()
    }


def _objects(folder: Path, family: str) -> Iterator[bytes]:
    for path in sorted(folder.iterdir()):
        if path.suffix == ".pem":
            try:
                yield from (data for label, data in pem.blocks(path.read_bytes()) if label == _LABELS.get(family))
            except DerInvalid:
                continue
        elif path.suffix in {".der", ".crt", ".crl"} and (_WORDS.get(family, "") in path.name or "PKITS" in str(path)):
            yield path.read_bytes()
