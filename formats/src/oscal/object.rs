//! How objects of OSCAL are declared: what each must have, may have, and may have several of. The names in JSON are those of the fields
//! with hyphens.

macro_rules! objects {
    ($(
        $(#[$doc:meta])*
        $name:ident {
            $(must { $($(#[$must_doc:meta])* $must:ident: $must_type:ty,)* })?
            $(may { $($(#[$may_doc:meta])* $may:ident: $may_type:ty,)* })?
            $(many { $($(#[$many_doc:meta])* $many:ident: $many_type:ty,)* })?
        }
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub struct $name {
            $($($(#[$must_doc])* pub $must: $must_type,)*)?
            $($($(#[$may_doc])* #[serde(default, skip_serializing_if = "Option::is_none")] pub $may: Option<$may_type>,)*)?
            $($($(#[$many_doc])* #[serde(default, skip_serializing_if = "super::List::is_absent")] pub $many: super::List<$many_type>,)*)?
            /// Whatever else stands there.
            #[serde(flatten)]
            pub rest: super::Rest,
        }
    )+};
}

pub(super) use objects;
