from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger import entries
from ledger.chains import NEW, Pending, Place, Tip, place
from ledger.subject_keys import SubjectKeys

SUBJECTS = [UUID(int=number) for number in range(4)]
KEYS = {subject: SubjectKeys.derive(subject.bytes * 2) for subject in SUBJECTS}


def pending(numbers: list[int], first: int = 0) -> list[Pending]:
    return [Pending(f"evt_{first + at}", SUBJECTS[number], bytes([at % 256]) * 32) for at, number in enumerate(numbers)]


def check(places: list[Place], items: list[Pending], start: int) -> dict[UUID, Tip]:
    """Follow every chain by the definition and return its end."""
    ends = dict.fromkeys(SUBJECTS, NEW)
    for at, (made, item) in enumerate(zip(places, items, strict=True)):
        tip, keys = ends[item.subject], KEYS[item.subject]
        assert (made.event, made.index, made.seq, made.previous) == (item.event, start + at, tip.length, tip.commitment)
        assert made.tag == entries.tag(keys.tag, made.seq)
        link = entries.link_digest(entries.link_salt(keys.salt, item.event), item.subject, made.seq, made.previous)
        assert made.commitment == entries.commitment(item.body_digest, link)
        assert made.entry == entries.encode(made.tag, made.commitment)
        ends[item.subject] = Tip(made.seq + 1, made.commitment)
    return ends


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(0, 30), st.integers(0, 10**9))
def test_a_log_cut_into_two_batches_is_the_same_log(numbers: list[int], cut: int, start: int) -> None:
    cut = min(cut, len(numbers))
    items = pending(numbers)
    whole = place(items, dict.fromkeys(SUBJECTS, NEW), KEYS, start)
    check(whole, items, start)
    first = place(items[:cut], dict.fromkeys(SUBJECTS, NEW), KEYS, start)
    tips = check(first, items[:cut], start)
    assert first + place(items[cut:], tips, KEYS, start + cut) == whole
    assert len({made.tag for made in whole}) == len(whole), "a tag occurs once"


def test_a_first_entry_has_no_predecessor() -> None:
    (made,) = place(pending([2]), {SUBJECTS[2]: NEW}, KEYS, 7)
    assert (made.index, made.seq, made.previous) == (7, 0, bytes(32))
