-- Who paid whom within the horizon.
--
-- Inputs   pair_day: day (days since 1970-01-01), payer, payee (64-bit codes or ids), payments; the days
--          of the horizon up to the day itself, one row per day and pair.
-- Grain    one row per payer and payee.
-- Output   payer, payee; first_day, last_day, previous_day: of their payments, the last of all and
--          the last before the day (null: none); payments: how many.
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
