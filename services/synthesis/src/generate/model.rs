//! The mounted model, as the engine sees it: asked once what it is, and again when it may have changed.

use std::sync::Arc;

use reweave_chassis::model::{self, Model};
use reweave_core::{EvidenceKind, ModelProvenance, Proposer, Refusal, RefusalCode, Technique};
use reweave_decode::{
    protocol::{Description, Encoded, Objective},
    vocabulary::Vocabulary,
};
use tokio::sync::Mutex;

/// The door to the model service, where one is configured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Models {
    model: Option<Model>,
    mounted: Arc<Mutex<Option<Arc<Mounted>>>>,
}

/// A model and its vocabulary.
#[derive(Debug)]
pub(crate) struct Mounted {
    pub(super) model: Model,
    pub(super) description: Description,
    pub(super) vocabulary: Arc<Vocabulary>,
}

impl Models {
    pub(crate) fn new(model: Option<Model>) -> Self {
        Self { model, ..Self::default() }
    }

    pub(crate) fn is_configured(&self) -> bool {
        self.model.is_some()
    }

    /// What is served now. The vocabulary is read anew only when the weights are others.
    pub(crate) async fn mounted(&self) -> Result<Arc<Mounted>, Refusal> {
        let model = self.model.as_ref().ok_or_else(not_configured)?;
        let served = model.describe().await.map_err(refused)?;
        let description = served.model.map_err(not_served)?;
        let mut known = self.mounted.lock().await;
        if let Some(mounted) = known.as_ref()
            && mounted.description == description
        {
            return Ok(Arc::clone(mounted));
        }
        let vocabulary = Arc::new(model.vocabulary(&description).await.map_err(refused)?);
        let mounted = Arc::new(Mounted { model: model.clone(), description, vocabulary });
        *known = Some(Arc::clone(&mounted));
        Ok(mounted)
    }
}

impl Mounted {
    pub(crate) fn provenance(&self) -> ModelProvenance {
        let Description { name, architecture, digest, dtype, .. } = self.description.clone();
        ModelProvenance { name, architecture, digest, dtype }
    }

    /// Whose candidates a technique makes with this model, or why it cannot.
    pub(super) fn proposer(&self, technique: Technique) -> Result<Proposer, Refusal> {
        let cannot = |why: &str| {
            Refusal::new(
                RefusalCode::ModelFault,
                format!("`{}` cannot do {}: {why}", self.description.name, technique.as_str()),
            )
            .next("mount a model of the other kind, or leave the technique out of `generation.techniques`")
        };
        match technique {
            Technique::Rewrite => Err(cannot("rewriting needs no model")),
            Technique::Diffusion if self.description.mask.is_none() => Err(cannot("it has no mask token")),
            Technique::Diffusion => Ok(Proposer::Diffusion),
            // A diffusion model with shifted logits was made from an autoregressive one, and can be read as such.
            Technique::Autoregressive if self.reads_forward() => Ok(Proposer::Autoregressive),
            Technique::Autoregressive => Err(cannot("it does not predict the next token")),
        }
    }

    /// Texts in tokens, in their order.
    pub(super) async fn encode(&self, texts: Vec<String>) -> Result<Vec<Encoded>, Refusal> {
        self.model.encode(texts).await.map_err(refused)
    }

    fn reads_forward(&self) -> bool {
        self.description.objective == Objective::Autoregressive || self.description.shifted
    }
}

/// A model's error as a refusal.
pub(super) fn refused(error: model::Error) -> Refusal {
    let code = if error.is_unavailable() { RefusalCode::ServiceUnavailable } else { RefusalCode::ModelFault };
    let mut causes = vec![error.to_string()];
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    let refusal = Refusal::new(code, "the model gave no answer").with(EvidenceKind::Error, causes.join(": "));
    refusal.next("see that the inference service is up and holds a model, then send the spec again")
}

fn not_configured() -> Refusal {
    Refusal::new(RefusalCode::ModelUnavailable, "no model service is configured")
        .with(EvidenceKind::Field, "field synthesis.model_address is empty")
        .next("give `--model DIR`, or set synthesis.model_address")
}

fn not_served(reason: String) -> Refusal {
    if reason.starts_with(model::LOADING) {
        // Of use to the next attempt: the gateway sends the spec again later.
        return Refusal::new(RefusalCode::ServiceUnavailable, "the inference service is loading its model")
            .with(EvidenceKind::Error, reason)
            .next("send the spec again when it is loaded");
    }
    Refusal::new(RefusalCode::ModelUnavailable, "the inference service serves no model")
        .with(EvidenceKind::Error, reason)
        .next("mount a model folder; `reweave models inspect DIR` says whether one runs")
}
