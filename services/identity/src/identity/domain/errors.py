"""What can be wrong with a request, as facts; ``kind`` and ``code`` are what callers are told."""

# ruff: noqa: N818 - errors are named for the fact that they state.

from __future__ import annotations

from collections.abc import Sequence

Violation = tuple[str, str]
"""JSON pointer (RFC 6901) to the offending member, and what is wrong with it."""


class IdentityError(Exception):
    """A business error; subclasses fix the kind, the stable code and what it says."""

    kind = "invalid"
    code = "invalid"
    text = ""

    def __init__(self, violations: Sequence[Violation] = ()) -> None:
        super().__init__(self.text)
        self.violations = tuple(violations)


class ValidationFailed(IdentityError):
    """Fields have values that are not allowed."""

    code = "validation_failed"
    text = "The request is not valid."


class WeakPassword(IdentityError):
    """The password is one that attackers try first."""

    code = "weak_password"
    text = "The password is too easy to guess."

    def __init__(self, pointer: str = "/password") -> None:
        super().__init__([(pointer, "This password is too easy to guess.")])


class EmailTaken(IdentityError):
    """An account has the address already."""

    kind = "conflict"
    code = "email_taken"
    text = "An account with this e-mail address exists already."


class InvalidCredentials(IdentityError):
    """Address and password do not belong together; which of them is wrong is not told."""

    kind = "unauthenticated"
    code = "invalid_credentials"
    text = "The e-mail address or the password is wrong."


class WrongPassword(InvalidCredentials):
    """Somebody who is logged in gave a password that is not the account's."""

    text = "The password is wrong."


class TotpRequired(IdentityError):
    """The password is right, and the account has a second factor."""

    kind = "unauthenticated"
    code = "totp_required"
    text = "Send the code of your authenticator app as totp_code."


class InvalidTotpCode(IdentityError):
    """The code is wrong, too old or was used before; which of them is not told."""

    kind = "unauthenticated"
    code = "invalid_totp_code"
    text = "The code is wrong, too old or was used before."


class TooManyAttempts(IdentityError):
    """There were so many wrong proofs that even a right one is not looked at for a while."""

    kind = "too_many"
    code = "too_many_attempts"
    text = "There were too many wrong attempts. Try again later."

    def __init__(self, retry_after_s: int) -> None:
        super().__init__()
        self.extra = {"retry_after_s": retry_after_s}


class StepUpRequired(IdentityError):
    """The caller did not prove itself just now."""

    kind = "forbidden"
    code = "step_up_required"
    text = "Prove once more that it is you, then try again."


class TotpAlreadySet(IdentityError):
    """The account has a second factor; it has to be taken away before another is set."""

    kind = "conflict"
    code = "totp_already_set"
    text = "The account has a second factor already."


class TotpNotStarted(IdentityError):
    """There is no new seed that a code could confirm."""

    kind = "conflict"
    code = "totp_not_started"
    text = "Ask for a secret first."


class TotpNotSet(IdentityError):
    """The account has no second factor."""

    kind = "conflict"
    code = "totp_not_set"
    text = "The account has no second factor."


class InvalidRefreshToken(IdentityError):
    """The refresh token is unknown or expired, or its session has ended."""

    kind = "unauthenticated"
    code = "invalid_refresh_token"
    text = "The refresh token is not valid."


class RefreshTokenReused(IdentityError):
    """The refresh token was used before, so somebody holds a copy: the session is over."""

    kind = "unauthenticated"
    code = "refresh_token_reused"
    text = "The refresh token was used before; its session has been ended. Log in again."


class SessionEnded(IdentityError):
    """The session of the access token has ended."""

    kind = "unauthenticated"
    code = "session_revoked"
    text = "The session has ended."


class SessionNotFound(IdentityError):
    """The session is over, or another account's."""

    kind = "not_found"
    code = "not_found"
    text = "You have no such session."


class TicketInvalid(IdentityError):
    """The ticket is unknown, used or expired."""

    kind = "unauthenticated"
    code = "ticket_invalid"
    text = "The ticket is unknown, used or expired."


class LinkInvalid(IdentityError):
    """The link's token is unknown, used, expired or followed by a newer one."""

    kind = "unauthenticated"
    code = "link_invalid"
    text = "The link is unknown, used, expired or followed by a newer one. Ask for a new one."


class LinkNotWanted(IdentityError):
    """No mail is to be sent for a request."""

    kind = "not_found"
    code = "not_found"
    text = "There is nothing to mail for this request."


class EmailAlreadyVerified(IdentityError):
    """The caller's address is verified."""

    kind = "conflict"
    code = "email_already_verified"
    text = "The e-mail address is verified already."


class AccountNotFound(IdentityError):
    """There is no such account."""

    kind = "not_found"
    code = "not_found"
    text = "There is no such account."


class ProviderUnknown(IdentityError):
    """No provider of this name is switched on."""

    kind = "not_found"
    code = "not_found"
    text = "There is no such login provider."


class OauthStateInvalid(IdentityError):
    """Nothing was begun with this state by this client, or it was finished, or it is too late."""

    kind = "unauthenticated"
    code = "oauth_state_invalid"
    text = "This was not begun here, was finished already or took too long. Begin again."


class OauthFailed(IdentityError):
    """The provider did not confirm who it is; why is in the log only."""

    kind = "unauthenticated"
    code = "oauth_failed"
    text = "The provider did not confirm the login. Begin again."


class EmailNotVerified(IdentityError):
    """The issuer does not vouch for the address, so no account is made with it."""

    kind = "forbidden"
    code = "email_not_verified"
    text = "The provider has not verified an e-mail address of yours, so no account can be made."


class EmailUnconfirmed(IdentityError):
    """Nobody who reads the account's mail has confirmed that the account is theirs."""

    kind = "forbidden"
    code = "email_not_verified"
    text = "Verify the e-mail address of your account first."


class AccountExists(IdentityError):
    """An account has the address; it is not the identity's only because the addresses agree."""

    kind = "conflict"
    code = "account_exists"
    text = (
        "An account with this e-mail address exists already. "
        "Log in to it and link this provider there."
    )


class IdentityTaken(IdentityError):
    """The identity leads into another account."""

    kind = "conflict"
    code = "identity_taken"
    text = "This login of the provider is linked to another account."


class AlreadyLinked(IdentityError):
    """The account has a login of this provider."""

    kind = "conflict"
    code = "already_linked"
    text = "A login of this provider is linked to your account already; unlink it first."


class IdentityNotLinked(IdentityError):
    """The account has no login of this provider."""

    kind = "not_found"
    code = "not_found"
    text = "No login of this provider is linked to your account."


class LastLoginMethod(IdentityError):
    """Nobody could log in to the account any more."""

    kind = "conflict"
    code = "last_login_method"
    text = "This is the only way to log in to your account; add another one first."


class SellerNotFound(IdentityError):
    """There is no such seller, or it is not the caller's to see."""

    kind = "not_found"
    code = "not_found"
    text = "There is no such seller, or it is not yours to see."


class MemberNotFound(IdentityError):
    """The account is no member of the seller."""

    kind = "not_found"
    code = "not_found"
    text = "The seller has no such member."


class RoleRequired(IdentityError):
    """The caller is known but may not do this."""

    kind = "forbidden"
    code = "forbidden"
    text = "Your role does not allow this."


class UnknownAccount(IdentityError):
    """No account has the address that was named."""

    code = "unknown_account"
    text = "No account has this e-mail address."

    def __init__(self) -> None:
        super().__init__([("/email", self.text)])


class LastOwner(IdentityError):
    """A seller would be left without an owner."""

    kind = "conflict"
    code = "last_owner"
    text = "A seller needs at least one owner; make somebody else an owner first."


class SoleOwner(IdentityError):
    """The caller's account is the only owner of sellers, which would be left without one."""

    kind = "conflict"
    code = "sole_owner"
    text = "You are the only owner of a seller; make somebody else an owner first."

    def __init__(self, slugs: Sequence[str]) -> None:
        super().__init__()
        self.extra = {"sellers": list(slugs)}


class LastAdmin(IdentityError):
    """The deployment would be left without an admin."""

    kind = "conflict"
    code = "last_admin"
    text = "There has to be at least one admin; make somebody else an admin first."


class TooManyMembers(IdentityError):
    """The seller has as many members as it may have."""

    kind = "conflict"
    code = "too_many_members"
    text = "The seller has as many members as it may have."


class TooManySellers(IdentityError):
    """The account opened as many sellers as it may."""

    kind = "conflict"
    code = "too_many_sellers"
    text = "You have opened as many sellers as one account may."


class InvalidApiKey(IdentityError):
    """The API key is unknown, expired or revoked; which of them is not told."""

    kind = "unauthenticated"
    code = "invalid_api_key"
    text = "The API key is not valid."


class ApiKeyNotFound(IdentityError):
    """The account has no such key that is not revoked."""

    kind = "not_found"
    code = "not_found"
    text = "There is no such API key, or it is revoked."


class TooManyApiKeys(IdentityError):
    """The account has as many keys as it may have."""

    kind = "conflict"
    code = "too_many_api_keys"
    text = "You have as many API keys as one account may; revoke one first."


class RotationUnderWay(IdentityError):
    """A signing key is published already and waits to sign."""

    kind = "conflict"
    code = "rotation_under_way"
    text = "A key is published already and waits to sign."


class LeadTooShort(IdentityError):
    """A signing key would sign before everybody can know it."""

    code = "lead_too_short"
    text = "A key has to be published for at least 10 seconds before it signs."


class SigningKeyNotFound(IdentityError):
    """No signing key has the id."""

    kind = "not_found"
    code = "not_found"
    text = "There is no such signing key."


class KeyInUse(IdentityError):
    """The key signs, or is about to."""

    kind = "conflict"
    code = "key_in_use"
    text = "The key signs, or will: rotate first."


class KeyStillBelieved(IdentityError):
    """Tokens of the key may not have expired yet."""

    kind = "conflict"
    code = "key_still_believed"
    text = "Tokens of this key may not have expired yet; --force refuses them all the same."


class SlugTaken(Exception):
    """Another seller has the slug; a further one is tried."""
