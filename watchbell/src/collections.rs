//! `watchbell collection`: collections of shared objects, and who may read and write them.

use std::io::Write;

use anyhow::{Context, Result};
use engine::office::{ApiRoot, CollectionRights, NewCollection, Office};
use model::OpContext;

use crate::cli::{CollectionArgs, CollectionCommand, Right};
use crate::exit::Exit;
use crate::node;

pub(crate) fn run(arguments: &CollectionArgs) -> Result<Exit> {
    let (config, ctx) = arguments.command.whose().open()?;
    node::runtime()?.block_on(async {
        // Collections are made before the first start, too.
        config.make_data_dir()?;
        let state = node::state(&config).await?;
        let office = node::office(&config, &state).await?;
        let exit = dispatch(&office, &ctx, &arguments.command).await?;
        node::sign(&config, &state).await?;
        Ok(exit)
    })
}

async fn dispatch(office: &Office, ctx: &OpContext, command: &CollectionCommand) -> Result<Exit> {
    match command {
        CollectionCommand::Root { name, title, description, .. } => {
            let root = ApiRoot { name: name.clone(), title: title.clone(), description: description.clone() };
            office.add_api_root(ctx, &root).await.context("cannot make the API root")?;
            eprintln!("made: /taxii2/{name}/");
        }
        CollectionCommand::Add { root, title, description, alias, everybody, .. } => {
            let new = NewCollection {
                id: Office::collection_id(),
                alias: alias.clone(),
                title: title.clone(),
                description: description.clone(),
                spec_versions: vec!["2.1".to_owned()],
                everybody: rights(everybody),
            };
            office.add_collection(ctx, root, &new).await.context("cannot make the collection")?;
            writeln!(std::io::stdout(), "{}", new.id)?;
        }
        CollectionCommand::List { json, .. } => list(office, ctx, *json).await?,
        CollectionCommand::Allow { root, id, token, rights: named, as_everybody, .. } => {
            let granted = (!as_everybody).then(|| rights(named));
            let set = office.set_collection_rights(ctx, (root, id), token, granted).await;
            set.context("cannot set the rights")?;
            eprintln!("set: {token} on {id}");
        }
    }
    Ok(Exit::Ok)
}

fn rights(named: &[Right]) -> CollectionRights {
    CollectionRights { can_read: named.contains(&Right::Read), can_write: named.contains(&Right::Write) }
}

async fn list(office: &Office, ctx: &OpContext, json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for root in office.api_roots(ctx).await? {
        if !json {
            writeln!(out, "/taxii2/{}/  {}", root.name, root.title)?;
        }
        for collection in office.collections(ctx, &root.name).await? {
            if json {
                let line = serde_json::json!({
                    "root": root.name, "id": collection.id, "alias": collection.alias, "title": collection.title,
                    "spec_versions": collection.spec_versions,
                });
                writeln!(out, "{line}")?;
            } else {
                writeln!(out, "  {}  {}", collection.id, collection.title)?;
            }
        }
    }
    Ok(())
}
