//! What was said in the steps about one service.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use model::Timestamp;
use model::register::{Impact, ItemId};
use serde::{Deserialize, Serialize};

/// A closed list of words: their names, all of them, and reading.
macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $type {
            $($(#[$variant_doc])* #[serde(rename = $name)] $variant,)+
        }

        impl $type {
            /// All of them, in their order.
            pub const ALL: &[$type] = &[$($type::$variant,)+];

            /// As it is written.
            pub const fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $name,)+
                }
            }

        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let known = || $type::ALL.iter().map(|word| word.name()).collect::<Vec<_>>().join(", ");
                let found = $type::ALL.iter().copied().find(|word| word.name() == text.trim());
                found.ok_or_else(|| format!("no such word; known are {}", known()))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

words! {
    /// A step (SP 800-37r2, chapter 3).
    Step {
        /// Who answers, and what belongs to the service.
        Prepare = "prepare",
        /// How bad it would be.
        Categorize = "categorize",
        /// Which controls.
        Select = "select",
        /// How each is met.
        Implement = "implement",
        /// Whether each is met.
        Assess = "assess",
        /// Whether it may run.
        Authorize = "authorize",
        /// What has changed since.
        Monitor = "monitor",
    }
}

words! {
    /// Whether a control is met by what was built (the words of OSCAL).
    Implementation {
        /// It is.
        Implemented = "implemented",
        /// A part of it is.
        Partial = "partial",
        /// It is going to be.
        Planned = "planned",
        /// In another way.
        Alternative = "alternative",
        /// It does not apply.
        NotApplicable = "not-applicable",
    }
}

words! {
    /// How something was found out (SP 800-53A).
    Method {
        /// Papers and settings were read.
        Examine = "examine",
        /// People were asked.
        Interview = "interview",
        /// It was tried.
        Test = "test",
        /// The program looked by itself.
        Automated = "automated",
    }
}

words! {
    /// Where something that is to be done stands.
    ActionStatus {
        /// Nobody has begun.
        Open = "open",
        /// It is being done.
        Remediating = "remediating",
        /// It is done.
        Closed = "closed",
    }
}

words! {
    /// What was decided.
    Decision {
        /// It may run.
        Authorize = "authorize",
        /// It may run under conditions.
        AuthorizeWithConditions = "authorize-with-conditions",
        /// It may not run.
        Deny = "deny",
    }
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// By an id that is no name.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What belongs to the service beside what the register's links lead to; each with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boundary {
    /// Items that belong to it all the same.
    pub added: BTreeMap<ItemId, String>,
    /// Items that do not.
    pub removed: BTreeMap<ItemId, String>,
}

/// Controls that were put in or taken out; each with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tailoring {
    /// Put in.
    pub added: BTreeMap<String, String>,
    /// Taken out.
    pub removed: BTreeMap<String, String>,
}

/// Which controls were chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// The baseline.
    pub baseline: Impact,
    /// The privacy overlay is on.
    pub has_privacy: bool,
    /// What the profiles resolved to: each control with the id of its statement.
    pub controls: BTreeMap<String, String>,
    /// What they are called in the catalog, those put in among them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub titles: BTreeMap<String, String>,
    /// Which kept documents were used: place and version, with the SHA-256.
    pub sources: BTreeMap<String, String>,
    /// Who chose, and when.
    pub done: Done,
}

/// By what a control is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// By an item of the boundary.
    Item(ItemId),
    /// By another service, whose package says how.
    InheritedFrom(ItemId),
}

/// How a control is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct How {
    /// Whether it is.
    pub status: Implementation,
    /// In words.
    pub words: String,
    /// By what.
    pub by: Source,
    /// Who said so, and when.
    pub done: Done,
}

/// What shows something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is.
    pub what: String,
    /// Where it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// Its SHA-256, in hexadecimal digits; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hash: String,
    /// When it was taken.
    pub at: Timestamp,
}

/// Whether a control was found to be met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessed {
    /// How that was found out.
    pub method: Method,
    /// Whether it is met.
    pub is_satisfied: bool,
    /// In words.
    pub words: String,
    /// What shows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// Who looked, and when.
    pub done: Done,
}

/// Something that is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// For which control.
    pub control: String,
    /// In words.
    pub words: String,
    /// Until when.
    pub due: Timestamp,
    /// Where it stands.
    pub status: ActionStatus,
    /// Who said so last, and when.
    pub done: Done,
}

/// What counts of the newest signed decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationHead {
    /// What was decided.
    pub decision: Decision,
    /// Until when.
    pub expires: Timestamp,
    /// Which version of the kept record.
    pub version: u64,
    /// Who decided, and when.
    pub done: Done,
}

/// Everything that was said about one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Which service.
    pub service: ItemId,
    /// Who worked last on a step.
    #[serde(default)]
    pub worked: BTreeMap<Step, Done>,
    /// Steps that were opened again, and why; work on the step takes it out.
    #[serde(default)]
    pub reopened: BTreeMap<Step, Vec<String>>,
    /// What belongs to it.
    #[serde(default)]
    pub boundary: Boundary,
    /// The chosen controls.
    #[serde(default)]
    pub selection: Option<Selection>,
    /// Controls put in or taken out; they stay when controls are chosen again.
    #[serde(default)]
    pub tailoring: Tailoring,
    /// How controls are met.
    #[serde(default)]
    pub statements: BTreeMap<String, How>,
    /// Whether they are: the newest of each method.
    #[serde(default)]
    pub assessed: BTreeMap<String, Vec<Assessed>>,
    /// What is to be done.
    #[serde(default)]
    pub actions: BTreeMap<String, Action>,
    /// The newest decision.
    #[serde(default)]
    pub authorization: Option<AuthorizationHead>,
}

impl Package {
    /// A package in which nothing was said.
    pub const fn new(service: ItemId) -> Self {
        Package {
            service,
            worked: BTreeMap::new(),
            reopened: BTreeMap::new(),
            boundary: Boundary { added: BTreeMap::new(), removed: BTreeMap::new() },
            selection: None,
            tailoring: Tailoring { added: BTreeMap::new(), removed: BTreeMap::new() },
            statements: BTreeMap::new(),
            assessed: BTreeMap::new(),
            actions: BTreeMap::new(),
            authorization: None,
        }
    }

    /// The controls that count: chosen, without those taken out, with those put in.
    pub fn controls(&self) -> BTreeSet<&str> {
        let chosen = self.selection.iter().flat_map(|selection| selection.controls.keys());
        let left = chosen.filter(|id| !self.tailoring.removed.contains_key(*id));
        let is_chosen = self.selection.is_some();
        left.chain(self.tailoring.added.keys().filter(|_| is_chosen)).map(String::as_str).collect()
    }

    /// Says that somebody worked on a step: what had opened it again is dealt with.
    pub fn work(&mut self, step: Step, done: Done) {
        self.reopened.remove(&step);
        self.worked.insert(step, done);
    }

    /// Keeps a result in place of the older one of the same method.
    pub fn assess(&mut self, control: &str, assessed: Assessed) {
        let list = self.assessed.entry(control.to_owned()).or_default();
        list.retain(|old| old.method != assessed.method);
        list.push(assessed);
        list.sort_by_key(|one| one.method);
    }

    /// Whether a control was found to be met: one result that says no is enough. `None` while nobody looked.
    pub fn is_satisfied(&self, control: &str) -> Option<bool> {
        let list = self.assessed.get(control)?;
        (!list.is_empty()).then(|| list.iter().all(|one| one.is_satisfied))
    }
}
