//! Sysmon for Linux, which writes Windows' event XML into syslog.
//!
//! Fields: `EventID`, `Computer`, and the `Data` elements by their names (`Image`, `CommandLine`, `ParentImage` …), which
//! are the names that Sigma's rules for Linux processes, files and connections are written in. Deliberately absent: a
//! general XML reader; the writer's own narrow shape is read, and what departs from it is left out.

use std::borrow::Cow;

use model::ocsf::{Actor, Class, Process};
use model::{Fields, Scalar, Text};

use crate::text::draft::{Draft, View, acting, domain_user, file, process};
use crate::text::pairs::between;
use crate::text::reader::{Reader, Source, announce};

/// Whether a message is such an event.
pub(in crate::text) fn begins(message: &str) -> bool {
    message.starts_with("<Event>") || message.starts_with("<Event ")
}

pub(in crate::text) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) {
    let id = between(message, "<EventID>", "</EventID>").unwrap_or("").trim();
    let category = match id {
        "1" => "process_creation",
        "3" => "network_connection",
        "5" => "process_termination",
        "11" => "file_event",
        "23" | "26" => "file_delete",
        _ => "",
    };
    announce(Reader::Sysmon, &Source { product: "linux", services: &["sysmon"], category }, fields);
    let mut put = |name: &'a str, value: &'a str| fields.push(name, Scalar::Text(Text::Plain(unescape(value))));
    put("EventID", id);
    for (name, tag) in [("Computer", "<Computer>"), ("EventRecordID", "<EventRecordID>")] {
        if let Some(value) = between(message, tag, "<") {
            put(name, value);
        }
    }
    let mut rest = message;
    while let Some((_, after)) = rest.split_once("<Data Name=\"") {
        let Some((name, after)) = after.split_once('"') else { return };
        // `<Data Name="x"/>` has no value.
        let Some((_, value)) = after.split_once('>').filter(|(close, _)| !close.ends_with('/')) else {
            rest = after;
            continue;
        };
        let Some((value, after)) = value.split_once("</Data>") else { return };
        put(name, value);
        rest = after;
    }
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    // The ampersand comes last, or `&amp;lt;` would be decoded twice.
    Cow::Owned(text.replace("&amp;", "&"))
}

pub(in crate::text) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.product("Microsoft", "Sysmon for Linux");
    draft.metadata().event_code = view.owned("EventID");
    draft.time = view.get("UtcTime").and_then(|time| model::Timestamp::parse(&time));
    let image = view.get("Image").unwrap_or_default();
    let mut own = process(&image);
    own.pid = view.number("ProcessId");
    own.uid = view.owned("ProcessGuid");
    let account = view.get("User").map(|name| domain_user(&name));
    match &*view.get("EventID").unwrap_or_default() {
        "1" => {
            draft.class(Class::PROCESS, 1);
            own.cmd_line = view.owned("CommandLine");
            own.working_directory = view.owned("CurrentDirectory");
            own.user = account.clone();
            let mut parent = process(&view.get("ParentImage").unwrap_or_default());
            parent.pid = view.number("ParentProcessId");
            parent.cmd_line = view.owned("ParentCommandLine");
            own.parent_process = Some(parent.clone());
            draft.event.attributes.process = Some(own);
            draft.event.attributes.actor =
                Some(Box::new(Actor { process: Some(parent), user: account, ..Actor::default() }));
        }
        "5" => {
            draft.class(Class::PROCESS, 2);
            draft.event.attributes.process = Some(own);
        }
        "3" => connection(view, draft, own),
        id @ ("11" | "23" | "26") => {
            draft.class(Class::FILE, if id == "11" { 1 } else { 4 });
            draft.event.attributes.file = Some(file(&view.get("TargetFilename").unwrap_or("Unknown".into())));
            let mut actor = account.map_or_else(Box::default, acting);
            actor.process = Some(own);
            draft.event.attributes.actor = Some(actor);
        }
        _ => {}
    }
}

fn connection(view: &View<'_, '_>, draft: &mut Draft<'_>, own: Box<Process>) {
    draft.class(Class::NETWORK, 1);
    draft.addresses(view, ["SourceIp", "SourcePort"], ["DestinationIp", "DestinationPort"]);
    if let Some(protocol) = view.get("Protocol") {
        draft.protocol(&protocol);
    }
    draft.direction(if view.is("Initiated", "true") { 2 } else { 1 });
    draft.event.attributes.actor = Some(Box::new(Actor { process: Some(own), ..Actor::default() }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_taken_apart() {
        let message = "<Event><System><Provider Name=\"Linux-Sysmon\"/><EventID>1</EventID><Computer>gw</Computer></System>\
                       <EventData><Data Name=\"Image\">/usr/bin/dash</Data><Data Name=\"CommandLine\">sh -c &quot;a &amp;&amp; b&quot;</Data>\
                       <Data Name=\"RuleName\"/><Data Name=\"User\">root</Data></EventData></Event>";
        let mut out = Fields::new(model::Format::Syslog);
        fields(message, &mut out);
        let check = |name: &str, value: &str| assert_eq!(out.text(name).unwrap_or_default(), value, "{name}");
        check("_category", "process_creation");
        check("EventID", "1");
        check("Computer", "gw");
        check("Image", "/usr/bin/dash");
        check("CommandLine", "sh -c \"a && b\"");
        check("RuleName", "");
        check("User", "root");
    }
}
