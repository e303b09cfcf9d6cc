//! A hole while it is refilled, as lines for a terminal: one line a step, masks as shaded blocks, what is new in colour.

use owo_colors::OwoColorize;
use reweave_core::{Denoising, Glyph};

/// Longest text of one canvas in a line, in characters; the rest is cut.
const SHOWN_MAX: usize = 100;
/// Stands for a masked position.
const MASK: &str = "░";

/// Draws the steps of one spec.
#[derive(Debug)]
pub(crate) struct CanvasView {
    hole: Option<u32>,
}

impl CanvasView {
    pub(crate) fn new() -> Self {
        Self { hole: None }
    }

    /// One step; with a heading where another hole begins.
    pub(crate) fn draw(&mut self, denoising: &Denoising) -> String {
        let heading = match self.hole.replace(denoising.hole) {
            Some(hole) if hole == denoising.hole => String::new(),
            _ => format!("{}\n", format!("hole {}", denoising.hole).bold()),
        };
        let masked = denoising.glyphs.iter().filter(|glyph| **glyph == Glyph::Masked).count();
        let step = format!("{:>3}/{}", denoising.step, denoising.steps);
        let left = format!("{masked} left");
        format!("{heading}  {} │{}│ {}", step.dimmed(), cells(&denoising.glyphs), left.dimmed())
    }
}

fn cells(glyphs: &[Glyph]) -> String {
    let (mut line, mut shown) = (String::new(), 0);
    for glyph in glyphs {
        let text = match glyph {
            Glyph::Masked => MASK.to_owned(),
            Glyph::New(text) | Glyph::Kept(text) => visible(text),
        };
        shown += text.chars().count();
        if shown > SHOWN_MAX {
            line.push('…');
            break;
        }
        match glyph {
            Glyph::Masked => line.push_str(&text.dimmed().to_string()),
            Glyph::New(_) => line.push_str(&text.green().bold().to_string()),
            Glyph::Kept(_) => line.push_str(&text),
        }
    }
    line
}

/// A token's text without what a terminal would act upon.
fn visible(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' => '⏎',
        '\t' => '⇥',
        letter if letter.is_control() => '·',
        letter => letter,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_shows_masks_tokens_and_how_many_are_left() {
        let glyphs = vec![Glyph::Kept("x".into()), Glyph::New(" +\n".into()), Glyph::Masked];
        let denoising = Denoising { hole: 1, step: 2, steps: 5, glyphs };
        let mut view = CanvasView::new();
        let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
        assert_eq!(plain(view.draw(&denoising)), "hole 1\n    2/5 │x +⏎░│ 1 left");
        assert_eq!(plain(view.draw(&denoising)), "    2/5 │x +⏎░│ 1 left");
    }

    #[test]
    fn a_long_canvas_is_cut_and_controls_are_not_passed_on() {
        let glyphs = vec![Glyph::Kept("\u{1b}[2J".into()), Glyph::Kept("a".repeat(200))];
        let plain = anstream::adapter::strip_str(&cells(&glyphs)).to_string();
        assert_eq!(plain, "·[2J…");
    }
}
