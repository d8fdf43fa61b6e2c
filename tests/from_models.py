"""A database made from the models directly, without migrations."""

import importlib

from sqlalchemy import NullPool, create_engine

from api.row_security import secure
from api.schema import SCHEMAS, Role, make_roles, make_schemas


def build_from_models(url: str) -> None:
    """Make roles, schemas, tables and policies in an empty database; `url` is a superuser's."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        make_roles(connection, logins=True)
        connection.exec_driver_sql(f"SET LOCAL ROLE {Role.OWNER}")
        make_schemas(connection)
        for schema in SCHEMAS:
            try:
                metadata = importlib.import_module(f"{schema}.models").Base.metadata
            except Exception:  # noqa: BLE001 - while the rooms are being built: one of them may not stand yet
                continue
            metadata.create_all(connection)
            secure(connection, metadata)
