from itertools import product
from pathlib import Path

import pytest

from ca.encoding import der
from ca.errors import KeyUnreadable, PassphraseWrong
from ca.keys import pkcs8
from ca.keys.passphrase import Cost
from ca.keys.software_signer import SoftwareSigner
from ledger.signing import SignatureAlgorithm
from tests.ca.house import CHEAP, openssl

INFO = b"any bytes at all"
MADE: dict[SignatureAlgorithm, tuple[str, ...]] = {
    "ES256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "ES384": ("EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "RS256": ("RSA", "-pkeyopt", "rsa_keygen_bits:3072"),
    "Ed25519": ("ED25519",),
    "SM2": ("SM2",),
}


def _scheme(n: int = 2, r: int = 1, p: int = 1, salt: bytes = b"8 octets", **parts: bytes) -> bytes:
    """Write an encrypted key whose parts may be odd; the ciphertext is of no key."""
    scrypt = der.sequence(der.tlv(der.OCTET_STRING, salt), *(der.integer(number) for number in (n, r, p)))
    derivation = der.sequence(parts.get("kdf", pkcs8._SCRYPT), scrypt)
    vector = der.tlv(der.OCTET_STRING, parts.get("vector", bytes(16)))
    cipher = der.sequence(parts.get("cipher", pkcs8._AES_256_CBC), vector)
    algorithm = der.sequence(parts.get("pbes2", pkcs8._PBES2), der.sequence(derivation, cipher))
    whole = der.sequence(algorithm, der.tlv(der.OCTET_STRING, parts.get("ciphertext", bytes(32))))
    return pkcs8.pem("ENCRYPTED PRIVATE KEY", whole + parts.get("more", b""))


@pytest.mark.parametrize("size", [*range(34), 1000])
def test_what_was_encrypted_comes_back(size: int) -> None:
    assert pkcs8.decrypt(pkcs8.encrypt(bytes(size), b"right", CHEAP), b"right") == bytes(size)


@pytest.mark.parametrize("algorithm", MADE)
def test_a_key_that_openssl_encrypted_in_this_form_opens(tmp_path: Path, algorithm: SignatureAlgorithm) -> None:
    clear, closed = tmp_path / "clear", tmp_path / "closed"
    assert openssl("genpkey", "-algorithm", *MADE[algorithm], "-out", clear).returncode == 0
    encryption = ("-topk8", "-scrypt", "-scrypt_N", "2", "-scrypt_r", "1", "-scrypt_p", "1", "-v2", "aes-256-cbc")
    sealed = openssl("pkcs8", *encryption, "-in", clear, "-passout", "pass:口令", "-out", closed)
    assert sealed.returncode == 0, sealed.stderr
    signer = SoftwareSigner.from_pkcs8(closed.read_bytes(), "口令".encode())
    public = openssl("pkey", "-in", clear, "-pubout", "-outform", "DER").stdout
    assert (signer.algorithm, signer.public_key) == (algorithm, public)


def test_the_form_is_read_and_nothing_else() -> None:
    # padding of zeros: not a key, but the form is right
    with pytest.raises(PassphraseWrong):
        pkcs8.decrypt(_scheme(), b"x")
    oid = der.oid("1.2.3")
    odd = {
        "another scheme": _scheme(pbes2=oid),
        "another derivation": _scheme(kdf=oid),
        "another cipher": _scheme(cipher=oid),
        "more": _scheme(more=b"\x05\x00"),
        "no ciphertext": _scheme(ciphertext=b""),
        "half a block": _scheme(ciphertext=bytes(24)),
        "a short vector": _scheme(vector=bytes(8)),
        "no salt": _scheme(salt=b""),
        "a long salt": _scheme(salt=bytes(65)),
        "nothing": b"",
        "no block": b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "not base64": _scheme().replace(b"A", b"*"),
        "another label": _scheme().replace(b"ENCRYPTED ", b""),
        "not ASCII": _scheme().replace(b"A", b"\xff"),
        "two blocks": _scheme() * 2,
    }
    for what, data in odd.items():
        with pytest.raises(KeyUnreadable):
            pytest.fail(f"{what} opened: {pkcs8.decrypt(data, b'x')!r}")


@pytest.mark.parametrize(
    ("n", "r", "p"),
    [
        (1 << 40, 1, 1),
        (1 << 21, 1, 1),
        (3, 1, 1),
        (0, 1, 1),
        (1, 1, 1),
        (-2, 1, 1),
        (2, 17, 1),
        (2, 1, 17),
        (1 << 20, 8, 1),
        (1 << 17, 8, 2),
    ],
)
def test_a_file_cannot_exhaust_the_machine(n: int, r: int, p: int) -> None:
    with pytest.raises(KeyUnreadable):
        pkcs8.decrypt(_scheme(n, r, p), b"x")


def test_a_changed_byte_is_refused_by_an_error_of_ours() -> None:
    signer = SoftwareSigner.generate("SM2")
    data = signer.to_pkcs8(b"right", Cost(log_n=1, r=1, p=1))
    for at, octet in product(range(0, len(data), 7), b"A=\n\xff"):
        changed = data[:at] + bytes((octet,)) + data[at + 1 :]
        if changed.split() == data.split():
            continue
        try:
            again = SoftwareSigner.from_pkcs8(changed, b"right")
        except (KeyUnreadable, PassphraseWrong):
            continue
        # the form has no checksum: what still opens is a whole key, and the same
        assert again.public_key == signer.public_key
