//! What people report: an analyst's or a liaison officer's text, with grade, marking and attachments. It is mined, what was found is shown,
//! and nothing is taken over that nobody chose.
//!
//! A report marked TLP:RED is for the person who brought it and for those who lead the response. What was taken over of it can be
//! looked for by the watch, and whoever may read intelligence sees it as a claim with its marking, and not the report.

use std::collections::BTreeSet;

use intel::mine::{Found, Mined, TechniqueNames, Thing, mine};
use model::{Confidence, Credibility, Grade, IndicatorKind, Level, Marking, OpContext, SourceId, Tlp, limits};
use serde_json::json;
use store::state::{
    Attachment, Deed, IntelSource, MergeKind, NewClaim, NewIntelObject, NewIntelSource, NewReport, Report, ReportId,
    object_named,
};

use super::{Brought, Office, OfficeError};
use crate::access::Operation;
use crate::intel::{Gathered, SourceHealth, SourceTerms};

/// What sources of reports are called.
pub const REPORT_KIND: &str = "report";

/// What somebody brings.
#[derive(Clone, Debug, Default)]
pub struct Reported {
    /// Whose word it is, as a label; the person's own when it is not said.
    pub source: Option<String>,
    /// How reliable, how credible.
    pub grade: Grade,
    /// How far it may travel.
    pub marking: Marking,
    /// What it is called; its first line when it is not said.
    pub title: Option<String>,
    /// The text.
    pub body: String,
    /// What is attached: a name and bytes each.
    pub attachments: Vec<(String, Vec<u8>)>,
}

/// Something that a report mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// What it is called when it is chosen: kind and value, `ipv4:198.51.100.7`.
    pub name: String,
    /// What it is: a kind of indicator, `technique` or `vulnerability`.
    pub kind: &'static str,
    /// The value.
    pub value: String,
    /// The same so that nobody clicks it.
    pub defanged: String,
    /// Why it may be something else; empty when nothing speaks against it.
    pub doubts: Vec<String>,
    /// What of ours it is.
    pub ours: Option<String>,
    /// How often it stands there.
    pub times: u64,
    /// The text around the first place.
    pub around: String,
}

impl Proposal {
    /// Whether nothing speaks against it.
    pub fn is_plain(&self) -> bool {
        self.doubts.is_empty() && self.ours.is_none()
    }
}

/// A report with everything around it.
#[derive(Clone, Debug)]
pub struct ReportView {
    /// The report.
    pub report: Report,
    /// What it mentions.
    pub proposals: Vec<Proposal>,
    /// What has the shape of something and is nothing: as it is written, and why not.
    pub refused: Vec<(String, String)>,
    /// What was not looked at, of texts and things beyond the limits.
    pub left_out: u64,
    /// What is attached.
    pub attachments: Vec<Attachment>,
}

/// What of a report is taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Everything against which nothing speaks.
    Plain,
    /// Everything.
    All,
    /// These, by name.
    Only(BTreeSet<String>),
    /// Nothing.
    Nothing,
}

impl Choice {
    /// What is chosen of these.
    ///
    /// # Errors
    /// When something is named that is not among them.
    pub fn of<'p>(&self, proposals: &'p [Proposal]) -> Result<Vec<&'p Proposal>, OfficeError> {
        Ok(match self {
            Choice::Nothing => Vec::new(),
            Choice::All => proposals.iter().collect(),
            Choice::Plain => proposals.iter().filter(|one| one.is_plain()).collect(),
            Choice::Only(names) => {
                // Whoever types one means the name or the value.
                let is = |one: &Proposal, name: &str| one.name == name || one.value == name || one.defanged == name;
                let missing = names.iter().find(|name| !proposals.iter().any(|one| is(one, name)));
                if let Some(name) = missing {
                    let shown: String = name.chars().take(80).collect();
                    return Err(OfficeError::Refused(format!("{shown:?} was not found in the report")));
                }
                proposals.iter().filter(|one| names.iter().any(|name| is(one, name))).collect()
            }
        })
    }
}

impl Office {
    /// Keeps a report. Nothing of it counts until somebody has looked at what was found: see [`Office::decide_report`].
    ///
    /// # Errors
    /// When the context may not, source, text or attachments make no sense, or the state refuses.
    pub async fn add_report(&self, ctx: &OpContext, reported: Reported) -> Result<ReportId, OfficeError> {
        self.may(ctx, Operation::IntelWrite).await?;
        if reported.body.trim().is_empty() {
            return Err(OfficeError::Refused("a report without a text says nothing".to_owned()));
        }
        let source = reported.source.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| own_source(&ctx.actor));
        SourceId::parse(&source).map_err(|error| OfficeError::Refused(error.to_string()))?;
        self.source_of_reports(ctx, &source, reported.grade).await?;
        let first = || reported.body.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let title = reported.title.as_deref().map(str::trim).filter(|title| !title.is_empty()).unwrap_or_else(first);
        let title = title.chars().filter(|letter| !letter.is_control()).take(limits::REPORT_TITLE_CHARS_MAX).collect();
        let attachments = reported.attachments.into_iter().map(|(name, bytes)| (plain_name(&name), bytes)).collect();
        let new = NewReport {
            source,
            grade: reported.grade,
            marking: reported.marking,
            title,
            body: reported.body.clone(),
            attachments,
        };
        Ok(self.state.add_report(ctx, &new).await?)
    }

    /// The source of that name, if it is there already. Feeds are no people, and how reliable a source is does not change with each
    /// report.
    async fn source_of_reports(
        &self,
        ctx: &OpContext,
        name: &str,
        grade: Grade,
    ) -> Result<Option<IntelSource>, OfficeError> {
        let found = self.state.intel_source(ctx, name).await?.filter(|source| source.removed.is_none());
        let Some(source) = found else { return Ok(None) };
        if source.kind != REPORT_KIND {
            let hint = "name another source for what people report";
            return Err(OfficeError::Conflict(format!(
                "{name} is a source of another kind ({}); hint: {hint}",
                source.kind
            )));
        }
        let reliability = SourceTerms::of(&source).grade.reliability;
        if reliability != grade.reliability {
            let hint = "name another source, or grade this report by the same letter";
            let (is, wanted) = (Grade { reliability, ..grade }, grade);
            return Err(OfficeError::Conflict(format!("{name} is graded like {is}, not {wanted}; hint: {hint}")));
        }
        Ok(Some(source))
    }

    /// The agency's reports, newest first, without their texts; those marked TLP:RED for those who may see them.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn reports(&self, ctx: &OpContext, rows_max: usize) -> Result<Vec<Report>, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        let mut reports = self.state.reports(ctx, rows_max).await?;
        let sees_red = self.offers(ctx, Operation::IntelRed);
        reports.retain(|report| report.marking.tlp != Tlp::Red || report.created_by == ctx.actor || sees_red);
        Ok(reports)
    }

    async fn known_report(&self, ctx: &OpContext, id: ReportId) -> Result<Report, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        let report = self.state.report(ctx, id).await?;
        let report = report.ok_or_else(|| OfficeError::NotFound { what: "report", name: id.to_string() })?;
        if report.marking.tlp == Tlp::Red && report.created_by != ctx.actor {
            self.may(ctx, Operation::IntelRed).await?;
        }
        Ok(report)
    }

    /// A report, and what was found in it. It can name people, so the read is in the ledger.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn report(&self, ctx: &OpContext, id: ReportId) -> Result<ReportView, OfficeError> {
        let report = self.known_report(ctx, id).await?;
        self.reads.record(ctx, Deed::done("intel.report.read", format!("report:{id}"))).await?;
        let mined = self.mined(ctx, report.body.clone()).await?;
        let city = self.city(ctx);
        let proposals = mined.found.iter().map(|found| proposal(found, &city)).collect();
        let refused = mined.refused.iter().map(|one| (one.place.written.clone(), one.because.to_string())).collect();
        let left_out = mined.left_out + mined.bytes_left_out as u64;
        let attachments = self.state.attachments(ctx, id).await?;
        Ok(ReportView { report, proposals, refused, left_out, attachments })
    }

    async fn mined(&self, ctx: &OpContext, body: String) -> Result<Mined, OfficeError> {
        let mut techniques: Vec<(String, String)> = Vec::new();
        let mut after = (String::new(), String::new());
        while techniques.len() < limits::MINE_NAMES_MAX {
            let page =
                self.state.intel_objects(ctx, "attack-pattern", (&after.0, &after.1), limits::INTEL_PAGE_MAX).await?;
            let Some(last) = page.last() else { break };
            after = (last.object.name.clone(), last.object.id.clone());
            for kept in &page {
                let body: serde_json::Value = serde_json::from_str(&kept.object.body).unwrap_or_default();
                let id = body["attack_id"].as_str().filter(|_| body["revoked"].as_bool() != Some(true));
                techniques.extend(id.map(|id| (id.to_owned(), kept.object.name.clone())));
            }
        }
        // Texts may be long: not on the threads that answer.
        let mined = tokio::task::spawn_blocking(move || {
            let names = TechniqueNames::new(techniques.iter().map(|(id, name)| (id.as_str(), name.as_str())));
            mine(&body, &names)
        });
        mined.await.map_err(|_| OfficeError::Stopping)
    }

    /// An attachment. Reading it is in the ledger.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn attachment(
        &self,
        ctx: &OpContext,
        id: ReportId,
        number: u64,
    ) -> Result<(Attachment, Vec<u8>), OfficeError> {
        self.known_report(ctx, id).await?;
        let found = self.state.attachment(ctx, id, number).await?;
        let found = found.ok_or_else(|| OfficeError::NotFound { what: "attachment", name: number.to_string() })?;
        self.reads.record(ctx, Deed::done("intel.attachment.read", format!("report:{id}"))).await?;
        Ok(found)
    }

    /// Takes over what was chosen of a report, as claims of its source. Once for each report.
    ///
    /// # Errors
    /// When the context may not, there is none that waits, something was chosen that is not in it, or the state refuses.
    pub async fn decide_report(&self, ctx: &OpContext, id: ReportId, choice: &Choice) -> Result<Brought, OfficeError> {
        self.may(ctx, Operation::IntelWrite).await?;
        let ReportView { report, proposals, .. } = self.report(ctx, id).await?;
        if let Some((_, at)) = &report.decided {
            return Err(OfficeError::Conflict(format!("it was decided about this report at {at}")));
        }
        let taken = choice.of(&proposals)?;
        let mut brought = Brought::default();
        if !taken.is_empty() {
            let source = self.source_for(ctx, &report).await?;
            // The decision comes last: one that is cut off is taken again, and finds its claims there.
            brought = self.bring_checked(ctx, &source, (MergeKind::Part, &gathered(&report, &taken)), |_| {}).await?;
            let now = Some(ctx.now);
            let health = SourceHealth { last_try: now, last_success: now, brought, ..SourceHealth::of(&source) };
            let health = serde_json::to_string(&health).unwrap_or_default();
            self.state.keep_intel_run(ctx, source.number, &source.memory, &health).await?;
            self.mark_stale(ctx);
        }
        self.state.decide_report(ctx, id, taken.len() as u64).await?;
        Ok(brought)
    }

    /// The source that a report's claims go to; made when there is none.
    async fn source_for(&self, ctx: &OpContext, report: &Report) -> Result<IntelSource, OfficeError> {
        if let Some(source) = self.source_of_reports(ctx, &report.source, report.grade).await? {
            return Ok(source);
        }
        let terms = SourceTerms { grade: report.grade, marking: report.marking, ..SourceTerms::default() };
        let config = serde_json::to_string(&terms).unwrap_or_default();
        let new = NewIntelSource { name: &report.source, kind: REPORT_KIND, config: &config };
        self.state.add_intel_source(ctx, &new).await?;
        self.known_source(ctx, &report.source).await
    }
}

/// A person's own source: what contexts call them, as a label.
fn own_source(actor: &str) -> String {
    let label: String = actor
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    let label = label.trim_matches('-');
    label.get(..63).unwrap_or(label).trim_end_matches('-').to_owned()
}

/// What a file is called: its last part, without signs that mean something to whoever shows or keeps it.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last
        .chars()
        .map(|letter| if letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_' | ' ') { letter } else { '_' })
        .take(limits::REPORT_TITLE_CHARS_MAX)
        .collect();
    let plain = plain.trim_matches([' ', '.']);
    if plain.is_empty() { "attachment".to_owned() } else { plain.to_owned() }
}

fn proposal(found: &Found, city: &crate::intel::City) -> Proposal {
    let (kind, value, ours) = match &found.thing {
        Thing::Indicator { kind, value } => (kind.name(), value.clone(), city.own.covers(*kind, value)),
        Thing::Technique { id, .. } => ("technique", id.clone(), None),
        Thing::Vulnerability { id } => ("vulnerability", id.clone(), None),
    };
    let defanged = match &found.thing {
        Thing::Indicator { kind, .. } => defanged(*kind, &value),
        Thing::Technique { name: Some(name), .. } => format!("{value} {name}"),
        _ => value.clone(),
    };
    Proposal {
        name: format!("{kind}:{value}"),
        kind,
        defanged,
        doubts: found.doubts.iter().map(ToString::to_string).collect(),
        ours: ours.map(str::to_owned),
        times: found.times,
        around: found.places.first().map(|place| place.around.clone()).unwrap_or_default(),
        value,
    }
}

/// A value so that no program makes a link of it.
fn defanged(kind: IndicatorKind, value: &str) -> String {
    match kind {
        IndicatorKind::FileHash | IndicatorKind::UrlPath => value.to_owned(),
        IndicatorKind::Url => value.replacen("http", "hxxp", 1).replace('.', "[.]"),
        _ => value.replace('.', "[.]").replace('@', "[@]"),
    }
}

/// What was chosen, as whatever a source brings.
fn gathered(report: &Report, taken: &[&Proposal]) -> Gathered {
    let reference = format!("report:{}", report.id);
    let credibility: Credibility = report.grade.credibility;
    let mut claims = Vec::new();
    let (mut techniques, mut vulnerabilities) = (Vec::new(), Vec::new());
    for one in taken {
        match IndicatorKind::ALL.into_iter().find(|kind| kind.name() == one.kind) {
            Some(kind) => claims.push(NewClaim {
                kind,
                value: one.value.clone(),
                label: "reported by people".to_owned(),
                confidence: Confidence::UNSTATED,
                credibility,
                level: Level::Medium,
                marking: report.marking,
                reference: Some(reference.clone()),
                seen: Some(report.created),
                until: None,
            }),
            None if one.kind == "technique" => techniques.push(one.value.as_str()),
            None => vulnerabilities.push(one.value.as_str()),
        }
    }
    claims.sort_by(|a, b| (a.kind, &a.value).cmp(&(b.kind, &b.value)));
    let is_more = !techniques.is_empty() || !vulnerabilities.is_empty();
    let objects = is_more.then(|| NewIntelObject {
        id: reference,
        kind: REPORT_KIND.to_owned(),
        name: object_named("report", &report.id.to_string()),
        modified: report.created,
        body: json!({
            "techniques": techniques, "vulnerabilities": vulnerabilities, "grade": report.grade,
            "tlp": report.marking.tlp, "pap": report.marking.pap,
        })
        .to_string(),
    });
    Gathered { claims, objects: objects.into_iter().collect(), ..Gathered::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_and_files() {
        assert_eq!(own_source("person:00ff"), "person-00ff");
        assert_eq!(own_source("account:1000"), "account-1000");
        assert!(SourceId::parse(&own_source(&"x:".repeat(80))).is_ok());
        for (name, expected) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\mail.eml", "mail.eml"),
            ("a\"b\r\n.pdf", "a_b__.pdf"),
            ("..", "attachment"),
            ("", "attachment"),
            ("Übersicht 1.txt", "Übersicht 1.txt"),
        ] {
            assert_eq!(plain_name(name), expected);
        }
    }

    #[test]
    fn nothing_can_be_clicked() {
        assert_eq!(defanged(IndicatorKind::Url, "http://a.example/x"), "hxxp://a[.]example/x");
        assert_eq!(defanged(IndicatorKind::Ipv4, "192.0.2.7"), "192[.]0[.]2[.]7");
        assert_eq!(defanged(IndicatorKind::Email, "a@b.example"), "a[@]b[.]example");
    }

    #[test]
    fn only_what_was_chosen() {
        let proposal = |value: &str, doubts: &[&str]| Proposal {
            name: format!("ipv4:{value}"),
            kind: "ipv4",
            value: value.to_owned(),
            defanged: defanged(IndicatorKind::Ipv4, value),
            doubts: doubts.iter().map(|doubt| (*doubt).to_owned()).collect(),
            ours: None,
            times: 1,
            around: String::new(),
        };
        let proposals = [proposal("192.0.2.1", &[]), proposal("10.0.0.1", &["private"])];
        let check = |choice: Choice, expected: &[&str]| {
            let taken: Vec<&str> = choice.of(&proposals).unwrap().iter().map(|one| one.value.as_str()).collect();
            assert_eq!(taken, expected, "{choice:?}");
        };
        check(Choice::Nothing, &[]);
        check(Choice::Plain, &["192.0.2.1"]);
        check(Choice::All, &["192.0.2.1", "10.0.0.1"]);
        check(Choice::Only(["10[.]0[.]0[.]1".to_owned()].into()), &["10.0.0.1"]);
        assert!(Choice::Only(["192.0.2.9".to_owned()].into()).of(&proposals).is_err());
    }
}
