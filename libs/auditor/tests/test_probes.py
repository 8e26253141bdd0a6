"""What a probe remembers does not grow with what is wrong."""

from auditor.findings import Finding, Promise
from auditor.probes import MOST_SUSPECTS, Suspects

PROMISE = Promise("order_totals", "Sums add up.", "Correct them.")


def a_finding(key: str) -> Finding:
    return Finding(PROMISE, f"ord_{key}", "off by one", key)


def test_suspects_beyond_the_most_are_counted_and_not_kept() -> None:
    suspects = Suspects()
    for number in range(MOST_SUSPECTS + 7):
        suspects.add(a_finding(str(number)))
    assert len(suspects.findings) == MOST_SUSPECTS
    assert suspects.unseen == {PROMISE: 7}


def test_a_subject_that_two_pages_tell_of_counts_once() -> None:
    suspects = Suspects()
    suspects.add(a_finding("1"))
    suspects.add(a_finding("1"))
    assert len(suspects.findings) == 1
