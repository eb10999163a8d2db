"""The deployment that live progress is sent to, and the errors of missing settings."""

from __future__ import annotations

from typing import Any

import pytest

from runner.progress.convex.target import (
    ConvexSettingsError,
    ConvexTarget,
    choose_target,
    reading_target,
    required_target,
    shown,
)

URL = "https://happy-otter-123.convex.cloud"
OTHER = "http://127.0.0.1:3210"
BOTH = {"CONVEX_URL": URL, "RUNNER_CONVEX_TOKEN": "s3cret"}


@pytest.mark.parametrize(
    ("url", "enabled", "environ", "chosen"),
    [
        (None, "auto", {}, None),
        (None, "auto", BOTH, URL),
        (URL, "auto", BOTH, URL),
        (f"{URL}/", "auto", BOTH, URL),
        (OTHER, "auto", {**BOTH, "RUNNER_CONVEX_ALLOWED_URLS": f"https://a.example {OTHER}"}, OTHER),
        (None, "auto", {"RUNNER_CONVEX_TOKEN": "s3cret"}, None),
        (OTHER, False, BOTH, None),
        (None, True, BOTH, URL),
        (None, "auto", {**BOTH, "CONVEX_URL": ""}, None),
        (None, "auto", {**BOTH, "CONVEX_URL": f"{URL}/"}, URL),
    ],
)
def test_the_deployment_is_the_plans_or_the_environments(
    url: str | None, enabled: Any, environ: dict[str, str], chosen: str | None
) -> None:
    target, warning = choose_target(url, enabled=enabled, environ=environ)
    assert (target.url if target else None) == chosen
    assert warning is None


def test_an_address_without_a_secret_warns_and_names_the_variable() -> None:
    target, warning = choose_target(None, enabled="auto", environ={"CONVEX_URL": URL})
    assert target is None
    assert warning is not None
    assert "RUNNER_CONVEX_TOKEN" in warning


@pytest.mark.parametrize(("environ", "missing"), [({}, "CONVEX_URL"), ({"CONVEX_URL": URL}, "RUNNER_CONVEX_TOKEN")])
def test_enabled_settings_must_be_complete(environ: dict[str, str], missing: str) -> None:
    with pytest.raises(ConvexSettingsError, match=missing) as caught:
        choose_target(None, enabled=True, environ=environ)
    assert caught.value.exit_code == 2
    with pytest.raises(ConvexSettingsError, match=missing):
        required_target(None, environ)


@pytest.mark.parametrize("url", ["otter", "ftp://otter", "https://", "https://me:pw@otter"])
def test_an_invalid_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConvexSettingsError) as caught:
        required_target(url, BOTH)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("environ", [BOTH, {"RUNNER_CONVEX_TOKEN": "s3cret"}])
def test_the_secret_is_not_for_an_address_that_only_the_plan_names(environ: dict[str, str]) -> None:
    target, warning = choose_target(OTHER, enabled="auto", environ=environ)
    assert target is None
    assert warning is not None
    assert OTHER in warning
    assert "RUNNER_CONVEX_ALLOWED_URLS" in warning


def test_the_secret_is_not_sent_unencrypted_to_another_machine() -> None:
    with pytest.raises(ConvexSettingsError, match="https://"):
        required_target("http://convex.example:3210", BOTH)
    for address in ("http://127.0.0.1:3210", "http://[::1]:3210", "http://localhost", "https://convex.example"):
        assert required_target(address, BOTH).url == address


def test_the_error_for_a_plans_own_address_says_what_to_set() -> None:
    with pytest.raises(ConvexSettingsError, match="RUNNER_CONVEX_ALLOWED_URLS"):
        choose_target(OTHER, enabled=True, environ=BOTH)


@pytest.mark.parametrize(("text", "seconds"), [("", 10.0), ("0", 0.0), ("2.5", 2.5)])
def test_the_drain_is_a_setting(text: str, seconds: float) -> None:
    assert required_target(None, {**BOTH, "RUNNER_CONVEX_DRAIN": text}).drain == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", "1e9"])
def test_an_invalid_drain_is_refused(text: str) -> None:
    with pytest.raises(ConvexSettingsError, match="RUNNER_CONVEX_DRAIN"):
        required_target(None, {**BOTH, "RUNNER_CONVEX_DRAIN": text})


def test_watching_prefers_the_read_secret() -> None:
    assert reading_target({}) is None
    assert reading_target({"CONVEX_URL": URL}) is None
    both = reading_target(BOTH)
    assert both is not None
    assert both.token == "s3cret"
    read = reading_target({**BOTH, "RUNNER_CONVEX_READ_TOKEN": "r3ad"})
    assert read is not None
    assert read.token == "r3ad"


def test_no_representation_shows_the_secret() -> None:
    assert "s3cret" not in repr(ConvexTarget(url=URL, token="s3cret"))


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (f"{URL}/path?key=1", URL),
        ("http://me:pw@host:81/x", "http://host:81"),
        ("nonsense", "the deployment"),
        ("http://host:port", "the deployment"),
    ],
)
def test_an_address_is_shown_without_secret_parts(url: str, text: str) -> None:
    assert shown(url) == text
