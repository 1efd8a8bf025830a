//! Who may do what: Cedar policies over role, operation and agency.
//!
//! A request tells Cedar roles, agencies and whether there was a fresh proof, and nothing else about anybody. So a decision is a
//! function of those few, and is remembered: Cedar is asked once for each of them.

mod operation;

use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use model::{AgencyId, OpContext, Role, Roles};

pub use operation::{Group, Operation};

/// The policies of every installation.
const BUILT_IN: &str = include_str!("policies.cedar");

/// Whoever asked may not do this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} may not do {operation}", if roles.is_empty() { "nobody's role" } else { roles.as_str() })]
pub struct Denied {
    /// What was asked for.
    pub operation: Operation,
    /// The roles of whoever asked.
    pub roles: String,
    /// Whether a fresh proof of who they are would let them.
    pub needs_proof: bool,
}

/// Policies that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the access policies: {0}")]
pub struct AccessError(String);

/// All that a decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Question {
    roles: Roles,
    operation: Operation,
    is_own_agency: bool,
    is_proven: bool,
}

/// Decides who may do what.
#[derive(Debug)]
pub struct Access {
    policies: PolicySet,
    entities: Entities,
    known: RwLock<HashMap<Question, bool>>,
}

impl Access {
    /// The built-in policies.
    ///
    /// # Errors
    /// Never with those that a test has read.
    pub fn new() -> Result<Self, AccessError> {
        let wrong = |error: &dyn std::fmt::Display| AccessError(error.to_string());
        let policies = PolicySet::from_str(BUILT_IN).map_err(|error| wrong(&error))?;
        let mut entities = Vec::new();
        for group in Group::ALL {
            entities.push(Entity::new_no_attrs(uid("Action", group.name())?, HashSet::new()));
        }
        for operation in Operation::ALL {
            let groups = Group::ALL.into_iter().filter(|group| group.has(operation));
            let parents = groups.map(|group| uid("Action", group.name())).collect::<Result<_, _>>()?;
            entities.push(Entity::new_no_attrs(uid("Action", operation.name())?, parents));
        }
        let entities = Entities::from_entities(entities, None).map_err(|error| wrong(&error))?;
        Ok(Access { policies, entities, known: RwLock::default() })
    }

    /// Whether the context may do the operation on something of that agency.
    ///
    /// # Errors
    /// When it may not.
    pub fn check(&self, ctx: &OpContext, operation: Operation, agency: &AgencyId) -> Result<(), Denied> {
        let question =
            Question { roles: ctx.roles, operation, is_own_agency: ctx.agency == *agency, is_proven: ctx.is_proven() };
        if self.allows(question) {
            return Ok(());
        }
        let needs_proof = !question.is_proven && self.allows(Question { is_proven: true, ..question });
        Err(Denied { operation, roles: ctx.roles.to_string(), needs_proof })
    }

    fn allows(&self, question: Question) -> bool {
        if let Some(answer) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&question) {
            return *answer;
        }
        // What cannot be asked is not allowed.
        let answer = self.ask(question).unwrap_or(false);
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(question, answer);
        answer
    }

    fn ask(&self, question: Question) -> Result<bool, AccessError> {
        let wrong = |error: &dyn std::fmt::Display| AccessError(error.to_string());
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let roles = RestrictedExpression::new_set(question.roles.iter().map(|role| text(role.name())));
        let theirs = HashMap::from([("agency".to_owned(), text("own")), ("roles".to_owned(), roles)]);
        let other = if question.is_own_agency { "own" } else { "other" };
        let things = HashMap::from([("agency".to_owned(), text(other))]);
        let (principal, resource) = (uid("Principal", "asking")?, uid("Resource", "asked")?);
        let principal_entity = Entity::new(principal.clone(), theirs, HashSet::new()).map_err(|error| wrong(&error))?;
        let resource_entity = Entity::new(resource.clone(), things, HashSet::new()).map_err(|error| wrong(&error))?;
        let entities = self.entities.clone().add_entities([principal_entity, resource_entity], None);
        let entities = entities.map_err(|error| wrong(&error))?;
        let proven = RestrictedExpression::new_bool(question.is_proven);
        let context = Context::from_pairs([("proven".to_owned(), proven)]).map_err(|error| wrong(&error))?;
        let action = uid("Action", question.operation.name())?;
        let request = Request::new(principal, action, resource, context, None).map_err(|error| wrong(&error))?;
        let response = Authorizer::new().is_authorized(&request, &self.policies, &entities);
        // A policy that fails to evaluate is skipped by Cedar; a `forbid` that is skipped must not open anything.
        let failed = response.diagnostics().errors().next().is_some();
        Ok(response.decision() == Decision::Allow && !failed)
    }

    /// Every role and operation: what is allowed (`yes`), what with a fresh proof (`proof`), and what is not (`no`); as CSV.
    pub fn matrix(&self) -> String {
        let roles: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        let mut out = format!("operation,{}\n", roles.join(","));
        for operation in Operation::ALL {
            let cells = Role::ALL.map(|role| {
                let allows = |is_proven| {
                    self.allows(Question { roles: Roles::of(role), operation, is_own_agency: true, is_proven })
                };
                match (allows(false), allows(true)) {
                    (true, _) => "yes",
                    (false, true) => "proof",
                    (false, false) => "no",
                }
            });
            out.push_str(&format!("{operation},{}\n", cells.join(",")));
        }
        out
    }
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, AccessError> {
    let kind = EntityTypeName::from_str(kind).map_err(|error| AccessError(error.to_string()))?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;

    fn ctx(roles: Roles) -> OpContext {
        OpContext::new(AgencyId::home(), "person:1", roles, Timestamp::from_millis(1_000_000))
    }

    /// The whole matrix, for people to read: a change of a policy is a change of this file.
    #[test]
    fn the_matrix_is_what_was_written_down() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/security/access.csv");
        let found = Access::new().unwrap().matrix();
        if std::env::var_os("WATCHBELL_ACCEPT").is_some() {
            std::fs::write(file, &found).unwrap();
        }
        let written = std::fs::read_to_string(file).unwrap_or_default();
        assert_eq!(written, found, "WATCHBELL_ACCEPT=1 writes it anew");
    }

    #[test]
    fn nobody_reaches_into_another_agency() {
        let access = Access::new().unwrap();
        let is_program = |role: &Role| matches!(role, Role::Reader | Role::Hunter | Role::Peer | Role::Subscriber);
        let everything: Roles = Role::ALL.into_iter().filter(|role| !is_program(role)).collect();
        let other = AgencyId::parse("fire").unwrap();
        let mut ctx = ctx(everything);
        ctx.proven = Some(ctx.now);
        for operation in Operation::ALL {
            assert!(access.check(&ctx, operation, &AgencyId::home()).is_ok(), "{operation}");
            assert!(access.check(&ctx, operation, &other).is_err(), "{operation}");
        }
    }

    #[test]
    fn a_fresh_proof_is_asked_for() {
        let access = Access::new().unwrap();
        let mut admin = ctx(Roles::of(Role::Administrator));
        let denied = access.check(&admin, Operation::PersonManage, &AgencyId::home()).unwrap_err();
        assert!(denied.needs_proof);
        assert_eq!(denied.to_string(), "administrator may not do person.manage");
        admin.proven = Some(admin.now);
        assert_eq!(access.check(&admin, Operation::PersonManage, &AgencyId::home()), Ok(()));
        let denied = access.check(&admin, Operation::FindingRead, &AgencyId::home()).unwrap_err();
        assert!(!denied.needs_proof);
        assert!(access.check(&ctx(Roles::NONE), Operation::FindingRead, &AgencyId::home()).is_err());
    }
}
