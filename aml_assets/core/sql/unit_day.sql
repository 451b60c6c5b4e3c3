-- What each customer, or account, paid, was paid and was reported for on one day: a unit of a line.
--
-- Inputs   movements: one row per transaction; payer, payee (64-bit codes of accounts, null where
--          unknown), payer_unit, payee_unit (64-bit codes of units, null where the unit is not
--          ours), amount (decimal);
--          reports: one row per report of the day; payer_unit, payee_unit of its transaction;
--          pairs, if there are features: one row per pair of accounts; payer, payee, the features.
-- Grain    one row per unit that moved money or was reported.
-- Output   unit;
--          paid, received: payments; one of an account to itself is neither;
--          paid_total, received_total: of the amounts, in their unit (null: none is known);
--          reports_paid, reports_received: reports whose transaction it paid, or was paid by (one
--          that is repeated on another day counts there, too);
--          for each feature f: payer_f, payee_f: the largest of the pairs in which an account of
--          the unit pays, and in which one is paid (null: there is none).
-- Filled   features (columns).
WITH movement AS (
    SELECT payer_unit, payee_unit, amount
    FROM movements
    WHERE payer IS NULL OR payee IS NULL OR payer <> payee
),
side AS (
    SELECT payer_unit AS unit, TRUE AS paying, amount FROM movement WHERE payer_unit IS NOT NULL
    UNION ALL
    SELECT payee_unit AS unit, FALSE AS paying, amount FROM movement WHERE payee_unit IS NOT NULL
),
moved AS (
    SELECT
        unit,
        COUNT(CASE WHEN paying THEN 1 END) AS paid,
        COUNT(CASE WHEN NOT paying THEN 1 END) AS received,
        SUM(CASE WHEN paying THEN amount END) AS paid_total,
        SUM(CASE WHEN NOT paying THEN amount END) AS received_total
    FROM side
    GROUP BY unit
),
report_side AS (
    SELECT payer_unit AS unit, TRUE AS paying FROM reports WHERE payer_unit IS NOT NULL
    UNION ALL
    SELECT payee_unit AS unit, FALSE AS paying FROM reports WHERE payee_unit IS NOT NULL
),
reported AS (
    SELECT
        unit,
        COUNT(CASE WHEN paying THEN 1 END) AS reports_paid,
        COUNT(CASE WHEN NOT paying THEN 1 END) AS reports_received
    FROM report_side
    GROUP BY unit
),
{% if features %}
holder AS (
    SELECT payer AS account, payer_unit AS unit
    FROM movements
    WHERE payer IS NOT NULL AND payer_unit IS NOT NULL
    UNION
    SELECT payee AS account, payee_unit AS unit
    FROM movements
    WHERE payee IS NOT NULL AND payee_unit IS NOT NULL
),
{% for side in ("payer", "payee") %}
as_{{ side }} AS (
    SELECT
        holder.unit{% for f in features %},
        MAX(pairs.{{ f | id }}) AS {{ (side ~ "_" ~ f) | id }}{% endfor %}

    FROM pairs
    INNER JOIN holder ON holder.account = pairs.{{ side }}
    GROUP BY holder.unit
),
{% endfor %}
{% endif %}
listed AS (
    SELECT unit FROM moved UNION SELECT unit FROM reported
)
SELECT
    listed.unit,
    COALESCE(moved.paid, 0) AS paid,
    COALESCE(moved.received, 0) AS received,
    moved.paid_total,
    moved.received_total,
    COALESCE(reported.reports_paid, 0) AS reports_paid,
    COALESCE(reported.reports_received, 0) AS reports_received{% if features %}{% for side in ("payer", "payee") %}{% for f in features %},
    as_{{ side }}.{{ (side ~ "_" ~ f) | id }}{% endfor %}{% endfor %}{% endif %}

FROM listed
LEFT JOIN moved ON moved.unit = listed.unit
LEFT JOIN reported ON reported.unit = listed.unit
{% if features %}
LEFT JOIN as_payer ON as_payer.unit = listed.unit
LEFT JOIN as_payee ON as_payee.unit = listed.unit
{% endif %}
ORDER BY listed.unit
