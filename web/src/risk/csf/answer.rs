//! Answering: a page for each function, a form for each category.

use std::collections::BTreeMap;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::csf::{Answer, CsfView, Evidence, EvidenceSource, Figure, Freshness, Function, Question};
use model::{Day, OpContext, limits};
use serde::Serialize;
use utoipa::ToSchema;

use super::{CsfAsked, level_of, version_of, year_of};
use crate::app::App;
use crate::asked::{Fields, Path, Query};
use crate::problem::Problem;
use crate::risk::{Tab, tabs};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Something that an answer rests on.
#[derive(Serialize, ToSchema)]
struct CsfEvidence {
    what: String,
    #[schema(format = Date)]
    day: String,
    /// It is too old to count, or of a day to come.
    is_stale: bool,
}

/// A question with its answer.
#[derive(Serialize, ToSchema)]
struct CsfQuestion {
    id: String,
    ask: String,
    weight: u32,
    current: Option<u8>,
    target: Option<u8>,
    /// Why it does not apply, if it does not.
    not_applicable: Option<String>,
    note: String,
    evidence: Vec<CsfEvidence>,
    /// What the program counted itself.
    figures: Vec<String>,
}

/// A category with its questions.
#[derive(Serialize, ToSchema)]
struct CsfCategory {
    id: String,
    title: String,
    questions: Vec<CsfQuestion>,
}

/// The answers to the questions of a function.
#[derive(Serialize, ToSchema)]
struct CsfFunctionDocument {
    year: i16,
    /// The number of the version; 0 when nothing is answered yet.
    version: u64,
    function: &'static str,
    title: &'static str,
    categories: Vec<CsfCategory>,
}

#[derive(Template)]
#[template(path = "risk_csf_function.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    of: CsfFunctionDocument,
    levels: Vec<(u8, String)>,
    functions: Vec<(&'static str, &'static str, bool)>,
    may_write: bool,
}

impl Page {
    fn is_level(&self, said: &Option<u8>, level: &u8) -> bool {
        said.as_ref() == Some(level)
    }

    /// What a step is, in words.
    fn words(&self, said: &Option<u8>) -> String {
        let name = |level: u8| self.levels.iter().find(|(one, _)| *one == level).map_or("", |(_, name)| name.as_str());
        said.map_or_else(|| "unsaid".to_owned(), |level| format!("{level}: {}", name(level)))
    }
}

fn question(view: &CsfView, question: &Question, freshness: Freshness) -> CsfQuestion {
    let nothing = Answer::default();
    let answer = view.assessment.answers.get(&question.id).unwrap_or(&nothing);
    let evidence = answer.evidence.iter().map(|one| CsfEvidence {
        what: one.source.to_string(),
        day: one.day.to_string(),
        is_stale: !freshness.is_fresh(one),
    });
    let figures = view.figures.iter().filter(|figure| figure.question == question.id);
    CsfQuestion {
        id: question.id.clone(),
        ask: question.ask.clone(),
        weight: question.weight,
        current: answer.current,
        target: answer.target,
        not_applicable: answer.not_applicable.clone(),
        note: answer.note.clone(),
        evidence: evidence.collect(),
        figures: figures.map(|figure| format!("{}: {}", figure.name, figure.value)).collect(),
    }
}

fn document(view: &CsfView, function: Function, today: Day) -> CsfFunctionDocument {
    let set = &view.questions.set;
    let freshness = Freshness { today, days: limits::CSF_FRESH_DAYS };
    let of_it = set.categories().iter().filter(|category| category.function() == Some(function));
    let categories = of_it.map(|category| CsfCategory {
        id: category.id.clone(),
        title: category.title.clone(),
        questions: set.of(&category.id).map(|one| question(view, one, freshness)).collect(),
    });
    CsfFunctionDocument {
        year: view.assessment.year,
        version: view.version.as_ref().map_or(0, |version| version.number),
        function: function.id(),
        title: function.name(),
        categories: categories.collect(),
    }
}

fn today(ctx: &OpContext) -> Result<Day, Problem> {
    Day::of(ctx.now).ok_or_else(|| Problem::not_yet("the clock shows no day"))
}

fn function_of(text: &str) -> Result<Function, Problem> {
    text.parse::<Function>().map_err(|error| Problem::not_found(error.to_string()))
}

/// The questions of a function with their answers: the page, or with `.json` behind the name the document.
#[utoipa::path(get, path = "/risk/csf/{function}", tag = "Risk",
    params(("function" = String, Path, pattern = "^(GV|ID|PR|DE|RS|RC)(\\.json)?$"), CsfAsked),
    security(("session" = []), ("token" = [])),
    responses(
        (status = 200, description = "Questions and answers", content(
            (String = "text/html"), (CsfFunctionDocument = "application/json")))))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    visit: Result<Visit, Problem>,
    Path(name): Path<String>,
    Query(asked): Query<CsfAsked>,
) -> Result<Response, Problem> {
    let year = asked.read()?;
    if let Some(name) = name.strip_suffix(".json") {
        let function = function_of(name)?;
        let view = app.office.csf_posture(&caller.ctx, year).await?;
        return Ok(Json(document(&view, function, today(&caller.ctx)?)).into_response());
    }
    let function = function_of(&name)?;
    let visit = visit?;
    let ctx = &visit.visitor.ctx;
    let view = app.office.csf_posture(ctx, year).await?;
    let shell = Shell::inside(&app, &visit, format!("Posture: {}", function.name()), "/risk").await?;
    let levels = view.questions.set.levels();
    Ok(Html(Page {
        shell,
        tabs: tabs("/risk/csf"),
        of: document(&view, function, today(ctx)?),
        levels: levels.map(|(level, name)| (level, name.to_owned())).collect(),
        functions: Function::ALL.map(|one| (one.id(), one.name(), one == function)).to_vec(),
        may_write: app.office.offers(ctx, Operation::RiskWrite),
    })
    .into_response())
}

/// Answers to some questions of a function. Fields from `question` to `evidence` come once for each question, in the same order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape stands in the document; the form is read field by field")]
struct CsfAnswered {
    /// The number of the version that was looked at; 0 when there was none.
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})$")]
    version: String,
    #[schema(pattern = "^2[01][0-9]{2}$")]
    year: String,
    question: Vec<String>,
    /// A step, or nothing.
    current: Vec<String>,
    /// A step, or nothing.
    target: Vec<String>,
    /// Why it does not apply, or nothing.
    not_applicable: Vec<String>,
    note: Vec<String>,
    /// Words about something that it rests on, added to what stands there; or nothing.
    evidence: Vec<String>,
    /// Questions for which what the program counted is added as evidence.
    #[schema(nullable = false)]
    figures: Option<Vec<String>>,
    /// Questions whose evidence is forgotten.
    #[schema(nullable = false)]
    forget: Option<Vec<String>>,
}

const ONCE: [&str; 2] = ["version", "year"];
const EACH: [&str; 6] = ["question", "current", "target", "not_applicable", "note", "evidence"];
const SOME: [&str; 2] = ["figures", "forget"];

/// A form that was sent, read.
#[derive(Debug)]
struct Said {
    year: i16,
    version: u64,
    rows: Vec<[String; EACH.len()]>,
    figures: Vec<String>,
    forget: Vec<String>,
}

impl Said {
    fn read(body: &str) -> Result<Self, Problem> {
        let mut fields: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
            let known = ONCE.iter().chain(&EACH).chain(&SOME).copied().find(|known| *known == &*name);
            if let Some(known) = known {
                fields.entry(known).or_default().push(value.replace("\r\n", "\n").trim().to_owned());
            }
        }
        let mut taken = |name: &str| fields.remove(name).unwrap_or_default();
        let [version, year] = ONCE.map(&mut taken);
        let ([version], [year]) = (version.as_slice(), year.as_slice()) else {
            return Err(Problem::bad("version and year are said once each"));
        };
        let (version, year) = (version_of(version)?, year_of(year)?);
        let each = EACH.map(&mut taken);
        let count = each.first().map_or(0, Vec::len);
        if count == 0 || count > limits::CSF_QUESTIONS_MAX || each.iter().any(|values| values.len() != count) {
            return Err(Problem::bad("each question comes with current, target, not_applicable, note and evidence"));
        }
        let mut each = each.map(Vec::into_iter);
        let rows = (0..count).map(|_| each.each_mut().map(|values| values.next().unwrap_or_default()));
        let rows = rows.collect();
        let [figures, forget] = SOME.map(&mut taken);
        Ok(Said { year, version, rows, figures, forget })
    }

    /// The answers, over what was said before.
    fn answers(&self, view: &CsfView, function: Function, today: Day) -> Result<Vec<Answer>, Problem> {
        let answer = |[question, current, target, not_applicable, note, evidence]: &[String; EACH.len()]| {
            let asked = view.questions.set.question(question).and_then(Question::function);
            if asked != Some(function) {
                return Err(Problem::bad(format!("{function} has no question of that name")));
            }
            let old = view.assessment.answers.get(question).cloned().unwrap_or_default();
            let mut rests_on = if self.forget.contains(question) { Vec::new() } else { old.evidence };
            if !evidence.is_empty() {
                rests_on.push(Evidence { source: EvidenceSource::Text { text: evidence.clone() }, day: today });
            }
            if self.figures.contains(question) {
                let of_it = view.figures.iter().filter(|figure| figure.question == *question);
                rests_on.extend(of_it.map(Figure::evidence));
            }
            Ok(Answer {
                question: question.clone(),
                current: level_of("current", current)?,
                target: level_of("target", target)?,
                not_applicable: (!not_applicable.is_empty()).then(|| not_applicable.clone()),
                note: note.clone(),
                evidence: rests_on,
            })
        };
        self.rows.iter().map(answer).collect()
    }
}

/// Answers questions of a function.
#[utoipa::path(post, path = "/risk/csf/{function}", tag = "Risk",
    params(("function" = String, Path, pattern = "^(GV|ID|PR|DE|RS|RC)$")), security(("session" = [])),
    request_body(content = CsfAnswered, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Answered; back to the questions")))]
pub(crate) async fn answer(
    State(app): State<App>,
    visit: Visit,
    Path(name): Path<String>,
    Fields(body): Fields,
) -> Result<Response, Problem> {
    let (function, said) = (function_of(&name)?, Said::read(&body)?);
    let ctx = &visit.visitor.ctx;
    let view = app.office.csf_posture(ctx, Some(said.year)).await?;
    let answers = said.answers(&view, function, today(ctx)?);
    // Who may not answer hears that first, whatever was sent.
    if !app.office.offers(ctx, Operation::RiskWrite) {
        app.office.answer_csf(ctx, (said.year, Some(said.version)), Vec::new()).await?;
    }
    app.office.answer_csf(ctx, (said.year, Some(said.version)), answers?).await?;
    Ok(Redirect::to(&format!("/risk/csf/{function}?year={}", said.year)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "&question=GV.OC-01&current=2&target=&not_applicable=&note=a%0D%0Ab&evidence=";

    #[test]
    fn forms_are_read_row_by_row() {
        let read = Said::read(&format!("version=3&year=2026{ROW}&x=y&figures=GV.OC-01{ROW}")).unwrap();
        assert_eq!((read.version, read.year, read.rows.len()), (3, 2026, 2));
        assert_eq!(read.rows[1], ["GV.OC-01", "2", "", "", "a\nb", ""]);
        assert_eq!((read.figures, read.forget), (vec!["GV.OC-01".to_owned()], Vec::new()));
        for body in [
            String::new(),
            "version=3&year=2026".to_owned(),
            format!("version=3{ROW}"),
            format!("version=3&version=3&year=2026{ROW}"),
            format!("version=x&year=2026{ROW}"),
            format!("version=3&year=26{ROW}"),
            format!("version=3&year=2026{ROW}&note=one+more"),
        ] {
            assert!(Said::read(&body).is_err(), "{body}");
        }
    }
}
