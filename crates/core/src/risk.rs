//! Risk from 0 (safe) to 1 (risky), always with its parts.

/// A patch's risk: 1 − Π(1 − partᵢ), so that parts add up without passing 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    pub score: f64,
    pub parts: Vec<RiskPart>,
}

/// One reason for risk.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskPart {
    /// A stable name, such as `no_target_check`.
    pub name: String,
    /// This part alone, from 0 to 1.
    pub value: f64,
    /// Why, in words.
    pub reason: String,
}

impl Risk {
    /// Combines `parts`; each value is clamped to 0..=1, and the score rounded to 4 decimals so that it prints the same everywhere.
    #[must_use]
    pub fn of(mut parts: Vec<RiskPart>) -> Self {
        for part in &mut parts {
            part.value = part.value.clamp(0.0, 1.0);
        }
        let safe: f64 = parts.iter().map(|part| 1.0 - part.value).product();
        Self { score: ((1.0 - safe) * 1e4).round() / 1e4, parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_without_passing_one() {
        let part = |value| RiskPart { name: "p".into(), value, reason: String::new() };
        assert_eq!(Risk::of(vec![]).score, 0.0);
        assert_eq!(Risk::of(vec![part(0.5), part(0.5)]).score, 0.75);
        assert_eq!(Risk::of(vec![part(7.0), part(0.2)]).score, 1.0);
    }
}
