"""What can be audited of any outbox and inbox."""

from __future__ import annotations

from typing import Final

from chassis.audit import Check, Facts, SqlCheck

# Rows that were published a month ago are cleaned away. Of what is younger an aggregate's numbers
# begin somewhere, go on without a gap and end at its counter.
OUTBOX_CHECKS: Final[tuple[Check, ...]] = (
    SqlCheck(
        name="event_sequences",
        promise="The events of an aggregate are numbered without a gap up to its counter.",
        repair="An event was removed from the outbox or never written: compare the aggregate's"
        " rows with its events, and insert what is missing under its number.",
        table="outbox_sequence",
        key="aggregate_id",
        key_type="text",
        breaches="""
            SELECT s.aggregate_id AS key, s.aggregate_id AS subject, format(
                'the counter is at %s, the outbox has %s events from %s to %s',
                s.last, count(o.id), min(o.sequence), max(o.sequence)) AS explanation
            FROM outbox_sequence s JOIN outbox o ON o.aggregate_id = s.aggregate_id
            WHERE {span s.aggregate_id} AND {span o.aggregate_id}
                AND o.occurred_at > now() - interval '29 days'
            GROUP BY s.aggregate_id, s.last
            HAVING max(o.sequence) <> s.last OR count(*) <> s.last - min(o.sequence) + 1
        """,
    ),
    SqlCheck(
        name="events_published",
        promise="Every event is published soon after it happened.",
        repair="See whether the broker answers and the service's relay runs (its log says"
        " relay_waits); the outbox keeps the event until then.",
        severity="warning",
        table="outbox",
        key="id",
        rows="published_at IS NULL",
        breaches="""
            SELECT id AS key, id AS subject, format('%s of %s waits since %s',
                name, aggregate_id, to_char(occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            ) AS explanation
            FROM outbox WHERE {span id} AND published_at IS NULL
                AND occurred_at < now() - make_interval(secs => %(grace)s)
        """,
        prefix="evt",
    ),
)

INBOX_CHECKS: Final[tuple[Check, ...]] = (
    SqlCheck(
        name="events_handled",
        promise="No event was given up.",
        repair="Read the error, mend its cause, then redrive the dead letter.",
        table="dead_letter",
        key="event_id",
        rows="redriven_at IS NULL",
        breaches="""
            SELECT event_id AS key, event_id AS subject, format('%s of %s was given up after %s'
                ' deliveries: %s', name, aggregate_id, deliveries, left(error, 200)) AS explanation
            FROM dead_letter WHERE {span event_id} AND redriven_at IS NULL
        """,
        prefix="evt",
    ),
)

OUTBOX_FACTS: Final = Facts(
    name="events_told",
    table="outbox",
    key="id",
    facts="""
        SELECT id AS key, '' AS words, jsonb_build_object('name', name, 'aggregate', aggregate_id,
            'published', published_at IS NOT NULL) AS detail
        FROM outbox WHERE {span id}
            AND (cardinality(%(names)s::text[]) = 0 OR name = ANY (%(names)s::text[]))
    """,
)

# A dead letter was heard, and is told of by itself.
INBOX_FACTS: Final = Facts(
    name="events_heard",
    table="inbox",
    key="event_id",
    facts="""
        SELECT event_id AS key, '' AS words, '{}'::jsonb AS detail FROM inbox WHERE {span event_id}
        UNION ALL
        SELECT event_id, '', '{}' FROM dead_letter d WHERE {span event_id}
            AND NOT EXISTS (SELECT FROM inbox i WHERE i.event_id = d.event_id)
    """,
)
