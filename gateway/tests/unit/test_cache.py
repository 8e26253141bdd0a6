"""The cache is bounded, forgets what changed, and takes in nothing that a change overtook."""

import pytest

from gateway import cache as cache_module
from gateway.cache import AnswerCache, Entry, etag_matches
from gateway.cached_reads import normalized_key


def entry(tag="", body=b"x"):
    return Entry([(b"etag", b'"e"'), (b"content-length", b"1")], body, tag)


def filled():
    cache = AnswerCache(1_000_000)
    cache.put("one", entry("a"), cache.now())
    cache.put("two", entry("b"), cache.now())
    cache.put("list", entry(), cache.now())
    return cache


def kept(cache):
    return {key for key in ("one", "two", "list") if cache.get(key)}


def test_a_changed_thing_leaves_others_alone():
    cache = filled()
    cache.forget_tag("a")
    assert kept(cache) == {"two", "list"}


def test_lists_are_forgotten_together():
    cache = filled()
    cache.forget_lists()
    assert kept(cache) == {"one", "two"}


def test_everything_can_be_forgotten():
    cache = filled()
    cache.forget_all()
    assert kept(cache) == set()
    assert cache.size == 0


@pytest.mark.parametrize(
    ("tag", "change", "accepted"),
    [
        ("a", lambda cache: cache.forget_tag("a"), False),
        ("a", lambda cache: cache.forget_tag("b"), True),
        ("a", lambda cache: cache.forget_lists(), True),
        ("a", lambda cache: cache.forget_all(), False),
        ("", lambda cache: cache.forget_tag("a"), True),
        ("", lambda cache: cache.forget_lists(), False),
        ("", lambda cache: cache.forget_all(), False),
    ],
)
def test_an_answer_that_was_overtaken_is_not_kept(tag, change, accepted):
    cache = AnswerCache(1_000_000)
    began = cache.now()
    change(cache)
    assert cache.put("key", entry(tag), began) is accepted
    assert cache.put("key", entry(tag), cache.now())


def test_a_forgotten_change_still_refuses_what_began_before_it():
    cache = AnswerCache(1_000_000)
    began = cache.now()
    cache.forget_tag("a")
    for number in range(cache_module._MAX_TOUCHED + 1):
        cache.forget_tag(str(number))
    assert not cache.put("key", entry("a"), began)


def test_the_least_recently_used_goes_first_and_bytes_are_bounded():
    cache = AnswerCache(10_000)
    for number in range(50):
        cache.put(str(number), entry(body=b"x" * 1000), cache.now())
        assert cache.get("0")
        assert cache.size <= 10_000
    assert cache.get("49")
    assert not cache.get("1")
    assert not cache.put("huge", entry(body=b"x" * 20_000), cache.now())


def test_an_answer_is_not_kept_beyond_its_ceiling(monkeypatch):
    cache = filled()
    later = cache_module.time.monotonic() + cache_module.MAX_AGE_S
    monkeypatch.setattr(cache_module.time, "monotonic", lambda: later)
    assert kept(cache) == set()
    assert cache.size == 0


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        (b'"e"', True),
        (b'W/"e"', True),
        (b'"x", "e"', True),
        (b'"e-gz"', True),
        (b" * ", True),
        (b'"x"', False),
        (b"e", False),
        (b"", False),
    ],
)
def test_conditions_are_compared_weakly(condition, matches):
    assert etag_matches(condition, b'"e"') is matches


def test_small_bodies_are_not_compressed():
    small = entry(body=b"x" * 100)
    assert small.compressed() == (small.headers, small.body)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"a=1", b"cursor=1"),
        (b"q=a", b"q=b"),
        (b"q=a&q=b", b"q=b&q=a"),
        (b"q=a%26sort%3Dprice", b"q=a&sort=price"),
        (b"q=", b""),
    ],
)
def test_different_questions_have_different_keys(one, other):
    assert normalized_key("/v1/products", one) != normalized_key("/v1/products", other)
