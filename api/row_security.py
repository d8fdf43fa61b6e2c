"""Row-level security: who may see which rows, said at the table and enforced by PostgreSQL on everybody.

The convention. A table says in its `info` what the app role (the door: web processes) may do; SQL expressions over the
table's own columns and the three settings of the session, `elicence.unit` (the unit on whose behalf),
`elicence.account` (who acts: a system or person) and `elicence.purpose`:

    __table_args__ = {"info": {
        "app": "issuer = current_setting('elicence.unit', true)",                  # USING and WITH CHECK of everything
        "app_select": "current_setting('elicence.purpose', true) = 'verification'",  # more rows, for SELECT only
        "app_insert": "true",                                                       # more rows, for INSERT only
        "app_lock": "true",                                                         # more rows, to hold, never to change
    }}

"true" means open to the app. A table that says nothing is closed to the app: not even a grant. The worker role
(background work, issuing, the sequencer) always sees every row. Only the worker may DELETE. The owner role, which
migrates, has no policy and FORCE binds it too: it defines rows and cannot read them. (A migration that must rewrite rows
lifts FORCE from the table and secures it again, in its one transaction.)

An INSERT that returns columns (server defaults) and every UPDATE also need the row to be visible; `FOR SHARE` and
`FOR UPDATE` need "app" or "app_lock". Outside a session of `api/database.py` the settings are empty and match nothing.
This guards against a forgotten WHERE, not against a process that runs SQL of an attacker's: that one could set them too.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.exc import ProgrammingError

APP, WORKER = "elicence_app", "elicence_worker"


@dataclass(frozen=True, slots=True)
class Access:
    """What the app role may do with a table: SQL expressions, None for nothing."""

    app: str | None = None
    app_select: str | None = None
    app_insert: str | None = None
    app_lock: str | None = None

    def given(self) -> dict[str, str]:
        """Return the expressions that are there."""
        return {name: expression for name, expression in asdict(self).items() if expression is not None}

    def grants(self) -> str | None:
        """Return the privileges that the expressions can ever use."""
        if self.app is not None:
            return "SELECT, INSERT, UPDATE"
        uses = (("SELECT", self.app_select), ("INSERT", self.app_insert), ("UPDATE", self.app_lock))
        wanted = [name for name, use in uses if use is not None]
        return ", ".join(wanted) or None

    def policies(self) -> list[tuple[str, str]]:
        """Return name and definition of every policy of the table."""
        found = [("worker", f"FOR ALL TO {WORKER} USING (true) WITH CHECK (true)")]
        if self.app is not None:
            found.append(("app", f"FOR ALL TO {APP} USING ({self.app}) WITH CHECK ({self.app})"))
        if self.app_select is not None:
            found.append(("app_select", f"FOR SELECT TO {APP} USING ({self.app_select})"))
        if self.app_insert is not None:
            found.append(("app_insert", f"FOR INSERT TO {APP} WITH CHECK ({self.app_insert})"))
        if self.app_lock is not None:
            # Row locks are an UPDATE's in PostgreSQL; no new row passes, so that nothing can be changed.
            found.append(("app_lock", f"FOR UPDATE TO {APP} USING ({self.app_lock}) WITH CHECK (false)"))
        return found


def run(connection: Connection, statement: str) -> None:
    """Execute a statement as it stands: a percent sign in an expression is no placeholder."""
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def access_of(table: Table) -> Access:
    """Return what a table says of itself."""
    return Access(**{name: table.info.get(name) for name in ("app", "app_select", "app_insert", "app_lock")})


def secure_table(connection: Connection, schema: str, name: str, access: Access) -> None:
    """Enable and force row-level security on a table, with its grants and policies; what was there before is replaced.

    Runs as the owner of the table, in a migration or after `create_all`.
    """
    table = f'"{schema}"."{name}"'
    statements = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"REVOKE ALL ON {table} FROM PUBLIC, {APP}, {WORKER}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {WORKER}",
    ]
    if (privileges := access.grants()) is not None:
        statements.append(f"GRANT {privileges} ON {table} TO {APP}")
    there = text("SELECT policyname FROM pg_policies WHERE schemaname = :schema AND tablename = :name")
    found = connection.execute(there, {"schema": schema, "name": name}).scalars()
    statements += [f'DROP POLICY "{policy}" ON {table}' for policy in found]
    statements += [f"CREATE POLICY {policy} ON {table} {definition}" for policy, definition in access.policies()]
    for statement in statements:
        run(connection, statement)


def secure(connection: Connection, metadata: MetaData) -> None:
    """Secure every table of a metadata as its `info` says."""
    for table in metadata.sorted_tables:
        assert table.schema is not None, f"{table.name} belongs to no schema"
        secure_table(connection, table.schema, table.name, access_of(table))


_STATE = text("""
    SELECT c.relrowsecurity, c.relforcerowsecurity,
           ARRAY(SELECT a::text FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))) a ORDER BY 1),
           ARRAY(SELECT row(polname, polcmd, polpermissive, polroles::regrole[],
                            pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))::text
                   FROM pg_policy WHERE polrelid = c.oid ORDER BY polname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = :schema AND c.relname = :name
""")


def is_secured(connection: Connection, table: Table) -> bool:
    """Tell whether a table's flags, grants and policies are what its model says; as the owner.

    PostgreSQL rewrites expressions in its own way, so the table is secured anew for a moment and the outcome compared.
    """
    assert table.schema is not None
    names = {"schema": table.schema, "name": table.name}
    before = connection.execute(_STATE, names).one_or_none()
    if before is None:
        return False
    try:
        with connection.begin_nested() as moment:
            # This locks the table: on a busy server rather fail than make everybody queue behind us.
            run(connection, "SET LOCAL lock_timeout = '5s'")
            secure_table(connection, table.schema, table.name, access_of(table))
            after = connection.execute(_STATE, names).one()
            moment.rollback()
    except ProgrammingError:
        return False  # an expression over a column that is not there yet
    return bool(before == after)
