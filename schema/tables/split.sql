-- The splits that were imported or entered by hand.
CREATE TABLE split (
    company_id     bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    effective_date date NOT NULL,
    ratio          numeric NOT NULL CHECK (ratio > 0 AND ratio < 'Infinity'),
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    -- What a price file tells of in its column split_ratio: another import, or an entry by hand, corrects it.
    from_prices    boolean NOT NULL DEFAULT false,
    CONSTRAINT split_pkey PRIMARY KEY (company_id, effective_date)
);
CREATE TRIGGER split_updated_at BEFORE UPDATE ON split FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER split_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON split
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');

-- The splits that a company's filings show: what was known of each from one day until the day before another. The table
-- split has those that were imported or entered by hand; whoever reads both takes each split once.
CREATE TABLE found_split (
    company_id      bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    number          integer NOT NULL, -- from 0, in the order of the filings
    known_from      date NOT NULL,
    known_to        date,
    new_shares      integer NOT NULL CHECK (new_shares > 0), -- for so many
    old_shares      integer NOT NULL CHECK (old_shares > 0),
    effective_after date NOT NULL,
    effective_by    date NOT NULL,
    shown_on        date NOT NULL, -- by the filing with this accession
    accession       text NOT NULL,
    support         integer NOT NULL,
    contradict      integer NOT NULL,
    noted           boolean NOT NULL,
    accepted        boolean NOT NULL, -- if not it is for people to look at, and never applied
    traded_on       date, -- the day on which the closes follow it, if that can be told
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, number, known_from),
    CHECK (effective_after <= effective_by AND known_from < known_to)
);
CREATE TRIGGER found_split_updated_at BEFORE UPDATE ON found_split FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER found_split_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON found_split
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
