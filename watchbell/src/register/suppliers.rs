//! `watchbell register suppliers`: who stands behind how many services.

use std::io::Write;

use anyhow::{Context, Result};
use serde_json::json;

use crate::exit::Exit;
use crate::intel::{Opened, say, show::table};
use crate::words::count;

/// Services of one supplier that are named in the table.
const SERVICES_SHOWN: usize = 9;

pub(super) async fn run(opened: &Opened, is_json: bool) -> Result<Exit> {
    let suppliers = opened.office.suppliers(&opened.ctx).await.context("cannot look at suppliers")?;
    if is_json {
        for one in &suppliers.found {
            let services = one.services.iter().map(|service| {
                json!({ "service": service.service, "residents": service.residents, "by_way_of": service.by_way_of })
            });
            say(&json!({
                "vendor": one.vendor, "title": suppliers.title(&one.vendor), "services": services.collect::<Vec<_>>(),
                "residents_least": one.residents_least, "residents_most": one.residents_most,
                "residents_unsaid": one.residents_unsaid, "life_safety": one.life_safety,
            }))?;
        }
        return Ok(Exit::Ok);
    }
    if suppliers.found.is_empty() {
        eprintln!("no service rests on a supplier, as far as the register says");
        return Ok(Exit::Ok);
    }
    let mut rows = table(&["supplier", "services", "residents", "unsaid", "lives", "which"]);
    for one in &suppliers.found {
        let mut names: Vec<&str> =
            one.services.iter().take(SERVICES_SHOWN).map(|service| service.service.as_str()).collect();
        if one.services.len() > SERVICES_SHOWN {
            names.push("…");
        }
        rows.add_row([
            suppliers.title(&one.vendor).to_owned(),
            one.services.len().to_string(),
            format!("{} to {}", count(one.residents_least), count(one.residents_most)),
            one.residents_unsaid.to_string(),
            one.life_safety.to_string(),
            names.join(", "),
        ]);
    }
    writeln!(std::io::stdout().lock(), "{rows}")?;
    Ok(Exit::Ok)
}
