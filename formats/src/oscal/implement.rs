//! `system-security-plan` and `component-definition`: how controls are met.

use super::common::{BackMatter, Link, Metadata, Property, ResponsibleParty, ResponsibleRole};
use super::object::objects;

objects! {
    /// How a system meets its controls.
    SystemSecurityPlan {
        must {
            /// Its id.
            uuid: String,
            /// About the document.
            metadata: Metadata,
            /// The profile whose controls are met.
            import_profile: ImportProfile,
            /// What the system is.
            system_characteristics: SystemCharacteristics,
            /// What it is made of.
            system_implementation: SystemImplementation,
            /// How controls are met.
            control_implementation: ControlImplementation,
        }
        may {
            /// What others refer to.
            back_matter: BackMatter,
        }
    }
    /// `import-profile`.
    ImportProfile {
        must {
            /// Where it is.
            href: String,
        }
    }
    /// `system-characteristics`.
    SystemCharacteristics {
        must {
            /// Ids of the system.
            system_ids: Vec<SystemId>,
            /// Its name.
            system_name: String,
            /// Words about it.
            description: String,
            /// The information in it.
            system_information: SystemInformation,
            /// Whether it runs.
            status: State,
            /// What belongs to it.
            authorization_boundary: Described,
        }
        may {
            /// Its short name.
            system_name_short: String,
            /// `fips-199-low`, `fips-199-moderate`, `fips-199-high`.
            security_sensitivity_level: String,
            /// The high-water mark of its information.
            security_impact_level: SecurityImpactLevel,
            /// When it was authorised.
            date_authorized: String,
            /// Its network.
            network_architecture: Described,
            /// Where data goes.
            data_flow: Described,
            /// Remarks.
            remarks: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
            /// Who has which role.
            responsible_parties: ResponsibleParty,
        }
    }
    /// `system-id`.
    SystemId {
        must {
            /// The id.
            id: String,
        }
        may {
            /// What sort of id.
            identifier_type: String,
        }
    }
    /// Something with words about it, and perhaps pictures.
    Described {
        must {
            /// The words.
            description: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
        }
    }
    /// `system-information`.
    SystemInformation {
        must {
            /// Which.
            information_types: Vec<InformationType>,
        }
    }
    /// `information-type`.
    InformationType {
        must {
            /// Its title.
            title: String,
            /// Words about it.
            description: String,
        }
        may {
            /// Its id.
            uuid: String,
            /// If it became known.
            confidentiality_impact: Impact,
            /// If it were wrong.
            integrity_impact: Impact,
            /// If it were not there.
            availability_impact: Impact,
        }
        many {
            /// Where it stands in a catalogue of such types.
            categorizations: Categorization,
            /// Properties.
            props: Property,
        }
    }
    /// `categorization`.
    Categorization {
        must {
            /// The catalogue: `http://doi.org/10.6028/NIST.SP.800-60v2r1`, say.
            system: String,
        }
        many {
            /// The ids there.
            information_type_ids: String,
        }
    }
    /// How bad something would be.
    Impact {
        must {
            /// What the catalogue of types says.
            base: String,
        }
        may {
            /// What people decided.
            selected: String,
            /// Why it is something else.
            adjustment_justification: String,
        }
        many {
            /// Properties.
            props: Property,
        }
    }
    /// `security-impact-level`.
    SecurityImpactLevel {
        must {
            /// Confidentiality.
            security_objective_confidentiality: String,
            /// Integrity.
            security_objective_integrity: String,
            /// Availability.
            security_objective_availability: String,
        }
    }
    /// A state in a word.
    State {
        must {
            /// The word.
            state: String,
        }
        may {
            /// Why it is so.
            reason: String,
            /// Remarks.
            remarks: String,
        }
    }
    /// `system-implementation`.
    SystemImplementation {
        must {
            /// Who uses it.
            users: Vec<SystemUser>,
            /// What it is made of.
            components: Vec<Component>,
        }
        may {
            /// Remarks.
            remarks: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Systems whose authorisation it leans on.
            leveraged_authorizations: LeveragedAuthorization,
            /// The single machines and programs.
            inventory_items: InventoryItem,
        }
    }
    /// `leveraged-authorization`.
    LeveragedAuthorization {
        must {
            /// Its id.
            uuid: String,
            /// Its title.
            title: String,
            /// Whose it is.
            party_uuid: String,
        }
        may {
            /// When it was given.
            date_authorized: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
        }
    }
    /// `system-user`.
    SystemUser {
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
            /// Its roles.
            role_ids: String,
        }
    }
    /// `component` of a system: software, hardware, a service, a connection, a policy.
    Component {
        must {
            /// Its id.
            uuid: String,
            /// What it is: `this-system`, `software`, `interconnection`, …
            r#type: String,
            /// Its title.
            title: String,
            /// Words about it.
            description: String,
            /// Whether it runs.
            status: State,
        }
        may {
            /// What it is for.
            purpose: String,
            /// Remarks.
            remarks: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
            /// Who has which role.
            responsible_roles: ResponsibleRole,
        }
    }
    /// `inventory-item`.
    InventoryItem {
        must {
            /// Its id.
            uuid: String,
            /// Words about it.
            description: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
            /// Who has which role.
            responsible_parties: ResponsibleParty,
            /// Of which components it is one.
            implemented_components: ImplementedComponent,
        }
    }
    /// `implemented-component`.
    ImplementedComponent {
        must {
            /// The component.
            component_uuid: String,
        }
        many {
            /// Properties.
            props: Property,
        }
    }
    /// `control-implementation`.
    ControlImplementation {
        must {
            /// Words about it.
            description: String,
            /// Control by control.
            implemented_requirements: Vec<ImplementedRequirement>,
        }
        many {
            /// Parameters that are filled in for the whole system.
            set_parameters: FilledParameter,
        }
    }
    /// `set-parameter` of a plan.
    FilledParameter {
        must {
            /// Which.
            param_id: String,
            /// With what.
            values: Vec<String>,
        }
    }
    /// `implemented-requirement`: how a control is met.
    ImplementedRequirement {
        must {
            /// Its id.
            uuid: String,
            /// The control.
            control_id: String,
        }
        may {
            /// Remarks.
            remarks: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
            /// Parameters that are filled in.
            set_parameters: FilledParameter,
            /// Who has which role.
            responsible_roles: ResponsibleRole,
            /// Statement by statement.
            statements: Statement,
            /// Component by component.
            by_components: ByComponent,
        }
    }
    /// `statement` of a control.
    Statement {
        must {
            /// The part of the control.
            statement_id: String,
            /// Its id.
            uuid: String,
        }
        may {
            /// Remarks.
            remarks: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Component by component.
            by_components: ByComponent,
        }
    }
    /// `by-component`: how a component meets it.
    ByComponent {
        must {
            /// The component.
            component_uuid: String,
            /// Its id.
            uuid: String,
            /// Words about it.
            description: String,
        }
        may {
            /// Whether it does already.
            implementation_status: State,
            /// What others may take over.
            export: Export,
            /// Remarks.
            remarks: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Parameters that are filled in.
            set_parameters: FilledParameter,
            /// What it takes over.
            inherited: Inherited,
            /// What it does itself of what another one asks for.
            satisfied: Satisfied,
        }
    }
    /// `export`.
    Export {
        may {
            /// Words about it.
            description: String,
        }
        many {
            /// What is given.
            provided: Provided,
            /// What whoever takes it has to do.
            responsibilities: Responsibility,
        }
    }
    /// `provided`.
    Provided {
        must {
            /// Its id.
            uuid: String,
            /// Words about it.
            description: String,
        }
    }
    /// `responsibility`.
    Responsibility {
        must {
            /// Its id.
            uuid: String,
            /// Words about it.
            description: String,
        }
        may {
            /// What it is for.
            provided_uuid: String,
        }
    }
    /// `inherited`.
    Inherited {
        must {
            /// Its id.
            uuid: String,
            /// Words about it.
            description: String,
        }
        may {
            /// What is taken over.
            provided_uuid: String,
        }
    }
    /// `satisfied`.
    Satisfied {
        must {
            /// Its id.
            uuid: String,
            /// Words about it.
            description: String,
        }
        may {
            /// What it answers.
            responsibility_uuid: String,
        }
    }
    /// Components and how they meet controls, for others to take over.
    ComponentDefinition {
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
            /// The components.
            components: DefinedComponent,
        }
    }
    /// `defined-component`.
    DefinedComponent {
        must {
            /// Its id.
            uuid: String,
            /// What it is.
            r#type: String,
            /// Its title.
            title: String,
            /// Words about it.
            description: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
            /// How it meets controls, catalog by catalog.
            control_implementations: DefinedImplementation,
        }
    }
    /// `control-implementation` of a defined component.
    DefinedImplementation {
        must {
            /// Its id.
            uuid: String,
            /// The catalog or profile.
            source: String,
            /// Words about it.
            description: String,
            /// Control by control.
            implemented_requirements: Vec<DefinedRequirement>,
        }
    }
    /// `implemented-requirement` of a defined component.
    DefinedRequirement {
        must {
            /// Its id.
            uuid: String,
            /// The control.
            control_id: String,
            /// Words about it.
            description: String,
        }
    }
}
