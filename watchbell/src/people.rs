//! `watchbell people`: who works here, for whoever has the machine.

use std::io::Write;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::office::{Admitted, PersonId};
use model::Role;

use crate::cli::{PeopleArgs, PeopleCommand};
use crate::config::Config;
use crate::exit::Exit;
use crate::node;

pub(crate) fn run(arguments: &PeopleArgs) -> Result<Exit> {
    let (PeopleCommand::List { whose, .. }
    | PeopleCommand::Admit { whose, .. }
    | PeopleCommand::Link { whose, .. }
    | PeopleCommand::Roles { whose, .. }
    | PeopleCommand::Forget { whose, .. }
    | PeopleCommand::Disable { whose, .. }) = &arguments.command;
    let (config, ctx) = whose.open()?;
    node::runtime()?.block_on(async {
        config.make_data_dir()?;
        let state = node::state(&config).await?;
        let office = node::office(&config, &state).await?;
        match &arguments.command {
            PeopleCommand::List { json, .. } => {
                let mut out = std::io::stdout().lock();
                for person in office.people(&ctx).await? {
                    if *json {
                        let line = serde_json::json!({
                            "id": person.id.to_string(), "name": person.name,
                            "roles": person.roles.iter().map(Role::name).collect::<Vec<_>>(),
                            "created": person.created.to_string(), "passkeys": person.passkeys,
                            "disabled": person.disabled.map(|at| at.to_string()),
                        });
                        writeln!(out, "{line}")?;
                        continue;
                    }
                    let status = match (person.disabled, person.passkeys) {
                        (Some(at), _) => format!("not let in since {at}"),
                        (None, 0) => "has not been here yet".to_owned(),
                        (None, _) => "let in".to_owned(),
                    };
                    writeln!(out, "{}  {:30} {:40} {status}", person.id, person.name, person.roles.to_string())?;
                }
            }
            PeopleCommand::Admit { name, roles, .. } => {
                let admitted = office.admit(&ctx, name, roles.iter().copied().collect()).await?;
                say_link(&config, &admitted)?;
            }
            PeopleCommand::Link { id, lost, .. } => {
                say_link(&config, &office.admit_again(&ctx, person(id)?, *lost).await?)?;
            }
            PeopleCommand::Roles { id, roles, .. } => {
                office.set_roles(&ctx, person(id)?, roles.iter().copied().collect()).await?;
                eprintln!("changed; whoever it is signs in again");
            }
            PeopleCommand::Forget { id, .. } => {
                office.forget(&ctx, person(id)?).await?;
                eprintln!("the key is destroyed: the name cannot be read again");
            }
            PeopleCommand::Disable { id, .. } => {
                office.disable(&ctx, person(id)?).await?;
                eprintln!("let in no more, and out at once");
            }
        }
        node::sign(&config, &state).await?;
        Ok(Exit::Ok)
    })
}

fn person(id: &str) -> Result<PersonId> {
    PersonId::parse(id).with_context(|| format!("{id:?} is no person; hint: `watchbell people list` shows ids"))
}

fn say_link(config: &Config, admitted: &Admitted) -> Result<()> {
    let secret = URL_SAFE_NO_PAD.encode(admitted.secret);
    let origin = match &config.public_url {
        Some(url) => url.origin().ascii_serialization(),
        None => format!("http://localhost:{}", config.listen()?.port()),
    };
    writeln!(std::io::stdout().lock(), "{origin}/setup#{secret}")?;
    eprintln!("the link lets one person in, once, until {}; it is not kept and not shown again", admitted.ends);
    Ok(())
}
