//! The names of what the bus counts.

use metrics::{counter, describe_counter};

use super::Topic;

const OFFERS_DROPPED: &str = "reweave_gateway_bus_offers_dropped_total";
const SUBSCRIPTIONS_REBUILT: &str = "reweave_gateway_bus_subscriptions_rebuilt_total";
const MESSAGES_UNREADABLE: &str = "reweave_gateway_bus_messages_unreadable_total";

/// Describes every metric of the bus to the recorder.
pub fn describe() {
    describe_counter!(OFFERS_DROPPED, "Progress messages dropped because too many were in flight, by topic");
    describe_counter!(SUBSCRIPTIONS_REBUILT, "Times a partition's lost subscription was opened again, by topic");
    describe_counter!(MESSAGES_UNREADABLE, "Deliveries whose compression or batch format is broken, by topic");
}

pub(super) fn count_dropped_offer(topic: Topic) {
    counter!(OFFERS_DROPPED, "topic" => topic.as_str()).increment(1);
}

pub(super) fn count_rebuilt_subscription(topic: Topic) {
    counter!(SUBSCRIPTIONS_REBUILT, "topic" => topic.as_str()).increment(1);
}

pub(super) fn count_unreadable_message(topic: Topic) {
    counter!(MESSAGES_UNREADABLE, "topic" => topic.as_str()).increment(1);
}
