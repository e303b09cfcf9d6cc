//! Holes refilled by a model, through the real synthesis and inference services in this process.

use reweave_chassis::{client, config, service::Config};
use reweave_core::{Outcome, OutcomeEvent, Proposer, Refusal, RefusalCode, SpecId, Technique};
use reweave_decode::{protocol::Backend, scripted::Scripted};
use reweave_inference::{Inference, Loaded, Model, Tokenizer};
use reweave_proto::{
    document::{self, Door},
    wire::{
        spec,
        synthesis::{SynthesizeRequest, synthesis_service_client::SynthesisServiceClient, synthesize_response::Event},
    },
};
use reweave_synthesis::{Synthesis, config::Root};
use reweave_tests::sources;
use tonic::{service::Routes, transport::Channel};

const SHOP: &str = "def total(prices):\n    result = 0\n    for price in prices:\n        result = result - price\n    return result\n";

/// A synthesis service with a model behind it, and the progress it told.
struct Pod {
    channel: Channel,
    folder: tempfile::TempDir,
    _inference: Option<Inference>,
}

impl Pod {
    async fn with(model: Scripted) -> Self {
        let tokenizer = Tokenizer::longest_match(Scripted::vocabulary()).expect("every byte is a token");
        let loaded = Loaded { model: Ok(Model { backend: Box::new(model), tokenizer }), encoder: None };
        let inference = Inference::start(Default::default(), move |_| loaded).expect("a thread");
        inference.loaded().await;
        Self::over(Some(inference.channel()), Some(inference))
    }

    fn over(model: Option<Channel>, inference: Option<Inference>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let defaults = Root::DEFAULTS.to_vec();
        let root: Root = config::load(config::Layers { defaults, ..Default::default() }).expect("valid defaults");
        let mut settings = root.synthesis;
        settings.local_workspace = Some(folder.path().to_owned());
        // No spec here names a check; the compiler's parser is asked and found absent.
        let checks = client::lazy_channel("http://127.0.0.1:1", &settings.checks_client).expect("an address");
        let synthesis = model.into_iter().fold(Synthesis::new(settings, checks), Synthesis::with_model);
        let channel = reweave_chassis::in_process::channel(Routes::new(synthesis.into_server()));
        Self { channel, folder, _inference: inference }
    }

    async fn run(&self, name: &str, text: &str, yaml: &str) -> (OutcomeEvent, usize) {
        std::fs::write(self.folder.path().join(name), text).expect("a file");
        let spec = document::read_spec(yaml.as_bytes(), Door::Local).expect("a valid spec");
        let spec_id = SpecId::of("test", yaml).to_string();
        let request = SynthesizeRequest { spec_id, spec: Some(spec::Spec::from(spec)), local: true };
        let mut client = SynthesisServiceClient::new(self.channel.clone());
        let mut responses = client.synthesize(request).await.expect("an answer").into_inner();
        let mut drawn = 0;
        loop {
            match responses.message().await.expect("the stream goes on").and_then(|response| response.event) {
                Some(Event::Outcome(event)) => return (event.try_into().expect("a readable outcome"), drawn),
                Some(Event::Progress(progress)) => drawn += usize::from(progress.denoising.is_some()),
                None => panic!("the stream ended without an outcome"),
            }
        }
    }

    async fn shop(&self, yaml: &str) -> OutcomeEvent {
        self.run("shop.py", SHOP, yaml).await.0
    }

    async fn refusal(&self, yaml: &str) -> Refusal {
        match self.shop(yaml).await.outcome {
            Outcome::Refusal(refusal) => refusal,
            other => panic!("expected a refusal, not {other:#?}"),
        }
    }
}

/// An edit with one hole, worked on with these techniques.
fn hole(file: &str, hole: &str, techniques: &str) -> String {
    format!("edit:\n  file_path: {file}\n  holes: [{hole}]\ngeneration: {{techniques: [{techniques}], preset: fast}}\n")
}

const PRICE: &str = "{kind: binary_operator@4}";

#[tokio::test]
async fn a_hole_is_denoised_in_sight_and_the_patch_names_the_model() {
    let pod = Pod::with(Scripted::new(1).saying(&["result + price"])).await;
    let spec = hole("shop.py", PRICE, "rewrite, diffusion").replace("fast", "mock");
    let (event, drawn) = pod.run("shop.py", SHOP, &spec).await;
    let Outcome::Patch(patch) = &event.outcome else { panic!("{event:#?}") };
    assert!(patch.unified_diff.contains("+        result = result + price\n"), "{}", patch.unified_diff);
    assert_eq!(patch.provenance.hunks[0].proposer, Proposer::Diffusion);
    assert!(patch.provenance.model.is_some() && patch.validation.bytes_changed_outside == 0);
    let techniques: Vec<_> = patch.provenance.techniques.iter().map(|report| report.technique).collect();
    assert_eq!(techniques, [Technique::Rewrite, Technique::Diffusion]);
    assert!(drawn >= 1, "nobody was shown how it was filled");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_patch() {
    let pod = Pod::with(Scripted::new(1)).await;
    let spec = hole("shop.py", "{at: {line: 2, column: 14}, unit: literal}", "diffusion");
    assert_eq!(pod.shop(&spec).await.outcome, pod.shop(&spec).await.outcome);
}

#[tokio::test]
async fn a_model_of_the_next_token_is_the_fallback_and_the_outcome_says_so() {
    let pod = Pod::with(Scripted::new(1).autoregressive().saying(&["result + price"])).await;
    let event = pod.shop(&hole("shop.py", PRICE, "diffusion, autoregressive")).await;
    let Outcome::Patch(patch) = &event.outcome else { panic!("{event:#?}") };
    assert_eq!(patch.provenance.hunks[0].proposer, Proposer::Autoregressive);
    let reports = &patch.provenance.techniques;
    assert!(reports[0].result.contains("mask") && reports[1].result == "chosen", "{reports:?}");
}

#[tokio::test]
async fn the_old_text_an_empty_fill_and_a_fill_that_does_not_parse_are_refusals() {
    for (said, why) in
        [("result - price", "old_text"), ("              ", "empty_fill"), ("result + (pric", "goto_type")]
    {
        let pod = Pod::with(Scripted::new(1).saying(&[said])).await;
        let refusal = pod.refusal(&hole("shop.py", PRICE, "diffusion").replace("fast", "mock")).await;
        assert_eq!(refusal.code, RefusalCode::NoneProven, "{said}");
        let gates = refusal.evidence.iter().map(|evidence| evidence.detail.clone()).collect::<Vec<_>>().join("\n");
        assert!(gates.contains(why), "{said}: {gates}");
    }
}

#[tokio::test]
async fn without_a_model_a_request_for_one_is_refused_with_what_to_do() {
    let pod = Pod::over(None, None);
    let refusal = pod.refusal(&hole("shop.py", PRICE, "diffusion")).await;
    assert_eq!(refusal.code, RefusalCode::ModelUnavailable);
    assert!(refusal.next_command.contains("--model"));
}

#[tokio::test]
async fn a_dead_model_service_leaves_rules_working() {
    let nobody = client::lazy_channel("http://127.0.0.1:1", &client::ClientConfig::default()).expect("an address");
    let pod = Pod::over(Some(nobody), None);
    let refusal = pod.refusal(&hole("shop.py", PRICE, "diffusion")).await;
    assert_eq!(refusal.code, RefusalCode::ServiceUnavailable);
    let rename = "refactor:\n  file_path: shop.py\n  edit_targets: [total]\n  operator: {name: rename, parameters: {to: sum_up}}\n";
    assert!(pod.shop(rename).await.outcome.patch().is_some());
}

#[tokio::test]
async fn logits_that_are_not_numbers_are_a_refusal_and_not_a_patch() {
    let pod = Pod::with(Scripted::new(1).broken_by(u32::from(b'r'))).await;
    let refusal = pod.refusal(&hole("shop.py", PRICE, "diffusion")).await;
    assert_eq!(refusal.code, RefusalCode::ModelFault);
    assert!(refusal.evidence.iter().any(|evidence| evidence.detail.contains("not_finite")), "{refusal:?}");
}

/// Whatever a model writes, what comes out parses: random logits over every bounded hole of small files in six languages.
#[tokio::test]
async fn random_logits_never_break_a_file_in_any_language() {
    let pod = Pod::with(Scripted::new(7)).await;
    assert!(Scripted::new(7).description().mask.is_some());
    let (mut holes, mut patches) = (0, 0);
    for (name, text) in sources::SIX {
        for unit in ["name", "literal", "operator"] {
            for (line, column) in sources::places(name, text, unit) {
                let place = format!("{{at: {{line: {line}, column: {column}}}, unit: {unit}}}");
                let (event, _) = pod.run(name, text, &hole(name, &place, "diffusion")).await;
                holes += 1;
                match &event.outcome {
                    Outcome::Patch(patch) => {
                        patches += 1;
                        let file = &patch.files[0];
                        assert_ne!(file.generated_code, text);
                        assert_eq!(sources::errors(name, &file.generated_code), 0, "{}", file.generated_code);
                        assert_eq!(patch.validation.bytes_changed_outside, 0);
                    }
                    Outcome::Refusal(refusal) => assert!(!refusal.evidence.is_empty(), "{refusal:?}"),
                    other => panic!("{name} {place}: {other:?}"),
                }
            }
        }
    }
    assert!(holes > 60 && patches * 10 > holes * 8, "{patches} patches of {holes} holes");
}
