//! A progress bar on stderr, when somebody is looking.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over bytes, drawn only on a terminal.
pub(crate) fn bytes(total: u64, quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new(total);
    bar.set_draw_target(target(quiet));
    let style = ProgressStyle::with_template("{msg:24} {bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// A bar over records, drawn only on a terminal.
pub(crate) fn records(total: u64, quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new(total);
    bar.set_draw_target(target(quiet));
    let style = ProgressStyle::with_template("{msg:32} {bar:32} {human_pos}/{human_len} {per_sec} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// A line with something that turns, for work of unknown length.
pub(crate) fn spinner(quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_draw_target(target(quiet));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn target(quiet: bool) -> ProgressDrawTarget {
    if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() }
}
