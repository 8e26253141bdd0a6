"""A seed replays its faults."""

from itertools import pairwise

import pytest

from devstack.chaos.schedule import PLANS, schedule


@pytest.mark.parametrize("plan", PLANS)
def test_a_seed_makes_the_same_faults_again_and_another_seed_others(plan: str) -> None:
    first = schedule(plan, 7, 300)
    assert first == schedule(plan, 7, 300)
    assert first != schedule(plan, 8, 300)


@pytest.mark.parametrize("plan", PLANS)
def test_faults_follow_one_another_and_end_in_time(plan: str) -> None:
    faults = schedule(plan, 3, 600)
    assert all(before.ends_s < after.at_s for before, after in pairwise(faults))
    assert faults[-1].ends_s <= 600
    assert {fault.kind for fault in faults} == set(PLANS[plan])


def test_a_short_run_has_short_faults() -> None:
    assert all(fault.lasts_s <= 5 for seed in range(20) for fault in schedule("broker", seed, 20))
