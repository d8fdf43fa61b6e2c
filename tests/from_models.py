"""A database made from the models directly: the same as the migrations make, as `tests/api/test_migrations.py` shows."""

from sqlalchemy import NullPool, create_engine

from api.row_security import secure
from api.schema import Role, make_roles, make_schemas, metadatas


def build_from_models(url: str) -> None:
    """Make roles, schemas, tables and policies in an empty database; `url` is a superuser's."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        make_roles(connection, logins=True)
        connection.exec_driver_sql(f"SET LOCAL ROLE {Role.OWNER}")
        make_schemas(connection)
        for metadata in metadatas():
            metadata.create_all(connection)
            secure(connection, metadata)
