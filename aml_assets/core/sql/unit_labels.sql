-- What came of each row of a line's frames: whether a report of a later day confirmed it.
--
-- Inputs   units: frame, position (where the row stands), day (days since 1970-01-01), unit (64-bit
--          code of the customer or account);
--          reports: day, unit, label (0, 1, or null where not decided): one row per report and
--          unit of its transaction.
-- Grain    one row per row of units.
-- Output   frame, position; label: 1 if a report of the horizon after the day is suspicious; null
--          if none is and one is not decided; else 0.
-- Filled   horizon (days).
SELECT
    units.frame,
    units.position,
    CASE
        WHEN MAX(reports.label) = 1 THEN 1
        WHEN COUNT(reports.unit) > COUNT(reports.label) THEN NULL
        ELSE 0
    END AS label
FROM units
LEFT JOIN reports
    ON reports.unit = units.unit
    AND reports.day > units.day
    AND reports.day <= units.day + {{ horizon }}
GROUP BY units.frame, units.position
ORDER BY units.frame, units.position
