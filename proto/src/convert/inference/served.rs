//! What a model service says of itself.

use reweave_decode::protocol::{Bounds, Description, Embedder, FillInMiddle, Load, Objective, Served};

use super::{Malformed, name_of, named};
use crate::{convert::parsed, wire::inference as wire};

impl From<Served> for wire::DescribeResponse {
    fn from(served: Served) -> Self {
        let (unavailable, model) = match served.model {
            Ok(model) => (String::new(), Some(model.into())),
            Err(reason) => (reason, None),
        };
        let Load { sessions, waiting, waiting_max } = served.load;
        Self {
            unavailable,
            model,
            embedder: served.embedder.map(|Embedder { name, dimensions, tokens_max }| wire::Embedder {
                name,
                dimensions,
                tokens_max,
            }),
            load: Some(wire::Load { sessions, waiting, waiting_max }),
        }
    }
}

impl TryFrom<wire::DescribeResponse> for Served {
    type Error = Malformed;

    fn try_from(response: wire::DescribeResponse) -> Result<Self, Malformed> {
        let wire::Load { sessions, waiting, waiting_max } = response.load.unwrap_or_default();
        let embedder = response.embedder.map(|wire::Embedder { name, dimensions, tokens_max }| Embedder {
            name,
            dimensions,
            tokens_max,
        });
        let embedding = embedder.as_ref().map(|embedder| embedder.dimensions);
        let model = match response.model {
            Some(model) => Ok(read_model(model, embedding)?),
            None if response.unavailable.is_empty() => {
                return Err(Malformed::new("model", "there is none, nor a reason"));
            }
            None => Err(response.unavailable),
        };
        Ok(Self { model, embedder, load: Load { sessions, waiting, waiting_max } })
    }
}

impl From<Description> for wire::Model {
    fn from(model: Description) -> Self {
        let bounds = model.bounds;
        Self {
            name: model.name,
            architecture: model.architecture,
            objective: name_of(&Objective::ALL, model.objective),
            digest: model.digest.to_string(),
            vocabulary: model.vocabulary,
            mask: model.mask,
            shifted: model.shifted,
            specials: model.specials,
            begin: model.begin,
            end: model.end,
            fill_in_middle: model.fill_in_middle.map(|FillInMiddle { prefix, suffix, middle }| wire::FillInMiddle {
                prefix,
                suffix,
                middle,
            }),
            device: model.device,
            dtype: model.dtype,
            bounds: Some(wire::Bounds {
                positions_max: bounds.positions_max,
                canvases_max: bounds.canvases_max,
                wanted_max: bounds.wanted_max,
                top_k_max: bounds.top_k_max,
            }),
        }
    }
}

fn read_model(model: wire::Model, embedding: Option<u32>) -> Result<Description, Malformed> {
    let bounds = model.bounds.ok_or_else(|| Malformed::new("model.bounds", "there are none"))?;
    if !model.specials.is_sorted_by(|before, after| before < after) {
        return Err(Malformed::new("model.specials", "is not ascending"));
    }
    Ok(Description {
        name: model.name,
        architecture: model.architecture,
        objective: named(&Objective::ALL, &model.objective, "model.objective")?,
        digest: parsed(&model.digest, "model.digest")?,
        vocabulary: model.vocabulary,
        mask: model.mask,
        shifted: model.shifted,
        specials: model.specials,
        begin: model.begin,
        end: model.end,
        fill_in_middle: model.fill_in_middle.map(|wire::FillInMiddle { prefix, suffix, middle }| FillInMiddle {
            prefix,
            suffix,
            middle,
        }),
        device: model.device,
        dtype: model.dtype,
        bounds: Bounds {
            positions_max: bounds.positions_max,
            canvases_max: bounds.canvases_max,
            wanted_max: bounds.wanted_max,
            top_k_max: bounds.top_k_max,
        },
        embedding,
    })
}
