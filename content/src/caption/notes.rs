//! What is told of a file that was read all the same: which line, and what of it was left out. Bounded, so that a broken
//! file does not answer with a book.

/// Most notes of one file.
const MOST: usize = 20;

/// One thing to be told of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line, from 1; `None` for the whole file.
    pub line: Option<usize>,
    /// What of it, in Chinese.
    pub text: String,
}

/// Notes up to a bound, and how many more there were.
#[derive(Default)]
pub(super) struct Notes {
    kept: Vec<Note>,
    more: usize,
}

impl Notes {
    /// Keeps a note while there is room.
    pub fn add(&mut self, line: Option<usize>, text: impl Into<String>) {
        if self.kept.len() < MOST {
            self.kept.push(Note { line, text: text.into() });
        } else {
            self.more += 1;
        }
    }

    /// The first note that names a line.
    pub fn first_of_a_line(&self) -> Option<Note> {
        self.kept.iter().find(|note| note.line.is_some()).cloned()
    }

    /// All of them, the number of those left out last.
    pub fn into_list(mut self) -> Vec<Note> {
        if self.more > 0 {
            self.kept.push(Note { line: None, text: format!("另有 {} 处类似的问题", self.more) });
        }
        self.kept
    }
}
