//! What people say of an app by forms: which version runs, what was found, what permissions are for, where data goes.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::office::OfficeError;
use engine::office::mobile::{Flow, FlowEnd, MobileAssessment, SaidFinding, SaidPermission, Tracker, Verdict};
use model::Day;
use model::mobile::MobilePlatform;
use model::register::{DataCategory, ItemId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asked::{Form, Path};
use crate::problem::Problem;
use crate::register::{item_id, word};
use crate::visit::Visit;

/// What is said of an app as a whole.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MobileAbout {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    /// The version that runs.
    #[serde(default)]
    #[schema(max_length = 200)]
    runs: String,
    /// Where it runs, separated by blanks.
    #[serde(default)]
    #[schema(pattern = "^(android|ios)?( (android|ios))?$")]
    platforms: String,
    /// Trackers, one a line: `NAME = PURPOSE`; `none`; or nothing while nobody has said.
    #[serde(default)]
    trackers: String,
}

/// What was found about a control.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MobileFindingSaid {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    #[schema(pattern = "^MASVS-[A-Z]+-[0-9]{1,2}$")]
    control: String,
    #[schema(pattern = "^(satisfied|not-satisfied|not-applicable)$")]
    verdict: String,
    /// Where the proof is.
    #[serde(default)]
    #[schema(max_length = 1000)]
    evidence: String,
    #[serde(default)]
    #[schema(max_length = 1000)]
    why: String,
    /// When it was looked at; today when nothing is said.
    #[serde(default)]
    #[schema(pattern = "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]
    day: String,
}

/// What is said of a permission.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MobilePermissionSaid {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    #[schema(pattern = "^(android|ios)$")]
    platform: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[serde(default)]
    #[schema(max_length = 1000)]
    why: String,
    /// Categories of personal data, separated by blanks; `none`; or nothing while nobody has said.
    #[serde(default)]
    #[schema(pattern = "^[a-z ,]{0,400}$")]
    data: String,
    #[serde(default)]
    #[schema(pattern = "^(yes|no)?$")]
    is_optional: String,
}

/// A flow of data.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MobileFlowSaid {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    /// An item of the register, or a name.
    #[schema(min_length = 1, max_length = 200)]
    to: String,
    /// Whether whoever gets it stands in the register.
    #[schema(pattern = "^(register|outside)$")]
    place: String,
    /// Categories of personal data, separated by blanks; `none`; or nothing while nobody has said.
    #[serde(default)]
    #[schema(pattern = "^[a-z ,]{0,400}$")]
    data: String,
    #[serde(default)]
    #[schema(pattern = "^(yes|no)?$")]
    is_encrypted: String,
    #[serde(default)]
    #[schema(max_length = 1000)]
    purpose: String,
    #[serde(default)]
    #[schema(pattern = "^(yes|no)?$")]
    is_third_party: String,
}

/// A flow of data that is taken back.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MobileFlowDropped {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    #[schema(min_length = 1, max_length = 200)]
    to: String,
    #[schema(pattern = "^(register|outside)$")]
    place: String,
}

fn seen(text: &str) -> Result<Option<u64>, Problem> {
    let number = text.parse::<u64>().ok().filter(|number| text.len() <= 18 && number.to_string() == text);
    number.map(Some).ok_or_else(|| Problem::bad("version says which one was looked at"))
}

fn yes_no(name: &str, text: &str) -> Result<Option<bool>, Problem> {
    word(name, text, &[true, false], |is_so| if is_so { "yes" } else { "no" })
}

/// A text of a form: one line, and not longer than the form says.
fn short(name: &str, text: &str, letters_max: usize) -> Result<String, Problem> {
    if text.chars().count() > letters_max {
        return Err(Problem::bad(format!("{name} has at most {letters_max} letters")));
    }
    Ok(text.trim().to_owned())
}

/// Categories: nothing while nobody has said, `none`, or their names.
fn data_of(text: &str) -> Result<Option<Vec<DataCategory>>, Problem> {
    let text = text.trim();
    match text {
        "" => return Ok(None),
        "none" => return Ok(Some(Vec::new())),
        _ => {}
    }
    let names = text.split([' ', ',']).filter(|name| !name.is_empty());
    let category = |name| word("a category of personal data", name, DataCategory::ALL, DataCategory::name);
    let found: Vec<Option<DataCategory>> = names.map(category).collect::<Result<_, _>>()?;
    let mut data: Vec<DataCategory> = found.into_iter().flatten().collect();
    data.sort_unstable();
    data.dedup();
    Ok(Some(data))
}

fn end_of(to: &str, place: &str) -> Result<FlowEnd, Problem> {
    let to = short("to", to, 200)?;
    match place {
        "register" => ItemId::parse(&to).map(FlowEnd::Item).map_err(|error| Problem::bad(error.to_string())),
        "outside" if !to.is_empty() => Ok(FlowEnd::Outside(to)),
        _ => Err(Problem::bad("place is `register` or `outside`, and to says where")),
    }
}

fn platform_of(text: &str) -> Result<MobilePlatform, Problem> {
    let found = word("platform", text, MobilePlatform::ALL, MobilePlatform::name)?;
    found.ok_or_else(|| Problem::bad("say on which platform"))
}

fn trackers_of(text: &str) -> Option<Vec<Tracker>> {
    match text.trim() {
        "" => None,
        "none" => Some(Vec::new()),
        lines => {
            let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
            let read = |line: &str| {
                let (name, purpose) = line.split_once('=').unwrap_or((line, ""));
                Tracker { name: name.trim().to_owned(), purpose: purpose.trim().to_owned() }
            };
            Some(lines.map(read).collect())
        }
    }
}

fn back_to(id: &ItemId) -> Response {
    Redirect::to(&format!("/risk/mobile/{id}")).into_response()
}

/// Says which version runs, where, and which trackers are in it.
#[utoipa::path(post, path = "/risk/mobile/{id}/about", tag = "Risk",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = MobileAbout, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Said; back to the app")))]
pub(crate) async fn about(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<MobileAbout>,
) -> Result<Response, Problem> {
    let (id, seen, runs) = (item_id(&id)?, seen(&said.version)?, short("runs", &said.runs, 200)?);
    let mut platforms: Vec<MobilePlatform> =
        said.platforms.split_whitespace().map(platform_of).collect::<Result<_, _>>()?;
    platforms.sort_unstable();
    platforms.dedup();
    let change = |assessment: &mut MobileAssessment| -> Result<(), OfficeError> {
        assessment.version = runs;
        assessment.platforms = platforms;
        assessment.trackers = trackers_of(&said.trackers);
        Ok(())
    };
    app.office.change_mobile(&visit.visitor.ctx, &id, seen, change).await?;
    Ok(back_to(&id))
}

/// Says what was found about a control.
#[utoipa::path(post, path = "/risk/mobile/{id}/finding", tag = "Risk",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = MobileFindingSaid, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Said; back to the app")))]
pub(crate) async fn finding(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<MobileFindingSaid>,
) -> Result<Response, Problem> {
    let (id, seen) = (item_id(&id)?, seen(&said.version)?);
    let verdict = word("verdict", &said.verdict, Verdict::ALL, Verdict::name)?;
    let day = match said.day.as_str() {
        "" => None,
        text => Some(text.parse::<Day>().map_err(|error| Problem::bad(error.to_string()))?),
    };
    let said = SaidFinding {
        verdict: verdict.ok_or_else(|| Problem::bad("say what was found"))?,
        why: short("why", &said.why, 1_000)?,
        evidence: short("evidence", &said.evidence, 1_000)?,
        day,
        control: said.control,
    };
    app.office.say_mobile_finding(&visit.visitor.ctx, &id, seen, said).await?;
    Ok(back_to(&id))
}

/// Says what a permission is for. What is left empty stays as it was.
#[utoipa::path(post, path = "/risk/mobile/{id}/permission", tag = "Risk",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = MobilePermissionSaid, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Said; back to the app")))]
pub(crate) async fn permission(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<MobilePermissionSaid>,
) -> Result<Response, Problem> {
    let (id, seen) = (item_id(&id)?, seen(&said.version)?);
    let said = SaidPermission {
        platform: platform_of(&said.platform)?,
        name: short("name", &said.name, 200)?,
        why: Some(short("why", &said.why, 1_000)?),
        data: data_of(&said.data)?,
        is_optional: yes_no("is_optional", &said.is_optional)?,
    };
    app.office.name_mobile_permission(&visit.visitor.ctx, &id, seen, said).await?;
    Ok(back_to(&id))
}

/// Names a flow of data; what was said of the same one is replaced.
#[utoipa::path(post, path = "/risk/mobile/{id}/flow", tag = "Risk",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = MobileFlowSaid, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Named; back to the app")))]
pub(crate) async fn flow(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<MobileFlowSaid>,
) -> Result<Response, Problem> {
    let (id, seen) = (item_id(&id)?, seen(&said.version)?);
    let flow = Flow {
        to: end_of(&said.to, &said.place)?,
        data: data_of(&said.data)?,
        is_encrypted: yes_no("is_encrypted", &said.is_encrypted)?,
        purpose: short("purpose", &said.purpose, 1_000)?,
        is_third_party: yes_no("is_third_party", &said.is_third_party)?,
    };
    app.office.name_mobile_flow(&visit.visitor.ctx, &id, seen, flow).await?;
    Ok(back_to(&id))
}

/// Takes a flow of data back.
#[utoipa::path(post, path = "/risk/mobile/{id}/flow-drop", tag = "Risk",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = MobileFlowDropped, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Taken back; back to the app")))]
pub(crate) async fn flow_drop(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(dropped): Form<MobileFlowDropped>,
) -> Result<Response, Problem> {
    let (id, seen) = (item_id(&id)?, seen(&dropped.version)?);
    let to = end_of(&dropped.to, &dropped.place)?;
    app.office.drop_mobile_flow(&visit.visitor.ctx, &id, seen, &to).await?;
    Ok(back_to(&id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forms_say() {
        assert_eq!(data_of(" ").unwrap(), None);
        assert_eq!(data_of("none").unwrap(), Some(Vec::new()));
        assert_eq!(data_of("location, contact contact").unwrap().map(|data| data.len()), Some(2));
        assert!(data_of("weather").is_err() && data_of("none contact").is_err());
        assert!(matches!(end_of("backend", "register"), Ok(FlowEnd::Item(_))));
        assert!(matches!(end_of("Maps Inc", "outside"), Ok(FlowEnd::Outside(_))));
        assert!(end_of("Maps Inc", "register").is_err() && end_of(" ", "outside").is_err() && end_of("a", "").is_err());
        assert_eq!(trackers_of("\n").map(|all| all.len()), None);
        assert_eq!(trackers_of("none").map(|all| all.len()), Some(0));
        let two = trackers_of("a.example = to see crashes\nb").unwrap();
        assert_eq!((two[0].purpose.as_str(), two[1].name.as_str()), ("to see crashes", "b"));
        assert_eq!(seen("7").unwrap(), Some(7));
        assert!(seen("07").is_err() && seen("").is_err() && seen("-1").is_err());
    }
}
