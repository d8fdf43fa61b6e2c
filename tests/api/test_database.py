from api.database import Database
from api.schema import Role
from sqlalchemy import text
from sqlalchemy.orm import Session
import pytest


@pytest.mark.parametrize("n", range(20))
def test_a(database: Database, n):
    with database.session(Role.WORKER) as s:
        assert s.execute(text("select current_user, current_setting('timezone')")).one() == ("elicence_worker", "UTC")


def test_b(session: Session):
    assert session.execute(text("select current_user")).scalar() == "elicence_worker"
