//! Messages that no client of ours would send.

use reweave_decode::scripted::Scripted;
use reweave_inference::{Config, Loaded};
use reweave_proto::wire::inference::{
    Canvas, Delta, Options, Segment, StepRequest, StepResponse, delta::Change,
    inference_service_client::InferenceServiceClient,
};

use super::pod::serving;

/// Sends all of `requests` and takes as many responses.
async fn exchange(requests: Vec<StepRequest>) -> Vec<StepResponse> {
    let (inference, _) = serving(Config::default(), Loaded::scripted(Scripted::new(1))).await;
    let count = requests.len();
    let mut client = InferenceServiceClient::new(inference.channel());
    let mut responses = client.session(tokio_stream::iter(requests)).await.unwrap().into_inner();
    let mut received = Vec::new();
    while let Some(response) = responses.message().await.unwrap() {
        received.push(response);
    }
    assert_eq!(received.len(), count, "every step has one response");
    received
}

fn opening(id: u64, segment: Segment) -> StepRequest {
    let open = Change::Open(Canvas { segments: vec![segment] });
    StepRequest { id, deltas: vec![Delta { canvas: 0, change: Some(open) }], ..Default::default() }
}

#[tokio::test]
async fn a_message_that_says_nothing_known_is_a_fault_and_the_session_goes_on() {
    let segment = |role: &str, masked: u32| Segment { role: role.into(), tokens: vec![65, 66], masked: vec![masked] };
    let sideways = Options { attention: "sideways".into(), ..Default::default() };
    let responses = exchange(vec![
        opening(1, segment("hall", 0)),
        opening(2, segment("hole", 9)),
        StepRequest { id: 3, deltas: vec![Delta::default()], ..Default::default() },
        StepRequest { id: 4, options: Some(sideways), ..Default::default() },
        opening(5, segment("hole", 0)),
    ])
    .await;
    let faults = responses.iter().map(|response| match &response.fault {
        Some(fault) => format!("{} {}: {}\n", response.id, fault.code, fault.message),
        None => format!("{} taken\n", response.id),
    });
    expect_test::expect![[r#"
        1 parameter: deltas[0].open.segments[0].role: `hall` is not one of the known values
        2 parameter: deltas[0].open.segments[0].masked: 9 lies outside the segment
        3 parameter: deltas[0]: says no change
        4 parameter: options.attention: `sideways` is not one of the known values
        5 taken
    "#]]
    .assert_eq(&faults.collect::<String>());
}
