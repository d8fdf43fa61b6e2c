from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import text

from api.database import Database
from api.schema import Role
from licences.leases import Worker
from tests.licences.issuing_house import connecting
from tests.seals.keys import NOW

ALIVE = text("""
    SELECT count(*) FROM pg_locks
     WHERE locktype = 'advisory' AND objsubid = 1 AND granted
       AND ((classid::bigint << 32) + objid::bigint)::text = :owner
""")


def alive(database: Database, owner: str) -> bool:
    with database.session(Role.WORKER) as session:
        return bool(session.execute(ALIVE, {"owner": owner}).scalar_one())


def test_a_worker_lives_as_long_as_it_is_open(database: Database) -> None:
    with Worker(connecting(database, Role.WORKER), timedelta(minutes=1)) as worker:
        lease = worker.lease(NOW)
        assert lease.until == NOW + timedelta(minutes=1)
        assert worker.lease(NOW).owner == lease.owner
        assert alive(database, lease.owner)
    assert not alive(database, lease.owner)


def test_two_workers_are_two(database: Database) -> None:
    connect = connecting(database, Role.APP)
    with Worker(connect) as one, Worker(connect) as other:
        assert one.lease(NOW).owner != other.lease(NOW).owner


def test_a_lost_connection_is_a_lost_sign_of_life_and_is_set_up_again(database: Database) -> None:
    with Worker(connecting(database, Role.WORKER)) as worker:
        owner = worker.lease(NOW).owner
        with database.session(Role.WORKER) as session:
            session.execute(
                text("""
                SELECT pg_terminate_backend(pid) FROM pg_locks
                 WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
                   AND ((classid::bigint << 32) + objid::bigint)::text = :owner"""),
                {"owner": owner},
            )
        assert worker.lease(NOW).owner == owner
        assert alive(database, owner)


def test_closing_twice_is_closing_once(database: Database) -> None:
    worker = Worker(connecting(database, Role.WORKER))
    worker.close()
    owner = worker.lease(NOW).owner
    worker.close()
    worker.close()
    assert not alive(database, owner)


def test_a_name_that_the_server_still_keeps_is_left_to_it(database: Database) -> None:
    with Worker(connecting(database, Role.WORKER)) as worker:
        owner = worker.lease(NOW).owner
        worker.close()
        with database.engine(Role.WORKER).connect() as ghost:
            ghost.execute(text("SELECT pg_advisory_lock(:key)"), {"key": int(owner)})
            again = worker.lease(NOW).owner
            assert again != owner
            assert alive(database, again)
            ghost.invalidate()


def test_threads_share_one_sign_of_life(database: Database) -> None:
    with Worker(connecting(database, Role.WORKER)) as worker, ThreadPoolExecutor(8) as pool:
        owners = set(pool.map(lambda _: worker.lease(NOW).owner, range(40)))
        assert len(owners) == 1
