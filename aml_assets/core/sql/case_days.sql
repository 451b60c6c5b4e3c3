-- What customers were paid and paid, day by day.
--
-- Inputs   payments: one row per payment of a customer whom we ask about: customer, way ('in': he
--          is paid, 'out': he pays), other (the other side, null: not known), day (days since
--          1970-01-01), currency ('': not known), amount (decimal, null: not known), is_round.
-- Grain    one row per customer, day, currency and way.
-- Output   customer, day, currency, way, payments, known (those whose amount is known), total
--          (decimal, null: no amount is known), round_amounts.
-- Filled   nothing.
SELECT
    customer,
    day,
    currency,
    way,
    COUNT(*) AS payments,
    COUNT(amount) AS known,
    SUM(amount) AS total,
    CAST(SUM(CASE WHEN is_round THEN 1 ELSE 0 END) AS BIGINT) AS round_amounts
FROM payments
GROUP BY customer, day, currency, way
ORDER BY customer, day, currency, way
