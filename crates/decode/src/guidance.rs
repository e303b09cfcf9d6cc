//! Classifier-free guidance on logits: the reference that devices are tested against.

/// `unconditional + scale * (conditional - unconditional)`, of one logit, in f64.
///
/// At scale 1 the conditional logit and at 0 the unconditional one, to the last digit. Any finite scale is taken; the
/// result of f32 inputs is finite. Source: Ho and Salimans, "Classifier-Free Diffusion Guidance", equation 6, with
/// `scale = 1 + w`.
#[must_use]
pub fn mix(conditional: f32, unconditional: f32, scale: f32) -> f64 {
    let (conditional, unconditional) = (f64::from(conditional), f64::from(unconditional));
    if scale == 1.0 {
        return conditional;
    }
    unconditional + f64::from(scale) * (conditional - unconditional)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn scale_1_is_conditional_and_scale_0_unconditional_to_the_last_digit(c in -1e30_f32..1e30, u in -1e30_f32..1e30) {
            prop_assert_eq!(mix(c, u, 1.0), f64::from(c));
            prop_assert_eq!(mix(c, u, 0.0), f64::from(u));
        }

        #[test]
        fn equal_branches_are_left_alone_by_any_scale(logit in -1e30_f32..1e30, scale in -100.0_f32..100.0) {
            prop_assert_eq!(mix(logit, logit, scale), f64::from(logit));
        }
    }

    #[test]
    fn a_scale_above_1_leans_away_from_the_unconditional_branch() {
        assert_eq!(mix(2.0, 1.0, 5.0), 6.0);
        assert_eq!(mix(2.0, 1.0, -1.0), 0.0);
        assert!(mix(f32::MAX, f32::MIN, f32::MAX).is_finite());
    }
}
