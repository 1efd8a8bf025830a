//! PowerShell: the classic log (`Windows PowerShell`) and `Microsoft-Windows-PowerShell/Operational`.
//!
//! The classic log has its data as unnamed texts or, in flat shapes, in the message only; `HostApplication=…` lines are
//! looked for in whichever there is. 4105 and 4106 name a script block but do not show it, so they stay base events.

use std::borrow::Cow;

use model::ocsf::{Actor, Class, Event, LongString, Product, Script};

use super::fill::{failure, line_value, logger};
use super::names::W;
use super::table::{Rule, rule};
use crate::parts;
use crate::row::Row;

/// The operational log.
pub(super) const OPERATIONAL: &[Rule] = &[
    rule(4100, Class::APPLICATION_ERROR, 1, "PowerShell error", &[logger, host, failure]),
    rule(4103, Class::SCRIPT, 1, "PowerShell pipeline executed", &[logger, pipeline]),
    rule(4104, Class::SCRIPT, 1, "PowerShell script block", &[logger, block]),
    rule(4105, Class::BASE, 99, "PowerShell script block started", &[logger]),
    rule(4106, Class::BASE, 99, "PowerShell script block ended", &[logger]),
];

/// The classic log.
pub(super) const CLASSIC: &[Rule] = &[
    rule(400, Class::APPLICATION_LIFECYCLE, 3, "PowerShell engine started", &[engine]),
    rule(403, Class::APPLICATION_LIFECYCLE, 4, "PowerShell engine stopped", &[engine]),
    rule(600, Class::APPLICATION_LIFECYCLE, 3, "PowerShell provider started", &[provider]),
    rule(800, Class::SCRIPT, 1, "PowerShell pipeline executed", &[classic_pipeline]),
];

fn script(text: String) -> Box<Script> {
    Box::new(Script {
        script_content: Some(LongString { value: Some(text), ..LongString::default() }),
        type_id: Some(2),
        type_name: Some("PowerShell".into()),
        ..Script::default()
    })
}

fn block(row: &Row<'_, W>, event: &mut Event) {
    // Collectors drop long texts from the data and leave them in the message.
    let in_message = || {
        let message = row.str(W::Message)?;
        let (_, rest) = message.split_once("):")?;
        let end = rest.rfind("ScriptBlock ID:").unwrap_or(rest.len());
        Some(rest[..end].trim().to_owned()).filter(|text| !text.is_empty())
    };
    event.attributes.script = row.text(W::ScriptBlockText).or_else(in_message).map(|text| {
        let path = row.text(W::Path);
        let mut script = script(text);
        script.name = path.as_deref().map(|path| parts::file_name(path).to_owned());
        script.file = path.map(parts::image);
        script.uid = row.text(W::ScriptBlockId);
        // A long block comes in parts; one that is not the only part is not the whole script.
        if row.int(W::MessageTotal).is_some_and(|total| total > 1)
            && let Some(content) = &mut script.script_content
        {
            content.is_truncated = Some(true);
        }
        script
    });
}

fn pipeline(row: &Row<'_, W>, event: &mut Event) {
    let details = Details::of(row);
    host_of(row, &details, event);
    let text = row.text(W::Payload).or_else(|| {
        let message = row.str(W::Message)?;
        message.split("Context:").next().map(|text| text.trim().to_owned())
    });
    event.attributes.script = text.filter(|text| !text.is_empty()).map(|text| {
        let mut script = script(text);
        let path = line_value(&details.context, "Script Name");
        script.name = path.map(|path| parts::file_name(path).to_owned());
        script.file = path.map(|path| parts::image(path.to_owned()));
        script
    });
}

fn classic_pipeline(row: &Row<'_, W>, event: &mut Event) {
    let details = Details::of(row);
    host_of(row, &details, event);
    let message = &details.message;
    let command = || {
        let (_, rest) = message.split_once("command line:")?;
        let end = rest.find("Context Information").unwrap_or(rest.len());
        Some(rest[..end].trim().trim_end_matches('.').trim())
    };
    // Where the pipeline was not typed, the details list what it called.
    let called = || message.split_once("Details:").map(|(_, rest)| rest.trim());
    let some = |text: &&str| !text.is_empty();
    let first = details.data.first().map(|text| text.as_ref());
    let text = first.filter(some).or_else(|| command().filter(some)).or_else(|| called().filter(some));
    event.attributes.script = text.map(|text| {
        let mut script = script(text.to_owned());
        script.name = details.find("ScriptName").map(|path| parts::file_name(path).to_owned());
        script
    });
}

/// What a record of PowerShell says in words, decoded once: it may be long.
struct Details<'f> {
    message: Cow<'f, str>,
    context: Cow<'f, str>,
    data: Vec<Cow<'f, str>>,
}

impl<'f> Details<'f> {
    fn of(row: &Row<'f, W>) -> Self {
        let context = row.str(W::ContextInfo).unwrap_or_default();
        // The message says it again; the operational log's own field is enough.
        let message = if context.is_empty() { row.str(W::Message).unwrap_or_default() } else { Cow::Borrowed("") };
        Details { message, context, data: row.list(W::Data).collect() }
    }

    /// A `Name=value` line of the classic log, wherever it stands.
    fn find(&self, name: &str) -> Option<&str> {
        self.data.iter().find_map(|data| line_value(data, name)).or_else(|| line_value(&self.message, name))
    }
}

/// The process and account that ran PowerShell, as far as the record says.
fn host(row: &Row<'_, W>, event: &mut Event) {
    host_of(row, &Details::of(row), event);
}

fn host_of(row: &Row<'_, W>, details: &Details<'_>, event: &mut Event) {
    let from_context = |name: &str| line_value(&details.context, name);
    let application = row
        .text(W::HostApplication)
        .or_else(|| from_context("Host Application").or_else(|| details.find("HostApplication")).map(str::to_owned));
    let user = from_context("User").or_else(|| details.find("UserId")).map(|user| parts::account(user.to_owned()));
    let pid = row.int(W::LoggerPid).filter(|pid| *pid != 0);
    let process = application.map(|cmd_line| {
        let image = first_argument(&cmd_line).to_owned();
        // The record names no process; PowerShell's own id of its host is as unique.
        let host = from_context("Host ID").or_else(|| details.find("HostId")).filter(|_| pid.is_none());
        let mut process = parts::process(Some(image), pid, host.map(str::to_owned)).unwrap_or_default();
        process.cmd_line = Some(cmd_line);
        process
    });
    if process.is_none() && user.is_none() {
        return;
    }
    let actor = event.attributes.actor.take().unwrap_or_default();
    event.attributes.actor = Some(Box::new(Actor { process, user: user.or(actor.user), ..Actor::default() }));
}

/// The program of a command line.
fn first_argument(line: &str) -> &str {
    match line.strip_prefix('"') {
        Some(rest) => rest.split('"').next().unwrap_or(rest),
        None => {
            // Paths with blanks are often not quoted here; an extension says where the path ends.
            let lower = line.to_ascii_lowercase();
            match lower.find(".exe") {
                Some(at) => &line[..at + 4],
                None => line.split_whitespace().next().unwrap_or(line),
            }
        }
    }
}

fn engine(row: &Row<'_, W>, event: &mut Event) {
    let details = Details::of(row);
    host_of(row, &details, event);
    let version = row.text(W::EngineVersion).or_else(|| details.find("EngineVersion").map(str::to_owned));
    event.attributes.app = Some(Box::new(Product {
        name: Some("PowerShell".into()),
        vendor_name: Some("Microsoft".into()),
        version,
        ..Product::default()
    }));
}

fn provider(row: &Row<'_, W>, event: &mut Event) {
    let details = Details::of(row);
    host_of(row, &details, event);
    let name = details.find("ProviderName");
    let name = name.map_or_else(|| "PowerShell provider".to_owned(), |name| format!("PowerShell provider {name}"));
    event.attributes.app =
        Some(Box::new(Product { name: Some(name), vendor_name: Some("Microsoft".into()), ..Product::default() }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_command_lines() {
        let check = |line: &str, program: &str| assert_eq!(first_argument(line), program);
        check(r#""C:\a b\x.exe" -y"#, r"C:\a b\x.exe");
        check(r"C:\a b\x.EXE -y", r"C:\a b\x.EXE");
        check("powershell -y", "powershell");
        check("", "");
    }
}
