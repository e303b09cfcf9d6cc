//! Where tensors live: the best device there is, or the one that was asked for.

use std::sync::OnceLock;

use tch::{Cuda, Device, Kind};

/// What the operator asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// CUDA where there is one, else MPS, else the CPU.
    #[default]
    Auto,
    Cuda,
    Mps,
    Cpu,
}

/// How the weights are held and multiplied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// The same tokens at any batch size.
    #[default]
    F32,
    Bf16,
}

/// A device that was asked for and is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("no CUDA device: {0}")]
    NoCuda(String),
    #[error("this libtorch has no MPS device")]
    NoMps,
}

impl Precision {
    /// As a description of the model has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }

    /// Of one number.
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::Bf16 => 2,
        }
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::F32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
        }
    }
}

/// The device for a choice. The CUDA library is loaded here, so this comes before any other use of libtorch.
///
/// # Errors
/// When that device was asked for by name and is not there.
pub fn open(choice: Choice) -> Result<Device, Error> {
    match choice {
        Choice::Cpu => Ok(Device::Cpu),
        Choice::Cuda => cuda().map_err(Error::NoCuda),
        Choice::Mps if tch::utils::has_mps() => Ok(Device::Mps),
        Choice::Mps => Err(Error::NoMps),
        Choice::Auto => Ok(match cuda() {
            Ok(device) => device,
            Err(_) if tch::utils::has_mps() => Device::Mps,
            Err(_) => Device::Cpu,
        }),
    }
}

/// As a description of the model has it.
#[must_use]
pub fn name(device: Device) -> String {
    match device {
        Device::Cpu => "cpu".to_owned(),
        Device::Cuda(index) => format!("cuda:{index}"),
        Device::Mps => "mps".to_owned(),
        Device::Vulkan => "vulkan".to_owned(),
    }
}

fn cuda() -> Result<Device, String> {
    static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
    LOADED.get_or_init(load_cuda).clone()?;
    if Cuda::is_available() { Ok(Device::Cuda(0)) } else { Err("the driver shows none".to_owned()) }
}

/// Loads `libtorch_cuda.so`, whose constructors make CUDA known to the libtorch that is linked. So one program serves machines
/// with and without it.
#[cfg(target_os = "linux")]
fn load_cuda() -> Result<(), String> {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
    #[expect(
        unsafe_code,
        reason = "a library is loaded, and its constructors run; it is libtorch's own, of the same version"
    )]
    let library = unsafe { Library::open(Some("libtorch_cuda.so"), RTLD_NOW | RTLD_GLOBAL) };
    // It registers functions with libtorch, so it stays to the end of the process.
    library.map(std::mem::forget).map_err(|error| reweave_chassis::service::chain(&error))
}

#[cfg(not(target_os = "linux"))]
fn load_cuda() -> Result<(), String> {
    Err("CUDA is looked for on Linux only".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_always_there_and_auto_always_finds_something() {
        assert_eq!(open(Choice::Cpu), Ok(Device::Cpu));
        assert!(open(Choice::Auto).is_ok());
    }

    #[test]
    fn a_device_that_is_not_there_is_refused_by_name() {
        match open(Choice::Cuda) {
            Ok(device) => assert!(device.is_cuda()),
            Err(error) => assert!(error.to_string().starts_with("no CUDA device: "), "{error}"),
        }
        assert_eq!(open(Choice::Mps).is_ok(), tch::utils::has_mps());
    }
}
