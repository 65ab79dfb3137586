//! An index from names to the places of their pairs, sorted by name.
//!
//! Sorting is several times as fast as a hash map, and as safe against names that an attacker chose
//! to make it slow.

use crate::key_file::name::Name;

/// Names and their places in a list; a name may have several.
pub struct Index<T> {
    sorted: Vec<(T, u32)>,
}

impl<const N: usize> Index<Name<N>> {
    /// Takes the names in the list's order.
    pub fn new(names: impl Iterator<Item = Name<N>>) -> Self {
        let mut sorted: Vec<_> = names.zip(0..).collect();
        sorted.sort_unstable();
        Self { sorted }
    }

    /// The places of a name, in their order.
    pub fn find(&self, name: Name<N>) -> impl ExactSizeIterator<Item = usize> {
        let begin = self.sorted.partition_point(|(other, _)| *other < name);
        let rest = &self.sorted[begin..];
        let count = rest.iter().take_while(|(other, _)| *other == name).count();
        places(&rest[..count])
    }

    /// The places of each name, in their order.
    pub fn groups(&self) -> impl Iterator<Item = impl ExactSizeIterator<Item = usize>> {
        self.sorted.chunk_by(|(one, _), (next, _)| one == next).map(places)
    }
}

fn places<T>(sorted: &[(T, u32)]) -> impl ExactSizeIterator<Item = usize> {
    sorted.iter().map(|(_, place)| *place as usize)
}
