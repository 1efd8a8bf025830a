//! `assessment-plan`, `assessment-results` and `plan-of-action-and-milestones`, and `mapping-collection`.

use super::Rest;
use super::common::{BackMatter, Link, Metadata, Property, ResponsibleRole};
use super::implement::{State, SystemId};
use super::object::objects;

objects! {
    /// How a system is going to be assessed.
    AssessmentPlan {
        must {
            /// Its id.
            uuid: String,
            /// About the document.
            metadata: Metadata,
            /// The plan of the system.
            import_ssp: Imported,
            /// Which controls.
            reviewed_controls: ReviewedControls,
        }
        may {
            /// Activities and more that only stand here.
            local_definitions: LocalDefinitions,
            /// What others refer to.
            back_matter: BackMatter,
        }
        many {
            /// What is looked at.
            assessment_subjects: AssessmentSubject,
            /// What is done when.
            tasks: Task,
        }
    }
    /// Where another document is.
    Imported {
        must {
            /// Where.
            href: String,
        }
        may {
            /// Remarks.
            remarks: String,
        }
    }
    /// `local-definitions`.
    LocalDefinitions {
        many {
            /// What assessors do.
            activities: Activity,
            /// What is done when.
            tasks: Task,
        }
    }
    /// `activity`.
    Activity {
        must {
            /// Its id.
            uuid: String,
            /// Words about it.
            description: String,
        }
        may {
            /// Its title.
            title: String,
            /// The controls that it is about.
            related_controls: ReviewedControls,
        }
        many {
            /// Properties.
            props: Property,
            /// Step by step.
            steps: Step,
            /// Who does it.
            responsible_roles: ResponsibleRole,
        }
    }
    /// `step`.
    Step {
        must {
            /// Its id.
            uuid: String,
            /// Words about it.
            description: String,
        }
        may {
            /// Its title.
            title: String,
        }
    }
    /// `reviewed-controls`.
    ReviewedControls {
        must {
            /// Which.
            control_selections: Vec<ControlSelection>,
        }
        may {
            /// Words about them.
            description: String,
        }
        many {
            /// Which objectives.
            control_objective_selections: ControlSelection,
        }
    }
    /// `control-selection`.
    ControlSelection {
        may {
            /// Words about it.
            description: String,
            /// All of them.
            include_all: Rest,
        }
        many {
            /// These.
            include_controls: SelectedControl,
            /// Not these.
            exclude_controls: SelectedControl,
        }
    }
    /// A control that is looked at, or parts of it.
    SelectedControl {
        must {
            /// Its id.
            control_id: String,
        }
        many {
            /// Its statements.
            statement_ids: String,
        }
    }
    /// `assessment-subject`.
    AssessmentSubject {
        must {
            /// What it is: `component`, `inventory-item`, `party`, …
            r#type: String,
        }
        may {
            /// Words about it.
            description: String,
            /// All of them.
            include_all: Rest,
        }
        many {
            /// These.
            include_subjects: Subject,
            /// Not these.
            exclude_subjects: Subject,
        }
    }
    /// `subject`: what something was seen in, or is looked for in.
    Subject {
        must {
            /// Which.
            subject_uuid: String,
            /// What it is.
            r#type: String,
        }
        may {
            /// Its title.
            title: String,
        }
        many {
            /// Properties.
            props: Property,
        }
    }
    /// `task`.
    Task {
        must {
            /// Its id.
            uuid: String,
            /// `milestone` or `action`.
            r#type: String,
            /// Its title.
            title: String,
        }
        may {
            /// Words about it.
            description: String,
            /// When.
            timing: Timing,
        }
        many {
            /// Properties.
            props: Property,
            /// What is done.
            associated_activities: AssociatedActivity,
            /// Who does it.
            responsible_roles: ResponsibleRole,
        }
    }
    /// `timing`: one of them.
    Timing {
        may {
            /// On a date.
            on_date: OnDate,
            /// Within dates.
            within_date_range: DateRange,
            /// Again and again.
            at_frequency: Frequency,
        }
    }
    /// `on-date`.
    OnDate {
        must {
            /// The date.
            date: String,
        }
    }
    /// `within-date-range`.
    DateRange {
        must {
            /// From.
            start: String,
            /// To.
            end: String,
        }
    }
    /// `at-frequency`.
    Frequency {
        must {
            /// How many units.
            period: u64,
            /// Which: `seconds` … `years`.
            unit: String,
        }
    }
    /// `associated-activity`.
    AssociatedActivity {
        must {
            /// The activity.
            activity_uuid: String,
        }
        many {
            /// In what.
            subjects: AssessmentSubject,
        }
    }
    /// What came of an assessment.
    AssessmentResults {
        must {
            /// Its id.
            uuid: String,
            /// About the document.
            metadata: Metadata,
            /// The plan.
            import_ap: Imported,
            /// What came of it.
            results: Vec<AssessmentResult>,
        }
        may {
            /// Activities and more that only stand here.
            local_definitions: LocalDefinitions,
            /// What others refer to.
            back_matter: BackMatter,
        }
    }
    /// `result` of one assessment.
    AssessmentResult {
        must {
            /// Its id.
            uuid: String,
            /// Its title.
            title: String,
            /// Words about it.
            description: String,
            /// When it began.
            start: String,
            /// Which controls were looked at.
            reviewed_controls: ReviewedControls,
        }
        may {
            /// When it ended.
            end: String,
            /// Activities and more that only stand here.
            local_definitions: LocalDefinitions,
            /// Remarks.
            remarks: String,
        }
        many {
            /// Properties.
            props: Property,
            /// What was seen.
            observations: Observation,
            /// What follows from it.
            risks: Risk,
            /// Whether controls are met.
            findings: Finding,
        }
    }
    /// `observation`.
    Observation {
        must {
            /// Its id.
            uuid: String,
            /// Words about it.
            description: String,
            /// `EXAMINE`, `INTERVIEW`, `TEST`, `UNKNOWN`.
            methods: Vec<String>,
            /// When.
            collected: String,
        }
        may {
            /// Its title.
            title: String,
            /// Until when it counts.
            expires: String,
            /// Remarks.
            remarks: String,
        }
        many {
            /// Properties.
            props: Property,
            /// What it is.
            types: String,
            /// In what.
            subjects: Subject,
            /// What shows it.
            relevant_evidence: Evidence,
        }
    }
    /// `relevant-evidence`.
    Evidence {
        must {
            /// Words about it.
            description: String,
        }
        may {
            /// Where it is.
            href: String,
        }
        many {
            /// Properties.
            props: Property,
        }
    }
    /// `risk`.
    Risk {
        must {
            /// Its id.
            uuid: String,
            /// Its title.
            title: String,
            /// Words about it.
            description: String,
            /// What might happen.
            statement: String,
            /// `open`, `investigating`, `remediating`, `deviation-requested`, `deviation-approved`, `closed`.
            status: String,
        }
        may {
            /// Until when it has to be dealt with.
            deadline: String,
            /// What was done about it.
            risk_log: RiskLog,
        }
        many {
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
            /// How large it is, by whose measure.
            characterizations: Characterization,
            /// What lowers it already.
            mitigating_factors: MitigatingFactor,
            /// What is to be done.
            remediations: Remediation,
            /// What it follows from.
            related_observations: RelatedObservation,
        }
    }
    /// `characterization`.
    Characterization {
        must {
            /// Who says so.
            origin: Origin,
            /// The measures.
            facets: Vec<Facet>,
        }
    }
    /// `origin`.
    Origin {
        must {
            /// Who or what.
            actors: Vec<Actor>,
        }
    }
    /// `actor`.
    Actor {
        must {
            /// `tool`, `assessment-platform` or `party`.
            r#type: String,
            /// Which.
            actor_uuid: String,
        }
    }
    /// `facet`: one measure.
    Facet {
        must {
            /// Its name.
            name: String,
            /// Whose measure it is.
            system: String,
            /// What it comes to.
            value: String,
        }
        many {
            /// Properties.
            props: Property,
        }
    }
    /// `mitigating-factor`.
    MitigatingFactor {
        must {
            /// Its id.
            uuid: String,
            /// Words about it.
            description: String,
        }
    }
    /// `remediation`, `response` in later words.
    Remediation {
        must {
            /// Its id.
            uuid: String,
            /// `recommendation`, `planned` or `completed`.
            lifecycle: String,
            /// Its title.
            title: String,
            /// Words about it.
            description: String,
        }
        many {
            /// Properties.
            props: Property,
            /// What is done when.
            tasks: Task,
        }
    }
    /// `risk-log`.
    RiskLog {
        must {
            /// What was done.
            entries: Vec<RiskLogEntry>,
        }
    }
    /// `entry` of a risk's log.
    RiskLogEntry {
        must {
            /// Its id.
            uuid: String,
            /// When.
            start: String,
        }
        may {
            /// Its title.
            title: String,
            /// Words about it.
            description: String,
            /// The status from then on.
            status_change: String,
        }
    }
    /// `related-observation`.
    RelatedObservation {
        must {
            /// Which.
            observation_uuid: String,
        }
    }
    /// `related-risk`, `associated-risk` in older words.
    RelatedRisk {
        must {
            /// Which.
            risk_uuid: String,
        }
    }
    /// `related-finding`.
    RelatedFinding {
        must {
            /// Which.
            finding_uuid: String,
        }
    }
    /// `finding`: whether a control is met.
    Finding {
        must {
            /// Its id.
            uuid: String,
            /// Its title.
            title: String,
            /// Words about it.
            description: String,
            /// What was judged.
            target: FindingTarget,
        }
        may {
            /// The statement of the plan that was judged.
            implementation_statement_uuid: String,
        }
        many {
            /// Properties.
            props: Property,
            /// What it follows from.
            related_observations: RelatedObservation,
            /// What follows from it.
            related_risks: RelatedRisk,
        }
    }
    /// `target` of a finding.
    FindingTarget {
        must {
            /// `statement-id` or `objective-id`.
            r#type: String,
            /// Which.
            target_id: String,
            /// `satisfied` or `not-satisfied`.
            status: State,
        }
        may {
            /// Its title.
            title: String,
            /// Words about it.
            description: String,
        }
    }
    /// What is done about what was found.
    PlanOfActionAndMilestones {
        must {
            /// Its id.
            uuid: String,
            /// About the document.
            metadata: Metadata,
            /// What has to be dealt with.
            poam_items: Vec<PoamItem>,
        }
        may {
            /// The plan of the system.
            import_ssp: Imported,
            /// The system, where there is no plan.
            system_id: SystemId,
            /// What others refer to.
            back_matter: BackMatter,
        }
        many {
            /// What was seen.
            observations: Observation,
            /// What follows from it.
            risks: Risk,
            /// Whether controls are met.
            findings: Finding,
        }
    }
    /// `poam-item`.
    PoamItem {
        must {
            /// Its title.
            title: String,
            /// Words about it.
            description: String,
        }
        may {
            /// Its id.
            uuid: String,
            /// Remarks.
            remarks: String,
        }
        many {
            /// Properties.
            props: Property,
            /// Links.
            links: Link,
            /// What it follows from.
            related_findings: RelatedFinding,
            /// What it follows from.
            related_observations: RelatedObservation,
            /// What it deals with.
            related_risks: RelatedRisk,
        }
    }
    /// Which controls of one catalog correspond to which of another.
    MappingCollection {
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
    }
}
