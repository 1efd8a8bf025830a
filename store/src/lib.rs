//! What must last: the event journal and all SQL.
