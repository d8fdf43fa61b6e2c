"""`elicence witness walk` where the other side errs or lies: said with the right exit code, and what was kept stays."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ledger.entries import Opening
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import Cosigner
from ledger.formats.tlog_proof import TlogProof
from ledger.tree.merkle import leaf_hash
from ledger.witness.provincial_proof import ProvincialProof, city_entry
from tests.ledger.local_keys import Ed25519Signer
from tests.ledger.witnessed_logs import NOW, SmallLog
from tools.cli import main


class City(SmallLog):
    """A log of events, which lies in a folder as it is published."""

    def opening(self, index: int) -> Opening:
        return Opening(
            index.to_bytes(32), b'{"at":"2026-11-22T00:00:00.000000Z","kind":"issued"}', bytes(32), bytes(32)
        )

    def entry(self, index: int) -> bytes:
        return self.opening(index).entry

    def licence(self, size: int, cosigned: str = "") -> TlogProof:
        return TlogProof(1, self.inclusion(1, size), self.note(size) + cosigned, self.opening(1).to_bytes())

    def publish(self, folder: Path, size: int) -> None:
        (folder / "tile" / "0").mkdir(parents=True)
        tile = b"".join(leaf_hash(self.entry(index)) for index in range(size))
        (folder / "tile" / "0" / f"000.p/{size}").parent.mkdir()
        (folder / "tile" / "0" / f"000.p/{size}").write_bytes(tile)
        (folder / "checkpoint").write_text(self.note(size))


CITY = City()
PROVINCE = SmallLog("province.test/log", seed=bytes([2]) * 32)
FORK = SmallLog(branch="other ")
WITNESS = Cosigner("witness.test", Ed25519Signer(bytes([3]) * 32))
POLICY = f"log {CITY.vkey_text}\nlog {PROVINCE.vkey_text}\nwitness w {WITNESS.key.text}\nquorum w\n"
Fetch = Callable[[bytes], tuple[int, str, str]]


def gathered(note: str) -> TlogProof:
    """The proof that the province's log has a city's checkpoint as its only entry."""
    entry = city_entry(note)
    checkpoint = PROVINCE.signer.sign(Checkpoint(PROVINCE.origin, 1, leaf_hash(entry)).text)
    return TlogProof(0, (), checkpoint, entry)


@pytest.fixture
def answers() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A province at an address, and what it answers."""
    given: dict[str, bytes] = {}

    class Node(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = given["body"]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Node) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", given
        server.shutdown()
        thread.join()


@pytest.fixture
def fetch(answers: tuple[str, dict[str, bytes]], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Fetch:
    """Walk with what the province answers, over a proof that was kept before."""
    address, given = answers
    CITY.publish(tmp_path / "log", 9)
    (tmp_path / "policy").write_text(POLICY)
    (tmp_path / "kept").write_text(CITY.licence(5).text)
    (tmp_path / "proof").write_text("kept before\n")

    def call(body: bytes) -> tuple[int, str, str]:
        given["body"] = body
        places = [str(tmp_path / name) for name in ("kept", "proof")]
        where = ["--policy", str(tmp_path / "policy"), "--province", address, "--city", str(tmp_path)]
        code = main(["witness", "walk", *places, *where, "--lang", "en"])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_what_holds_is_written(fetch: Fetch, tmp_path: Path) -> None:
    code, out, err = fetch(gathered(CITY.note(8)).text.encode())
    assert (code, err) == (0, "")
    assert out.count("the quorum is NOT reached") == 2, "of neither log; it is said"
    assert ProvincialProof.parse((tmp_path / "proof").read_text()).old == 5


@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        (b"\xff", 3, "ledger.proof_unreadable"),
        (b"no proof\n", 3, "ledger.proof_unreadable"),
        (replace(gathered(CITY.note(8)), extra=b"other\n").text.encode(), 3, "ledger.proof_unreadable"),
        (gathered("no note\n").text.encode(), 3, "ledger.note_unreadable"),
        (gathered(SmallLog("other.test/log").note(8)).text.encode(), 2, "ledger.note_untrusted"),
        (gathered(CITY.note(8)[:-5] + "AA==\n").text.encode(), 1, "ledger.note_signature_invalid"),
        (gathered(CITY.note(12)).text.encode(), 2, "ledger.range_invalid"),
        (gathered(CITY.note(4)).text.encode(), 2, "ledger.range_invalid"),
        (gathered(FORK.note(8)).text.encode(), 1, "ledger.proof_invalid"),
        (replace(gathered(CITY.note(8)), index=1).text.encode(), 1, "ledger.proof_invalid"),
        (replace(gathered(CITY.note(8)), checkpoint=CITY.note(8)).text.encode(), 1, "ledger.proof_invalid"),
    ],
)
def test_what_does_not_hold_leaves_what_was_kept(
    fetch: Fetch, tmp_path: Path, body: bytes, code: int, error: str
) -> None:
    found, out, err = fetch(body)
    assert (found, out) == (code, ""), err
    assert error in err
    assert "Traceback" not in err
    assert (tmp_path / "proof").read_text() == "kept before\n"


def test_a_damaged_city_log_is_no_disproof(fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "log" / "tile" / "0" / "000.p" / "9").write_bytes(bytes(9 * 32))
    code, _, err = fetch(gathered(CITY.note(8)).text.encode())
    assert (code, "ledger.fatal" in err) == (2, True), err


def test_a_forged_cosignature_is_a_disproof(fetch: Fetch, tmp_path: Path) -> None:
    elsewhere = WITNESS.cosign(Checkpoint(CITY.origin, 6, CITY.root(6)), NOW)
    (tmp_path / "kept").write_text(CITY.licence(5, elsewhere).text)
    code, _, err = fetch(gathered(CITY.note(8)).text.encode())
    assert (code, "ledger.note_signature_invalid" in err) == (1, True)
