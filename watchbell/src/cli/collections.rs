//! Commands about collections of shared objects.

use clap::{Args, Subcommand, ValueEnum};

use super::WhoseArgs;

#[derive(Debug, Args)]
pub(crate) struct CollectionArgs {
    #[command(subcommand)]
    pub(crate) command: CollectionCommand,
}

/// What may be done with a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Right {
    /// Read its objects.
    Read,
    /// Bring objects.
    Write,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CollectionCommand {
    /// Make an API root: a group of collections with an address of its own, /taxii2/NAME/.
    Root {
        /// Its part of the address: small letters, digits, - and _.
        name: String,
        /// What people call it.
        #[arg(long)]
        title: String,
        /// What it is for.
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Make a collection and print its id.
    Add {
        /// The API root that it is in.
        root: String,
        /// What people call it.
        #[arg(long)]
        title: String,
        /// What it is for.
        #[arg(long)]
        description: Option<String>,
        /// Another name for it in addresses.
        #[arg(long)]
        alias: Option<String>,
        /// What every program with a token for sharing may do; without it, nobody sees it who was not allowed to.
        #[arg(long, value_name = "RIGHT", value_delimiter = ',')]
        everybody: Vec<Right>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// List API roots and their collections.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a collection.
        #[arg(long)]
        json: bool,
    },
    /// Say what the program with a token may do with a collection; nothing, when no right is named.
    Allow {
        /// The API root.
        root: String,
        /// The collection's id.
        id: String,
        /// The token's name.
        token: String,
        /// What it may do.
        #[arg(long, value_name = "RIGHT", value_delimiter = ',', conflicts_with = "as_everybody")]
        rights: Vec<Right>,
        /// What everybody may, and nothing of its own.
        #[arg(long)]
        as_everybody: bool,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}

impl CollectionCommand {
    pub(crate) fn whose(&self) -> &WhoseArgs {
        match self {
            CollectionCommand::Root { whose, .. }
            | CollectionCommand::Add { whose, .. }
            | CollectionCommand::List { whose, .. }
            | CollectionCommand::Allow { whose, .. } => whose,
        }
    }
}
