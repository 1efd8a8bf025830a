//! `profile`: a choice among the controls of catalogs and other profiles, and what is changed in them.

use super::catalog::{Constraint, Guideline, Parameter, Part, Selection};
use super::common::{BackMatter, Link, Metadata, Property};
use super::object::objects;
use super::{List, Rest};

objects! {
    /// A choice among controls.
    Profile {
        must {
            /// Its id.
            uuid: String,
            /// About the document.
            metadata: Metadata,
            /// What it chooses from.
            imports: Vec<Import>,
        }
        may {
            /// How the choices are brought together.
            merge: Merge,
            /// What is changed.
            modify: Modify,
            /// What others refer to.
            back_matter: BackMatter,
        }
    }
    /// `import`: a catalog or profile, and which of its controls.
    Import {
        must {
            /// The catalog or profile.
            href: String,
        }
        may {
            /// All of them.
            include_all: Rest,
        }
        many {
            /// These.
            include_controls: Select,
            /// Not these.
            exclude_controls: Select,
        }
    }
    /// Controls by id or by a pattern of their ids.
    Select {
        may {
            /// `yes`: with those that extend them.
            with_child_controls: String,
        }
        many {
            /// Their ids.
            with_ids: String,
            /// Patterns of their ids.
            matching: Matching,
        }
    }
    /// `matching`.
    Matching {
        may {
            /// With `*` for any text and `?` for any character.
            pattern: String,
        }
    }
    /// `merge`.
    Merge {
        may {
            /// What is done with what is there twice.
            combine: Combine,
            /// Without groups.
            flat: Rest,
            /// In the groups of the catalog.
            as_is: bool,
            /// In groups of its own.
            custom: Custom,
        }
    }
    /// `combine`.
    Combine {
        may {
            /// `use-first`, `merge` or `keep`.
            method: String,
        }
    }
    /// `custom`: groups of the profile's own.
    Custom {
        many {
            /// The groups.
            groups: CustomGroup,
            /// Controls in none of them.
            insert_controls: Insert,
        }
    }
    /// A group of the profile's own.
    CustomGroup {
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
            groups: CustomGroup,
            /// Its controls.
            insert_controls: Insert,
        }
    }
    /// `insert-controls`.
    Insert {
        may {
            /// `keep`, `ascending` or `descending`.
            order: String,
            /// All of them.
            include_all: Rest,
        }
        many {
            /// These.
            include_controls: Select,
            /// Not these.
            exclude_controls: Select,
        }
    }
    /// `modify`.
    Modify {
        many {
            /// What is said of parameters.
            set_parameters: SetParameter,
            /// What is said of controls.
            alters: Alter,
        }
    }
    /// `set-parameter`.
    SetParameter {
        must {
            /// Which.
            param_id: String,
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
            /// What is filled in.
            values: String,
        }
    }
    /// `alter`.
    Alter {
        must {
            /// Which control.
            control_id: String,
        }
        many {
            /// What is taken out.
            removes: Remove,
            /// What is put in.
            adds: Add,
        }
    }
    /// `remove`: all that has all of these.
    Remove {
        may {
            /// Its name.
            by_name: String,
            /// Its sort.
            by_class: String,
            /// Its id.
            by_id: String,
            /// What it is: `param`, `prop`, `link`, `part`, …
            by_item_name: String,
            /// Its namespace.
            by_ns: String,
        }
    }
    /// `add`.
    Add {
        may {
            /// `before`, `after`, `starting` or `ending`.
            position: String,
            /// To what inside the control.
            by_id: String,
            /// A title instead of the one that is there.
            title: String,
        }
        many {
            /// Parameters.
            params: Parameter,
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
            /// Texts.
            parts: Part,
        }
    }
}

impl SetParameter {
    /// Changes a parameter: what it says replaces what is there, properties and links come beside.
    pub(super) fn apply(&self, parameter: &mut Parameter) {
        fn replace<T: Clone>(place: &mut Option<T>, with: &Option<T>) {
            if with.is_some() {
                place.clone_from(with);
            }
        }
        fn replace_all<T: Clone>(place: &mut List<T>, with: &List<T>) {
            if !with.is_absent() {
                place.clone_from(with);
            }
        }
        replace(&mut parameter.class, &self.class);
        replace(&mut parameter.depends_on, &self.depends_on);
        replace(&mut parameter.label, &self.label);
        replace(&mut parameter.usage, &self.usage);
        replace(&mut parameter.select, &self.select);
        replace_all(&mut parameter.constraints, &self.constraints);
        replace_all(&mut parameter.guidelines, &self.guidelines);
        replace_all(&mut parameter.values, &self.values);
        parameter.props.extend(self.props.iter().cloned());
        parameter.links.extend(self.links.iter().cloned());
    }
}
