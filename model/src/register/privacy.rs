//! What personal data is about.

use super::words::words;

words! {
    /// A category of personal data. What it is for law is said by [`DataCategory::is_special`]; how much it weighs when it becomes known is
    /// for whoever reckons harm.
    DataCategory, "category of personal data" {
        /// Names, dates of birth, numbers of registers and papers.
        Identity = "identity",
        /// Addresses, telephone, e-mail.
        Contact = "contact",
        /// Accounts, income, taxes, debts.
        Financial = "financial",
        /// Benefits, housing, guardianship.
        Welfare = "welfare",
        /// Health and care.
        Health = "health",
        /// Genes.
        Genetic = "genetic",
        /// Fingerprints, faces, voices.
        Biometric = "biometric",
        /// About children.
        Children = "children",
        /// Schools and training.
        Education = "education",
        /// Employment, of staff and others.
        Employment = "employment",
        /// Origin, as law calls it racial or ethnic.
        Origin = "origin",
        /// Religion and belief.
        Belief = "belief",
        /// Political opinion, votes, petitions.
        Political = "political",
        /// Trade unions.
        Union = "union",
        /// Sexual life and orientation.
        Sexual = "sexual",
        /// Offences, convictions, police matters.
        Criminal = "criminal",
        /// Where people are and were.
        Location = "location",
        /// Pictures and sound from public places.
        Surveillance = "surveillance",
        /// Messages and their circumstances.
        Communication = "communication",
        /// Passwords, keys, second factors.
        Credentials = "credentials",
        /// How a service was used.
        Usage = "usage",
        /// Vehicles, land, dogs, and what else people register.
        Property = "property",
    }
}

impl DataCategory {
    /// Protected beyond the rest: articles 9 and 10 of the General Data Protection Regulation.
    pub const fn is_special(self) -> bool {
        matches!(
            self,
            DataCategory::Health
                | DataCategory::Genetic
                | DataCategory::Biometric
                | DataCategory::Origin
                | DataCategory::Belief
                | DataCategory::Political
                | DataCategory::Union
                | DataCategory::Sexual
                | DataCategory::Criminal
        )
    }
}
