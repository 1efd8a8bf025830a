//! Findings that become incidents (`detect::correlate`).

/// Incidents that are open at once; the one that was quiet longest is closed to make room.
pub const INCIDENTS_OPEN_MAX: usize = 10_000;
/// Days without a finding after which an incident takes no more.
pub const INCIDENT_IDLE_DAYS: u64 = 14;
/// Different lines (an analytic on a subject) of one incident.
pub const INCIDENT_LINES_MAX: usize = 512;
/// Different things that one incident has to do with.
pub const INCIDENT_TIES_MAX: usize = 2_048;
/// Findings of one incident whose names are remembered; the rest is counted, and cannot be split off.
pub const INCIDENT_FINDINGS_MAX: usize = 4_096;
/// Names of findings that all open incidents remember together; those that were quiet longest are closed to make room.
pub const INCIDENT_FINDINGS_HELD_MAX: usize = 1_000_000;
/// Things that all open incidents have to do with together.
pub const INCIDENT_TIES_HELD_MAX: usize = 1_000_000;
/// Machines at which something was done, from which on only what is at an incident's core draws more in.
pub const INCIDENT_BROAD_MACHINES: usize = 24;
/// Incidents that one finding is held against; those that were busy last come first.
pub const INCIDENT_CANDIDATES_MAX: usize = 64;
/// Things that took part in a finding, as far as correlation looks at them.
pub const SIGNAL_TIES_MAX: usize = 24;
/// Labels of indicators of one finding that correlation looks at.
pub const SIGNAL_CAMPAIGNS_MAX: usize = 8;
/// Things whose visits in incidents are counted.
pub const TIES_COUNTED_MAX: usize = 200_000;
/// Visits of one thing that are remembered.
pub const TIE_VISITS_MAX: usize = 8;
/// Analytics of which it is known on which days they spoke.
pub const HABIT_ANALYTICS_MAX: usize = 50_000;
/// Analytics with subjects of which it is known.
pub const HABIT_LINES_MAX: usize = 200_000;
/// Analytics with groups of subjects that verdicts are remembered of.
pub const HABIT_VERDICTS_MAX: usize = 50_000;
/// Things that are next to one thing in the register, as far as correlation looks.
pub const NEIGHBOURS_MAX: usize = 64;
/// Decisions of people about what belongs together that are honoured.
pub const DECREES_MAX: usize = 50_000;
/// Reasons that a change of an incident carries.
pub const CHANGE_REASONS_MAX: usize = 8;
/// Parts that are brought together into stories at once.
pub const STORY_PARTS_MAX: usize = 20_000;
/// Parts of one story.
pub const STORY_LENGTH_MAX: usize = 1_000;
