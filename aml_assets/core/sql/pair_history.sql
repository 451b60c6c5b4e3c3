-- What the horizon knows of each pair that paid on a day, in both directions.
--
-- Inputs   pair_day: day (days since 1970-01-01), payer, payee (64-bit codes or ids), payments; the
--          days of the horizon up to the day itself, one row per day and pair;
--          relation: what relation.sql gives of it.
-- Grain    one row per pair that paid on the day.
-- Output   payer, payee;
--          pair_payments, pair_age, pair_gap: payments in this direction, days since the first,
--          days since the last before today (null: none);
--          reverse_payments, reverse_age: the same of the opposite direction (age null: none).
-- Filled   day.
WITH today AS (
    SELECT payer, payee FROM relation WHERE last_day = {{ day }}
),
past AS (
    SELECT
        pair_day.payer,
        pair_day.payee,
        MIN(pair_day.day) AS first_day,
        MAX(CASE WHEN pair_day.day < {{ day }} THEN pair_day.day END) AS previous_day,
        CAST(SUM(pair_day.payments) AS BIGINT) AS payments
    FROM pair_day
    INNER JOIN (
        SELECT payer, payee FROM today UNION SELECT payee, payer FROM today
    ) AS wanted ON wanted.payer = pair_day.payer AND wanted.payee = pair_day.payee
    GROUP BY pair_day.payer, pair_day.payee
)
SELECT
    today.payer,
    today.payee,
    pair.payments AS pair_payments,
    {{ day }} - pair.first_day AS pair_age,
    {{ day }} - pair.previous_day AS pair_gap,
    COALESCE(opposite.payments, 0) AS reverse_payments,
    {{ day }} - opposite.first_day AS reverse_age
FROM today
INNER JOIN past AS pair ON pair.payer = today.payer AND pair.payee = today.payee
LEFT JOIN past AS opposite ON opposite.payer = today.payee AND opposite.payee = today.payer
