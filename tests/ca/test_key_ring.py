import stat
from pathlib import Path

import pytest

from ca.algorithms import signatures
from ca.errors import CeremonyRunning, KeyExists, KeyMissing, KeyNameInvalid
from ca.keys.folder import KeyFolder
from ca.keys.ring import CountedSigner, KeyRing
from ca.keys.use_errors import KeyExhausted
from ca.keys.uses import KeyPlace, KeyUses
from ca.tokens.errors import TokenLacks, TokenMissing, TokenNotConfigured
from ledger.signing import SignatureAlgorithm, Signer, signing_after
from tests.ca.house import CHEAP, NOW
from tests.ca.soft_token import SoftToken

DATA = b"data"
PLACES: tuple[KeyPlace, ...] = ("folder", "token")


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    return SoftToken.make(tmp_path / "token", monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "keys", b"a passphrase for tests", CHEAP)


@pytest.fixture
def ring(folder: KeyFolder, token: SoftToken) -> KeyRing:
    return KeyRing(folder, token.keys())


def good(signer: Signer, signature: bytes) -> bool:
    return signatures.verify(signer.public_key, signatures.identifier(signer.algorithm), DATA, signature)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256", "Ed25519"])
def test_a_key_signs_and_is_counted_wherever_it_is(
    ring: KeyRing, algorithm: SignatureAlgorithm, place: KeyPlace
) -> None:
    made = ring.create("root", algorithm, place)
    assert made.algorithm == algorithm
    assert ring.uses("root") == KeyUses(0, None, place, made_here=True)
    assert good(made, made.sign(DATA))
    again = KeyRing(ring.folder, ring.token).signer("root")
    assert again.public_key == made.public_key
    assert good(made, again.sign(DATA))
    assert ring.uses("root") == KeyUses(2, None, place, made_here=True)
    assert ring.names() == {"root"}
    assert (ring.path / "root.key.pem").exists() is (place == "folder")


def test_a_ring_without_a_token_is_the_folder(folder: KeyFolder) -> None:
    ring = KeyRing(folder)
    made = ring.create("seal-market", "ES256")
    assert folder.signer("seal-market").public_key == made.public_key == ring.signer("seal-market").public_key
    assert ring.path == folder.path
    wrapper = ring.create_wrapper(NOW)
    assert ring.wrapper().unwrap(wrapper.wrap(bytes(32), b"x"), b"x") == bytes(32)
    with ring.locked(), pytest.raises(CeremonyRunning), ring.locked():
        pytest.fail("two held the lock")
    with pytest.raises(TokenNotConfigured, match="trust"):
        ring.create("trust", "ES256", "token")
    assert ring.names() == {"seal-market"}
    with pytest.raises(KeyMissing):
        ring.signer("trust")


def test_the_signers_of_one_name_share_a_block(folder: KeyFolder) -> None:
    ring = KeyRing(folder)
    made = ring.create("seal-market", "ES256")
    for signer in (made, ring.signer("seal-market"), ring.signer("seal-market")):
        signer.sign(DATA)
    assert ring.uses("seal-market").reserved == 1000


@pytest.mark.parametrize("place", PLACES)
def test_a_prefix_hashed_once_saves_no_count(ring: KeyRing, place: KeyPlace) -> None:
    signer = ring.create("root", "ES256", place, limit=2)
    sign = signing_after(signer, DATA[:5])
    assert ring.uses("root") == KeyUses(0, 2, place, made_here=True)
    for _ in range(2):
        assert good(signer, sign(DATA[5:]))
    with pytest.raises(KeyExhausted):
        sign(DATA[5:])
    with pytest.raises(KeyExhausted):
        signer.sign(DATA)
    assert ring.uses("root") == KeyUses(2, 2, place, made_here=True)


@pytest.mark.parametrize("place", PLACES)
def test_a_limit_ends_a_key(ring: KeyRing, place: KeyPlace) -> None:
    signer = ring.create("root", "ES256", place, limit=3)
    for _ in range(3):
        assert good(signer, signer.sign(DATA))
    for again in (signer, ring.signer("root"), KeyRing(ring.folder, ring.token).signer("root")):
        with pytest.raises(KeyExhausted):
            again.sign(DATA)
    assert ring.uses("root") == KeyUses(3, 3, place, made_here=True)


@pytest.mark.parametrize("first", PLACES)
@pytest.mark.parametrize("second", PLACES)
def test_a_name_stands_for_one_key_in_both_places(ring: KeyRing, first: KeyPlace, second: KeyPlace) -> None:
    made = ring.create("root", "ES256", first, limit=9)
    made.sign(DATA)
    with pytest.raises(KeyExists):
        ring.create("root", "ES256", second)
    assert ring.signer("root").public_key == made.public_key
    assert ring.uses("root") == KeyUses(1, 9, first, made_here=True), "the refusal left the count alone"


def test_keys_that_were_there_before_are_counted_from_now_on(ring: KeyRing, token: SoftToken) -> None:
    in_folder = ring.folder.create("log", "Ed25519")
    on_token = token.keys().create("trust", "ES256")
    assert ring.names() == {"log", "trust"}
    assert ring.signer("log").public_key == in_folder.public_key
    assert ring.signer("trust").public_key == on_token.public_key
    assert ring.uses("log") == KeyUses(0, None, "folder")
    assert ring.uses("trust") == KeyUses(0, None, "token")
    ring.signer("log").sign(DATA)
    ring.signer("trust").sign(DATA)
    assert ring.uses("log").reserved == 1000
    assert ring.uses("trust").reserved == 1
    assert good(on_token, ring.signer("trust").sign(DATA)), "a count does not say that the key is in the folder"
    with pytest.raises(KeyExists):
        ring.create("trust", "ES256", "token")


def test_the_folders_keys_do_not_need_the_token(ring: KeyRing, token: SoftToken) -> None:
    on_token = ring.create("root", "ES256", "token")
    ring.create("log", "Ed25519")
    with token.unplugged():
        assert good(ring.signer("log"), ring.signer("log").sign(DATA))
        ring.create("status", "ES256")
        for act in (ring.names, lambda: ring.signer("root"), lambda: on_token.sign(DATA)):
            with pytest.raises(TokenMissing):
                act()
        with pytest.raises(TokenMissing):
            ring.create("issuing-seals", "ES256", "token")
    with pytest.raises(TokenNotConfigured, match="root"):
        KeyRing(ring.folder).signer("root")
    assert KeyRing(ring.folder).names() >= {"root", "log", "status"}
    assert good(on_token, on_token.sign(DATA))


def test_what_failed_to_be_made_can_be_made_later(ring: KeyRing, token: SoftToken) -> None:
    with token.unplugged(), pytest.raises(TokenMissing):
        ring.create("root", "ES256", "token")
    with pytest.raises(TokenLacks):
        ring.create("root", "SM2", "token")
    assert "root" not in ring.names()
    assert ring.create("root", "ES256", limit=4).algorithm == "ES256"
    assert ring.uses("root") == KeyUses(0, 4, "folder", made_here=True)


def test_forgetting_leaves_a_tokens_other_keys(ring: KeyRing, token: SoftToken) -> None:
    others = token.keys().create("neighbour", "ES256")
    ring.create("root", "ES256", "token")
    ring.create("log", "Ed25519")
    ring.create_wrapper(NOW)
    ring.signer("log").sign(DATA)
    ring.signer("neighbour").sign(DATA)
    ring.forget()
    assert not list(ring.path.iterdir())
    assert ring.names() == {"neighbour"}
    assert good(others, others.sign(DATA))
    made = ring.create("root", "ES256", "token")
    assert good(made, made.sign(DATA))
    assert ring.uses("root").reserved == 1


def test_forgetting_needs_the_token_that_holds_the_keys(ring: KeyRing, token: SoftToken) -> None:
    ring.create("root", "ES256", "token")
    ring.create("log", "Ed25519")
    with pytest.raises(TokenNotConfigured):
        KeyRing(ring.folder).forget()
    with token.unplugged(), pytest.raises(TokenMissing):
        ring.forget()
    assert ring.names() == {"root", "log"}


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "a" * 65, "密钥"])
@pytest.mark.parametrize("place", PLACES)
def test_odd_names_are_refused_in_both_places(ring: KeyRing, name: str, place: KeyPlace) -> None:
    for act in (lambda: ring.create(name, "ES256", place), lambda: ring.signer(name), lambda: ring.uses(name)):
        with pytest.raises(KeyNameInvalid):
            act()
    assert ring.names() == frozenset()


def test_others_cannot_look_into_the_folder_of_a_ring_whose_keys_are_on_the_token(ring: KeyRing) -> None:
    ring.create("root", "ES256", "token")
    assert stat.S_IMODE(ring.path.stat().st_mode) == 0o700


def test_a_signer_tells_nothing_but_its_public_half(folder: KeyFolder) -> None:
    signer = KeyRing(folder).create("log", "Ed25519")
    assert isinstance(signer, CountedSigner)
    assert not hasattr(signer, "to_pkcs8")
    assert {name for name in dir(signer) if not name.startswith("_")} == {"after", "algorithm", "public_key", "sign"}
