//! What options a model takes.

use crate::protocol::{Description, Fault, FaultCode, Options};

/// The highest temperature taken.
pub const TEMPERATURE_MAX: f32 = 100.0;

/// Refuses options out of range.
///
/// # Errors
/// `TopK` for 0 or above the model's bound, `Parameter` for a temperature outside 0 to 100, a `top_p` outside 0 (not
/// included) to 1, or a guidance scale that is not finite, `Token` for a suppressed id outside the vocabulary.
pub fn check(description: &Description, options: &Options) -> Result<(), Fault> {
    let parameter = |message| Err(Fault::new(FaultCode::Parameter, message));
    let bound = description.bounds.top_k_max;
    if options.top_k == 0 || options.top_k > bound {
        return Err(Fault::new(FaultCode::TopK, format!("top_k is {}, not from 1 to {bound}", options.top_k)));
    }
    if !(0.0..=TEMPERATURE_MAX).contains(&options.temperature) {
        return parameter(format!("the temperature is {}, not from 0 to {TEMPERATURE_MAX}", options.temperature));
    }
    if !(options.top_p > 0.0 && options.top_p <= 1.0) {
        return parameter(format!("top_p is {}, not above 0 up to 1", options.top_p));
    }
    if !options.guidance.scale.is_finite() {
        return parameter(format!("the guidance scale is {}", options.guidance.scale));
    }
    match options.suppressed.iter().find(|id| **id >= description.vocabulary) {
        Some(id) => {
            let message = format!("suppressed token {id} is not below the vocabulary's {}", description.vocabulary);
            Err(Fault::new(FaultCode::Token, message))
        }
        None => Ok(()),
    }
}
