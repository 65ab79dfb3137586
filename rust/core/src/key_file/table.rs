//! The pairs of one file, indexed by session and by Access Key ID.

use std::fmt;

use crate::key_file::error::KeyFileProblem;
use crate::key_file::index::Index;
use crate::key_file::name::{AccessKeyId, MAX_PAIRS_PER_SESSION, SessionId};
use crate::key_file::record::KeyPair;

/// Key pairs in their file's order. A pair is identified by its place, from 0.
pub struct KeyTable {
    pairs: Vec<KeyPair>,
    by_access_key_id: Index<AccessKeyId>,
    by_session: Index<SessionId>,
}

impl KeyTable {
    pub(super) fn new(pairs: Vec<KeyPair>) -> Self {
        let by_access_key_id = Index::new(pairs.iter().map(|pair| pair.access_key_id));
        let by_session = Index::new(pairs.iter().map(|pair| pair.session));
        Self { pairs, by_access_key_id, by_session }
    }

    /// The first two pairs with the same Access Key ID, the earlier one first.
    pub(super) fn repeated(&self) -> Option<(usize, usize)> {
        let groups = self.by_access_key_id.groups();
        let repeated = groups.filter_map(|mut group| Some((group.next()?, group.next()?)));
        repeated.min_by_key(|(_, later)| *later)
    }

    /// The problem, if a session has more pairs than can exist.
    pub(super) fn crowded(&self) -> Option<KeyFileProblem> {
        let groups = self.by_session.groups().filter(|group| group.len() > MAX_PAIRS_PER_SESSION);
        let first = groups.filter_map(|mut group| Some((group.next()?, group.len() + 1))).min()?;
        let (index, count) = first;
        Some(KeyFileProblem::TooManyPairs { session: self.pairs[index].session, count })
    }

    /// All pairs.
    #[must_use]
    pub fn pairs(&self) -> &[KeyPair] {
        &self.pairs
    }

    /// The pair with an Access Key ID.
    #[must_use]
    pub fn find(&self, access_key_id: &[u8]) -> Option<usize> {
        self.by_access_key_id.find(AccessKeyId::new(access_key_id)?).next()
    }

    /// The pairs of a session, in the file's order.
    pub fn of_session(&self, session: &[u8]) -> impl Iterator<Item = usize> {
        let name = SessionId::new(session);
        name.into_iter().flat_map(|name| self.by_session.find(name))
    }

    /// The pairs whose secret key has a length that CME's keys do not have.
    pub fn unusual(&self) -> impl Iterator<Item = usize> {
        let pairs = self.pairs.iter().enumerate();
        pairs.filter(|(_, pair)| !pair.signing_key.has_usual_length()).map(|(index, _)| index)
    }

    /// The sessions that have pairs, in the order of their first pair.
    #[must_use]
    pub fn sessions(&self) -> Vec<&str> {
        let mut first: Vec<usize> = self.by_session.groups().filter_map(|mut g| g.next()).collect();
        first.sort_unstable();
        first.into_iter().map(|index| self.pairs[index].session.as_str()).collect()
    }

    /// The Access Key IDs of an older table that are not in this one.
    #[must_use]
    pub fn gone_since<'a>(&self, older: &'a Self) -> Vec<&'a str> {
        let names = older.pairs.iter().map(|pair| pair.access_key_id.as_str());
        names.filter(|name| self.find(name.as_bytes()).is_none()).collect()
    }

    /// Whether every pair of an older table is in this one, unaltered.
    #[must_use]
    pub fn keeps_all_of(&self, older: &Self) -> bool {
        older.pairs.iter().all(|old| {
            let index = self.find(old.access_key_id.as_str().as_bytes());
            index.is_some_and(|index| self.pairs[index].is_same(old))
        })
    }
}

impl fmt::Debug for KeyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyTable({} pairs)", self.pairs.len())
    }
}
