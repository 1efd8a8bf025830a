//! What people say of an item by forms: more, or something else; what it is connected with; that it runs no more.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::office::{LinkPlace, OfficeError};
use model::Timestamp;
use model::register::{
    Address, DataCategory, DataHeld, Exposure, Interface, Item, ItemId, Lifecycle, Link, LinkKind, Software,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{TITLE_CHARS_MAX, item_id, word};
use crate::app::App;
use crate::asked::{Confirmed, Fields, Form, Path};
use crate::problem::Problem;
use crate::visit::Visit;

/// Letters of the words about an item.
const ABOUT_CHARS_MAX: usize = 4_000;

/// What is said of an item. What is not sent stays as it is; what is sent empty is said by nobody.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape stands in the document; the form is read field by field")]
struct ItemSaid {
    /// Since when the version holds that was looked at, in microseconds since 1970.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    #[schema(min_length = 1, max_length = 1000, nullable = false)]
    title: Option<String>,
    #[schema(max_length = 4000, nullable = false)]
    about: Option<String>,
    #[schema(pattern = "^(planned|running|retired)$", nullable = false)]
    state: Option<String>,
    #[schema(max_length = 1000, nullable = false)]
    owner: Option<String>,
    #[schema(pattern = "^(isolated|internal|partners|public)?$", nullable = false)]
    exposure: Option<String>,
    #[schema(pattern = "^(yes|no)?$", nullable = false)]
    is_life_safety: Option<String>,
    #[schema(pattern = "^([0-9]{1,15})?$", nullable = false)]
    residents: Option<String>,
    #[schema(pattern = "^([0-9]{1,15})?$", nullable = false)]
    day_costs: Option<String>,
    #[schema(pattern = "^(yes|no)$", nullable = false)]
    is_mobile: Option<String>,
    /// Whether anything is said of personal data: nothing, that there is none, or what `data` says.
    #[schema(pattern = "^(none|these)?$", nullable = false)]
    data_said: Option<String>,
    /// Categories of personal data, one a line, with how many residents behind a blank where that is known.
    #[schema(nullable = false)]
    data: Option<String>,
    /// Addresses, ranges and host names, one a line.
    #[schema(nullable = false)]
    addresses: Option<String>,
    /// Words of the city's own, one a line.
    #[schema(nullable = false)]
    labels: Option<String>,
    /// Types of information, one a line.
    #[schema(nullable = false)]
    information_types: Option<String>,
    /// Programs, one a line: `VENDOR/PRODUCT@VERSION`, with a CPE or a package URL behind it.
    #[schema(nullable = false)]
    software: Option<String>,
}

const FIELDS: [&str; 16] = [
    "version",
    "title",
    "about",
    "state",
    "owner",
    "exposure",
    "is_life_safety",
    "residents",
    "day_costs",
    "is_mobile",
    "data_said",
    "data",
    "addresses",
    "labels",
    "information_types",
    "software",
];

/// A form, field by field; each at most once.
fn read_form(body: &str) -> Result<BTreeMap<&'static str, String>, Problem> {
    let mut fields = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
        let Some(known) = FIELDS.into_iter().find(|known| *known == &*name) else { continue };
        if fields.insert(known, value.replace("\r\n", "\n")).is_some() {
            return Err(Problem::bad(format!("{known} is said more than once")));
        }
    }
    Ok(fields)
}

fn yes_no(name: &str, text: &str) -> Result<Option<bool>, Problem> {
    word(name, text, &[true, false], |is_so| if is_so { "yes" } else { "no" })
}

fn number(name: &str, text: &str) -> Result<Option<u64>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let is_number = text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.map(Some).ok_or_else(|| Problem::bad(format!("{name} is a number of at most 15 digits")))
}

fn lines_of(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn data_of(said: &str, text: &str) -> Result<Option<Vec<DataHeld>>, Problem> {
    let held = |line: String| -> Result<DataHeld, Problem> {
        let (category, residents) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        let category = word("a category of personal data", category, DataCategory::ALL, DataCategory::name)?;
        let category = category.ok_or_else(|| Problem::bad("a line of data begins with its category"))?;
        Ok(DataHeld { category, residents: number("how many residents", residents.trim())? })
    };
    match said {
        "" => Ok(None),
        "none" => Ok(Some(Vec::new())),
        "these" => lines_of(text).into_iter().map(held).collect::<Result<_, Problem>>().map(Some),
        _ => Err(Problem::bad("data_said is empty, `none` or `these`")),
    }
}

fn software_of(text: &str) -> Result<Vec<(String, Software)>, Problem> {
    let read = |line: String| Software::parse(&line).map(|read| (line, read)).map_err(Problem::bad);
    lines_of(text).into_iter().map(read).collect()
}

/// Since when the version holds that was looked at, as a form says it.
pub(super) fn seen(text: &str) -> Result<Timestamp, Problem> {
    let number = text.parse::<i64>().ok().filter(|number| text.len() <= 18 && number.to_string() == text);
    let number = number.filter(|number| *number >= 0);
    number.map(Timestamp::from_micros).ok_or_else(|| Problem::bad("version says which one was looked at"))
}

/// What a form says, checked as far as that goes without the item.
struct Said {
    seen: Timestamp,
    fields: BTreeMap<&'static str, String>,
    state: Option<Lifecycle>,
    exposure: Option<Option<Exposure>>,
    is_life_safety: Option<Option<bool>>,
    residents: Option<Option<u64>>,
    day_costs: Option<Option<u64>>,
    is_mobile: Option<bool>,
    data: Option<Option<Vec<DataHeld>>>,
    addresses: Option<Vec<Address>>,
    software: Option<Vec<(String, Software)>>,
}

impl Said {
    fn read(body: &str) -> Result<Self, Problem> {
        let fields = read_form(body)?;
        let get = |name: &str| fields.get(name).map(String::as_str);
        let seen = seen(get("version").unwrap_or_default())?;
        for (name, most) in [("title", TITLE_CHARS_MAX), ("owner", TITLE_CHARS_MAX), ("about", ABOUT_CHARS_MAX)] {
            if get(name).is_some_and(|text| text.chars().count() > most) {
                return Err(Problem::bad(format!("{name} has at most {most} letters")));
            }
        }
        let state = get("state").map(|text| word("state", text, Lifecycle::ALL, Lifecycle::name)).transpose()?;
        let mobile = get("is_mobile").map(|text| yes_no("is_mobile", text)).transpose()?;
        if state == Some(None) || mobile == Some(None) {
            return Err(Problem::bad("state and is_mobile are never empty"));
        }
        let address = |line: String| Address::try_from(line).map_err(Problem::bad);
        let addresses: Option<Result<Vec<Address>, Problem>> =
            get("addresses").map(|text| lines_of(text).into_iter().map(address).collect());
        let data = get("data_said").map(|said| data_of(said, get("data").unwrap_or_default())).transpose()?;
        Ok(Said {
            seen,
            state: state.flatten(),
            exposure: get("exposure").map(|t| word("exposure", t, Exposure::ALL, Exposure::name)).transpose()?,
            is_life_safety: get("is_life_safety").map(|text| yes_no("is_life_safety", text)).transpose()?,
            residents: get("residents").map(|text| number("residents", text)).transpose()?,
            day_costs: get("day_costs").map(|text| number("day_costs", text)).transpose()?,
            is_mobile: mobile.flatten(),
            data,
            addresses: addresses.transpose()?,
            software: get("software").map(software_of).transpose()?,
            fields,
        })
    }

    fn apply(self, item: &mut Item) {
        let text = |name: &str| self.fields.get(name).cloned();
        item.title = text("title").map_or_else(|| item.title.clone(), |title| title.trim().to_owned());
        item.about = text("about").unwrap_or_else(|| item.about.clone());
        item.owner = text("owner").map_or_else(|| item.owner.clone(), |owner| owner.trim().to_owned());
        item.labels = text("labels").map_or_else(|| item.labels.clone(), |text| lines_of(&text));
        item.information_types =
            text("information_types").map_or_else(|| item.information_types.clone(), |text| lines_of(&text));
        item.state = self.state.unwrap_or(item.state);
        item.exposure = self.exposure.unwrap_or(item.exposure);
        item.is_life_safety = self.is_life_safety.unwrap_or(item.is_life_safety);
        item.residents = self.residents.unwrap_or(item.residents);
        item.day_costs = self.day_costs.unwrap_or(item.day_costs);
        item.is_mobile = self.is_mobile.unwrap_or(item.is_mobile);
        if let Some(data) = self.data {
            item.data = data;
        }
        if let Some(addresses) = self.addresses {
            item.addresses = addresses;
        }
        if let Some(lines) = self.software {
            // A line that nobody touched stays what it was, whatever else was said of that program.
            let old = std::mem::take(&mut item.software);
            let known = |line: &str| old.iter().find(|one| one.written() == line).cloned();
            item.software = lines.into_iter().map(|(line, read)| known(&line).unwrap_or(read)).collect();
        }
    }
}

fn back_to(id: &ItemId) -> Response {
    Redirect::to(&format!("/register/items/{id}")).into_response()
}

/// Says more about an item, or something else.
#[utoipa::path(post, path = "/register/items/{id}", tag = "Register",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = ItemSaid, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Changed; back to the item")))]
pub(crate) async fn change(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Fields(body): Fields,
) -> Result<Response, Problem> {
    let (id, said) = (item_id(&id)?, Said::read(&body)?);
    let seen = said.seen;
    let change = |item: &mut Item| -> Result<(), OfficeError> {
        said.apply(item);
        Ok(())
    };
    app.office.change_item(&visit.visitor.ctx, &id, Some(seen), change).await?;
    Ok(back_to(&id))
}

/// Says that an item runs no more.
#[utoipa::path(post, path = "/register/items/{id}/retire", tag = "Register",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = Confirmed, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Retired; back to the item")))]
pub(crate) async fn retire(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(confirmed): Form<Confirmed>,
) -> Result<Response, Problem> {
    let id = item_id(&id)?;
    confirmed.check("what is retired counts no more where risk is reckoned")?;
    app.office.retire_item(&visit.visitor.ctx, &id).await?;
    Ok(back_to(&id))
}

/// A link that is to be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LinkSaid {
    #[schema(pattern = "^(depends-on|runs-on|stores-in|sends-to|delivered-by|administered-by|supplied-by)$")]
    kind: String,
    /// The other item.
    #[schema(pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
    other: String,
    /// `from`: this item is connected with the other; `to`: the other with this one.
    #[schema(pattern = "^(from|to)$")]
    direction: String,
    /// The interface's protocol, such as `https`.
    #[serde(default)]
    #[schema(max_length = 100)]
    protocol: String,
    #[serde(default)]
    #[schema(pattern = "^([0-9]{1,5})?$")]
    port: String,
    #[serde(default)]
    #[schema(pattern = "^(yes|no)?$")]
    is_authenticated: String,
    #[serde(default)]
    #[schema(pattern = "^(yes|no)?$")]
    is_encrypted: String,
}

impl LinkSaid {
    fn read(&self, id: ItemId) -> Result<Link, Problem> {
        let kind = word("kind", &self.kind, LinkKind::ALL, |kind| kind.name())?;
        let kind = kind.ok_or_else(|| Problem::bad("say how they are connected: the kind"))?;
        let other = ItemId::parse(&self.other).map_err(|error| Problem::bad(error.to_string()))?;
        if self.port.len() > 5 {
            return Err(Problem::bad("a port is at most 65535"));
        }
        let port = number("port", &self.port)?.map(u16::try_from).transpose();
        if self.protocol.chars().count() > 100 || self.protocol.chars().any(char::is_control) {
            return Err(Problem::bad("a protocol has at most 100 letters"));
        }
        let interface = Interface {
            protocol: self.protocol.trim().to_ascii_lowercase(),
            port: port.map_err(|_| Problem::bad("a port is at most 65535"))?,
            is_authenticated: yes_no("is_authenticated", &self.is_authenticated)?,
            is_encrypted: yes_no("is_encrypted", &self.is_encrypted)?,
        };
        let mut link = match self.direction.as_str() {
            "from" => Link::new(id, kind, other),
            "to" => Link::new(other, kind, id),
            _ => return Err(Problem::bad("direction is `from` or `to`")),
        };
        link.interface = (interface != Interface::default()).then_some(interface);
        Ok(link)
    }
}

/// Says that an item is connected with another one.
#[utoipa::path(post, path = "/register/items/{id}/link", tag = "Register",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = LinkSaid, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Linked; back to the item")))]
pub(crate) async fn link(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<LinkSaid>,
) -> Result<Response, Problem> {
    let id = item_id(&id)?;
    app.office.link_items(&visit.visitor.ctx, said.read(id.clone())?).await?;
    Ok(back_to(&id))
}

/// A link that is to end.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LinkEnded {
    #[schema(pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
    from: String,
    #[schema(pattern = "^(depends-on|runs-on|stores-in|sends-to|delivered-by|administered-by|supplied-by)$")]
    kind: String,
    #[schema(pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
    to: String,
}

/// Says that a link of an item is no more.
#[utoipa::path(post, path = "/register/items/{id}/unlink", tag = "Register",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = LinkEnded, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Ended; back to the item")))]
pub(crate) async fn unlink(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(ended): Form<LinkEnded>,
) -> Result<Response, Problem> {
    let id = item_id(&id)?;
    let end = |text: &str| ItemId::parse(text).map_err(|error| Problem::bad(error.to_string()));
    let kind = word("kind", &ended.kind, LinkKind::ALL, |kind| kind.name())?;
    let kind = kind.ok_or_else(|| Problem::bad("say which link: its kind"))?;
    let place = LinkPlace { from: end(&ended.from)?, kind, to: end(&ended.to)? };
    app.office.unlink_items(&visit.visitor.ctx, &place).await?;
    Ok(back_to(&id))
}

#[cfg(test)]
mod tests {
    use model::register::ItemKind;

    use super::*;

    fn said(body: &str) -> Result<Item, String> {
        let mut item = Item::new(ItemId::parse("x").unwrap(), ItemKind::Service, "X");
        item.owner = "office".to_owned();
        item.exposure = Some(Exposure::Public);
        let said = Said::read(body).map_err(|problem| format!("{problem:?}"))?;
        said.apply(&mut item);
        Ok(item)
    }

    #[test]
    fn a_form_says_takes_back_and_leaves() {
        let item = said("version=5").unwrap();
        assert_eq!((item.exposure, item.owner.as_str()), (Some(Exposure::Public), "office"));
        let item =
            said("version=5&exposure=&residents=12&owner=&is_life_safety=no&addresses=10.0.0.1%0D%0Asrv.example")
                .unwrap();
        assert_eq!((item.exposure, item.residents, item.owner.as_str()), (None, Some(12), ""));
        assert_eq!((item.is_life_safety, item.addresses.len()), (Some(false), 2));
        let item = said("version=5&data_said=these&data=health+1200%0Acontact").unwrap();
        let data = item.data.unwrap();
        assert_eq!((data[0].residents, data[1].category), (Some(1200), DataCategory::Contact));
        assert_eq!(said("version=5&data_said=none&data=health").unwrap().data, Some(Vec::new()));
        assert_eq!(said("version=5&data_said=").unwrap().data, None);
        let item = said("version=5&software=f5/nginx%401.25.3%0D%0Apkg:npm/a%401").unwrap();
        assert_eq!((item.software[0].vendor.as_str(), item.software[1].product.as_str()), ("f5", "a"));
        for wrong in [
            "",
            "version=5&software=@1",
            "version=x",
            "version=05",
            "version=5&state=",
            "version=5&state=gone",
            "version=5&residents=many",
            "version=5&residents=-1",
            "version=5&addresses=a%20b",
            "version=5&data_said=these&data=Health",
            "version=5&data_said=all",
            "version=5&title=a&title=b",
        ] {
            assert!(said(wrong).is_err(), "{wrong}");
        }
    }
}
