import pytest

from ledger.formats.checkpoints import Checkpoint, parse_number
from ledger.formats.notes import NoteSignatureInvalid, NoteSigner, NoteUnreadable, NoteUntrusted
from tests.ledger.local_keys import ORIGIN, Ed25519Signer

SIGNER = NoteSigner(ORIGIN, Ed25519Signer())
ROOT = bytes(range(32))
TEXT = f"{ORIGIN}\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"


def test_a_checkpoint_has_its_text() -> None:
    checkpoint = Checkpoint(ORIGIN, 20852163, ROOT)
    assert checkpoint.text == TEXT
    assert Checkpoint.parse(TEXT) == checkpoint
    assert Checkpoint.open(SIGNER.sign(TEXT), {ORIGIN: SIGNER.vkey}) == checkpoint


def test_extension_lines_are_kept() -> None:
    extended = Checkpoint.parse(TEXT + "more\n")
    assert extended.extensions == ("more",)
    assert extended.text == TEXT + "more\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        TEXT[:-1],
        TEXT + "\n",
        TEXT.replace("20852163", "020852163"),
        TEXT.replace("20852163", "-1"),
        TEXT.replace("20852163", "1e3"),
        TEXT.replace("20852163", "٣"),
        TEXT.replace("20852163", str(1 << 63)),
        TEXT.replace("20852163", ""),
        TEXT.replace("AAEC", "AAE"),
        TEXT.replace("AAECAwQF", ""),
        TEXT.replace(ORIGIN, ""),
    ],
)
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises(NoteUnreadable):
        Checkpoint.parse(text)


def test_only_the_key_of_that_very_origin_counts() -> None:
    other = NoteSigner("other.test/log", Ed25519Signer(bytes([1]) * 32))
    keys = {ORIGIN: SIGNER.vkey, "other.test/log": other.vkey}
    with pytest.raises(NoteUntrusted):
        Checkpoint.open(other.sign(TEXT), keys)
    with pytest.raises(NoteUntrusted):
        Checkpoint.open(SIGNER.sign(TEXT), {"other.test/log": SIGNER.vkey})
    with pytest.raises(NoteSignatureInvalid):
        Checkpoint.open(SIGNER.sign(TEXT).replace("20852163", "20852164"), keys)


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("7", 7), (str((1 << 63) - 1), (1 << 63) - 1)])
def test_numbers_are_plain_decimals(text: str, number: int) -> None:
    assert parse_number(text) == number
