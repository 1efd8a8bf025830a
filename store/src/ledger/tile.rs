//! Tiles of the tree, after C2SP `tlog-tiles`. Absent: bundles of entries, which come with the public view.

/// Hashes of a whole tile.
pub const TILE_HASHES: usize = 256;

/// The path of a tile: `tile/<level>/<number>`, with `.p/<width>` behind it when it is not whole.
pub fn tile_path(level: usize, number: u64, width: usize) -> String {
    // The number in groups of three digits, all but the last with an `x` in front.
    let mut place = format!("{:03}", number % 1_000);
    let mut rest = number / 1_000;
    while rest > 0 {
        place = format!("x{:03}/{place}", rest % 1_000);
        rest /= 1_000;
    }
    let part = if width < TILE_HASHES { format!(".p/{width}") } else { String::new() };
    format!("tile/{level}/{place}{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(tile_path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(tile_path(1, 0, 8), "tile/1/000.p/8");
        assert_eq!(tile_path(0, 273, 112), "tile/0/273.p/112");
        assert_eq!(tile_path(0, 1_000, 256), "tile/0/x001/000");
    }
}
