//! Workers' slots, given to the waiter of highest priority first; equal priorities in the order they came.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// A bounded number of slots. Waiters are bounded by who may call: one per message in flight.
#[derive(Clone, Debug)]
pub(crate) struct Slots(Arc<Mutex<State>>);

/// One slot; dropping it passes it on.
#[derive(Debug)]
pub(crate) struct Slot(Slots);

#[derive(Debug)]
struct State {
    free: u32,
    came: u64,
    waiting: BinaryHeap<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    order: (i32, Reverse<u64>),
    give: oneshot::Sender<Slot>,
}

impl Slots {
    pub(crate) fn new(count: u32) -> Self {
        Self(Arc::new(Mutex::new(State { free: count, came: 0, waiting: BinaryHeap::new() })))
    }

    /// Waits for a slot. Dropping the future gives the place up.
    pub(crate) async fn acquire(&self, priority: i32) -> Slot {
        let given = {
            let mut state = self.lock();
            if state.free > 0 {
                state.free -= 1;
                return Slot(self.clone());
            }
            let (give, given) = oneshot::channel();
            state.came += 1;
            let order = (priority, Reverse(state.came));
            state.waiting.push(Waiter { order, give });
            given
        };
        given.await.expect("a waiter is dropped only after it was given a slot")
    }

    /// Specs that wait for a slot.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting.iter().filter(|waiter| !waiter.give.is_closed()).count()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the slot to the first waiter that still waits, or back.
    fn pass_on(&self) {
        let next = {
            let mut state = self.lock();
            let next = std::iter::from_fn(|| state.waiting.pop()).find(|waiter| !waiter.give.is_closed());
            if next.is_none() {
                state.free += 1;
            }
            next
        };
        if let Some(waiter) = next {
            // A waiter that has just gone returns the slot, which is dropped here and passed on once more.
            drop(waiter.give.send(Slot(self.clone())));
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

impl PartialEq for Waiter {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Waiter {}

impl PartialOrd for Waiter {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiter {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order.cmp(&other.order)
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, future::BoxFuture};

    use super::*;

    fn waiter(slots: &Slots, priority: i32) -> BoxFuture<'static, Slot> {
        let slots = slots.clone();
        let mut waiting = async move { slots.acquire(priority).await }.boxed();
        assert!((&mut waiting).now_or_never().is_none(), "it waits");
        waiting
    }

    #[test]
    fn the_highest_priority_goes_first_and_equals_in_order() {
        let slots = Slots::new(1);
        let held = slots.acquire(0).now_or_never().unwrap();
        let mut waiting: Vec<_> = [(0, "late"), (5, "first"), (5, "second"), (-1, "last")]
            .map(|(priority, name)| (name, waiter(&slots, priority)))
            .into();
        assert_eq!(slots.waiting(), 4);
        let mut held = Some(held);
        let mut order = Vec::new();
        while !waiting.is_empty() {
            drop(held.take());
            let (at, slot) = waiting
                .iter_mut()
                .enumerate()
                .find_map(|(at, (_, waiter))| Some((at, waiter.now_or_never()?)))
                .expect("one was given the slot");
            order.push(waiting.remove(at).0);
            held = Some(slot);
        }
        assert_eq!(order, ["first", "second", "late", "last"]);
    }

    #[test]
    fn a_waiter_that_left_neither_keeps_nor_loses_a_slot() {
        let slots = Slots::new(1);
        let held = slots.acquire(0).now_or_never().unwrap();
        let gone = waiter(&slots, 9);
        let given_then_gone = waiter(&slots, 8);
        let mut stays = waiter(&slots, 0);
        drop(gone);
        drop(held);
        drop(given_then_gone);
        let slot = (&mut stays).now_or_never().expect("it was passed on");
        drop(slot);
        assert!(slots.acquire(0).now_or_never().is_some());
    }
}
