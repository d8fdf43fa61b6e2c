from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.subject_keys import SubjectKeys


def test_the_keys_are_hkdf_under_their_domain_strings() -> None:
    key = bytes(range(32))
    keys = SubjectKeys.derive(key)
    for purpose in ("tag", "event", "document", "salt"):
        info = b"elicence/subject/v1\n" + purpose.encode()
        assert getattr(keys, purpose) == HKDF(SHA256(), 32, salt=None, info=info).derive(key)
    assert keys.tag_digest == sha256(keys.tag).digest()


def test_keys_are_never_shown() -> None:
    keys = SubjectKeys.derive(bytes(32))
    assert keys.tag.hex() not in repr(keys)
    assert repr(keys) == "SubjectKeys()"
