-- Lock order of all who move stock: order_hold rows by order id, then stock rows by primary key.
-- Nobody who has a stock row waits for an order_hold row, so these functions cannot deadlock.
--
-- Each statement of a volatile function sees what was committed before it began. Locking rows in one
-- statement and judging them in the next therefore judges their newest state.

-- Protocol Buffers' base-128 varint of a number below 2^28
-- (https://protobuf.dev/programming-guides/encoding/#varints).
-- Operators such as & and >> bind alike and from the left, hence the parentheses.
CREATE FUNCTION proto_varint(n integer) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN n < 128 THEN substring(int4send(n) FROM 4)
    WHEN n < 16384 THEN substring(int4send((((n & 127) | 128) << 8) | (n >> 7)) FROM 3)
    WHEN n < 2097152 THEN substring(int4send(
        (((n & 127) | 128) << 16) | ((((n >> 7) & 127) | 128) << 8) | (n >> 14)) FROM 2)
    ELSE int4send((((n & 127) | 128) << 24) | ((((n >> 7) & 127) | 128) << 16)
        | ((((n >> 14) & 127) | 128) << 8) | (n >> 21))
END;

-- Field lines (2) of soko.events.v1.StockReserved. TypeIDs of variants and locations have 30 characters.
CREATE FUNCTION stock_line_wire(variant text, location text, quantity integer) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '\x12'::bytea || proto_varint(65 + length(proto_varint(quantity)))
    || '\x0a1e'::bytea || convert_to(variant, 'UTF8')
    || '\x121e'::bytea || convert_to(location, 'UTF8')
    || '\x18'::bytea || proto_varint(quantity);

-- Says why lines cannot be reserved now; outcome is null when they can. p_demands has the sum over all
-- lines of each line's variant. It locks nothing: the answer is about this moment.
--
-- A loop over primary keys: for the few lines of an order it takes half of what a statement over all
-- lines takes, which mostly sets itself up.
CREATE FUNCTION judge_lines(
    p_variant_ids uuid[], p_demands bigint[], p_amounts bigint[], p_currencies text[],
    OUT outcome text, OUT lines jsonb
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    sellable boolean;
    price bigint;
    free bigint;
    unsellable jsonb := '[]';
    repriced jsonb := '[]';
    short jsonb := '[]';
BEGIN
    FOR i IN 1 .. cardinality(p_variant_ids) LOOP
        SELECT p.status = 'active' AND s.status = 'active' AND v.removed_at IS NULL, c.amount_minor, (
            SELECT sum(k.on_hand - k.held - k.allocated) FROM stock k WHERE k.variant_id = v.id
        )
        INTO sellable, price, free
        FROM variant v
        JOIN product p ON p.id = v.product_id
        JOIN seller s ON s.id = p.seller_id
        LEFT JOIN price c ON c.variant_id = v.id AND c.currency = p_currencies[i]
        WHERE v.id = p_variant_ids[i];
        IF sellable IS NOT TRUE THEN
            unsellable := unsellable || jsonb_build_object('variant_id', p_variant_ids[i]);
        ELSIF price IS DISTINCT FROM p_amounts[i] THEN
            repriced := repriced || jsonb_build_object(
                'variant_id', p_variant_ids[i], 'currency', p_currencies[i],
                'expected_minor', p_amounts[i], 'amount_minor', price);
        ELSIF p_demands[i] > coalesce(free, 0) THEN
            short := short || jsonb_build_object(
                'variant_id', p_variant_ids[i], 'requested', p_demands[i],
                'available', coalesce(free, 0));
        END IF;
    END LOOP;
    IF unsellable <> '[]' THEN
        outcome := 'not_for_sale';
        lines := unsellable;
    ELSIF repriced <> '[]' THEN
        outcome := 'price_changed';
        lines := repriced;
    ELSIF short <> '[]' THEN
        outcome := 'out_of_stock';
        lines := short;
    END IF;
    IF outcome IS NOT NULL THEN
        SELECT jsonb_agg(DISTINCT l.line) INTO lines FROM jsonb_array_elements(lines) AS l (line);
    END IF;
END
$$;

-- Opens an order's hold, with a lock on it. outcome is null if its lines are still to be taken;
-- reserved if that was done before (the hold is extended then), or why it cannot be.
CREATE FUNCTION open_hold(
    p_order_id uuid, p_variant_ids uuid[], p_demands bigint[], p_amounts bigint[],
    p_currencies text[], p_expires_at timestamptz,
    OUT outcome text, OUT lines jsonb, OUT held_until timestamptz, OUT reopened boolean
) LANGUAGE plpgsql AS $$
DECLARE
    known text;
BEGIN
    held_until := p_expires_at;
    reopened := false;
    SELECT h.state INTO known FROM order_hold h WHERE h.order_id = p_order_id;
    -- A buyer of what is sold out is refused here, without a lock and without anything written.
    IF (known IS NULL OR known = 'expired') AND EXISTS (
        SELECT FROM unnest(p_variant_ids, p_demands) AS l (variant_id, demand)
        WHERE l.demand > coalesce((
            SELECT sum(k.on_hand - k.held - k.allocated) FROM stock k WHERE k.variant_id = l.variant_id
        ), 0)
    ) THEN
        SELECT j.outcome, j.lines INTO outcome, lines
        FROM judge_lines(p_variant_ids, p_demands, p_amounts, p_currencies) AS j;
        IF outcome IS NOT NULL THEN
            RETURN;
        END IF;
    END IF;
    INSERT INTO order_hold (order_id, state, expires_at) VALUES (p_order_id, 'held', p_expires_at)
    ON CONFLICT (order_id) DO NOTHING;
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT h.state, greatest(h.expires_at, p_expires_at) INTO known, held_until
    FROM order_hold h WHERE h.order_id = p_order_id FOR UPDATE;
    IF known = 'closed' THEN
        outcome := 'order_closed';
        RETURN;
    END IF;
    reopened := known = 'expired';
    UPDATE order_hold SET state = CASE WHEN reopened THEN 'held' ELSE known END,
        expires_at = held_until, changed_at = now()
    WHERE order_id = p_order_id;
    IF NOT reopened THEN
        outcome := 'reserved';
        SELECT jsonb_agg(jsonb_build_array(r.line_id, r.variant_id, c.type_id, r.quantity)
                         ORDER BY r.line_id, r.location_id)
        INTO lines
        FROM reservation r JOIN location c ON c.id = r.location_id
        WHERE r.order_id = p_order_id;
    END IF;
END
$$;

-- The allocator: each line takes from one location after the other until it has its units. A location
-- that can serve the whole demand comes first, then the default one. The caller has the stock's rows
-- and has judged that there is enough. wire has the lines as fields of soko.events.v1.StockReserved.
CREATE FUNCTION take_stock(
    p_order_id uuid, p_line_ids uuid[], p_variant_ids uuid[], p_quantities integer[],
    p_demands bigint[], p_variant_refs text[], OUT lines jsonb, OUT wire bytea
) LANGUAGE plpgsql AS $$
DECLARE
    place record;
    wanted integer;
    taken integer;
BEGIN
    lines := '[]';
    wire := '';
    FOR i IN 1 .. cardinality(p_line_ids) LOOP
        wanted := p_quantities[i];
        FOR place IN
            SELECT k.location_id, c.type_id, k.on_hand - k.held - k.allocated AS free
            FROM stock k JOIN location c ON c.id = k.location_id
            WHERE k.variant_id = p_variant_ids[i] AND k.on_hand - k.held - k.allocated > 0
            ORDER BY k.on_hand - k.held - k.allocated >= p_demands[i] DESC, c.is_default DESC,
                k.location_id
        LOOP
            taken := least(wanted, place.free);
            UPDATE stock k SET held = k.held + taken
            WHERE k.variant_id = p_variant_ids[i] AND k.location_id = place.location_id;
            INSERT INTO reservation (order_id, line_id, variant_id, location_id, quantity)
            VALUES (p_order_id, p_line_ids[i], p_variant_ids[i], place.location_id, taken);
            lines := lines || jsonb_build_array(jsonb_build_array(
                p_line_ids[i], p_variant_ids[i], place.type_id, taken));
            wire := wire || stock_line_wire(p_variant_refs[i], place.type_id, taken);
            wanted := wanted - taken;
            EXIT WHEN wanted = 0;
        END LOOP;
        IF wanted > 0 THEN
            RAISE EXCEPTION 'stock that was judged enough is not: variant %', p_variant_ids[i];
        END IF;
    END LOOP;
    INSERT INTO stock_touched (variant_id) SELECT DISTINCT unnest(p_variant_ids);
END
$$;

-- Holds stock for some orders, one after the other, each with all its lines or none. Orders come by
-- ascending id, each once; order n has the lines from p_first[n] to p_last[n]. A row per order tells
-- its outcome: reserved, order_closed, not_for_sale, price_changed or out_of_stock; lines tells what is
-- held where, or what is wrong with which variant. Repeating it answers the same and extends the hold.
CREATE FUNCTION reserve_stock(
    p_order_ids uuid[], p_first integer[], p_last integer[], p_expires_at timestamptz[],
    p_event_ids uuid[], p_order_refs text[], p_event_tails text[], p_traceparents text[],
    p_line_ids uuid[], p_variant_ids uuid[], p_quantities integer[], p_demands bigint[],
    p_amounts bigint[], p_currencies text[], p_variant_refs text[]
) RETURNS TABLE (order_id uuid, outcome text, lines jsonb, held_until timestamptz) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    n integer;
    a integer;
    b integer;
    reopened boolean[] := '{}';
    until timestamptz[] := '{}';
    opened record;
    judged record;
    got record;
    todo integer[] := '{}';
    wanted uuid[] := '{}';
BEGIN
    FOR i IN 1 .. cardinality(p_order_ids) LOOP
        n := i;
        a := p_first[n];
        b := p_last[n];
        opened := open_hold(p_order_ids[n], p_variant_ids[a:b], p_demands[a:b], p_amounts[a:b],
                            p_currencies[a:b], p_expires_at[n]);
        IF opened.outcome IS NULL THEN
            todo := todo || n;
            wanted := wanted || p_variant_ids[a:b];
            reopened[n] := opened.reopened;
            until[n] := opened.held_until;
        ELSE
            order_id := p_order_ids[n];
            outcome := opened.outcome;
            lines := opened.lines;
            held_until := opened.held_until;
            RETURN NEXT;
        END IF;
    END LOOP;

    PERFORM 1 FROM stock k WHERE k.variant_id = ANY (wanted)
    ORDER BY k.variant_id, k.location_id FOR UPDATE;

    FOREACH n IN ARRAY todo LOOP
        a := p_first[n];
        b := p_last[n];
        order_id := p_order_ids[n];
        held_until := until[n];
        judged := judge_lines(p_variant_ids[a:b], p_demands[a:b], p_amounts[a:b], p_currencies[a:b]);
        outcome := judged.outcome;
        lines := judged.lines;
        IF outcome IS NULL THEN
            outcome := 'reserved';
            got := take_stock(p_order_ids[n], p_line_ids[a:b], p_variant_ids[a:b],
                              p_quantities[a:b], p_demands[a:b], p_variant_refs[a:b]);
            lines := got.lines;
            -- Fields of soko.events.v1.StockReserved: order_id (1), lines, expires_at.
            PERFORM outbox_append(
                p_event_ids[n], 'stock_reserved', p_order_refs[n],
                '\x0a1e'::bytea || convert_to(p_order_refs[n], 'UTF8') || got.wire
                    || decode(p_event_tails[n], 'hex'),
                p_traceparents[n]);
        ELSIF reopened[n] THEN
            UPDATE order_hold h SET state = 'expired' WHERE h.order_id = p_order_ids[n];
        ELSE
            DELETE FROM order_hold h WHERE h.order_id = p_order_ids[n];
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Turns the holds of orders into allocations; gives back those that have neither.
CREATE FUNCTION commit_stock(
    p_order_ids uuid[], p_order_refs text[], p_event_ids uuid[], p_payloads bytea[],
    p_traceparent text
) RETURNS uuid[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    orders uuid[];
BEGIN
    orders := ARRAY(
        SELECT h.order_id FROM order_hold h
        WHERE h.order_id = ANY (p_order_ids) AND h.state = 'held'
        ORDER BY h.order_id FOR UPDATE
    );
    IF cardinality(orders) > 0 THEN
        PERFORM 1 FROM stock k
        WHERE (k.variant_id, k.location_id) IN (
            SELECT r.variant_id, r.location_id FROM reservation r WHERE r.order_id = ANY (orders))
        ORDER BY k.variant_id, k.location_id FOR UPDATE;
        UPDATE stock k SET held = k.held - m.quantity, allocated = k.allocated + m.quantity
        FROM (
            SELECT r.variant_id, r.location_id, sum(r.quantity) AS quantity
            FROM reservation r WHERE r.order_id = ANY (orders)
            GROUP BY r.variant_id, r.location_id
        ) AS m
        WHERE k.variant_id = m.variant_id AND k.location_id = m.location_id;
        UPDATE order_hold SET state = 'allocated', expires_at = NULL, changed_at = now()
        WHERE order_id = ANY (orders);
        PERFORM outbox_append(e.id, 'stock_committed', e.ref, e.payload, p_traceparent)
        FROM unnest(p_order_ids, p_order_refs, p_event_ids, p_payloads)
            AS e (order_id, ref, id, payload)
        WHERE e.order_id = ANY (orders);
    END IF;
    RETURN ARRAY(
        SELECT o.order_id FROM unnest(p_order_ids) AS o (order_id)
        WHERE NOT EXISTS (
            SELECT FROM order_hold h WHERE h.order_id = o.order_id AND h.state = 'allocated')
    );
END
$$;

-- Ends holds and allocations for good: each order is closed, whether it had stock or not.
-- With p_expired_before, only holds that ended before then end, and their orders may reserve again.
-- Gives back the orders whose stock became free.
CREATE FUNCTION release_stock(
    p_order_ids uuid[], p_expired_before timestamptz, p_reason text,
    p_order_refs text[], p_event_ids uuid[], p_payloads bytea[], p_traceparent text
) RETURNS uuid[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    final boolean := p_expired_before IS NULL;
    orders uuid[];
BEGIN
    IF final THEN
        INSERT INTO order_hold (order_id, state, reason)
        SELECT o.order_id, 'closed', p_reason FROM unnest(p_order_ids) AS o (order_id)
        ORDER BY o.order_id
        ON CONFLICT (order_id) DO NOTHING;
    END IF;
    PERFORM 1 FROM order_hold h WHERE h.order_id = ANY (p_order_ids) AND h.state <> 'closed'
    ORDER BY h.order_id FOR UPDATE;
    orders := ARRAY(
        SELECT h.order_id FROM order_hold h
        WHERE h.order_id = ANY (p_order_ids)
            AND CASE WHEN final THEN h.state IN ('held', 'allocated')
                ELSE h.state = 'held' AND h.expires_at < p_expired_before END
    );
    PERFORM 1 FROM stock k
    WHERE (k.variant_id, k.location_id) IN (
        SELECT r.variant_id, r.location_id FROM reservation r WHERE r.order_id = ANY (orders))
    ORDER BY k.variant_id, k.location_id FOR UPDATE;
    WITH moved AS (
        UPDATE stock k SET held = k.held - m.held, allocated = k.allocated - m.allocated
        FROM (
            SELECT r.variant_id, r.location_id,
                coalesce(sum(r.quantity) FILTER (WHERE h.state = 'held'), 0) AS held,
                coalesce(sum(r.quantity) FILTER (WHERE h.state = 'allocated'), 0) AS allocated
            FROM reservation r JOIN order_hold h ON h.order_id = r.order_id
            WHERE r.order_id = ANY (orders)
            GROUP BY r.variant_id, r.location_id
        ) AS m
        WHERE k.variant_id = m.variant_id AND k.location_id = m.location_id
        RETURNING k.variant_id
    )
    INSERT INTO stock_touched (variant_id) SELECT DISTINCT variant_id FROM moved;
    DELETE FROM reservation WHERE order_id = ANY (orders);
    IF final THEN
        UPDATE order_hold SET state = 'closed', reason = p_reason, expires_at = NULL,
            changed_at = now()
        WHERE order_id = ANY (p_order_ids) AND state <> 'closed';
    ELSE
        UPDATE order_hold SET state = 'expired', changed_at = now() WHERE order_id = ANY (orders);
    END IF;
    PERFORM outbox_append(e.id, 'stock_released', e.ref, e.payload, p_traceparent)
    FROM unnest(p_order_ids, p_order_refs, p_event_ids, p_payloads) AS e (order_id, ref, id, payload)
    WHERE e.order_id = ANY (orders);
    RETURN orders;
END
$$;
