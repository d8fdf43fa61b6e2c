"""Pages with more than one seal: fields made for them, seals across page edges, and each seal's own signer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from licences.verification.engine import judge
from licences.verification.examination import examine
from licences.verification.report import Report
from licences.verification.request import verification_request
from licences.verification.sources import StatusToken
from seals.pdf.pades import EmptyField, PdfSealer, Placement, Seam, prepare
from tests.licences.verification.sealed import (
    DISCLOSABLE,
    NOW,
    SEALED_AT,
    Party,
    World,
    claims,
    make_world,
    render,
    world,
)
from tests.licences.verification.worlds import SetSources, report
from tests.seals.house import appearance
from tests.seals.house import page as pages_of

FIELDS = (EmptyField("主章", Placement(1, 25, 40)), EmptyField("会签章", Placement(1, 55, 40), 42, 42))


def prepared(within: World | None = None) -> bytes:
    """A licence's page with two fields for seals."""
    here = within or world()
    made = here.json_sealer().seal(claims(), DISCLOSABLE, SEALED_AT)
    licence = claims()["licence"]
    assert isinstance(licence, dict)
    return prepare(render(made.flattened, str(licence["identifier"]), made.digest), FIELDS)


def sealer(party: Party, within: World | None = None, *, stamped: bool = True) -> PdfSealer:
    timestamper = (within or world()).timestamp if stamped else None
    return PdfSealer(party.signer, party.chain, appearance(), timestamper, "测试专用章", "颁发证照")


def sealed_by(*parties: Party, stamped: bool = True) -> bytes:
    data = prepared()
    for number, (field, party) in enumerate(zip(FIELDS, parties, strict=False)):
        at = SEALED_AT + timedelta(minutes=number)
        data = sealer(party, stamped=stamped or number == 0).seal(data, field.name, at).data
    return data


def test_a_second_seal_in_its_field_is_judged_with_the_first() -> None:
    found = report(sealed_by(world().seal, world().other_seal))
    assert (found.verdict, found.reason) == ("valid", "licence.valid"), found.as_json()
    for check in ("integrity.signature", "trust.path", "trust.revocation", "trust.algorithm", "time.timestamp"):
        each = found.check(check).evidence["each"]
        assert [(row["name"], row["outcome"]) for row in each] == [("主章", "passed"), ("会签章", "passed")]  # type: ignore[union-attr,index,call-overload]


def test_the_first_seal_alone_leaves_the_other_field_empty() -> None:
    found = report(sealed_by(world().seal))
    assert found.verdict == "valid"
    assert "each" not in found.check("trust.path").evidence


def test_a_second_seal_of_nobody_we_trust_spoils_the_page() -> None:
    """It paints its picture into the page: whose it is must be known."""
    found = report(sealed_by(world().seal, make_world().seal))
    assert (found.verdict, found.reason) == ("invalid", "seal.not_trusted")


def test_the_first_seal_is_the_one_that_makes_the_licence() -> None:
    found = report(sealed_by(world().other_seal, world().seal))
    assert (found.verdict, found.reason) == ("invalid", "seal.other_authority")


def test_a_second_seal_that_was_revoked_before_spoils_the_page() -> None:
    document = sealed_by(world().seal, world().other_seal)
    for days, verdict in ((11, "invalid"), (9, "valid")):
        trust = world().trust(revoked=[(world().other_seal, NOW - timedelta(days=days))])
        found = report(document, sources=SetSources(trust=trust))
        assert (found.verdict, found.check("trust.revocation").outcome) == (
            verdict,
            "failed" if verdict == "invalid" else "warning",
        )


def test_a_second_seal_without_a_timestamp_is_missing_it() -> None:
    found = report(sealed_by(world().seal, world().other_seal, stamped=False))
    assert (found.verdict, found.reason) == ("invalid", "time.no_timestamp")


def test_a_second_seal_that_is_broken_is_named() -> None:
    examined = examine(sealed_by(world().seal, world().other_seal), 1 << 24)
    assert examined.page is not None
    later = replace(examined.page.later_seals[0], fault="signature")
    broken = replace(examined, page=replace(examined.page, later_seals=(later,)))
    found = judge(broken, SetSources(), verification_request(NOW))
    assert (found.verdict, found.reason) == ("invalid", "document.signature_invalid")


@pytest.mark.parametrize("position", [0.2, 0.5, 0.8, 0.99])
def test_a_changed_byte_behind_the_first_seal_is_found(position: float) -> None:
    once = sealed_by(world().seal)
    data = sealed_by(world().seal, world().other_seal)
    place = len(once) + int((len(data) - len(once)) * position)
    changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    assert report(changed).verdict != "valid"


def test_something_behind_the_second_seal_is_found() -> None:
    found = report(sealed_by(world().seal, world().other_seal) + b"\n% a remark\n%%EOF\n")
    assert (found.verdict, found.reason) == ("invalid", "document.not_covered")


def _across_the_edges() -> Report:
    """A document of three pages, no licence, whose one seal shows on every edge."""
    here = world()
    page = pages_of(pages=3).replace(b"elicence", b"whatever")
    data = sealer(here.seal).seal(page, Placement(1, 100, 200), SEALED_AT, seam=Seam(y_mm=150)).data
    return report(data, policy_id="seal")


def test_a_seal_across_the_edges_is_one_seal() -> None:
    found = _across_the_edges()
    assert (found.verdict, found.reason) == ("valid", "document.sealed"), found.as_json()
    assert "each" not in found.check("integrity.signature").evidence


def test_the_policy_for_seals_says_nothing_of_a_licence_in_force() -> None:
    revoked = SetSources(a_status=StatusToken(world().status_list({5: 1})))
    document = sealed_by(world().seal)
    assert report(document, sources=revoked).reason == "licence.revoked"
    found = report(document, sources=revoked, policy_id="seal")
    assert (found.verdict, found.reason) == ("valid", "document.sealed")
    assert "whether what it says is in force was not judged" in found.sentence("en")
