"""Path validation with any part of the chain, or of the evidence about it, spoilt: nothing is ever raised."""

from datetime import date
from random import Random

from ca.encoding import der
from ca.errors import DerInvalid
from ca.judging.path_building import Bag
from ca.judging.path_validation import Question, validate
from ca.judging.paths import report, validate_path
from ca.judging.policy_tree import PolicyRules
from ca.judging.trust import AllowedAlgorithm, TrustList
from ca.ocsp.reader import read_ocsp_response
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import read_crl
from tests.ca.house import NOW, YEAR
from tests.soak.chains import ROLES, pack, sign, sign_answer, unpack
from tests.soak.corpus import Corpus
from tests.soak.mutations import Seed, mutate
from tests.soak.readers import claim

_RULES = (
    PolicyRules(),
    PolicyRules(explicit=True),
    PolicyRules(frozenset({"2.999.1"}), inhibit_mapping=True),
    PolicyRules(frozenset({"2.999.3", "2.999.2"}), explicit=True, inhibit_any=True),
)


class Spoiler:
    """Makes inputs of path validation from the corpus' chain: certificates, lists and answers, one or two of them spoilt.

    A spoilt part is mostly signed again by whoever signs it, so that the look does not end at its signature.
    """

    def __init__(self, corpus: Corpus) -> None:
        self._chain, self._donors = corpus.chain, corpus.everything
        self._certificates = {role: self._seeds(self._chain.certificate(role)) for role in ROLES}
        self._crls = [(role, self._seeds(data)) for role, data in self._chain.crls]
        self._answers = [(role, Seed(read_ocsp_response(data).tbs)) for role, data in self._chain.ocsp]

    @staticmethod
    def _seeds(data: bytes) -> tuple[Seed, Seed]:
        """Return the whole and the signed part."""
        return Seed(data), Seed(der.children(der.read(data))[0].raw)

    def fetched_list(self, rng: Random) -> bytes:
        """Make the issuer's own full list."""
        return self._spoilt(rng, self._crls[3][1], "issuing", of_list=True)

    def fetched_answer(self, rng: Random) -> bytes:
        """Make an answer about the leaf."""
        role, seed = self._answers[0]
        authority = self._chain.authorities[role]
        return sign_answer(mutate(rng, seed, self._donors), authority.signer, authority.certificate)

    def __call__(self, rng: Random) -> bytes:
        """Make a whole chain with its evidence."""
        certificates = {role: self._chain.certificate(role) for role in ROLES}
        crls = [data for _, data in self._chain.crls]
        ocsp = [data for _, data in self._chain.ocsp]
        for _ in range(rng.choice((1, 1, 2))):
            kind = rng.random()
            if kind < 0.6:
                role = rng.choice(ROLES)
                certificates[role] = self._spoilt(rng, self._certificates[role], role)
            elif kind < 0.9:
                index = rng.randrange(len(crls))
                role, seeds = self._crls[index]
                crls[index] = self._spoilt(rng, seeds, role, of_list=True)
            else:
                ocsp[0] = self.fetched_answer(rng)
        leaf, *others = (certificates[role] for role in reversed(ROLES))
        return pack([leaf], others[:-1], others[-1:], crls, ocsp)

    def _spoilt(self, rng: Random, seeds: tuple[Seed, Seed], role: str, *, of_list: bool = False) -> bytes:
        whole, signed = seeds
        if rng.random() < 0.1:
            return mutate(rng, whole, self._donors)
        signer = self._chain.authorities[role].signer if of_list else self._chain.issuer(role)
        return sign(mutate(rng, signed, self._donors), signer)


def judge(data: bytes) -> None:
    """Judge the path by the engine, under several rules, and under a trust list."""
    (leaf,), helpers, anchors, crls, ocsp = unpack(data)
    trust = TrustList(
        name="测试",
        anchors=anchors,
        intermediates=helpers[:2],
        crls=tuple(one for one in crls if _readable_list(one)),
        tsa=(leaf,),
        log_keys={},
        status_keys=(leaf,),
        receipt_keys=(),
        algorithms=(AllowedAlgorithm("ES256", date(2099, 12, 31)),),
        valid_from=NOW - YEAR,
        valid_until=NOW + YEAR,
        ocsp=ocsp,
    )
    for usage in ("seal", "timestamp", "status"):
        found = validate_path(leaf, helpers, trust, NOW, usage)
        claim("a reason in both languages", holds=bool(found.message("zh") and found.message("en")))
    try:
        end = read_certificate(leaf)
    except DerInvalid:
        return
    rules = _RULES[len(data) % len(_RULES)]
    judgement = validate(end, Bag.of(anchors, helpers), Question(NOW, lambda _: True, rules, crls, ocsp))
    report(judgement, end)


def _readable_list(data: bytes) -> bool:
    """Say whether a trust list could hold it: one that cannot be read is refused with the trust list."""
    try:
        read_crl(data)
    except DerInvalid:
        return False
    return True
