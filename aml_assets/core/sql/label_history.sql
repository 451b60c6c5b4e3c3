-- What is known of the accounts of one day, and of those that they deal with: confirmed reports.
--
-- Inputs   confirmed: account (64-bit codes), day (days since 1970-01-01); one row per account and
--          report of earlier days whose label is known to be 1.
--          relation: what relation.sql gives.
-- Grain    one row per account that paid or was paid on the day.
-- Output   account;
--          confirmed: confirmed reports in which the account stands;
--          confirmed_age: days since the last of them (null: none);
--          near_confirmed: counterparties of the horizon that stand in confirmed reports;
--          near_share: their share of all its counterparties.
-- Filled   day.
WITH own AS (
    SELECT account, COUNT(*) AS confirmed, MAX(day) AS last_day
    FROM confirmed
    GROUP BY account
),
counterparty AS (
    SELECT payer AS account, payee AS other FROM relation
    UNION
    SELECT payee AS account, payer AS other FROM relation
),
today AS (
    SELECT payer AS account FROM relation WHERE last_day = {{ day }}
    UNION
    SELECT payee AS account FROM relation WHERE last_day = {{ day }}
),
near AS (
    SELECT
        counterparty.account,
        COUNT(*) AS counterparties,
        CAST(SUM(CASE WHEN own.account IS NULL THEN 0 ELSE 1 END) AS BIGINT) AS near_confirmed
    FROM counterparty
    INNER JOIN today ON today.account = counterparty.account
    LEFT JOIN own ON own.account = counterparty.other
    GROUP BY counterparty.account
)
SELECT
    today.account,
    COALESCE(own.confirmed, 0) AS confirmed,
    {{ day }} - own.last_day AS confirmed_age,
    near.near_confirmed,
    CAST(near.near_confirmed AS DOUBLE) / near.counterparties AS near_share
FROM today
INNER JOIN near ON near.account = today.account
LEFT JOIN own ON own.account = today.account
ORDER BY today.account
