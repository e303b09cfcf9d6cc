//! Taking spans out of a text and putting others in: masking with the old texts put back is the identity.

use reweave_core::Span;

/// A text with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked {
    /// What stands before, between and after the holes; one more than there are holes.
    kept: Vec<String>,
    holes: Vec<MaskedText>,
}

/// What one hole held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedText {
    pub span: Span,
    pub text: String,
}

/// Why spans cannot be masked or filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("bytes {}..{} are not a part of the text", span.start, span.end)]
    NotInText { span: Span },
    #[error("the spans at bytes {}..{} and {}..{} overlap", first.start, first.end, second.start, second.end)]
    Overlap { first: Span, second: Span },
    #[error("{fills} fills for {holes} holes")]
    Count { fills: usize, holes: usize },
}

/// Takes `spans` out of `text`, in the order of the text.
pub fn mask(text: &str, spans: &[Span]) -> Result<Masked, Error> {
    let mut spans = spans.to_vec();
    spans.sort_unstable();
    let (mut kept, mut holes) = (Vec::with_capacity(spans.len() + 1), Vec::<MaskedText>::with_capacity(spans.len()));
    let mut from = 0;
    for span in spans {
        if let Some(last) = holes.last()
            && (span.start < from || span.conflicts(last.span))
        {
            return Err(Error::Overlap { first: last.span, second: span });
        }
        let hole = text.get(span.start..span.end).ok_or(Error::NotInText { span })?;
        kept.push(text[from..span.start].to_owned());
        holes.push(MaskedText { span, text: hole.to_owned() });
        from = span.end;
    }
    kept.push(text[from..].to_owned());
    Ok(Masked { kept, holes })
}

impl Masked {
    /// What was taken out, in the order of the text.
    #[must_use]
    pub fn holes(&self) -> &[MaskedText] {
        &self.holes
    }

    /// The text with one fill for each hole.
    pub fn splice(&self, fills: &[&str]) -> Result<String, Error> {
        if fills.len() != self.holes.len() {
            return Err(Error::Count { fills: fills.len(), holes: self.holes.len() });
        }
        let mut text = String::new();
        for (index, kept) in self.kept.iter().enumerate() {
            text.push_str(kept);
            text.push_str(fills.get(index).copied().unwrap_or_default());
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_that_overlap_or_cut_a_character_are_refused() {
        let span = Span::new;
        assert_eq!(
            mask("abc", &[span(0, 2), span(1, 3)]),
            Err(Error::Overlap { first: span(0, 2), second: span(1, 3) })
        );
        assert_eq!(
            mask("abc", &[span(1, 1), span(1, 1)]),
            Err(Error::Overlap { first: span(1, 1), second: span(1, 1) })
        );
        assert_eq!(mask("ä", &[span(0, 1)]), Err(Error::NotInText { span: span(0, 1) }));
        assert_eq!(mask("a", &[span(0, 2)]), Err(Error::NotInText { span: span(0, 2) }));
        assert_eq!(mask("ab", &[span(0, 1)]).unwrap().splice(&[]), Err(Error::Count { fills: 0, holes: 1 }));
    }

    proptest! {
        #[test]
        fn masking_then_splicing_the_old_texts_is_the_identity(text in "[aä(\r\n\t]{0,60}", cuts in proptest::collection::vec(0usize..130, 0..10)) {
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|at| text.is_char_boundary(*at)).collect();
            cuts.sort_unstable();
            cuts.dedup();
            let spans: Vec<Span> = cuts.chunks_exact(2).map(|pair| Span::new(pair[0], pair[1])).collect();
            let masked = mask(&text, &spans).unwrap();
            let old: Vec<&str> = masked.holes().iter().map(|hole| hole.text.as_str()).collect();
            prop_assert_eq!(masked.splice(&old), Ok(text.clone()));
            prop_assert_eq!(masked.holes().len(), spans.len());
        }
    }
}
