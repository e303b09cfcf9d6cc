//! User ids that nothing else on the machine has.

use std::fs;

use super::plan::Identity;

/// Ids that neither people, nor services, nor usual containers have; then what is left in a container with few ids.
const RANGES: [(u32, u32); 2] = [(0x3000_0000, 0x6fff_ffff), (60_100, 65_500)];

/// Whom the next workspace belongs to. Root without any other id keeps its own: it is somebody else's user outside.
pub(super) fn next() -> Identity {
    if !nix::unistd::geteuid().is_root() {
        return Identity::Own;
    }
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    usable(&map).map_or(Identity::Own, |(first, last)| Identity::Throwaway(rand::random_range(first..=last)))
}

/// The best range that is mapped.
fn usable(map: &str) -> Option<(u32, u32)> {
    let mapped: Vec<(u32, u32)> = map.lines().filter_map(mapped).collect();
    RANGES.iter().find_map(|(first, last)| {
        let overlaps = mapped.iter().map(|(start, end)| ((*first).max(*start), (*last).min(*end)));
        overlaps.filter(|(start, end)| start < end).max_by_key(|(start, end)| end - start)
    })
}

fn mapped(line: &str) -> Option<(u32, u32)> {
    let mut fields = line.split_ascii_whitespace().map(|field| field.parse::<u32>().ok());
    let (inside, _, count) = (fields.next()??, fields.next()??, fields.next()??);
    Some((inside, inside.saturating_add(count.checked_sub(1)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_machine_gives_ids_far_from_everyone() {
        assert_eq!(usable("         0          0 4294967295\n"), Some((0x3000_0000, 0x6fff_ffff)));
    }

    #[test]
    fn a_container_with_few_ids_gives_its_last_ones() {
        assert_eq!(usable("0 1000 1\n1 100000 65536\n"), Some((60_100, 65_500)));
    }

    #[test]
    fn a_container_with_one_id_gives_none() {
        assert_eq!(usable("0 1000 1\n"), None);
        assert_eq!(usable("what"), None);
    }
}
