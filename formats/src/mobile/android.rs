//! What an Android manifest asks for and shows: permissions, and settings that speak against a control.
//!
//! Defaults are those of the platform (App Manifest reference, API level 35): backups are allowed unless it says no; traffic in the clear is allowed
//! for those that aim below level 28; a component with a filter is open to others when the app aims below level 31, a provider below level 17.
//! Where the level is not said, it is taken for the lowest. A setting that refers to a resource is not known, and counts as the worse of the two.

use std::collections::BTreeSet;

use model::mobile::MobilePlatform;

use super::steps::{Element, Step};
use super::{Asked, MobileManifest, table};
use crate::Trouble;

const COMPONENTS: [&str; 5] = ["activity", "activity-alias", "service", "receiver", "provider"];

/// A component while its filters go by.
struct Component {
    kind: String,
    name: String,
    exported: Option<String>,
    is_guarded: bool,
    has_filter: bool,
    is_main: bool,
    is_launcher: bool,
}

/// What is kept while elements go by.
#[derive(Default)]
struct Reading {
    open: Vec<String>,
    target: Option<u32>,
    application: Option<Element>,
    component: Option<Component>,
    components: Vec<Component>,
    permissions: BTreeSet<String>,
}

/// Reads the steps of a manifest.
pub(super) fn read(steps: &[Step]) -> Result<MobileManifest, Trouble> {
    let mut found = MobileManifest::new(MobilePlatform::Android);
    let mut reading = Reading::default();
    for step in steps {
        match step {
            Step::Open(element) => {
                reading.element(element, &mut found);
                reading.open.push(element.name.clone());
            }
            Step::Close => reading.close(),
            Step::Text(_) => {}
        }
    }
    let permissions = std::mem::take(&mut reading.permissions);
    for name in permissions {
        let touches = table::permission(MobilePlatform::Android, &name);
        found.ask(Asked { is_dangerous: touches.is_some(), touches: touches.unwrap_or_default().to_vec(), name });
    }
    reading.judge(&mut found);
    Ok(found)
}

impl Reading {
    fn is_in(&self, path: &[&str]) -> bool {
        self.open.iter().map(String::as_str).eq(path.iter().copied())
    }

    fn element(&mut self, element: &Element, found: &mut MobileManifest) {
        let get = |name: &str| element.attributes.get(name).cloned();
        let name = element.name.as_str();
        match name {
            "manifest" if self.open.is_empty() => {
                found.package = get("package").unwrap_or_default();
                let version = get("versionName").unwrap_or_default();
                if version.starts_with('@') || version.contains("${") {
                    found.note(Trouble::part_lost("the version refers to something outside of the manifest"));
                } else {
                    found.version = version;
                }
            }
            "uses-permission" | "uses-permission-sdk-23" if self.is_in(&["manifest"]) => match get("name") {
                Some(name) if !name.trim().is_empty() => drop(self.permissions.insert(name)),
                _ => found.note(Trouble::part_lost("a permission without a name")),
            },
            "uses-sdk" if self.is_in(&["manifest"]) => {
                let level = get("targetSdkVersion").or_else(|| get("minSdkVersion"));
                self.target = level.and_then(|level| level.parse().ok());
            }
            "application" if self.is_in(&["manifest"]) => self.application = Some(element.clone()),
            _ if COMPONENTS.contains(&name) && self.is_in(&["manifest", "application"]) => {
                let guards = ["permission", "readPermission", "writePermission"];
                let is_said = |guard: &&str| get(guard).is_some_and(|text| !text.is_empty());
                // Of a provider, reading and writing are guarded each by itself.
                let is_guarded = is_said(&"permission") || guards.iter().skip(1).all(is_said);
                self.component = Some(Component {
                    kind: name.to_owned(),
                    name: get("name").unwrap_or_else(|| "without a name".to_owned()),
                    exported: get("exported"),
                    is_guarded,
                    has_filter: false,
                    is_main: false,
                    is_launcher: false,
                });
            }
            _ => self.filter(element),
        }
    }

    /// What stands inside of a component.
    fn filter(&mut self, element: &Element) {
        let Some(component) = &mut self.component else { return };
        let named = element.attributes.get("name").map(String::as_str);
        match element.name.as_str() {
            "intent-filter" => component.has_filter = true,
            "action" => component.is_main |= named == Some("android.intent.action.MAIN"),
            "category" => component.is_launcher |= named == Some("android.intent.category.LAUNCHER"),
            _ => {}
        }
    }

    fn close(&mut self) {
        let name = self.open.pop().unwrap_or_default();
        if self.is_in(&["manifest", "application"]) && COMPONENTS.contains(&name.as_str()) {
            self.components.extend(self.component.take());
        }
    }

    fn judge(self, found: &mut MobileManifest) {
        let application = self.application.unwrap_or_default();
        let get = |name: &str| application.attributes.get(name).map(String::as_str);
        let aims_at = self.target.unwrap_or(1);
        match get("debuggable") {
            None | Some("false") => {}
            Some("true") => found.against("MASVS-RESILIENCE-4", "it can be debugged".to_owned()),
            Some(_) => {
                found.against("MASVS-RESILIENCE-4", "whether it can be debugged stands in a resource".to_owned())
            }
        }
        match get("allowBackup") {
            Some("false") => {}
            Some("true") => found.against("MASVS-STORAGE-2", "backups of its data are allowed".to_owned()),
            None => found.against("MASVS-STORAGE-2", "backups of its data are not forbidden".to_owned()),
            Some(_) => {
                found.against("MASVS-STORAGE-2", "whether backups are allowed stands in a resource".to_owned());
            }
        }
        match get("usesCleartextTraffic") {
            Some("false") => {}
            Some("true") => found.against("MASVS-NETWORK-1", "traffic in the clear is allowed".to_owned()),
            None if aims_at < 28 => {
                found.against("MASVS-NETWORK-1", "traffic in the clear is not forbidden".to_owned());
            }
            None => {}
            Some(_) => {
                let what = "whether traffic in the clear is allowed stands in a resource";
                found.against("MASVS-NETWORK-1", what.to_owned());
            }
        }
        if get("networkSecurityConfig").is_some() {
            let what = "what its own network security configuration allows is not in the manifest";
            found.against("MASVS-NETWORK-1", what.to_owned());
        }
        let all_guarded = get("permission").is_some_and(|permission| !permission.is_empty());
        for component in &self.components {
            let is_provider = component.kind == "provider";
            let is_open = match component.exported.as_deref() {
                Some("false") => false,
                Some(_) => true,
                None if is_provider => aims_at < 17,
                None => component.has_filter && aims_at < 31,
            };
            let is_start = component.is_main && component.is_launcher;
            if is_open && !component.is_guarded && !all_guarded && !is_start {
                let what = format!("other apps can reach its {} {}", component.kind, component.name);
                found.against("MASVS-PLATFORM-1", what);
            }
        }
    }
}
