-- A page of the inbox is a hundred rows of one index: without it, each row costs a walk to a page of its own, since a finding is as large as one.

ONLY_SQLITE CREATE INDEX findings_inbox ON findings
    (agency, verdict, level, time_us, id, seq, created_us, analytic_uid, title, subject);
