"""Whatever comes in: our errors and no others come out, and nothing damaged passes for sealed."""

import contextlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seals.errors import SealError
from seals.pdf.errors import PdfOverLimits, PdfUnreadable
from seals.pdf.evidence import read_pdf
from seals.pdf.file import PdfFile
from seals.pdf.objects import Name, PdfObject, Ref, serialise
from tests.seals.house import PLACEMENT, seal_party, sealer
from tests.seals.keys import NOW
from tests.seals.mini_pdf import blank, build
from tests.seals.pyhanko_oracle import stock_sealer
from tests.seals.test_pdf_evidence import changed, sealed, small
from tests.seals.test_pdf_file import rewritten


@pytest.mark.parametrize(
    "signature",
    [
        b"null",
        b"[]",
        b"<<>>",
        b"<</Contents<00>>>",
        b"<</Contents<00>/ByteRange[0 1 2]>>",
        b"<</Contents<00>/ByteRange[0 1 2 -3]>>",
        b"<</Contents<00>/ByteRange[0 1 2 99999999]>>",
        b"<</Contents<00>/ByteRange[0 9 2 3]>>",
        b"<</Contents<00>/ByteRange[0 1 2 true]>>",
        b"<</Contents 7/ByteRange[0 1 2 3]>>",
        b"<</Contents<00>/ByteRange[0 1 2 3]/Prop_Build<</App<</Name/elicence-seal-v1>>>>>>",
        b"<</Contents<30>/ByteRange[0 1 2 3]/Prop_Build<</App<</Name/elicence-seal-v1>>>>>>",
    ],
)
def test_odd_signatures_are_refused(signature: bytes) -> None:
    catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>"
    with pytest.raises(PdfUnreadable):
        read_pdf(blank({1: catalog, 4: b"<</FT/Sig/T(x)/V 5 0 R>>", 5: signature}))


def test_a_signature_inside_its_field_is_refused() -> None:
    catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>"
    with pytest.raises(PdfUnreadable):
        read_pdf(blank({1: catalog, 4: b"<</FT/Sig/T(x)/V<</Contents<00>/ByteRange[0 1 2 3]>>>>"}))


def test_endless_field_trees_are_refused() -> None:
    catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>"
    with pytest.raises(PdfOverLimits):
        read_pdf(blank({1: catalog, 4: b"<</T(x)/Kids[4 0 R 4 0 R]>>"}))


_STEPS = st.tuples(
    st.sampled_from(["set", "cut", "copy", "insert", "word"]),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 255),
    st.sampled_from(
        [
            b"obj",
            b"<<",
            b">>",
            b"[",
            b"]",
            b"(",
            b")",
            b"/Contents",
            b"/Type",
            b"0 R",
            b"99999999999",
            b"-1",
            b"stream\n",
        ]
    ),
)


def _mutate(data: bytes, step: tuple[str, float, float, int, bytes]) -> bytes:
    kind, first, second, value, word = step
    start = int(first * len(data))
    end = min(len(data), start + 1 + int(second * 64))
    match kind:
        case "set":
            return changed(data, start, bytes([value]))
        case "cut":
            return data[:start] + data[end:]
        case "copy":
            return data[:start] + data[start:end] + data[start:]
        case "insert":
            return data[:start] + bytes([value]) + data[start:]
        case _:
            return changed(data, start, word)[: len(data)]


@cache
def _material() -> tuple[bytes, ...]:
    with TemporaryDirectory() as folder:
        packed = rewritten(Path(folder), blank(), "--object-streams=generate")
    return small(), sealed(packed), stock_sealer(seal_party(), None, NOW)(blank())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2), st.lists(_STEPS, min_size=1, max_size=4))
def test_damaged_files_are_refused_or_found_changed(
    number: int, steps: list[tuple[str, float, float, int, bytes]]
) -> None:
    original = data = _material()[number]
    for step in steps:
        data = _mutate(data, step) if data else data
    try:
        evidence = read_pdf(data)
    except SealError:
        return
    assert data == original or not any(
        not (seal.fault or seal.canonical_faults or seal.coverage_faults) for seal in evidence.signatures
    )


_KEYS = st.one_of(
    st.sampled_from(["Type", "Pages", "Kids", "Count", "AcroForm", "Fields", "FT", "T", "V", "Contents", "ByteRange"]),
    st.sampled_from(
        ["Names", "EmbeddedFiles", "EF", "F", "UF", "Perms", "DocMDP", "Reference", "TransformParams", "P"]
    ),
    st.sampled_from(
        ["TransformMethod", "Prop_Build", "App", "Name", "SubFilter", "M", "Length", "Filter", "Info", "Root"]
    ),
)
_NAMES = ["Catalog", "Pages", "Page", "Sig", "DocMDP", "FlateDecode", "ETSI.CAdES.detached", "elicence-seal-v1"]
_VALUES: st.SearchStrategy[PdfObject] = st.recursive(
    st.none()
    | st.integers(-2, 400)
    | st.builds(Ref, st.integers(1, 8), st.just(0))
    | st.sampled_from(_NAMES).map(Name)
    | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(_KEYS, _VALUES, max_size=6),
    st.dictionaries(st.integers(2, 8), _VALUES, max_size=7),
    st.dictionaries(_KEYS, _VALUES, max_size=3),
)
def test_any_objects_give_our_errors_only(
    catalog: dict[str, PdfObject], others: dict[int, PdfObject], trailer: dict[str, PdfObject]
) -> None:
    objects = {1: serialise({**catalog, "Type": Name("Catalog")})}
    objects |= {number: serialise(value) for number, value in others.items()}
    data = build(objects, serialise({**trailer, "Root": Ref(1, 0)})[2:-2])
    with contextlib.suppress(SealError):
        assert read_pdf(data).signatures == ()
    with contextlib.suppress(SealError):
        assert list(PdfFile(data).pages()) is not None
    with contextlib.suppress(SealError):
        assert sealer().seal(data, PLACEMENT, NOW).data.startswith(data)


@given(st.binary(max_size=300).map(lambda data: b"%PDF-1.7\n" + data + b"\nstartxref\n9\n%%EOF"))
def test_any_bytes_give_our_errors_only(data: bytes) -> None:
    with pytest.raises(SealError):
        read_pdf(data)
