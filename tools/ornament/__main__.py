"""Draw the frames anew: `python -m tools.ornament` writes `licences/types/*/frame.svg`."""

from licences.catalogue import TYPES_FOLDER
from tools.ornament.frames import FRAMES

for slug, draw in FRAMES.items():
    (TYPES_FOLDER / slug / "frame.svg").write_text(draw(), "utf-8")
