//! The assessment of what the installation means for the people in its data (GDPR article 35), as far as the program knows it.

use model::{OpContext, Role};
use store::register::{Kept, REGISTER};

use super::{Office, OfficeError, Period};
use crate::access::Operation;

/// What could go wrong for people, and what is done about it.
#[derive(Clone, Copy, Debug)]
pub struct Risk {
    /// What could happen.
    pub what: &'static str,
    /// To whom.
    pub whom: &'static str,
    /// What the program does about it.
    pub measures: &'static [&'static str],
    /// What is left, for people to judge.
    pub left: &'static str,
}

/// The risks that the program knows of.
const RISKS: &[Risk] = &[
    Risk {
        what: "staff or citizens are watched at work or in their use of services, beyond the search for attacks",
        whom: "staff, citizens",
        measures: &[
            "hunts show pseudonyms and hide free text unless a purpose is given",
            "every hunt with a purpose and every finding that is opened is in a ledger that nobody can change unseen",
            "administrators see no findings by their role alone",
        ],
        left: "whoever may hunt with a purpose can give a false one; somebody has to read the ledger",
    },
    Risk {
        what: "somebody is suspected wrongly because a rule or an indicator is wrong",
        whom: "staff, citizens",
        measures: &[
            "each finding says why it was found, with the record as it came",
            "nothing is decided about a person without a person",
            "false positives are marked, and keep their mark",
        ],
        left: "rules of others can be badly written; try them with `watchbell retro` before they go live",
    },
    Risk {
        what: "logs are copied or read by somebody who broke in",
        whom: "everybody in the logs",
        measures: &[
            "passkeys or the city's own accounts; no passwords to steal",
            "names of staff are sealed with keys that are kept apart from the database and from backups",
            "agencies are separated in the database itself",
            "what may leave the machine goes over TLS only",
        ],
        left: "events in the lake are not encrypted by the program: encrypt the disk",
    },
    Risk {
        what: "data is kept for longer than it is needed",
        whom: "everybody in the logs",
        measures: &[
            "every class of events has a period and a purpose; what is past it is deleted within a minute's round",
            "a legal hold names its case and its time, and is in the ledger",
        ],
        left: "copies that people export are out of the program's reach",
    },
    Risk {
        what: "a person's data cannot be erased, because it is in many places",
        whom: "staff, citizens",
        measures: &[
            "`watchbell erase` deletes from journal, lake, findings, the words of the ledger and what correlations remember, and proves it",
            "`watchbell people forget` destroys the key of a colleague's name, in every copy at once",
        ],
        left: "backups keep what was in them until they are deleted; erase again after a restore",
    },
];

/// Operations through which personal data is seen, and what they show.
const SEEING: [(Operation, &str); 6] = [
    (Operation::FindingRead, "findings, which name machines and accounts"),
    (Operation::HuntRun, "events, accounts as pseudonyms"),
    (Operation::HuntPersonal, "events with accounts and free text, for a purpose"),
    (Operation::LedgerRead, "who did what"),
    (Operation::PersonRead, "names of colleagues"),
    (Operation::PersonErase, "nothing; erases"),
];

/// Who sees what.
#[derive(Clone, Debug)]
pub struct Sight {
    /// What is seen.
    pub what: &'static str,
    /// The operation.
    pub operation: Operation,
    /// Roles that may.
    pub roles: Vec<Role>,
}

/// The assessment.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// What is kept of people.
    pub kept: Vec<&'static Kept>,
    /// For how long events are kept, by purpose.
    pub periods: Vec<Period>,
    /// Who sees what.
    pub sights: Vec<Sight>,
    /// What could go wrong.
    pub risks: &'static [Risk],
}

impl Office {
    /// The assessment, from what the program itself knows.
    ///
    /// # Errors
    /// When the context may not.
    pub async fn assessment(&self, ctx: &OpContext) -> Result<Assessment, OfficeError> {
        self.may(ctx, Operation::ProcessingRead).await?;
        let may = |role: Role, operation: Operation| {
            // As if they had just proved who they are.
            let somebody =
                OpContext { roles: model::Roles::of(role), proven: Some(ctx.now), purpose: None, ..ctx.clone() };
            self.access.check(&somebody, operation, &ctx.agency).is_ok()
        };
        let sight = |(operation, what): (Operation, &'static str)| Sight {
            what,
            operation,
            roles: Role::ALL.into_iter().filter(|role| may(*role, operation)).collect(),
        };
        Ok(Assessment {
            kept: REGISTER.iter().filter(|kept| kept.of_whom.is_some()).collect(),
            periods: self.gauges.as_ref().map(|gauges| gauges.retention()).unwrap_or_default(),
            sights: SEEING.into_iter().map(sight).collect(),
            risks: RISKS,
        })
    }
}
