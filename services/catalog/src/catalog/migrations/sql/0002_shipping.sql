-- Parcels that left, and what each took from where: shipping and taking back happen once per parcel.
CREATE TABLE stock_shipment (
    shipment_id uuid PRIMARY KEY,
    order_id uuid NOT NULL,
    shipped_at timestamptz NOT NULL DEFAULT now(),
    returned_at timestamptz
);
CREATE INDEX stock_shipment_order_id ON stock_shipment (order_id);

CREATE TABLE shipped_stock (
    shipment_id uuid NOT NULL REFERENCES stock_shipment (shipment_id),
    line_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    quantity integer NOT NULL CONSTRAINT shipped_stock_quantity CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, line_id, location_id)
);

-- Takes a parcel's units off the shelf where they were allocated; each line stands there once.
-- Answers shipped, also when it was done before, or not_allocated and changes nothing.
--
-- Locks as 0001_stock_functions.sql says: the order's hold, then stock by primary key. An order that is
-- closed already had its units freed: they left and came back before anybody told, so nothing moves.
CREATE FUNCTION ship_stock(
    p_shipment_id uuid, p_order_id uuid, p_line_ids uuid[], p_quantities integer[]
) RETURNS text LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    known text;
    place record;
    wanted integer;
    taken integer;
BEGIN
    SELECT h.state INTO known FROM order_hold h WHERE h.order_id = p_order_id FOR UPDATE;
    IF EXISTS (SELECT FROM stock_shipment s WHERE s.shipment_id = p_shipment_id) THEN
        RETURN 'shipped';
    END IF;
    IF known IS NULL OR known NOT IN ('allocated', 'closed') THEN
        RETURN 'not_allocated';
    END IF;
    IF known = 'allocated' AND EXISTS (
        SELECT FROM unnest(p_line_ids, p_quantities) AS l (line_id, quantity)
        WHERE l.quantity > coalesce((
            SELECT sum(r.quantity) FROM reservation r
            WHERE r.order_id = p_order_id AND r.line_id = l.line_id
        ), 0)
    ) THEN
        RETURN 'not_allocated';
    END IF;
    INSERT INTO stock_shipment (shipment_id, order_id) VALUES (p_shipment_id, p_order_id);
    IF known = 'closed' THEN
        RETURN 'shipped';
    END IF;
    PERFORM 1 FROM stock k
    WHERE (k.variant_id, k.location_id) IN (
        SELECT r.variant_id, r.location_id FROM reservation r
        WHERE r.order_id = p_order_id AND r.line_id = ANY (p_line_ids))
    ORDER BY k.variant_id, k.location_id FOR UPDATE;
    FOR i IN 1 .. cardinality(p_line_ids) LOOP
        wanted := p_quantities[i];
        FOR place IN
            SELECT r.variant_id, r.location_id, r.quantity FROM reservation r
            WHERE r.order_id = p_order_id AND r.line_id = p_line_ids[i] ORDER BY r.location_id
        LOOP
            taken := least(wanted, place.quantity);
            UPDATE stock k SET on_hand = k.on_hand - taken, allocated = k.allocated - taken,
                version = k.version + 1
            WHERE k.variant_id = place.variant_id AND k.location_id = place.location_id;
            INSERT INTO shipped_stock (shipment_id, line_id, variant_id, location_id, quantity)
            VALUES (p_shipment_id, p_line_ids[i], place.variant_id, place.location_id, taken);
            IF taken = place.quantity THEN
                DELETE FROM reservation r WHERE r.order_id = p_order_id
                    AND r.line_id = p_line_ids[i] AND r.location_id = place.location_id;
            ELSE
                UPDATE reservation r SET quantity = r.quantity - taken WHERE r.order_id = p_order_id
                    AND r.line_id = p_line_ids[i] AND r.location_id = place.location_id;
            END IF;
            wanted := wanted - taken;
            EXIT WHEN wanted = 0;
        END LOOP;
    END LOOP;
    RETURN 'shipped';
END
$$;

-- Puts a parcel's units back where they came from. Answers returned, also when it was done before, or
-- unknown for a parcel that never left.
CREATE FUNCTION take_back_stock(p_shipment_id uuid) RETURNS text LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    returned timestamptz;
BEGIN
    SELECT s.returned_at INTO returned FROM stock_shipment s
    WHERE s.shipment_id = p_shipment_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    END IF;
    IF returned IS NOT NULL THEN
        RETURN 'returned';
    END IF;
    PERFORM 1 FROM stock k
    WHERE (k.variant_id, k.location_id) IN (
        SELECT u.variant_id, u.location_id FROM shipped_stock u WHERE u.shipment_id = p_shipment_id)
    ORDER BY k.variant_id, k.location_id FOR UPDATE;
    WITH moved AS (
        UPDATE stock k SET on_hand = k.on_hand + u.quantity, version = k.version + 1
        FROM (
            SELECT variant_id, location_id, sum(quantity) AS quantity FROM shipped_stock
            WHERE shipment_id = p_shipment_id GROUP BY variant_id, location_id
        ) AS u
        WHERE k.variant_id = u.variant_id AND k.location_id = u.location_id
        RETURNING k.variant_id
    )
    INSERT INTO stock_touched (variant_id) SELECT DISTINCT variant_id FROM moved;
    UPDATE stock_shipment SET returned_at = now() WHERE shipment_id = p_shipment_id;
    RETURN 'returned';
END
$$;
