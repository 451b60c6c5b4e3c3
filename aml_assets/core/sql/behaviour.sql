-- What each account that moved money on one day does lately, and what it usually does.
--
-- Payments flow in two directions, with customers or with the outside: the flows. What an account
-- usually does is what it did on the days of the horizon before the day itself.
--
-- Inputs   account_day: day (days since 1970-01-01), account (64-bit code), paid, inside, payments,
--          amounts, total, largest, squares and the traits, as account_day.sql gives them; the days
--          of the horizon up to the day itself, one row per day, account, paid and inside.
-- Grain    one row per account that moved money on the day.
-- Output   account;
--          for each flow: for each window of w days, <flow>_w: payments, and <flow>_total_w: their
--          sum (null: no amount is known);
--          <flow>_usual, <flow>_deviation, <flow>_largest: mean, standard deviation and largest of
--          its usual amounts (null: none; one has no deviation);
--          <flow>_unusual: how many deviations the day's mean amount is above the usual one;
--          <flow>_gap: days since the last day before today with such a payment (null: none);
--          for each window of passing, passed_on_w: the smaller of what came in and what went out,
--          as a share of the larger one (0: only one of them);
--          for each trait and each window of habit, <trait>_share_w: the share of its payments that
--          have it (null: it can be told of none).
-- Filled   day, windows, passing, habit (days), reaches (days: 1, the windows and the horizon),
--          flows (name, paid, inside), traits (columns).
WITH today AS (
    SELECT DISTINCT account FROM account_day WHERE day = {{ day }}
),
-- The days of the horizon by the shortest reach that holds them; a window adds its reaches up.
slice AS (
    SELECT
        account,
        paid,
        inside,
        CASE {% for r in reaches %}WHEN day > {{ day - r }} THEN {{ r }} {% endfor %}END AS reach,
        CAST(SUM(payments) AS BIGINT) AS payments,
        CAST(SUM(amounts) AS BIGINT) AS amounts,
        SUM(total) AS total,
        SUM(squares) AS squares,
        MAX(largest) AS largest,
        MAX(day) AS last_day{% for trait in traits %},
        CAST(SUM({{ trait | id }}) AS BIGINT) AS {{ trait | id }}{% endfor %}

    FROM account_day
    WHERE account IN (SELECT account FROM today)
    GROUP BY account, paid, inside, reach
),
flow AS (
    SELECT
        account,
        paid,
        inside,
        {% for w in windows %}
        CAST(SUM(CASE WHEN reach <= {{ w }} THEN payments ELSE 0 END) AS BIGINT) AS payments_{{ w }},
        SUM(CASE WHEN reach <= {{ w }} THEN total END) AS total_{{ w }},
        {% endfor %}
        CAST(SUM(CASE WHEN reach = 1 THEN total END) AS DOUBLE)
            / NULLIF(SUM(CASE WHEN reach = 1 THEN amounts ELSE 0 END), 0) AS mean_now,
        CAST(SUM(CASE WHEN reach > 1 THEN total END) AS DOUBLE)
            / NULLIF(SUM(CASE WHEN reach > 1 THEN amounts ELSE 0 END), 0) AS usual,
        CAST(SUM(CASE WHEN reach > 1 THEN squares END) AS DOUBLE)
            / NULLIF(SUM(CASE WHEN reach > 1 THEN amounts ELSE 0 END), 0) AS mean_square,
        SUM(CASE WHEN reach > 1 THEN amounts ELSE 0 END) AS usual_amounts,
        MAX(CASE WHEN reach > 1 THEN largest END) AS largest,
        MAX(CASE WHEN reach > 1 THEN last_day END) AS last_day
    FROM slice
    GROUP BY account, paid, inside
),
-- Below a millionth of the mean, a deviation is what rounding leaves of equal amounts.
habit AS (
    SELECT
        flow.*,
        CASE
            WHEN usual_amounts < 2 THEN NULL
            WHEN mean_square - usual * usual > 1e-12 * mean_square
                THEN SQRT(mean_square - usual * usual)
            ELSE CAST(0 AS DOUBLE)
        END AS deviation
    FROM flow
),
whole AS (
    SELECT
        account{% for w in passing %},
        SUM(CASE WHEN paid AND reach <= {{ w }} THEN total END) AS out_{{ w }},
        SUM(CASE WHEN NOT paid AND reach <= {{ w }} THEN total END) AS in_{{ w }}{% endfor %}{% for w in habit %},
        CAST(SUM(CASE WHEN reach <= {{ w }} THEN payments ELSE 0 END) AS BIGINT) AS payments_{{ w }}{% for trait in traits %},
        CAST(SUM(CASE WHEN reach <= {{ w }} THEN {{ trait | id }} END) AS BIGINT) AS {{ (trait ~ "_" ~ w) | id }}{% endfor %}{% endfor %}

    FROM slice
    GROUP BY account
)
SELECT
    whole.account{% for flow in flows %}{% for w in windows %},
    COALESCE({{ flow.name }}.payments_{{ w }}, 0) AS {{ flow.name }}_{{ w }},
    CASE WHEN {{ flow.name }}.payments_{{ w }} > 0 THEN CAST({{ flow.name }}.total_{{ w }} AS DOUBLE) ELSE 0 END
        AS {{ flow.name }}_total_{{ w }}{% endfor %},
    {{ flow.name }}.usual AS {{ flow.name }}_usual,
    {{ flow.name }}.deviation AS {{ flow.name }}_deviation,
    CAST({{ flow.name }}.largest AS DOUBLE) AS {{ flow.name }}_largest,
    ({{ flow.name }}.mean_now - {{ flow.name }}.usual) / NULLIF({{ flow.name }}.deviation, 0) AS {{ flow.name }}_unusual,
    {{ day }} - {{ flow.name }}.last_day AS {{ flow.name }}_gap{% endfor %}{% for w in passing %},
    CASE WHEN whole.in_{{ w }} > 0 AND whole.out_{{ w }} > 0
        THEN CAST(LEAST(whole.in_{{ w }}, whole.out_{{ w }}) AS DOUBLE)
            / CAST(GREATEST(whole.in_{{ w }}, whole.out_{{ w }}) AS DOUBLE)
        ELSE 0
    END AS passed_on_{{ w }}{% endfor %}{% for trait in traits %}{% for w in habit %},
    CAST(whole.{{ (trait ~ "_" ~ w) | id }} AS DOUBLE) / whole.payments_{{ w }}
        AS {{ (trait ~ "_share_" ~ w) | id }}{% endfor %}{% endfor %}

FROM whole
{% for flow in flows %}
LEFT JOIN habit AS {{ flow.name }}
    ON {{ flow.name }}.account = whole.account
    AND {{ flow.name }}.paid = {{ flow.paid | upper }} AND {{ flow.name }}.inside = {{ flow.inside | upper }}
{% endfor %}
ORDER BY whole.account
