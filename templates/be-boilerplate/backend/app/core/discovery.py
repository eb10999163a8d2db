"""Finding the tables: every package of `app` with a router is served, and nothing has to be listed."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import sqlalchemy as sa
from fastapi import APIRouter

import app
from app.core.database import Base

_SHARED = ("app.core", "app.own")


def table_packages() -> list[str]:
    """Return the names of the packages that hold a table, in order."""
    found = pkgutil.iter_modules(app.__path__, "app.")
    return sorted(module.name for module in found if module.ispkg and module.name not in _SHARED)


def load_models() -> sa.MetaData:
    """Import every model, and return what they say of the database."""
    for package in table_packages():
        importlib.import_module(f"{package}.model")
    _stand_in(Base.metadata)
    return Base.metadata


def load_routers() -> Iterator[APIRouter]:
    """Import every table's router."""
    load_models()
    importlib.import_module("app.own.hooks")
    for package in table_packages():
        router = importlib.import_module(f"{package}.router").router
        if not isinstance(router, APIRouter):
            raise TypeError(f"{package}.router.router is not an APIRouter")
        yield router


def _stand_in(metadata: sa.MetaData) -> None:
    """Add the bare outline of tables that are referred to but have no package here."""
    for table in list(metadata.tables.values()):
        for key in table.foreign_keys:
            target, _, column = key.target_fullname.rpartition(".")
            if target in metadata.tables:
                known = metadata.tables[target]
                if column not in known.columns and known.info.get("stand_in"):
                    known.append_column(sa.Column(column, key.parent.type))
                continue
            schema, _, name = target.rpartition(".")
            outline = sa.Column(column, key.parent.type, primary_key=True)
            sa.Table(name, metadata, outline, schema=schema or None, info={"stand_in": True})
