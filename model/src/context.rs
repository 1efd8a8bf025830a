//! On whose behalf something happens.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{AgencyId, Timestamp};

/// Goes first into every operation: who, for which agency, why, and when "now" is.
#[derive(Clone, Debug)]
pub struct OpContext {
    /// The agency whose data the operation may see.
    pub agency: AgencyId,
    /// Who acts, by an id that is no name: a person, an account of the operating system, a service token, a part of the program.
    pub actor: String,
    /// What they are here for; what they may do follows from it.
    pub roles: Roles,
    /// Why personal data is needed, if it is.
    pub purpose: Option<Purpose>,
    /// When they last proved who they are, if they did so in this session.
    pub proven: Option<Timestamp>,
    /// The time that the operation is judged by.
    pub now: Timestamp,
}

impl OpContext {
    /// A context without a purpose and without a proof.
    pub fn new(agency: AgencyId, actor: impl Into<String>, roles: Roles, now: Timestamp) -> Self {
        OpContext { agency, actor: actor.into(), roles, purpose: None, proven: None, now }
    }

    /// Whether they proved who they are a short while ago.
    pub fn is_proven(&self) -> bool {
        let since = self.now.minus(Duration::from_secs(crate::limits::STEP_UP_SECONDS));
        self.proven.is_some_and(|at| at > since && at <= self.now)
    }
}

/// What somebody is here for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// Looks at what was found, and hunts.
    Analyst,
    /// Leads the response: decides what is done.
    Lead,
    /// Answers for a service.
    ServiceOwner,
    /// Sees how things stand, not who did what.
    Board,
    /// Reads the ledger and everything that shows how it is worked here, and changes nothing.
    Auditor,
    /// Admits people, and gives them roles.
    Administrator,
    /// A program that reads findings.
    Reader,
    /// A program that hunts.
    Hunter,
    /// A program of somebody with whom intelligence is shared.
    Peer,
    /// A program that fetches what one outlet gives.
    Subscriber,
    /// Has the machine itself: the command line.
    Operator,
    /// A part of the program.
    Node,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 12] = [
        Role::Analyst,
        Role::Lead,
        Role::ServiceOwner,
        Role::Board,
        Role::Auditor,
        Role::Administrator,
        Role::Reader,
        Role::Hunter,
        Role::Peer,
        Role::Subscriber,
        Role::Operator,
        Role::Node,
    ];

    /// Its name in files and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Analyst => "analyst",
            Role::Lead => "lead",
            Role::ServiceOwner => "service_owner",
            Role::Board => "board",
            Role::Auditor => "auditor",
            Role::Administrator => "administrator",
            Role::Reader => "reader",
            Role::Hunter => "hunter",
            Role::Peer => "peer",
            Role::Subscriber => "subscriber",
            Role::Operator => "operator",
            Role::Node => "node",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no such role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no role; roles are {names}", names = Role::ALL.map(Role::name).join(", "))]
pub struct NoRole(String);

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(text: &str) -> Result<Self, NoRole> {
        let named = Role::ALL.into_iter().find(|role| role.name() == text);
        named.ok_or_else(|| NoRole(text.chars().take(40).collect()))
    }
}

/// A set of roles.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Roles(u16);

impl Roles {
    /// None: may do nothing.
    pub const NONE: Roles = Roles(0);
    /// Whoever has the machine.
    pub const OPERATOR: Roles = Roles::of(Role::Operator);
    /// A part of the program.
    pub const NODE: Roles = Roles::of(Role::Node);

    /// One role.
    pub const fn of(role: Role) -> Self {
        Roles(1 << role as u16)
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Roles(self.0 | 1 << role as u16)
    }

    /// Whether the role is among them.
    pub const fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u16) != 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Roles::NONE, Roles::with)
    }
}

impl fmt::Display for Roles {
    /// Their names with commas between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, role) in self.iter().enumerate() {
            write!(f, "{}{role}", if at > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roles({self})")
    }
}

impl FromStr for Roles {
    type Err = NoRole;

    fn from_str(text: &str) -> Result<Self, NoRole> {
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::parse).collect()
    }
}

/// Why somebody looks at personal data. Free text with a floor, because an empty purpose is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Purpose(Box<str>);

impl Purpose {
    /// Least letters that a purpose must have.
    pub const CHARS_MIN: usize = 8;

    /// Most letters that it may have.
    pub const CHARS_MAX: usize = 500;

    /// A purpose of [`Purpose::CHARS_MIN`] to [`Purpose::CHARS_MAX`] letters; `None` when it has fewer or more.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (Purpose::CHARS_MIN..=Purpose::CHARS_MAX).contains(&text.chars().count()).then(|| Purpose(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
        let roles: Roles = "lead, analyst".parse().unwrap();
        assert_eq!((roles.to_string().as_str(), roles.has(Role::Board)), ("analyst,lead", false));
        assert_eq!("".parse(), Ok(Roles::NONE));
        assert!("root".parse::<Roles>().unwrap_err().to_string().contains("administrator"));
    }

    #[test]
    fn a_proof_is_good_for_a_while() {
        let now = Timestamp::from_millis(10_000_000);
        let mut ctx = OpContext::new(AgencyId::home(), "person:1", Roles::NONE, now);
        assert!(!ctx.is_proven());
        for (seconds_ago, proven) in [(0, true), (299, true), (300, false)] {
            ctx.proven = Some(now.minus(Duration::from_secs(seconds_ago)));
            assert_eq!(ctx.is_proven(), proven, "{seconds_ago}");
        }
        ctx.proven = Some(now.plus(Duration::from_secs(1)));
        assert!(!ctx.is_proven(), "a proof from the future is none");
    }

    #[test]
    fn a_purpose_says_something() {
        assert_eq!(Purpose::new("  short "), None);
        assert_eq!(Purpose::new(" incident 12 ").unwrap().as_str(), "incident 12");
    }
}
