//! `catalog`: controls, in groups.

use super::common::{BackMatter, Link, Metadata, Property};
use super::object::objects;

objects! {
    /// Controls.
    Catalog {
        must {
            /// Its id.
            uuid: String,
            /// About the document.
            metadata: Metadata,
        }
        may {
            /// What others refer to.
            back_matter: BackMatter,
        }
        many {
            /// Parameters of no control.
            params: Parameter,
            /// Controls in no group.
            controls: Control,
            /// Groups.
            groups: Group,
        }
    }
    /// `group` of controls, or of groups.
    Group {
        must {
            /// Its title.
            title: String,
        }
        may {
            /// Its id.
            id: String,
            /// Its sort.
            class: String,
        }
        many {
            /// Parameters of no control.
            params: Parameter,
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
            /// Texts.
            parts: Part,
            /// Groups inside.
            groups: Group,
            /// Controls.
            controls: Control,
        }
    }
    /// `control`.
    Control {
        must {
            /// Its id.
            id: String,
            /// Its title.
            title: String,
        }
        may {
            /// Its sort.
            class: String,
        }
        many {
            /// What is to be filled in.
            params: Parameter,
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
            /// Texts.
            parts: Part,
            /// Controls that extend it.
            controls: Control,
        }
    }
    /// `part`: a text, in parts.
    Part {
        must {
            /// What it is: `statement`, `guidance`, …
            name: String,
        }
        may {
            /// Its id.
            id: String,
            /// Its namespace.
            ns: String,
            /// Its sort.
            class: String,
            /// Its title.
            title: String,
            /// The text.
            prose: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Parts inside.
            parts: Part,
            /// Links.
            links: Link,
        }
    }
    /// `parameter`: something to be filled in.
    Parameter {
        must {
            /// Its id.
            id: String,
        }
        may {
            /// Its sort.
            class: String,
            /// Another parameter that it follows.
            depends_on: String,
            /// What to fill in.
            label: String,
            /// What it is for.
            usage: String,
            /// What may be chosen.
            select: Selection,
        }
        many {
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
            /// What it has to meet.
            constraints: Constraint,
            /// Advice.
            guidelines: Guideline,
            /// What was filled in.
            values: String,
        }
    }
    /// `constraint` of a parameter.
    Constraint {
        may {
            /// Words.
            description: String,
        }
    }
    /// `guideline` for a parameter.
    Guideline {
        must {
            /// Words.
            prose: String,
        }
    }
    /// `select`: what may be chosen.
    Selection {
        may {
            /// `one` or `one-or-more`.
            how_many: String,
        }
        many {
            /// The choices.
            choice: String,
        }
    }
}

impl Catalog {
    /// All controls, those inside others too, in their order.
    pub fn all_controls(&self) -> Vec<&Control> {
        fn of_controls<'c>(controls: &'c [Control], all: &mut Vec<&'c Control>) {
            for control in controls {
                all.push(control);
                of_controls(&control.controls, all);
            }
        }
        fn of_groups<'c>(groups: &'c [Group], all: &mut Vec<&'c Control>) {
            for group in groups {
                of_controls(&group.controls, all);
                of_groups(&group.groups, all);
            }
        }
        let mut all = Vec::new();
        of_controls(&self.controls, &mut all);
        of_groups(&self.groups, &mut all);
        all
    }
}
