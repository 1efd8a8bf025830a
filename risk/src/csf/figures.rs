//! What the program can count itself, as evidence for questions.

use model::Day;
use model::register::{Item, Lifecycle};
use serde::Serialize;

use super::{Evidence, EvidenceSource};

/// Something counted that bears on a question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// On which question.
    pub question: String,
    /// What was counted.
    pub name: String,
    /// What came out, in words.
    pub value: String,
    /// It speaks against a high step.
    pub is_bad: bool,
    /// On which day.
    pub day: Day,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How many are so.
    pub found: usize,
    /// Of how many.
    pub of: usize,
}

impl Figure {
    /// As evidence of an answer.
    pub fn evidence(&self) -> Evidence {
        let source = EvidenceSource::Figure { name: self.name.clone(), value: self.value.clone() };
        Evidence { source, day: self.day }
    }

    /// So many of so many that lack something.
    fn lacking(question: &str, name: &str, counted: Counted, day: Day) -> Self {
        let Counted { found, of } = counted;
        let value = match of {
            0 => "nothing is registered".to_owned(),
            _ => format!("{found} of {of} ({:.0} %)", 100.0 * found as f64 / of as f64),
        };
        Figure { question: question.to_owned(), name: name.to_owned(), value, is_bad: of == 0 || found > 0, day }
    }
}

/// What the register lacks, as evidence for what there is to know about assets (ID.AM). An empty register is bad news, too.
pub fn register_figures<'a>(items: impl Iterator<Item = &'a Item>, day: Day) -> Vec<Figure> {
    let items: Vec<&Item> = items.filter(|item| item.state != Lifecycle::Retired).collect();
    let counted = |is_so: &dyn Fn(&Item) -> bool| Counted {
        found: items.iter().filter(|item| is_so(item)).count(),
        of: items.len(),
    };
    let unsaid = [
        ("ID.AM-03", "items whose exposure nobody has said", counted(&|item| item.exposure.is_none())),
        (
            "ID.AM-05",
            "items of which nobody has said how many residents use them",
            counted(&|item| item.residents.is_none()),
        ),
        (
            "ID.AM-07",
            "items of which nobody has said what personal data they hold",
            counted(&|item| item.data.is_none()),
        ),
        ("ID.AM-08", "items that nobody answers for", counted(&|item| item.owner.is_empty())),
    ];
    unsaid.into_iter().map(|(question, name, counted)| Figure::lacking(question, name, counted, day)).collect()
}
