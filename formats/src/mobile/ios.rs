//! What property lists of iOS apps ask for and show: `Info.plist`, and the privacy manifest `PrivacyInfo.xcprivacy`.
//!
//! A permission is a key that says why (`NS…UsageDescription`). Exceptions from App Transport Security speak against encrypted traffic, each by itself.

use model::mobile::MobilePlatform;

use super::plist::Plist;
use super::{Asked, CollectedKind, ManifestPart, MobileManifest, table};
use crate::Trouble;

/// Reads either of the two.
pub(super) fn read(plist: &Plist) -> Result<MobileManifest, Trouble> {
    let Plist::Dict(entries) = plist else { return Err(Trouble::malformed("no names and values")) };
    let mut found = MobileManifest::new(MobilePlatform::Ios);
    if entries.keys().any(|name| name.starts_with("NSPrivacy")) && !entries.contains_key("CFBundleIdentifier") {
        found.part = ManifestPart::Privacy;
        privacy(plist, &mut found);
        return Ok(found);
    }
    let text = |name: &str| plist.get(name).and_then(Plist::text).unwrap_or_default();
    // What the build fills in later is not known here.
    let known = |text: &str| if text.contains("$(") { String::new() } else { text.to_owned() };
    found.package = known(text("CFBundleIdentifier"));
    found.version = known(text("CFBundleShortVersionString"));
    if text("CFBundleShortVersionString").contains("$(") {
        found.note(Trouble::part_lost("the version is filled in by the build; hint: bring the list of the built app"));
    }
    for name in entries.keys() {
        let touches = table::permission(MobilePlatform::Ios, name);
        if touches.is_some() || (name.starts_with("NS") && name.ends_with("UsageDescription")) {
            let data = touches.unwrap_or_default().to_vec();
            // Each of these keys is there since people are asked.
            found.ask(Asked { name: name.clone(), is_dangerous: true, touches: data });
        }
    }
    if let Some(security) = plist.get("NSAppTransportSecurity") {
        transport(security, &mut found);
    }
    if plist.get("UIFileSharingEnabled").is_some_and(Plist::is_on) {
        found.against("MASVS-STORAGE-2", "its documents can be copied by whoever connects a computer".to_owned());
    }
    Ok(found)
}

fn transport(security: &Plist, found: &mut MobileManifest) {
    let wide = [
        ("NSAllowsArbitraryLoads", "traffic in the clear is allowed"),
        ("NSAllowsArbitraryLoadsInWebContent", "traffic in the clear is allowed to web pages inside of it"),
        ("NSAllowsArbitraryLoadsForMedia", "traffic in the clear is allowed for pictures and sound"),
    ];
    for (name, what) in wide {
        if security.get(name).is_some_and(Plist::is_on) {
            found.against("MASVS-NETWORK-1", what.to_owned());
        }
    }
    let Some(Plist::Dict(domains)) = security.get("NSExceptionDomains") else { return };
    for (domain, rules) in domains {
        let is_on = |names: [&str; 3]| names.iter().any(|name| rules.get(name).is_some_and(Plist::is_on));
        let is_clear = is_on([
            "NSExceptionAllowsInsecureHTTPLoads",
            "NSTemporaryExceptionAllowsInsecureHTTPLoads",
            "NSThirdPartyExceptionAllowsInsecureHTTPLoads",
        ]);
        if is_clear {
            found.against("MASVS-NETWORK-1", format!("traffic in the clear is allowed to {domain}"));
        }
        let versions = ["NSExceptionMinimumTLSVersion", "NSTemporaryExceptionMinimumTLSVersion"];
        let least = versions.iter().find_map(|name| rules.get(name)).and_then(Plist::text);
        if least.is_some_and(|least| matches!(least, "TLSv1.0" | "TLSv1.1")) {
            found.against("MASVS-NETWORK-1", format!("an old TLS is allowed to {domain}"));
        }
    }
}

fn privacy(plist: &Plist, found: &mut MobileManifest) {
    if plist.get("NSPrivacyTracking").is_some_and(Plist::is_on) {
        found.against("MASVS-PRIVACY-2", "it says that it follows people".to_owned());
    }
    for domain in plist.get("NSPrivacyTrackingDomains").into_iter().flat_map(Plist::texts) {
        found.track(domain);
    }
    let list: &[Plist] = match plist.get("NSPrivacyCollectedDataTypes") {
        Some(Plist::Array(list)) => list,
        Some(_) => return found.note(Trouble::part_lost("what it collects is no list")),
        None => &[],
    };
    for entry in list {
        let Some(name) = entry.get("NSPrivacyCollectedDataType").and_then(Plist::text) else {
            found.note(Trouble::part_lost("a kind of collected data without a name"));
            continue;
        };
        let data = table::collected(name).map(<[_]>::to_vec);
        found.collect(CollectedKind { name: name.to_owned(), data });
        if entry.get("NSPrivacyCollectedDataTypeTracking").is_some_and(Plist::is_on) {
            let plain = name.strip_prefix("NSPrivacyCollectedDataType").unwrap_or(name);
            found.against("MASVS-PRIVACY-2", format!("it says that it follows people by {plain}"));
        }
    }
}
