-- The row of a window that is selected for each report, and the report's newest known decision.
--
-- A decision is known on the day that the bank names for it. Without such a day it is known when it
-- is mature; where the bank never names one, a report that is repeated brings its decision with it.
--
-- Inputs   reports: the key columns, "frame" (which day, as a number that grows with the day),
--          "position" (the row in its frame), "label" (0, 1 or null), "day" (the frame's day as a
--          number), "decided" (the day of the decision as a number, or null), "inside" (true in
--          the window itself, false on the days after it that may only decide).
-- Grain    one row per key that has a row inside the window. Of several rows the newest decided
--          one inside is selected, else the newest; or the first one. Its label is the newest
--          decision.
-- Output   frame, position, label (null: not decided, or not known), repeats (rows of this key).
-- Filled   key, known_by (the last day whose decisions count), maturity (days after the report),
--          names_days (true if the bank names days of decisions), first (true if the first of
--          several rows is selected).
WITH repeated AS (
    SELECT
{% for name in key %}
        {{ name | id }},
{% endfor %}
        COUNT(*) AS repeats,
        MIN(frame) AS first_frame
    FROM reports
    GROUP BY {% for name in key %}{{ "" if loop.first else ", " }}{{ name | id }}{% endfor %}

    HAVING COUNT(*) > 1
),
known AS (
    SELECT
{% for name in key %}
        reports.{{ name | id }},
{% endfor %}
        reports.frame,
        reports.position,
        reports.inside,
        COALESCE(repeated.repeats, 1) AS repeats,
        CASE WHEN COALESCE(
            reports.decided,
{% if not names_days %}
            CASE WHEN reports.frame > repeated.first_frame THEN reports.day END,
{% endif %}
            reports.day + {{ maturity }}
        ) <= {{ known_by }} THEN reports.label END AS label
    FROM reports
    LEFT JOIN repeated
        ON {% for name in key %}{{ "" if loop.first else " AND " }}reports.{{ name | id }} = repeated.{{ name | id }}{% endfor %}

),
ranked AS (
    SELECT
        frame,
        position,
        inside,
        repeats,
        FIRST_VALUE(label) OVER (
            PARTITION BY {% for name in key %}{{ "" if loop.first else ", " }}{{ name | id }}{% endfor %}

            ORDER BY CASE WHEN label IS NULL THEN 1 ELSE 0 END, frame DESC
        ) AS decision,
        ROW_NUMBER() OVER (
            PARTITION BY {% for name in key %}{{ "" if loop.first else ", " }}{{ name | id }}{% endfor %}

            ORDER BY
                CASE WHEN inside THEN 0 ELSE 1 END,
{% if first %}
                frame
{% else %}
                CASE WHEN label IS NULL THEN 1 ELSE 0 END,
                frame DESC
{% endif %}
        ) AS place
    FROM known
    WHERE repeats > 1
)
SELECT frame, position, decision AS label, repeats
FROM ranked
WHERE place = 1 AND inside
UNION ALL
SELECT frame, position, label, repeats
FROM known
WHERE inside AND repeats = 1
ORDER BY frame, position
