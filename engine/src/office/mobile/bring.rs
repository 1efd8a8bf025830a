//! A manifest goes into an assessment: it says what the app asks for; what people said of that stays.

use std::collections::BTreeSet;

use formats::mobile::{ManifestPart, MobileManifest};
use model::Day;
use model::mobile::MobilePlatform;
use risk::mobile::{Collected, Manifest, MobileAssessment, Objection, Permission, Tracker};

use super::{BroughtManifest, guarded};

/// A permission that nobody asks for yet.
pub(super) fn unasked(platform: MobilePlatform, name: &str) -> Permission {
    let (is_dangerous, touches) = guarded(platform, name);
    Permission {
        platform,
        name: name.to_owned(),
        is_asked: false,
        is_dangerous,
        touches,
        why: String::new(),
        data: None,
        is_optional: None,
    }
}

/// Merges, and tells what changed.
pub(super) fn merge(assessment: &mut MobileAssessment, manifest: &MobileManifest, day: Day) -> BroughtManifest {
    let platform = manifest.platform;
    let mut told = BroughtManifest::default();
    if !assessment.platforms.contains(&platform) {
        assessment.platforms.push(platform);
        assessment.platforms.sort_unstable();
    }
    let is_whole = manifest.part == ManifestPart::Whole;
    if is_whole {
        let (package, version) = (manifest.package.clone(), manifest.version.clone());
        if !version.is_empty() {
            assessment.version.clone_from(&version);
        }
        assessment.manifests.insert(platform, Manifest { package, version, day });
        permissions(assessment, manifest, &mut told);
    } else {
        reported(assessment, manifest);
    }
    // Either part speaks for its own controls alone.
    let is_own = |control: &str| control.starts_with("MASVS-PRIVACY-") != is_whole;
    assessment.objections.retain(|one| one.platform != platform || !is_own(&one.control));
    for weakness in &manifest.weaknesses {
        let (control, what) = (weakness.control.to_owned(), weakness.what.clone());
        told.objections.push(format!("{control}: {what}"));
        assessment.objections.push(Objection { platform, control, what });
    }
    assessment.objections.sort();
    told.notes = manifest.notes.iter().map(|note| note.detail.clone()).collect();
    told.version.clone_from(&assessment.version);
    told
}

fn permissions(assessment: &mut MobileAssessment, manifest: &MobileManifest, told: &mut BroughtManifest) {
    let platform = manifest.platform;
    let asked: BTreeSet<&str> = manifest.permissions.iter().map(|one| one.name.as_str()).collect();
    for known in assessment.permissions.iter_mut().filter(|one| one.platform == platform) {
        let is_asked = asked.contains(known.name.as_str());
        if known.is_asked && !is_asked {
            told.gone_permissions.push(known.name.clone());
        }
        known.is_asked = is_asked && known.is_asked;
    }
    for one in &manifest.permissions {
        if assessment.permission(platform, &one.name).is_none() {
            assessment.permissions.push(unasked(platform, &one.name));
        }
        let Some(known) = assessment.permission(platform, &one.name) else { continue };
        if !known.is_asked {
            told.new_permissions.push(one.name.clone());
        }
        known.is_asked = true;
        known.is_dangerous = one.is_dangerous;
        known.touches.clone_from(&one.touches);
    }
    // Of what is asked for no more and of which nobody said anything, nothing stays.
    assessment.permissions.retain(|one| one.is_asked || !one.why.is_empty() || one.data.is_some());
    assessment.permissions.sort_by(|one, other| (one.platform, &one.name).cmp(&(other.platform, &other.name)));
}

/// What the app says it collects, and to whom it reports.
fn reported(assessment: &mut MobileAssessment, manifest: &MobileManifest) {
    let collected = manifest.collected.iter().map(|one| Collected { name: one.name.clone(), data: one.data.clone() });
    assessment.collected = collected.collect();
    if manifest.tracking_domains.is_empty() {
        return;
    }
    let trackers = assessment.trackers.get_or_insert_default();
    for domain in &manifest.tracking_domains {
        if !trackers.iter().any(|tracker| tracker.name == *domain) {
            trackers.push(Tracker { name: domain.clone(), purpose: String::new() });
        }
    }
}
