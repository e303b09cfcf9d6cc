//! A model for this process: mounted in a child that links libtorch, or fitted here on source files.

mod child;
mod ngram;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reweave_chassis::model::{LOADING, Model};
use reweave_core::{Generation, Preset, Spec, Technique, limits};
use reweave_inference::Inference;
use tonic::transport::Channel;

pub(crate) use child::{Child, GET_INFERENCE, inference_binary};

use crate::settings::Settings;

/// How often a model that loads is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// Which model to use, if any.
#[derive(Debug, Default, Args)]
pub(crate) struct ModelArgs {
    /// A model folder as Hugging Face lays it out, served by `reweave-inference` as a child of this command.
    #[arg(long, value_name = "DIR")]
    pub(crate) model: Option<PathBuf>,
    /// Instead of a folder: a small n-gram model, fitted now on the files below these paths. Weak, and needs no libtorch.
    #[arg(long, value_name = "PATH", conflicts_with = "model")]
    pub(crate) ngram: Vec<PathBuf>,
}

/// How holes are refilled; what is given here wins over the spec.
#[derive(Debug, Default, Args)]
pub(crate) struct GenerationArgs {
    /// Techniques in the order in which they are tried: rewrite, diffusion, autoregressive.
    #[arg(long = "technique", value_name = "NAME,…", value_delimiter = ',', value_parser = technique)]
    techniques: Vec<Technique>,
    /// fast (at most 20 steps), balanced (50), quality (100) or mock (1).
    #[arg(long, value_name = "NAME", value_parser = preset)]
    preset: Option<Preset>,
    /// Scale of classifier-free guidance, 0 to 100; 1 is plain.
    #[arg(long, value_name = "SCALE", value_parser = guidance)]
    guidance: Option<f32>,
    /// Most denoising steps of one hole.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::STEPS_MAX)))]
    steps: Option<u32>,
    /// Of draws, 0 to 100; 0 takes the likeliest token.
    #[arg(long, value_name = "T", value_parser = temperature)]
    temperature: Option<f32>,
    /// Seed of every draw.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// A model that answers, for as long as this is kept.
#[derive(Debug)]
pub(crate) struct Hosted {
    pub(crate) channel: Channel,
    keeper: Keeper,
}

#[derive(Debug)]
enum Keeper {
    Child(Child),
    Here(Inference),
}

impl ModelArgs {
    /// Hosts the model that was asked for and waits until it answers; none where none was asked for.
    pub(crate) async fn host(&self, settings: &Settings) -> Result<Option<Hosted>> {
        let hosted = match (&self.model, self.ngram.as_slice()) {
            (Some(folder), _) => {
                let child = Child::start(folder, settings).context("start the inference service")?;
                Hosted { channel: child.channel()?, keeper: Keeper::Child(child) }
            }
            (None, []) => return Ok(None),
            (None, paths) => {
                let inference = ngram::serve(paths, settings)?;
                Hosted { channel: inference.channel(), keeper: Keeper::Here(inference) }
            }
        };
        match hosted.ready(settings).await {
            Ok(()) => Ok(Some(hosted)),
            Err(error) => {
                hosted.close().await;
                Err(error)
            }
        }
    }
}

impl Hosted {
    /// A client of the model.
    pub(crate) fn client(&self, settings: &Settings) -> Model {
        Model::new(self.channel.clone(), settings.synthesis.model_timeouts)
    }

    /// Ends it, and whatever it started.
    pub(crate) async fn close(self) {
        match self.keeper {
            Keeper::Child(child) => child.close().await,
            Keeper::Here(inference) => inference.close().await,
        }
    }

    /// Waits while it loads, in sight of the user.
    async fn ready(&self, settings: &Settings) -> Result<()> {
        let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} model    {wide_msg}")?);
        bar.enable_steady_tick(ASK_EVERY);
        let client = self.client(settings);
        loop {
            if let Keeper::Child(child) = &self.keeper
                && let Some(ended) = child.gave_up()
            {
                bail!("the inference service ended: {ended}");
            }
            match client.describe().await {
                Ok(served) => match served.model {
                    Ok(_) => return Ok(()),
                    Err(reason) if is_loading(&reason) => bar.set_message(reason),
                    Err(reason) => bail!("no model is served: {reason}"),
                },
                Err(error) if error.is_unavailable() => bar.set_message("starting"),
                Err(error) => return Err(error).context("ask the model what it is"),
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}

impl GenerationArgs {
    /// Puts what was given in the place of what the spec says.
    pub(crate) fn apply(&self, spec: &mut Spec) {
        let Generation { techniques, preset, guidance, steps, temperature } = &mut spec.generation;
        if !self.techniques.is_empty() {
            techniques.clone_from(&self.techniques);
        }
        *preset = self.preset.or(*preset);
        *guidance = self.guidance.or(*guidance);
        *steps = self.steps.or(*steps);
        *temperature = self.temperature.or(*temperature);
        spec.seed = self.seed.unwrap_or(spec.seed);
    }
}

/// Whether a service without a model is about to have one.
fn is_loading(reason: &str) -> bool {
    reason.starts_with(LOADING)
}

/// The technique called `name`, for the command line's parser.
pub(crate) fn technique(name: &str) -> Result<Technique, String> {
    Technique::by_name(name).ok_or_else(|| one_of(name, &Technique::ALL.map(|(_, name)| name)))
}

/// The preset called `name`, for the command line's parser.
pub(crate) fn preset(name: &str) -> Result<Preset, String> {
    Preset::by_name(name).ok_or_else(|| one_of(name, &Preset::ALL.map(|(_, name)| name)))
}

fn one_of(given: &str, known: &[&str]) -> String {
    format!("`{given}` is not one of {}", known.join(", "))
}

fn guidance(text: &str) -> Result<f32, String> {
    within(text, limits::GUIDANCE_MAX)
}

fn temperature(text: &str) -> Result<f32, String> {
    within(text, limits::TEMPERATURE_MAX)
}

fn within(text: &str, max: f32) -> Result<f32, String> {
    let number = text.parse::<f32>().ok().filter(|number| (0.0..=max).contains(number));
    number.ok_or_else(|| format!("`{text}` is no number from 0 to {max}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_their_range_and_unknown_names_are_refused() {
        for wrong in ["NaN", "inf", "-1", "101", "x", ""] {
            assert!(guidance(wrong).is_err() && temperature(wrong).is_err(), "{wrong}");
        }
        assert_eq!(guidance("5.0"), Ok(5.0));
        assert!(technique("magic").unwrap_err().contains("rewrite, diffusion, autoregressive"));
        assert!(preset("best").unwrap_err().contains("fast, balanced, quality, mock"));
    }
}
