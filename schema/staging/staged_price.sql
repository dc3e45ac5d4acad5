-- The temporary table of an import of prices. For sqlc alone: the query CreateStaging makes it.
CREATE TABLE staged_price (
    listing_id  bigint NOT NULL,
    line        bigint NOT NULL,
    date        date NOT NULL,
    open        numeric,
    high        numeric,
    low         numeric,
    close       numeric NOT NULL,
    volume      numeric,
    ex_dividend numeric NOT NULL,
    split_ratio numeric NOT NULL
);
