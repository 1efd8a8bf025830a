//! Commands about the register: services, everything else that the city runs, and all of it.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueHint};
use model::register::{
    Address, DataCategory, DataHeld, Exposure, Item, ItemId, ItemKind, Lifecycle, LinkKind, Software,
};

use super::WhoseArgs;
use super::vuln::BillOf;

#[derive(Debug, Args)]
pub(crate) struct ServiceArgs {
    #[command(subcommand)]
    pub(crate) command: ItemCommand,
}

#[derive(Debug, Args)]
pub(crate) struct AssetArgs {
    #[command(subcommand)]
    pub(crate) command: ItemCommand,
}

#[derive(Debug, Args)]
pub(crate) struct RegisterArgs {
    #[command(subcommand)]
    pub(crate) command: RegisterCommand,
}

/// Something that is said, or taken back: `unsaid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told<T> {
    /// Nobody has said it.
    Unsaid,
    /// It is this.
    This(T),
}

impl<T> Told<T> {
    fn get(self) -> Option<T> {
        match self {
            Told::Unsaid => None,
            Told::This(value) => Some(value),
        }
    }
}

impl<T: FromStr<Err: Display>> FromStr for Told<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("unsaid") {
            return Ok(Told::Unsaid);
        }
        text.parse().map(Told::This).map_err(|error: T::Err| error.to_string())
    }
}

/// `yes` or `no`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct YesNo(pub(crate) bool);

impl FromStr for YesNo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "yes" => Ok(YesNo(true)),
            "no" => Ok(YesNo(false)),
            _ => Err("say yes or no".to_owned()),
        }
    }
}

/// Personal data: a category, with how many residents where that is known; or `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DataSaid {
    None,
    Held(DataHeld),
}

impl FromStr for DataSaid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("none") {
            return Ok(DataSaid::None);
        }
        let (category, residents) = match text.split_once(':') {
            Some((category, residents)) => {
                let number = residents.trim().parse::<u64>().map_err(|_| format!("{residents:?} is no number"))?;
                (category, Some(number))
            }
            None => (text, None),
        };
        let category = category.parse::<DataCategory>().map_err(|error| error.to_string())?;
        Ok(DataSaid::Held(DataHeld { category, residents }))
    }
}

fn address(text: &str) -> Result<Address, String> {
    Address::try_from(text.to_owned())
}

/// What is said of an item. Lists replace what was said before.
#[derive(Debug, Default, Args)]
pub(crate) struct SayArgs {
    /// Words about it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) about: Option<String>,
    /// Where it is in its life: planned, running, retired.
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<Lifecycle>,
    /// Who answers for it: an office or a role.
    #[arg(long, value_name = "TEXT")]
    pub(crate) owner: Option<String>,
    /// Who can reach it: isolated, internal, partners, public; or unsaid.
    #[arg(long, value_name = "EXPOSURE")]
    pub(crate) exposure: Option<Told<Exposure>>,
    /// Whether lives hang on it: yes, no, unsaid.
    #[arg(long, value_name = "YES|NO")]
    pub(crate) life_safety: Option<Told<YesNo>>,
    /// How many residents use it or live with it; or unsaid.
    #[arg(long, value_name = "N")]
    pub(crate) residents: Option<Told<u64>>,
    /// What a day without it costs, in whole units of the city's currency; or unsaid.
    #[arg(long, value_name = "N")]
    pub(crate) day_costs: Option<Told<u64>>,
    /// Whether it is or has an app for telephones: yes, no.
    #[arg(long, value_name = "YES|NO")]
    pub(crate) mobile: Option<YesNo>,
    /// Personal data that it holds: a category, as health or health:1200 with how many residents; none, or unsaid.
    #[arg(long, value_name = "CATEGORY[:N]", value_delimiter = ',')]
    pub(crate) holds: Vec<Told<DataSaid>>,
    /// An address, a range or a host name.
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',', value_parser = address)]
    pub(crate) address: Vec<Address>,
    /// A program on it: [VENDOR/]PRODUCT[@VERSION], with a CPE or a package URL behind a blank; or one of those alone.
    #[arg(long, value_name = "SOFTWARE", value_parser = Software::parse)]
    pub(crate) software: Vec<Software>,
    /// A type of information (SP 800-60 or others), by its id.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) information_type: Vec<String>,
    /// A word of the city's own.
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    pub(crate) label: Vec<String>,
}

impl SayArgs {
    /// Says it of an item.
    pub(crate) fn apply(&self, item: &mut Item) {
        if let Some(about) = &self.about {
            item.about.clone_from(about);
        }
        if let Some(state) = self.state {
            item.state = state;
        }
        if let Some(owner) = &self.owner {
            item.owner.clone_from(owner);
        }
        if let Some(told) = self.exposure {
            item.exposure = told.get();
        }
        if let Some(told) = self.life_safety {
            item.is_life_safety = told.get().map(|is_so| is_so.0);
        }
        if let Some(told) = self.residents {
            item.residents = told.get();
        }
        if let Some(told) = self.day_costs {
            item.day_costs = told.get();
        }
        if let Some(YesNo(is_mobile)) = self.mobile {
            item.is_mobile = is_mobile;
        }
        self.apply_lists(item);
    }

    fn apply_lists(&self, item: &mut Item) {
        if !self.holds.is_empty() {
            let held = |told: &Told<DataSaid>| match told {
                Told::This(DataSaid::Held(held)) => Some(held.clone()),
                _ => None,
            };
            let is_unsaid = self.holds.contains(&Told::Unsaid);
            item.data = (!is_unsaid).then(|| self.holds.iter().filter_map(held).collect());
        }
        if !self.address.is_empty() {
            item.addresses.clone_from(&self.address);
        }
        if !self.software.is_empty() {
            item.software.clone_from(&self.software);
        }
        if !self.information_type.is_empty() {
            item.information_types.clone_from(&self.information_type);
        }
        if !self.label.is_empty() {
            item.labels.clone_from(&self.label);
        }
    }
}

/// Which items.
#[derive(Debug, Args)]
pub(crate) struct ItemListArgs {
    /// Only of this kind: application, machine, device, identity, vendor, data-store.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<ItemKind>,
    /// Only with this in name, title, owner, labels or addresses.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) text: String,
    /// Only with this exposure: isolated, internal, partners, public; or unsaid.
    #[arg(long, value_name = "EXPOSURE")]
    pub(crate) exposure: Option<Told<Exposure>>,
    /// Only in this state: planned, running, retired.
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<Lifecycle>,
    /// As it was at this time: 2026-05-01, 2026-05-01T12:00:00Z, or 90d, 12h for so long ago.
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<String>,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) rows: usize,
    /// One JSON object an item.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A link.
#[derive(Debug, Args)]
pub(crate) struct LinkArgs {
    /// From which item.
    pub(crate) from: ItemId,
    /// How: depends-on, runs-on, stores-in, sends-to, delivered-by, administered-by, supplied-by.
    pub(crate) how: LinkKind,
    /// To which item.
    pub(crate) to: ItemId,
    /// The interface's protocol, such as https.
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
    /// The interface's port.
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,
    /// Whoever uses it has to prove who they are: yes, no.
    #[arg(long, value_name = "YES|NO")]
    pub(crate) authenticated: Option<YesNo>,
    /// What goes over it is encrypted: yes, no.
    #[arg(long, value_name = "YES|NO")]
    pub(crate) encrypted: Option<YesNo>,
    /// Personal data that goes over it: categories, or none.
    #[arg(long, value_name = "CATEGORY", value_delimiter = ',')]
    pub(crate) carries: Vec<DataSaid>,
    /// Words about it.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) about: String,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ItemCommand {
    /// List them.
    List(ItemListArgs),
    /// Show one: what it is, what it needs and what needs it.
    Show {
        /// Its name.
        id: ItemId,
        /// As it was at this time: 2026-05-01, 2026-05-01T12:00:00Z, or 90d, 12h for so long ago.
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Add one. What nobody says is unsaid, and counts as bad where risk is reckoned.
    Add {
        /// Its name for ever: small letters, digits, and - . _ inside.
        id: ItemId,
        /// What people call it.
        #[arg(long, value_name = "TEXT")]
        title: String,
        /// What it is: application, machine, device, identity, vendor, data-store.
        #[arg(long, value_name = "KIND")]
        kind: Option<ItemKind>,
        #[command(flatten)]
        say: Box<SayArgs>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Say more about one, or something else.
    Set {
        /// Its name.
        id: ItemId,
        /// What people call it.
        #[arg(long, value_name = "TEXT")]
        title: Option<String>,
        #[command(flatten)]
        say: Box<SayArgs>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Say that one runs no more. It and its history stay.
    Retire {
        /// Its name.
        id: ItemId,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Say that one is connected with another; what was said of the same link is replaced.
    Link(Box<LinkArgs>),
    /// Say that a link is no more.
    Unlink {
        /// From which item.
        from: ItemId,
        /// How.
        how: LinkKind,
        /// To which item.
        to: ItemId,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Import files; the same as `watchbell register import`.
    Import(ImportArgs),
    /// Show what was said of one, by whom and when.
    History {
        /// Its name.
        id: ItemId,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a version.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Files: tables of items or links (CSV), JSON, what nmap found (XML), inventories of clouds (JSON).
    #[arg(required_unless_present = "sbom", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// What they are, where their content does not tell.
    #[arg(long = "as", value_name = "FORM")]
    pub(crate) form: Option<crate::register::Form>,
    /// What is in an item: a bill of materials (CycloneDX or SPDX, JSON), as ITEM=FILE. May be said again.
    #[arg(long, value_name = "ITEM=FILE")]
    pub(crate) sbom: Vec<BillOf>,
    /// They are the whole register: what they do not mention is retired, and links of which they do not speak end.
    #[arg(long)]
    pub(crate) whole: bool,
    /// Say what would be new, changed and gone, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DiscoverArgs {
    /// How many days back.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=90))]
    pub(crate) days: u32,
    /// Write the software that is missing on an item, and versions that nobody has said, into the register.
    #[arg(long)]
    pub(crate) take: bool,
    /// Say what would be written, and write nothing.
    #[arg(long, requires = "take")]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
    /// Rows in each table.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) rows: usize,
    /// One JSON object an address, name or program.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RegisterCommand {
    /// Import items and links from files.
    Import(ImportArgs),
    /// Print the whole register as JSON, as `import` reads it.
    Export {
        /// As it was at this time: 2026-05-01, 2026-05-01T12:00:00Z, or 90d, 12h for so long ago.
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Show what has an address or a host name.
    Behind {
        /// The address or host name.
        value: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object an item.
        #[arg(long)]
        json: bool,
    },
    /// Show suppliers by how many services rest on them.
    Suppliers {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a supplier.
        #[arg(long)]
        json: bool,
    },
    /// Show addresses and names of ours that talk and stand in no register, and software that is seen on items and does not stand there.
    Discover(DiscoverArgs),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_say() {
        assert_eq!("unsaid".parse::<Told<u64>>(), Ok(Told::Unsaid));
        assert_eq!("12".parse::<Told<u64>>(), Ok(Told::This(12)));
        assert!("many".parse::<Told<u64>>().is_err());
        assert_eq!("yes".parse::<Told<YesNo>>(), Ok(Told::This(YesNo(true))));
        let held = DataHeld { category: DataCategory::Health, residents: Some(1200) };
        assert_eq!("health:1200".parse::<DataSaid>(), Ok(DataSaid::Held(held)));
        assert!("health:x".parse::<DataSaid>().is_err() && "x".parse::<DataSaid>().is_err());
    }

    #[test]
    fn data_is_said_and_taken_back() {
        let mut item = Item::new(ItemId::parse("x").unwrap(), ItemKind::Service, "x");
        let mut say = |data: &[&str]| {
            let holds = data.iter().map(|text| text.parse().unwrap()).collect();
            SayArgs { holds, ..SayArgs::default() }.apply(&mut item);
            item.data.as_ref().map(Vec::len)
        };
        assert_eq!(say(&[]), None);
        assert_eq!(say(&["none"]), Some(0));
        assert_eq!(say(&["health", "contact:7"]), Some(2));
        assert_eq!(say(&[]), Some(2));
        assert_eq!(say(&["unsaid"]), None);
    }
}
