"""A seal's picture cut into upright strips (骑缝章), which join to the whole without gap or overlap."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from seals.pdf.errors import SealPictureRefused
from seals.pdf.objects import Ref
from seals.picture.appearance import SealAppearance

_NARROWEST: Final = 1.4  # points, half a millimetre: less shows nothing of a seal
_DIGITS: Final = 3  # of a point, as they are written: neighbours have the very same edge


@dataclass(frozen=True, slots=True)
class Strip:
    """A part of the picture, as high as that: from `left` to `right`, in points from the picture's left edge."""

    left: float
    right: float
    height: float

    @property
    def width(self) -> float:
        """Return the width in points."""
        return self.right - self.left

    def form(self, picture: Ref) -> bytes:
        """Return a Form XObject that shows this part of the picture, which itself stands once in the file.

        A form shows what lies in its box, and a viewer moves the box to where the form is wanted.
        """
        return (
            b"<</Type/XObject/Subtype/Form/BBox[%.3f 0.000 %.3f %.3f]"
            b"/Resources<</XObject<</S %d %d R>>>>/Length 5>>\nstream\n/S Do\nendstream"
        ) % (self.left, self.right, self.height, *picture)


def cut(appearance: SealAppearance, count: int) -> tuple[Strip, ...]:
    """Cut the picture into strips of one width, from left to right; raises SealPictureRefused if they are too narrow."""
    if not 1 <= count <= appearance.width / _NARROWEST:
        raise SealPictureRefused(reason="strips_too_narrow")
    edges = [round(appearance.width * number / count, _DIGITS) for number in range(count + 1)]
    return tuple(Strip(left, right, appearance.height) for left, right in pairwise(edges))
