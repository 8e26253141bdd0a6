-- What identity tells of a seller: a narrow copy, because a sale must not wait for another service.
CREATE TABLE seller (
    id uuid PRIMARY KEY,
    slug text NOT NULL,
    name text NOT NULL,
    country text NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    -- Sequence of the event that was applied last; 0 when it was asked for.
    sequence bigint NOT NULL
);
CREATE INDEX seller_slug ON seller (slug);

CREATE TABLE category (
    id uuid PRIMARY KEY,
    parent_id uuid REFERENCES category (id),
    name text NOT NULL,
    slug text NOT NULL CONSTRAINT category_slug_key UNIQUE,
    created_at timestamptz NOT NULL
);
CREATE INDEX category_parent_id ON category (parent_id);

CREATE TABLE product (
    id uuid PRIMARY KEY,
    seller_id uuid NOT NULL REFERENCES seller (id),
    category_id uuid NOT NULL REFERENCES category (id),
    slug text NOT NULL CONSTRAINT product_slug_key UNIQUE,
    external_id text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    status text NOT NULL CONSTRAINT product_status CHECK (status IN ('draft', 'active', 'archived')),
    options jsonb NOT NULL,
    attributes jsonb NOT NULL,
    rating_average_hundredths integer NOT NULL,
    rating_count integer NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    published_at timestamptz,
    -- The product as GetProduct answers it, without availability: a serialized soko.catalog.v1.Product.
    document bytea NOT NULL
);
CREATE UNIQUE INDEX product_external_id ON product (seller_id, external_id) WHERE external_id <> '';
CREATE INDEX product_category_id ON product (category_id);

CREATE TABLE variant (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES product (id),
    seller_id uuid NOT NULL,
    position integer NOT NULL,
    sku text NOT NULL,
    title text NOT NULL,
    options jsonb NOT NULL,
    compare_at_minor bigint
        CONSTRAINT variant_compare_at CHECK (compare_at_minor BETWEEN 0 AND 9007199254740991),
    compare_at_currency text,
    weight_g integer CONSTRAINT variant_weight CHECK (weight_g >= 0),
    removed_at timestamptz
);
CREATE UNIQUE INDEX variant_sku ON variant (seller_id, sku) WHERE removed_at IS NULL;
CREATE INDEX variant_product_id ON variant (product_id, position);

CREATE TABLE price (
    variant_id uuid NOT NULL REFERENCES variant (id),
    currency text NOT NULL,
    amount_minor bigint NOT NULL
        CONSTRAINT price_amount CHECK (amount_minor BETWEEN 0 AND 9007199254740991),
    PRIMARY KEY (variant_id, currency)
);

CREATE TABLE media (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES product (id),
    position integer NOT NULL,
    alt text NOT NULL,
    -- Entity tag per rendition.
    renditions jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX media_product_id ON media (product_id, position);

-- Products that are for sale, as lists need them; kept in the transaction that changes a product.
CREATE TABLE listing (
    product_id uuid PRIMARY KEY REFERENCES product (id),
    seller_id uuid NOT NULL,
    category_id uuid NOT NULL,
    published_at timestamptz NOT NULL,
    -- -1 without reviews, so that those come last.
    rating_hundredths integer NOT NULL,
    -- Follows the stock within about a second.
    in_stock boolean NOT NULL,
    -- A serialized soko.catalog.v1.ProductSummary without price_from and available: lists append those.
    summary bytea NOT NULL,
    search tsvector NOT NULL
);
CREATE INDEX listing_newest ON listing (published_at, product_id);
CREATE INDEX listing_rating ON listing (rating_hundredths, product_id);
CREATE INDEX listing_seller ON listing (seller_id, published_at, product_id);
CREATE INDEX listing_category ON listing (category_id, published_at, product_id);
CREATE INDEX listing_search ON listing USING gin (search);

CREATE TABLE listing_price (
    product_id uuid NOT NULL REFERENCES listing (product_id) ON DELETE CASCADE,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    -- Field price_from of a serialized soko.catalog.v1.ProductSummary.
    wire bytea NOT NULL,
    PRIMARY KEY (product_id, currency)
);
CREATE INDEX listing_price_amount ON listing_price (currency, amount_minor, product_id);

-- Words that listings have, to find what a misspelt one means.
CREATE TABLE search_word (
    word text PRIMARY KEY,
    trigrams text[] NOT NULL
);
CREATE INDEX search_word_trigrams ON search_word USING gin (trigrams);

CREATE TABLE location (
    id uuid PRIMARY KEY,
    -- Its TypeID (loc_), for answers that are made inside the database.
    type_id text NOT NULL,
    seller_id uuid NOT NULL REFERENCES seller (id),
    name text NOT NULL,
    country text NOT NULL,
    is_default boolean NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX location_seller_id ON location (seller_id);
CREATE UNIQUE INDEX location_default ON location (seller_id) WHERE is_default;

CREATE TABLE stock (
    variant_id uuid NOT NULL REFERENCES variant (id),
    location_id uuid NOT NULL REFERENCES location (id),
    -- Physically there, sold but unshipped units included.
    on_hand integer NOT NULL,
    -- Reserved by live checkouts.
    held integer NOT NULL DEFAULT 0,
    -- Sold.
    allocated integer NOT NULL DEFAULT 0,
    -- Counts the changes of on_hand only, or the entity tag of a hot item would never match.
    version bigint NOT NULL,
    PRIMARY KEY (variant_id, location_id),
    CONSTRAINT stock_not_negative CHECK (held >= 0 AND allocated >= 0),
    CONSTRAINT stock_not_oversold CHECK (held + allocated <= on_hand)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- What stock an order has: held and allocated ones have reservations. A closed one is the tombstone
-- that makes a Reserve which comes too late find the order closed.
CREATE TABLE order_hold (
    order_id uuid PRIMARY KEY,
    state text NOT NULL
        CONSTRAINT order_hold_state CHECK (state IN ('held', 'allocated', 'expired', 'closed')),
    expires_at timestamptz,
    reason text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
CREATE INDEX order_hold_expiry ON order_hold (expires_at) WHERE state = 'held';

CREATE TABLE reservation (
    -- Of order_hold, which never loses a row; the check of a foreign key would be a tenth of a Reserve.
    order_id uuid NOT NULL,
    line_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    quantity integer NOT NULL CONSTRAINT reservation_quantity CHECK (quantity > 0),
    PRIMARY KEY (order_id, line_id, location_id)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- Variants whose availability changed and was not told yet. Only appended to and emptied, without a
-- key, so that buyers of one variant do not wait for each other here.
CREATE TABLE stock_touched (
    variant_id uuid NOT NULL
);

-- When a job ran last, for those that run once in the whole deployment.
CREATE TABLE job_gate (
    name text PRIMARY KEY,
    ran_at timestamptz NOT NULL
);
INSERT INTO job_gate (name, ran_at) VALUES ('announce_stock', '-infinity');
