//! A client of the model service, in the domain's own types: what synthesis and the command line ask models through.
//!
//! The same client works over a socket ([`crate::client`]) and in process ([`crate::in_process`]).

mod error;
mod session;

use std::time::Duration;

use reweave_decode::{
    protocol::{Description, Encoded, Scores, Scoring, Served, TokenId},
    vocabulary::Vocabulary,
};
use reweave_proto::{
    convert::inference::{read_vectors, read_vocabulary},
    wire::inference::{self as wire, inference_service_client::InferenceServiceClient},
};
use serde::{Deserialize, Serialize};
use tonic::transport::Channel;

use crate::MESSAGE_BYTES_MAX;

pub use error::Error;
pub use session::Session;

/// How the reason begins for which nothing can be predicted yet, of a service that loads its model.
pub const LOADING: &str = "loading";

/// How long a model may take. Services embed it in their own section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// For everything but a step, in milliseconds: text to tokens, a description, the vocabulary, scores, vectors.
    pub call_ms: u64,
    /// For one step, its wait for the device included, in milliseconds.
    pub step_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { call_ms: 30_000, step_ms: 120_000 }
    }
}

/// A model service. Clones share its connection.
#[derive(Clone, Debug)]
pub struct Model {
    client: InferenceServiceClient<Channel>,
    timeouts: Timeouts,
}

impl Model {
    /// A client over `channel`. Nothing is sent yet.
    #[must_use]
    pub fn new(channel: Channel, timeouts: Timeouts) -> Self {
        let client = InferenceServiceClient::new(channel)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        Self { client, timeouts }
    }

    /// What is served, or why nothing can be predicted.
    pub async fn describe(&self) -> Result<Served, Error> {
        let mut client = self.client.clone();
        let response = self.call("describing the model", client.describe(wire::DescribeRequest {})).await?;
        Ok(response.try_into()?)
    }

    /// The bytes of every token of `model`, as [`Model::describe`] gave it.
    pub async fn vocabulary(&self, model: &Description) -> Result<Vocabulary, Error> {
        const DOING: &str = "reading the model's vocabulary";
        let mut client = self.client.clone();
        let mut pieces = self.call(DOING, client.vocabulary(wire::VocabularyRequest {})).await?;
        let received = async {
            let mut whole = wire::VocabularyResponse::default();
            while let Some(piece) = pieces.message().await.map_err(|status| Error::of(DOING, status))? {
                whole.text.extend(piece.text);
                whole.lengths.extend(piece.lengths);
                if whole.lengths.len() > model.vocabulary as usize {
                    break;
                }
            }
            Ok(whole)
        };
        let whole = within(DOING, self.call_max(), received).await?;
        if whole.lengths.len() != model.vocabulary as usize {
            return Err(Error::OutOfStep("tokens than the model was said to have"));
        }
        Ok(read_vocabulary(&whole, &model.specials)?)
    }

    /// Each text in tokens. Text that spells a special token becomes ordinary tokens.
    pub async fn encode(&self, texts: Vec<String>) -> Result<Vec<Encoded>, Error> {
        let mut client = self.client.clone();
        let asked = texts.len();
        let response = self.call("turning text into tokens", client.encode(wire::EncodeRequest { texts })).await?;
        if response.texts.len() != asked {
            return Err(Error::OutOfStep("texts than were sent"));
        }
        Ok(response.texts.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?)
    }

    /// The bytes of `tokens`; special tokens have none.
    pub async fn decode(&self, tokens: Vec<TokenId>) -> Result<Vec<u8>, Error> {
        let mut client = self.client.clone();
        let response = self.call("turning tokens into text", client.decode(wire::DecodeRequest { tokens })).await?;
        Ok(response.text)
    }

    /// Log-probabilities of tokens that are known.
    pub async fn score(&self, scoring: Scoring) -> Result<Scores, Error> {
        const DOING: &str = "scoring tokens";
        let asked = scoring.positions.len();
        let mut client = self.client.clone();
        let answered = client.score(wire::ScoreRequest::from(scoring));
        let response =
            within(DOING, self.step_max(), async { answered.await.map_err(|s| Error::of(DOING, s)) }).await?;
        let scores: Scores = response.into_inner().into();
        if scores.log_probs.len() == asked { Ok(scores) } else { Err(Error::OutOfStep("tokens than were asked for")) }
    }

    /// A vector of unit length for each text.
    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Error> {
        let mut client = self.client.clone();
        let asked = texts.len();
        let response = self.call("making vectors of texts", client.embed(wire::EmbedRequest { texts })).await?;
        Ok(read_vectors(response, asked)?)
    }

    /// Opens a session, whose canvases live until it is dropped.
    pub async fn session(&self) -> Result<Session, Error> {
        Session::open(self.client.clone(), self.call_max(), self.step_max()).await
    }

    async fn call<T>(
        &self,
        doing: &'static str,
        call: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    ) -> Result<T, Error> {
        let answered = async { call.await.map_err(|status| Error::of(doing, status)) };
        Ok(within(doing, self.call_max(), answered).await?.into_inner())
    }

    fn call_max(&self) -> Duration {
        Duration::from_millis(self.timeouts.call_ms)
    }

    fn step_max(&self) -> Duration {
        Duration::from_millis(self.timeouts.step_ms)
    }
}

async fn within<T>(
    doing: &'static str,
    max: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(max, work).await.unwrap_or(Err(Error::TimedOut { doing, after: max }))
}
