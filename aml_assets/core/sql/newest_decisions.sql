-- The row of a window that is selected for each report, and the report's newest decision.
--
-- Inputs   reports: the key columns, "frame" (which day, as a number that grows with the day),
--          "position" (the row in its frame), "label" (0, 1 or null), "inside" (true in the
--          window itself, false on the days after it that may only decide).
-- Grain    one row per key that has a row inside the window. Of several rows the newest decided
--          one inside is selected, else the newest; its label is the newest decision.
-- Output   frame, position, label (null: not decided), repeats (rows of this key).
-- Filled   key. Only repeated keys are ranked: most keys occur once.
WITH repeated AS (
    SELECT {% for name in key %}{{ name | id }}, {% endfor %}COUNT(*) AS repeats
    FROM reports
    GROUP BY {% for name in key %}{{ "" if loop.first else ", " }}{{ name | id }}{% endfor %}

    HAVING COUNT(*) > 1
),
ranked AS (
    SELECT
        reports.frame,
        reports.position,
        reports.inside,
        repeated.repeats,
        FIRST_VALUE(reports.label) OVER (
            PARTITION BY {% for name in key %}{{ "" if loop.first else ", " }}reports.{{ name | id }}{% endfor %}

            ORDER BY CASE WHEN reports.label IS NULL THEN 1 ELSE 0 END, reports.frame DESC
        ) AS decision,
        ROW_NUMBER() OVER (
            PARTITION BY {% for name in key %}{{ "" if loop.first else ", " }}reports.{{ name | id }}{% endfor %}

            ORDER BY
                CASE WHEN reports.inside THEN 0 ELSE 1 END,
                CASE WHEN reports.label IS NULL THEN 1 ELSE 0 END,
                reports.frame DESC
        ) AS place
    FROM reports
    INNER JOIN repeated
        ON {% for name in key %}{{ "" if loop.first else " AND " }}reports.{{ name | id }} = repeated.{{ name | id }}{% endfor %}

)
SELECT frame, position, decision AS label, repeats
FROM ranked
WHERE place = 1 AND inside
UNION ALL
SELECT reports.frame, reports.position, reports.label, 1 AS repeats
FROM reports
WHERE reports.inside AND NOT EXISTS (
    SELECT 1
    FROM repeated
    WHERE {% for name in key %}{{ "" if loop.first else " AND " }}repeated.{{ name | id }} = reports.{{ name | id }}{% endfor %}

)
ORDER BY frame, position
