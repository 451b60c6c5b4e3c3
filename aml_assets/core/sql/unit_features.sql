-- What each customer, or account, that moved money lately paid, was paid and was reported for.
--
-- Inputs   unit_day: day (days since 1970-01-01), unit (64-bit code), the columns that unit_day.sql
--          gives; the days of the longest window up to the day itself, one row per day and unit.
-- Grain    one row per unit that moved money within the longest window.
-- Output   unit;
--          for each window of w days: paid_w, received_w: payments;
--          paid_total_w, received_total_w: their sums (0: no payment, null: no amount is known);
--          passed_on_w: the smaller of what came in and what went out, as a share of the larger one
--          (0: only one of them, null: of one of them no amount is known);
--          active_days_w: days on which it moved money;
--          reports_paid_w, reports_received_w: reports whose transaction it paid, or was paid by;
--          for each feature f: f_within_w: the largest of any day (null: there is none);
--          quiet_days: days since it last moved money.
-- Filled   day, windows (days, the shortest first), features (columns: those of unit_day.sql that
--          begin with payer_ or payee_).
WITH
-- The days of the longest window by the shortest window that holds them.
slice AS (
    SELECT
        unit,
        CASE {% for w in windows %}WHEN day > {{ day - w }} THEN {{ w }} {% endfor %}END AS reach,
        CAST(SUM(paid) AS BIGINT) AS paid,
        CAST(SUM(received) AS BIGINT) AS received,
        SUM(paid_total) AS paid_total,
        SUM(received_total) AS received_total,
        CAST(SUM(CASE WHEN paid + received > 0 THEN 1 ELSE 0 END) AS BIGINT) AS active_days,
        CAST(SUM(reports_paid) AS BIGINT) AS reports_paid,
        CAST(SUM(reports_received) AS BIGINT) AS reports_received,
        MAX(CASE WHEN paid + received > 0 THEN day END) AS last_day{% for f in features %},
        MAX({{ f | id }}) AS {{ f | id }}{% endfor %}

    FROM unit_day
    GROUP BY unit, reach
),
whole AS (
    SELECT
        unit,
        MAX(last_day) AS last_day{% for w in windows %}{% for what in ("paid", "received", "active_days", "reports_paid", "reports_received") %},
        CAST(SUM(CASE WHEN reach <= {{ w }} THEN {{ what }} ELSE 0 END) AS BIGINT) AS {{ what }}_{{ w }}{% endfor %},
        SUM(CASE WHEN reach <= {{ w }} THEN paid_total END) AS out_{{ w }},
        SUM(CASE WHEN reach <= {{ w }} THEN received_total END) AS in_{{ w }}{% for f in features %},
        MAX(CASE WHEN reach <= {{ w }} THEN {{ f | id }} END) AS {{ (f ~ "_within_" ~ w) | id }}{% endfor %}{% endfor %}

    FROM slice
    GROUP BY unit
)
SELECT
    unit{% for w in windows %},
    paid_{{ w }},
    received_{{ w }},
    CASE WHEN paid_{{ w }} > 0 THEN CAST(out_{{ w }} AS DOUBLE) ELSE 0 END AS paid_total_{{ w }},
    CASE WHEN received_{{ w }} > 0 THEN CAST(in_{{ w }} AS DOUBLE) ELSE 0 END AS received_total_{{ w }},
    CASE
        WHEN paid_{{ w }} > 0 AND received_{{ w }} > 0 AND (in_{{ w }} IS NULL OR out_{{ w }} IS NULL) THEN NULL
        WHEN in_{{ w }} > 0 AND out_{{ w }} > 0
        THEN CAST(LEAST(in_{{ w }}, out_{{ w }}) AS DOUBLE) / CAST(GREATEST(in_{{ w }}, out_{{ w }}) AS DOUBLE)
        ELSE 0
    END AS passed_on_{{ w }},
    active_days_{{ w }},
    reports_paid_{{ w }},
    reports_received_{{ w }}{% for f in features %},
    {{ (f ~ "_within_" ~ w) | id }}{% endfor %}{% endfor %},
    {{ day }} - last_day AS quiet_days
FROM whole
WHERE last_day IS NOT NULL
ORDER BY unit
