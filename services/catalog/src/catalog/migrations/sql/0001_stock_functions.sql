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

-- Says why lines cannot be reserved now, or nothing: outcome is null when they can.
-- It locks nothing: the answer is about this moment.
CREATE FUNCTION judge_lines(
    p_variant_ids uuid[], p_quantities integer[], p_amounts bigint[], p_currencies text[],
    OUT outcome text, OUT lines jsonb
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    sellable boolean;
    same_price boolean;
    enough boolean;
BEGIN
    SELECT
        bool_and(p.status = 'active' AND s.status = 'active' AND v.removed_at IS NULL
                 AND p.id IS NOT NULL),
        bool_and(c.amount_minor IS NOT DISTINCT FROM l.amount)
    INTO sellable, same_price
    FROM unnest(p_variant_ids, p_amounts, p_currencies) AS l (variant_id, amount, currency)
    LEFT JOIN variant v ON v.id = l.variant_id
    LEFT JOIN product p ON p.id = v.product_id
    LEFT JOIN seller s ON s.id = p.seller_id
    LEFT JOIN price c ON c.variant_id = l.variant_id AND c.currency = l.currency;
    IF sellable IS NOT TRUE THEN
        outcome := 'not_for_sale';
        SELECT jsonb_agg(jsonb_build_object('variant_id', l.variant_id)) INTO lines
        FROM (SELECT DISTINCT variant_id FROM unnest(p_variant_ids) AS u (variant_id)) AS l
        LEFT JOIN variant v ON v.id = l.variant_id
        LEFT JOIN product p ON p.id = v.product_id
        LEFT JOIN seller s ON s.id = p.seller_id
        WHERE (p.status = 'active' AND s.status = 'active' AND v.removed_at IS NULL) IS NOT TRUE;
        RETURN;
    END IF;
    IF same_price IS NOT TRUE THEN
        outcome := 'price_changed';
        SELECT jsonb_agg(DISTINCT jsonb_build_object(
            'variant_id', l.variant_id, 'currency', l.currency,
            'expected_minor', l.amount, 'amount_minor', c.amount_minor)) INTO lines
        FROM unnest(p_variant_ids, p_amounts, p_currencies) AS l (variant_id, amount, currency)
        LEFT JOIN price c ON c.variant_id = l.variant_id AND c.currency = l.currency
        WHERE c.amount_minor IS DISTINCT FROM l.amount;
        RETURN;
    END IF;
    SELECT bool_and(n.requested <= n.available),
        jsonb_agg(jsonb_build_object(
            'variant_id', n.variant_id, 'requested', n.requested, 'available', n.available)
        ) FILTER (WHERE n.requested > n.available)
    INTO enough, lines
    FROM (
        SELECT d.variant_id, d.requested, coalesce((
            SELECT sum(k.on_hand - k.held - k.allocated) FROM stock k WHERE k.variant_id = d.variant_id
        ), 0) AS available
        FROM (
            SELECT u.variant_id, sum(u.quantity) AS requested
            FROM unnest(p_variant_ids, p_quantities) AS u (variant_id, quantity)
            GROUP BY u.variant_id
        ) AS d
    ) AS n;
    IF enough IS NOT TRUE THEN
        outcome := 'out_of_stock';
    END IF;
END
$$;

-- Holds stock for an order: all lines or none. outcome is reserved, order_closed, not_for_sale,
-- price_changed or out_of_stock; lines tells what is held where, or what is wrong with which variant.
-- Repeating it answers the same and extends the hold.
CREATE FUNCTION reserve_stock(
    p_order_id uuid, p_line_ids uuid[], p_variant_ids uuid[], p_quantities integer[],
    p_amounts bigint[], p_currencies text[], p_variant_refs text[], p_expires_at timestamptz,
    p_event_id uuid, p_order_ref text, p_event_head bytea, p_event_tail bytea, p_traceparent text,
    OUT outcome text, OUT lines jsonb, OUT held_until timestamptz
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    known text;
    inserted boolean;
    event_lines bytea;
BEGIN
    held_until := p_expires_at;
    SELECT h.state INTO known FROM order_hold h WHERE h.order_id = p_order_id;
    -- A buyer of what is sold out is refused here, without a lock and without anything written.
    IF (known IS NULL OR known = 'expired') AND EXISTS (
        SELECT FROM unnest(p_variant_ids, p_quantities) AS l (variant_id, quantity)
        WHERE l.quantity > coalesce((
            SELECT sum(k.on_hand - k.held - k.allocated) FROM stock k WHERE k.variant_id = l.variant_id
        ), 0)
    ) THEN
        SELECT j.outcome, j.lines INTO outcome, lines
        FROM judge_lines(p_variant_ids, p_quantities, p_amounts, p_currencies) AS j;
        IF outcome IS NOT NULL THEN
            RETURN;
        END IF;
    END IF;

    INSERT INTO order_hold (order_id, state, expires_at) VALUES (p_order_id, 'held', p_expires_at)
    ON CONFLICT (order_id) DO NOTHING;
    inserted := FOUND;
    IF NOT inserted THEN
        SELECT h.state, greatest(h.expires_at, p_expires_at) INTO known, held_until
        FROM order_hold h WHERE h.order_id = p_order_id FOR UPDATE;
        IF known = 'closed' THEN
            outcome := 'order_closed';
            RETURN;
        END IF;
        UPDATE order_hold SET state = CASE known WHEN 'expired' THEN 'held' ELSE known END,
            expires_at = held_until, changed_at = now()
        WHERE order_id = p_order_id;
        IF known <> 'expired' THEN
            outcome := 'reserved';
            SELECT jsonb_agg(jsonb_build_array(r.line_id, r.variant_id, c.type_id, r.quantity)
                             ORDER BY r.line_id, r.location_id)
            INTO lines
            FROM reservation r JOIN location c ON c.id = r.location_id
            WHERE r.order_id = p_order_id;
            RETURN;
        END IF;
    END IF;

    PERFORM 1 FROM stock k WHERE k.variant_id = ANY (p_variant_ids)
    ORDER BY k.variant_id, k.location_id FOR UPDATE;
    SELECT j.outcome, j.lines INTO outcome, lines
    FROM judge_lines(p_variant_ids, p_quantities, p_amounts, p_currencies) AS j;
    IF outcome IS NOT NULL THEN
        IF inserted THEN
            DELETE FROM order_hold WHERE order_id = p_order_id;
        ELSE
            UPDATE order_hold SET state = 'expired' WHERE order_id = p_order_id;
        END IF;
        RETURN;
    END IF;

    -- The allocator: a variant's lines and its locations each cut the same axis of units into
    -- intervals, and a line takes from a location what both have in common. A location that can
    -- serve the whole demand comes first, then the default one.
    WITH line AS (
        SELECT u.line_id, u.variant_id, u.ref, u.quantity,
            sum(u.quantity) OVER (PARTITION BY u.variant_id ORDER BY u.number) AS upto,
            sum(u.quantity) OVER (PARTITION BY u.variant_id) AS demand
        FROM unnest(p_line_ids, p_variant_ids, p_variant_refs, p_quantities)
            WITH ORDINALITY AS u (line_id, variant_id, ref, quantity, number)
    ), place AS MATERIALIZED (
        SELECT k.variant_id, k.location_id, c.type_id, k.on_hand - k.held - k.allocated AS free,
            sum(k.on_hand - k.held - k.allocated) OVER (
                PARTITION BY k.variant_id
                ORDER BY k.on_hand - k.held - k.allocated >= d.demand DESC, c.is_default DESC,
                    k.location_id
            ) AS upto
        FROM (SELECT DISTINCT variant_id, demand FROM line) AS d
        JOIN stock k ON k.variant_id = d.variant_id
        JOIN location c ON c.id = k.location_id
    ), taken AS MATERIALIZED (
        SELECT l.line_id, l.variant_id, l.ref, p.location_id, p.type_id,
            (least(l.upto, p.upto) - greatest(l.upto - l.quantity, p.upto - p.free))::integer AS quantity
        FROM line l JOIN place p ON p.variant_id = l.variant_id
        WHERE l.upto > p.upto - p.free AND p.upto > l.upto - l.quantity
    ), moved AS (
        UPDATE stock k SET held = k.held + t.quantity
        FROM (
            SELECT variant_id, location_id, sum(quantity) AS quantity
            FROM taken GROUP BY variant_id, location_id
        ) AS t
        WHERE k.variant_id = t.variant_id AND k.location_id = t.location_id
    ), kept AS (
        INSERT INTO reservation (order_id, line_id, variant_id, location_id, quantity)
        SELECT p_order_id, line_id, variant_id, location_id, quantity FROM taken
    ), touched AS (
        INSERT INTO stock_touched (variant_id) SELECT DISTINCT variant_id FROM taken
    )
    SELECT jsonb_agg(jsonb_build_array(line_id, variant_id, type_id, quantity)
                     ORDER BY line_id, location_id),
        string_agg(stock_line_wire(ref, type_id, quantity), '' ORDER BY line_id, location_id)
    INTO lines, event_lines FROM taken;
    outcome := 'reserved';
    PERFORM outbox_append(p_event_id, 'stock_reserved', p_order_ref,
                          p_event_head || event_lines || p_event_tail, p_traceparent);
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
