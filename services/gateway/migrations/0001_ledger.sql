-- The gateway's only state. The same statements run on SQLite and on Postgres; times are milliseconds since the epoch.

-- How often a message was taken up. A row goes when its message is settled, or by age.
CREATE TABLE attempts (
    message  TEXT   PRIMARY KEY, -- original message id and batch index, carried along on retries
    attempts BIGINT NOT NULL,
    spec_id  TEXT,               -- known once the message was decoded
    last_ms  BIGINT NOT NULL
);

CREATE INDEX attempts_by_age ON attempts (last_ms);

CREATE TABLE specs (
    spec_id        TEXT   PRIMARY KEY, -- digest of (source, event_id)
    source         TEXT,
    event_id       TEXT,
    body_sha256    TEXT,               -- absent when the key was cancelled before its spec came
    created_ms     BIGINT NOT NULL,
    lease_holder   TEXT,
    lease_until_ms BIGINT,
    accepted_body  BYTEA,              -- the body of a spec that came by HTTP, until it is settled
    accepted_type  TEXT,               -- its content type
    enqueued_ms    BIGINT,             -- when the bus gave its receipt
    outcome        BYTEA,              -- written once
    traceparent    TEXT,
    outcome_ms     BIGINT,
    published_ms   BIGINT              -- when the bus first gave a receipt for the outcome
);

CREATE INDEX specs_by_age ON specs (outcome_ms);
