-- Who ever paid whom within the horizon: since when, until when, how often.
--
-- Inputs   pair_day: day (days since 1970-01-01), payer, payee (64-bit codes), payments; the days
--          of the horizon up to the day itself, one row per day and pair.
-- Grain    one row per payer and payee.
-- Output   payer, payee, first_day, last_day, previous_day (the last before the day; null: none),
--          payments.
-- Filled   day.
SELECT
    payer,
    payee,
    MIN(day) AS first_day,
    MAX(day) AS last_day,
    MAX(CASE WHEN day < {{ day }} THEN day END) AS previous_day,
    CAST(SUM(payments) AS BIGINT) AS payments
FROM pair_day
GROUP BY payer, payee
