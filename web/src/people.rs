//! Who works here, and what for.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::{Admitted, PersonId, PersonView};
use model::{OpContext, Role, Roles};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::asked::{Confirmed, Fields, Form, Path};
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, moment};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit, write_secret};

/// Roles that people can have, with what they are for.
const ROLES: [(Role, &str); 6] = [
    (Role::Analyst, "sees and decides about detections, hunts"),
    (Role::Lead, "the same, and reads the ledger"),
    (Role::ServiceOwner, "sees detections"),
    (Role::Board, "sees how things stand"),
    (Role::Auditor, "sees everything that shows how it is worked here"),
    (Role::Administrator, "admits people"),
];

#[derive(Template)]
#[template(path = "people.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    roles: Vec<(&'static str, &'static str)>,
    may_manage: bool,
    link: Option<(String, String)>,
}

struct Row {
    id: String,
    name: String,
    roles: Vec<(&'static str, bool)>,
    shown_roles: String,
    created: String,
    status: &'static str,
    is_let_in: bool,
}

fn row(person: &PersonView) -> Row {
    Row {
        id: person.id.to_string(),
        name: person.name.clone(),
        roles: ROLES.iter().map(|(role, _)| (role.name(), person.roles.has(*role))).collect(),
        shown_roles: person.roles.iter().map(Role::name).collect::<Vec<_>>().join(", "),
        created: moment(person.created),
        status: match (person.disabled, person.passkeys) {
            (Some(_), _) => "not let in",
            (None, 0) => "has not been here yet",
            (None, _) => "let in",
        },
        is_let_in: person.disabled.is_none(),
    }
}

async fn page(app: &App, visit: &Visit, admitted: Option<Admitted>) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let rows = app.office.people(ctx).await?.iter().map(row).collect();
    let link = admitted.map(|admitted| {
        let address = app.settings.address(&format!("/setup#{}", write_secret(&admitted.secret)));
        (address, moment(admitted.ends))
    });
    Ok(Html(Page {
        shell: Shell::inside(app, visit, "People", "/people").await?,
        rows,
        roles: ROLES.iter().map(|(role, what)| (role.name(), *what)).collect(),
        may_manage: app.office.offers(ctx, Operation::PersonManage),
        link,
    })
    .into_response())
}

/// Who works here, and what for.
#[utoipa::path(get, path = "/people", tag = "Administration", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    page(&app, &visit, None).await
}

/// Somebody who works here.
#[derive(Serialize, ToSchema)]
struct PersonListed {
    id: String,
    name: String,
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    #[schema(format = DateTime)]
    created: String,
    /// Since when they are let in no more.
    #[schema(format = DateTime)]
    disabled: Option<String>,
    /// How many passkeys they have.
    passkeys: u64,
}

/// Everybody who works here.
#[derive(Serialize, ToSchema)]
struct PersonList {
    people: Vec<PersonListed>,
}

async fn listed(app: &App, ctx: &OpContext) -> Result<Vec<PersonListed>, Problem> {
    let listed = |person: PersonView| PersonListed {
        id: person.id.to_string(),
        name: person.name,
        roles: person.roles.iter().collect(),
        created: person.created.to_string(),
        disabled: person.disabled.map(|at| at.to_string()),
        passkeys: person.passkeys,
    };
    Ok(app.office.people(ctx).await?.into_iter().map(listed).collect())
}

/// Who works here, for programs.
#[utoipa::path(get, path = "/people.json", tag = "Administration", security(("session" = []), ("token" = [])),
    responses((status = 200, body = PersonList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(PersonList { people: listed(&app, &caller.ctx).await? }).into_response())
}

/// Who works here, as a file.
#[utoipa::path(get, path = "/people.csv", tag = "Administration", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let people = listed(&app, &caller.ctx).await?;
    Ok(csv_answer("people", &["id", "name", "roles", "created", "disabled", "passkeys"], &people))
}

/// A form with a name, and `role` as often as there are roles.
fn read_form(body: &str) -> Result<(String, Roles), Problem> {
    let (mut name, mut roles) = (String::new(), Roles::NONE);
    for (key, value) in url::form_urlencoded::parse(body.as_bytes()) {
        match &*key {
            "name" => name = value.into_owned(),
            "role" => {
                roles = roles.with(value.parse().map_err(|error: model::NoRole| Problem::bad(error.to_string()))?)
            }
            _ => {}
        }
    }
    Ok((name, roles))
}

fn person_id(text: &str) -> Result<PersonId, Problem> {
    PersonId::parse(text).ok_or_else(|| Problem::not_found(format!("{text:?} is no person")))
}

/// Somebody to be admitted.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape stands in the document; the form is read field by field")]
struct Admit {
    #[schema(min_length = 1, max_length = 100, pattern = "^[^\\s\\x00-\\x1f\\x7f-\\x9f][^\\x00-\\x1f\\x7f-\\x9f]*$")]
    name: String,
    /// As often as there are roles.
    #[schema(min_items = 1, value_type = Vec<RoleName>)]
    role: Vec<String>,
}

/// What a person can be here for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the names stand in the document")]
enum RoleName {
    Analyst,
    Lead,
    ServiceOwner,
    Board,
    Auditor,
    Administrator,
}

/// Admits a person, and shows the link by which they come in the first time.
#[utoipa::path(post, path = "/people/admit", tag = "Administration", security(("session" = [])),
    request_body(content = Admit, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn admit(State(app): State<App>, visit: Visit, Fields(body): Fields) -> Result<Response, Problem> {
    let (name, roles) = read_form(&body)?;
    let admitted = app.office.admit(&visit.visitor.ctx, &name, roles).await?;
    page(&app, &visit, Some(admitted)).await
}

/// Why somebody needs another link.
#[derive(Deserialize, ToSchema)]
#[schema(as = AnotherLink)]
pub(crate) struct Another {
    /// `yes`: every passkey and account that they had is lost, and lets nobody in any more.
    #[serde(default)]
    #[schema(pattern = "^(yes)?$")]
    lost: String,
}

/// Makes another link for a person.
#[utoipa::path(post, path = "/people/{id}/link", tag = "Administration", params(("id" = String, Path, pattern = "^[0-9a-f]{32}$")),
    request_body(content = Another, content_type = "application/x-www-form-urlencoded"),
    security(("session" = [])), responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn link(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(another): Form<Another>,
) -> Result<Response, Problem> {
    if !["", "yes"].contains(&another.lost.as_str()) {
        return Err(Problem::bad("lost is yes, or nothing"));
    }
    let admitted = app.office.admit_again(&visit.visitor.ctx, person_id(&id)?, another.lost == "yes").await?;
    page(&app, &visit, Some(admitted)).await
}

/// What somebody is here for.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape stands in the document; the form is read field by field")]
#[schema(as = GivenRoles)]
struct Given {
    /// As often as there are roles.
    #[schema(min_items = 1, value_type = Vec<RoleName>)]
    role: Vec<String>,
}

/// Gives a person other roles. They come in again with the new ones.
#[utoipa::path(post, path = "/people/{id}/roles", tag = "Administration", params(("id" = String, Path, pattern = "^[0-9a-f]{32}$")),
    security(("session" = [])), request_body(content = Given, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Given; on to the people")))]
pub(crate) async fn roles(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Fields(body): Fields,
) -> Result<Response, Problem> {
    app.office.set_roles(&visit.visitor.ctx, person_id(&id)?, read_form(&body)?.1).await?;
    Ok(Redirect::to("/people").into_response())
}

/// Lets a person in no more, at once.
#[utoipa::path(post, path = "/people/{id}/disable", tag = "Administration", params(("id" = String, Path, pattern = "^[0-9a-f]{32}$")),
    security(("session" = [])), request_body(content = Confirmed, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Let in no more; on to the people")))]
pub(crate) async fn disable(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(confirmed): Form<Confirmed>,
) -> Result<Response, Problem> {
    confirmed.check("this person will be out at once")?;
    app.office.disable(&visit.visitor.ctx, person_id(&id)?).await?;
    Ok(Redirect::to("/people").into_response())
}
