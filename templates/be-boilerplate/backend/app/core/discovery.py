"""Discovery of tables: every package of `app` that has a router is served, without a list to maintain."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import sqlalchemy as sa
from fastapi import APIRouter

import app
from app.core.constraint_columns import table_of
from app.core.database import Base
from app.core.lazy_routers import LazyRouter, imported_router

_SHARED = ("app.core", "app.own")


def table_packages() -> list[str]:
    """Return the names of the packages that define a table, sorted."""
    found = pkgutil.iter_modules(app.__path__, "app.")
    return sorted(module.name for module in found if module.ispkg and module.name not in _SHARED)


def load_models() -> sa.MetaData:
    """Import every model and return the metadata of the database."""
    packages = table_packages()
    for package in packages:
        importlib.import_module(f"{package}.model")
    for mapper in Base.registry.mappers:
        package = mapper.class_.__module__.rpartition(".")[0]
        if package in packages:
            info = table_of(mapper.class_).info
            info.update(model=mapper.class_, router=f"{package}.router")
            if path := _path(package):
                info["path"] = path
    _add_missing_targets(Base.metadata)
    return Base.metadata


def table_routers() -> Iterator[APIRouter]:
    """Yield the router of every table: a lazy one for a package with a `PATH`, the imported one for all others.

    Raises TypeError for an imported `router` that is not an APIRouter.
    """
    load_models()
    Base.registry.configure()
    importlib.import_module("app.own.hooks")
    for package in table_packages():
        path, module = _path(package), f"{package}.router"
        yield LazyRouter(path, module) if path else imported_router(module)


def _path(package: str) -> str | None:
    """Return the path of a table under the API's prefix, for a package whose router is imported when it is needed."""
    return getattr(importlib.import_module(package), "PATH", None)


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
