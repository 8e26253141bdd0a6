"""Bodies of the calls around mailed links."""

from __future__ import annotations

from gateway.bodies.fields import Body, Email, example
from gateway.bodies.identity import OpaqueToken, Password


class PasswordResetBody(Body):
    """Whose password is to be reset."""

    model_config = example(email="me@example.com")

    email: Email


class PasswordResetConfirmation(Body):
    """The mailed token and the new password."""

    token: OpaqueToken
    new_password: Password


class EmailVerification(Body):
    """The mailed token."""

    token: OpaqueToken
