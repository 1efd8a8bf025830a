//! Scenario files, which others bring.

use model::limits::{SCENARIO_COMPLAINTS_MAX, SCENARIO_DAYS_MAX, SCENARIO_SCENES_MAX, SCENARIO_STEPS_MAX};
use testkit::scenario::{Scenario, ScenarioError};

/// A scenario is read or refused with its reasons, the same way each time, and what is read is within the limits. It is
/// not played: a good one may take long.
pub fn scenario(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let first = Scenario::parse(text);
    let again = Scenario::parse(text);
    match (first, again) {
        (Ok(one), Ok(two)) => {
            assert_eq!(one.scenes.len(), two.scenes.len(), "the same file was read in two ways");
            assert!(one.scenes.len() <= SCENARIO_SCENES_MAX && one.days <= SCENARIO_DAYS_MAX);
            assert!(one.scenes.iter().all(|scene| scene.ends <= one.ends()), "a scene ends after the play");
        }
        (Err(one), Err(two)) => {
            assert_eq!(one.to_string(), two.to_string(), "the same file was refused in two ways");
            if let ScenarioError::Wrong { complaints, .. } = one {
                assert!((1..=SCENARIO_COMPLAINTS_MAX.max(SCENARIO_STEPS_MAX)).contains(&complaints.len()));
            }
        }
        _ => panic!("the same file was read and refused"),
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    type Words = &'static [&'static str];

    pub(in super::super) const scenario: Words = &[
        "[[attack]]",
        "[[attack.step]]",
        "[[disturbance]]",
        "move = \"beacon\"",
        "move = \"holiday\"",
        "every = \"0s\"",
        "lasts = \"90d\"",
        "hours = \"22-05\"",
        "count = 9223372036854775807",
        "days = 90",
        "after = \"1d2h3m4s\"",
    ];
}

pub(super) mod seeds {
    use crate::seeds::texts;

    const HEAD: &str = "name = \"a\"\nseed = 1\ndays = 9\n[[attack]]\nlabel = \"a\"\ntitle = \"t\"\ntechniques = [\"T1078\"]\nsubtlety = 2\n\
                        day = 2\ntime = \"02:10\"\nlasts = \"3d\"\n[[attack.step]]\n";

    pub(in super::super) fn scenario() -> Vec<Vec<u8>> {
        let steps = [
            "move = \"log-in\"\naccount = \"x\"\nfrom = \"192.0.2.1\"\nvia = \"vpn\"\n",
            "move = \"beacon\"\nmachine = \"dc01\"\nhost = \"a.example\"\naddress = \"192.0.2.1\"\nover = \"https\"\nevery = \"5m\"\njitter = 20\n",
            "move = \"scan\"\nfrom = \"ws-it01\"\ntargets = [\"dc01\"]\nports = [22, 445]\nevery = \"1s\"\nafter = \"2h\"\n",
            "move = \"falsify-sensor\"\ncontroller = \"plc-water01\"\nsensor = \"level\"\nhow = \"drift\"\namount = -5\non = \"weekends\"\n",
        ];
        let files: Vec<String> = steps.iter().map(|step| format!("{HEAD}{step}")).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        texts(&files)
    }
}
