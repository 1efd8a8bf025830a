//! `watchbell token`: tokens of programs that bring records.

use std::io::Write;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::office::{NamedToken, Office, Scope};

use crate::cli::{TokenArgs, TokenCommand};
use crate::exit::Exit;
use crate::node;
use crate::serve::TOKEN_PREFIX;

pub(crate) fn run(arguments: &TokenArgs) -> Result<Exit> {
    let (TokenCommand::Add { whose, .. } | TokenCommand::List { whose, .. } | TokenCommand::Revoke { whose, .. }) =
        &arguments.command;
    let (config, ctx) = whose.open()?;
    node::runtime()?.block_on(async {
        match &arguments.command {
            TokenCommand::Add { name, scope, days, json, .. } => {
                // Tokens are made before the first start, too.
                config.make_data_dir()?;
                let state = node::state(&config).await?;
                let office = node::office(&config, &state).await?;
                let exit = add(&office, &ctx, (name, scope), *days, *json).await?;
                node::sign(&config, &state).await?;
                Ok(exit)
            }
            TokenCommand::List { json, .. } => {
                let state = node::state(&config).await?;
                list(&node::office(&config, &state).await?, &ctx, *json).await
            }
            TokenCommand::Revoke { name, .. } => {
                let state = node::state(&config).await?;
                let office = node::office(&config, &state).await?;
                office.revoke_token(&ctx, name).await.context("cannot revoke the token")?;
                node::sign(&config, &state).await?;
                eprintln!("revoked: {name}");
                Ok(Exit::Ok)
            }
        }
    })
}

async fn add(
    office: &Office,
    ctx: &model::OpContext,
    (name, scopes): (&str, &[Scope]),
    days: u32,
    json: bool,
) -> Result<Exit> {
    let made = office.add_token(ctx, name, scopes.iter().copied().collect(), days).await;
    let NamedToken { secret, expires } = made.context("cannot keep the token")?;
    let text = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
    let mut out = std::io::stdout().lock();
    if json {
        let line = serde_json::json!({ "name": name, "token": text, "expires": expires.to_string() });
        writeln!(out, "{line}")?;
    } else {
        writeln!(out, "{text}")?;
        eprintln!("{name} is good until {expires}; the token is not kept and not shown again");
    }
    Ok(Exit::Ok)
}

async fn list(office: &Office, ctx: &model::OpContext, json: bool) -> Result<Exit> {
    let mut out = std::io::stdout().lock();
    for token in office.tokens(ctx).await.context("cannot read tokens")? {
        let status = match token.revoked {
            Some(at) => format!("revoked {at}"),
            None if token.expires <= ctx.now => "ended".to_owned(),
            None => "good".to_owned(),
        };
        if json {
            let line = serde_json::json!({
                "name": token.name, "scopes": token.scopes, "created": token.created.to_string(),
                "expires": token.expires.to_string(), "revoked": token.revoked.map(|at| at.to_string()),
            });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{:24} {status}, made {}, ends {}", token.name, token.created, token.expires)?;
        }
    }
    Ok(Exit::Ok)
}
