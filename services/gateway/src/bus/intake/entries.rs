//! Which member of which entry is in hand, which is settled, and when the entry may be acknowledged.
//!
//! Acknowledging one member of a batch acknowledges the whole entry on the broker, so members are counted here.

use std::collections::BTreeMap;

use crate::bus::{DeliveryId, Topic};

/// Entries of which some members are settled, none is in hand and some are missing. They arise when the broker gives
/// the rest to another subscriber; the oldest are forgotten beyond this, and their messages may then come again.
const IDLE_ENTRIES_MAX: usize = 1_024;

/// An entry of the broker's ledger: a message, or a batch of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryId {
    pub(crate) topic: Topic,
    pub(crate) partition: i32,
    pub(crate) ledger: u64,
    pub(crate) entry: u64,
}

impl From<&DeliveryId> for EntryId {
    fn from(id: &DeliveryId) -> Self {
        Self { topic: id.topic, partition: id.partition, ledger: id.ledger, entry: id.entry }
    }
}

/// Every entry that has a member in hand, or some but not all members settled.
#[derive(Debug, Default)]
pub(super) struct Entries {
    entries: BTreeMap<EntryId, Entry>,
    in_hand: usize,
}

#[derive(Debug)]
struct Entry {
    size: usize,
    in_hand: usize,
    members: BTreeMap<i32, Member>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    InHand,
    Settled,
}

/// What settling a delivery brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    /// The delivery was in hand and is no more.
    pub(super) freed: bool,
    /// The entry all of whose members are now settled.
    pub(super) complete: Option<EntryId>,
}

impl Entries {
    /// Whether `id` is unknown, so that it may be handed out.
    pub(super) fn is_new(&self, id: &DeliveryId) -> bool {
        self.entries.get(&id.into()).is_none_or(|entry| !entry.members.contains_key(&id.batch_index))
    }

    /// Notes that `id` is handed out.
    pub(super) fn hand_out(&mut self, id: &DeliveryId) {
        let size = id.batch_size.max(1) as usize;
        let new = || Entry { size, in_hand: 0, members: BTreeMap::new() };
        let entry = self.entries.entry(id.into()).or_insert_with(new);
        if entry.members.insert(id.batch_index, Member::InHand).is_none() {
            entry.in_hand += 1;
            self.in_hand += 1;
        }
    }

    /// Notes that `id` is settled.
    pub(super) fn settle(&mut self, id: &DeliveryId) -> Settled {
        let key = id.into();
        let nothing = Settled { freed: false, complete: None };
        let Some(entry) = self.entries.get_mut(&key) else { return nothing };
        match entry.members.get_mut(&id.batch_index) {
            Some(member @ Member::InHand) => *member = Member::Settled,
            Some(Member::Settled) | None => return nothing,
        }
        entry.in_hand -= 1;
        self.in_hand -= 1;
        if entry.in_hand > 0 || entry.members.len() < entry.size {
            self.forget_idle();
            return Settled { freed: true, complete: None };
        }
        self.entries.remove(&key);
        Settled { freed: true, complete: Some(key) }
    }

    /// Members in hand, over all entries.
    pub(super) fn in_hand(&self) -> usize {
        self.in_hand
    }

    fn forget_idle(&mut self) {
        // Entries in hand are bounded by the window, so the whole map can only outgrow both bounds by idle ones.
        if self.entries.len() <= IDLE_ENTRIES_MAX + self.in_hand {
            return;
        }
        let oldest = self.entries.iter().find(|(_, entry)| entry.in_hand == 0).map(|(id, _)| *id);
        if let Some(oldest) = oldest {
            self.entries.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(entry: u64, batch_index: i32, batch_size: u32) -> DeliveryId {
        DeliveryId { topic: Topic::Specs, ledger: 1, entry, partition: -1, batch_index, batch_size }
    }

    #[test]
    fn a_single_message_completes_its_entry() {
        let mut entries = Entries::default();
        entries.hand_out(&id(7, -1, 1));
        let settled = entries.settle(&id(7, -1, 1));
        assert_eq!(settled, Settled { freed: true, complete: Some(EntryId::from(&id(7, -1, 1))) });
        assert_eq!(entries.entries.len(), 0);
    }

    #[test]
    fn a_batch_completes_with_its_last_member_even_when_members_come_one_at_a_time() {
        let mut entries = Entries::default();
        for index in 0..3 {
            entries.hand_out(&id(7, index, 3));
            let complete = entries.settle(&id(7, index, 3)).complete;
            assert_eq!(complete.is_some(), index == 2, "member {index}");
        }
    }

    #[test]
    fn a_member_in_hand_or_settled_is_not_new_when_the_entry_is_redelivered() {
        let mut entries = Entries::default();
        entries.hand_out(&id(7, 0, 3));
        entries.hand_out(&id(7, 1, 3));
        entries.settle(&id(7, 0, 3));
        let new: Vec<_> = (0..3).map(|index| entries.is_new(&id(7, index, 3))).collect();
        assert_eq!(new, [false, false, true]);
    }

    #[test]
    fn settling_twice_frees_the_window_once() {
        let mut entries = Entries::default();
        entries.hand_out(&id(7, 0, 2));
        assert!(entries.settle(&id(7, 0, 2)).freed);
        assert!(!entries.settle(&id(7, 0, 2)).freed);
        assert!(!entries.settle(&id(8, 0, 2)).freed, "never handed out");
    }

    #[test]
    fn half_settled_batches_that_went_elsewhere_are_bounded() {
        let mut entries = Entries::default();
        for entry in 0..3 * IDLE_ENTRIES_MAX as u64 {
            entries.hand_out(&id(entry, 0, 2));
            entries.settle(&id(entry, 0, 2));
        }
        assert!(entries.entries.len() <= IDLE_ENTRIES_MAX + 1, "{}", entries.entries.len());
        assert!(entries.is_new(&id(0, 0, 2)), "the oldest went first");
    }

    proptest! {
        #[test]
        fn in_whatever_order_members_settle_the_entry_completes_exactly_once(
            order in (1usize..40).prop_flat_map(|size| Just((0..size as i32).collect::<Vec<_>>()).prop_shuffle()),
        ) {
            let size = order.len() as u32;
            let mut entries = Entries::default();
            order.iter().for_each(|index| entries.hand_out(&id(1, *index, size)));
            let complete: Vec<_> = order.iter().map(|index| entries.settle(&id(1, *index, size)).complete).collect();
            prop_assert_eq!(complete.iter().flatten().count(), 1);
            prop_assert!(complete[complete.len() - 1].is_some());
            prop_assert_eq!(entries.in_hand(), 0);
        }
    }
}
