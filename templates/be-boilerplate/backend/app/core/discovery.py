"""Discovery of tables: every package of `app` that has a router is served, without a list to maintain."""

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
    """Return the names of the packages that define a table, sorted."""
    found = pkgutil.iter_modules(app.__path__, "app.")
    return sorted(module.name for module in found if module.ispkg and module.name not in _SHARED)


def load_models() -> sa.MetaData:
    """Import every model and return the metadata of the database."""
    for package in table_packages():
        importlib.import_module(f"{package}.model")
    _add_missing_targets(Base.metadata)
    return Base.metadata


def load_routers() -> Iterator[APIRouter]:
    """Import and yield the router of every table. Raises TypeError for a `router` that is not an APIRouter."""
    load_models()
    importlib.import_module("app.own.hooks")
    for package in table_packages():
        router = importlib.import_module(f"{package}.router").router
        if not isinstance(router, APIRouter):
            raise TypeError(f"{package}.router.router is not an APIRouter")
        yield router


def _add_missing_targets(metadata: sa.MetaData) -> None:
    """Add a placeholder with the referenced columns for each table that is referenced but has no package."""
    for table in list(metadata.tables.values()):
        for key in table.foreign_keys:
            target, _, column = key.target_fullname.rpartition(".")
            if target in metadata.tables:
                known = metadata.tables[target]
                if column not in known.columns and known.info.get("placeholder"):
                    known.append_column(sa.Column(column, key.parent.type))
                continue
            schema, _, name = target.rpartition(".")
            referenced = sa.Column(column, key.parent.type, primary_key=True)
            sa.Table(name, metadata, referenced, schema=schema or None, info={"placeholder": True})
