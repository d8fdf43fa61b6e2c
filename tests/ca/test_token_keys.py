import multiprocessing
import subprocess
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import get_args

import pytest
from pkcs11.constants import Attribute, MechanismFlag, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import KeyType, Mechanism
from pkcs11.types import Key, Session

from ca.algorithms import signatures
from ca.encoding import der
from ca.errors import KeyExists, KeyMissing
from ca.tokens.errors import TokenKeyExposed, TokenLacks, TokenMissing, TokenModuleUnusable, TokenRefused
from ca.tokens.keys import TokenKeys
from ca.tokens.library import library
from ledger.signing import SignatureAlgorithm, Signer
from tests.ca.soft_token import LABEL, MODULE, PIN, SoftToken

DATA = b"a to-be-signed certificate"
ON_TOKENS: tuple[SignatureAlgorithm, ...] = ("ES256", "ES384", "RS256", "Ed25519")


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    return SoftToken.make(tmp_path, monkeypatch)


def good(signer: Signer, data: bytes, signature: bytes) -> bool:
    return signatures.verify(signer.public_key, signatures.identifier(signer.algorithm), data, signature)


@pytest.mark.parametrize("algorithm", ON_TOKENS)
def test_what_a_token_signs_others_verify(token: SoftToken, tmp_path: Path, algorithm: SignatureAlgorithm) -> None:
    signer = token.keys().create("issuing-seals", algorithm)
    assert signer.algorithm == algorithm
    signature = signer.sign(DATA)
    assert good(signer, DATA, signature)
    assert not good(signer, DATA + b"!", signature)
    assert good(signer, b"", signer.sign(b""))
    assert good(signer, bytes(100_000), signer.sign(bytes(100_000)))
    assert openssl_agrees(tmp_path, signer, DATA, signature)
    assert not openssl_agrees(tmp_path, signer, DATA + b"!", signature)


def openssl_agrees(folder: Path, signer: Signer, data: bytes, signature: bytes) -> bool:
    for name, content in (("key.der", signer.public_key), ("data", data), ("signature", signature)):
        (folder / name).write_bytes(content)
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-keyform",
        "DER",
        "-inkey",
        "key.der",
        "-rawin",
        "-in",
        "data",
    ]
    command += ["-sigfile", "signature"]
    if signer.algorithm != "Ed25519":
        command += ["-digest", "sha384" if signer.algorithm == "ES384" else "sha256"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode == 0


def test_every_other_algorithm_is_refused_clearly(token: SoftToken) -> None:
    for algorithm in set(get_args(SignatureAlgorithm)) - set(ON_TOKENS):
        with pytest.raises(TokenLacks) as caught:
            token.keys().create("national-root", algorithm)
        assert algorithm in caught.value.message("zh")
    assert token.keys().names() == frozenset()


@pytest.mark.parametrize("algorithm", ON_TOKENS)
def test_a_key_never_leaves_its_token(token: SoftToken, algorithm: SignatureAlgorithm) -> None:
    keys = token.keys()
    keys.create("root", algorithm)
    module = library(MODULE)
    with module.in_use():
        session = module.token(LABEL).open(rw=True)
        private = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label="root")
        kept = {
            Attribute.TOKEN: True,
            Attribute.PRIVATE: True,
            Attribute.SENSITIVE: True,
            Attribute.ALWAYS_SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
            Attribute.NEVER_EXTRACTABLE: True,
            Attribute.LOCAL: True,
            Attribute.MODIFIABLE: False,
            Attribute.SIGN: True,
            Attribute.DECRYPT: False,
            Attribute.UNWRAP: False,
            Attribute.DERIVE: False,
        }
        assert {attribute: private[attribute] for attribute in kept} == kept
        assert private[Attribute.ID] == b"root"
        secret = Attribute.PRIVATE_EXPONENT if algorithm == "RS256" else Attribute.VALUE
        wrapping = session.generate_key(KeyType.AES, 256, store=False, capabilities=MechanismFlag.WRAP)
        for extract in (
            lambda: private[secret],
            lambda: wrapping.wrap_key(private, mechanism=Mechanism.AES_KEY_WRAP_PAD),  # type: ignore[attr-defined]
            lambda: change(private, Attribute.EXTRACTABLE),
            lambda: change(private, Attribute.SENSITIVE),
            lambda: private.copy({Attribute.EXTRACTABLE: True, Attribute.TOKEN: False}),
            lambda: private.copy({Attribute.SENSITIVE: False, Attribute.TOKEN: False}),
        ):
            with pytest.raises(PKCS11Error):
                extract()
        session.close()


def change(key: Key, attribute: Attribute) -> None:
    key[attribute] = not key[attribute]


def test_keys_are_known_by_their_names(token: SoftToken) -> None:
    keys = token.keys()
    assert keys.names() == frozenset()
    made = keys.create("root", "ES256")
    keys.create("issuing-seals", "ES384")
    assert token.keys().names() == {"root", "issuing-seals"}
    again = token.keys().signer("root")
    assert again.public_key == made.public_key
    assert good(made, DATA, again.sign(DATA))
    with pytest.raises(KeyExists):
        keys.create("root", "ES256")
    assert keys.signer("root").public_key == made.public_key
    with pytest.raises(KeyMissing):
        keys.signer("issuing")


def test_forgetting_destroys_one_key_and_no_other(token: SoftToken) -> None:
    keys = token.keys()
    first, other = keys.create("root", "ES256"), keys.create("trust", "ES256")
    keys.forget("root")
    keys.forget("never-there")
    assert keys.names() == {"trust"}
    assert good(other, DATA, other.sign(DATA))
    module = library(MODULE)
    with module.in_use():
        left = list(module.token(LABEL).open().get_objects({Attribute.LABEL: "root"}))
    assert not left
    assert keys.create("root", "ES256").public_key != first.public_key


def test_a_key_that_could_leave_is_not_used(token: SoftToken) -> None:
    keys = token.keys()
    keys.names()
    for name, weakness in (("loose", {Attribute.EXTRACTABLE: True}), ("bare", {Attribute.SENSITIVE: False})):
        elsewhere_made(name, weakness=weakness)
        with pytest.raises(TokenKeyExposed, match=name):
            keys.signer(name)


def elsewhere_made(
    name: str,
    curve: str = "1.2.840.10045.3.1.7",
    capabilities: MechanismFlag = MechanismFlag.SIGN | MechanismFlag.VERIFY,
    weakness: dict[Attribute, bool] | None = None,
) -> None:
    """Make a key pair with the token as another program would."""
    module = library(MODULE)
    with module.in_use():
        session = module.token(LABEL).open(rw=True)
        domain = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: der.oid(curve)}, local=True)
        template = {Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True} | (weakness or {})
        domain.generate_keypair(store=True, label=name, capabilities=capabilities, private_template=template)
        session.close()


def rsa_made_elsewhere(name: str, bits: int) -> None:
    module = library(MODULE)
    with module.in_use():
        session = module.token(LABEL).open(rw=True)
        session.generate_keypair(
            KeyType.RSA,
            bits,
            store=True,
            label=name,
            capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
            private_template={Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True},
        )
        session.close()


def test_an_rsa_key_that_a_device_has_long_had(token: SoftToken, tmp_path: Path) -> None:
    keys = token.keys()
    keys.names()
    rsa_made_elsewhere("short", 2048)
    signer = keys.signer("short")
    assert signatures.key_kind(signer.public_key) == ("RSA", 2048)
    signature = signer.sign(DATA)
    assert len(signature) == 256
    assert good(signer, DATA, signature)
    assert openssl_agrees(tmp_path, signer, DATA, signature)
    rsa_made_elsewhere("shorter", 1024)
    with pytest.raises(TokenRefused, match="1024 bits"):
        keys.signer("shorter")


def test_keys_of_other_makers_that_do_not_fit_are_refused(token: SoftToken) -> None:
    keys = token.keys()
    keys.names()
    elsewhere_made("ours-too")
    assert good(keys.signer("ours-too"), DATA, keys.signer("ours-too").sign(DATA))
    elsewhere_made("wide", curve="1.3.132.0.35")
    elsewhere_made("twice")
    elsewhere_made("twice")
    elsewhere_made("mute", capabilities=MechanismFlag.DERIVE)
    elsewhere_made("half")
    in_write_session(lambda session: session.get_key(ObjectClass.PUBLIC_KEY, label="half").destroy())
    for name in ("wide", "twice", "mute", "half"):
        with pytest.raises(TokenRefused, match=name):
            keys.signer(name)


def in_write_session(act: Callable[[Session], None]) -> None:
    module = library(MODULE)
    with module.in_use():
        session = module.token(LABEL).open(rw=True)
        act(session)
        session.close()


def test_a_module_or_a_token_that_is_not_there_is_told(token: SoftToken, tmp_path: Path) -> None:
    with pytest.raises(TokenMissing, match="another"):
        token.keys(label="another").names()
    no_module = tmp_path / "text.so"
    no_module.write_text("no library")
    for module in (tmp_path / "missing.so", no_module, Path("/usr/lib/x86_64-linux-gnu/libc.so.6")):
        for _ in range(2):
            with pytest.raises(TokenModuleUnusable, match=module.name):
                TokenKeys(module, LABEL, lambda: PIN, tmp_path / "marks").names()


def test_two_tokens_of_one_label_are_not_guessed_between(token: SoftToken) -> None:
    token.initialise()
    with pytest.raises(TokenRefused, match="MultipleTokens"):
        token.keys().names()


def test_tokens_beside_it_do_not_matter(token: SoftToken) -> None:
    token.initialise("another")
    keys, others = token.keys(), token.keys(label="another")
    keys.create("root", "ES256")
    assert others.names() == frozenset()
    assert others.create("root", "ES256").public_key != keys.signer("root").public_key


def _sign_elsewhere(token: SoftToken, name: str, rounds: int, answer: Connection) -> None:
    keys = token.keys()
    own = keys.create(name, "ES256")
    shared = keys.signer("shared")
    answer.send((shared.public_key, [shared.sign(DATA) for _ in range(rounds)], own.public_key, own.sign(DATA)))


def test_two_processes_use_one_token_at_once(token: SoftToken) -> None:
    shared = token.keys().create("shared", "ES256")
    spawn = multiprocessing.get_context("spawn")
    pipes = [spawn.Pipe(duplex=False) for _ in range(2)]
    workers = [
        spawn.Process(target=_sign_elsewhere, args=(token, f"own-{at}", 150, sending))
        for at, (_, sending) in enumerate(pipes)
    ]
    for worker in workers:
        worker.start()
    identifier = signatures.identifier("ES256")
    for receiving, _ in pipes:
        assert receiving.poll(60)
        public_key, made, own_key, own = receiving.recv()
        assert public_key == shared.public_key
        assert all(good(shared, DATA, signature) for signature in made)
        assert len(made) == 150
        assert signatures.verify(own_key, identifier, DATA, own)
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert token.keys().names() == {"shared", "own-0", "own-1"}
