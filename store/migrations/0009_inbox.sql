-- A page of the inbox is a hundred rows of one index: without it, each row costs a walk to a page of its own, since a finding is as large as one.
-- The second keeps SQLite from taking the first where it looks for what one analytic found.

ONLY_SQLITE CREATE INDEX findings_inbox ON findings
    (agency, verdict, level, time_us, id, seq, created_us, analytic_uid, title, subject);

ONLY_SQLITE CREATE INDEX findings_of_analytic ON findings (agency, analytic_uid, verdict, subject);
