//! Tokens of programs.

use std::collections::BTreeSet;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::{NamedToken, Scope, ServiceToken};
use model::OpContext;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::asked::{Fields, Form};
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, moment};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit, write_token};

/// What a token can be for, in words.
const SCOPES: [(Scope, &str); 4] = [
    (Scope::Ingest, "brings records"),
    (Scope::Findings, "reads findings and how sources are"),
    (Scope::Hunt, "asks about events, accounts shown as pseudonyms"),
    (Scope::Share, "reads and writes collections of shared objects, as far as each lets it"),
];

/// For how many days a token is good when nobody says.
const DAYS: u32 = 365;

#[derive(Template)]
#[template(path = "tokens.html")]
struct Page {
    shell: Shell,
    rows: Vec<TokenListed>,
    scopes: Vec<(&'static str, &'static str)>,
    days: u32,
    may_manage: bool,
    made: Option<(String, String)>,
}

impl Page {
    /// Twins write times in full; people read seconds.
    fn moment(&self, written: &str) -> String {
        written.get(..19).unwrap_or(written).replace('T', " ")
    }
}

/// A program's token, without its secret.
#[derive(Serialize, ToSchema)]
struct TokenListed {
    name: String,
    /// What it may be used for.
    scopes: Vec<&'static str>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    expires: String,
    #[schema(format = DateTime)]
    revoked: Option<String>,
    /// `good`, `ended` or `revoked`.
    status: &'static str,
}

/// The programs' tokens.
#[derive(Serialize, ToSchema)]
struct TokenList {
    tokens: Vec<TokenListed>,
}

async fn listed(app: &App, ctx: &OpContext) -> Result<Vec<TokenListed>, Problem> {
    let listed = |token: ServiceToken| TokenListed {
        status: match token.revoked {
            Some(_) => "revoked",
            None if token.is_good(ctx.now) => "good",
            None => "ended",
        },
        name: token.name,
        scopes: token.scopes.into_iter().map(Scope::name).collect(),
        created: token.created.to_string(),
        expires: token.expires.to_string(),
        revoked: token.revoked.map(|at| at.to_string()),
    };
    Ok(app.office.tokens(ctx).await?.into_iter().map(listed).collect())
}

async fn page(app: &App, visit: &Visit, made: Option<NamedToken>) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    Ok(Html(Page {
        shell: Shell::inside(app, visit, "Tokens", "/tokens").await?,
        rows: listed(app, ctx).await?,
        scopes: SCOPES.iter().map(|(scope, what)| (scope.name(), *what)).collect(),
        days: DAYS,
        may_manage: app.office.offers(ctx, Operation::TokenManage),
        made: made.map(|made| (write_token(&made.secret), moment(made.expires))),
    })
    .into_response())
}

/// Which programs have tokens.
#[utoipa::path(get, path = "/tokens", tag = "Administration", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    page(&app, &visit, None).await
}

/// Which programs have tokens, for programs.
#[utoipa::path(get, path = "/tokens.json", tag = "Administration", security(("session" = []), ("token" = [])),
    responses((status = 200, body = TokenList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(TokenList { tokens: listed(&app, &caller.ctx).await? }).into_response())
}

/// Which programs have tokens, as a file.
#[utoipa::path(get, path = "/tokens.csv", tag = "Administration", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let tokens = listed(&app, &caller.ctx).await?;
    Ok(csv_answer("tokens", &["name", "scopes", "created", "expires", "revoked", "status"], &tokens))
}

/// A token that is to be made.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape stands in the document; the form is read field by field")]
#[schema(as = NewToken)]
struct Add {
    #[schema(min_length = 1, max_length = 128, pattern = "^[^\\s\\x00-\\x1f\\x7f-\\x9f][^\\x00-\\x1f\\x7f-\\x9f]*$")]
    name: String,
    /// As often as there are some.
    #[schema(min_items = 1, value_type = Vec<ScopeName>)]
    scope: Vec<String>,
    /// For how long it is good; a year when it is not said.
    #[schema(minimum = 1, maximum = 3_660, nullable = false)]
    days: Option<u32>,
}

/// What a token can be for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the names stand in the document")]
enum ScopeName {
    Ingest,
    Findings,
    Hunt,
    Share,
}

/// Makes a token for a program, and shows it once.
#[utoipa::path(post, path = "/tokens/add", tag = "Administration", security(("session" = [])),
    request_body(content = Add, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn add(State(app): State<App>, visit: Visit, Fields(body): Fields) -> Result<Response, Problem> {
    let (mut name, mut scopes, mut days) = (String::new(), BTreeSet::new(), DAYS);
    for (key, value) in url::form_urlencoded::parse(body.as_bytes()) {
        match &*key {
            "name" => name = value.trim().to_owned(),
            "scope" => {
                let scope = Scope::ALL.into_iter().find(|scope| scope.name() == value);
                scopes.insert(scope.ok_or_else(|| Problem::bad(format!("{value:?} is nothing that a token is for")))?);
            }
            "days" => days = value.parse().map_err(|_| Problem::bad("days are a number"))?,
            _ => {}
        }
    }
    let made = app.office.add_token(&visit.visitor.ctx, &name, scopes, days).await?;
    page(&app, &visit, Some(made)).await
}

/// Which token.
#[derive(Deserialize, ToSchema)]
#[schema(as = TokenName)]
pub(crate) struct WhichToken {
    #[schema(min_length = 1, max_length = 128)]
    name: String,
}

/// Ends a token at once.
#[utoipa::path(post, path = "/tokens/revoke", tag = "Administration", security(("session" = [])),
    request_body(content = WhichToken, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Revoked; on to the tokens")))]
pub(crate) async fn revoke(
    State(app): State<App>,
    visit: Visit,
    Form(which): Form<WhichToken>,
) -> Result<Response, Problem> {
    app.office.revoke_token(&visit.visitor.ctx, &which.name).await?;
    Ok(Redirect::to("/tokens").into_response())
}
