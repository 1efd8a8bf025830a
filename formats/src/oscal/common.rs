//! What all models have.

use super::object::objects;

objects! {
    /// What is said about the document itself.
    Metadata {
        must {
            /// Its title.
            title: String,
            /// When it was changed last (RFC 3339, with offset).
            last_modified: String,
            /// Its own version.
            version: String,
            /// The version of OSCAL.
            oscal_version: String,
        }
        may {
            /// When it was published.
            published: String,
            /// Remarks.
            remarks: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
            /// Roles that people have.
            roles: Role,
            /// People and organisations.
            parties: Party,
            /// Who has which role.
            responsible_parties: ResponsibleParty,
        }
    }
    /// `property`: a name with a value.
    Property {
        must {
            /// Its name in its namespace.
            name: String,
            /// Its value.
            value: String,
        }
        may {
            /// Its id.
            uuid: String,
            /// Its namespace; OSCAL's own where it is absent.
            ns: String,
            /// Its sort.
            class: String,
            /// What groups it.
            group: String,
            /// Remarks.
            remarks: String,
        }
    }
    /// `link`: to somewhere, inside the document (`#id`) or outside.
    Link {
        must {
            /// Where it leads.
            href: String,
        }
        may {
            /// What it is for.
            rel: String,
            /// The form of what is there.
            media_type: String,
            /// A place inside.
            resource_fragment: String,
            /// Words.
            text: String,
        }
    }
    /// `role`.
    Role {
        must {
            /// Its id.
            id: String,
            /// Its title.
            title: String,
        }
        may {
            /// Words about it.
            description: String,
        }
    }
    /// `party`: a person or an organisation.
    Party {
        must {
            /// Its id.
            uuid: String,
            /// `person` or `organization`.
            r#type: String,
        }
        may {
            /// Its name.
            name: String,
            /// Its short name.
            short_name: String,
        }
        many {
            /// Addresses for e-mail.
            email_addresses: String,
            /// Organisations that it belongs to.
            member_of_organizations: String,
        }
    }
    /// `responsible-party`.
    ResponsibleParty {
        must {
            /// The role.
            role_id: String,
            /// Who has it.
            party_uuids: Vec<String>,
        }
    }
    /// `responsible-role`: the same, where the parties may be left open.
    ResponsibleRole {
        must {
            /// The role.
            role_id: String,
        }
        many {
            /// Who has it.
            party_uuids: String,
        }
    }
    /// `back-matter`.
    BackMatter {
        many {
            /// What others refer to.
            resources: Resource,
        }
    }
    /// `resource`.
    Resource {
        must {
            /// Its id.
            uuid: String,
        }
        may {
            /// Its title.
            title: String,
            /// Words about it.
            description: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Where it can be had.
            rlinks: ResourceLink,
        }
    }
    /// `rlink`: where a resource can be had.
    ResourceLink {
        must {
            /// Where.
            href: String,
        }
        may {
            /// In which form.
            media_type: String,
        }
        many {
            /// What it has to hash to.
            hashes: Hash,
        }
    }
    /// `hash`.
    Hash {
        must {
            /// Such as `SHA-256`.
            algorithm: String,
            /// In hexadecimal digits.
            value: String,
        }
    }
}
