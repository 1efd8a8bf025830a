//! What people come for in Brunnfeld, who delivers it, and which data it holds. The first six are those of [`super::super::SERVICES`].

use model::register::DataCategory::{self as D};
use model::register::Exposure;

/// A service, shortly.
#[derive(Clone, Copy)]
pub(super) struct Sketch {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) owner: &'static str,
    /// `None`: nobody has said.
    pub(super) exposure: Option<Exposure>,
    pub(super) residents: Option<u64>,
    pub(super) day_costs: Option<u64>,
    pub(super) is_life_safety: Option<bool>,
    /// Data and residents; `None`: nobody has said.
    pub(super) data: Option<&'static [(D, u64)]>,
    /// SP 800-60, volume 2.
    pub(super) information: &'static [&'static str],
    pub(super) vendor: &'static str,
    pub(super) place: Place,
    pub(super) is_mobile: bool,
}

/// Where it runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// On machines that the city's logs know.
    Known(&'static [&'static str]),
    /// On servers of its own in the data centre.
    Own,
    /// In the cloud.
    Cloud,
    /// At its supplier's, of which the city knows no machine.
    Supplier,
}

const PUBLIC: Option<Exposure> = Some(Exposure::Public);
const INTERNAL: Option<Exposure> = Some(Exposure::Internal);
const ISOLATED: Option<Exposure> = Some(Exposure::Isolated);
const PARTNERS: Option<Exposure> = Some(Exposure::Partners);
const NO: Option<bool> = Some(false);
const YES: Option<bool> = Some(true);
const NONE: Option<&[(D, u64)]> = Some(&[]);

/// What a row says first: who it is for, and how many notice.
const fn sketch(
    id: &'static str,
    title: &'static str,
    owner: &'static str,
    exposure: Option<Exposure>,
    residents: u64,
) -> Sketch {
    Sketch {
        id,
        title,
        owner,
        exposure,
        residents: Some(residents),
        day_costs: None,
        is_life_safety: NO,
        data: None,
        information: &[],
        vendor: "buergerwerk",
        place: Place::Own,
        is_mobile: false,
    }
}

impl Sketch {
    const fn holds(mut self, data: Option<&'static [(D, u64)]>, information: &'static [&'static str]) -> Self {
        self.data = data;
        self.information = information;
        self
    }

    const fn by(mut self, vendor: &'static str, place: Place) -> Self {
        self.vendor = vendor;
        self.place = place;
        self
    }

    const fn costs(mut self, day_costs: u64) -> Self {
        self.day_costs = Some(day_costs);
        self
    }

    const fn vital(mut self, is_life_safety: Option<bool>) -> Self {
        self.is_life_safety = is_life_safety;
        self
    }

    const fn mobile(mut self) -> Self {
        self.is_mobile = true;
        self
    }
}

use Place::{Cloud, Known, Own, Supplier};

/// All services.
pub(super) const SERVICES: &[Sketch] = &[
    sketch("sirens", "Sirens", "civil protection", ISOLATED, 310_000)
        .holds(NONE, &["D.4.4", "D.4.2"])
        .by("tonfeld", Known(&["siren-ctl01", "siren-ctl02", "siren-ops01"]))
        .costs(40_000)
        .vital(YES),
    sketch("street-lights", "Street lights", "public works", ISOLATED, 310_000)
        .holds(NONE, &["D.22.3"])
        .by("lichtholm", Known(&["light-ctl01"]))
        .costs(12_000)
        .vital(YES),
    sketch("traffic-lights", "Traffic lights", "traffic office", PARTNERS, 180_000)
        .holds(NONE, &["D.11.1"])
        .by("ampelstein", Known(&["traffic-ctl01"]))
        .costs(90_000)
        .vital(YES),
    sketch("tax-portal", "Tax portal", "treasury", PUBLIC, 140_000)
        .holds(Some(&[(D::Identity, 140_000), (D::Financial, 140_000), (D::Contact, 140_000)]), &["C.2.8.6", "C.2.8.9"])
        .by("buergerwerk", Known(&["tax-web01", "tax-app01", "tax-db01"]))
        .costs(150_000),
    sketch("welfare-portal", "Welfare portal", "social services", PUBLIC, 9_000)
        .holds(
            Some(&[(D::Identity, 9_000), (D::Welfare, 9_000), (D::Health, 2_400), (D::Children, 3_100)]),
            &["D.10.3", "D.23.2"],
        )
        .by("buergerwerk", Known(&["welfare-web01", "welfare-app01", "welfare-db01"]))
        .costs(60_000),
    sketch("drinking-water", "Drinking water", "water works", ISOLATED, 310_000)
        .holds(NONE, &["D.6.1"])
        .by(
            "quellmark",
            Known(&[
                "scada-ops01",
                "scada-hist01",
                "plc-water01",
                "plc-water02",
                "plc-water03",
                "plc-pump01",
                "plc-pump02",
            ]),
        )
        .costs(700_000)
        .vital(YES),
    sketch("city-website", "City website", "press office", PUBLIC, 310_000)
        .holds(Some(&[(D::Usage, 310_000)]), &["C.2.6.2"])
        .by("pixelmarsch", Cloud)
        .costs(3_000),
    sketch("city-app", "City app", "press office", PUBLIC, 84_000)
        .holds(Some(&[(D::Contact, 84_000), (D::Location, 52_000), (D::Usage, 84_000)]), &["C.2.6.1"])
        .by("pixelmarsch", Cloud)
        .costs(5_000)
        .mobile(),
    sketch("warning-app", "Warnings by telephone", "civil protection", PUBLIC, 120_000)
        .holds(Some(&[(D::Contact, 120_000), (D::Location, 120_000)]), &["D.4.4"])
        .by("tonfeld", Cloud)
        .costs(20_000)
        .vital(YES)
        .mobile(),
    sketch("resident-register", "Register of residents", "citizens' office", INTERNAL, 310_000)
        .holds(
            Some(&[(D::Identity, 310_000), (D::Contact, 310_000), (D::Belief, 148_000), (D::Children, 61_000)]),
            &["C.2.8.9", "C.2.8.7"],
        )
        .by("registerhof", Own)
        .costs(45_000),
    sketch("civil-registry", "Births, marriages, deaths", "registry office", INTERNAL, 310_000)
        .holds(Some(&[(D::Identity, 310_000), (D::Origin, 40_000), (D::Children, 61_000)]), &["C.2.8.10"])
        .by("registerhof", Own)
        .costs(9_000),
    sketch("id-cards", "Identity cards and passports", "citizens' office", PARTNERS, 220_000)
        .holds(Some(&[(D::Identity, 220_000), (D::Biometric, 220_000)]), &["C.2.8.9"])
        .by("registerhof", Own)
        .costs(18_000),
    sketch("appointments", "Appointments at offices", "citizens' office", PUBLIC, 96_000)
        .holds(Some(&[(D::Contact, 96_000)]), &["C.2.6.1"])
        .by("buergerwerk", Cloud)
        .costs(6_000),
    sketch("vehicle-registration", "Vehicle registration", "traffic office", PUBLIC, 170_000)
        .holds(Some(&[(D::Property, 170_000), (D::Identity, 170_000)]), &["D.21.3"])
        .by("buergerwerk", Own)
        .costs(30_000),
    sketch("driving-licences", "Driving licences", "traffic office", PARTNERS, 190_000)
        .holds(Some(&[(D::Identity, 190_000), (D::Health, 8_000), (D::Criminal, 5_500)]), &["D.21.3"])
        .by("buergerwerk", Own),
    sketch("parking-permits", "Parking permits", "traffic office", PUBLIC, 38_000)
        .holds(Some(&[(D::Property, 38_000), (D::Health, 2_900)]), &["D.21.3"])
        .by("buergerwerk", Own)
        .costs(4_000),
    sketch("fines", "Fines", "public order office", PUBLIC, 44_000)
        .holds(Some(&[(D::Criminal, 44_000), (D::Financial, 44_000)]), &["C.3.2.6"])
        .by("buergerwerk", Own)
        .costs(22_000),
    sketch("building-permits", "Building permits", "building office", PUBLIC, 6_200)
        .holds(Some(&[(D::Property, 6_200), (D::Contact, 6_200)]), &["D.21.3"])
        .by("aktenkern", Own)
        .costs(15_000),
    sketch("land-maps", "Maps and land", "survey office", PUBLIC, 310_000)
        .holds(Some(&[(D::Property, 92_000)]), &["D.20.2"])
        .by("kartenfuchs", Cloud)
        .costs(7_000),
    sketch("housing-benefit", "Housing benefit", "social services", INTERNAL, 11_000)
        .holds(Some(&[(D::Welfare, 11_000), (D::Financial, 11_000)]), &["D.15.3"])
        .by("sozialkern", Own)
        .costs(25_000),
    sketch("youth-welfare", "Youth welfare", "youth office", INTERNAL, 4_800)
        .holds(Some(&[(D::Children, 4_800), (D::Welfare, 4_800), (D::Health, 1_900), (D::Criminal, 300)]), &["D.10.3"])
        .by("sozialkern", Own)
        .vital(None),
    sketch("health-office", "Health office", "health office", INTERNAL, 58_000)
        .holds(Some(&[(D::Health, 58_000), (D::Identity, 58_000)]), &["D.14.2"])
        .by("sozialkern", Own)
        .costs(16_000),
    sketch("kindergarten-places", "Places in kindergartens", "youth office", PUBLIC, 13_500)
        .holds(Some(&[(D::Children, 13_500), (D::Contact, 13_500)]), &["D.12.1"])
        .by("buergerwerk", Cloud),
    sketch("school-platform", "Learning platform of schools", "school office", PUBLIC, 34_000)
        .holds(Some(&[(D::Education, 34_000), (D::Children, 31_000), (D::Communication, 34_000)]), &["D.12.1"])
        .by("schulbank", Supplier)
        .costs(11_000)
        .mobile(),
    sketch("library", "Libraries", "culture office", PUBLIC, 71_000)
        .holds(Some(&[(D::Contact, 71_000), (D::Usage, 71_000)]), &["D.12.4"])
        .by("buecherholz", Own)
        .costs(1_500),
    sketch("museums", "Museums and tickets", "culture office", PUBLIC, 27_000)
        .holds(Some(&[(D::Contact, 27_000), (D::Financial, 27_000)]), &["D.12.4"])
        .by("zahlbrueck", Supplier),
    sketch("swimming-pools", "Swimming pools", "sports office", PUBLIC, 52_000).by("zahlbrueck", Supplier).costs(8_000),
    sketch("waste-calendar", "Waste collection", "public works", PUBLIC, 150_000)
        .holds(Some(&[(D::Contact, 60_000)]), &["D.22.3"])
        .by("pixelmarsch", Cloud)
        .costs(2_000),
    sketch("waste-water", "Waste water", "water works", ISOLATED, 310_000)
        .holds(NONE, &["D.6.1", "D.8.2"])
        .by("quellmark", Own)
        .costs(180_000)
        .vital(YES),
    sketch("public-transport", "Timetables and displays", "traffic office", PUBLIC, 130_000)
        .holds(NONE, &["D.11.1"])
        .by("bussard", Own)
        .costs(35_000),
    sketch("air-sensors", "Air and noise", "environment office", PUBLIC, 310_000)
        .holds(NONE, &["D.8.1"])
        .by("bussard", Cloud),
    sketch("cameras", "Cameras in public places", "public order office", ISOLATED, 310_000)
        .holds(Some(&[(D::Surveillance, 310_000)]), &["D.16.7"])
        .by("kameraland", Own)
        .vital(None),
    sketch("fire-dispatch", "Fire brigade and rescue", "fire brigade", PARTNERS, 310_000)
        .holds(Some(&[(D::Health, 26_000), (D::Location, 26_000), (D::Contact, 26_000)]), &["D.4.4"])
        .by("leitblick", Own)
        .costs(400_000)
        .vital(YES),
    sketch("elections", "Elections and petitions", "election office", PUBLIC, 232_000)
        .holds(Some(&[(D::Identity, 232_000), (D::Political, 18_000)]), &["C.2.8.9"])
        .by("aktenkern", Own),
    sketch("council-information", "Council papers", "council office", PUBLIC, 310_000)
        .holds(Some(&[(D::Political, 120)]), &["C.2.6.2"])
        .by("aktenkern", Cloud),
    sketch("report-a-defect", "Report a defect", "public works", PUBLIC, 21_000)
        .holds(Some(&[(D::Contact, 21_000), (D::Location, 21_000)]), &["C.2.6.1"])
        .by("pixelmarsch", Cloud)
        .mobile(),
    sketch("payments", "Payments", "treasury", PARTNERS, 160_000)
        .holds(Some(&[(D::Financial, 160_000)]), &["C.3.2.5"])
        .by("zahlbrueck", Supplier)
        .costs(80_000),
    sketch("sign-on", "Residents' accounts", "IT office", PUBLIC, 125_000)
        .holds(Some(&[(D::Credentials, 125_000), (D::Identity, 125_000)]), &["C.2.8.9"])
        .by("buergerwerk", Own)
        .costs(70_000),
    sketch("staff-mail", "Mail of staff", "IT office", PUBLIC, 0)
        .holds(Some(&[(D::Communication, 1_400), (D::Contact, 40_000)]), &["C.3.5.7"])
        .by("mailgrund", Known(&["mail01"]))
        .costs(24_000),
    sketch("payroll", "Payroll and personnel", "personnel office", INTERNAL, 0)
        .holds(
            Some(&[(D::Employment, 1_400), (D::Financial, 1_400), (D::Union, 310), (D::Health, 1_400)]),
            &["C.3.3.4"],
        )
        .by("aktenkern", Own)
        .costs(10_000),
];

/// Suppliers: id, what they are called, and who supplies them. All are invented.
pub(super) const VENDORS: &[(&str, &str, &[&str])] = &[
    ("buergerwerk", "Bürgerwerk Fachverfahren", &["wolkenhafen", "quellcodehof"]),
    ("registerhof", "Registerhof Verfahren", &["quellcodehof"]),
    ("aktenkern", "Aktenkern Systeme", &["wolkenhafen"]),
    ("sozialkern", "Sozialkern Software", &["quellcodehof"]),
    ("pixelmarsch", "Pixelmarsch Medien", &["wolkenhafen"]),
    ("kartenfuchs", "Kartenfuchs Geodaten", &["wolkenhafen"]),
    ("schulbank", "Schulbank Lernsysteme", &["wolkenhafen"]),
    ("buecherholz", "Bücherholz Bibliotheken", &[]),
    ("zahlbrueck", "Zahlbrück Bezahlen", &["wolkenhafen"]),
    ("tonfeld", "Tonfeld Alarmtechnik", &["funkrain", "chipsenke"]),
    ("lichtholm", "Lichtholm Leuchten", &["funkrain", "chipsenke"]),
    ("ampelstein", "Ampelstein Signale", &["chipsenke"]),
    ("quellmark", "Quellmark Leittechnik", &["chipsenke"]),
    ("bussard", "Bussard Verkehrsdaten", &["funkrain"]),
    ("kameraland", "Kameraland Optik", &["chipsenke"]),
    ("leitblick", "Leitblick Einsatz", &["funkrain"]),
    ("mailgrund", "Mailgrund Büro", &[]),
    ("rechenau", "Rechenau Computer", &["chipsenke"]),
    ("netzbrueck", "Netzbrück Netze", &["chipsenke"]),
    ("druckholm", "Druckholm Drucker", &[]),
    ("wolkenhafen", "Wolkenhafen Rechenzentren", &["netzbrueck"]),
    ("quellcodehof", "Quellcodehof Bausteine", &[]),
    ("funkrain", "Funkrain Module", &["chipsenke"]),
    ("chipsenke", "Chipsenke Halbleiter", &[]),
];
