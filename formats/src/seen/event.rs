//! The texts of an event that name software, and which end of the connection they are about.

use std::net::IpAddr;

use model::Event;
use model::limits::BANNER_BYTES_MAX;
use model::ocsf::{Attributes, Class, Endpoint};

use super::{How, Said, Side, Words};
use crate::intel::object::cut;

/// The texts of an event. An address that is none, and a text that is empty, gives nothing.
pub fn words(event: &Event) -> Vec<Words<'_>> {
    let a = &event.attributes;
    let ends = Ends { server: address(a.dst_endpoint.as_deref()), client: address(a.src_endpoint.as_deref()) };
    let mut found = Vec::new();
    if a.http_request.is_some() || a.http_response.is_some() {
        web(a, &ends, &mut found);
    }
    match event.class {
        Class::SSH => ssh(a, &ends, &mut found),
        // 220 is what a server greets with (RFC 959, section 5.4).
        Class::FTP if a.status_code.as_deref() == Some("220") => {
            found.extend(ends.server(How::Banner, Said::File, a.status_detail.as_deref()));
        }
        Class::SOFTWARE_INFO => inventory(a, &mut found),
        Class::INVENTORY_INFO => system(a, &mut found),
        _ => {}
    }
    if let Some(text) = unmapped(a, &["smtp.banner", "banner"]).filter(|_| a.app_name.as_deref() == Some("smtp")) {
        found.extend(ends.server(How::Banner, Said::Mail, Some(text)));
    }
    found
}

struct Ends {
    server: Option<IpAddr>,
    client: Option<IpAddr>,
}

impl Ends {
    fn server<'e>(&self, how: How, said: Said, text: Option<&'e str>) -> Option<Words<'e>> {
        plain(self.server?, Side::Server, (how, said), text?)
    }

    fn client<'e>(&self, how: How, said: Said, text: Option<&'e str>) -> Option<Words<'e>> {
        plain(self.client?, Side::Client, (how, said), text?)
    }
}

fn plain(address: IpAddr, side: Side, (how, said): (How, Said), text: &str) -> Option<Words<'_>> {
    let text = cut(text.trim(), BANNER_BYTES_MAX);
    (!text.is_empty() && text != "-").then_some(Words { address, side, how, said, text, named: None, vendor: "" })
}

fn address(end: Option<&Endpoint>) -> Option<IpAddr> {
    usable(end?.ip.as_deref()?.parse().ok()?)
}

/// Nobody's address says nothing of a machine.
fn usable(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    (!address.is_unspecified() && !address.is_loopback() && !address.is_multicast()).then_some(address)
}

fn web<'e>(a: &'e Attributes, ends: &Ends, found: &mut Vec<Words<'e>>) {
    let headers = a.http_response.iter().flat_map(|response| response.http_headers.iter().flatten());
    for header in headers {
        let name = header.name.as_deref().unwrap_or_default();
        if ["server", "x-powered-by"].iter().any(|own| name.eq_ignore_ascii_case(own)) {
            found.extend(ends.server(How::ServerHeader, Said::Web, header.value.as_deref()));
        }
    }
    let agent = a.http_request.as_ref().and_then(|request| request.user_agent.as_deref());
    found.extend(ends.client(How::UserAgent, Said::Agent, agent));
}

fn ssh<'e>(a: &'e Attributes, ends: &Ends, found: &mut Vec<Words<'e>>) {
    let server = unmapped(a, &["server", "ssh.server.software_version"]);
    let client = unmapped(a, &["client", "ssh.client.software_version"]);
    found.extend(ends.server(How::Banner, Said::Ssh, server));
    found.extend(ends.client(How::Banner, Said::Ssh, client));
}

/// A text that has no attribute of its own.
fn unmapped<'e>(a: &'e Attributes, names: &[&str]) -> Option<&'e str> {
    let map = a.unmapped.as_ref()?;
    names.iter().find_map(|name| map.get(*name)?.as_str())
}

fn device(a: &Attributes) -> Option<IpAddr> {
    usable(a.device.as_ref()?.ip.as_deref()?.parse().ok()?)
}

/// A product on a machine (5020). Zeek tells from traffic, and says which end it was.
fn inventory<'e>(a: &'e Attributes, found: &mut Vec<Words<'e>>) {
    let (Some(address), Some(product)) = (device(a), &a.product) else { return };
    let maker = a.metadata.as_ref().and_then(|metadata| metadata.product.as_ref()?.name.as_deref());
    let is_zeek = maker == Some("Zeek");
    let kind = a.message.as_deref().unwrap_or_default();
    let side = if is_zeek && !kind.ends_with("SERVER") { Side::Client } else { Side::Server };
    let name = product.name.as_deref().unwrap_or_default();
    let version = product.version.as_deref().unwrap_or_default();
    let said = match kind {
        "HTTP::BROWSER" => Said::Agent,
        "HTTP::SERVER" | "HTTP::APPSERVER" => Said::Web,
        "SSH::SERVER" | "SSH::CLIENT" => Said::Ssh,
        "FTP::SERVER" | "FTP::CLIENT" => Said::File,
        "SMTP::MAIL_SERVER" => Said::Mail,
        _ => Said::Name,
    };
    let text = cut(unmapped(a, &["unparsed_version"]).unwrap_or(name).trim(), BANNER_BYTES_MAX);
    if name.trim().is_empty() && text.is_empty() {
        return;
    }
    found.push(Words {
        address,
        side,
        how: if is_zeek { How::ZeekSoftware } else { How::Inventory },
        said,
        text,
        named: Some((name, version)),
        vendor: product.vendor_name.as_deref().unwrap_or_default(),
    });
}

/// The operating system in an inventory of machines (5001).
fn system<'e>(a: &'e Attributes, found: &mut Vec<Words<'e>>) {
    let (Some(address), Some(os)) = (device(a), a.device.as_ref().and_then(|device| device.os.as_ref())) else {
        return;
    };
    let (name, version) = (os.name.as_deref().unwrap_or_default(), os.version.as_deref().unwrap_or_default());
    if !name.trim().is_empty() {
        let text = cut(name.trim(), BANNER_BYTES_MAX);
        let how = How::Inventory;
        found.push(Words {
            address,
            side: Side::Server,
            how,
            said: Said::Name,
            text,
            named: Some((name, version)),
            vendor: "",
        });
    }
}
