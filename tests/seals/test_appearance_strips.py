import re
from itertools import pairwise

import pytest

from seals.pdf.errors import SealPictureRefused
from seals.pdf.objects import Ref
from seals.picture.strips import cut
from tests.seals.house import appearance


@pytest.mark.parametrize("count", range(1, 86))
def test_strips_join_to_the_seal_in_what_is_written(count: int) -> None:
    whole = appearance()
    strips = cut(whole, count)
    boxes = []
    for strip in strips:
        box = re.search(rb"/BBox\[(\S+) 0\.000 (\S+) (\S+)\]", strip.form(Ref(7, 0)))
        assert box is not None
        assert float(box[3]) == pytest.approx(whole.height, abs=0.001)
        boxes.append((box[1], box[2]))
    assert len(boxes) == count
    assert boxes[0][0] == b"0.000"
    assert float(boxes[-1][1]) == pytest.approx(whole.width, abs=0.001)
    assert all(left[1] == right[0] for left, right in pairwise(boxes))
    widths = [strip.width for strip in strips]
    assert max(widths) - min(widths) < 0.003


@pytest.mark.parametrize("count", [0, -1, 86])
def test_strips_that_show_nothing(count: int) -> None:
    with pytest.raises(SealPictureRefused) as refused:
        cut(appearance(), count)
    assert refused.value.details()["reason"] == "strips_too_narrow"


def test_the_picture_stands_once() -> None:
    forms = [strip.form(Ref(7, 0)) for strip in cut(appearance(), 3)]
    assert all(b"/S 7 0 R" in form and form.endswith(b"stream\n/S Do\nendstream") for form in forms)
