-- From how many customers were paid, and how many they paid, within some days.
--
-- Inputs   payments: as case_days.
-- Grain    one row per customer and way: the days within which the most others are seen, the first
--          such days where there are several.
-- Output   customer, way, day: the last of these days, others: how many, new_others: those of them
--          whose first payment this way is within these days.
-- Filled   within (days, that day among them), least (others).
WITH seen AS (
    SELECT DISTINCT customer, way, day, other FROM payments WHERE other IS NOT NULL
),
firsts AS (
    SELECT customer, way, other, MIN(day) AS first_day FROM seen GROUP BY customer, way, other
),
days AS (
    SELECT DISTINCT customer, way, day FROM seen
),
counted AS (
    SELECT
        days.customer,
        days.way,
        days.day,
        COUNT(DISTINCT seen.other) AS others,
        COUNT(
            DISTINCT CASE WHEN firsts.first_day > days.day - {{ within }} THEN seen.other END
        ) AS new_others
    FROM days
    INNER JOIN seen
        ON
            seen.customer = days.customer
            AND seen.way = days.way
            AND seen.day <= days.day
            AND seen.day > days.day - {{ within }}
    INNER JOIN firsts
        ON
            firsts.customer = seen.customer
            AND firsts.way = seen.way
            AND firsts.other = seen.other
    GROUP BY days.customer, days.way, days.day
),
placed AS (
    SELECT
        customer,
        way,
        day,
        others,
        new_others,
        ROW_NUMBER() OVER (PARTITION BY customer, way ORDER BY others DESC, day) AS place
    FROM counted
)
SELECT customer, way, day, others, new_others
FROM placed
WHERE place = 1 AND others >= {{ least }}
ORDER BY customer, way
