//! The catalog that a profile stands for, by NIST's "OSCAL Profile Resolution": select, merge, modify.
//!
//! What cannot be done is a note and the rest is done, but for imports that lead nowhere or in a circle: without them nobody knows what
//! was meant.

use std::collections::{BTreeMap, BTreeSet};

use model::limits;

use super::catalog::{Catalog, Control, Group, Parameter, Part};
use super::common::{BackMatter, Link, Metadata, Property, Resource};
use super::profile::{Add, Alter, CustomGroup, Import, Insert, Profile, Remove, Select};
use super::{List, Rest};

/// What an import refers to.
#[derive(Clone, Copy, Debug)]
pub enum Referred<'a> {
    /// Controls.
    Catalog(&'a Catalog),
    /// A choice among controls, which is resolved first.
    Profile(&'a Profile),
}

/// A catalog made of a profile.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The catalog.
    pub catalog: Catalog,
    /// What the profile says and cannot be done.
    pub notes: Vec<ResolveNote>,
}

/// Something that a profile says and that cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct ResolveNote {
    /// Where it says so.
    pub place: String,
    /// Why it cannot be done.
    pub reason: String,
}

/// Why there is no catalog.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Nobody has what is imported.
    #[error("{href}: nobody has what is imported")]
    Missing {
        /// Where it should be.
        href: String,
    },
    /// A profile imports itself, by way of others.
    #[error("{href}: a profile that imports itself")]
    Circle {
        /// Where it is.
        href: String,
    },
    /// Profiles import profiles deeper than is followed.
    #[error("more than {} profiles import each other", limits::OSCAL_IMPORTS_MAX)]
    Depth,
}

/// About the catalog that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Tailored<'a> {
    /// Its id.
    pub uuid: &'a str,
    /// When it is made (RFC 3339).
    pub now: &'a str,
    /// Where the profile is.
    pub profile: &'a str,
}

/// The places at which what an import refers to may be had: those of its resource for a reference into the profile, JSON first, else
/// the reference itself.
pub fn sources_of<'p>(profile: &'p Profile, import: &'p Import) -> Vec<&'p str> {
    let Some(id) = import.href.strip_prefix('#') else { return vec![&import.href] };
    let resources = profile.back_matter.as_ref().map_or(&[][..], |back| &back.resources);
    let links = resources.iter().filter(|resource| resource.uuid == id).flat_map(|resource| &resource.rlinks);
    let mut links: Vec<_> = links.collect();
    let is_json = |media_type: &Option<String>| media_type.as_deref().is_some_and(|name| name.ends_with("json"));
    links.sort_by_key(|link| !is_json(&link.media_type) && !link.href.ends_with(".json"));
    links.into_iter().map(|link| link.href.as_str()).collect()
}

/// Resolves a profile. `find` gives what is at a place, if anybody has it.
///
/// # Errors
/// An import leads nowhere, or in a circle.
pub fn resolve<'a>(
    profile: &'a Profile,
    about: &Tailored<'_>,
    find: &dyn Fn(&str) -> Option<Referred<'a>>,
) -> Result<Resolution, ResolveError> {
    let mut resolver = Resolver { find, notes: Vec::new(), above: vec![profile.uuid.as_str()] };
    let mut catalog = resolver.resolved(profile)?;
    catalog.uuid = about.uuid.to_owned();
    let metadata = &profile.metadata;
    let mut props: Vec<Property> = metadata.props.to_vec();
    props.push(Property { name: "resolution-tool".into(), value: "Watchbell".into(), ..Property::default() });
    let mut links: Vec<Link> = metadata.links.to_vec();
    links.push(Link { href: about.profile.to_owned(), rel: Some("source-profile".into()), ..Link::default() });
    catalog.metadata =
        Metadata { last_modified: about.now.to_owned(), props: props.into(), links: links.into(), ..metadata.clone() };
    Ok(Resolution { catalog, notes: resolver.notes })
}

struct Resolver<'a, 'f> {
    find: &'f dyn Fn(&str) -> Option<Referred<'a>>,
    notes: Vec<ResolveNote>,
    /// Profiles that are being resolved.
    above: Vec<&'a str>,
}

impl<'a> Resolver<'a, '_> {
    fn note(&mut self, place: impl Into<String>, reason: impl Into<String>) {
        if self.notes.len() < limits::NOTES_KEPT_MAX {
            self.notes.push(ResolveNote { place: place.into(), reason: reason.into() });
        }
    }

    fn resolved(&mut self, profile: &'a Profile) -> Result<Catalog, ResolveError> {
        let mut chosen = Vec::new();
        for import in &profile.imports {
            chosen.push(self.import(profile, import)?);
        }
        let mut catalog = self.merge(profile, chosen);
        for set in profile.modify.iter().flat_map(|modify| &modify.set_parameters) {
            let mut is_there = false;
            each_parameter(&mut catalog, &mut |parameter| {
                if parameter.id == set.param_id {
                    set.apply(parameter);
                    is_there = true;
                }
            });
            if !is_there {
                self.note(
                    format!("set-parameter {}", set.param_id),
                    "no such parameter in the controls that were chosen",
                );
            }
        }
        for alter in profile.modify.iter().flat_map(|modify| &modify.alters) {
            self.alter(&mut catalog, alter);
        }
        let own = profile.back_matter.iter().flat_map(|back| &back.resources).cloned();
        keep_referred(&mut catalog, own.collect());
        Ok(catalog)
    }

    /// The catalog that an import refers to, with the controls that it chooses.
    fn import(&mut self, profile: &'a Profile, import: &'a Import) -> Result<Catalog, ResolveError> {
        let found = sources_of(profile, import).into_iter().find_map(|place| (self.find)(place));
        let mut catalog = match found.ok_or_else(|| ResolveError::Missing { href: import.href.clone() })? {
            Referred::Catalog(catalog) => catalog.clone(),
            Referred::Profile(inner) => {
                if self.above.contains(&inner.uuid.as_str()) {
                    return Err(ResolveError::Circle { href: import.href.clone() });
                }
                if self.above.len() >= limits::OSCAL_IMPORTS_MAX {
                    return Err(ResolveError::Depth);
                }
                self.above.push(&inner.uuid);
                let resolved = self.resolved(inner)?;
                self.above.pop();
                resolved
            }
        };
        let place = format!("import {}", import.href);
        let all = Family::of(&catalog);
        let is_all = import.include_all.is_some() || import.include_controls.is_absent();
        let chosen = self.choose(&all, (is_all, &import.include_controls, &import.exclude_controls), &place);
        keep_chosen(&mut catalog, &chosen);
        Ok(catalog)
    }

    fn choose(
        &mut self,
        all: &Family,
        (is_all, with, without): (bool, &List<Select>, &List<Select>),
        place: &str,
    ) -> BTreeSet<String> {
        let mut chosen: BTreeSet<String> = if is_all { all.order.iter().cloned().collect() } else { BTreeSet::new() };
        for select in with {
            chosen.extend(self.select(all, select, place));
        }
        for select in without {
            for id in self.select(all, select, place) {
                chosen.remove(&id);
            }
        }
        chosen
    }

    fn select(&mut self, all: &Family, select: &Select, place: &str) -> Vec<String> {
        let mut found = Vec::new();
        for id in &select.with_ids {
            if all.children.contains_key(id) {
                found.push(id.clone());
            } else {
                self.note(place, format!("there is no control {id}"));
            }
        }
        for matching in &select.matching {
            let Some(pattern) = &matching.pattern else { continue };
            let before = found.len();
            found.extend(all.order.iter().filter(|id| matches(pattern, id)).cloned());
            if found.len() == before {
                self.note(place, format!("no control fits {pattern}"));
            }
        }
        if select.with_child_controls.as_deref() == Some("yes") {
            let mut at = 0;
            while let Some(id) = found.get(at) {
                found.extend(all.children.get(id).into_iter().flatten().cloned().collect::<Vec<_>>());
                at += 1;
            }
        }
        found
    }

    fn merge(&mut self, profile: &Profile, mut chosen: Vec<Catalog>) -> Catalog {
        let merge = profile.merge.as_ref();
        let method = merge.and_then(|merge| merge.combine.as_ref()?.method.as_deref()).unwrap_or("keep");
        if method != "keep" {
            // What came first stays; `merge` is not defined by the specification in any other way.
            let mut seen = BTreeSet::new();
            for catalog in &mut chosen {
                keep(catalog, &mut |control| seen.insert(control.id.clone()));
            }
        }
        let resources: Vec<Resource> =
            chosen.iter().flat_map(|catalog| &catalog.back_matter).flat_map(|back| &back.resources).cloned().collect();
        let mut merged = Catalog::default();
        if merge.is_some_and(|merge| merge.as_is == Some(true)) {
            for catalog in chosen {
                merged.params.extend(catalog.params);
                merged.controls.extend(catalog.controls);
                for group in catalog.groups {
                    add_group(merged.groups.to_mut(), group);
                }
            }
            if merged.groups.is_empty() {
                merged.groups = List::absent();
            }
        } else {
            let (mut controls, mut params) = (Vec::new(), Vec::new());
            for catalog in chosen {
                flatten(catalog, &mut controls, &mut params);
            }
            merged.params = params.into();
            match merge.and_then(|merge| merge.custom.as_ref()) {
                Some(custom) => {
                    merged.controls = self.inserted(&custom.insert_controls, &controls).into();
                    merged.groups = custom.groups.iter().map(|group| self.custom(group, &controls)).collect();
                }
                None => merged.controls = controls.into(),
            }
        }
        if !resources.is_empty() {
            merged.back_matter = Some(BackMatter { resources: resources.into(), rest: Rest::new() });
        }
        merged
    }

    fn custom(&mut self, group: &CustomGroup, controls: &[Control]) -> Group {
        Group {
            title: group.title.clone(),
            id: group.id.clone(),
            class: group.class.clone(),
            params: group.params.clone(),
            props: group.props.clone(),
            links: group.links.clone(),
            parts: group.parts.clone(),
            groups: group.groups.iter().map(|inner| self.custom(inner, controls)).collect(),
            controls: self.inserted(&group.insert_controls, controls).into(),
            rest: group.rest.clone(),
        }
    }

    fn inserted(&mut self, inserts: &List<Insert>, controls: &[Control]) -> Vec<Control> {
        let mut all = Family::default();
        all.add(controls);
        let mut found = Vec::new();
        for insert in inserts {
            let is_all = insert.include_all.is_some();
            let chosen =
                self.choose(&all, (is_all, &insert.include_controls, &insert.exclude_controls), "insert-controls");
            let mut some: Vec<Control> =
                controls.iter().filter(|control| chosen.contains(&control.id)).cloned().collect();
            match insert.order.as_deref() {
                Some("ascending") => some.sort_by(|a, b| a.id.cmp(&b.id)),
                Some("descending") => some.sort_by(|a, b| b.id.cmp(&a.id)),
                _ => {}
            }
            found.append(&mut some);
        }
        found
    }

    fn alter(&mut self, catalog: &mut Catalog, alter: &Alter) {
        let mut misses: Option<Vec<String>> = None;
        each_control(catalog, &mut |control| {
            if control.id == alter.control_id {
                let misses = misses.get_or_insert_default();
                for remove in &alter.removes {
                    if !take_out(control, remove) {
                        misses.push(format!("nothing to remove {}", words_of(remove)));
                    }
                }
                for add in &alter.adds {
                    if !put_in(control, add) {
                        misses.push(format!("no {} to add to", add.by_id.as_deref().unwrap_or("place")));
                    }
                }
            }
        });
        let place = format!("alter {}", alter.control_id);
        match misses {
            None => self.note(place, "no such control among those that were chosen"),
            Some(misses) => misses.into_iter().for_each(|reason| self.note(place.clone(), reason)),
        }
    }
}

/// Which controls there are and which extend which.
#[derive(Default)]
struct Family {
    order: Vec<String>,
    children: BTreeMap<String, Vec<String>>,
}

impl Family {
    fn of(catalog: &Catalog) -> Self {
        let mut family = Family::default();
        family.add(&catalog.controls);
        catalog.groups.iter().for_each(|group| family.add_group(group));
        family
    }

    fn add_group(&mut self, group: &Group) {
        self.add(&group.controls);
        group.groups.iter().for_each(|group| self.add_group(group));
    }

    fn add(&mut self, controls: &[Control]) {
        for control in controls {
            self.order.push(control.id.clone());
            let children = control.controls.iter().map(|child| child.id.clone()).collect();
            self.children.insert(control.id.clone(), children);
            self.add(&control.controls);
        }
    }
}

/// `*` is any text, `?` any character.
fn matches(pattern: &str, id: &str) -> bool {
    let (pattern, id): (Vec<char>, Vec<char>) = (pattern.chars().collect(), id.chars().collect());
    let (mut p, mut i, mut back) = (0, 0, None);
    while i < id.len() {
        match pattern.get(p) {
            Some('*') => {
                back = Some((p, i));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == id.get(i) => (p, i) = (p + 1, i + 1),
            _ => match &mut back {
                Some((star, from)) => {
                    *from += 1;
                    (p, i) = (*star + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

/// Keeps the controls that were chosen. One that extends another which was not stands in its place.
fn keep_chosen(catalog: &mut Catalog, chosen: &BTreeSet<String>) {
    keep(catalog, &mut |control| chosen.contains(&control.id));
}

fn keep(catalog: &mut Catalog, keeps: &mut dyn FnMut(&Control) -> bool) {
    keep_controls(&mut catalog.controls, keeps);
    keep_groups(&mut catalog.groups, keeps);
}

fn keep_groups(groups: &mut List<Group>, keeps: &mut dyn FnMut(&Control) -> bool) {
    for group in groups.iter_mut() {
        keep_controls(&mut group.controls, keeps);
        keep_groups(&mut group.groups, keeps);
    }
    groups.retain(|group| !group.controls.is_empty() || !group.groups.is_empty());
}

fn keep_controls(controls: &mut List<Control>, keeps: &mut dyn FnMut(&Control) -> bool) {
    let mut kept = Vec::new();
    for mut control in std::mem::take(controls) {
        let is_kept = keeps(&control);
        keep_controls(&mut control.controls, keeps);
        if is_kept {
            kept.push(control);
        } else {
            kept.extend(std::mem::take(&mut control.controls));
        }
    }
    *controls = kept.into();
}

/// Groups with one id are one group.
fn add_group(groups: &mut Vec<Group>, group: Group) {
    let same = groups.iter_mut().find(|known| known.id.is_some() && known.id == group.id);
    let Some(known) = same else { return groups.push(group) };
    known.controls.extend(group.controls);
    for inner in group.groups {
        add_group(known.groups.to_mut(), inner);
    }
}

/// All controls side by side, with what they extend no longer around them.
fn flatten(catalog: Catalog, controls: &mut Vec<Control>, params: &mut Vec<Parameter>) {
    fn of_controls(list: List<Control>, controls: &mut Vec<Control>) {
        for mut control in list {
            let inner = std::mem::take(&mut control.controls);
            controls.push(control);
            of_controls(inner, controls);
        }
    }
    fn of_groups(groups: List<Group>, controls: &mut Vec<Control>, params: &mut Vec<Parameter>) {
        for group in groups {
            params.extend(group.params);
            of_controls(group.controls, controls);
            of_groups(group.groups, controls, params);
        }
    }
    params.extend(catalog.params);
    of_controls(catalog.controls, controls);
    of_groups(catalog.groups, controls, params);
}

fn each_control(catalog: &mut Catalog, give: &mut dyn FnMut(&mut Control)) {
    fn of_controls(controls: &mut List<Control>, give: &mut dyn FnMut(&mut Control)) {
        for control in controls.iter_mut() {
            give(control);
            of_controls(&mut control.controls, give);
        }
    }
    fn of_groups(groups: &mut List<Group>, give: &mut dyn FnMut(&mut Control)) {
        for group in groups.iter_mut() {
            of_controls(&mut group.controls, give);
            of_groups(&mut group.groups, give);
        }
    }
    of_controls(&mut catalog.controls, give);
    of_groups(&mut catalog.groups, give);
}

fn each_parameter(catalog: &mut Catalog, give: &mut dyn FnMut(&mut Parameter)) {
    fn of_groups(groups: &mut List<Group>, give: &mut dyn FnMut(&mut Parameter)) {
        for group in groups.iter_mut() {
            group.params.iter_mut().for_each(&mut *give);
            of_groups(&mut group.groups, give);
        }
    }
    catalog.params.iter_mut().for_each(&mut *give);
    of_groups(&mut catalog.groups, give);
    each_control(catalog, &mut |control| control.params.iter_mut().for_each(&mut *give));
}

/// Something inside a control, as a removal describes it.
struct Item<'a> {
    sort: &'a str,
    name: Option<&'a str>,
    class: Option<&'a str>,
    id: Option<&'a str>,
    ns: Option<&'a str>,
}

impl Remove {
    fn means(&self, item: &Item<'_>) -> bool {
        let same =
            |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|text| found == Some(text));
        let asks = [&self.by_name, &self.by_class, &self.by_id, &self.by_item_name, &self.by_ns];
        asks.iter().any(|ask| ask.is_some())
            && same(&self.by_name, item.name)
            && same(&self.by_class, item.class)
            && same(&self.by_id, item.id)
            && same(&self.by_ns, item.ns)
            && same(&self.by_item_name, Some(item.sort))
    }
}

fn words_of(remove: &Remove) -> String {
    let of = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} {value}"));
    let all = [
        of("by-name", &remove.by_name),
        of("by-class", &remove.by_class),
        of("by-id", &remove.by_id),
        of("by-item-name", &remove.by_item_name),
        of("by-ns", &remove.by_ns),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn prop_item(prop: &Property) -> Item<'_> {
    let (class, id, ns) = (prop.class.as_deref(), prop.uuid.as_deref(), prop.ns.as_deref());
    Item { sort: "prop", name: Some(&prop.name), class, id, ns }
}

fn link_item(link: &Link) -> Item<'_> {
    Item { sort: "link", name: link.rel.as_deref(), class: None, id: None, ns: None }
}

/// Takes out of a control what a removal means; says whether there was anything.
fn take_out(control: &mut Control, remove: &Remove) -> bool {
    let mut found = false;
    let mut stays = |item: &Item<'_>| {
        let goes = remove.means(item);
        found |= goes;
        !goes
    };
    control.params.retain(|parameter| {
        let (class, id) = (parameter.class.as_deref(), Some(parameter.id.as_str()));
        stays(&Item { sort: "param", name: None, class, id, ns: None })
    });
    for parameter in control.params.iter_mut() {
        parameter.props.retain(|prop| stays(&prop_item(prop)));
        parameter.links.retain(|link| stays(&link_item(link)));
    }
    control.props.retain(|prop| stays(&prop_item(prop)));
    control.links.retain(|link| stays(&link_item(link)));
    take_out_of_parts(&mut control.parts, &mut stays);
    found
}

fn take_out_of_parts(parts: &mut List<Part>, stays: &mut dyn FnMut(&Item<'_>) -> bool) {
    parts.retain(|part| {
        let (class, id, ns) = (part.class.as_deref(), part.id.as_deref(), part.ns.as_deref());
        stays(&Item { sort: "part", name: Some(&part.name), class, id, ns })
    });
    for part in parts.iter_mut() {
        part.props.retain(|prop| stays(&prop_item(prop)));
        part.links.retain(|link| stays(&link_item(link)));
        take_out_of_parts(&mut part.parts, stays);
    }
}

/// Puts into a control what an addition says; `false` when the place is not there.
fn put_in(control: &mut Control, add: &Add) -> bool {
    let is_start = matches!(add.position.as_deref(), Some("starting" | "before"));
    let Some(id) = add.by_id.as_deref().filter(|id| *id != control.id) else {
        if let Some(title) = &add.title {
            control.title.clone_from(title);
        }
        put(&mut control.params, &add.params, is_start);
        put(&mut control.props, &add.props, is_start);
        put(&mut control.links, &add.links, is_start);
        put(&mut control.parts, &add.parts, is_start);
        return true;
    };
    if let Some(at) = control.params.iter().position(|parameter| parameter.id == id) {
        return put_at_parameter(control, at, add);
    }
    put_at_part(&mut control.parts, id, add)
}

fn put_at_parameter(control: &mut Control, at: usize, add: &Add) -> bool {
    match add.position.as_deref() {
        Some(beside @ ("before" | "after")) => {
            let at = if beside == "before" { at } else { at + 1 };
            control.params.to_mut().splice(at..at, add.params.iter().cloned());
        }
        position => {
            let Some(parameter) = control.params.get_mut(at) else { return false };
            let is_start = position == Some("starting");
            put(&mut parameter.props, &add.props, is_start);
            put(&mut parameter.links, &add.links, is_start);
        }
    }
    true
}

fn put_at_part(parts: &mut List<Part>, id: &str, add: &Add) -> bool {
    if let Some(at) = parts.iter().position(|part| part.id.as_deref() == Some(id)) {
        match add.position.as_deref() {
            Some(beside @ ("before" | "after")) => {
                let at = if beside == "before" { at } else { at + 1 };
                parts.to_mut().splice(at..at, add.parts.iter().cloned());
            }
            position => {
                let Some(part) = parts.get_mut(at) else { return false };
                let is_start = position == Some("starting");
                if add.title.is_some() {
                    part.title.clone_from(&add.title);
                }
                put(&mut part.props, &add.props, is_start);
                put(&mut part.links, &add.links, is_start);
                put(&mut part.parts, &add.parts, is_start);
            }
        }
        return true;
    }
    parts.iter_mut().any(|part| put_at_part(&mut part.parts, id, add))
}

fn put<T: Clone>(list: &mut List<T>, more: &List<T>, is_start: bool) {
    if more.is_empty() {
        return;
    }
    let at = if is_start { 0 } else { list.len() };
    list.to_mut().splice(at..at, more.iter().cloned());
}

/// Keeps of what stands behind what something refers to, in links or in texts, and what says that it is to be kept; of two with one
/// id the later. Then parameters of no control that nobody inserts go, too.
fn keep_referred(catalog: &mut Catalog, own: Vec<Resource>) {
    let old = catalog.back_matter.take().map(|back| back.resources).unwrap_or_default();
    let body = serde_json::to_string(catalog).unwrap_or_default();
    let mut resources: Vec<Resource> = Vec::new();
    for resource in old.into_iter().chain(own) {
        let is_kept = resource.props.iter().any(|prop| prop.name == "keep" && prop.value == "always");
        if !is_kept && !body.contains(&format!("#{}", resource.uuid)) {
            continue;
        }
        match resources.iter_mut().find(|known| known.uuid == resource.uuid) {
            Some(known) => *known = resource,
            None => resources.push(resource),
        }
    }
    if !resources.is_empty() {
        catalog.back_matter = Some(BackMatter { resources: resources.into(), rest: Rest::new() });
    }
    catalog.params.retain(|parameter| body.contains(&format!("insert: param, {}", parameter.id)));
}
