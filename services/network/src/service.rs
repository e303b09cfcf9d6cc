//! The inference service on libtorch: what is loaded on the device's thread, and served by the inference library.

use reweave_chassis::service::chain;
use reweave_decode::protocol::Bounds;
use reweave_inference::folder::{self, ModelFolder};
use reweave_inference::wordpieces::Wordpieces;
use reweave_inference::{Encoder, Loaded, Model, Progress, Tokenizer};
use tch::Device;
use tokio_util::sync::CancellationToken;

use crate::backend::TorchBackend;
use crate::config::{Root, Section};
use crate::sentence::SentenceEncoder;
use crate::{device, loader};

/// Serves until `shutdown`. Without weights, or with weights that do not run, the service is healthy and says so.
///
/// # Errors
/// When the address cannot be bound or the device's thread cannot be started.
pub async fn run(root: Root, shutdown: CancellationToken) -> Result<(), reweave_inference::Error> {
    let (section, bounds) = (root.network, root.inference.widest());
    reweave_inference::serve(root.inference, root.server, move |progress| load(&section, bounds, progress), shutdown)
        .await
}

/// Loads what the section names. To be called on the thread that owns the device; what cannot be loaded is said in the
/// result and in the log, and leaves the rest working.
#[must_use]
pub fn load(section: &Section, bounds: Bounds, progress: &Progress) -> Loaded {
    let device = match open_device(section) {
        Ok(device) => device,
        Err(error) => return Loaded { model: Err(chain(&error)), encoder: None },
    };
    let model = model(section, device, bounds, progress);
    let encoder = encoder(section, device).unwrap_or_else(|error| {
        tracing::warn!(error = chain(&error), "no vectors are made");
        None
    });
    Loaded { model, encoder }
}

/// Why a model, or an encoder, is not served.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("opening the device")]
    Device(#[from] device::Error),
    #[error("reading the model folder")]
    Folder(#[from] folder::Error),
    #[error("reading the tokenizer")]
    Tokenizer(#[from] reweave_inference::tokenizer::Error),
    #[error("reading the encoder's tokenizer")]
    Wordpieces(#[from] reweave_inference::wordpieces::Error),
    #[error("loading the weights")]
    Load(#[from] loader::Error),
    #[error("the weights take {mib} MiB, more than `weights_mib_max` = {mib_max}")]
    TooLarge { mib: u64, mib_max: u64 },
}

fn open_device(section: &Section) -> Result<Device, Error> {
    let device = device::open(section.choice())?;
    if section.threads > 0 {
        tch::set_num_threads(section.threads as i32);
    }
    Ok(device)
}

fn model(section: &Section, device: Device, bounds: Bounds, progress: &Progress) -> Result<Model, String> {
    if section.model_folder.as_os_str().is_empty() {
        return Err("no weights are mounted: `network.model_folder` names no folder".to_owned());
    }
    let loaded = load_model(section, device, bounds, progress);
    loaded.map_err(|error| format!("{}: {}", section.model_folder.display(), chain(&error)))
}

fn load_model(section: &Section, device: Device, bounds: Bounds, progress: &Progress) -> Result<Model, Error> {
    progress.say("the model folder is being read");
    let folder = folder::open_as(&section.model_folder, section.reading())?;
    fits(section, &folder)?;
    let tokenizer = Tokenizer::open(&folder)?;
    let precision = section.precision();
    let decoder = loader::decoder(&folder, device, precision, &mut |at| {
        progress.say(format!("{} of {} MB of weights are loaded", at.done >> 20, at.total >> 20));
    })?;
    let backend =
        TorchBackend::new(decoder, &folder, precision, bounds, section.limits()).map_err(loader::Error::Network)?;
    tracing::info!(model = folder.name, device = device::name(device), dtype = precision.name(), "loaded");
    Ok(Model { backend: Box::new(backend), tokenizer })
}

fn fits(section: &Section, folder: &ModelFolder) -> Result<(), Error> {
    let mib = (folder.spec.parameters() * section.precision().bytes()).div_ceil(1 << 20);
    match section.weights_mib_max {
        0 => Ok(()),
        mib_max if mib <= mib_max => Ok(()),
        mib_max => Err(Error::TooLarge { mib, mib_max }),
    }
}

fn encoder(section: &Section, device: Device) -> Result<Option<Box<dyn Encoder>>, Error> {
    if section.encoder_folder.as_os_str().is_empty() {
        return Ok(None);
    }
    let folder = folder::open_sentence(&section.encoder_folder)?;
    let wordpieces = Wordpieces::open(&folder)?;
    let encoder = SentenceEncoder::load(&folder, wordpieces, device, section.limits().positions_max)?;
    Ok(Some(Box::new(encoder)))
}
