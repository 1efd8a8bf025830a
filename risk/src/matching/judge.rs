//! From all that is said about one vulnerability and one piece of software to one answer.

use model::limits::MATCH_REASONS_MAX;
use model::software::{Advisory, Statement, Status, Voice};

use super::range::{Place, standing};
use super::subject::{Fit, Level, Subject};
use super::{Answer, How, MatchReason, cve, names};

/// Who speaks, the one who knows least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Dictionary,
    Package,
    Maker,
}

/// What one statement means for the software.
struct Outcome {
    rank: Rank,
    status: Status,
    how: How,
    fit: Fit,
    fixed_in: Option<String>,
    /// What is not certain: then it cannot overrule anybody.
    doubt: Option<String>,
    by: String,
    why: String,
}

/// The answer, or `None` when no statement means the software after all.
pub(super) fn answer(advisories: &[Advisory], places: &[(usize, usize)], subject: &Subject<'_>) -> Option<Answer> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut asked: Vec<usize> = Vec::new();
    for (number, place) in places {
        let Some(advisory) = advisories.get(*number) else { continue };
        let Some(statement) = advisory.statements.get(*place) else { continue };
        let Some(fit) = subject.fits(&statement.product) else { continue };
        outcomes.extend(outcome(advisory, statement, fit));
        if !asked.contains(number) {
            asked.push(*number);
        }
    }
    let (status, rank) = decided(&outcomes)?;
    asked.sort_unstable();
    let mut fixed_in: Vec<String> = outcomes.iter().filter_map(|outcome| outcome.fixed_in.clone()).collect();
    fixed_in.sort();
    fixed_in.dedup();
    Some(Answer {
        vulnerability: name(advisories, &asked),
        status,
        fixed_in,
        advisories: asked,
        because: reasons(outcomes, rank),
    })
}

/// What holds, and from which rank on somebody is heard.
fn decided(outcomes: &[Outcome]) -> Option<(Status, Rank)> {
    let mut worst: Option<Status> = None;
    for rank in [Rank::Maker, Rank::Package, Rank::Dictionary] {
        let of_rank = || outcomes.iter().filter(|outcome| outcome.rank == rank);
        worst = worst.max(of_rank().map(|outcome| outcome.status).max());
        // A maker who speaks about other versions has not spoken about this one.
        let is_firm = |outcome: &Outcome| {
            let is_about_it = rank != Rank::Maker || !matches!(outcome.how, How::Outside | How::Mended);
            outcome.doubt.is_none() && is_about_it
        };
        if of_rank().any(is_firm) {
            return Some((worst?, rank));
        }
    }
    worst.map(|worst| (worst, Rank::Dictionary))
}

fn outcome(advisory: &Advisory, statement: &Statement, fit: Fit) -> Option<Outcome> {
    let rank = match (advisory.voice, fit.level) {
        (Voice::Maker, _) => Rank::Maker,
        (Voice::Database, Level::Package) => Rank::Package,
        (Voice::Database, Level::Dictionary) => Rank::Dictionary,
    };
    let mut doubt = fit.doubt.clone();
    let (status, how, fixed_in) = judged(statement, &fit, &mut doubt)?;
    // Who names single versions of an own product has not spoken about the others.
    let is_silent = rank == Rank::Maker && statement.ranges.is_empty() && how == How::Outside;
    (!is_silent || status != Status::NotAffected).then(|| Outcome {
        rank,
        status,
        how,
        fixed_in,
        doubt,
        by: format!("{} {}", advisory.source, advisory.id).trim().to_owned(),
        why: statement.why.clone(),
        fit,
    })
}

/// What holds by one statement; `None` when it says nothing about this version.
fn judged(statement: &Statement, fit: &Fit, doubt: &mut Option<String>) -> Option<(Status, How, Option<String>)> {
    let status = statement.status;
    let is_bare = statement.versions.is_empty() && statement.ranges.is_empty();
    if is_bare && fit.named_version.is_none() {
        return Some((status, How::AllVersions, None));
    }
    if fit.version.is_empty() {
        // It may be any of them: good news for some is none for it.
        return Some((Status::UnderInvestigation, How::NoVersion, None));
    }
    let is_it = |version: &String| *version == fit.version || fit.scheme.compare(&fit.version, version).order.is_eq();
    let listed = if is_bare { fit.named_version.iter().any(is_it) } else { statement.versions.iter().any(is_it) };
    if listed {
        let fixed = statement.ranges.iter().find_map(|range| standing(range, fit.scheme, &fit.version).fixed_in);
        return Some((status, How::Listed, fixed));
    }
    let (mut is_behind, mut is_guess) = (false, false);
    for range in &statement.ranges {
        let standing = standing(range, fit.scheme, &fit.version);
        is_guess |= standing.is_doubtful;
        match standing.place {
            Place::Inside => {
                if standing.is_doubtful {
                    *doubt = Some(format!("{} is no version by {}", fit.version, fit.scheme.text()));
                }
                return Some((status, How::InRange, standing.fixed_in));
            }
            Place::Behind => is_behind = true,
            Place::Outside => {}
        }
    }
    if is_guess {
        *doubt = Some(format!("{} is no version by {}", fit.version, fit.scheme.text()));
        return Some((Status::UnderInvestigation, How::Outside, None));
    }
    match status {
        Status::Affected if is_behind => Some((Status::Fixed, How::Mended, None)),
        Status::Affected => Some((Status::NotAffected, How::Outside, None)),
        Status::Fixed => before_the_fix(statement, fit),
        // That others are sound or looked into says nothing about this one.
        Status::NotAffected | Status::UnderInvestigation => None,
    }
}

/// A version before one that is called mended, of which nothing else is said: it may well be what was mended.
fn before_the_fix(statement: &Statement, fit: &Fit) -> Option<(Status, How, Option<String>)> {
    let mended = statement.versions.iter().chain(fit.named_version.iter().filter(|_| statement.versions.is_empty()));
    let later = mended.filter(|version| fit.scheme.compare(&fit.version, version).order.is_lt());
    let fixed_in = later.min_by(|one, other| fit.scheme.compare(one, other).order)?;
    Some((Status::UnderInvestigation, How::NothingSaid, Some(fixed_in.clone())))
}

/// A CVE where there is one, else the first name.
fn name(advisories: &[Advisory], asked: &[usize]) -> String {
    let all = || asked.iter().filter_map(|number| advisories.get(*number)).flat_map(names);
    all().find(|name| cve(name).is_some()).or_else(|| all().next()).unwrap_or_default().to_owned()
}

/// Those who were heard, the worst first; then those who were not.
fn reasons(mut outcomes: Vec<Outcome>, rank: Rank) -> Vec<MatchReason> {
    outcomes.sort_by(|one, other| {
        let heard = |outcome: &Outcome| outcome.rank >= rank;
        (heard(other), other.status, &one.by).cmp(&(heard(one), one.status, &other.by))
    });
    let mut because = Vec::new();
    for outcome in outcomes {
        if outcome.rank < rank {
            because.push(MatchReason::Overruled { status: outcome.status, by: outcome.by });
            continue;
        }
        because.push(MatchReason::Said {
            by: outcome.by,
            product: outcome.fit.name,
            version: outcome.fit.version,
            status: outcome.status,
            how: outcome.how,
            why: outcome.why,
        });
        because.extend(outcome.doubt.map(|what| MatchReason::Doubt { what }));
    }
    because.truncate(MATCH_REASONS_MAX);
    because
}
