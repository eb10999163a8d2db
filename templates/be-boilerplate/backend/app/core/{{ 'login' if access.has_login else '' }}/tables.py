"""The tables of sessions and of failed attempts to log in. Moments are in seconds since 1970."""

from __future__ import annotations

import sqlalchemy as sa

_metadata = sa.MetaData()

SESSIONS = sa.Table(
    "app_sessions",
    _metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("account_id", sa.String(255), nullable=False),
    sa.Column("login", sa.String(255), nullable=False),
    sa.Column("credential", sa.String(64), nullable=False),
    sa.Column("expires_at", sa.BigInteger(), nullable=False),
)
LOGIN_FAILURES = sa.Table(
    "app_login_failures",
    _metadata,
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Integer(), nullable=False),
    sa.Column("since", sa.BigInteger(), nullable=False),
)
