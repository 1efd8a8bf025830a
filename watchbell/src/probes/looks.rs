//! Looks as `connect` makes them, of settings as the office keeps them.

use anyhow::{Context, Result, anyhow};
use connect::fetch::{Exception, Exceptions, FetchRules, Target};
use connect::probe::{Ask, Look, Reads, dns};
use engine::office::{ProbeKind, ProbeSettings};

/// The vantage point that a node is, until there are several.
pub(crate) const VANTAGE: &str = "this node";

/// The look that settings ask for.
///
/// # Errors
/// When the place is none that can be looked at.
pub(crate) fn look(probe: &str, service: &str, settings: &ProbeSettings) -> Result<Look> {
    let web = |reads: Reads| -> Result<Ask> {
        let target = Target::parse(&settings.place).with_context(|| format!("{:?}", settings.place))?;
        Ok(Ask::Web { target, reads })
    };
    let ask = match settings.kind {
        ProbeKind::Http => web(Reads::Nothing)?,
        ProbeKind::Page => web(Reads::Page)?,
        ProbeKind::Data => web(Reads::Data)?,
        ProbeKind::Name => {
            let server = settings.server.ok_or_else(|| anyhow!("say which server is asked"))?;
            Ask::Name(dns::Question { name: settings.place.clone(), server })
        }
    };
    Ok(Look { probe: probe.to_owned(), service: service.to_owned(), ask })
}

/// The rules by which it connects.
///
/// # Errors
/// When an exception is none.
pub(crate) fn rules(settings: &ProbeSettings) -> Result<FetchRules> {
    let exception = |text: &String| text.parse::<Exception>().with_context(|| format!("--allow-private {text}"));
    let exceptions = settings.allow_private.iter().map(exception).collect::<Result<Vec<_>>>()?;
    let allow_private = Exceptions::try_from(exceptions).map_err(anyhow::Error::msg)?;
    Ok(FetchRules { allow_private, ..FetchRules::default() })
}

/// The host of a place: that of a URL, or the name itself.
pub(crate) fn host_of(place: &str) -> String {
    Target::parse(place)
        .map_or_else(|_| place.trim_end_matches('.').to_lowercase(), |target| target.origin().host.to_string())
}
