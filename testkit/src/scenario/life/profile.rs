//! What is usual for one person: hours, days, programs, places, amounts. It follows from the scenario's seed and the
//! account's name.

use super::seed_of;
use crate::city::Machine;
use crate::random::Random;
use crate::scenario::place;
use crate::scenario::terms::Seat;

/// A program with what follows it on the command line.
pub(super) type Program = (&'static str, &'static str);

const OFFICE: &[Program] = &[
    ("C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE", ""),
    ("C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE", "/n"),
    ("C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE", ""),
    ("C:\\Program Files\\Browser\\browser.exe", "--single-argument"),
];

/// Programs that only some have: of these each person has a few.
const SOME: &[Program] = &[
    ("C:\\Windows\\System32\\notepad.exe", ""),
    ("C:\\Windows\\System32\\calc.exe", ""),
    ("C:\\Windows\\System32\\mspaint.exe", ""),
    ("C:\\Windows\\System32\\SnippingTool.exe", ""),
    ("C:\\Program Files\\7-Zip\\7zFM.exe", ""),
    ("C:\\Program Files\\PDF Reader\\reader.exe", ""),
    ("C:\\Program Files\\Dictionary\\dictionary.exe", ""),
    ("C:\\Program Files\\Media\\player.exe", ""),
    ("C:\\Program Files\\Notes\\notes.exe", ""),
    ("C:\\Program Files\\Forms\\forms.exe", "/form latest"),
    ("C:\\Program Files\\Mindmap\\mindmap.exe", ""),
    ("C:\\Program Files\\Meeting\\meeting.exe", "/join"),
];

/// Programs of a department, by how its machines' names begin.
const DEPARTMENTS: &[(&str, &str, &[Program])] = &[
    (
        "ws-tax",
        "tax",
        &[("C:\\Program Files\\TaxDesk\\taxdesk.exe", "/case open"), ("C:\\Program Files\\Land\\land.exe", "")],
    ),
    ("ws-welfare", "welfare", &[("C:\\Program Files\\CaseDesk\\casedesk.exe", "/case new")]),
    (
        "ws-hall",
        "hall",
        &[("C:\\Program Files\\Minutes\\minutes.exe", ""), ("C:\\Program Files\\CaseDesk\\casedesk.exe", "/case list")],
    ),
    (
        "ws-it",
        "it",
        &[
            ("C:\\Program Files\\PuTTY\\putty.exe", "-load jump"),
            ("C:\\Windows\\System32\\mmc.exe", "dsa.msc"),
            ("C:\\Windows\\System32\\eventvwr.exe", ""),
            ("C:\\Windows\\System32\\ping.exe", "file01"),
            ("C:\\Windows\\System32\\nslookup.exe", "dc01"),
        ],
    ),
    ("ws-fire", "fire", &[("C:\\Program Files\\Dispatch\\dispatch.exe", "/map")]),
    ("siren-ops", "fire", &[("C:\\Program Files\\SirenDesk\\sirendesk.exe", "/status")]),
    ("scada-ops", "water", &[("C:\\Program Files\\Scada\\hmi.exe", "/view plant")]),
];

/// What is usual for one person.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) machine: &'static Machine,
    /// Minute of the day, usual.
    pub(super) starts_minute: u64,
    pub(super) length_minutes: u64,
    pub(super) lunch_minute: u64,
    /// How far the morning strays, in minutes.
    pub(super) stray_minutes: u64,
    /// Chance in percent of working on each day of the week.
    pub(super) days: [u64; 7],
    /// Chance in percent of two hours more.
    pub(super) overtime: u64,
    /// Chance in percent of an hour from home in the evening.
    pub(super) evening: u64,
    /// Chance in percent of a whole day from home.
    pub(super) home_day: u64,
    /// What a working day has, at least and at most.
    pub(super) actions: (u64, u64),
    /// Share of work before lunch, in percent.
    pub(super) morning: u64,
    pub(super) programs: Vec<Program>,
    /// Favourites first.
    pub(super) sites: Vec<(&'static str, &'static str)>,
    /// Chance in a thousand that a visited place is a new one.
    pub(super) curious: u64,
    pub(super) share: &'static str,
    /// Files that one look into the share reads, at least and at most.
    pub(super) files: (u64, u64),
    /// One in so many mornings begins with a mistyped password.
    pub(super) typo: u64,
    /// Bytes of a usual visit to a place.
    pub(super) visit_bytes: u64,
    /// What the remote access sees: the address at home, which the provider changes now and then.
    pub(super) home: u64,
}

impl Profile {
    pub(super) fn new(seed: u64, name: &str, machine: &'static Machine, is_office: bool) -> Self {
        let mut random = Random::new(seed_of(seed, name));
        let department = DEPARTMENTS.iter().find(|(prefix, ..)| machine.name.starts_with(prefix));
        let (_, share, own) = department.copied().unwrap_or(("", "hall", &[]));
        let mut programs = [OFFICE, own].concat();
        programs.extend(taken(&mut random, SOME, 3));
        let known = place::sites();
        let count = random.between(6, 13);
        let sites = taken(&mut random, &known, count);
        let least = random.between(18, 44);
        Profile {
            name: name.to_owned(),
            machine,
            starts_minute: random.between(390, 560),
            length_minutes: random.between(400, 560),
            lunch_minute: random.between(690, 790),
            stray_minutes: random.between(8, 50),
            days: days(&mut random, is_office),
            overtime: random.between(0, 12),
            evening: if is_office { *random.pick(&[0, 0, 1, 4, 12, 22]) } else { 0 },
            home_day: if is_office { *random.pick(&[0, 0, 5, 15, 30]) } else { 0 },
            actions: (least, least + random.between(8, 26)),
            morning: random.between(35, 65),
            programs,
            sites,
            curious: random.between(4, 40),
            share,
            files: (1, random.between(3, 9)),
            typo: random.between(4, 16),
            visit_bytes: random.between(40_000, 700_000),
            home: random.between(129, 250),
        }
    }

    pub(super) fn seat(&self) -> Seat {
        Seat(self.machine)
    }

    /// The address inside the remote access's tunnel.
    pub(super) fn tunnel_address(&self) -> String {
        format!("10.20.250.{}", self.home)
    }

    /// The address at home in the week of that number: most keep theirs for weeks.
    pub(super) fn home_address(&self, week: u64) -> String {
        format!("192.0.2.{}", 129 + (self.home + week / 3 * 41) % 121)
    }
}

/// Chances of working on each day: some work part of the week, duty desks every day but their own free ones.
fn days(random: &mut Random, is_office: bool) -> [u64; 7] {
    let usual = random.between(88, 100);
    let mut days = [usual; 7];
    if is_office {
        let weekend = *random.pick(&[0, 0, 0, 1, 3, 6]);
        (days[5], days[6]) = (weekend, weekend / 2);
        if random.chance(1, 4) {
            days[random.between(0, 5) as usize] = 0;
        }
    }
    days
}

/// Some of the choices, each at most once, in a mixed order.
fn taken<T: Copy>(random: &mut Random, choices: &[T], count: u64) -> Vec<T> {
    let mut left = choices.to_vec();
    let mut found = Vec::new();
    while (found.len() as u64) < count && !left.is_empty() {
        let at = random.between(0, left.len() as u64) as usize;
        found.push(left.swap_remove(at));
    }
    found
}
