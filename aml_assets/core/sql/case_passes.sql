-- Money that customers were paid on a day and that left again on it or soon after.
--
-- Inputs   payments: as case_days.
-- Grain    one row per customer and currency: the day of the largest such sum, the first where
--          there are several.
-- Output   customer, currency, day; paid_in: of the day; paid_out: of it and the days after it
--          (decimals); payers, receivers: how many; new_payers, new_receivers: those of them whose
--          first payment this way is of these days.
-- Filled   within (days after the day), least, most (shares of what came that left).
WITH known AS (
    SELECT customer, way, day, other, currency, amount FROM payments WHERE amount IS NOT NULL
),
firsts AS (
    SELECT customer, way, other, MIN(day) AS first_day
    FROM payments
    WHERE other IS NOT NULL
    GROUP BY customer, way, other
),
dated AS (
    SELECT known.*, CASE WHEN first_day IS NULL THEN known.day ELSE first_day END AS first_day
    FROM known
    LEFT JOIN firsts
        ON
            firsts.customer = known.customer
            AND firsts.way = known.way
            AND firsts.other = known.other
),
came AS (
    SELECT
        customer,
        currency,
        day,
        SUM(amount) AS paid_in,
        COUNT(DISTINCT other) AS payers,
        COUNT(DISTINCT CASE WHEN first_day = day THEN other END) AS new_payers
    FROM dated
    WHERE way = 'in'
    GROUP BY customer, currency, day
),
passed AS (
    SELECT
        came.customer,
        came.currency,
        came.day,
        came.paid_in,
        came.payers,
        came.new_payers,
        SUM(dated.amount) AS paid_out,
        COUNT(DISTINCT dated.other) AS receivers,
        COUNT(
            DISTINCT CASE WHEN dated.first_day >= came.day THEN dated.other END
        ) AS new_receivers
    FROM came
    INNER JOIN dated
        ON
            dated.customer = came.customer
            AND dated.currency = came.currency
            AND dated.way = 'out'
            AND dated.day >= came.day
            AND dated.day <= came.day + {{ within }}
    WHERE came.paid_in > 0
    GROUP BY
        came.customer, came.currency, came.day, came.paid_in, came.payers, came.new_payers
),
placed AS (
    SELECT
        customer,
        currency,
        day,
        paid_in,
        paid_out,
        payers,
        receivers,
        new_payers,
        new_receivers,
        ROW_NUMBER() OVER (
            PARTITION BY customer, currency ORDER BY paid_in DESC, day
        ) AS place
    FROM passed
    WHERE
        CAST(paid_out AS DOUBLE) >= {{ least }} * CAST(paid_in AS DOUBLE)
        AND CAST(paid_out AS DOUBLE) <= {{ most }} * CAST(paid_in AS DOUBLE)
)
SELECT
    customer, currency, day, paid_in, paid_out, payers, receivers, new_payers, new_receivers
FROM placed
WHERE place = 1
ORDER BY customer, currency
