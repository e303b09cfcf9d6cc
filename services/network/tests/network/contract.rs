//! The torch backend keeps what every backend promises.

use reweave_decode::protocol::Attention;
use reweave_inference::contract::check;
use reweave_inference::folder::tiny::{self, Plan, Shape};
use reweave_inference::folder::{Architecture, Reading};
use reweave_network::backend::TorchBackend;
use reweave_network::device::Precision;

use super::fixture::{self, Fixture};

#[test]
fn every_architecture_keeps_the_contract_under_the_attention_it_was_made_for() {
    for fixture in Fixture::all() {
        let diffuses = ["dream", "llada"].contains(&fixture.name);
        check(&mut fixture.backend(), if diffuses { Attention::AllVisible } else { Attention::Causal });
    }
}

#[test]
fn a_diffusion_model_keeps_the_contract_when_it_is_asked_causally() {
    check(&mut Fixture::named("dream").backend(), Attention::Causal);
}

fn written(architecture: Architecture, shape: Shape) -> TorchBackend {
    let folder = tempfile::tempdir().unwrap();
    tiny::write(folder.path(), &Plan { architecture, shape, ..Plan::diffusion(11) }).unwrap();
    fixture::backend(folder.path(), Reading::default(), Precision::F32)
}

#[test]
fn tiny_models_keep_the_contract_whatever_their_shape() {
    check(&mut written(Architecture::Dream, Shape::TINY), Attention::AllVisible);
    check(&mut written(Architecture::Qwen2, Shape { kv_heads: 4, tied: false, ..Shape::TINY }), Attention::Causal);
    check(&mut written(Architecture::Llada, Shape { heads: 2, kv_heads: 1, ..Shape::TINY }), Attention::AllVisible);
}
