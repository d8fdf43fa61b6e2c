import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.formats.notes import (
    NoteSignatureInvalid,
    NoteSigner,
    NoteUnreadable,
    NoteUntrusted,
    SignedNote,
    Vkey,
    VkeyInvalid,
)
from tests.ledger.local_keys import Ed25519Signer, P256Signer

SIGNER = NoteSigner("log.example", Ed25519Signer())
OTHER = NoteSigner("witness.example", Ed25519Signer(bytes([1]) * 32))
NOTE = SIGNER.sign("first\n\nsecond\n")


def cosigned(note: str, signer: NoteSigner) -> str:
    return note + signer.sign(SignedNote.parse(note).text).rpartition("\n\n")[2]


def test_a_note_is_text_a_blank_line_and_signatures() -> None:
    signed = SignedNote.parse(NOTE)
    assert signed.text == "first\n\nsecond\n", "it is split at the last blank line"
    assert signed.verify([SIGNER.vkey]) == (SIGNER.vkey,)


def test_signatures_of_unknown_keys_are_ignored() -> None:
    both = SignedNote.parse(cosigned(NOTE, OTHER))
    assert both.verify([SIGNER.vkey]) == (SIGNER.vkey,)
    assert both.verify([SIGNER.vkey, OTHER.vkey]) == (SIGNER.vkey, OTHER.vkey)
    same_name = NoteSigner("log.example", Ed25519Signer(bytes([2]) * 32))
    assert SignedNote.parse(cosigned(NOTE, same_name)).verify([SIGNER.vkey]) == (SIGNER.vkey,)


def test_a_known_keys_bad_signature_rejects_the_whole_note() -> None:
    elsewhere = OTHER.sign("other text\n").rpartition("\n\n")[2]
    with pytest.raises(NoteSignatureInvalid, match=r"witness\.example"):
        SignedNote.parse(NOTE + elsewhere).verify([SIGNER.vkey, OTHER.vkey])


def test_a_note_signed_by_nobody_known_is_untrusted() -> None:
    with pytest.raises(NoteUntrusted):
        SignedNote.parse(NOTE).verify([OTHER.vkey])
    with pytest.raises(NoteUntrusted):
        SignedNote.parse(NOTE).verify([])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "text\n",
        "text\n\n",
        "text\n\n— log.example\n",
        "text\n\n— log.example AAAA\n",
        "text\n\n— log.example !!!!!!!!\n",
        "text\n\n- log.example AAAAAAAA\n",
        "text\n\n— log+example AAAAAAAA\n",
        "text\n\n—  AAAAAAAA\n",
        "text\n\n— log.example AAAAAAAA",
        "text\r\n\n— log.example AAAAAAAA\n",
        "te\x00xt\n\n— log.example AAAAAAAA\n",
        "te\ud800xt\n\n— log.example AAAAAAAA\n",
        "text\n\n— log.example AAAAAAAA\n\n",
        "text\n\n" + "— log.example AAAAAAAA\n" * 101,
        "x" * (1 << 20) + "\n\n— log.example AAAAAAAA\n",
    ],
)
def test_a_misshapen_note_is_refused(note: str) -> None:
    with pytest.raises(NoteUnreadable):
        SignedNote.parse(note)


@settings(max_examples=200)
@given(st.integers(0, len(NOTE) - 1), st.characters(codec="utf-8"))
def test_a_changed_character_is_found(at: int, character: str) -> None:
    changed = NOTE[:at] + character + NOTE[at + 1 :]
    if changed == NOTE:
        return
    with pytest.raises((NoteUnreadable, NoteUntrusted, NoteSignatureInvalid)):
        SignedNote.parse(changed).verify([SIGNER.vkey])


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for note in (text, f"{text}\n\n— log.example AAAAAAAA\n"):
        try:
            SignedNote.parse(note)
        except NoteUnreadable:
            continue


def test_a_text_without_its_newline_is_not_signed() -> None:
    with pytest.raises(NoteUnreadable):
        SIGNER.sign("text")


def test_a_verifier_key_has_one_form() -> None:
    assert Vkey.parse(SIGNER.vkey.text) == SIGNER.vkey
    name, key_id, key = SIGNER.vkey.text.split("+", 2)
    assert (name, key_id) == ("log.example", SIGNER.vkey.id.hex())
    for text in (
        "",
        "log.example",
        f"{name}+{key_id}",
        f"{name}+00000000+{key}",
        f"{name}+{key_id.upper()}+{key}",
        f"{name}x+{key_id}+{key}",
        f"{name}+{key_id}+{key}=",
        f"{name}+{key_id}+{key[:-4]}",
        f"+{key_id}+{key}",
        f"{name}+{key_id}+BA{key[2:]}",
    ):
        with pytest.raises(VkeyInvalid):
            Vkey.parse(text)


def test_a_log_signs_with_ed25519_alone_and_under_a_proper_name() -> None:
    with pytest.raises(VkeyInvalid):
        NoteSigner("log.example", P256Signer())
    for name in ("", "a b", "a+b", "a\u00a0b", "a\nb"):
        with pytest.raises(VkeyInvalid):
            NoteSigner(name, Ed25519Signer())
