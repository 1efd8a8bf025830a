//! Everything that can be asked for, by name.

use std::fmt;

/// What somebody asks for. Its name is what policies, the ledger and the matrix of roles call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// See findings, and what was decided about them.
    FindingRead,
    /// Decide about findings.
    FindingDecide,
    /// Take findings out of sight for a while, and end that.
    SuppressionManage,
    /// Ask about what was kept, accounts shown as pseudonyms.
    HuntRun,
    /// Ask about what was kept, personal data shown.
    HuntPersonal,
    /// Save and remove hunts.
    HuntSave,
    /// See how sources are.
    SourceRead,
    /// Read the ledger, and verify it.
    LedgerRead,
    /// See what is kept, of whom, why and for how long.
    ProcessingRead,
    /// See what the city runs, and what depends on what.
    RegisterRead,
    /// Say what the city runs, and what depends on what.
    RegisterWrite,
    /// See what is at stake: assessments, vulnerabilities, the order of openings.
    RiskRead,
    /// Assess: bring catalogs and results, say how controls are met, answer self-assessments.
    RiskWrite,
    /// Say what is tolerated, and accept a risk.
    RiskDecide,
    /// Let a service run.
    RiskAuthorize,
    /// See who works here.
    PersonRead,
    /// Admit people, give them roles, let them in no more.
    PersonManage,
    /// Delete a person's data.
    PersonErase,
    /// See which programs have tokens.
    TokenRead,
    /// Make tokens for programs, and revoke them.
    TokenManage,
    /// See which keys there are; never the keys.
    KeyRead,
    /// Make a new master key.
    KeyRotate,
    /// See the agency, and which others this installation serves.
    AgencyRead,
    /// See work that waits or that failed.
    JobRead,
    /// Have work tried again, or forget it.
    JobManage,
    /// See indicators, who claims them, and how sources of intelligence do.
    IntelRead,
    /// Say what was seen of an indicator, or that it is harmless; bring reports.
    IntelWrite,
    /// See reports that others brought and marked TLP:RED.
    IntelRed,
    /// Add, change, run, pause and remove sources of intelligence.
    IntelSourceManage,
    /// See collections of shared objects, and read what is in them.
    ShareRead,
    /// Bring objects into collections, and delete them there.
    ShareWrite,
    /// Make collections, and say who may read and write them.
    ShareManage,
    /// See what leaves for blocklists and detectors of others, and who fetched it.
    OutletRead,
    /// Make, pause and remove outlets, and write what they give into a file.
    OutletManage,
    /// Fetch what one outlet gives.
    OutletFetch,
    /// See with whom is shared, what left for them and why, and how they do.
    PeerRead,
    /// See how services that citizens use are, looked at from outside.
    ProbeRead,
    /// Say which services are looked at from outside, how, and what is right there.
    ProbeManage,
    /// Make and forget one's own passkeys.
    OwnPasskeys,
}

impl Operation {
    /// All of them.
    pub const ALL: [Operation; 39] = [
        Operation::FindingRead,
        Operation::FindingDecide,
        Operation::SuppressionManage,
        Operation::HuntRun,
        Operation::HuntPersonal,
        Operation::HuntSave,
        Operation::SourceRead,
        Operation::LedgerRead,
        Operation::ProcessingRead,
        Operation::RegisterRead,
        Operation::RegisterWrite,
        Operation::RiskRead,
        Operation::RiskWrite,
        Operation::RiskDecide,
        Operation::RiskAuthorize,
        Operation::PersonRead,
        Operation::PersonManage,
        Operation::PersonErase,
        Operation::TokenRead,
        Operation::TokenManage,
        Operation::KeyRead,
        Operation::KeyRotate,
        Operation::AgencyRead,
        Operation::JobRead,
        Operation::JobManage,
        Operation::IntelRead,
        Operation::IntelWrite,
        Operation::IntelRed,
        Operation::IntelSourceManage,
        Operation::ShareRead,
        Operation::ShareWrite,
        Operation::ShareManage,
        Operation::OutletRead,
        Operation::OutletManage,
        Operation::OutletFetch,
        Operation::PeerRead,
        Operation::ProbeRead,
        Operation::ProbeManage,
        Operation::OwnPasskeys,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Operation::FindingRead => "finding.read",
            Operation::FindingDecide => "finding.decide",
            Operation::SuppressionManage => "suppression.manage",
            Operation::HuntRun => "hunt.run",
            Operation::HuntPersonal => "hunt.personal",
            Operation::HuntSave => "hunt.save",
            Operation::SourceRead => "source.read",
            Operation::LedgerRead => "ledger.read",
            Operation::ProcessingRead => "processing.read",
            Operation::RegisterRead => "register.read",
            Operation::RegisterWrite => "register.write",
            Operation::RiskRead => "risk.read",
            Operation::RiskWrite => "risk.write",
            Operation::RiskDecide => "risk.decide",
            Operation::RiskAuthorize => "risk.authorize",
            Operation::PersonRead => "person.read",
            Operation::PersonManage => "person.manage",
            Operation::PersonErase => "person.erase",
            Operation::TokenRead => "token.read",
            Operation::TokenManage => "token.manage",
            Operation::KeyRead => "key.read",
            Operation::KeyRotate => "key.rotate",
            Operation::AgencyRead => "agency.read",
            Operation::JobRead => "job.read",
            Operation::JobManage => "job.manage",
            Operation::IntelRead => "intel.read",
            Operation::IntelWrite => "intel.write",
            Operation::IntelRed => "intel.red.read",
            Operation::IntelSourceManage => "intel.source.manage",
            Operation::ShareRead => "share.read",
            Operation::ShareWrite => "share.write",
            Operation::ShareManage => "share.manage",
            Operation::OutletRead => "outlet.read",
            Operation::OutletManage => "outlet.manage",
            Operation::OutletFetch => "outlet.fetch",
            Operation::PeerRead => "peer.read",
            Operation::ProbeRead => "probe.read",
            Operation::ProbeManage => "probe.manage",
            Operation::OwnPasskeys => "passkeys.own",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Operations that policies speak of together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Group {
    /// The daily work with detections.
    Watching,
    /// What needs a fresh proof of who asks.
    Grave,
    /// What everybody does with what is their own.
    Own,
}

impl Group {
    /// All of them.
    pub const ALL: [Group; 3] = [Group::Watching, Group::Grave, Group::Own];

    /// Its name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Watching => "watching",
            Group::Grave => "grave",
            Group::Own => "own",
        }
    }

    /// Whether the operation is in it.
    pub const fn has(self, operation: Operation) -> bool {
        use Operation::{
            FindingDecide, FindingRead, HuntPersonal, HuntRun, HuntSave, IntelRead, IntelSourceManage, IntelWrite,
            KeyRotate, OutletManage, OwnPasskeys, PersonErase, PersonManage, ProbeManage, ProbeRead, RiskAuthorize,
            ShareManage, SourceRead, SuppressionManage, TokenManage,
        };
        match self {
            Group::Watching => matches!(
                operation,
                FindingRead
                    | FindingDecide
                    | SuppressionManage
                    | HuntRun
                    | HuntPersonal
                    | HuntSave
                    | SourceRead
                    | IntelRead
                    | IntelWrite
                    | ProbeRead
            ),
            // What a source says becomes what detectors look for, and the program asks where a source says.
            Group::Grave => matches!(
                operation,
                PersonManage
                    | PersonErase
                    | TokenManage
                    | KeyRotate
                    | IntelSourceManage
                    | ShareManage
                    | OutletManage
                    | ProbeManage
                    | RiskAuthorize
                    | OwnPasskeys
            ),
            Group::Own => matches!(operation, OwnPasskeys),
        }
    }
}
