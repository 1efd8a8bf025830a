//! Which controls: profiles that were brought, resolved with the catalogs that were brought.

use std::collections::BTreeMap;

use formats::oscal::{Catalog, Control, Document, Profile, Referred, Tailored, check, resolve};
use model::OpContext;
use model::document::DocumentKind;
use model::register::Impact;
use risk::rmf::{Selection, Step};

use super::super::{Office, OfficeError};
use super::{RmfOf, aside, done, hex, place, refused};
use crate::access::Operation;

/// The name under which the privacy overlay is kept.
const PRIVACY: &str = "privacy";
/// Notes that are told of one document.
const NOTES_TOLD_MAX: usize = 20;

/// Judges what is brought; says what is doubtful.
pub(super) fn judged(kind: DocumentKind, body: &[u8]) -> Result<Vec<String>, OfficeError> {
    if kind == DocumentKind::InformationTypes {
        let read = formats::risk::information::json(body);
        if read.rows.is_empty() {
            return Err(refused("no types of information; hint: a JSON list with `id`, `title` and impacts"));
        }
        let told = read.refused.iter().take(NOTES_TOLD_MAX);
        return Ok(told.map(|one| format!("entry {}: {}", one.place, one.trouble.detail)).collect());
    }
    let document = Document::read(body).map_err(refused)?;
    let fits = matches!(
        (kind, &document),
        (DocumentKind::Catalog, Document::Catalog(_)) | (DocumentKind::Profile, Document::Profile(_))
    );
    if !fits {
        return Err(refused(format!("it is a {}, and no {kind}", document.model())));
    }
    Ok(check(&document).iter().take(NOTES_TOLD_MAX).map(ToString::to_string).collect())
}

/// What was brought, with place, version and SHA-256 of each.
#[derive(Default)]
pub(super) struct Library {
    catalogs: BTreeMap<String, Catalog>,
    profiles: BTreeMap<String, Profile>,
    sources: BTreeMap<String, String>,
}

fn statement(control: &Control) -> String {
    let part = control.parts.iter().find(|part| part.name == "statement");
    part.and_then(|part| part.id.clone()).unwrap_or_else(|| control.id.clone())
}

/// The controls of a profile: their statements, what they are called, and what could not be done.
#[derive(Default)]
struct Chosen {
    controls: BTreeMap<String, String>,
    titles: BTreeMap<String, String>,
    notes: Vec<String>,
}

impl Chosen {
    fn extend(&mut self, more: Chosen) {
        self.controls.extend(more.controls);
        self.titles.extend(more.titles);
        self.notes.extend(more.notes);
    }
}

impl Library {
    fn add(&mut self, name: &str, body: &[u8]) -> Result<(), OfficeError> {
        match Document::read(body).map_err(refused)? {
            Document::Catalog(catalog) => drop(self.catalogs.insert(name.to_owned(), catalog)),
            Document::Profile(profile) => drop(self.profiles.insert(name.to_owned(), profile)),
            _ => {}
        }
        Ok(())
    }

    /// What an import means: what is kept under the name of its file, else the one catalog that there is.
    fn find(&self, href: &str) -> Option<Referred<'_>> {
        let file = href.rsplit('/').next().unwrap_or(href);
        let name = file.rsplit_once('.').map_or(file, |(name, _)| name);
        if let Some(profile) = self.profiles.get(name) {
            return Some(Referred::Profile(profile));
        }
        let only = self.catalogs.values().next().filter(|_| self.catalogs.len() == 1);
        self.catalogs.get(name).or(only).map(Referred::Catalog)
    }

    /// The controls of a kept profile.
    fn resolved(&self, name: &str) -> Result<Chosen, OfficeError> {
        let profile = self.profiles.get(name).ok_or_else(|| {
            refused(format!("no profile {name:?} was brought; hint: watchbell rmf bring profile {name} FILE"))
        })?;
        let about =
            Tailored { uuid: "00000000-0000-4000-8000-000000000000", now: "1970-01-01T00:00:00Z", profile: name };
        let done = resolve(profile, &about, &|href| self.find(href)).map_err(|error| {
            refused(format!("{name}: {error}; hint: watchbell rmf bring catalog NAME FILE, with the name of its file"))
        })?;
        let all = done.catalog.all_controls();
        Ok(Chosen {
            controls: all.iter().map(|one| (one.id.clone(), statement(one))).collect(),
            titles: all.iter().map(|one| (one.id.clone(), one.title.clone())).collect(),
            notes: done.notes.iter().take(NOTES_TOLD_MAX).map(ToString::to_string).collect(),
        })
    }

    /// What a control is called in a catalog that was brought; `None` where none has it.
    pub(super) fn title(&self, control: &str) -> Option<String> {
        let of = |catalog: &Catalog| {
            let found = catalog.all_controls().into_iter().find(|one| one.id == control);
            found.map(|one| one.title.clone())
        };
        self.catalogs.values().find_map(of)
    }
}

impl Office {
    pub(super) async fn rmf_library(&self, ctx: &OpContext) -> Result<Library, OfficeError> {
        let mut bodies = Vec::new();
        let mut sources = BTreeMap::new();
        for kind in [DocumentKind::Catalog, DocumentKind::Profile] {
            for version in self.state.documents(ctx, kind).await? {
                let found = self.state.document(ctx, &version.place, Some(version.number)).await?;
                let Some((version, body)) = found else { continue };
                sources.insert(format!("{} version {}", version.place, version.number), hex(&version.hash));
                bodies.push((version.place.name().to_owned(), body));
            }
        }
        aside(move || {
            let mut library = Library { sources, ..Library::default() };
            bodies.iter().try_for_each(|(name, body)| library.add(name, body))?;
            Ok::<_, OfficeError>(library)
        })
        .await?
    }

    /// Chooses the controls of a service: those of the baseline that follows from its categorization, or of another one, and the privacy
    /// overlay. `low`, `moderate`, `high` and `privacy` are the names of the profiles. Says what could not be done.
    ///
    /// # Errors
    /// When the context may not, the service is not categorized, no such profile or catalog was brought, or the state refuses.
    pub async fn rmf_select<'a>(
        &self,
        ctx: &OpContext,
        service: impl Into<RmfOf<'a>>,
        (level, privacy): (Option<Impact>, Option<bool>),
    ) -> Result<Vec<String>, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let of = service.into();
        let service = of.service;
        let view = self.rmf_package(ctx, service).await?;
        let level = level
            .or(view.baseline.level)
            .ok_or_else(|| refused(format!("{}; hint: watchbell rmf categorize {service}", view.because.join("; "))))?;
        if view.baseline.level.is_some_and(|follows| level < follows) {
            return Err(refused(format!(
                "{level} is less than what follows; hint: take controls out one by one, with reasons"
            )));
        }
        let has_privacy = privacy.unwrap_or(view.baseline.has_privacy);
        if view.baseline.has_privacy && !has_privacy {
            return Err(refused(
                "there is personal data, or nobody has said that there is none: the overlay belongs to it",
            ));
        }
        let library = self.rmf_library(ctx).await?;
        let put_in: Vec<String> = view.package.tailoring.added.keys().cloned().collect();
        let (chosen, sources) = aside(move || {
            let mut chosen = library.resolved(level.name())?;
            if has_privacy {
                chosen.extend(library.resolved(PRIVACY)?);
            }
            let titles = put_in.into_iter().filter_map(|control| Some((library.title(&control)?, control)));
            chosen.titles.extend(titles.map(|(title, control)| (control, title)));
            Ok::<_, OfficeError>((chosen, library.sources))
        })
        .await??;
        let Chosen { controls, titles, notes } = chosen;
        let selection = Selection { baseline: level, has_privacy, controls, titles, sources, done: done(ctx) };
        self.rmf_change(ctx, (of, Step::Select), |package, _| {
            package.selection = Some(selection);
            Ok(())
        })
        .await?;
        Ok(notes)
    }

    /// The types of information that were brought, by id.
    pub(super) async fn rmf_information(
        &self,
        ctx: &OpContext,
    ) -> Result<BTreeMap<String, model::register::InformationType>, OfficeError> {
        let mut types = BTreeMap::new();
        for version in self.state.documents(ctx, DocumentKind::InformationTypes).await? {
            let place = place(DocumentKind::InformationTypes, version.place.name())?;
            if let Some((_, body)) = self.state.document(ctx, &place, Some(version.number)).await? {
                let read = aside(move || formats::risk::information::json(&body)).await?;
                types.extend(read.rows.into_iter().map(|row| (row.id.clone(), row)));
            }
        }
        Ok(types)
    }
}
