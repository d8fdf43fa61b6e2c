import copy
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.algorithms import sm2
from ca.errors import KeyKept, KeyUnreadable, NationalFailed
from tests.ca import sm2_verifier
from tests.ca.house import openssl

# GB/T 32918.5 annex A.2 (GM/T 0003.5 annex A.2)
PRIVATE = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
POINT = (
    0x09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020,
    0xCCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13,
)
DIGEST = 0xF0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
MESSAGE = b"message digest"
PUBLIC = sm2.public_key_info(b"".join(number.to_bytes(32, "big") for number in POINT))

KEY = sm2.PrivateKey.generate()
SIGNATURE = KEY.sign(b"what was signed")
WITH_ID = ("-pkeyopt", "distid:1234567812345678")


def test_the_standards_example_is_good_to_both_verifiers() -> None:
    assert sm2_verifier.multiply(PRIVATE, sm2_verifier.G) == POINT
    assert sm2_verifier.message_digest(POINT, sm2.USER_ID, MESSAGE) == DIGEST
    signature = sm2_verifier.encoded(R, S)
    assert sm2_verifier.verify(PUBLIC, MESSAGE, signature)
    assert sm2.verify(PUBLIC, MESSAGE, signature)
    assert not sm2_verifier.verify(PUBLIC, b"message digesu", signature)
    assert not sm2.verify(PUBLIC, b"message digesu", signature)


def test_the_standards_key_opens_and_has_the_standards_public_half() -> None:
    scalar = PRIVATE.to_bytes(32, "big")
    info = KEY.info()
    at = info.index(bytes.fromhex("0420")) + 2
    half = info.index(KEY.public_key[-65:])
    standard = info[:at] + scalar + info[at + 32 : half] + PUBLIC[-65:]
    key = sm2.PrivateKey.open(standard)
    assert key.public_key == PUBLIC
    assert sm2_verifier.verify(PUBLIC, b"data", key.sign(b"data"))
    # the halves of two keys make no key
    with pytest.raises(KeyUnreadable):
        sm2.PrivateKey.open(info[:at] + scalar + info[at + 32 :])


@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=300), at=st.integers(0, 300))
def test_a_message_may_be_hashed_in_two_parts(data: bytes, at: int) -> None:
    sign = KEY.after(data[:at])
    for _ in range(2):
        signature = sign(data[at:])
        assert sm2_verifier.verify(KEY.public_key, data, signature)
        assert sm2.verify(KEY.public_key, data, signature)
        assert not sm2.verify(KEY.public_key, data + b"!", signature)


def test_another_identity_makes_another_signature_of_two_parts() -> None:
    signature = KEY.after(b"da", b"another id")(b"ta")
    assert sm2.verify(KEY.public_key, b"data", signature, b"another id")
    assert not sm2.verify(KEY.public_key, b"data", signature)


@pytest.mark.parametrize("data", [b"", b"\x00", b"data", bytes(range(256)) * 300])
def test_the_second_opinion_agrees(data: bytes) -> None:
    signature = KEY.sign(data)
    assert sm2.verify(KEY.public_key, data, signature)
    assert sm2_verifier.verify(KEY.public_key, data, signature)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_changed_bit_fails(data: st.DataObject) -> None:
    parts = [KEY.public_key, b"what was signed", SIGNATURE]
    part = data.draw(st.sampled_from(range(3)))
    bit = data.draw(st.integers(0, 8 * len(parts[part]) - 1))
    changed = bytearray(parts[part])
    changed[bit // 8] ^= 1 << bit % 8
    parts[part] = bytes(changed)
    assert not sm2.verify(*parts)
    with suppress(ValueError):  # it is malformed, which is another word for no
        assert not sm2_verifier.verify(*parts)


def test_a_key_has_one_spelling() -> None:
    for _ in range(8):  # which other spellings a library reads depends on the key
        key = sm2.PrivateKey.generate()
        public_key, signature = key.public_key, key.sign(b"data")
        assert sm2.verify(public_key, b"data", signature)
        for bit in range(8 * (len(public_key) - 64)):
            changed = bytearray(public_key)
            changed[bit // 8] ^= 1 << bit % 8
            assert not sm2.verify(bytes(changed), b"data", signature), bit


def test_whose_signature_it_is_is_signed_too() -> None:
    for user in (b"ALICE123@YAHOO.COM", b"1234567812345679", b"x" * 8190):
        signature = KEY.sign(b"data", user)
        assert sm2.verify(KEY.public_key, b"data", signature, user)
        assert sm2_verifier.verify(KEY.public_key, b"data", signature, user)
        assert not sm2.verify(KEY.public_key, b"data", signature)
        assert not sm2_verifier.verify(KEY.public_key, b"data", signature)
    with pytest.raises(NationalFailed) as caught:  # its length in bits does not fit its two octets
        KEY.sign(b"data", bytes(8192))
    assert "SM2 routines" in caught.value.message()


R1, S1 = sm2_verifier.numbers_of(SIGNATURE)
N = sm2_verifier.N


def _raw(*members: bytes) -> bytes:
    body = b"".join(bytes((2, len(member))) + member for member in members)
    return bytes((0x30, len(body))) + body


def _octets(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


@pytest.mark.parametrize(
    "other",
    {
        "empty": b"",
        "raw": R1.to_bytes(32, "big") + S1.to_bytes(32, "big"),
        "trailing": SIGNATURE + b"\x00",
        "trailing inside": bytes((0x30, SIGNATURE[1] + 2)) + SIGNATURE[2:] + b"\x05\x00",
        "cut": SIGNATURE[:-1],
        "long length": b"\x30\x81" + SIGNATURE[1:],
        "indefinite length": b"\x30\x80" + SIGNATURE[2:] + b"\x00\x00",
        "padded r": _raw(b"\x00" + _octets(R1), _octets(S1)),
        "padded s": _raw(_octets(R1), b"\x00" + _octets(S1)),
        "three": _raw(_octets(R1), _octets(S1), _octets(S1)),
        "r + n": _raw(_octets(R1 + N), _octets(S1)),
        "s + n": _raw(_octets(R1), _octets(S1 + N)),
        "n - s": _raw(_octets(R1), _octets(N - S1)),
        "negative s": _raw(_octets(R1), (S1 - N).to_bytes(33, "big", signed=True)),
        "r = 0": _raw(b"\x00", _octets(S1)),
        "s = 0": _raw(_octets(R1), b"\x00"),
        "r + s = n": _raw(_octets(R1), _octets(N - R1)),
        "r = n": _raw(_octets(N), _octets(S1)),
        "swapped": _raw(_octets(S1), _octets(R1)),
    }.items(),
    ids=lambda other: other[0],
)
def test_a_signature_has_one_form(other: tuple[str, bytes]) -> None:
    assert sm2.verify(KEY.public_key, b"what was signed", SIGNATURE)
    assert not sm2.verify(KEY.public_key, b"what was signed", other[1])


def test_openssl_believes_us_and_we_believe_openssl(tmp_path: Path) -> None:
    """Both with the id: without it, its own default, good signatures fail."""
    key, public, data, signature = (tmp_path / name for name in ("key", "public", "data", "signature"))
    key.write_bytes(KEY.info())
    data.write_bytes(b"what is signed")
    made = openssl("pkey", "-inform", "DER", "-in", key, "-pubout", "-outform", "DER", "-out", public)
    assert made.returncode == 0, made.stderr
    assert public.read_bytes() == KEY.public_key
    hashing: tuple[str | Path, ...] = ("-rawin", "-digest", "sm3", "-in", data)
    ours = ("pkeyutl", "-verify", *hashing, "-pubin", "-keyform", "DER", "-inkey", public, "-sigfile", signature)
    signature.write_bytes(KEY.sign(b"what is signed"))
    assert openssl(*ours, *WITH_ID).returncode == 0
    assert openssl(*ours).returncode != 0
    signature.unlink()
    signing = ("pkeyutl", "-sign", *hashing, "-keyform", "DER", "-inkey", key, "-out", signature)
    assert openssl(*signing, *WITH_ID).returncode == 0
    assert sm2.verify(KEY.public_key, b"what is signed", signature.read_bytes())
    assert sm2_verifier.verify(KEY.public_key, b"what is signed", signature.read_bytes())
    assert openssl(*signing).returncode == 0
    assert not sm2.verify(KEY.public_key, b"what is signed", signature.read_bytes())


def test_what_is_no_sm2_key_verifies_nothing() -> None:
    x, y = POINT
    compressed = PUBLIC[:25] + b"\x00" + bytes((2 + y % 2,)) + x.to_bytes(32, "big")
    p256 = ec.generate_private_key(ec.SECP256R1()).public_key()
    others = {
        "another curve": p256.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "not on the curve": PUBLIC[:-1] + bytes((PUBLIC[-1] ^ 1,)),
        "beyond the prime": sm2.public_key_info(b"\xff" * 64),
        "the point at infinity": PUBLIC[:26] + bytes(65),
        "compressed": compressed[:1] + bytes((len(compressed) - 2,)) + compressed[2:],
        "cut": PUBLIC[:-1],
        "more": PUBLIC + b"\x00",
        "nothing": b"",
    }
    assert sm2.is_public_key(PUBLIC)
    for what, other in others.items():
        assert not sm2.is_public_key(other), what
    signature = KEY.sign(b"data")
    for what in ("another curve", "not on the curve", "beyond the prime", "the point at infinity", "nothing"):
        assert not sm2.verify(others[what], b"data", signature), what


def test_what_is_no_private_key_is_refused() -> None:
    info = KEY.info()
    for other in (b"", info[:-1], KEY.public_key, info[:60]):
        with pytest.raises(KeyUnreadable):
            sm2.PrivateKey.open(other)


def test_many_threads_sign_and_verify_with_one_key() -> None:
    def work(number: int) -> bool:
        data = number.to_bytes(2, "big") * 100
        return sm2.verify(KEY.public_key, data, KEY.sign(data)) and not sm2.verify(KEY.public_key, b"x", KEY.sign(data))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))


def test_forked_processes_do_not_sign_with_one_nonce() -> None:
    """Two signatures with one nonce give the private key away; the random state is copied by a fork."""
    KEY.sign(b"data")
    firsts = set()
    for _ in range(4):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing, KEY.sign(b"data"))
            os._exit(0)
        os.waitpid(child, 0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            signature = pipe.read()
        assert sm2.verify(KEY.public_key, b"data", signature)
        firsts.add(sm2_verifier.numbers_of(signature)[0])
    firsts.add(sm2_verifier.numbers_of(KEY.sign(b"data"))[0])
    assert len(firsts) == 5


@pytest.mark.parametrize("act", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_key_is_not_copied(act: object) -> None:
    assert callable(act)
    with pytest.raises(KeyKept):
        act(KEY._key)


def test_no_error_is_left_behind() -> None:
    """Python's own ssl may share the queue, and would report our error as its own."""
    library = sm2._provider.library()
    errors = library._library.ERR_get_error
    for act in (
        lambda: sm2.verify(KEY.public_key, b"data", SIGNATURE),
        lambda: library.verify(KEY._key, b"x", b"data", b"not a signature"),
        lambda: library.public_key(b"not a key"),
        lambda: library.private_key(b"not a key"),
    ):
        act()
        assert errors() == 0
