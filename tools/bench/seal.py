"""Sealing beside what nobody could leave out, the operation of the key, and beside stock pyHanko at the same level.

All rows of one run are about the same pages of about 50 kB: of one template, no two alike, as licences are. Everything is
bytes to bytes in this process, the timestamp authority included.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from ca.algorithms import sm2
from ca.algorithms.digests import compute
from ca.keys.software_signer import SoftwareSigner
from seals.cms.sealer import Timestamper
from seals.pdf.evidence import read_pdf
from seals.pdf.extension import Extender
from tools.bench import seal_parties, token
from tools.bench.authority import found
from tools.bench.house import Say, one_core
from tools.bench.row import Row, paired_rates
from tools.bench.seal_parties import PLACE, Party, party
from tools.bench.stock_seal import require_reference, stock_extension, stock_seal

_UNIT: Final = "seals/s"
_STOCK: Final = "stock pyHanko"
_SIGNED: Final = bytes(250)  # octets, about what a seal's CMS has signed
_PATH: Final = "/Doc_0/Signs/Sign_0/Signature.xml"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: seconds of each row and, beside it, of its reference, in so many rounds; pages in turn."""

    seconds: float = 4.0
    rounds: int = 5
    pages: int = 8


def rows(size: Size, say: Say) -> Iterator[Row]:
    """Measure sealing on one core; raises BenchmarkNeedsPyhanko before anything is measured."""
    require_reference()
    without = missing()
    for name, why in without.items():
        say(f"{name}: not measured, this machine lacks {why}")
    with one_core():
        bench = _Bench(size, say)
        yield bench.stock("pades-bb", None)
        yield bench.stock("pades-bt", bench.authority.timestamps().stamp)
        yield bench.beside_key("pades-bb-limit", bench.party, "raw P-256 signature")
        yield bench.rsa()
        if "pades-bb-pkcs11" not in without:
            yield bench.token()
        if "ses-v4" not in without:
            yield bench.national()
        yield bench.extension()


def missing() -> Mapping[str, str]:
    """Return the rows that cannot be measured here, and what they would need."""
    needed = {
        "pades-bb-pkcs11": (token.available(), "SoftHSM2"),
        "ses-v4": (sm2.available(), "an OpenSSL with SM2"),
    }
    return {name: what for name, (there, what) in needed.items() if not there}


class _Bench:
    def __init__(self, size: Size, say: Say) -> None:
        self._size, self._say = size, say
        say("seal: pages")
        self._pages = seal_parties.pages(size.pages)
        self.authority = found()
        self._signer = SoftwareSigner.generate("ES256")
        self.party = party(self.authority, self._signer)

    def stock(self, name: str, timestamper: Timestamper | None) -> Row:
        """Measure a level beside pyHanko's."""
        theirs = stock_seal(cycle(self._pages), self._signer, self.party.chain, timestamper)
        level = "B-B" if timestamper is None else "B-T"
        return self._row(name, self._act(self.party, timestamper), f"{_STOCK} {level}", theirs)

    def beside_key(self, name: str, own: Party, reference: str, now: datetime | None = None) -> Row:
        """Measure B-B beside the raw operation of the same key. now: at which the seal's certificate holds."""
        return self._row(name, self._act(own, None, now), reference, lambda: own.signer.sign(_SIGNED))

    def rsa(self) -> Row:
        """Measure a seal by the shortest RSA key that seals may have."""
        now = seal_parties.last_day_of_short_keys(self.authority.now)
        signer = SoftwareSigner(rsa.generate_private_key(65537, 2048))
        return self.beside_key("pades-bb-rsa2048", party(found(now), signer), "raw RSA-2048 signature", now)

    def token(self) -> Row:
        """Measure B-B by a key in a token, beside the same by a key in memory."""
        with token.signer("ES256") as signer:
            ours = self._act(party(self.authority, signer), None)
            return self._row("pades-bb-pkcs11", ours, "B-B, key in memory", self._act(self.party, None))

    def national(self) -> Row:
        """Measure a national seal's signature, digest of the page included, beside the raw one."""
        authority = found(algorithm="SM2")
        signer, maker = (SoftwareSigner.generate("SM2") for _ in range(2))
        sealer, pages = seal_parties.ses_sealer(authority, signer, maker), cycle(self._pages)

        def seal() -> bytes:
            return sealer.sign(compute("SM3", next(pages)), _PATH, datetime.now(UTC))

        return self._row("ses-v4", seal, "raw SM2 signature", lambda: signer.sign(_SIGNED))

    def extension(self) -> Row:
        """Measure making a B-T seal last, in a process of its own with limits and all judged again, beside pyHanko here."""
        stamp, material = self.authority.timestamps().stamp, seal_parties.material(self.authority)
        sealed = [self._act(self.party, stamp)() for _ in self._pages]
        theirs = stock_extension(cycle(sealed), material, stamp)
        with Extender() as extender:
            documents = cycle(sealed)
            return self._row(
                "extend-lta",
                lambda: extender.extend(next(documents), material, stamp, datetime.now(UTC)),
                f"{_STOCK} B-LTA",
                theirs,
            )

    def _act(self, own: Party, timestamper: Timestamper | None, now: datetime | None = None) -> Callable[[], bytes]:
        """Return the act of sealing the next page."""
        sealer, pages = own.sealer(timestamper), cycle(self._pages)
        seal = read_pdf(sealer.seal(self._pages[0], PLACE, now or datetime.now(UTC)).data).seal
        assert seal is not None
        assert (seal.fault, seal.canonical_faults) == (None, ())
        return lambda: sealer.seal(next(pages), PLACE, now or datetime.now(UTC)).data

    def _row(self, name: str, ours: Callable[[], object], reference_name: str, reference: Callable[[], object]) -> Row:
        self._say(name)
        rate, theirs = paired_rates(ours, reference, seconds=self._size.seconds, rounds=self._size.rounds)
        page = sum(map(len, self._pages)) / len(self._pages)
        extra = (("ms", round(1000 / rate, 3)), ("more_ms", round(1000 / rate - 1000 / theirs, 3)))
        return Row(name, rate, _UNIT, reference_name, theirs, (*extra, ("page_kb", round(page / 1024, 1))))
