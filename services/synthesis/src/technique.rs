//! Which techniques a request is worked on with, in order, and what came of each.

use reweave_core::{EvidenceKind, ModelProvenance, Refusal, RefusalCode, Technique, TechniqueReport};

/// The techniques of one request. Each starts where those before it found nothing, and none is left unsaid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Techniques {
    /// In the order in which they are tried.
    pub(crate) wanted: Vec<Technique>,
    pub(crate) reports: Vec<TechniqueReport>,
    /// The model that was asked last.
    pub(crate) model: Option<ModelProvenance>,
    refusals: Vec<(Technique, Refusal)>,
}

impl Techniques {
    /// What the request names, or what is configured; of the latter models only where one is served.
    pub(crate) fn new(named: &[Technique], configured: &[Technique], has_model: bool) -> Self {
        let usable = |technique: &Technique| has_model || *technique == Technique::Rewrite;
        let wanted = match named {
            [] => configured.iter().copied().filter(usable).collect(),
            named => named.to_vec(),
        };
        Self { wanted, ..Self::default() }
    }

    /// Begins the next request of a batch with the same techniques.
    pub(crate) fn restart(&mut self) {
        self.reports.clear();
        self.refusals.clear();
        self.model = None;
    }

    pub(crate) fn chose(&mut self, technique: Technique) {
        self.reports.push(TechniqueReport { technique, result: "chosen".to_owned() });
    }

    /// Notes that `technique` gave nothing; an error where that ends the request whatever else could be tried.
    pub(crate) fn gave_up(&mut self, technique: Technique, refusal: Refusal) -> Result<(), Refusal> {
        if !passes_on(technique, refusal.code) {
            return Err(refusal);
        }
        let result = format!("{}: {}", refusal.code, refusal.reason);
        self.reports.push(TechniqueReport { technique, result });
        self.refusals.push((technique, refusal));
        Ok(())
    }

    /// The refusal of a request that no technique could answer: the first one's, for it tried what is surest, or the one of a
    /// technique that got further; the others stand in its evidence.
    pub(crate) fn refusal(&self) -> Refusal {
        let got_furthest = self.refusals.iter().max_by_key(|(technique, refusal)| {
            (reach(refusal.code), std::cmp::Reverse(self.wanted.iter().position(|wanted| wanted == technique)))
        });
        let Some((chosen, refusal)) = got_furthest else {
            return Refusal::new(RefusalCode::NoCandidate, "no technique was asked for")
                .next("name one in `generation.techniques`");
        };
        let others = self.refusals.iter().filter(|(technique, _)| technique != chosen);
        others.fold(refusal.clone(), |refusal, (technique, other)| {
            let detail = format!("{}: {} [{}]", technique.as_str(), other.reason, other.code);
            refusal.with(EvidenceKind::Tool, detail)
        })
    }
}

/// A technique had nothing to offer, or nothing that holds.
const FOUND_NOTHING: [RefusalCode; 3] =
    [RefusalCode::NoCandidate, RefusalCode::NoneProven, RefusalCode::OperatorUnknown];
/// A model could not be asked.
const MODEL_IS_OUT: [RefusalCode; 3] =
    [RefusalCode::ModelUnavailable, RefusalCode::ModelFault, RefusalCode::ServiceUnavailable];

/// Whether another technique may still find something where one ended with `code`.
fn passes_on(technique: Technique, code: RefusalCode) -> bool {
    // Of rewriting it is the checks that are gone, and nothing can be proven without them.
    let model_is_out = technique != Technique::Rewrite && MODEL_IS_OUT.contains(&code);
    FOUND_NOTHING.contains(&code) || model_is_out
}

/// How far a technique came before it gave up.
fn reach(code: RefusalCode) -> u8 {
    if code == RefusalCode::NoneProven { 2 } else { u8::from(MODEL_IS_OUT.contains(&code)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: RefusalCode) -> Refusal {
        Refusal::new(code, code.meaning())
    }

    #[test]
    fn models_are_left_out_of_what_is_configured_where_none_is_served_and_kept_where_they_are_named() {
        let all = Technique::ALL.map(|(technique, _)| technique);
        assert_eq!(Techniques::new(&[], &all, false).wanted, [Technique::Rewrite]);
        assert_eq!(Techniques::new(&[], &all, true).wanted, all);
        assert_eq!(Techniques::new(&[Technique::Diffusion], &all, false).wanted, [Technique::Diffusion]);
    }

    #[test]
    fn a_refusal_names_every_technique_and_leads_with_the_one_that_got_furthest() {
        let mut techniques = Techniques::new(&[Technique::Rewrite, Technique::Diffusion], &[], true);
        techniques.gave_up(Technique::Rewrite, refusal(RefusalCode::NoCandidate)).unwrap();
        techniques.gave_up(Technique::Diffusion, refusal(RefusalCode::NoneProven)).unwrap();
        let whole = techniques.refusal();
        assert_eq!(whole.code, RefusalCode::NoneProven);
        assert!(whole.evidence.iter().any(|evidence| evidence.detail.starts_with("rewrite: ")), "{whole:?}");
        assert_eq!(techniques.reports.len(), 2);
    }

    #[test]
    fn what_a_precondition_refuses_is_not_left_to_a_model() {
        let mut techniques = Techniques::new(&[Technique::Rewrite, Technique::Diffusion], &[], true);
        let refused = techniques.gave_up(Technique::Rewrite, refusal(RefusalCode::NameCollision));
        assert_eq!(refused.unwrap_err().code, RefusalCode::NameCollision);
    }
}
