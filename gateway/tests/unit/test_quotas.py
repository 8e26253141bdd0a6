"""Quotas: their setting, the classes of operations, and the arithmetic."""

import pytest

from gateway.api import ApiRoute
from gateway.app import create_application
from gateway.buckets import MemoryBuckets
from gateway.quotas import DEFAULTS, Quota, class_of, limits_of
from gateway.settings import GatewaySettings


class Time:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


SIX = Quota("six", 6)
"""One every ten seconds."""


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def buckets(time):
    return MemoryBuckets(time)


def one(buckets, key="k", quota=SIX):
    return buckets.take([(key, quota)])[0]


def test_a_quota_may_be_used_at_once_and_comes_back_bit_by_bit(buckets, time):
    taken = [one(buckets) for _ in range(7)]
    assert [each.allowed for each in taken] == [True] * 6 + [False]
    assert [each.remaining for each in taken] == [5, 4, 3, 2, 1, 0, 0]
    assert taken[-1].wait_s == pytest.approx(10)
    time.now_s += 9.9
    assert not one(buckets).allowed
    time.now_s += 0.2
    assert one(buckets).allowed
    assert not one(buckets).allowed
    time.now_s += 60
    assert one(buckets).remaining == 5


def test_more_is_promised_when_there_is_more(buckets, time):
    one(buckets)
    time.now_s += 4
    last = one(buckets)
    assert (last.remaining, last.wait_s) == (4, pytest.approx(6))
    time.now_s += last.wait_s
    assert one(buckets).remaining == 4


def test_refusals_cost_nothing(buckets, time):
    for _ in range(100):
        one(buckets)
    time.now_s += 10.1
    assert one(buckets).allowed


def test_no_rate_over_any_minute_exceeds_twice_the_quota(buckets, time):
    allowed = 0
    for _ in range(600):
        time.now_s += 0.1
        allowed += one(buckets).allowed
    assert allowed <= 12


def test_buckets_are_apart(buckets):
    for _ in range(6):
        one(buckets, "a")
    assert not one(buckets, "a").allowed
    assert one(buckets, "b").allowed


def test_a_request_draws_on_all_of_its_buckets_or_on_none(buckets):
    small = Quota("small", 1)
    assert [each.allowed for each in buckets.take([("a", SIX), ("b", small)])] == [True, True]
    for _ in range(20):
        assert [each.allowed for each in buckets.take([("a", SIX), ("b", small)])] == [True, False]
    assert one(buckets, "a").remaining == 4


def test_what_nobody_draws_on_is_forgotten_and_what_counts_is_not(buckets, time):
    for number in range(1000):
        one(buckets, f"address {number}")
    for _ in range(6):
        one(buckets)
    for _ in range(5):
        time.now_s += 30
        for _ in range(3):
            one(buckets)
        assert not one(buckets).allowed
    assert len(buckets) < 10


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/v1/products", "reads"),
        ("HEAD", "/v1/products", "reads"),
        ("POST", "/v1/carts", "writes"),
        ("POST", "/v1/carts/{cart_id}/checkout", "checkout"),
        ("POST", "/v1/auth/login", "auth"),
        ("POST", "/v1/auth/password-reset/confirm", "auth"),
        ("POST", "/v1/auth/step-up", "auth"),
        ("GET", "/v1/auth/oauth", "reads"),
        ("GET", "/v1/auth/oauth/{provider}/authorize", "auth"),
        ("POST", "/v1/auth/oauth/{provider}/callback", "auth"),
        ("POST", "/v1/me/identities/{provider}", "auth"),
        ("POST", "/v1/me/password", "auth"),
        ("POST", "/v1/me/totp/confirm", "auth"),
        ("POST", "/v1/auth/refresh", "writes"),
        ("POST", "/v1/auth/logout", "writes"),
        ("POST", "/v1/webhooks/payments/{provider}", "webhooks"),
        ("GET", "/readyz", ""),
    ],
)
def test_operations_have_classes(method, path, kind):
    assert class_of(method, path) == kind


def test_only_probes_are_not_counted():
    app = create_application(GatewaySettings(secret="s" * 32))
    free = {
        route.path
        for route in app.router.routes
        if isinstance(route, ApiRoute) and not class_of(min(route.methods), route.path)
    }
    assert free <= {"/livez", "/readyz", "/metrics"}


def test_a_setting_names_what_differs():
    plain = limits_of("", production=True)
    assert (plain["reads"].address.most, plain["reads"].account.most) == DEFAULTS["reads"]
    assert plain["webhooks"].account is None
    changed = limits_of(" auth=7:0, checkout=9:3 ", production=True)
    assert (changed["auth"].address.most, changed["auth"].account) == (7, None)
    assert changed["reads"] == plain["reads"]
    roomy = limits_of("auth=7:5", production=False)
    assert roomy["auth"].address.most == 7
    assert roomy["reads"].address.most == 1000 * DEFAULTS["reads"].address
    assert limits_of("off", production=True) == {}


@pytest.mark.parametrize(
    "text", ["reads", "reads=5", "reads=5:x", "cooking=5:5", "reads=-1:5", "on"]
)
def test_a_setting_that_cannot_be_read_is_refused_at_the_start(text):
    with pytest.raises(ValueError):
        limits_of(text, production=True)
    with pytest.raises(ValueError):
        GatewaySettings(secret="s" * 32, rate_limits=text)
