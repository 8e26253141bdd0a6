from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("invariants", "facts", "subscriptions")
    INVARIANTS_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    invariants: _containers.RepeatedCompositeFieldContainer[Invariant]
    facts: _containers.RepeatedCompositeFieldContainer[FactSet]
    subscriptions: _containers.RepeatedCompositeFieldContainer[Subscription]
    def __init__(self, invariants: _Optional[_Iterable[_Union[Invariant, _Mapping]]] = ..., facts: _Optional[_Iterable[_Union[FactSet, _Mapping]]] = ..., subscriptions: _Optional[_Iterable[_Union[Subscription, _Mapping]]] = ...) -> None: ...

class Invariant(_message.Message):
    __slots__ = ("name", "promise", "repair", "severity", "estimated")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROMISE_FIELD_NUMBER: _ClassVar[int]
    REPAIR_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_FIELD_NUMBER: _ClassVar[int]
    name: str
    promise: str
    repair: str
    severity: str
    estimated: int
    def __init__(self, name: _Optional[str] = ..., promise: _Optional[str] = ..., repair: _Optional[str] = ..., severity: _Optional[str] = ..., estimated: _Optional[int] = ...) -> None: ...

class FactSet(_message.Message):
    __slots__ = ("name", "estimated")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_FIELD_NUMBER: _ClassVar[int]
    name: str
    estimated: int
    def __init__(self, name: _Optional[str] = ..., estimated: _Optional[int] = ...) -> None: ...

class Subscription(_message.Message):
    __slots__ = ("context", "names")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    context: str
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, context: _Optional[str] = ..., names: _Optional[_Iterable[str]] = ...) -> None: ...

class CheckPageRequest(_message.Message):
    __slots__ = ("invariant", "after", "limit", "keys", "grace_s")
    INVARIANT_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    GRACE_S_FIELD_NUMBER: _ClassVar[int]
    invariant: str
    after: str
    limit: int
    keys: _containers.RepeatedScalarFieldContainer[str]
    grace_s: float
    def __init__(self, invariant: _Optional[str] = ..., after: _Optional[str] = ..., limit: _Optional[int] = ..., keys: _Optional[_Iterable[str]] = ..., grace_s: _Optional[float] = ...) -> None: ...

class CheckPageResponse(_message.Message):
    __slots__ = ("checked", "last", "breaches", "total_breaches")
    CHECKED_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    BREACHES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_BREACHES_FIELD_NUMBER: _ClassVar[int]
    checked: int
    last: str
    breaches: _containers.RepeatedCompositeFieldContainer[Breach]
    total_breaches: int
    def __init__(self, checked: _Optional[int] = ..., last: _Optional[str] = ..., breaches: _Optional[_Iterable[_Union[Breach, _Mapping]]] = ..., total_breaches: _Optional[int] = ...) -> None: ...

class Breach(_message.Message):
    __slots__ = ("key", "subject_id", "explanation")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    key: str
    subject_id: str
    explanation: str
    def __init__(self, key: _Optional[str] = ..., subject_id: _Optional[str] = ..., explanation: _Optional[str] = ...) -> None: ...

class FindBoundaryRequest(_message.Message):
    __slots__ = ("facts", "after", "until", "limit")
    FACTS_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    facts: str
    after: str
    until: str
    limit: int
    def __init__(self, facts: _Optional[str] = ..., after: _Optional[str] = ..., until: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class FindBoundaryResponse(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: str
    def __init__(self, key: _Optional[str] = ...) -> None: ...

class DigestFactsRequest(_message.Message):
    __slots__ = ("facts", "after", "until", "names")
    FACTS_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    facts: str
    after: str
    until: str
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, facts: _Optional[str] = ..., after: _Optional[str] = ..., until: _Optional[str] = ..., names: _Optional[_Iterable[str]] = ...) -> None: ...

class DigestFactsResponse(_message.Message):
    __slots__ = ("count", "digest")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    count: int
    digest: str
    def __init__(self, count: _Optional[int] = ..., digest: _Optional[str] = ...) -> None: ...

class ListFactsRequest(_message.Message):
    __slots__ = ("facts", "after", "until", "names", "limit", "keys")
    FACTS_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    facts: str
    after: str
    until: str
    names: _containers.RepeatedScalarFieldContainer[str]
    limit: int
    keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, facts: _Optional[str] = ..., after: _Optional[str] = ..., until: _Optional[str] = ..., names: _Optional[_Iterable[str]] = ..., limit: _Optional[int] = ..., keys: _Optional[_Iterable[str]] = ...) -> None: ...

class ListFactsResponse(_message.Message):
    __slots__ = ("facts",)
    FACTS_FIELD_NUMBER: _ClassVar[int]
    facts: _containers.RepeatedCompositeFieldContainer[Fact]
    def __init__(self, facts: _Optional[_Iterable[_Union[Fact, _Mapping]]] = ...) -> None: ...

class Fact(_message.Message):
    __slots__ = ("key", "words", "detail")
    class DetailEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    KEY_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    key: str
    words: str
    detail: _containers.ScalarMap[str, str]
    def __init__(self, key: _Optional[str] = ..., words: _Optional[str] = ..., detail: _Optional[_Mapping[str, str]] = ...) -> None: ...
