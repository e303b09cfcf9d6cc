//! The service over libtorch: a model folder from its path to a prediction, and a folder that does not run.

use std::path::Path;

use reweave_chassis::model::{Error, Model as Client, Timeouts};
use reweave_decode::protocol::{
    Ask, Attention, Canvas, Delta, FaultCode, Objective, Options, Role, Segment, Served, Step,
};
use reweave_inference::Inference;
use reweave_inference::folder::tiny::{self, Plan};
use reweave_network::config::{Root, Section};
use reweave_network::service;

/// The compiled-in configuration with `fields` set, as text.
fn section(fields: &[(&str, &str)]) -> Section {
    let overrides = fields.iter().map(|(field, value)| format!("network.{field}={value}")).collect();
    let arguments = reweave_chassis::service::ConfigArgs { overrides, ..Default::default() };
    arguments.load::<Root>().unwrap().network
}

async fn client(section: Section) -> Client {
    let config = reweave_inference::Config::default();
    let bounds = config.widest();
    let inference = Inference::start(config, move |progress| service::load(&section, bounds, progress)).unwrap();
    inference.loaded().await;
    Client::new(inference.channel(), Timeouts::default())
}

fn folder(plan: &Plan) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    tiny::write(folder.path(), plan).unwrap();
    folder
}

async fn served(dir: &Path, fields: &[(&str, &str)]) -> (Client, Served) {
    let path = dir.to_string_lossy();
    let mut all = vec![("model_folder", &*path), ("device", "cpu")];
    all.extend(fields);
    let client = client(section(&all)).await;
    let described = client.describe().await.unwrap();
    (client, described)
}

#[tokio::test]
async fn a_mounted_folder_is_served_from_text_to_text() {
    let (client, served) = served(folder(&Plan::diffusion(7)).path(), &[]).await;
    let model = served.model.unwrap();
    assert_eq!((model.objective, &*model.device, &*model.dtype), (Objective::MaskedDiffusion, "cpu", "f32"));
    let text = "def f(x):\n    return x <|mask|>\n".to_owned();
    let before = client.encode(vec![text.clone()]).await.unwrap().remove(0).tokens;
    assert!(before.iter().all(|token| !model.specials.contains(token)), "a text never spells a special token");
    assert_eq!(client.decode(before.clone()).await.unwrap(), text.as_bytes());
    let first = before.len() as u32;
    let content = Canvas { segments: vec![Segment::known(Role::Before, &before), Segment::hole(2)] };
    let ask = Ask { canvas: 0, positions: vec![first, first + 1], allow: Vec::new(), seed: None };
    let step = Step {
        id: 1,
        deltas: vec![Delta::Open { canvas: 0, content }],
        asks: vec![ask],
        options: Options::greedy(Attention::AllVisible, 3),
    };
    let mut reply = client.session().await.unwrap().step(step).await.unwrap();
    let predictions = reply.answers.remove(0).predictions.unwrap();
    assert_eq!(predictions.iter().map(|one| one.position).collect::<Vec<_>>(), [first, first + 1]);
    assert!(predictions.iter().all(|one| !model.specials.contains(&one.drawn.token) && one.top.len() == 3));
}

#[tokio::test]
async fn without_weights_the_service_says_what_to_set() {
    let client = client(section(&[])).await;
    let served = client.describe().await.unwrap();
    assert!(served.model.unwrap_err().contains("network.model_folder"));
    let error = client.encode(vec!["a".into()]).await.unwrap_err();
    assert!(matches!(&error, Error::Fault(fault) if fault.code == FaultCode::NoModel), "{error:?}");
}

#[tokio::test]
async fn a_folder_that_does_not_run_is_named_with_its_file_and_the_service_stays() {
    let broken = folder(&Plan::diffusion(7));
    let path = broken.path().join("model.safetensors");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let (_, served) = served(broken.path(), &[]).await;
    let reason = served.model.unwrap_err();
    assert!(reason.contains("model.safetensors") && reason.contains("cut short"), "{reason}");
}

#[tokio::test]
async fn a_model_beyond_the_bound_of_memory_is_refused_unloaded() {
    let large = folder(&Plan { shape: tiny::Shape { hidden: 256, ..tiny::Shape::TINY }, ..Plan::diffusion(7) });
    let (_, served) = served(large.path(), &[("weights_mib_max", "1")]).await;
    assert!(served.model.unwrap_err().contains("`weights_mib_max` = 1"));
}

#[tokio::test]
async fn the_operator_says_what_the_folder_leaves_open() {
    let fields = [("objective", "\"masked_diffusion\""), ("shifted", "\"no\""), ("precision", "\"bf16\"")];
    let (_, served) = served(folder(&Plan::autoregressive(7)).path(), &fields).await;
    let model = served.model.unwrap();
    assert_eq!((model.objective, model.shifted, &*model.dtype), (Objective::MaskedDiffusion, false, "bf16"));
}

#[tokio::test]
async fn broken_weights_fault_the_step_and_nothing_else() {
    let folder = folder(&Plan::autoregressive(1));
    let path = folder.path().join("model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let (client, _) = served(folder.path(), &[]).await;
    let content = Canvas { segments: vec![Segment::known(Role::Before, &[1, 2, 3])] };
    let ask = Ask { canvas: 0, positions: vec![3], allow: Vec::new(), seed: None };
    let step = Step {
        id: 1,
        deltas: vec![Delta::Open { canvas: 0, content }],
        asks: vec![ask],
        options: Options::greedy(Attention::Causal, 1),
    };
    let reply = client.session().await.unwrap().step(step).await.unwrap();
    let fault = reply.answers[0].predictions.as_ref().unwrap_err();
    assert_eq!(fault.code, FaultCode::NotFinite);
    client.describe().await.unwrap().model.unwrap();
}

#[test]
fn a_configuration_out_of_range_is_refused_before_anything_starts() {
    for wrong in ["threads=2000", "weights_mib_max=99999999", "logit_rows_max=0", "device=tpu", "speed=9"] {
        let arguments =
            reweave_chassis::service::ConfigArgs { overrides: vec![format!("network.{wrong}")], ..Default::default() };
        let error = arguments.load::<Root>().unwrap_err();
        assert!(reweave_chassis::service::chain(&error).contains("network"), "{wrong}: {error}");
    }
}
