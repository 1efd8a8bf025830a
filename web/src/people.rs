//! Who works here, and what for.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use engine::access::Operation;
use engine::office::{Admitted, PersonId, PersonView};
use model::{Role, Roles};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::problem::Problem;
use crate::shape::moment;
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

pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    page(&app, &visit, None).await.map_err(|problem| problem.for_page(true))
}

pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let people = app.office.people(&caller.ctx).await?;
    let people: Vec<Value> = people
        .iter()
        .map(|person| {
            json!({
                "id": person.id.to_string(), "name": person.name,
                "roles": person.roles.iter().collect::<Vec<_>>(), "created": person.created.to_string(),
                "disabled": person.disabled.map(|at| at.to_string()), "passkeys": person.passkeys,
            })
        })
        .collect();
    Ok(Json(json!({ "people": people })))
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

pub(crate) async fn admit(State(app): State<App>, visit: Visit, body: String) -> Result<Response, Problem> {
    let done = async {
        let (name, roles) = read_form(&body)?;
        let admitted = app.office.admit(&visit.visitor.ctx, &name, roles).await?;
        page(&app, &visit, Some(admitted)).await
    };
    done.await.map_err(|problem: Problem| problem.for_page_of("/people"))
}

pub(crate) async fn link(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let done = async {
        let admitted = app.office.admit_again(&visit.visitor.ctx, person_id(&id)?).await?;
        page(&app, &visit, Some(admitted)).await
    };
    done.await.map_err(|problem: Problem| problem.for_page_of("/people"))
}

pub(crate) async fn roles(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    body: String,
) -> Result<Response, Problem> {
    let done = async {
        app.office.set_roles(&visit.visitor.ctx, person_id(&id)?, read_form(&body)?.1).await?;
        Ok(Redirect::to("/people").into_response())
    };
    done.await.map_err(|problem: Problem| problem.for_page_of("/people"))
}

/// What is to be confirmed in words.
#[derive(Deserialize)]
pub(crate) struct Confirmed {
    #[serde(default)]
    confirm: String,
}

pub(crate) async fn disable(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(confirmed): Form<Confirmed>,
) -> Result<Response, Problem> {
    let done = async {
        if confirmed.confirm != "yes" {
            return Err(Problem::bad("tick the box first: this person will be out at once"));
        }
        app.office.disable(&visit.visitor.ctx, person_id(&id)?).await?;
        Ok(Redirect::to("/people").into_response())
    };
    done.await.map_err(|problem: Problem| problem.for_page_of("/people"))
}
