-- With whom customers deal: of each the most important ones.
--
-- How important one is: by what they moved in the currency in which the customer has the most
-- payments, then by their payments. Amounts of different currencies are never added up.
--
-- Inputs   payments: as case_days.
-- Grain    one row per customer, other side and currency.
-- Output   customer; place: of the other side, from 1; other; currency; payments_in, payments_out;
--          paid_in, paid_out (decimals, null: no amount is known); others: how many other sides the
--          customer has.
-- Filled   most (other sides per customer).
WITH sums AS (
    SELECT
        customer,
        other,
        currency,
        COUNT(CASE WHEN way = 'in' THEN 1 END) AS payments_in,
        COUNT(CASE WHEN way = 'out' THEN 1 END) AS payments_out,
        SUM(CASE WHEN way = 'in' THEN amount END) AS paid_in,
        SUM(CASE WHEN way = 'out' THEN amount END) AS paid_out,
        SUM(amount) AS moved
    FROM payments
    WHERE other IS NOT NULL
    GROUP BY customer, other, currency
),
currencies AS (
    SELECT
        customer,
        currency,
        ROW_NUMBER() OVER (
            PARTITION BY customer ORDER BY SUM(payments_in + payments_out) DESC, currency
        ) AS place
    FROM sums
    GROUP BY customer, currency
),
weighed AS (
    SELECT
        sums.customer,
        sums.other,
        SUM(CASE WHEN currencies.place = 1 THEN sums.moved END) AS moved,
        SUM(payments_in + payments_out) AS payments
    FROM sums
    INNER JOIN currencies
        ON currencies.customer = sums.customer AND currencies.currency = sums.currency
    GROUP BY sums.customer, sums.other
),
placed AS (
    SELECT
        customer,
        other,
        CAST(
            ROW_NUMBER() OVER (
                PARTITION BY customer ORDER BY moved DESC NULLS LAST, payments DESC, other
            ) AS BIGINT
        ) AS place,
        COUNT(*) OVER (PARTITION BY customer) AS others
    FROM weighed
)
SELECT
    sums.customer,
    placed.place,
    sums.other,
    sums.currency,
    sums.payments_in,
    sums.payments_out,
    sums.paid_in,
    sums.paid_out,
    placed.others
FROM sums
INNER JOIN placed ON placed.customer = sums.customer AND placed.other = sums.other
WHERE placed.place <= {{ most }}
ORDER BY customer, place, currency
