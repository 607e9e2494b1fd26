//! Stable sorting in little code.
//!
//! The sort of Rust's library is compiled anew for each type, 4 KB of WebAssembly a time. Here places are sorted, by one copy of it,
//! and what is at these then moves. It is for the short lists of manifests and boards.

use std::cmp::Ordering;

/// As [`slice::sort_by`].
pub fn sort_by<T>(items: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    let mut order = order(items.len(), &mut |a, b| compare(&items[a], &items[b]));
    for start in 0..order.len() {
        // Items change places along their circle, until the first one's place comes up again.
        let mut place = start;
        while order[place] != start {
            let from = order[place];
            items.swap(place, from);
            order[place] = place;
            place = from;
        }
        order[place] = place;
    }
}

/// As [`slice::sort_by_key`].
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// For each place the place that its item comes from.
fn order(length: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    order.sort_by(|a, b| compare(*a, *b));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lists of up to six items with keys 0 to 3: each order, each set of equals.
    #[test]
    fn it_sorts_as_the_library_does() {
        for length in 0..=6 {
            for number in 0..4_usize.pow(length) {
                let keys = (0..length).map(|digit| number / 4_usize.pow(digit) % 4);
                let mut items: Vec<(usize, usize)> = keys.enumerate().map(|(place, key)| (key, place)).collect();
                let mut wanted = items.clone();
                wanted.sort_by_key(|(key, _)| *key);
                sort_by_key(&mut items, |(key, _)| *key);
                assert_eq!(items, wanted);
            }
        }
    }
}
