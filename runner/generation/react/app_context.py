"""The variables of the frontend's set-up templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.generation.model.app_options import app_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.model.application import Application


def app_variables(application: Application, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the set-up templates can use: `app`, which is the backend's too.

    No table is named in them, so that a change of one leaves every shared file as it is.
    """
    return {"app": app_options(application, options)}
