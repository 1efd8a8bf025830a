//! Every limit of Watchbell, by name. A queue, batch, body, cache or retry without a line here is a defect.
//!
//! One file for each area; every name is `limits::NAME`, whatever the area.

mod behaviour_edges;
mod detect;
mod feeds;
mod intel;
mod lake;
mod office;
mod probes;
mod risk;
mod scenario;
mod series;
mod sharing;
mod sources;

pub use behaviour_edges::*;
pub use detect::*;
pub use feeds::*;
pub use intel::*;
pub use lake::*;
pub use office::*;
pub use probes::*;
pub use risk::*;
pub use scenario::*;
pub use series::*;
pub use sharing::*;
pub use sources::*;
