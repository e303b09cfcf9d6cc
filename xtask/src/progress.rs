//! One line per step: a live bar on a terminal, two plain lines (begun, done) elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// A step that is under way.
#[derive(Debug)]
pub(crate) struct Step {
    name: String,
    bar: ProgressBar,
    started: Instant,
}

/// Says that nothing had to be done.
pub(crate) fn there(name: &str) {
    eprintln!("  ok    {name} (there)");
}

impl Step {
    /// Begins a step of unknown length.
    pub(crate) fn begin(name: &str) -> Self {
        Self::with_bar(name, ProgressBar::new_spinner(), "  {spinner}     {prefix} {elapsed}  {wide_msg:.dim}")
    }

    /// Begins a step that ends at a number of bytes.
    pub(crate) fn begin_bytes(name: &str, total: u64) -> Self {
        let shape = "  {spinner}     {prefix} [{bar:24}] {bytes} of {total_bytes}, {eta} left";
        Self::with_bar(name, ProgressBar::new(total), shape)
    }

    fn with_bar(name: &str, bar: ProgressBar, shape: &str) -> Self {
        if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template(shape).expect("the template is well-formed");
            bar.set_style(style.progress_chars("=> "));
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
        } else {
            eprintln!("  ...   {name}");
        }
        Self { name: name.to_owned(), bar, started: Instant::now() }
    }

    /// What the step is at, in a few words.
    pub(crate) fn say(&self, words: &str) {
        self.bar.set_message(words.to_owned());
    }

    /// How many bytes are there by now.
    pub(crate) fn at_bytes(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    /// The step is done.
    pub(crate) fn done(self) {
        self.bar.finish_and_clear();
        eprintln!("  ok    {} ({:.1} s)", self.name, self.started.elapsed().as_secs_f64());
    }
}
