import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from soko.identity.v1 import auth_pb2 as _auth_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LoginProvider(_message.Message):
    __slots__ = ("name", "title")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ...) -> None: ...

class BegunLogin(_message.Message):
    __slots__ = ("authorization_url", "client_token", "expires_in_s")
    AUTHORIZATION_URL_FIELD_NUMBER: _ClassVar[int]
    CLIENT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_IN_S_FIELD_NUMBER: _ClassVar[int]
    authorization_url: str
    client_token: str
    expires_in_s: int
    def __init__(self, authorization_url: _Optional[str] = ..., client_token: _Optional[str] = ..., expires_in_s: _Optional[int] = ...) -> None: ...

class ProviderAnswer(_message.Message):
    __slots__ = ("provider", "code", "state", "client_token", "issuer")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    provider: str
    code: str
    state: str
    client_token: str
    issuer: str
    def __init__(self, provider: _Optional[str] = ..., code: _Optional[str] = ..., state: _Optional[str] = ..., client_token: _Optional[str] = ..., issuer: _Optional[str] = ...) -> None: ...

class ExternalIdentity(_message.Message):
    __slots__ = ("provider", "email", "linked_at")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    LINKED_AT_FIELD_NUMBER: _ClassVar[int]
    provider: str
    email: str
    linked_at: _timestamp_pb2.Timestamp
    def __init__(self, provider: _Optional[str] = ..., email: _Optional[str] = ..., linked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListLoginProvidersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListLoginProvidersResponse(_message.Message):
    __slots__ = ("providers",)
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    providers: _containers.RepeatedCompositeFieldContainer[LoginProvider]
    def __init__(self, providers: _Optional[_Iterable[_Union[LoginProvider, _Mapping]]] = ...) -> None: ...

class BeginExternalLoginRequest(_message.Message):
    __slots__ = ("provider",)
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    provider: str
    def __init__(self, provider: _Optional[str] = ...) -> None: ...

class BeginExternalLoginResponse(_message.Message):
    __slots__ = ("begun",)
    BEGUN_FIELD_NUMBER: _ClassVar[int]
    begun: BegunLogin
    def __init__(self, begun: _Optional[_Union[BegunLogin, _Mapping]] = ...) -> None: ...

class FinishExternalLoginRequest(_message.Message):
    __slots__ = ("answer", "locale", "totp_code", "user_agent")
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    TOTP_CODE_FIELD_NUMBER: _ClassVar[int]
    USER_AGENT_FIELD_NUMBER: _ClassVar[int]
    answer: ProviderAnswer
    locale: str
    totp_code: str
    user_agent: str
    def __init__(self, answer: _Optional[_Union[ProviderAnswer, _Mapping]] = ..., locale: _Optional[str] = ..., totp_code: _Optional[str] = ..., user_agent: _Optional[str] = ...) -> None: ...

class FinishExternalLoginResponse(_message.Message):
    __slots__ = ("tokens",)
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    tokens: _auth_pb2.Tokens
    def __init__(self, tokens: _Optional[_Union[_auth_pb2.Tokens, _Mapping]] = ...) -> None: ...

class ListIdentitiesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListIdentitiesResponse(_message.Message):
    __slots__ = ("identities",)
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    identities: _containers.RepeatedCompositeFieldContainer[ExternalIdentity]
    def __init__(self, identities: _Optional[_Iterable[_Union[ExternalIdentity, _Mapping]]] = ...) -> None: ...

class BeginLinkRequest(_message.Message):
    __slots__ = ("provider",)
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    provider: str
    def __init__(self, provider: _Optional[str] = ...) -> None: ...

class BeginLinkResponse(_message.Message):
    __slots__ = ("begun",)
    BEGUN_FIELD_NUMBER: _ClassVar[int]
    begun: BegunLogin
    def __init__(self, begun: _Optional[_Union[BegunLogin, _Mapping]] = ...) -> None: ...

class FinishLinkRequest(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: ProviderAnswer
    def __init__(self, answer: _Optional[_Union[ProviderAnswer, _Mapping]] = ...) -> None: ...

class FinishLinkResponse(_message.Message):
    __slots__ = ("identity",)
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    identity: ExternalIdentity
    def __init__(self, identity: _Optional[_Union[ExternalIdentity, _Mapping]] = ...) -> None: ...

class UnlinkIdentityRequest(_message.Message):
    __slots__ = ("provider",)
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    provider: str
    def __init__(self, provider: _Optional[str] = ...) -> None: ...

class UnlinkIdentityResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
