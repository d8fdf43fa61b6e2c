import hashlib
import json
from datetime import timedelta
from itertools import permutations, product
from pathlib import Path
from typing import get_args

import pytest
import rfc8785

import licences.verification.policy as policy_module
from licences.verification.checks import CHECKS
from licences.verification.errors import PolicyUnknown
from licences.verification.policy import Policy, policy, policy_ids
from licences.verification.report import Outcome

FOLDER = Path(policy_module.__file__).parent / "policies"


def test_the_rule_over_every_combination_of_two_mandatory_checks() -> None:
    default = policy()
    for first, second in product(get_args(Outcome), repeat=2):
        verdict = default.verdict([("trust.path", first), ("trust.seal", second)])
        if "failed" in {first, second}:
            assert verdict == "invalid"
        elif "not_run" in {first, second}:
            assert verdict == "indeterminate"
        else:
            assert verdict == "valid"


COUNTED = Policy("test", "1", "", frozenset({"a.mandatory"}), frozenset({"a.counted"}), 1, timedelta())


def test_the_rule_over_every_combination_of_the_three_levels() -> None:
    """A check that counts when it was run: it fails the document, and its absence keeps nobody from being served."""
    for mandatory, counted, other in product(get_args(Outcome), repeat=3):
        rows: list[tuple[str, Outcome]] = [("a.mandatory", mandatory), ("a.counted", counted), ("some.other", other)]
        for ordered in permutations(rows):
            verdict = COUNTED.verdict(ordered)
            if "failed" in {mandatory, counted}:
                assert verdict == "invalid"
            elif mandatory == "not_run":
                assert verdict == "indeterminate"
            else:
                assert verdict == "valid"


def test_what_decides_a_verdict_is_what_made_it() -> None:
    for mandatory, counted in product(get_args(Outcome), repeat=2):
        rows: list[tuple[str, Outcome]] = [("a.counted", counted), ("a.mandatory", mandatory)]
        verdict = COUNTED.verdict(rows)
        deciding = [check for check, outcome in rows if COUNTED.decided(verdict, check, outcome)]
        assert bool(deciding) == (verdict != "valid")
        for check in deciding:
            assert COUNTED.verdict([(check, dict(rows)[check])]) == verdict


@pytest.mark.parametrize("policy_id", policy_ids())
def test_a_check_has_one_level_and_exists(policy_id: str) -> None:
    found = policy(policy_id)
    assert not found.mandatory & found.counted_when_run
    assert found.mandatory | found.counted_when_run <= {check.id for check in CHECKS}


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_what_is_not_mandatory_decides_nothing(outcome: Outcome) -> None:
    assert policy().verdict([("some.other", outcome)]) == "valid"


def test_the_default_policy_knows_every_check_and_no_other() -> None:
    # A chain that is away must not keep anybody from being served; one that holds another ledger is evidence of a fork.
    assert policy().counted_when_run == {"ledger.anchor"}
    assert policy().mandatory == {check.id for check in CHECKS} - {"ledger.anchor"}


@pytest.mark.parametrize("policy_id", policy_ids())
def test_the_digest_is_that_of_the_canonical_data(policy_id: str) -> None:
    data = json.loads((FOLDER / f"{policy_id}.json").read_text("utf-8"))
    assert data["id"] == policy_id
    assert policy(policy_id).digest == "sha256-" + hashlib.sha256(rfc8785.dumps(data)).hexdigest()


def test_an_unknown_policy_is_named_with_those_that_exist() -> None:
    with pytest.raises(PolicyUnknown) as caught:
        policy("lenient")
    assert "default" in caught.value.message("zh")
    assert "lenient" in caught.value.message("en")


def test_the_policy_for_seals_asks_about_all_that_is_theirs_and_nothing_else() -> None:
    families = {"integrity", "coverage", "trust", "time"}
    assert policy("seal").mandatory == {check.id for check in CHECKS if check.id.split(".")[0] in families}


def test_who_waits_for_the_chain_asks_for_everything() -> None:
    assert policy("anchored").mandatory == {check.id for check in CHECKS}
