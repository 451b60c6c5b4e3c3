-- One day's transactions as payer, payee, an exact amount, and what single payments are like.
--
-- Inputs   trx: one row per transaction; its columns are "0", "1", ….
-- Grain    one row per transaction.
-- Output   payer, payee (ids of accounts, null where unknown), payer_is_ours, payee_is_ours (the
--          account is a customer's), amount (DECIMAL(38, 4), null: unknown; floating-point numbers
--          half to even; from 2^63 on as the engine takes them);
--          for each trait a truth value (null: it cannot be told).
-- Filled   id_type: the type of ids; payer, payee, payer_customer, payee_customer, amount, time
--          (columns; none: null); is_exact: amounts are no floating-point numbers;
--          round_to, least, threshold (amounts; null: without the trait); timed: times have a time
--          of day; night: its first hour, and the hour of its end; marks (mark, column, values).
WITH scaled AS (
    SELECT
        trx.*{% if amount and not is_exact %},
        {% set x = amount | id %}
        -- Ten-thousandths from 2^53 on are whole numbers, and only the rest of one is multiplied.
        CASE WHEN ABS({{ x }} * 1e4) < 9007199254740992 THEN 0e0 WHEN ABS({{ x }}) < 92e17 THEN {{ x }} - MOD({{ x }}, 1e0) END AS whole,
        CASE WHEN ABS({{ x }} * 1e4) < 9007199254740992 THEN {{ x }} ELSE MOD({{ x }}, 1e0) END * 1e4 AS scaled_amount{% endif %}

    FROM trx
),
parted AS (
    SELECT
        scaled.*{% if amount and not is_exact %},
        MOD(scaled_amount, 1e0) AS rest{% endif %}

    FROM scaled
),
rounded AS (
    SELECT
        parted.*{% if amount and not is_exact %},
        CAST(
            CASE
                WHEN ABS(rest) > 0.5 THEN scaled_amount - rest + SIGN(rest)
                WHEN ABS(rest) = 0.5 THEN scaled_amount - rest + MOD(scaled_amount - rest, 2e0)
                ELSE scaled_amount - rest
            END AS BIGINT
        ) AS ten_thousandths{% endif %}

    FROM parted
),
movement AS (
    SELECT
        rounded.*,
        CAST({% if payer %}{{ payer | id }}{% else %}NULL{% endif %} AS {{ id_type }}) AS payer,
        CAST({% if payee %}{{ payee | id }}{% else %}NULL{% endif %} AS {{ id_type }}) AS payee,
        {% if amount and not is_exact %}
        CASE
            WHEN whole IS NULL THEN CAST({{ amount | id }} AS DECIMAL(38, 4))
            ELSE CAST(
                CAST(CAST(whole AS BIGINT) AS DECIMAL(38, 4))
                + CAST(CAST(CAST(ten_thousandths - MOD(ten_thousandths, 10000) AS DOUBLE) / 1e4 AS BIGINT) AS DECIMAL(38, 4))
                + CAST(CAST(MOD(ten_thousandths, 10000) AS DOUBLE) / 1e4 AS DECIMAL(38, 4)) AS DECIMAL(38, 4)
            )
        END AS amount
        {% else %}
        CAST({% if amount %}{{ amount | id }}{% else %}NULL{% endif %} AS DECIMAL(38, 4)) AS amount
        {% endif %}
    FROM rounded
)
SELECT
    payer,
    payee,
    {% if payer_customer %}{{ payer_customer | id }}{% else %}payer{% endif %} IS NOT NULL AS payer_is_ours,
    {% if payee_customer %}{{ payee_customer | id }}{% else %}payee{% endif %} IS NOT NULL AS payee_is_ours,
    amount{% if round_to is not none %},
    MOD(amount, CAST({{ round_to }} AS DECIMAL(38, 4))) = 0 AND amount <> 0 AS "round"{% endif %}{% if threshold is not none %},
    amount >= {{ least }} AND amount < {{ threshold }} AS below_threshold{% endif %}{% if time %},
    {% if not timed %}
    CAST(NULL AS BOOLEAN) AS night,
    {% else %}
    EXTRACT(HOUR FROM {{ time | id }}) >= {{ night[0] }} {{ "AND" if night[0] < night[1] else "OR" }} EXTRACT(HOUR FROM {{ time | id }}) < {{ night[1] }} AS night,
    {% endif %}
    EXTRACT(DAYOFWEEK FROM {{ time | id }})
        IN (EXTRACT(DAYOFWEEK FROM DATE '2024-01-06'), EXTRACT(DAYOFWEEK FROM DATE '2024-01-07')) AS weekend{% endif %}{% for mark in marks %},
    FALSE
    {% for column, values in mark.columns %}
    OR COALESCE(CAST({{ column | id }} AS STRING) IN ({% for value in values %}{{ value | text }}{{ "" if loop.last else ", " }}{% endfor %}), FALSE)
    {% endfor %}
    AS {{ mark.name | id }}{% endfor %}

FROM movement
