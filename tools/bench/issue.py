"""Issuing beside what nobody could leave out: the render alone, of the same pages with the same JSON attached."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path
from statistics import median

from api.house import House
from api.schema import Role
from licences.drafts import LicenceRequest
from licences.issuing_results import Issued, Outcome
from licences.licence_type import LicenceType
from licences.rendering import LicenceView, Renderer
from tools.bench.house import Say, one_core, requests, throwaway_house
from tools.bench.row import Row
from tools.demo.service import approval_system
