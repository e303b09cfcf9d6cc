//! How many positions each step commits.

use crate::schedule::Schedule;

/// The time at which Dream's grid ends. Source: its generation configuration's default `eps`.
const DREAM_END: f32 = 1e-3;

/// A rule from masks and steps to commits per step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Along a schedule's reverse path.
    Schedule(Schedule),
    /// ⌊n/T⌋ in each step, and one more in each of the first n mod T. Source: `get_num_transfer_tokens` of LLaDA.
    Llada,
    /// ⌊|M|(1 − s/t)⌋ of the masks M left, on a grid of times from 1 to 0.001; in the last step all. Source: `_sample` of Dream.
    Dream,
}

impl Quota {
    /// Commits of each of `steps` steps (at least one step); they sum to `masks`.
    #[must_use]
    pub fn commits(self, masks: usize, steps: u32) -> Vec<usize> {
        let steps = steps.max(1);
        match self {
            Self::Schedule(schedule) => schedule.quotas(masks, steps),
            Self::Llada => {
                let (each, rest) = (masks / steps as usize, masks % steps as usize);
                (0..steps as usize).map(|step| each + usize::from(step < rest)).collect()
            }
            Self::Dream => dream(masks, steps),
        }
    }

    /// The probability that step `step` (from 0) of `steps` commits a masked position, where each decides on its own: of the
    /// masks at its beginning, the share that is gone at its end. 1 in the last step.
    #[must_use]
    pub fn probability(self, step: u32, steps: u32) -> f64 {
        let masked = |time: f64| match self {
            Self::Schedule(schedule) => 1.0 - schedule.alpha_bar(time),
            Self::Llada | Self::Dream => time,
        };
        if step + 1 >= steps {
            return 1.0;
        }
        match self {
            Self::Dream => f64::from(1.0 - dream_time(step + 1, steps) / dream_time(step, steps)),
            Self::Schedule(_) | Self::Llada => {
                let time = |step: u32| f64::from(steps - step) / f64::from(steps);
                1.0 - masked(time(step + 1)) / masked(time(step))
            }
        }
    }
}

/// In f32, as the reference counts: another rounding moves a commit from one step to the next.
fn dream(masks: usize, steps: u32) -> Vec<usize> {
    let mut left = masks;
    let quota = |step: u32| {
        let share = 1.0 - dream_time(step + 1, steps) / dream_time(step, steps);
        let quota = if step + 1 < steps { (left as f32 * share) as usize } else { left };
        left -= quota;
        quota
    };
    (0..steps).map(quota).collect()
}

/// Point `index` of `steps` + 1 from 1 to [`DREAM_END`], counted from the nearer end as `torch.linspace` does.
fn dream_time(index: u32, steps: u32) -> f32 {
    let width = (DREAM_END - 1.0) / steps as f32;
    if index < steps.div_ceil(2) { 1.0 + width * index as f32 } else { DREAM_END - width * (steps - index) as f32 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Quota; 5] = [
        Quota::Schedule(Schedule::Linear),
        Quota::Schedule(Schedule::Cosine),
        Quota::Schedule(Schedule::Sqrt),
        Quota::Llada,
        Quota::Dream,
    ];

    proptest! {
        #[test]
        fn every_rule_commits_each_mask_once(masks in 0_usize..300, steps in 0_u32..120) {
            for rule in ALL {
                let commits = rule.commits(masks, steps);
                prop_assert_eq!(commits.len(), steps.max(1) as usize);
                prop_assert_eq!(commits.iter().sum::<usize>(), masks);
                let probabilities: Vec<f64> = (0..steps.max(1)).map(|step| rule.probability(step, steps.max(1))).collect();
                prop_assert!(probabilities.iter().all(|share| (0.0..=1.0).contains(share)));
                prop_assert_eq!(probabilities.last(), Some(&1.0));
            }
        }
    }

    #[test]
    fn llada_gives_the_remainder_to_the_first_steps() {
        assert_eq!(Quota::Llada.commits(7, 3), [3, 2, 2]);
    }

    #[test]
    fn dream_with_as_many_steps_as_masks_commits_nothing_at_first_and_two_at_last() {
        let commits = Quota::Dream.commits(8, 8);
        assert_eq!((commits[0], commits[7]), (0, 2));
    }
}
