//! Noise schedules, and how many tokens each step of the way back commits.
//!
//! A schedule is given by ᾱ(t), the share of tokens that noise has left alone at time t, from 1 at t = 0 to 0 at t = 1. A
//! masked model needs no time as input (Shi et al., "Simplified and Generalized Masked Diffusion for Discrete Data", 2024):
//! at inference the schedule says nothing but how many positions are still masked after each step.

/// The largest β. Source: Nichol and Dhariwal, "Improved Denoising Diffusion Probabilistic Models", section 3.2.
pub const BETA_MAX: f64 = 0.999;

/// ᾱ as a function of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// 1 − t: as many commits in every step. LLaDA and Dream were trained with it.
    Linear,
    /// cos²(πt/2): few commits at first and at last, most in between. Source: Nichol and Dhariwal, equation 17, without its offset.
    Cosine,
    /// 1 − √t: few commits at first, ever more. Source: Li et al., "Diffusion-LM Improves Controllable Text Generation", appendix A,
    /// without its offset.
    Sqrt,
}

impl Schedule {
    /// Every schedule with its name.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Linear, "linear"), (Self::Cosine, "cosine"), (Self::Sqrt, "sqrt")];

    /// The schedule of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, other)| *other == name).map(|(schedule, _)| *schedule)
    }

    /// ᾱ(t): the probability, from 0 to 1, that a token is not masked at `time`, which is taken into 0 to 1.
    #[must_use]
    pub fn alpha_bar(self, time: f64) -> f64 {
        let time = time.clamp(0.0, 1.0);
        match self {
            Self::Linear => 1.0 - time,
            // The cosine of the rounded π/2 is not quite 0.
            Self::Cosine if time == 1.0 => 0.0,
            Self::Cosine => (std::f64::consts::FRAC_PI_2 * time).cos().powi(2),
            Self::Sqrt => 1.0 - time.sqrt(),
        }
    }

    /// β₁ … β_N of `steps` steps: the probability that a step masks what was left until then, at most [`BETA_MAX`].
    ///
    /// βₖ = 1 − ᾱ(k/N) / ᾱ((k−1)/N). Source: Nichol and Dhariwal, section 3.2.
    #[must_use]
    pub fn betas(self, steps: u32) -> Vec<f64> {
        let bar = |step: u32| self.alpha_bar(f64::from(step) / f64::from(steps));
        (1..=steps).map(|step| (1.0 - bar(step) / bar(step - 1)).clamp(0.0, BETA_MAX)).collect()
    }

    /// 1 − β of each step.
    #[must_use]
    pub fn alphas(self, steps: u32) -> Vec<f64> {
        self.betas(steps).into_iter().map(|beta| 1.0 - beta).collect()
    }

    /// Products of the first k alphas: ᾱ(k/N), but for what the clamp of β holds back at the end.
    #[must_use]
    pub fn alphas_cumulative(self, steps: u32) -> Vec<f64> {
        let mut product = 1.0;
        let multiply = |alpha| {
            product *= alpha;
            product
        };
        self.alphas(steps).into_iter().map(multiply).collect()
    }

    /// Masks left after 0 … N of `steps` steps back from t = 1: n(1 − ᾱ(1 − k/N)), rounded; from `masks` down to 0, never up.
    #[must_use]
    pub fn masks_left(self, masks: usize, steps: u32) -> Vec<usize> {
        let steps = steps.max(1);
        let left = |step: u32| {
            let time = f64::from(steps - step) / f64::from(steps);
            (masks as f64 * (1.0 - self.alpha_bar(time))).round() as usize
        };
        (0..=steps).map(left).collect()
    }

    /// How many positions each of `steps` steps commits; sums to `masks`.
    #[must_use]
    pub fn quotas(self, masks: usize, steps: u32) -> Vec<usize> {
        self.masks_left(masks, steps).windows(2).map(|pair| pair[0] - pair[1]).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schedules() -> impl Strategy<Value = Schedule> {
        prop::sample::select(Schedule::ALL.map(|(schedule, _)| schedule).to_vec())
    }

    proptest! {
        #[test]
        fn every_schedule_falls_from_1_to_0(schedule in schedules(), first in 0.0_f64..=1.0, second in 0.0_f64..=1.0) {
            prop_assert_eq!((schedule.alpha_bar(0.0), schedule.alpha_bar(1.0)), (1.0, 0.0));
            let (early, late) = (first.min(second), first.max(second));
            prop_assert!(schedule.alpha_bar(early) >= schedule.alpha_bar(late));
        }

        #[test]
        fn masks_left_fall_from_all_to_none_and_quotas_sum_to_all(schedule in schedules(), masks in 0_usize..400, steps in 1_u32..150) {
            let left = schedule.masks_left(masks, steps);
            prop_assert_eq!((left[0], left[steps as usize], left.len()), (masks, 0, steps as usize + 1));
            prop_assert!(left.windows(2).all(|pair| pair[0] >= pair[1]));
            let quotas = schedule.quotas(masks, steps);
            prop_assert_eq!((quotas.len(), quotas.iter().sum::<usize>()), (steps as usize, masks));
        }

        #[test]
        fn cumulative_products_give_alpha_bar_back_until_the_last_step(schedule in schedules(), steps in 1_u32..200) {
            let cumulative = schedule.alphas_cumulative(steps);
            prop_assert!(schedule.betas(steps).iter().all(|beta| (0.0..=BETA_MAX).contains(beta)));
            for step in 1..steps {
                let wanted = schedule.alpha_bar(f64::from(step) / f64::from(steps));
                let clamped = schedule.betas(steps)[..step as usize].contains(&BETA_MAX);
                prop_assert!(clamped || (cumulative[step as usize - 1] - wanted).abs() < 1e-12);
            }
            // The clamp leaves a thousandth of the step before.
            let before = steps.checked_sub(2).map_or(1.0, |index| cumulative[index as usize]);
            prop_assert!((cumulative[steps as usize - 1] - 0.001 * before).abs() < 1e-12);
        }
    }

    #[test]
    fn the_shapes_differ_as_their_formulas_say() {
        assert_eq!(Schedule::Linear.quotas(8, 4), [2, 2, 2, 2]);
        // 16 sin²(πt/2) at t = 1, 3/4, 1/2, 1/4, 0: 16, 13.66, 8, 2.34, 0.
        assert_eq!(Schedule::Cosine.masks_left(16, 4), [16, 14, 8, 2, 0]);
        // 16 √t: 16, 13.86, 11.31, 8, 0.
        assert_eq!(Schedule::Sqrt.masks_left(16, 4), [16, 14, 11, 8, 0]);
        assert_eq!(Schedule::Linear.quotas(2, 8).iter().filter(|quota| **quota == 0).count(), 6);
        assert_eq!(Schedule::by_name("cosine"), Some(Schedule::Cosine));
        assert_eq!(Schedule::by_name("pndm"), None);
    }
}
