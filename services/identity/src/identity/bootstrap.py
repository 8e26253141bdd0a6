"""The one place where identity's parts are put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chassis.broker import Broker
from chassis.clock import Clock, SystemClock
from chassis.cursors import CursorCodec
from chassis.database import Database
from chassis.outbox import Relay
from chassis.personal_data import PersonalDataServicer
from chassis.process import ServiceApp, ServiceContext
from chassis.shared_calls_server import AddServicer
from identity.adapters.account_deletion import AccountDeletion
from identity.adapters.account_store import AccountStore
from identity.adapters.api_key_store import ApiKeyStore
from identity.adapters.argon2_passwords import Argon2Passwords
from identity.adapters.attempt_store import AttemptStore
from identity.adapters.audit import audit_of
from identity.adapters.external_identity_store import ExternalIdentityStore
from identity.adapters.keyring import Keyring
from identity.adapters.login_attempt_store import LoginAttemptStore
from identity.adapters.mailed_link_store import MailedLinkStore
from identity.adapters.personal_data import PERSONAL_DATA
from identity.adapters.second_factor_store import SecondFactorStore
from identity.adapters.seller_store import SellerStore
from identity.adapters.session_store import SessionStore
from identity.adapters.signed_tokens import SignedTokens
from identity.adapters.signing_key_store import SigningKeyStore
from identity.adapters.totp_seeds import SealedTotpSeeds
from identity.adapters.vault import Vault
from identity.app.begin_external_login import BeginExternalLoginHandler
from identity.app.change_password import ChangePasswordHandler
from identity.app.confirm_password_reset import ConfirmPasswordResetHandler
from identity.app.confirm_totp import ConfirmTotpHandler
from identity.app.create_api_key import CreateApiKeyHandler
from identity.app.create_ws_ticket import CreateWsTicketHandler
from identity.app.delete_account import DeleteAccountHandler
from identity.app.exchange_api_key import ExchangeApiKeyHandler
from identity.app.find_seller import GetSellerHandler
from identity.app.finish_external_login import FinishExternalLoginHandler
from identity.app.finish_link import FinishLinkHandler
from identity.app.get_contact import GetContactHandler
from identity.app.get_me import GetMeHandler
from identity.app.get_membership import GetMembershipHandler
from identity.app.grant_role import GrantRoleHandler
from identity.app.guarded_login import GuardedLogInHandler
from identity.app.list_api_keys import ListApiKeysHandler
from identity.app.list_identities import ListIdentitiesHandler
from identity.app.list_members import ListMembersHandler
from identity.app.list_revoked_sessions import ListRevokedSessionsHandler
from identity.app.list_secured_accounts import ListSecuredAccountsHandler
from identity.app.list_sessions import ListSessionsHandler
from identity.app.login import LogInHandler
from identity.app.login_providers import LoginProviders
from identity.app.logout import LogOutHandler
from identity.app.mint_link_token import MintLinkTokenHandler
from identity.app.open_seller import OpenSellerHandler
from identity.app.prove import Prover
from identity.app.put_member import PutMemberHandler
from identity.app.redeem_ws_ticket import RedeemWsTicketHandler
from identity.app.refresh import RefreshHandler
from identity.app.register import RegisterHandler
from identity.app.remove_member import RemoveMemberHandler
from identity.app.remove_totp import RemoveTotpHandler
from identity.app.request_email_verification import RequestEmailVerificationHandler
from identity.app.request_password_reset import RequestPasswordResetHandler
from identity.app.reseal_seeds import ResealSeeds
from identity.app.retire_signing_key import RetireSigningKeyHandler
from identity.app.revoke_api_key import RevokeApiKeyHandler
from identity.app.revoke_role import RevokeRoleHandler
from identity.app.revoke_session import RevokeSessionHandler
from identity.app.rotate_signing_key import RotateSigningKeyHandler
from identity.app.set_roles import SetRolesHandler
from identity.app.start_totp import StartTotpHandler
from identity.app.step_up import StepUpHandler
from identity.app.sweep import SweepHandler, Swept
from identity.app.unlink_identity import UnlinkIdentityHandler
from identity.app.update_me import UpdateMeHandler
from identity.app.update_seller import UpdateSellerHandler
from identity.app.verify_email import VerifyEmailHandler
from identity.entrypoints.account_service import AccountHandlers, AccountServicer
from identity.entrypoints.api_key_service import ApiKeyHandlers, ApiKeyServicer
from identity.entrypoints.auth_service import AuthHandlers, AuthServicer
from identity.entrypoints.credential_service import CredentialHandlers, CredentialServicer
from identity.entrypoints.external_login_service import (
    ExternalLoginHandlers,
    ExternalLoginServicer,
)
from identity.entrypoints.key_service import KeyServicer
from identity.entrypoints.keys import SigningKeyCommands
from identity.entrypoints.mailed_link_service import MailedLinkHandlers, MailedLinkServicer
from identity.entrypoints.seller_service import SellerHandlers, SellerServicer
from identity.entrypoints.session_service import SessionHandlers, SessionServicer
from identity.entrypoints.sweeper import Sweeper
from identity.settings import IdentitySettings
from soko.identity.v1 import (
    account_pb2_grpc,
    api_key_pb2_grpc,
    auth_pb2_grpc,
    credential_pb2_grpc,
    external_login_pb2_grpc,
    key_pb2_grpc,
    mailed_link_pb2_grpc,
    seller_pb2_grpc,
    session_pb2_grpc,
)
from soko.privacy.v1 import personal_data_pb2_grpc

if TYPE_CHECKING:
    from identity.adapters.oidc_provider import OidcProvider

TOTP_ISSUER = "Soko"
"""What authenticator apps show."""


async def build(context: ServiceContext[IdentitySettings]) -> ServiceApp:
    """Construct the adapters, the use cases and the servicers of one process."""
    settings = context.settings
    db = Database(settings.database_url, max_size=settings.database_pool_max, name="identity")
    broker, clock = Broker(settings.nats_url, "identity"), SystemClock()
    relay = Relay(db, broker, "identity")
    passwords = Argon2Passwords()
    keyring = _keyring(db, settings, clock)
    tokens = SignedTokens(keyring)
    accounts, sessions = AccountStore(db, relay.nudge), SessionStore(db, relay.nudge)
    keys = ApiKeyStore(db, relay.nudge)
    sellers = SellerStore(db, clock, relay.nudge)
    links = MailedLinkStore(db, relay.nudge)
    attempts = LoginAttemptStore(db, settings.secret.get_secret_value().encode())
    factors = SecondFactorStore(db, relay.nudge)
    seeds = SealedTotpSeeds(Vault(settings.vault_keys), TOTP_ISSUER)
    prover = Prover(accounts, factors, seeds, passwords)
    auth = _auth_handlers(prover, sessions, keys, attempts, tokens, settings.default_locale)
    swept: list[Swept] = [sessions, keys, links, attempts, factors, ResealSeeds(factors, seeds)]
    providers = _login_providers(settings)
    external = _external_login_handlers(providers, db, relay, tokens, prover, settings)
    return ServiceApp(
        services=[
            (auth_pb2_grpc.add_AuthServiceServicer_to_server, AuthServicer(auth)),
            (
                credential_pb2_grpc.add_CredentialServiceServicer_to_server,
                CredentialServicer(_credential_handlers(prover, seeds, tokens, clock)),
            ),
            _session_service(accounts, sessions, settings, clock),
            (
                account_pb2_grpc.add_AccountServiceServicer_to_server,
                AccountServicer(
                    _account_handlers(accounts, AccountDeletion(db, relay.nudge), prover, clock)
                ),
            ),
            (
                personal_data_pb2_grpc.add_PersonalDataServiceServicer_to_server,
                PersonalDataServicer(db, PERSONAL_DATA),
            ),
            (
                seller_pb2_grpc.add_SellerServiceServicer_to_server,
                SellerServicer(_seller_handlers(accounts, sellers, clock), db),
            ),
            (
                api_key_pb2_grpc.add_ApiKeyServiceServicer_to_server,
                ApiKeyServicer(_api_key_handlers(accounts, keys, tokens, clock)),
            ),
            (
                mailed_link_pb2_grpc.add_MailedLinkServiceServicer_to_server,
                MailedLinkServicer(_link_handlers(accounts, links, passwords, attempts, clock)),
            ),
            (key_pb2_grpc.add_KeyServiceServicer_to_server, KeyServicer(keyring.jwks_json)),
            (
                external_login_pb2_grpc.add_ExternalLoginServiceServicer_to_server,
                ExternalLoginServicer(external),
            ),
        ],
        background=[relay, Sweeper(SweepHandler(swept, clock))],
        databases=[db],
        broker=broker,
        close=[passwords.close, *(each.close for each in providers)],
        audit=audit_of(db),
        fetch_jwks=keyring.jwks_json,
    )


def _auth_handlers(
    prover: Prover,
    sessions: SessionStore,
    keys: ApiKeyStore,
    attempts: LoginAttemptStore,
    tokens: SignedTokens,
    default_locale: str,
) -> AuthHandlers:
    clock, accounts, passwords = SystemClock(), prover.accounts, prover.passwords
    log_in = LogInHandler(accounts, sessions, passwords, tokens, clock, prover)
    return AuthHandlers(
        RegisterHandler(accounts, passwords, tokens, clock, default_locale),
        GuardedLogInHandler(log_in, attempts, clock),
        RefreshHandler(sessions, tokens, clock),
        LogOutHandler(sessions, clock),
        CreateWsTicketHandler(sessions, clock),
        RedeemWsTicketHandler(sessions, clock),
        ListRevokedSessionsHandler(sessions, keys, clock),
        ListSecuredAccountsHandler(prover.factors, clock),
    )


def _credential_handlers(
    prover: Prover, seeds: SealedTotpSeeds, tokens: SignedTokens, clock: Clock
) -> CredentialHandlers:
    accounts, factors = prover.accounts, prover.factors
    return CredentialHandlers(
        StartTotpHandler(accounts, factors, seeds, clock),
        ConfirmTotpHandler(accounts, factors, seeds, prover, clock),
        RemoveTotpHandler(accounts, factors, clock),
        StepUpHandler(accounts, prover, tokens, clock),
        ChangePasswordHandler(accounts, prover.passwords, prover, clock),
    )


def _session_service(
    accounts: AccountStore, sessions: SessionStore, settings: IdentitySettings, clock: Clock
) -> tuple[AddServicer, SessionServicer]:
    cursors = CursorCodec(*settings.secrets)
    handlers = SessionHandlers(
        ListSessionsHandler(accounts, sessions, cursors, clock),
        RevokeSessionHandler(accounts, sessions, clock),
    )
    return session_pb2_grpc.add_SessionServiceServicer_to_server, SessionServicer(handlers)


def _account_handlers(
    accounts: AccountStore, deletion: AccountDeletion, prover: Prover, clock: Clock
) -> AccountHandlers:
    return AccountHandlers(
        GetMeHandler(accounts, clock),
        UpdateMeHandler(accounts, clock),
        SetRolesHandler(accounts, clock),
        DeleteAccountHandler(accounts, deletion, prover, clock),
        GetContactHandler(accounts),
    )


def _api_key_handlers(
    accounts: AccountStore, keys: ApiKeyStore, tokens: SignedTokens, clock: Clock
) -> ApiKeyHandlers:
    return ApiKeyHandlers(
        CreateApiKeyHandler(accounts, keys, clock),
        ListApiKeysHandler(accounts, keys, clock),
        RevokeApiKeyHandler(accounts, keys, clock),
        ExchangeApiKeyHandler(keys, tokens, clock),
    )


def _link_handlers(
    accounts: AccountStore,
    links: MailedLinkStore,
    passwords: Argon2Passwords,
    attempts: LoginAttemptStore,
    clock: Clock,
) -> MailedLinkHandlers:
    return MailedLinkHandlers(
        RequestPasswordResetHandler(links, clock),
        ConfirmPasswordResetHandler(links, passwords, attempts, clock),
        RequestEmailVerificationHandler(accounts, links, clock),
        VerifyEmailHandler(links, clock),
        MintLinkTokenHandler(links, clock),
    )


def _seller_handlers(accounts: AccountStore, sellers: SellerStore, clock: Clock) -> SellerHandlers:
    return SellerHandlers(
        OpenSellerHandler(accounts, sellers, clock),
        GetSellerHandler(sellers),
        UpdateSellerHandler(accounts, sellers, clock),
        ListMembersHandler(accounts, sellers, clock),
        PutMemberHandler(accounts, sellers, clock),
        RemoveMemberHandler(accounts, sellers, clock),
        GetMembershipHandler(sellers),
    )


def _keyring(db: Database, settings: IdentitySettings, clock: Clock) -> Keyring:
    vault = Vault(settings.vault_keys)
    return Keyring(SigningKeyStore(db), vault, settings.signing_seed, clock)


def signing_key_commands(db: Database, settings: IdentitySettings) -> SigningKeyCommands:
    """Return what is behind ``python -m identity keys``."""
    clock, keys = SystemClock(), SigningKeyStore(db)
    maker = _keyring(db, settings, clock)
    return SigningKeyCommands(
        db,
        keys,
        maker,
        RotateSigningKeyHandler(keys, maker, clock),
        RetireSigningKeyHandler(keys, clock),
        clock,
    )


def _login_providers(settings: IdentitySettings) -> Sequence[OidcProvider]:
    """Return the providers that are switched on; without any, their libraries are not loaded."""
    if not settings.login_providers:
        return []
    from identity.adapters.oidc_provider import OidcProvider

    return [OidcProvider(each, https_only=settings.production) for each in settings.login_providers]


def _external_login_handlers(
    providers: Sequence[OidcProvider],
    db: Database,
    relay: Relay,
    tokens: SignedTokens,
    prover: Prover,
    settings: IdentitySettings,
) -> ExternalLoginHandlers:
    clock, accounts = SystemClock(), prover.accounts
    identities = ExternalIdentityStore(db, relay.nudge)
    logins, locale = LoginProviders(providers, AttemptStore(db)), settings.default_locale
    return ExternalLoginHandlers(
        logins,
        BeginExternalLoginHandler(logins, accounts, identities, clock),
        FinishExternalLoginHandler(logins, identities, tokens, prover, clock, locale),
        FinishLinkHandler(logins, accounts, identities, clock),
        ListIdentitiesHandler(accounts, identities, clock),
        UnlinkIdentityHandler(logins, accounts, identities, clock),
    )


def revoke_role_handler(db: Database) -> RevokeRoleHandler:
    """Return the use case behind ``python -m identity revoke``."""
    return RevokeRoleHandler(AccountStore(db, lambda: None), SystemClock())


def grant_role_handler(db: Database) -> GrantRoleHandler:
    """Return the use case behind ``python -m identity grant``.

    A serving process's relay finds the event by itself.
    """
    return GrantRoleHandler(AccountStore(db, lambda: None), SystemClock())
