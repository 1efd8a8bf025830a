//! `watchbell service`, `watchbell asset`, `watchbell register`: what the city runs, and what depends on what.

mod discover;
mod import;
mod readers;
mod show;
mod suppliers;

pub(crate) use readers::Form;

use anyhow::{Context, Result, bail, ensure};
use engine::office::{LinkPlace, OfficeError};
use model::Timestamp;
use model::register::{Interface, Item, ItemId, ItemKind, Link};
use serde_json::json;

use crate::cli::{
    AssetArgs, DataSaid, ItemCommand, LinkArgs, RegisterArgs, RegisterCommand, SayArgs, ServiceArgs, YesNo,
};
use crate::exit::Exit;
use crate::intel::{Opened, open, say};
use crate::{node, times};

/// Which of the two commands it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Noun {
    Service,
    Asset,
}

pub(crate) fn service(arguments: &ServiceArgs) -> Result<Exit> {
    node::runtime()?.block_on(item(Noun::Service, &arguments.command))
}

pub(crate) fn asset(arguments: &AssetArgs) -> Result<Exit> {
    node::runtime()?.block_on(item(Noun::Asset, &arguments.command))
}

pub(crate) fn register(arguments: &RegisterArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        match &arguments.command {
            RegisterCommand::Import(arguments) => import::run(arguments).await,
            RegisterCommand::Export { as_of, whose } => export(&open(whose).await?, as_of.as_deref()).await,
            RegisterCommand::Behind { value, whose, json } => behind(&open(whose).await?, value, *json).await,
            RegisterCommand::Suppliers { whose, json } => suppliers::run(&open(whose).await?, *json).await,
            RegisterCommand::Discover(arguments) => discover::run(arguments).await,
        }
    })
}

/// The moment that somebody asks for.
fn moment(opened: &Opened, as_of: Option<&str>) -> Result<Option<Timestamp>> {
    as_of.map(|text| times::parse(text, opened.ctx.now)).transpose()
}

async fn item(noun: Noun, command: &ItemCommand) -> Result<Exit> {
    match command {
        ItemCommand::List(arguments) => {
            let kinds = match (noun, arguments.kind) {
                (Noun::Service, None | Some(ItemKind::Service)) => (Some(ItemKind::Service), None),
                (Noun::Service, Some(_)) => bail!("services are of one kind; hint: watchbell asset list --kind KIND"),
                (Noun::Asset, Some(kind)) => (Some(kind), None),
                (Noun::Asset, None) => (None, Some(ItemKind::Service)),
            };
            let opened = open(&arguments.whose).await?;
            let at = moment(&opened, arguments.as_of.as_deref())?;
            show::list(&opened, arguments, kinds, at).await
        }
        ItemCommand::Show { id, as_of, whose, json } => {
            let opened = open(whose).await?;
            let at = moment(&opened, as_of.as_deref())?;
            show::one(&opened.office.item(&opened.ctx, id, at).await.context("cannot show it")?, *json)
        }
        ItemCommand::Add { id, title, kind, say, whose } => {
            add(&open(whose).await?, (id, kind_of(noun, *kind)?, title), say).await
        }
        ItemCommand::Set { id, title, say, whose } => set(&open(whose).await?, (noun, id), title.as_deref(), say).await,
        ItemCommand::Retire { id, whose } => {
            let opened = open(whose).await?;
            opened.office.retire_item(&opened.ctx, id).await.context("cannot retire it")?;
            done(&opened, &format!("retired: {id}")).await
        }
        ItemCommand::Link(arguments) => link(&open(&arguments.whose).await?, arguments).await,
        ItemCommand::Unlink { from, how, to, whose } => {
            let opened = open(whose).await?;
            let place = LinkPlace { from: from.clone(), kind: *how, to: to.clone() };
            opened.office.unlink_items(&opened.ctx, &place).await.context("cannot end the link")?;
            done(&opened, &format!("ended: {place}")).await
        }
        ItemCommand::Import(arguments) => import::run(arguments).await,
        ItemCommand::History { id, whose, json } => show::history(&open(whose).await?, id, *json).await,
    }
}

async fn done(opened: &Opened, words: &str) -> Result<Exit> {
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("{words}");
    Ok(Exit::Ok)
}

fn kind_of(noun: Noun, kind: Option<ItemKind>) -> Result<ItemKind> {
    match (noun, kind) {
        (Noun::Service, None | Some(ItemKind::Service)) => Ok(ItemKind::Service),
        (Noun::Service, Some(kind)) => bail!("a {kind} is no service; hint: watchbell asset add --kind {kind}"),
        (Noun::Asset, None) => bail!("say what it is; hint: --kind machine"),
        (Noun::Asset, Some(ItemKind::Service)) => bail!("a service is no asset; hint: watchbell service add"),
        (Noun::Asset, Some(kind)) => Ok(kind),
    }
}

async fn add(opened: &Opened, (id, kind, title): (&ItemId, ItemKind, &str), say: &SayArgs) -> Result<Exit> {
    let mut item = Item::new(id.clone(), kind, title);
    say.apply(&mut item);
    opened.office.add_item(&opened.ctx, item).await.context("cannot add it")?;
    done(opened, &format!("added: {kind} {id}")).await
}

async fn set(opened: &Opened, (noun, id): (Noun, &ItemId), title: Option<&str>, say: &SayArgs) -> Result<Exit> {
    let change = |item: &mut Item| {
        if (noun == Noun::Service) != (item.kind == ItemKind::Service) {
            return Err(OfficeError::Refused(format!("{id} is a {}; hint: {}", item.kind, hint(item.kind))));
        }
        if let Some(title) = title {
            title.clone_into(&mut item.title);
        }
        say.apply(item);
        Ok(())
    };
    opened.office.change_item(&opened.ctx, id, None, change).await.context("cannot change it")?;
    done(opened, &format!("changed: {id}")).await
}

const fn hint(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Service => "watchbell service set",
        _ => "watchbell asset set",
    }
}

async fn link(opened: &Opened, arguments: &LinkArgs) -> Result<Exit> {
    let LinkArgs { from, how, to, protocol, port, authenticated, encrypted, carries, about, .. } = arguments;
    let is_so = |said: &Option<YesNo>| said.map(|said| said.0);
    let interface = Interface {
        protocol: protocol.clone().unwrap_or_default().to_ascii_lowercase(),
        port: *port,
        is_authenticated: is_so(authenticated),
        is_encrypted: is_so(encrypted),
    };
    let category = |said: &DataSaid| match said {
        DataSaid::Held(held) => Some(held.category),
        DataSaid::None => None,
    };
    let mut link = Link::new(from.clone(), *how, to.clone());
    link.interface = (interface != Interface::default()).then_some(interface);
    link.data = (!carries.is_empty()).then(|| carries.iter().filter_map(category).collect());
    link.about.clone_from(about);
    let place = LinkPlace::of(&link);
    opened.office.link_items(&opened.ctx, link).await.context("cannot link them")?;
    done(opened, &format!("linked: {place}")).await
}

async fn export(opened: &Opened, as_of: Option<&str>) -> Result<Exit> {
    let at = moment(opened, as_of)?;
    let whole = opened.office.register(&opened.ctx, at).await.context("cannot read the register")?;
    let items: Vec<&Item> = whole.items.values().collect();
    say(&json!({ "items": items, "links": whole.links }))?;
    Ok(Exit::Ok)
}

async fn behind(opened: &Opened, value: &str, is_json: bool) -> Result<Exit> {
    ensure!(!value.trim().is_empty(), "say an address or a host name");
    let found = opened.office.behind(&opened.ctx, value).await.context("cannot look that up")?;
    match (is_json, found.is_empty()) {
        (true, _) => found.iter().try_for_each(|version| say(&show::version_json(version)))?,
        (false, true) => eprintln!("nothing in the register has {value}"),
        (false, false) => show::print(&found)?,
    }
    Ok(if found.is_empty() { Exit::Failed } else { Exit::Ok })
}
