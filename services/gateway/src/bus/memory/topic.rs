//! One topic: its entries, and where each subscription stands.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use crate::bus::{Delivery, DeliveryId, Outgoing, Start, Topic};

/// The one ledger of a process.
pub(super) const LEDGER: u64 = 0;
/// Topics in memory have no partitions.
pub(super) const PARTITION: i32 = -1;

/// The entries of one topic and its subscriptions.
#[derive(Debug)]
pub(super) struct Log {
    topic: Topic,
    entries: VecDeque<Entry>,
    /// Number of the first entry that is still held.
    first: u64,
    held_bytes: usize,
    held_bytes_max: usize,
    subscriptions: BTreeMap<String, Place>,
}

#[derive(Debug)]
struct Entry {
    members: Arc<[Outgoing]>,
    size: usize,
    published_unix_ms: u64,
    ready_at: Option<Instant>,
}

/// Where a subscription stands.
#[derive(Debug)]
struct Place {
    durable: bool,
    /// The first entry that was never looked at.
    next: u64,
    /// Looked at, to be delivered again or when their time comes.
    waiting: BTreeSet<u64>,
    /// Delivered and not acknowledged, with the consumer that has them.
    pending: BTreeMap<u64, u64>,
    /// How often an entry that is not acknowledged was delivered before.
    redelivered: BTreeMap<u64, u32>,
}

/// What there was to take.
#[derive(Debug)]
pub(super) enum Taken {
    Entry(Vec<Delivery>),
    NothingBefore(Instant),
    Nothing,
}

impl Log {
    pub(super) fn new(topic: Topic, held_bytes_max: usize) -> Self {
        let (entries, subscriptions) = (VecDeque::new(), BTreeMap::new());
        Self { topic, entries, first: 0, held_bytes: 0, held_bytes_max, subscriptions }
    }

    /// Stores one entry and returns its number, or nothing when there is no room.
    pub(super) fn append(
        &mut self,
        members: Vec<Outgoing>,
        ready_at: Option<Instant>,
        published_unix_ms: u64,
    ) -> Option<u64> {
        let size = members.iter().map(Outgoing::size).sum::<usize>() + size_of::<Entry>();
        let droppable = !self.subscriptions.values().any(|place| place.durable);
        while self.held_bytes + size > self.held_bytes_max {
            if !droppable || self.entries.is_empty() {
                return None;
            }
            self.drop_first();
        }
        self.held_bytes += size;
        self.entries.push_back(Entry { members: members.into(), size, published_unix_ms, ready_at });
        Some(self.end() - 1)
    }

    pub(super) fn subscribe(&mut self, name: &str, durable: bool, start: Start) {
        let next = match start {
            Start::Earliest => self.first,
            Start::Latest => self.end(),
        };
        self.subscriptions.entry(name.to_owned()).or_insert_with(|| Place::at(next, durable));
    }

    /// Takes the next entry that `consumer` may have.
    pub(super) fn take(&mut self, subscription: &str, consumer: u64, now: Instant) -> Taken {
        let end = self.end();
        let Some(place) = self.subscriptions.get_mut(subscription) else { return Taken::Nothing };
        place.waiting.extend(place.next.max(self.first)..end);
        place.next = end;
        let ready_at = |number: u64| self.entries.get((number - self.first) as usize).and_then(|entry| entry.ready_at);
        let Some(number) = place.waiting.iter().copied().find(|number| ready_at(*number).is_none_or(|at| at <= now))
        else {
            let earliest = place.waiting.iter().filter_map(|number| ready_at(*number)).min();
            return earliest.map_or(Taken::Nothing, Taken::NothingBefore);
        };
        place.waiting.remove(&number);
        place.pending.insert(number, consumer);
        let redelivered = place.redelivered.get(&number).copied().unwrap_or(0);
        Taken::Entry(self.deliveries(number, redelivered))
    }

    pub(super) fn acknowledge(&mut self, subscription: &str, number: u64) {
        if let Some(place) = self.subscriptions.get_mut(subscription) {
            place.pending.remove(&number);
            // Acknowledged while it waited for another consumer, after its own was cut off.
            place.waiting.remove(&number);
            place.redelivered.remove(&number);
        }
        self.drop_acknowledged();
    }

    /// Hands everything pending out again.
    pub(super) fn redeliver(&mut self) {
        self.subscriptions.values_mut().for_each(|place| place.give_back(|_| true));
    }

    /// Ends a consumer: what it had goes to the others.
    pub(super) fn leave(&mut self, subscription: &str, consumer: u64) {
        let Some(place) = self.subscriptions.get_mut(subscription) else { return };
        place.give_back(|owner| owner == consumer);
        if !place.durable {
            self.subscriptions.remove(subscription);
            self.drop_acknowledged();
        }
    }

    /// The oldest `limit` messages.
    pub(super) fn browse(&self, limit: usize) -> Vec<Delivery> {
        (self.first..self.end()).flat_map(|number| self.deliveries(number, 0)).take(limit).collect()
    }

    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Forgets what every durable subscription has acknowledged; without one, everything is kept while there is room.
    fn drop_acknowledged(&mut self) {
        let durable = self.subscriptions.values().filter(|place| place.durable);
        let Some(keep_from) = durable.map(Place::first_unacknowledged).min() else { return };
        while self.first < keep_from && !self.entries.is_empty() {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        let Some(entry) = self.entries.pop_front() else { return };
        self.held_bytes -= entry.size;
        for place in self.subscriptions.values_mut() {
            place.forget(self.first);
        }
        self.first += 1;
    }

    fn deliveries(&self, number: u64, redelivered: u32) -> Vec<Delivery> {
        let Some(entry) = self.entries.get((number - self.first) as usize) else { return Vec::new() };
        let is_batch = entry.members.len() > 1;
        let delivery = |(index, member): (usize, &Outgoing)| Delivery {
            id: DeliveryId {
                topic: self.topic,
                ledger: LEDGER,
                entry: number,
                partition: PARTITION,
                batch_index: if is_batch { i32::try_from(index).unwrap_or(i32::MAX) } else { -1 },
                batch_size: u32::try_from(entry.members.len()).unwrap_or(u32::MAX),
            },
            key: member.key.clone(),
            properties: member.properties.clone(),
            payload: member.payload.clone(),
            published_unix_ms: entry.published_unix_ms,
            redelivered: Some(redelivered),
            chunk: None,
        };
        entry.members.iter().enumerate().map(delivery).collect()
    }
}

impl Place {
    fn at(next: u64, durable: bool) -> Self {
        let (waiting, pending, redelivered) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        Self { durable, next, waiting, pending, redelivered }
    }

    fn first_unacknowledged(&self) -> u64 {
        let waiting = self.waiting.first().copied();
        let pending = self.pending.keys().next().copied();
        [waiting, pending, Some(self.next)].into_iter().flatten().min().unwrap_or(self.next)
    }

    fn give_back(&mut self, wanted: impl Fn(u64) -> bool) {
        let given: Vec<u64> = self.pending.iter().filter(|(_, owner)| wanted(**owner)).map(|(id, _)| *id).collect();
        for number in given {
            self.pending.remove(&number);
            self.waiting.insert(number);
            *self.redelivered.entry(number).or_insert(0) += 1;
        }
    }

    fn forget(&mut self, number: u64) {
        self.waiting.remove(&number);
        self.pending.remove(&number);
        self.redelivered.remove(&number);
    }
}
